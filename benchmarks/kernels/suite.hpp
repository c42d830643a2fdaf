// The kernel benchmarks, the same for every backend: each family with the study's layer shapes, from the same inputs.
//
// A name is backend/family/kernel/shape. Bytes are what the kernel needs to read and write once; FLOPs are the direct
// convolution's, whatever the algorithm (so Winograd may exceed the machine's peak).
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <synthmed/core/backend.hpp>
#include <synthmed/ops/overrides.hpp>
#include <synthmed/parallel.hpp>
#include <synthmed/random/distributions.hpp>
#include <synthmed/random/key.hpp>

namespace synthmed_bench {

using synthmed::axes;
using synthmed::conv2d_params;
using synthmed::pool2d_params;
using synthmed::sentence;
using synthmed::shape;

/// How large the cases are: `tiny` for the reference backend, which is made to be read.
enum class scale { tiny, study };

/// What one call of a kernel costs.
struct cost {
  double bytes = 0;
  double flops = 0;
};

/// The same standard normal values for every backend.
inline std::vector<float> values(const shape& dims, int stream) {
  std::vector<float> out(static_cast<std::size_t>(dims.elements()));
  synthmed::fill_normal(synthmed::key(7).fold("benchmark").fold(stream), std::span(out));
  return out;
}

template <class B>
typename B::tensor upload(const shape& dims, int stream = 0) {
  const auto host = values(dims, stream);
  return B::from_host(dims, std::vector<typename B::scalar>(host.begin(), host.end()));
}

/// A tensor as it lies inside a network: a backend with layouts of its own gets it in the one that its convolutions
/// give.
template <class B>
typename B::tensor inside(const shape& dims, int stream = 0) {
  if constexpr (requires { B::conv_layout(); })
    return B::to_layout(upload<B>(dims, stream), B::conv_layout());
  else
    return upload<B>(dims, stream);
}

template <class F>
void add(const std::string& name, cost each, F call) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [each, call](benchmark::State& state) {
                                 auto kernel = call();  // inputs are made here, outside of what is timed
                                 kernel();
                                 for (auto _ : state) kernel();
                                 const auto rate = [&](double amount) {
                                   return benchmark::Counter(amount, benchmark::Counter::kIsIterationInvariantRate);
                                 };
                                 if (each.flops > 0) state.counters["FLOP/s"] = rate(each.flops);
                                 if (each.bytes > 0) state.counters["B/s"] = rate(each.bytes);
                               })
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

struct conv_case {
  std::int64_t n, ci, co, h, kernel = 3, stride = 1, pad = 1;

  [[nodiscard]] shape x() const { return {n, ci, h, h}; }
  [[nodiscard]] shape weight() const { return {co, ci, kernel, kernel}; }
  [[nodiscard]] conv2d_params params() const { return {stride, stride, pad, pad}; }
  [[nodiscard]] shape y() const { return synthmed::conv2d_shape(x(), weight(), params()); }
  [[nodiscard]] cost each() const {
    const auto e = [](const shape& s) { return static_cast<double>(s.elements()); };
    return {4 * (e(x()) + e(weight()) + e(y())), 2 * e(y()) * static_cast<double>(ci * kernel * kernel)};
  }
  [[nodiscard]] std::string label() const {
    return sentence(n, "x", ci, "x", h, "x", h, "->", co, " k", kernel, " s", stride);
  }
};

/// The PGAN's blocks at full and small channels (batch reduced), its pictures' first and last layers, U-Net and ResNet.
inline std::vector<conv_case> conv_cases(scale size) {
  if (size == scale::tiny) return {{1, 16, 16, 8}, {1, 3, 8, 9, 3, 2}};
  return {{16, 512, 512, 4},        {16, 513, 512, 4},        {16, 512, 512, 8},  {4, 512, 512, 16},
          {2, 512, 512, 32},        {2, 256, 256, 64},        {2, 128, 128, 128}, {1, 64, 64, 256},
          {16, 128, 128, 8},        {16, 128, 128, 16},       {16, 64, 64, 32},   {16, 32, 32, 64},
          {16, 1, 32, 64, 1, 1, 0}, {16, 32, 1, 64, 1, 1, 0}, {4, 3, 32, 256},    {8, 3, 64, 224, 7, 2, 3},
          {8, 64, 128, 56, 3, 2, 1}};
}

template <synthmed::backend B>
void register_convolutions(const std::string& backend, scale size) {
  using scalar = typename B::scalar;
  for (const auto& c : conv_cases(size)) {
    const auto name = [&](const char* kernel) { return backend + "/convolution/" + kernel + "/" + c.label(); };
    add(name("conv2d"), c.each(), [c] {
      return [c, x = inside<B>(c.x(), 0), w = upload<B>(c.weight(), 1)] {
        benchmark::DoNotOptimize(B::conv2d(x, w, c.params()));
        B::synchronize();
      };
    });
    add(name("conv2d_input_grad"), c.each(), [c] {
      return [c, g = inside<B>(c.y(), 0), w = upload<B>(c.weight(), 1)] {
        benchmark::DoNotOptimize(B::conv2d_input_grad(g, w, c.params(), c.x()));
        B::synchronize();
      };
    });
    add(name("conv2d_weight_grad"), c.each(), [c] {
      return [c, x = inside<B>(c.x(), 0), g = inside<B>(c.y(), 1)] {
        benchmark::DoNotOptimize(B::conv2d_weight_grad(x, g, c.params(), c.weight()));
        B::synchronize();
      };
    });
    if constexpr (synthmed::fuses_conv2d_bias_leaky_relu<B>)
      add(name("conv2d_bias_leaky_relu"), c.each(), [c] {
        return [c, x = inside<B>(c.x(), 0), w = upload<B>(c.weight(), 1), b = upload<B>({c.co}, 2)] {
          benchmark::DoNotOptimize(B::conv2d_bias_leaky_relu(x, w, b, c.params(), scalar(0.5), scalar(0.2)));
          B::synchronize();
        };
      });
  }
  const std::vector<std::int64_t> sides =
      size == scale::tiny ? std::vector<std::int64_t>{64} : std::vector<std::int64_t>{256, 1024, 2048};
  for (const auto n : sides) {
    const auto e = static_cast<double>(n);
    add(sentence(backend, "/linear/matmul/", n, "x", n, "x", n), {12 * e * e, 2 * e * e * e}, [n] {
      return [x = upload<B>({n, n}, 0), y = upload<B>({n, n}, 1)] {
        benchmark::DoNotOptimize(B::matmul(x, y, false, true));
        B::synchronize();
      };
    });
  }
}

/// Kernels that are passes over memory: `passes` counts how often the whole of x's size is read or written.
template <synthmed::backend B>
void register_passes(const std::string& backend, scale size) {
  using scalar = typename B::scalar;
  using tensor = typename B::tensor;
  const std::vector<shape> shapes = size == scale::tiny
                                        ? std::vector<shape>{{2, 16, 16, 16}}
                                        : std::vector<shape>{{16, 128, 64, 64}, {16, 512, 8, 8}, {16, 32, 64, 64}};
  for (const shape& dims : shapes) {
    const std::string label = sentence(dims[0], "x", dims[1], "x", dims[2], "x", dims[3]);
    const auto bytes = 4.0 * static_cast<double>(dims.elements());
    const auto pass = [&](const char* family, const char* kernel, double passes, auto call) {
      add(backend + "/" + family + "/" + kernel + "/" + label, {passes * bytes, 0}, [dims, call] {
        return [call, x = inside<B>(dims, 0), y = inside<B>(dims, 1)] {
          benchmark::DoNotOptimize(call(x, y));
          B::synchronize();
        };
      });
    };
    using in = const tensor&;
    pass("elementwise", "add", 3, [](in x, in y) { return B::add(x, y); });
    pass("elementwise", "mul", 3, [](in x, in y) { return B::mul(x, y); });
    pass("elementwise", "mul_scalar", 2, [](in x, in) { return B::mul_scalar(x, scalar(0.5)); });
    pass("elementwise", "leaky_mask", 2, [](in x, in) { return B::leaky_mask(x, scalar(0.2)); });
    pass("elementwise", "exp", 2, [](in x, in) { return B::exp(x); });
    pass("elementwise", "tanh", 2, [](in x, in) { return B::tanh(x); });
    pass("elementwise", "select", 4, [](in x, in y) { return B::select(x, y, x); });
    pass("reduce", "sum all", 1, [](in x, in) { return B::sum(x, axes{0, 1, 2, 3}); });
    pass("reduce", "sum n h w", 1, [](in x, in) { return B::sum(x, axes{0, 2, 3}); });
    pass("reduce", "sum c", 1, [](in x, in) { return B::sum(x, axes{1}); });
    pass("reduce", "sum c h w", 1, [](in x, in) { return B::sum(x, axes{1, 2, 3}); });
    pass("reduce", "count_nonfinite", 1, [](in x, in) { return B::count_nonfinite(x); });
    pass("reduce", "broadcast bias", 1, [dims](in, in) {
      return B::broadcast_to(upload<B>({1, dims[1], 1, 1}), dims);
    });
    pass("reduce", "broadcast pixel", 1,
         [dims, one = inside<B>({dims[0], 1, dims[2], dims[3]})](in, in) { return B::broadcast_to(one, dims); });
    pass("layout", "slice half of c", 1, [dims](in x, in) { return B::slice(x, 1, 0, dims[1] / 2); });
    pass("layout", "concat c", 4, [](in x, in y) { return B::concat(std::vector<tensor>{x, y}, 1); });
    pass("layout", "flip w", 2, [](in x, in) { return B::flip(x, 3); });
    pass("layout", "to and from matrix", 4, [dims](in x, in) {
      return B::reshape(B::reshape(x, {dims[0], dims.elements() / dims[0]}), dims);
    });
    pass("resample", "avg_pool", 1.25, [](in x, in) { return B::avg_pool(x, {}); });
    pass("resample", "avg_unpool", 1.25, [dims, g = inside<B>(dims.with(2, dims[2] / 2).with(3, dims[3] / 2))](in, in) {
      return B::avg_unpool(g, {}, dims);
    });
    pass("resample", "upsample_nearest", 5, [](in x, in) { return B::upsample_nearest(x, 2); });
    pass("resample", "sum_pool", 1.25, [](in x, in) { return B::sum_pool(x, 2); });
    pass("resample", "max_pool", 1.25, [](in x, in) { return B::max_pool(x, {}); });
    pass("resample", "max_pool_scatter", 2.25,
         [dims, g = inside<B>(dims.with(2, dims[2] / 2).with(3, dims[3] / 2))](in x, in) {
           return B::max_pool_scatter(g, x, {});
         });
    if constexpr (synthmed::fuses_leaky_relu<B>)
      pass("fused", "leaky_relu", 2, [](in x, in) { return B::leaky_relu(x, scalar(0.2)); });
    if constexpr (synthmed::fuses_leaky_relu_gradient<B>)
      pass("fused", "leaky_relu_gradient", 3,
           [](in x, in y) { return B::leaky_relu_gradient(x, y, scalar(0.5), scalar(0.2)); });
    if constexpr (synthmed::fuses_bias_leaky_relu<B>)
      pass("fused", "bias_leaky_relu", 2,
           [b = upload<B>({dims[1]}, 2)](in x, in) { return B::bias_leaky_relu(x, b, scalar(0.5), scalar(0.2)); });
    if constexpr (synthmed::fuses_pixel_norm<B>)
      pass("fused", "pixel_norm", 2, [](in x, in) { return B::pixel_norm(x, scalar(1e-8)); });
  }

  const std::int64_t count = size == scale::tiny ? 1 << 12 : 512 * 512 * 9;
  const auto bytes = 4.0 * static_cast<double>(count);
  add(sentence(backend, "/update/adam/", count), {7 * bytes, 0}, [count] {
    return [p = upload<B>({count}, 0), m = B::full({count}, 0), v = B::full({count}, 0),
            g = upload<B>({count}, 1)]() mutable {
      B::adam(p, m, v, g, {scalar(1e-3), scalar(0), scalar(0.99), scalar(1e-8), scalar(1), scalar(0.5)});
      B::synchronize();
    };
  });
  add(sentence(backend, "/update/ema/", count), {3 * bytes, 0}, [count] {
    return [p = upload<B>({count}, 0), g = upload<B>({count}, 1)]() mutable {
      B::ema(p, g, scalar(0.999));
      B::synchronize();
    };
  });
}

template <synthmed::backend B>
int run(const std::string& backend, scale size, int argc, char** argv) {
  benchmark::AddCustomContext("backend", B::name());
  benchmark::AddCustomContext("threads", std::to_string(synthmed::threads()));
  register_convolutions<B>(backend, size);
  register_passes<B>(backend, size);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace synthmed_bench

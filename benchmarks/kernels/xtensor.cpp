// Kernel benchmarks of the xtensor backend, with what this machine can do measured in the same run:
// ceiling/sgemm (FLOP/s), ceiling/copy (B/s of an OpenMP + xsimd copy loop), and bare oneDNN convolutions.
#include <synthmed/backends/xtensor.hpp>
#include <synthmed/parallel.hpp>

#include "suite.hpp"

#if SYNTHMED_XTENSOR_ONEDNN
#include <dnnl.hpp>
#endif

namespace {

using namespace synthmed_bench;
using synthmed::xtensor::pack;
using synthmed::xtensor::pool_block;

void register_ceilings() {
  for (const std::int64_t elements :
       {std::int64_t{16} * 128 * 64 * 64, std::int64_t{16} * 512 * 8 * 8, std::int64_t{16} * 32 * 64 * 64}) {
    const auto bytes = 8.0 * static_cast<double>(elements);
    add(sentence("ceiling/copy/", elements), {bytes, 0}, [elements] {
      auto from = std::make_shared<pool_block>(static_cast<std::size_t>(elements)),
           to = std::make_shared<pool_block>(static_cast<std::size_t>(elements));
      std::fill_n(from->data(), elements, 1.0f);
      return [elements, from, to] {
        const float* const source = from->data();
        float* const target = to->data();
#pragma omp parallel for schedule(static)
        for (std::int64_t i = 0; i < elements; i += synthmed::xtensor::width)
          synthmed::xtensor::store(target + i, synthmed::xtensor::load(source + i));
        benchmark::ClobberMemory();
      };
    });
  }
#if SYNTHMED_XTENSOR_ONEDNN
  constexpr std::int64_t n = 2048;
  add("ceiling/sgemm/2048x2048x2048", {0, 2.0 * n * n * n}, [] {
    auto a = std::make_shared<pool_block>(n * n), b = std::make_shared<pool_block>(n * n),
         c = std::make_shared<pool_block>(n * n);
    std::fill_n(a->data(), n * n, 1.0f);
    std::fill_n(b->data(), n * n, 1.0f);
    return [a, b, c] { dnnl::sgemm('N', 'N', n, n, n, 1, a->data(), n, b->data(), n, 0, c->data(), n); };
  });
#endif
}

#if SYNTHMED_XTENSOR_ONEDNN && DNNL_VERSION_MAJOR < 3
// A primitive with everything in its own format, made once: what oneDNN itself can do for this shape.
template <dnnl::algorithm Algorithm>
void register_bare(const char* form) {
  using memory = dnnl::memory;
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  static dnnl::stream stream(engine);
  for (const auto& c : conv_cases(scale::study)) {
    if (Algorithm == dnnl::algorithm::convolution_winograd && (c.kernel != 3 || c.stride != 1)) continue;
    const auto desc = [](const shape& dims, memory::format_tag tag) {
      return memory::desc(memory::dims(dims.begin(), dims.end()), memory::data_type::f32, tag);
    };
    const auto any = memory::format_tag::any;
    const auto x = desc(c.x(), any), w = desc(c.weight(), any), y = desc(c.y(), any);
    const memory::dims strides{c.stride, c.stride}, pads{c.pad, c.pad};
    const auto name = [&](const char* kernel) {
      return sentence("onednn ", form, "/convolution/", kernel, "/", c.label());
    };
    const auto filled = [](const memory::desc& d) {
      memory m(d, engine);
      std::fill_n(static_cast<float*>(m.get_data_handle()), d.get_size() / sizeof(float), 0.5f);
      return m;
    };
    try {
      const dnnl::convolution_forward::primitive_desc forward(
          {dnnl::prop_kind::forward_training, Algorithm, x, w, y, strides, pads, pads}, engine);
      add(name("conv2d"), c.each(), [=] {
        std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, filled(forward.src_desc())},
                                                  {DNNL_ARG_WEIGHTS, filled(forward.weights_desc())},
                                                  {DNNL_ARG_DST, filled(forward.dst_desc())}};
        return [primitive = dnnl::convolution_forward(forward), arguments] { primitive.execute(stream, arguments); };
      });
      const dnnl::convolution_backward_data::primitive_desc data({Algorithm, x, w, y, strides, pads, pads}, engine,
                                                                 forward);
      add(name("conv2d_input_grad"), c.each(), [=] {
        std::unordered_map<int, memory> arguments{{DNNL_ARG_DIFF_SRC, filled(data.diff_src_desc())},
                                                  {DNNL_ARG_WEIGHTS, filled(data.weights_desc())},
                                                  {DNNL_ARG_DIFF_DST, filled(data.diff_dst_desc())}};
        return [primitive = dnnl::convolution_backward_data(data), arguments] { primitive.execute(stream, arguments); };
      });
      const dnnl::convolution_backward_weights::primitive_desc weights({Algorithm, x, w, y, strides, pads, pads},
                                                                       engine, forward);
      add(name("conv2d_weight_grad"), c.each(), [=] {
        std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, filled(weights.src_desc())},
                                                  {DNNL_ARG_DIFF_WEIGHTS, filled(weights.diff_weights_desc())},
                                                  {DNNL_ARG_DIFF_DST, filled(weights.diff_dst_desc())}};
        return [primitive = dnnl::convolution_backward_weights(weights), arguments] {
          primitive.execute(stream, arguments);
        };
      });
    } catch (const dnnl::error&) {
      continue;  // refused for this shape: there is no such form to compare with
    }
  }
}
#endif

}  // namespace

int main(int argc, char** argv) {
  synthmed::set_threads(synthmed::threads());
  register_ceilings();
#if SYNTHMED_XTENSOR_ONEDNN && DNNL_VERSION_MAJOR < 3
  register_bare<dnnl::algorithm::convolution_direct>("direct");
  register_bare<dnnl::algorithm::convolution_winograd>("winograd");
#endif
  return run<synthmed::xtensor_backend<float>>("xtensor", scale::study, argc, argv);
}

// The BLAS engine: convolutions by im2col and matrix products through xtensor-blas, for where oneDNN is missing.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include <xtensor-blas/xblas.hpp>
#include <xtensor/xadapt.hpp>
#include <xtensor/xtensor.hpp>

#include <synthmed/backends/xtensor/convolution.hpp>
#include <synthmed/backends/xtensor/denormals.hpp>
#include <synthmed/backends/xtensor/pool.hpp>

namespace synthmed::xtensor {

struct blas_engine {
 private:
  // A row-major matrix of fixed rank over memory that is not its own.
  template <class Value>
  static auto view(Value* place, std::int64_t rows, std::int64_t columns) {
    const std::array<std::size_t, 2> dims{static_cast<std::size_t>(rows), static_cast<std::size_t>(columns)};
    return xt::adapt(place, dims[0] * dims[1], xt::no_ownership(), dims);
  }

 public:
  static std::string name() { return "BLAS"; }
  /// Its products work on rows of pixels: tensors stay dense.
  static constexpr bool blocked() { return false; }

  /// c [m, n] = op(a) op(b) + beta c, row-major.
  static void gemm(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k, const float* a,
                   const float* b, float* c, float beta = 0.0f) {
    const flush_denormals scope;
    const auto left = transpose_a ? view(a, k, m) : view(a, m, k), right = transpose_b ? view(b, n, k) : view(b, k, n);
    auto result = view(c, m, n);
    xt::blas::gemm(left, right, result, transpose_a, transpose_b, 1.0f, beta);
  }

  static convolved conv2d(const tensor& x, const tensor& weight, const conv2d_params& params,
                          const activation* = nullptr) {
    const shape dims = conv2d_shape(x.dims(), weight.dims(), params);
    const tensor source = dense(x), w = dense(weight);
    const geometry g(x.dims(), weight.dims(), dims, params);
    tensor result(dims);
    float* const columns = g.columns();
    for (std::int64_t n = 0; n < dims[0]; ++n) {
      const float* const patches = g.unfold(source.data() + n * g.image(), columns);
      gemm(false, false, dims[1], g.places, g.taps, w.data(), patches, result.fill() + n * dims[1] * g.places);
    }
    return {result, false};
  }

  static tensor conv2d_input_grad(const tensor& output_grad, const tensor& weight, const conv2d_params& params,
                                  const shape& dims) {
    const tensor source = dense(output_grad), w = dense(weight);
    const geometry g(dims, weight.dims(), output_grad.dims(), params);
    tensor result(dims);
    const std::int64_t outputs = weight.dims()[0];
    for (std::int64_t n = 0; n < dims[0]; ++n) {
      float* const image = result.fill() + n * g.image();
      float* const target = g.identity ? image : g.columns();
      gemm(true, false, g.taps, g.places, outputs, w.data(), source.data() + n * outputs * g.places, target);
      if (!g.identity) g.fold(target, image);
    }
    return result;
  }

  static tensor conv2d_weight_grad(const tensor& x, const tensor& output_grad, const conv2d_params& params,
                                   const shape& dims) {
    const tensor source = dense(x), gradient = dense(output_grad);
    const geometry g(x.dims(), dims, output_grad.dims(), params);
    tensor result(dims);
    float* const columns = g.columns();
    for (std::int64_t n = 0; n < x.dims()[0]; ++n) {
      const float* const patches = g.unfold(source.data() + n * g.image(), columns);
      gemm(false, true, dims[0], g.taps, g.places, gradient.data() + n * dims[0] * g.places, patches, result.fill(),
           n > 0 ? 1.0f : 0.0f);
    }
    return result;
  }

 private:
  // One image as a matrix [ci kh kw, oh ow], whose columns are the patches under the kernel.
  struct geometry {
    std::int64_t channels, h, w, kernel_h, kernel_w, out_h, out_w, places, taps;
    conv2d_params params;
    bool identity;  // the image is that matrix already: 1 x 1, stride 1

    geometry(const shape& x, const shape& weight, const shape& y, const conv2d_params& p)
        : channels(x[1]),
          h(x[2]),
          w(x[3]),
          kernel_h(weight[2]),
          kernel_w(weight[3]),
          out_h(y[2]),
          out_w(y[3]),
          places(y[2] * y[3]),
          taps(x[1] * weight[2] * weight[3]),
          params(p),
          identity(weight[2] == 1 && weight[3] == 1 && p == conv2d_params{}) {}

    [[nodiscard]] std::int64_t image() const { return channels * h * w; }
    [[nodiscard]] float* columns() const {
      if (identity) return nullptr;
      return static_cast<float*>(
          scratch_arena::of_this_thread().reserve(static_cast<std::size_t>(taps * places) * sizeof(float)));
    }

    // For a tap and an output row: where the row's valid outputs begin and end.
    [[nodiscard]] std::array<std::int64_t, 2> valid(std::int64_t tap) const {
      const std::int64_t shift = tap - params.pad_w, stride = params.stride_w;
      const std::int64_t first = shift >= 0 ? 0 : (-shift + stride - 1) / stride;
      const std::int64_t last = w - shift <= 0 ? 0 : (w - shift + stride - 1) / stride;
      return {std::min(first, out_w), std::max(std::min(first, out_w), std::min(last, out_w))};
    }

    const float* unfold(const float* from, float* to) const {
      if (identity) return from;
      parallel_for(taps, std::max<std::int64_t>(1, 16384 / places), [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t tap = begin; tap < end; ++tap) {
          const std::int64_t c = tap / (kernel_h * kernel_w), i = tap / kernel_w % kernel_h, j = tap % kernel_w;
          const auto [first, last] = valid(j);
          for (std::int64_t y = 0; y < out_h; ++y) {
            float* const row = to + (tap * out_h + y) * out_w;
            const std::int64_t source = y * params.stride_h - params.pad_h + i;
            if (source < 0 || source >= h) {
              std::fill_n(row, out_w, 0.0f);
              continue;
            }
            const float* const line = from + (c * h + source) * w + (j - params.pad_w);
            std::fill_n(row, first, 0.0f);
            for (std::int64_t x = first; x < last; ++x) row[x] = line[x * params.stride_w];
            std::fill_n(row + last, out_w - last, 0.0f);
          }
        }
      });
      return to;
    }

    void fold(const float* from, float* to) const {
      parallel_for(channels, std::max<std::int64_t>(1, 16384 / (places * kernel_h * kernel_w)),
                   [&](std::int64_t begin, std::int64_t end) {
                     for (std::int64_t c = begin; c < end; ++c) {
                       std::fill_n(to + c * h * w, h * w, 0.0f);
                       for (std::int64_t i = 0; i < kernel_h; ++i)
                         for (std::int64_t j = 0; j < kernel_w; ++j) {
                           const auto [first, last] = valid(j);
                           for (std::int64_t y = 0; y < out_h; ++y) {
                             const std::int64_t target = y * params.stride_h - params.pad_h + i;
                             if (target < 0 || target >= h) continue;
                             const float* const row = from + (((c * kernel_h + i) * kernel_w + j) * out_h + y) * out_w;
                             float* const line = to + (c * h + target) * w + (j - params.pad_w);
                             for (std::int64_t x = first; x < last; ++x) line[x * params.stride_w] += row[x];
                           }
                         }
                     }
                   });
    }
  };
};

}  // namespace synthmed::xtensor

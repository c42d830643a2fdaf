// Linear and convolution families, and convolution with bias and activation, on top of an engine.
#pragma once

#include <synthmed/backends/xtensor/convolution.hpp>
#include <synthmed/backends/xtensor/fused.hpp>
#include <synthmed/backends/xtensor/simd.hpp>

namespace synthmed::xtensor {

template <class Engine>
struct products {
  static tensor matmul(const tensor& x, const tensor& y, bool transpose_x, bool transpose_y) {
    const std::int64_t m = x.dims()[transpose_x ? 1 : 0], k = x.dims()[transpose_x ? 0 : 1],
                       n = y.dims()[transpose_y ? 0 : 1];
    if (m == 0 || n == 0 || k == 0) return zeros({m, n});
    tensor result({m, n});
    Engine::gemm(transpose_x, transpose_y, m, n, k, x.data(), y.data(), result.fill());
    return result;
  }

  static tensor conv2d(const tensor& x, const tensor& weight, const conv2d_params& params) {
    if (x.elements() == 0 || weight.elements() == 0) return zeros(conv2d_shape(x.dims(), weight.dims(), params));
    return Engine::conv2d(x, weight, params).y;
  }
  static tensor conv2d_input_grad(const tensor& output_grad, const tensor& weight, const conv2d_params& params,
                                  const shape& input_dims) {
    if (output_grad.elements() == 0 || weight.elements() == 0) return zeros(input_dims);
    return Engine::conv2d_input_grad(output_grad, weight, params, input_dims);
  }
  static tensor conv2d_weight_grad(const tensor& x, const tensor& output_grad, const conv2d_params& params,
                                   const shape& weight_dims) {
    if (x.elements() == 0 || output_grad.elements() == 0) return zeros(weight_dims);
    return Engine::conv2d_weight_grad(x, output_grad, params, weight_dims);
  }

  /// leaky_relu(scale (conv2d(x, weight) + bias)), scale > 0: part of the convolution where the engine can (direct
  /// kernels), one pass in place after it where it cannot (Winograd, BLAS).
  static tensor conv2d_bias_leaky_relu(const tensor& x, const tensor& weight, const tensor& bias,
                                       const conv2d_params& params, float scale, float slope) {
    if (x.elements() == 0 || weight.elements() == 0)
      return fused::bias_leaky_relu(conv2d(x, weight, params), bias, scale, slope);
    const activation then{bias.data(), scale, slope};
    convolved result = Engine::conv2d(x, weight, params, &then);
    if (!result.activated)
      detail::bias_leaky(result.y.dims(), result.y.order(), result.y.data(), bias.data(), scale, slope,
                         result.y.fill());
    return std::move(result.y);
  }

 private:
  static tensor zeros(const shape& dims) {
    tensor result(dims);
    map(dims.elements(), result.fill(), [] { return pack(0.0f); });
    return result;
  }
};

}  // namespace synthmed::xtensor

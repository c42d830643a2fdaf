// Linear and convolution families, and convolution with bias and activation, on top of an engine.
#pragma once

#include <synthmed/backends/xtensor/convolution.hpp>
#include <synthmed/backends/xtensor/fused.hpp>
#include <synthmed/backends/xtensor/simd.hpp>
#include <synthmed/backends/xtensor/thin.hpp>

namespace synthmed::xtensor {

template <class Engine>
struct products {
  static tensor matmul(const tensor& x, const tensor& y, bool transpose_x, bool transpose_y) {
    const std::int64_t m = x.dims()[transpose_x ? 1 : 0], k = x.dims()[transpose_x ? 0 : 1],
                       n = y.dims()[transpose_y ? 0 : 1];
    if (m == 0 || n == 0 || k == 0) return zeros({m, n});
    tensor result({m, n});
    if (!transpose_x && transpose_y && thin_fits(m, k))
      thin_product(m, n, k, x.data(), y.data(), result.fill());
    else
      Engine::gemm(transpose_x, transpose_y, m, n, k, x.data(), y.data(), result.fill());
    return result;
  }

  static tensor conv2d(const tensor& x, const tensor& weight, const conv2d_params& params) {
    if (x.elements() == 0 || weight.elements() == 0) return zeros(conv2d_shape(x.dims(), weight.dims(), params));
    if (is_pointwise(x.dims(), weight.dims(), params)) return through(x, weight, nullptr);
    return Engine::conv2d(x, weight, params).y;
  }
  static tensor conv2d_input_grad(const tensor& output_grad, const tensor& weight, const conv2d_params& params,
                                  const shape& input_dims) {
    if (output_grad.elements() == 0 || weight.elements() == 0) return zeros(input_dims);
    if (is_pointwise(input_dims, weight.dims(), params)) return back(output_grad, weight, input_dims);
    return Engine::conv2d_input_grad(output_grad, weight, params, input_dims);
  }
  static tensor conv2d_weight_grad(const tensor& x, const tensor& output_grad, const conv2d_params& params,
                                   const shape& weight_dims) {
    if (x.elements() == 0 || output_grad.elements() == 0) return zeros(weight_dims);
    if (is_pointwise(x.dims(), weight_dims, params)) return paired(x, output_grad, weight_dims);
    return Engine::conv2d_weight_grad(x, output_grad, params, weight_dims);
  }

  /// leaky_relu(scale (conv2d(x, weight) + bias)), scale > 0: part of the convolution where the engine can (direct
  /// kernels), one pass in place after it where it cannot (Winograd, BLAS).
  static tensor conv2d_bias_leaky_relu(const tensor& x, const tensor& weight, const tensor& bias,
                                       const conv2d_params& params, float scale, float slope) {
    if (x.elements() == 0 || weight.elements() == 0)
      return fused::bias_leaky_relu(conv2d(x, weight, params), bias, scale, slope);
    const activation then{bias.data(), scale, slope};
    if (is_pointwise(x.dims(), weight.dims(), params)) return through(x, weight, &then);
    convolved result = Engine::conv2d(x, weight, params, &then);
    if (!result.activated)
      detail::bias_leaky(result.y.dims(), result.y.order(), result.y.data(), bias.data(), scale, slope,
                         result.y.fill());
    return std::move(result.y);
  }

 private:
  static bool is_pointwise(const shape& x, const shape& weight, const conv2d_params& params) {
    return Engine::blocked() && pointwise::fits(x, weight, params);
  }
  // weight is [outputs, inputs, 1, 1]: the side with more channels is the blocked one.
  static bool widens(const shape& weight) { return weight[0] >= weight[1]; }
  static tensor through(const tensor& x, const tensor& weight, const activation* then) {
    const shape& w = weight.dims();
    const pointwise kernel(x.dims(), w);
    const tensor factors = dense(weight);
    tensor result(x.dims().with(1, w[0]), widens(w) ? layout::blocked : layout::dense);
    if (widens(w))
      kernel.expand(dense(x).data(), factors.data(), then, result.fill());
    else
      kernel.contract(in_layout(x, layout::blocked).data(), factors.data(), then, result.fill());
    return result;
  }
  static tensor back(const tensor& output_grad, const tensor& weight, const shape& dims) {
    const pointwise kernel(dims, weight.dims());
    const tensor factors = dense(weight);
    const bool narrows = widens(weight.dims());
    tensor result(dims, narrows ? layout::dense : layout::blocked);
    if (narrows)
      kernel.contract(in_layout(output_grad, layout::blocked).data(), factors.data(), nullptr, result.fill());
    else
      kernel.expand(dense(output_grad).data(), factors.data(), nullptr, result.fill());
    return result;
  }
  static tensor paired(const tensor& x, const tensor& output_grad, const shape& dims) {
    const pointwise kernel(x.dims(), dims);
    tensor result(dims);
    const tensor &wide = widens(dims) ? output_grad : x, &narrow = widens(dims) ? x : output_grad;
    kernel.pair(in_layout(wide, layout::blocked).data(), dense(narrow).data(), result.fill());
    return result;
  }

  static tensor zeros(const shape& dims) {
    tensor result(dims);
    map(dims.elements(), result.fill(), [] { return pack(0.0f); });
    return result;
  }
};

}  // namespace synthmed::xtensor

// The reference backend in double with every optional fused kernel, so that their rules can be checked.
#pragma once

#include <synthmed/backends/reference.hpp>
#include <synthmed/ops/ops.hpp>

namespace synthmed_test {

struct fused_reference : synthmed::reference_backend<double> {
  using plain = synthmed::reference_backend<double>;

  static tensor leaky_relu(const tensor& x, scalar slope) { return synthmed::ops::leaky_relu<plain>(x, slope); }
  static tensor leaky_relu_gradient(const tensor& gradient, const tensor& output, scalar scale, scalar slope) {
    return mul(mul_scalar(gradient, scale), leaky_mask(output, slope));
  }
  static tensor bias_leaky_relu(const tensor& x, const tensor& bias, scalar scale, scalar slope) {
    return synthmed::ops::bias_leaky_relu<plain>(x, bias, scale, slope);
  }
  static tensor conv2d_bias_leaky_relu(const tensor& x, const tensor& weight, const tensor& bias,
                                       const synthmed::conv2d_params& params, scalar scale, scalar slope) {
    return synthmed::ops::conv2d_bias_leaky_relu<plain>(x, weight, bias, params, scale, slope);
  }
  static tensor pixel_norm(const tensor& x, scalar epsilon) { return synthmed::ops::pixel_norm<plain>(x, epsilon); }
};

/// The same without leaky_relu_gradient: the rules then compose it.
struct partly_fused_reference : fused_reference {
  static tensor leaky_relu_gradient(const tensor&, const tensor&, scalar, scalar) = delete;
};

}  // namespace synthmed_test

// The reference backend in double with every optional fused kernel, so that their rules can be checked.
#pragma once

#include <synthmed/autodiff/autodiff.hpp>
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
  static synthmed::batch_norm_values<tensor> batch_norm_leaky_relu(const tensor& x, const tensor& gamma,
                                                                   const tensor& beta, scalar epsilon, scalar slope) {
    return synthmed::ops::batch_norm_train<plain>(x, gamma, beta, epsilon, slope);
  }
  // By autodiff through the composition: another way than the rule under test.
  static synthmed::batch_norm_gradients<tensor> batch_norm_leaky_relu_gradient(const tensor& output_grad,
                                                                               const tensor& x, const tensor& gamma,
                                                                               const tensor& beta, const tensor&,
                                                                               const tensor&, scalar epsilon,
                                                                               scalar slope) {
    using D = synthmed::autodiff<plain>;
    const std::vector<typename D::tensor> in{D::parameter(D::wrap(x)), D::parameter(D::wrap(gamma)),
                                             D::parameter(D::wrap(beta))};
    const auto y = synthmed::ops::batch_norm_train<D>(in[0], in[1], in[2], epsilon, slope).y;
    const auto g = D::grad(synthmed::ops::sum<D>(D::mul(y, D::wrap(output_grad))), in);
    return {D::unwrap(g[0]), D::unwrap(g[1]), D::unwrap(g[2])};
  }
};

/// The same without the kernels of the way back: the rules then compose it.
struct partly_fused_reference : fused_reference {
  static tensor leaky_relu_gradient(const tensor&, const tensor&, scalar, scalar) = delete;
  static void batch_norm_leaky_relu_gradient() = delete;
};

}  // namespace synthmed_test

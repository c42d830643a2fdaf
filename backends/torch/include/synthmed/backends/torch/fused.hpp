// Composites that the torch backend runs with fewer passes than their primitives would take.
#pragma once

#include <synthmed/backends/torch/library.hpp>

#include <ATen/ops/addcmul.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/leaky_relu_backward.h>
#include <ATen/ops/native_batch_norm.h>
#include <ATen/ops/native_batch_norm_backward.h>

#include <synthmed/ops/overrides.hpp>

namespace synthmed::libtorch {

template <class Scalar>
struct fused {
  using tensor = at::Tensor;

  static tensor leaky_relu(const tensor& x, Scalar slope) {
    return kernels::run("leaky_relu", [&] { return at::leaky_relu(x, slope); });
  }
  static tensor leaky_relu_gradient(const tensor& gradient, const tensor& output, Scalar scale, Scalar slope) {
    return kernels::run("leaky_relu_gradient", [&] {
      auto back = at::leaky_relu_backward(gradient, output, slope, true);
      return scale == 1 ? back : back.mul_(scale);
    });
  }
  static tensor bias_leaky_relu(const tensor& x, const tensor& bias, Scalar scale, Scalar slope) {
    return kernels::run("bias_leaky_relu", [&] {
      return finished(x.add(wide(bias, x)), scale, slope);
    });
  }
  static tensor conv2d_bias_leaky_relu(const tensor& x, const tensor& weight, const tensor& bias,
                                       const conv2d_params& params, Scalar scale, Scalar slope) {
    return kernels::run("conv2d_bias_leaky_relu", [&] {
      const extents stride = {params.stride_h, params.stride_w}, padding = {params.pad_h, params.pad_w};
      return finished(at::convolution(x, weight, bias, stride, padding, {1, 1}, false, {0, 0}, 1), scale, slope);
    });
  }
  static tensor pixel_norm(const tensor& x, Scalar epsilon) {
    return kernels::run("pixel_norm", [&] { return x.mul(x.square().mean(1, true).add_(epsilon).rsqrt_()); });
  }

  static batch_norm_values<tensor> batch_norm_leaky_relu(const tensor& x, const tensor& gamma, const tensor& beta,
                                                         Scalar epsilon, Scalar slope) {
    return kernels::run("batch_norm_leaky_relu", [&]() -> batch_norm_values<tensor> {
      auto [y, mean, factor] = at::native_batch_norm(x, gamma, beta, {}, {}, true, 0, epsilon);
      return {finished(std::move(y), 1, slope), mean, factor.square().reciprocal_().sub_(epsilon).clamp_min_(0)};
    });
  }
  static batch_norm_gradients<tensor> batch_norm_leaky_relu_gradient(const tensor& output_grad, const tensor& x,
                                                                     const tensor& gamma, const tensor& beta,
                                                                     const tensor& mean, const tensor& variance,
                                                                     Scalar epsilon, Scalar slope) {
    return kernels::run("batch_norm_leaky_relu_gradient", [&]() -> batch_norm_gradients<tensor> {
      const auto factor = variance.add(epsilon).rsqrt_();
      auto inner = output_grad;
      if (slope != 1) {  // the signs before the activation: slope 0 leaves none in the output
        const auto scale = gamma.mul(factor);
        const auto before = at::addcmul(wide(beta.sub(mean.mul(scale)), x), x, wide(scale, x));
        inner = at::leaky_relu_backward(output_grad, before, slope, false);
      }
      auto [to_x, to_gamma, to_beta] =
          at::native_batch_norm_backward(inner, x, gamma, {}, {}, mean, factor, true, epsilon, {true, true, true});
      return {to_x, to_gamma, to_beta};
    });
  }

 private:
  // [c] as [1, c, 1, ...].
  static tensor wide(const tensor& v, const tensor& like) {
    extents dims(static_cast<std::size_t>(like.dim()), 1);
    dims[1] = v.numel();
    return v.reshape(dims);
  }
  // In place: the sum is ours.
  static tensor finished(tensor sum, Scalar scale, Scalar slope) {
    if (scale != 1) sum.mul_(scale);
    return slope == 1 ? sum : at::leaky_relu_(sum, slope);
  }
};

}  // namespace synthmed::libtorch

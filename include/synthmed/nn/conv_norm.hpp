// A convolution, a batch norm and a rectifier as one step, of which residual and Inception networks are made.
#pragma once

#include <utility>

#include <synthmed/nn/convolution.hpp>
#include <synthmed/nn/normalization.hpp>
#include <synthmed/ops/convolution.hpp>

namespace synthmed::nn {

/// leaky_relu(norm(conv(x)), slope); slope 1 is no activation. In training the statistics move on. In evaluation the
/// norm is folded into the kernel and a bias, so that the step is one fused convolution where the backend has it.
/// Throws shape_error when the tensors do not fit.
template <backend B>
[[nodiscard]] typename B::tensor conv_norm(const conv2d_no_bias& conv, const batch_norm& norm,
                                           const weight_only<typename B::tensor>& kernel,
                                           const weight_and_bias<typename B::tensor>& affine,
                                           running_statistics<typename B::tensor>& statistics,
                                           const typename B::tensor& x, nn::mode mode, double slope) {
  const conv2d_params window = conv.with_bias().params();
  if (mode == mode::train) {
    auto step =
        norm.template apply_activated<B>(affine, statistics, ops::conv2d<B>(x, kernel.weight, window), mode, slope);
    statistics = std::move(step.buffers);
    return std::move(step.y);
  }
  const shape dims = B::shape_of(kernel.weight);
  const auto root = B::sqrt(B::add_scalar(statistics.running_var, static_cast<typename B::scalar>(norm.epsilon)));
  const auto scale = ops::div<B>(affine.weight, root);
  const auto shift = ops::sub<B>(affine.bias, ops::mul<B>(statistics.running_mean, scale));
  const auto folded = ops::mul<B>(kernel.weight, B::broadcast_to(B::reshape(scale, {dims[0], 1, 1, 1}), dims));
  return ops::conv2d_bias_leaky_relu<B>(x, folded, shift, window, 1, slope);
}

}  // namespace synthmed::nn

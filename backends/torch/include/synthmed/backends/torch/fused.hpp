// Composites that the torch backend runs with fewer passes than their primitives would take.
#pragma once

#include <synthmed/backends/torch/library.hpp>

#include <ATen/ops/convolution.h>
#include <ATen/ops/leaky_relu.h>

namespace synthmed::libtorch {

template <class Scalar>
struct fused {
  using tensor = at::Tensor;

  static tensor leaky_relu(const tensor& x, Scalar slope) {
    return kernels::run("leaky_relu", [&] { return at::leaky_relu(x, slope); });
  }
  static tensor bias_leaky_relu(const tensor& x, const tensor& bias, Scalar scale, Scalar slope) {
    return kernels::run("bias_leaky_relu", [&] {
      extents wide(static_cast<std::size_t>(x.dim()), 1);
      wide[1] = bias.numel();
      return finished(x.add(bias.reshape(wide)), scale, slope);
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

 private:
  // In place: the sum is ours.
  static tensor finished(tensor sum, Scalar scale, Scalar slope) {
    if (scale != 1) sum.mul_(scale);
    return slope == 1 ? sum : at::leaky_relu_(sum, slope);
  }
};

}  // namespace synthmed::libtorch

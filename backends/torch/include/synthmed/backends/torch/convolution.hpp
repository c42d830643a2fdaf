// Convolution family of the torch backends: ATen's forward, and its backward with one output asked for at a time.
#pragma once

#include <synthmed/backends/torch/library.hpp>

#include <ATen/ops/convolution.h>
#include <ATen/ops/convolution_backward.h>

#include <array>
#include <tuple>

namespace synthmed::libtorch {

template <class Scalar, class Mode>
struct convolution {
  using tensor = at::Tensor;

  static tensor conv2d(const tensor& x, const tensor& weight, const conv2d_params& params) {
    return Mode::run("conv2d", [&] {
      return at::convolution(x, weight, {}, stride(params), padding(params), {1, 1}, false, {0, 0}, 1);
    });
  }
  static tensor conv2d_input_grad(const tensor& output_grad, const tensor& weight, const conv2d_params& params,
                                  const shape& input_dims) {
    return Mode::run("conv2d_input_grad", [&] {
      const tensor shaped = output_grad.detach().new_empty(sizes(input_dims));  // only its shape is read
      return std::get<0>(backward(output_grad, shaped, weight, params, {true, false, false}));
    });
  }
  static tensor conv2d_weight_grad(const tensor& x, const tensor& output_grad, const conv2d_params& params,
                                   const shape& weight_dims) {
    return Mode::run("conv2d_weight_grad", [&] {
      const tensor shaped = x.detach().new_empty(sizes(weight_dims));  // only its shape is read
      return std::get<1>(backward(output_grad, x, shaped, params, {false, true, false}));
    });
  }

 private:
  static extents stride(const conv2d_params& params) { return {params.stride_h, params.stride_w}; }
  static extents padding(const conv2d_params& params) { return {params.pad_h, params.pad_w}; }

  static std::tuple<tensor, tensor, tensor> backward(const tensor& output_grad, const tensor& x, const tensor& weight,
                                                     const conv2d_params& params, std::array<bool, 3> wanted) {
    return at::convolution_backward(output_grad, x, weight, {}, stride(params), padding(params), {1, 1}, false, {0, 0},
                                    1, wanted);
  }
};

}  // namespace synthmed::libtorch

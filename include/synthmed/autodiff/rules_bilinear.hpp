// Derivatives of the products: matrices, and the three maps of a convolution, each of which uses the other two.
#pragma once

#include <synthmed/autodiff/tape.hpp>

namespace synthmed::tape {

template <class B, class D>
struct linear_rules {
  using tensor = traced_tensor<B>;

  static tensor matmul(const tensor& x, const tensor& y, bool transpose_x, bool transpose_y) {
    return record<B, D>(B::matmul(x.value(), y.value(), transpose_x, transpose_y), {&x, &y},
                        [left = kept_for(y, x), right = kept_for(x, y), transpose_x, transpose_y](auto& step) {
                          step.give(0, [&] {
                            return transpose_x ? D::matmul(right, step.gradient(), transpose_y, true)
                                               : D::matmul(step.gradient(), right, false, !transpose_y);
                          });
                          step.give(1, [&] {
                            return transpose_y ? D::matmul(step.gradient(), left, true, transpose_x)
                                               : D::matmul(left, step.gradient(), !transpose_x, false);
                          });
                        });
  }
};

template <class B, class D>
struct convolution_rules {
  using tensor = traced_tensor<B>;

  static tensor conv2d(const tensor& x, const tensor& weight, const conv2d_params& params) {
    return record<B, D>(
        B::conv2d(x.value(), weight.value(), params), {&x, &weight},
        [image = kept_for(weight, x), kernel = kept_for(x, weight), params, image_dims = B::shape_of(x.value()),
         kernel_dims = B::shape_of(weight.value())](auto& step) {
          step.give(0, [&] { return D::conv2d_input_grad(step.gradient(), kernel, params, image_dims); });
          step.give(1, [&] { return D::conv2d_weight_grad(image, step.gradient(), params, kernel_dims); });
        });
  }
  static tensor conv2d_input_grad(const tensor& output_grad, const tensor& weight, const conv2d_params& params,
                                  const shape& input_dims) {
    return record<B, D>(
        B::conv2d_input_grad(output_grad.value(), weight.value(), params, input_dims), {&output_grad, &weight},
        [out = kept_for(weight, output_grad), kernel = kept_for(output_grad, weight), params,
         kernel_dims = B::shape_of(weight.value())](auto& step) {
          step.give(0, [&] { return D::conv2d(step.gradient(), kernel, params); });
          step.give(1, [&] { return D::conv2d_weight_grad(step.gradient(), out, params, kernel_dims); });
        });
  }
  static tensor conv2d_weight_grad(const tensor& x, const tensor& output_grad, const conv2d_params& params,
                                   const shape& weight_dims) {
    return record<B, D>(B::conv2d_weight_grad(x.value(), output_grad.value(), params, weight_dims), {&x, &output_grad},
                        [image = kept_for(output_grad, x), out = kept_for(x, output_grad), params,
                         image_dims = B::shape_of(x.value())](auto& step) {
                          step.give(0, [&] { return D::conv2d_input_grad(out, step.gradient(), params, image_dims); });
                          step.give(1, [&] { return D::conv2d(image, step.gradient(), params); });
                        });
  }
};

}  // namespace synthmed::tape

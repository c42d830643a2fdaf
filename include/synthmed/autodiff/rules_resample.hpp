// Derivatives of pooling and enlarging.
#pragma once

#include <cstdint>

#include <synthmed/autodiff/tape.hpp>

namespace synthmed::tape {

template <class B, class D>
struct resample_rules {
  using tensor = traced_tensor<B>;

  static tensor avg_pool(const tensor& x, const pool2d_params& params) {
    return record<B, D>(B::avg_pool(x.value(), params), {&x}, [params, dims = B::shape_of(x.value())](auto& step) {
      step.give(0, [&] { return D::avg_unpool(step.gradient(), params, dims); });
    });
  }
  static tensor avg_unpool(const tensor& output_grad, const pool2d_params& params, const shape& input_dims) {
    return record<B, D>(B::avg_unpool(output_grad.value(), params, input_dims), {&output_grad},
                        [params](auto& step) { step.give(0, [&] { return D::avg_pool(step.gradient(), params); }); });
  }
  static tensor upsample_nearest(const tensor& x, std::int64_t factor) {
    return record<B, D>(B::upsample_nearest(x.value(), factor), {&x},
                        [factor](auto& step) { step.give(0, [&] { return D::sum_pool(step.gradient(), factor); }); });
  }
  static tensor sum_pool(const tensor& x, std::int64_t factor) {
    return record<B, D>(B::sum_pool(x.value(), factor), {&x}, [factor](auto& step) {
      step.give(0, [&] { return D::upsample_nearest(step.gradient(), factor); });
    });
  }

  // Where a maximum lies is piecewise constant in z, so z is a constant to the two maps that use its places.
  static tensor max_pool(const tensor& x, const pool2d_params& params) {
    return record<B, D>(B::max_pool(x.value(), params), {&x}, [params, z = tensor(x.value())](auto& step) {
      step.give(0, [&] { return D::max_pool_scatter(step.gradient(), z, params); });
    });
  }
  static tensor max_pool_gather(const tensor& y, const tensor& z, const pool2d_params& params) {
    return record<B, D>(B::max_pool_gather(y.value(), z.value(), params), {&y},
                        [params, z = tensor(z.value())](auto& step) {
                          step.give(0, [&] { return D::max_pool_scatter(step.gradient(), z, params); });
                        });
  }
  static tensor max_pool_scatter(const tensor& x, const tensor& z, const pool2d_params& params) {
    return record<B, D>(B::max_pool_scatter(x.value(), z.value(), params), {&x},
                        [params, z = tensor(z.value())](auto& step) {
                          step.give(0, [&] { return D::max_pool_gather(step.gradient(), z, params); });
                        });
  }
};

}  // namespace synthmed::tape

// Resample family of the torch backends.
#pragma once

#include <synthmed/backends/torch/library.hpp>

#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/avg_pool2d_backward.h>
#include <ATen/ops/max_pool2d_with_indices.h>
#include <ATen/ops/max_pool2d_with_indices_backward.h>
#include <ATen/ops/upsample_nearest2d.h>

#include <tuple>

namespace synthmed::libtorch {

template <class Scalar, class Mode>
struct resample {
  using tensor = at::Tensor;

  static tensor avg_pool(const tensor& x, const pool2d_params& params) {
    return Mode::run("avg_pool",
                     [&] { return at::avg_pool2d(x, kernel(params), stride(params), padding(params), false, true); });
  }
  static tensor avg_unpool(const tensor& output_grad, const pool2d_params& params, const shape& input_dims) {
    return Mode::run("avg_unpool", [&] {
      const tensor shaped = output_grad.detach().new_empty(sizes(input_dims));  // only its shape is read
      return at::avg_pool2d_backward(output_grad, shaped, kernel(params), stride(params), padding(params), false, true,
                                     {});
    });
  }
  static tensor upsample_nearest(const tensor& x, std::int64_t factor) {
    return Mode::run("upsample_nearest", [&] {
      return at::upsample_nearest2d(x, extents{x.size(2) * factor, x.size(3) * factor});
    });
  }
  static tensor sum_pool(const tensor& x, std::int64_t factor) {
    const extents block = {factor, factor};
    return Mode::run("sum_pool", [&] { return at::avg_pool2d(x, block, block, {0, 0}, false, true, 1); });
  }

  static tensor max_pool(const tensor& x, const pool2d_params& params) {
    return Mode::run("max_pool", [&] {
      return std::get<0>(at::max_pool2d_with_indices(x, kernel(params), stride(params), padding(params)));
    });
  }
  static tensor max_pool_gather(const tensor& x, const tensor& maxima_of, const pool2d_params& params) {
    return Mode::run("max_pool_gather", [&] {
      const tensor places = maxima(maxima_of, params);
      return x.flatten(2).gather(2, places.flatten(2)).reshape(places.sizes());
    });
  }
  static tensor max_pool_scatter(const tensor& x, const tensor& maxima_of, const pool2d_params& params) {
    return Mode::run("max_pool_scatter", [&] {
      // In rows; the channels-last form of this kernel adds in no fixed order on CUDA.
      return at::max_pool2d_with_indices_backward(x.contiguous(), maxima_of.detach().contiguous(), kernel(params),
                                                  stride(params), padding(params), {1, 1}, false,
                                                  maxima(maxima_of, params));
    });
  }

 private:
  static extents kernel(const pool2d_params& params) { return {params.kernel_h, params.kernel_w}; }
  static extents stride(const pool2d_params& params) { return {params.stride_h, params.stride_w}; }
  static extents padding(const pool2d_params& params) { return {params.pad_h, params.pad_w}; }

  // Where each window has its maximum, as places in the image; the first one of equal values.
  static tensor maxima(const tensor& x, const pool2d_params& params) {
    return std::get<1>(
        at::max_pool2d_with_indices(x.detach().contiguous(), kernel(params), stride(params), padding(params)));
  }
};

}  // namespace synthmed::libtorch

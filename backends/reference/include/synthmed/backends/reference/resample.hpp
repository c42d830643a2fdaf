// Resample family of the reference backend: pooling windows, nearest-neighbour blocks and their adjoints.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include <synthmed/backends/reference/dense.hpp>

namespace synthmed::reference {

template <class Scalar>
struct resample {
  using tensor = dense<Scalar>;

  static tensor avg_pool(const tensor& x, const pool2d_params& params) {
    const shape dims = pool2d_shape(x.dims(), params);
    const auto area = static_cast<double>(params.kernel_h * params.kernel_w);
    sums total = zero_sums(dims);
    for_each_pair(x.dims(), params, [to = total.data(), from = x.data(), area](std::int64_t i, std::int64_t o) {
      to[o] += static_cast<double>(from[i]) / area;
    });
    return rounded<Scalar>(dims, total);
  }

  static tensor avg_unpool(const tensor& output_grad, const pool2d_params& params, const shape& input_dims) {
    const auto area = static_cast<double>(params.kernel_h * params.kernel_w);
    sums total = zero_sums(input_dims);
    for_each_pair(input_dims, params,
                  [to = total.data(), g = output_grad.data(), area](std::int64_t i, std::int64_t o) {
                    to[i] += static_cast<double>(g[o]) / area;
                  });
    return rounded<Scalar>(input_dims, total);
  }

  static tensor upsample_nearest(const tensor& x, std::int64_t factor) {
    const shape small = x.dims();
    tensor out(small.with(2, small[2] * factor).with(3, small[3] * factor));
    for_each_block(out.dims(), factor,
                   [to = out.own(), from = x.data()](std::int64_t i, std::int64_t block) { to[i] = from[block]; });
    return out;
  }

  static tensor sum_pool(const tensor& x, std::int64_t factor) {
    const shape large = x.dims();
    const shape dims = large.with(2, large[2] / factor).with(3, large[3] / factor);
    sums total = zero_sums(dims);
    for_each_block(large, factor, [to = total.data(), from = x.data()](std::int64_t i, std::int64_t block) {
      to[block] += static_cast<double>(from[i]);
    });
    return rounded<Scalar>(dims, total);
  }

  static tensor max_pool(const tensor& x, const pool2d_params& params) { return max_pool_gather(x, x, params); }

  static tensor max_pool_gather(const tensor& x, const tensor& maxima_of, const pool2d_params& params) {
    const std::vector<std::int64_t> places = maxima(maxima_of, params);
    return generate<Scalar>(pool2d_shape(x.dims(), params),
                            [from = x.data(), place = places.data()](std::int64_t o) { return from[place[o]]; });
  }

  static tensor max_pool_scatter(const tensor& x, const tensor& maxima_of, const pool2d_params& params) {
    const std::vector<std::int64_t> places = maxima(maxima_of, params);
    sums total = zero_sums(maxima_of.dims());
    for (std::int64_t o = 0; o < x.elements(); ++o) total.data()[places.data()[o]] += static_cast<double>(x.data()[o]);
    return rounded<Scalar>(maxima_of.dims(), total);
  }

 private:
  // Calls f(i, o) for every element i of x inside the window of every element o of the pooled result,
  // window by window, each in row-major order.
  template <class F>
  static void for_each_pair(const shape& x, const pool2d_params& params, F f) {
    const shape out = pool2d_shape(x, params);
    for (std::int64_t plane = 0; plane < x[0] * x[1]; ++plane)
      for (std::int64_t oh = 0; oh < out[2]; ++oh)
        for (std::int64_t ow = 0; ow < out[3]; ++ow)
          for (std::int64_t kh = 0; kh < params.kernel_h; ++kh)
            for (std::int64_t kw = 0; kw < params.kernel_w; ++kw) {
              const std::int64_t h = oh * params.stride_h - params.pad_h + kh;
              const std::int64_t w = ow * params.stride_w - params.pad_w + kw;
              if (h >= 0 && h < x[2] && w >= 0 && w < x[3])
                f((plane * x[2] + h) * x[3] + w, (plane * out[2] + oh) * out[3] + ow);
            }
  }

  // Where each window has its maximum: the first in row-major order, or the last NaN when there is one.
  static std::vector<std::int64_t> maxima(const tensor& x, const pool2d_params& params) {
    constexpr std::int64_t none = -1;
    std::vector<std::int64_t> places(static_cast<std::size_t>(pool2d_shape(x.dims(), params).elements()), none);
    for_each_pair(x.dims(), params, [place = places.data(), from = x.data()](std::int64_t i, std::int64_t o) {
      if (place[o] == none || from[i] > from[place[o]] || std::isnan(from[i])) place[o] = i;
    });
    return places;
  }

  // Calls f(i, block) for every pixel i of `large` with the pixel of the smaller image that it belongs to.
  template <class F>
  static void for_each_block(const shape& large, std::int64_t factor, F f) {
    const std::int64_t width = large[3] / factor;
    // h is a multiple of factor, so rows may count on from plane to plane.
    for (std::int64_t row = 0; row < large[0] * large[1] * large[2]; ++row)
      for (std::int64_t w = 0; w < large[3]; ++w) f(row * large[3] + w, row / factor * width + w / factor);
  }
};

}  // namespace synthmed::reference

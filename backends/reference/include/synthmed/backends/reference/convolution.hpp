// Convolution family of the reference backend: one loop nest, read in three directions.
#pragma once

#include <cstdint>

#include <synthmed/backends/reference/dense.hpp>

namespace synthmed::reference {

template <class Scalar>
struct convolution {
  using tensor = dense<Scalar>;
  using place = std::int64_t;

  static tensor conv2d(const tensor& x, const tensor& weight, const conv2d_params& params) {
    const shape dims = conv2d_shape(x.dims(), weight.dims(), params);
    sums total = zero_sums(dims);
    for_each_product(x.dims(), weight.dims(), params,
                     [to = total.data(), a = x.data(), b = weight.data()](place i, place w, place o) {
                       to[o] += static_cast<double>(a[i]) * static_cast<double>(b[w]);
                     });
    return rounded<Scalar>(dims, total);
  }

  static tensor conv2d_input_grad(const tensor& output_grad, const tensor& weight, const conv2d_params& params,
                                  const shape& input_dims) {
    sums total = zero_sums(input_dims);
    for_each_product(input_dims, weight.dims(), params,
                     [to = total.data(), a = output_grad.data(), b = weight.data()](place i, place w, place o) {
                       to[i] += static_cast<double>(a[o]) * static_cast<double>(b[w]);
                     });
    return rounded<Scalar>(input_dims, total);
  }

  static tensor conv2d_weight_grad(const tensor& x, const tensor& output_grad, const conv2d_params& params,
                                   const shape& weight_dims) {
    sums total = zero_sums(weight_dims);
    for_each_product(x.dims(), weight_dims, params,
                     [to = total.data(), a = x.data(), b = output_grad.data()](place i, place w, place o) {
                       to[w] += static_cast<double>(a[i]) * static_cast<double>(b[o]);
                     });
    return rounded<Scalar>(weight_dims, total);
  }

 private:
  // The convolution is a sum of products output[o] += x[i] weight[w]; calls f(i, w, o) for each of them.
  // Its two adjoints are the same sum with another of the three written to.
  template <class F>
  static void for_each_product(const shape& x, const shape& weight, const conv2d_params& params, F f) {
    const shape out = conv2d_shape(x, weight, params);
    for (std::int64_t n = 0; n < out[0]; ++n)
      for (std::int64_t co = 0; co < out[1]; ++co)
        for (std::int64_t ci = 0; ci < x[1]; ++ci)
          for (std::int64_t kh = 0; kh < weight[2]; ++kh)
            for (std::int64_t kw = 0; kw < weight[3]; ++kw)
              for (std::int64_t oh = 0; oh < out[2]; ++oh) {
                const std::int64_t h = oh * params.stride_h - params.pad_h + kh;
                if (h < 0 || h >= x[2]) continue;
                const std::int64_t in_row = ((n * x[1] + ci) * x[2] + h) * x[3];
                const std::int64_t out_row = ((n * out[1] + co) * out[2] + oh) * out[3];
                const std::int64_t tap = ((co * x[1] + ci) * weight[2] + kh) * weight[3] + kw;
                for (std::int64_t ow = 0; ow < out[3]; ++ow) {
                  const std::int64_t w = ow * params.stride_w - params.pad_w + kw;
                  if (w >= 0 && w < x[3]) f(in_row + w, tap, out_row + ow);
                }
              }
  }
};

}  // namespace synthmed::reference

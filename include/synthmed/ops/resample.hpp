// Pooling and enlarging of [n, c, h, w].
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <synthmed/core/backend.hpp>
#include <synthmed/error.hpp>
#include <synthmed/ops/reduce.hpp>

namespace synthmed::ops {

/// Mean over a window; the padding's zeros count. Throws shape_error when the window does not fit.
template <backend B>
[[nodiscard]] typename B::tensor avg_pool(const typename B::tensor& x, const pool2d_params& params = {}) {
  (void)pool2d_shape(B::shape_of(x), params);
  return B::avg_pool(x, params);
}

/// Mean over the values of a window that lie in the picture: the padding is left out of sum and divisor (PyTorch's
/// count_include_pad=False, TensorFlow's and Keras's "same"). Throws shape_error when the window does not fit.
template <backend B>
[[nodiscard]] typename B::tensor avg_pool_inside(const typename B::tensor& x, const pool2d_params& params) {
  const auto mean = avg_pool<B>(x, params);
  if (params.pad_h == 0 && params.pad_w == 0) return mean;
  const shape in = B::shape_of(x), out = B::shape_of(mean);
  // How many of a window's places lie inside, along one axis.
  const auto inside = [](std::int64_t at, std::int64_t extent, std::int64_t kernel, std::int64_t stride,
                         std::int64_t padding) {
    const std::int64_t first = at * stride - padding;
    return std::min(first + kernel, extent) - std::max<std::int64_t>(first, 0);
  };
  std::vector<typename B::scalar> factors;
  for (std::int64_t i = 0; i < out[2]; ++i)
    for (std::int64_t j = 0; j < out[3]; ++j) {
      const std::int64_t count = inside(i, in[2], params.kernel_h, params.stride_h, params.pad_h) *
                                 inside(j, in[3], params.kernel_w, params.stride_w, params.pad_w);
      factors.push_back(static_cast<typename B::scalar>(params.kernel_h * params.kernel_w) /
                        static_cast<typename B::scalar>(count));
    }
  return B::mul(mean, B::broadcast_to(B::from_host({1, 1, out[2], out[3]}, factors), out));
}

/// Maximum over a window; padding never wins. Throws shape_error when the window does not fit.
template <backend B>
[[nodiscard]] typename B::tensor max_pool(const typename B::tensor& x, const pool2d_params& params = {}) {
  (void)pool2d_shape(B::shape_of(x), params);
  return B::max_pool(x, params);
}

/// Every pixel becomes factor x factor equal ones. Throws shape_error for another rank than 4, argument_error for a
/// factor below 1.
template <backend B>
[[nodiscard]] typename B::tensor upsample_nearest(const typename B::tensor& x, std::int64_t factor) {
  if (B::shape_of(x).rank() != 4)
    throw shape_error(sentence("upsample_nearest needs x [n, c, h, w], got ", B::shape_of(x), "."));
  if (factor < 1) throw argument_error(sentence("upsample_nearest needs a factor of at least 1, got ", factor, "."));
  return factor == 1 ? x : B::upsample_nearest(x, factor);
}

/// Mean of every channel: [n, c, h, w] to [n, c]. Throws shape_error for another rank.
template <backend B>
[[nodiscard]] typename B::tensor global_avg_pool(const typename B::tensor& x) {
  const shape dims = B::shape_of(x);
  if (dims.rank() != 4) throw shape_error(sentence("global_avg_pool needs x [n, c, h, w], got ", dims, "."));
  return B::reshape(mean<B>(x, {2, 3}), {dims[0], dims[1]});
}

}  // namespace synthmed::ops

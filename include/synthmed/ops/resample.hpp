// Pooling and enlarging of [n, c, h, w].
#pragma once

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

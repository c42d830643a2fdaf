// Activations. Each uses the backend's fused kernel where it has one.
#pragma once

#include <synthmed/core/backend.hpp>
#include <synthmed/error.hpp>
#include <synthmed/ops/elementwise.hpp>
#include <synthmed/ops/overrides.hpp>

namespace synthmed::ops {

namespace detail {

inline void check_slope(const char* operation, double slope) {
  if (!(slope >= 0 && slope <= 1))
    throw argument_error(sentence(operation, " needs a slope in [0, 1], got ", slope, "."));
}

}  // namespace detail

/// x where x > 0, else slope x. Throws argument_error for a slope outside [0, 1].
template <backend B>
[[nodiscard]] typename B::tensor leaky_relu(const typename B::tensor& x, double slope) {
  detail::check_slope("leaky_relu", slope);
  if (slope == 1) return x;
  const auto s = static_cast<typename B::scalar>(slope);
  if constexpr (fuses_leaky_relu<B>)
    return B::leaky_relu(x, s);
  else
    return B::mul(x, B::leaky_mask(x, s));
}

template <backend B>
[[nodiscard]] typename B::tensor relu(const typename B::tensor& x) {
  return leaky_relu<B>(x, 0);
}

/// log(1 + exp(x)), without overflow for large |x|.
template <backend B>
[[nodiscard]] typename B::tensor softplus(const typename B::tensor& x) {
  const auto decay = B::exp(B::mul_scalar(B::abs(x), -1));
  return B::add(relu<B>(x), B::log(B::add_scalar(decay, 1)));
}

/// leaky_relu(scale (x + bias)) for x [n, c, ...] and bias [c]; slope 1 is no activation. Throws shape_error when the
/// bias does not fit, argument_error for a slope outside [0, 1] or a scale that is not positive.
template <backend B>
[[nodiscard]] typename B::tensor bias_leaky_relu(const typename B::tensor& x, const typename B::tensor& bias,
                                                 double scale, double slope) {
  using scalar = typename B::scalar;
  const shape dims = B::shape_of(x), have = B::shape_of(bias);
  if (dims.rank() < 2 || !(have == shape{dims[1]}))
    throw shape_error(sentence("bias_leaky_relu needs x [n, c, ...] and bias [c], got ", dims, " and ", have, "."));
  detail::check_slope("bias_leaky_relu", slope);
  if (!(scale > 0)) throw argument_error(sentence("bias_leaky_relu needs a positive scale, got ", scale, "."));
  if constexpr (fuses_bias_leaky_relu<B>) {
    return B::bias_leaky_relu(x, bias, static_cast<scalar>(scale), static_cast<scalar>(slope));
  } else {
    shape wide = dims;
    for (int axis = 0; axis < dims.rank(); ++axis) wide = wide.with(axis, axis == 1 ? dims[1] : 1);
    const auto shifted = B::add(x, B::broadcast_to(B::reshape(bias, wide), dims));
    return leaky_relu<B>(scale == 1 ? shifted : B::mul_scalar(shifted, static_cast<scalar>(scale)), slope);
  }
}

}  // namespace synthmed::ops

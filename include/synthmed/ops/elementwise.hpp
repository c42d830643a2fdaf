// Elementwise operations, with NumPy's broadcasting for the binary ones.
#pragma once

#include <algorithm>

#include <synthmed/core/backend.hpp>
#include <synthmed/error.hpp>
#include <synthmed/shape.hpp>

namespace synthmed::ops {

/// The common shape of two operands: axes are matched from the last one, and an extent of 1 (or a missing axis) takes
/// the other's extent. Throws shape_error, naming the operation, when two extents differ and neither is 1.
[[nodiscard]] inline shape broadcast_shape(const char* operation, const shape& x, const shape& y) {
  const int rank = std::max(x.rank(), y.rank());
  shape result = x.rank() == rank ? x : y;
  for (int back = 1; back <= std::min(x.rank(), y.rank()); ++back) {
    if (x[-back] != y[-back] && x[-back] != 1 && y[-back] != 1)
      throw shape_error(sentence(operation,
                                 " needs shapes that are equal or 1 axis by axis, counted from the last, got ", x,
                                 " and ", y, "."));
    result = result.with(-back, x[-back] == 1 ? y[-back] : x[-back]);
  }
  return result;
}

/// x repeated to a shape: missing leading axes are added, extents of 1 repeated. Throws shape_error when x's extents
/// are neither 1 nor the wanted ones.
template <backend B>
[[nodiscard]] typename B::tensor broadcast_to(const typename B::tensor& x, const shape& dims) {
  const shape from = B::shape_of(x);
  if (from == dims) return x;
  if (from.rank() > dims.rank() || !(broadcast_shape("broadcast_to", from, dims) == dims))
    throw shape_error(sentence("broadcast_to cannot repeat ", from, " to ", dims, "."));
  if (from.rank() == dims.rank()) return B::broadcast_to(x, dims);
  shape widened = dims;
  for (int axis = 0; axis < dims.rank(); ++axis) {
    const int back = dims.rank() - axis;
    widened = widened.with(axis, back <= from.rank() ? from[-back] : 1);
  }
  const auto same_rank = B::reshape(x, widened);
  return widened == dims ? same_rank : B::broadcast_to(same_rank, dims);
}

namespace detail {

template <backend B, class Kernel>
[[nodiscard]] typename B::tensor binary(const char* operation, const typename B::tensor& x, const typename B::tensor& y,
                                        Kernel&& kernel) {
  const shape a = B::shape_of(x), b = B::shape_of(y);
  if (a == b) return kernel(x, y);
  const shape dims = broadcast_shape(operation, a, b);
  return kernel(broadcast_to<B>(x, dims), broadcast_to<B>(y, dims));
}

}  // namespace detail

// x and y are broadcast to their common shape; shape_error when there is none.
template <backend B>
[[nodiscard]] typename B::tensor add(const typename B::tensor& x, const typename B::tensor& y) {
  return detail::binary<B>("add", x, y, [](const auto& a, const auto& b) { return B::add(a, b); });
}
template <backend B>
[[nodiscard]] typename B::tensor sub(const typename B::tensor& x, const typename B::tensor& y) {
  return detail::binary<B>("sub", x, y, [](const auto& a, const auto& b) { return B::sub(a, b); });
}
template <backend B>
[[nodiscard]] typename B::tensor mul(const typename B::tensor& x, const typename B::tensor& y) {
  return detail::binary<B>("mul", x, y, [](const auto& a, const auto& b) { return B::mul(a, b); });
}
template <backend B>
[[nodiscard]] typename B::tensor div(const typename B::tensor& x, const typename B::tensor& y) {
  return detail::binary<B>("div", x, y, [](const auto& a, const auto& b) { return B::div(a, b); });
}
/// 1 where x > y, else 0.
template <backend B>
[[nodiscard]] typename B::tensor greater(const typename B::tensor& x, const typename B::tensor& y) {
  return detail::binary<B>("greater", x, y, [](const auto& a, const auto& b) { return B::greater(a, b); });
}

template <backend B>
[[nodiscard]] typename B::tensor add_scalar(const typename B::tensor& x, double s) {
  return B::add_scalar(x, static_cast<typename B::scalar>(s));
}
template <backend B>
[[nodiscard]] typename B::tensor mul_scalar(const typename B::tensor& x, double s) {
  return B::mul_scalar(x, static_cast<typename B::scalar>(s));
}
template <backend B>
[[nodiscard]] typename B::tensor neg(const typename B::tensor& x) {
  return B::mul_scalar(x, -1);
}
template <backend B>
[[nodiscard]] typename B::tensor exp(const typename B::tensor& x) {
  return B::exp(x);
}
template <backend B>
[[nodiscard]] typename B::tensor log(const typename B::tensor& x) {
  return B::log(x);
}
template <backend B>
[[nodiscard]] typename B::tensor sqrt(const typename B::tensor& x) {
  return B::sqrt(x);
}
template <backend B>
[[nodiscard]] typename B::tensor tanh(const typename B::tensor& x) {
  return B::tanh(x);
}
template <backend B>
[[nodiscard]] typename B::tensor sigmoid(const typename B::tensor& x) {
  return B::sigmoid(x);
}
template <backend B>
[[nodiscard]] typename B::tensor abs(const typename B::tensor& x) {
  return B::abs(x);
}
/// -1, 0 or 1.
template <backend B>
[[nodiscard]] typename B::tensor sign(const typename B::tensor& x) {
  return B::sign(x);
}
template <backend B>
[[nodiscard]] typename B::tensor square(const typename B::tensor& x) {
  return B::mul(x, x);
}
/// 1 / sqrt(x)
template <backend B>
[[nodiscard]] typename B::tensor rsqrt(const typename B::tensor& x) {
  return B::div(B::full(B::shape_of(x), 1), B::sqrt(x));
}

/// yes where mask is not zero, else no; all three are broadcast to a common shape.
template <backend B>
[[nodiscard]] typename B::tensor select(const typename B::tensor& mask, const typename B::tensor& yes,
                                        const typename B::tensor& no) {
  const shape dims =
      broadcast_shape("select", B::shape_of(mask), broadcast_shape("select", B::shape_of(yes), B::shape_of(no)));
  return B::select(broadcast_to<B>(mask, dims), broadcast_to<B>(yes, dims), broadcast_to<B>(no, dims));
}

/// The larger of the two; where they are equal, y (and y's gradient).
template <backend B>
[[nodiscard]] typename B::tensor maximum(const typename B::tensor& x, const typename B::tensor& y) {
  return select<B>(greater<B>(x, y), x, y);
}
/// The smaller of the two; where they are equal, y (and y's gradient).
template <backend B>
[[nodiscard]] typename B::tensor minimum(const typename B::tensor& x, const typename B::tensor& y) {
  return select<B>(greater<B>(y, x), x, y);
}

/// x limited to [low, high]; the gradient outside is zero. Throws argument_error when low > high.
template <backend B>
[[nodiscard]] typename B::tensor clamp(const typename B::tensor& x, double low, double high) {
  using scalar = typename B::scalar;
  if (!(low <= high)) throw argument_error(sentence("clamp needs low <= high, got ", low, " and ", high, "."));
  const shape dims = B::shape_of(x);
  return minimum<B>(maximum<B>(x, B::full(dims, static_cast<scalar>(low))), B::full(dims, static_cast<scalar>(high)));
}

}  // namespace synthmed::ops

// Sums, means and maxima over axes.
#pragma once

#include <synthmed/core/backend.hpp>
#include <synthmed/error.hpp>
#include <synthmed/shape.hpp>

namespace synthmed::ops {

namespace detail {

inline void check_axes(const char* operation, const shape& dims, const axes& over) {
  for (int axis = dims.rank(); axis < shape::max_rank; ++axis)
    if (over.contains(axis))
      throw shape_error(sentence(operation, " was asked to reduce axis ", axis, " of shape ", dims, ", which has rank ",
                                 dims.rank(), "."));
}

inline std::int64_t extent_over(const shape& dims, const axes& over) {
  std::int64_t count = 1;
  for (int axis = 0; axis < dims.rank(); ++axis)
    if (over.contains(axis)) count *= dims[axis];
  return count;
}

}  // namespace detail

/// Sum over axes, which stay with extent 1. Throws shape_error for an axis that x does not have.
template <backend B>
[[nodiscard]] typename B::tensor sum(const typename B::tensor& x, const axes& over) {
  detail::check_axes("sum", B::shape_of(x), over);
  return B::sum(x, over);
}

/// Sum of all elements: a tensor of rank 0.
template <backend B>
[[nodiscard]] typename B::tensor sum(const typename B::tensor& x) {
  return B::reshape(B::sum(x, axes::all(B::shape_of(x))), shape{});
}

/// Mean over axes, which stay with extent 1. Throws shape_error for an axis that x does not have or when there is
/// nothing to average.
template <backend B>
[[nodiscard]] typename B::tensor mean(const typename B::tensor& x, const axes& over) {
  const shape dims = B::shape_of(x);
  detail::check_axes("mean", dims, over);
  const auto count = detail::extent_over(dims, over);
  if (count == 0) throw shape_error(sentence("mean needs at least one element, got shape ", dims, "."));
  return B::mul_scalar(B::sum(x, over), typename B::scalar(1) / static_cast<typename B::scalar>(count));
}

/// Mean of all elements: a tensor of rank 0.
template <backend B>
[[nodiscard]] typename B::tensor mean(const typename B::tensor& x) {
  return B::reshape(mean<B>(x, axes::all(B::shape_of(x))), shape{});
}

/// Maximum over axes, which stay with extent 1. Equal maxima share the gradient evenly. Throws shape_error for an axis
/// that x does not have or when there is nothing to compare.
template <backend B>
[[nodiscard]] typename B::tensor max(const typename B::tensor& x, const axes& over) {
  const shape dims = B::shape_of(x);
  detail::check_axes("max", dims, over);
  if (detail::extent_over(dims, over) == 0)
    throw shape_error(sentence("max needs at least one element, got shape ", dims, "."));
  return B::max(x, over);
}

}  // namespace synthmed::ops

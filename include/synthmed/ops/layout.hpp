// Operations that move elements without changing them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include <synthmed/core/backend.hpp>
#include <synthmed/error.hpp>
#include <synthmed/shape.hpp>

namespace synthmed::ops {

namespace detail {

[[nodiscard]] inline int checked_axis(const char* operation, const shape& dims, int axis) {
  const int positive = axis < 0 ? axis + dims.rank() : axis;
  if (positive < 0 || positive >= dims.rank())
    throw shape_error(sentence(operation, " got axis ", axis, " for a tensor of shape ", dims, "."));
  return positive;
}

}  // namespace detail

// In all functions here a negative axis counts from the end.

/// The same elements in row-major order under another shape. Throws shape_error when the number of elements differs.
template <backend B>
[[nodiscard]] typename B::tensor reshape(const typename B::tensor& x, const shape& dims) {
  const shape from = B::shape_of(x);
  if (from == dims) return x;
  if (from.elements() != dims.elements())
    throw shape_error(sentence("reshape keeps the number of elements, got ", from, " (", from.elements(), ") to ", dims,
                               " (", dims.elements(), ")."));
  return B::reshape(x, dims);
}

/// [n, ...] as [n, everything else].
template <backend B>
[[nodiscard]] typename B::tensor flatten(const typename B::tensor& x) {
  const shape dims = B::shape_of(x);
  if (dims.rank() == 0) throw shape_error("flatten needs at least the batch axis, got a tensor of rank 0.");
  std::int64_t rest = 1;
  for (int axis = 1; axis < dims.rank(); ++axis) rest *= dims[axis];
  return reshape<B>(x, {dims[0], rest});
}

/// Axis i of the result is axis order[i] of x. Throws shape_error when order is no permutation of x's axes.
template <backend B>
[[nodiscard]] typename B::tensor permute(const typename B::tensor& x, std::span<const int> order) {
  const shape dims = B::shape_of(x);
  unsigned seen = 0;
  for (const int axis : order)
    if (axis >= 0 && axis < dims.rank()) seen |= 1u << static_cast<unsigned>(axis);
  if (static_cast<int>(order.size()) != dims.rank() || seen != (1u << static_cast<unsigned>(dims.rank())) - 1u) {
    std::string got;
    for (const int axis : order) got += sentence(got.empty() ? "" : ", ", axis);
    throw shape_error(sentence("permute needs every axis of ", dims, " once, got order (", got, ")."));
  }
  return B::permute(x, order);
}
template <backend B>
[[nodiscard]] typename B::tensor permute(const typename B::tensor& x, std::initializer_list<int> order) {
  return permute<B>(x, std::span<const int>(order.begin(), order.size()));
}

/// The transpose of a matrix.
template <backend B>
[[nodiscard]] typename B::tensor transpose(const typename B::tensor& x) {
  return permute<B>(x, {1, 0});
}

/// Elements first ... last - 1 of one axis. Throws shape_error outside 0 <= first <= last <= extent.
template <backend B>
[[nodiscard]] typename B::tensor slice(const typename B::tensor& x, int axis, std::int64_t first, std::int64_t last) {
  const shape dims = B::shape_of(x);
  axis = detail::checked_axis("slice", dims, axis);
  if (first < 0 || last < first || last > dims[axis])
    throw shape_error(sentence("slice needs 0 <= first <= last <= ", dims[axis], " on axis ", axis, " of ", dims,
                               ", got ", first, " and ", last, "."));
  return first == 0 && last == dims[axis] ? x : B::slice(x, axis, first, last);
}

/// Zeros before and after along one axis. Throws shape_error for negative counts.
template <backend B>
[[nodiscard]] typename B::tensor pad(const typename B::tensor& x, int axis, std::int64_t before, std::int64_t after) {
  axis = detail::checked_axis("pad", B::shape_of(x), axis);
  if (before < 0 || after < 0)
    throw shape_error(sentence("pad needs counts of zero or more, got ", before, " and ", after, "."));
  return before == 0 && after == 0 ? x : B::pad(x, axis, before, after);
}

/// The parts one after another along an axis. Throws shape_error without parts or when other extents differ.
template <backend B>
[[nodiscard]] typename B::tensor concat(std::span<const typename B::tensor> parts, int axis) {
  if (parts.empty()) throw shape_error("concat needs at least one part, got none.");
  const shape first = B::shape_of(parts[0]);
  axis = detail::checked_axis("concat", first, axis);
  for (const auto& part : parts) {
    const shape dims = B::shape_of(part);
    if (dims.rank() != first.rank() || !(dims.with(axis, 1) == first.with(axis, 1)))
      throw shape_error(sentence("concat on axis ", axis, " needs parts that differ on that axis alone, got ", first,
                                 " and ", dims, "."));
  }
  return parts.size() == 1 ? parts[0] : B::concat(parts, axis);
}
template <backend B>
[[nodiscard]] typename B::tensor concat(std::initializer_list<typename B::tensor> parts, int axis) {
  return concat<B>(std::span<const typename B::tensor>(parts.begin(), parts.size()), axis);
}

/// The elements of one axis in reverse order.
template <backend B>
[[nodiscard]] typename B::tensor flip(const typename B::tensor& x, int axis) {
  return B::flip(x, detail::checked_axis("flip", B::shape_of(x), axis));
}

/// Element i of the axis is element index[i] of x's; index -1 gives zeros. Throws shape_error outside [-1, extent).
template <backend B>
[[nodiscard]] typename B::tensor gather(const typename B::tensor& x, int axis, std::span<const std::int64_t> index) {
  const shape dims = B::shape_of(x);
  axis = detail::checked_axis("gather", dims, axis);
  for (const auto i : index)
    if (i < -1 || i >= dims[axis])
      throw shape_error(
          sentence("gather needs indices in [-1, ", dims[axis], ") on axis ", axis, " of ", dims, ", got ", i, "."));
  return B::gather(x, axis, index);
}
template <backend B>
[[nodiscard]] typename B::tensor gather(const typename B::tensor& x, int axis,
                                        std::initializer_list<std::int64_t> index) {
  return gather<B>(x, axis, std::span<const std::int64_t>(index.begin(), index.size()));
}

/// The adjoint of gather: element i of x is added to element index[i] of an axis of the given extent, in order of i;
/// index -1 drops it. Throws shape_error for another number of indices than x has elements there, or outside
/// [-1, extent).
template <backend B>
[[nodiscard]] typename B::tensor scatter_add(const typename B::tensor& x, int axis, std::span<const std::int64_t> index,
                                             std::int64_t extent) {
  const shape dims = B::shape_of(x);
  axis = detail::checked_axis("scatter_add", dims, axis);
  if (dims[axis] != static_cast<std::int64_t>(index.size()))
    throw shape_error(sentence("scatter_add needs ", dims[axis], " indices for axis ", axis, " of ", dims, ", got ",
                               index.size(), "."));
  for (const auto i : index)
    if (i < -1 || i >= extent)
      throw shape_error(sentence("scatter_add needs indices in [-1, ", extent, "), got ", i, "."));
  return B::scatter_add(x, axis, index, extent);
}

}  // namespace synthmed::ops

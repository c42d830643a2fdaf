// The loop nest under reductions, broadcasts and permutations: all positions of a shape, with their place in another.
#pragma once

#include <array>
#include <cstdint>

#include <synthmed/shape.hpp>

namespace synthmed::reference {

/// How far apart neighbours along each axis lie.
using strides = std::array<std::int64_t, shape::max_rank>;

/// Row-major strides.
[[nodiscard]] inline strides row_major(const shape& dims) {
  strides steps{};
  std::int64_t step = 1;
  for (int axis = dims.rank() - 1; axis >= 0; --axis) {
    steps[static_cast<std::size_t>(axis)] = step;
    step *= dims[axis];
  }
  return steps;
}

/// Row-major strides of `small` as seen from `large`: axes of extent 1 stand still, so that they repeat.
[[nodiscard]] inline strides repeating(const shape& small, const shape& large) {
  strides steps = row_major(small);
  for (int axis = 0; axis < small.rank(); ++axis)
    if (small[axis] != large[axis]) steps[static_cast<std::size_t>(axis)] = 0;
  return steps;
}

/// Calls f(i, place) for every element of dims: i counts in row-major order, place is the sum of index times steps.
template <class F>
void walk(const shape& dims, const strides& steps, F&& f) {
  strides index{};
  std::int64_t place = 0;
  const std::int64_t count = dims.elements();
  for (std::int64_t i = 0; i < count; ++i) {
    f(i, place);
    for (int axis = dims.rank() - 1; axis >= 0; --axis) {  // an odometer: the last axis turns fastest
      const auto a = static_cast<std::size_t>(axis);
      place += steps[a];
      if (++index[a] < dims[axis]) break;
      place -= steps[a] * index[a];
      index[a] = 0;
    }
  }
}

}  // namespace synthmed::reference

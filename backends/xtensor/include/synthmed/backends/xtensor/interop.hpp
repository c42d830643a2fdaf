// Between xt::xtensor containers and tensors of the xtensor backend. Not part of xtensor.hpp: include it where needed.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include <xtensor/xadapt.hpp>
#include <xtensor/xtensor.hpp>

#include <synthmed/backends/xtensor/copy.hpp>

namespace synthmed::xtensor {

/// A tensor with the values of a row-major container or evaluated expression of fixed rank.
template <std::size_t Rank>
[[nodiscard]] tensor from_xtensor(const xt::xtensor<float, Rank>& values) {
  std::array<std::int64_t, Rank> extents{};
  for (std::size_t axis = 0; axis < Rank; ++axis) extents[axis] = static_cast<std::int64_t>(values.shape()[axis]);
  tensor result{shape(std::span<const std::int64_t>(extents))};
  box whole;
  whole.push(result.elements(), 1, 1);
  copy_box(whole, values.data(), result.fill());
  return result;
}

/// The values as a container of fixed rank. Throws shape_error when x has another rank.
template <std::size_t Rank>
[[nodiscard]] xt::xtensor<float, Rank> to_xtensor(const tensor& x) {
  if (x.dims().rank() != static_cast<int>(Rank))
    throw shape_error(sentence("to_xtensor<", Rank, "> needs a tensor of rank ", Rank, ", got ", x.dims(), "."));
  const tensor source = dense(x);
  std::array<std::size_t, Rank> extents{};
  for (std::size_t axis = 0; axis < Rank; ++axis)
    extents[axis] = static_cast<std::size_t>(x.dims()[static_cast<int>(axis)]);
  return xt::adapt(source.data(), static_cast<std::size_t>(x.elements()), xt::no_ownership(), extents);
}

}  // namespace synthmed::xtensor

// Tensors from and to the host, and random tensors that are the same on every backend.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <synthmed/core/backend.hpp>
#include <synthmed/error.hpp>
#include <synthmed/random/distributions.hpp>
#include <synthmed/shape.hpp>

namespace synthmed::ops {

/// A tensor from row-major values. Throws shape_error when their number is not that of the shape.
template <backend B>
[[nodiscard]] typename B::tensor from_host(const shape& dims, std::span<const typename B::scalar> values) {
  if (dims.elements() != static_cast<std::int64_t>(values.size()))
    throw shape_error(
        sentence("from_host needs ", dims.elements(), " values for shape ", dims, ", got ", values.size(), "."));
  return B::from_host(dims, values);
}

/// The row-major values of a tensor.
template <backend B>
[[nodiscard]] std::vector<typename B::scalar> to_host(const typename B::tensor& x) {
  std::vector<typename B::scalar> out(static_cast<std::size_t>(B::shape_of(x).elements()));
  B::to_host(x, out);
  return out;
}

/// The value of a tensor with one element. Throws shape_error for any other.
template <backend B>
[[nodiscard]] typename B::scalar item(const typename B::tensor& x) {
  const shape dims = B::shape_of(x);
  if (dims.elements() != 1) throw shape_error(sentence("item needs a tensor with one element, got ", dims, "."));
  typename B::scalar value{};
  B::to_host(x, std::span(&value, 1));
  return value;
}

template <backend B>
[[nodiscard]] typename B::tensor zeros(const shape& dims) {
  return B::full(dims, 0);
}

template <backend B>
[[nodiscard]] typename B::tensor ones(const shape& dims) {
  return B::full(dims, 1);
}

/// Standard normal values: element i depends on the key and i alone.
template <backend B>
[[nodiscard]] typename B::tensor normal(key k, const shape& dims) {
  std::vector<typename B::scalar> values(static_cast<std::size_t>(dims.elements()));
  fill_normal(k, std::span(values));
  return B::from_host(dims, values);
}

/// Values uniform in [low, high): element i depends on the key and i alone.
template <backend B>
[[nodiscard]] typename B::tensor uniform(key k, const shape& dims, double low = 0.0, double high = 1.0) {
  std::vector<typename B::scalar> values(static_cast<std::size_t>(dims.elements()));
  fill_uniform(k, std::span(values), low, high);
  return B::from_host(dims, values);
}

}  // namespace synthmed::ops

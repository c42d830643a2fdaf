// Storage family of the reference backend: between the host and tensors.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <span>
#include <string>

#include <synthmed/backends/reference/dense.hpp>

namespace synthmed::reference {

template <class Scalar>
struct storage {
  using tensor = dense<Scalar>;

  static tensor from_host(const shape& dims, std::span<const Scalar> values) {
    return generate<Scalar>(dims, [from = values.data()](std::int64_t i) { return from[i]; });
  }
  static void to_host(const tensor& x, std::span<Scalar> out) { std::copy_n(x.data(), x.elements(), out.data()); }
  static shape shape_of(const tensor& x) { return x.dims(); }
  static tensor full(const shape& dims, Scalar value) { return tensor(dims, value); }
  static void synchronize() {}
  static std::string name() { return std::same_as<Scalar, float> ? "reference, float" : "reference, double"; }
};

}  // namespace synthmed::reference

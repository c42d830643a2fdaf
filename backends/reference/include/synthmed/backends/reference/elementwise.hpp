// Elementwise family of the reference backend: equal shapes, one value at a time.
#pragma once

#include <cmath>
#include <cstdint>

#include <synthmed/backends/reference/dense.hpp>

namespace synthmed::reference {

template <class Scalar>
struct elementwise {
  using tensor = dense<Scalar>;

  static tensor add(const tensor& x, const tensor& y) {
    return zip(x, y, [](Scalar a, Scalar b) { return a + b; });
  }
  static tensor sub(const tensor& x, const tensor& y) {
    return zip(x, y, [](Scalar a, Scalar b) { return a - b; });
  }
  static tensor mul(const tensor& x, const tensor& y) {
    return zip(x, y, [](Scalar a, Scalar b) { return a * b; });
  }
  static tensor div(const tensor& x, const tensor& y) {
    return zip(x, y, [](Scalar a, Scalar b) { return a / b; });
  }
  static tensor add_scalar(const tensor& x, Scalar s) {
    return map(x, [s](Scalar a) { return a + s; });
  }
  static tensor mul_scalar(const tensor& x, Scalar s) {
    return map(x, [s](Scalar a) { return a * s; });
  }
  static tensor exp(const tensor& x) {
    return map(x, [](Scalar a) { return std::exp(a); });
  }
  static tensor log(const tensor& x) {
    return map(x, [](Scalar a) { return std::log(a); });
  }
  static tensor sqrt(const tensor& x) {
    return map(x, [](Scalar a) { return std::sqrt(a); });
  }
  static tensor tanh(const tensor& x) {
    return map(x, [](Scalar a) { return std::tanh(a); });
  }
  static tensor sigmoid(const tensor& x) {
    // Each side of zero has a form that neither overflows nor cancels.
    return map(x, [](Scalar a) { return a >= 0 ? 1 / (1 + std::exp(-a)) : std::exp(a) / (1 + std::exp(a)); });
  }
  static tensor abs(const tensor& x) {
    return map(x, [](Scalar a) { return std::abs(a); });
  }
  static tensor sign(const tensor& x) {
    return map(x, [](Scalar a) { return a > 0 ? Scalar(1) : a < 0 ? Scalar(-1) : a; });
  }
  static tensor leaky_mask(const tensor& x, Scalar slope) {
    return map(x, [slope](Scalar a) { return a > 0 ? Scalar(1) : slope; });
  }
  static tensor greater(const tensor& x, const tensor& y) {
    return zip(x, y, [](Scalar a, Scalar b) { return a > b ? Scalar(1) : Scalar(0); });
  }
  static tensor select(const tensor& mask, const tensor& yes, const tensor& no) {
    return generate<Scalar>(mask.dims(), [m = mask.data(), y = yes.data(), n = no.data()](std::int64_t i) {
      return m[i] != 0 ? y[i] : n[i];
    });
  }

 private:
  template <class F>
  static tensor map(const tensor& x, F f) {
    return generate<Scalar>(x.dims(), [from = x.data(), f](std::int64_t i) { return f(from[i]); });
  }
  template <class F>
  static tensor zip(const tensor& x, const tensor& y, F f) {
    return generate<Scalar>(x.dims(), [a = x.data(), b = y.data(), f](std::int64_t i) { return f(a[i], b[i]); });
  }
};

}  // namespace synthmed::reference

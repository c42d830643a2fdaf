// Elementwise family: whole registers over memory in whatever layout the first operand has.
#pragma once

#include <cstdint>

#include <synthmed/backends/xtensor/copy.hpp>
#include <synthmed/backends/xtensor/simd.hpp>

namespace synthmed::xtensor {

/// The layout that an elementwise result takes: the first operand's, unless that one reads the same in both.
[[nodiscard]] inline layout common_layout(const tensor& x, const tensor& y) {
  return x.order() != y.order() && x.either_layout() ? y.order() : x.order();
}

struct elementwise {
  static tensor add(const tensor& x, const tensor& y) {
    return zip(x, y, [](pack a, pack b) { return a + b; });
  }
  static tensor sub(const tensor& x, const tensor& y) {
    return zip(x, y, [](pack a, pack b) { return a - b; });
  }
  static tensor mul(const tensor& x, const tensor& y) {
    return zip(x, y, [](pack a, pack b) { return a * b; });
  }
  static tensor div(const tensor& x, const tensor& y) {
    return zip(x, y, [](pack a, pack b) { return a / b; });
  }
  static tensor add_scalar(const tensor& x, float s) {
    return each(x, [s](pack a) { return a + pack(s); });
  }
  static tensor mul_scalar(const tensor& x, float s) {
    return each(x, [s](pack a) { return a * pack(s); });
  }
  static tensor exp(const tensor& x) {
    return each(x, [](pack a) { return xsimd::exp(a); });
  }
  static tensor log(const tensor& x) {
    return each(x, [](pack a) { return xsimd::log(a); });
  }
  static tensor sqrt(const tensor& x) {
    return each(x, [](pack a) { return xsimd::sqrt(a); });
  }
  static tensor tanh(const tensor& x) {
    return each(x, [](pack a) { return xsimd::tanh(a); });
  }
  static tensor sigmoid(const tensor& x) {
    return each(x, [](pack a) { return pack(1.0f) / (pack(1.0f) + xsimd::exp(-a)); });
  }
  static tensor abs(const tensor& x) {
    return each(x, [](pack a) { return xsimd::abs(a); });
  }
  static tensor sign(const tensor& x) {
    return each(x, [](pack a) {
      return xsimd::select(a > pack(0.0f), pack(1.0f), xsimd::select(a < pack(0.0f), pack(-1.0f), a));
    });
  }
  static tensor leaky_mask(const tensor& x, float slope) {
    return each(x, [slope](pack a) { return xsimd::select(a > pack(0.0f), pack(1.0f), pack(slope)); });
  }
  static tensor greater(const tensor& x, const tensor& y) {
    return zip(x, y, [](pack a, pack b) { return xsimd::select(a > b, pack(1.0f), pack(0.0f)); });
  }
  static tensor select(const tensor& mask, const tensor& yes, const tensor& no) {
    const layout order = mask.order() != yes.order() ? common_layout(mask, yes) : common_layout(mask, no);
    const tensor m = in_layout(mask, order), a = in_layout(yes, order), b = in_layout(no, order);
    tensor result(mask.dims(), order);
    map(
        mask.elements(), result.fill(), [](pack x, pack y, pack z) { return xsimd::select(x != pack(0.0f), y, z); },
        m.data(), a.data(), b.data());
    return result;
  }

  /// x where x > 0, else slope x, for slopes in [0, 1].
  static tensor leaky_relu(const tensor& x, float slope) {
    return each(x, [slope](pack a) { return xsimd::select(a > pack(0.0f), a, pack(slope) * a); });
  }
  /// gradient * scale * leaky_mask(output, slope).
  static tensor leaky_relu_gradient(const tensor& gradient, const tensor& output, float scale, float slope) {
    return zip(gradient, output,
               [=](pack g, pack y) { return g * xsimd::select(y > pack(0.0f), pack(scale), pack(scale * slope)); });
  }

 private:
  template <class F>
  static tensor each(const tensor& x, F f) {
    tensor result(x.dims(), x.order());
    map(x.elements(), result.fill(), f, x.data());
    if (x.uniform()) result.set_uniform();
    return result;
  }
  template <class F>
  static tensor zip(const tensor& x, const tensor& y, F f) {
    const layout order = common_layout(x, y);
    const tensor a = in_layout(x, order), b = in_layout(y, order);
    tensor result(x.dims(), order);
    map(x.elements(), result.fill(), f, a.data(), b.data());
    if (x.uniform() && y.uniform()) result.set_uniform();
    return result;
  }
};

}  // namespace synthmed::xtensor

// Elementwise family of the torch backends.
#pragma once

#include <synthmed/backends/torch/library.hpp>

#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/where.h>

namespace synthmed::libtorch {

template <class Scalar, class Mode>
struct elementwise {
  using tensor = at::Tensor;

  static tensor add(const tensor& x, const tensor& y) {
    return Mode::run("add", [&] { return x.add(y); });
  }
  static tensor sub(const tensor& x, const tensor& y) {
    return Mode::run("sub", [&] { return x.sub(y); });
  }
  static tensor mul(const tensor& x, const tensor& y) {
    return Mode::run("mul", [&] { return x.mul(y); });
  }
  static tensor div(const tensor& x, const tensor& y) {
    return Mode::run("div", [&] { return x.div(y); });
  }
  static tensor add_scalar(const tensor& x, Scalar s) {
    return Mode::run("add_scalar", [&] { return x.add(s); });
  }
  static tensor mul_scalar(const tensor& x, Scalar s) {
    return Mode::run("mul_scalar", [&] { return x.mul(s); });
  }
  static tensor exp(const tensor& x) {
    return Mode::run("exp", [&] { return x.exp(); });
  }
  static tensor log(const tensor& x) {
    return Mode::run("log", [&] { return x.log(); });
  }
  static tensor sqrt(const tensor& x) {
    return Mode::run("sqrt", [&] { return x.sqrt(); });
  }
  static tensor tanh(const tensor& x) {
    return Mode::run("tanh", [&] { return x.tanh(); });
  }
  static tensor sigmoid(const tensor& x) {
    return Mode::run("sigmoid", [&] { return x.sigmoid(); });
  }
  static tensor abs(const tensor& x) {
    return Mode::run("abs", [&] { return x.abs(); });
  }
  static tensor sign(const tensor& x) {
    // at::sign gives 0 for NaN; a loss that has become NaN must not look finite.
    return Mode::run("sign", [&] { return at::where(x.ne(x), x, x.sign()); });
  }
  static tensor leaky_mask(const tensor& x, Scalar slope) {
    return Mode::run("leaky_mask", [&] {
      return at::where(x.gt(0), at::scalar_tensor(1, x.options()), at::scalar_tensor(slope, x.options()));
    });
  }
  static tensor greater(const tensor& x, const tensor& y) {
    return Mode::run("greater", [&] { return x.gt(y).to(scalar_type<Scalar>); });
  }
  static tensor select(const tensor& mask, const tensor& yes, const tensor& no) {
    return Mode::run("select", [&] { return at::where(mask.ne(0), yes, no); });
  }
};

}  // namespace synthmed::libtorch

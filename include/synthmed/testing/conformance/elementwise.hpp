// Conformance of the elementwise family.
#pragma once

#include <synthmed/testing/conformance/engine.hpp>
#include <synthmed/testing/conformance/storage.hpp>

namespace synthmed::conformance {

/// usual_shapes() and one that is large enough to be shared out among threads.
[[nodiscard]] inline std::vector<shape> elementwise_shapes() {
  auto shapes = usual_shapes();
  shapes.push_back({2, 24, 33, 31});
  return shapes;
}

template <backend B>
void elementwise_cases(case_list<B>& cases) {
  // Two operands whose second one stays away from zero, so that division is well-conditioned.
  const auto two = [&](std::string name, bool exact, auto call) {
    cases.add("elementwise/" + name, [=](checker<B>& check) {
      for (const shape& dims : elementwise_shapes()) {
        host_array y = noise(dims, 1);
        for (double& value : y.values) value += value < 0 ? -1.0 : 1.0;
        const std::vector<host_array> inputs = {noise(dims), round_to_float(y)};
        exact ? check.exact(name, inputs, call) : check.close(name, inputs, call);
      }
    });
  };
  two("add", false, []<class X>(on<X>, const tensors<X>& x) { return X::add(x[0], x[1]); });
  two("sub", false, []<class X>(on<X>, const tensors<X>& x) { return X::sub(x[0], x[1]); });
  two("mul", false, []<class X>(on<X>, const tensors<X>& x) { return X::mul(x[0], x[1]); });
  two("div", false, []<class X>(on<X>, const tensors<X>& x) { return X::div(x[0], x[1]); });
  two("greater", true, []<class X>(on<X>, const tensors<X>& x) { return X::greater(x[0], x[1]); });

  const auto one = [&](std::string name, bool exact, double low, double high, auto call) {
    cases.add("elementwise/" + name, [=](checker<B>& check) {
      for (const shape& dims : elementwise_shapes()) {
        const std::vector<host_array> inputs = {noise_within(dims, low, high)};
        exact ? check.exact(name, inputs, call) : check.close(name, inputs, call);
      }
    });
  };
  one("add_scalar", false, -3, 3,
      []<class X>(on<X>, const tensors<X>& x) { return X::add_scalar(x[0], typename X::scalar(0.75)); });
  one("mul_scalar", false, -3, 3,
      []<class X>(on<X>, const tensors<X>& x) { return X::mul_scalar(x[0], typename X::scalar(-1.75)); });
  one("exp", false, -20, 20, []<class X>(on<X>, const tensors<X>& x) { return X::exp(x[0]); });
  one("log", false, 1e-6, 50, []<class X>(on<X>, const tensors<X>& x) { return X::log(x[0]); });
  one("sqrt", false, 0, 50, []<class X>(on<X>, const tensors<X>& x) { return X::sqrt(x[0]); });
  one("tanh", false, -12, 12, []<class X>(on<X>, const tensors<X>& x) { return X::tanh(x[0]); });
  one("sigmoid", false, -30, 30, []<class X>(on<X>, const tensors<X>& x) { return X::sigmoid(x[0]); });
  one("abs", true, -3, 3, []<class X>(on<X>, const tensors<X>& x) { return X::abs(x[0]); });
  one("sign", true, -3, 3, []<class X>(on<X>, const tensors<X>& x) { return X::sign(x[0]); });
  one("leaky_mask", true, -3, 3,
      []<class X>(on<X>, const tensors<X>& x) { return X::leaky_mask(x[0], typename X::scalar(0.25)); });

  constexpr double infinite = std::numeric_limits<double>::infinity();
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();

  cases.add("elementwise/select", [](checker<B>& check) {
    for (const shape& dims : elementwise_shapes())
      check.exact("select", {noise_of_integers(dims, 3), noise(dims, 1), noise(dims, 2)},
                  []<class X>(on<X>, const tensors<X>& x) { return X::select(x[0], x[1], x[2]); });
  });
  // What was not chosen must not come through, as it would in mask * yes + (1 - mask) * no.
  cases.add("elementwise/select keeps NaN and infinity out", [=](checker<B>& check) {
    check.exact(
        "select",
        {{{6}, {0, 1, -2, 0.5, 0, 1}}, {{6}, {nan, 1, 2, 3, infinite, nan}}, {{6}, {4, nan, infinite, nan, 5, 6}}},
        []<class X>(on<X>, const tensors<X>& x) { return X::select(x[0], x[1], x[2]); });
  });
  cases.add("elementwise/at zero", [=](checker<B>& check) {
    const host_array kinks{{4}, {0.0, -0.0, 1e-30, -1e-30}};
    check.exact("leaky_mask", {kinks},
                []<class X>(on<X>, const tensors<X>& x) { return X::leaky_mask(x[0], typename X::scalar(0.25)); });
    check.exact("leaky_mask with slope 0", {kinks},
                []<class X>(on<X>, const tensors<X>& x) { return X::leaky_mask(x[0], 0); });
    check.exact("sign", {kinks}, []<class X>(on<X>, const tensors<X>& x) { return X::sign(x[0]); });
    check.exact("greater", {kinks, {{4}, {0.0, 0.0, 0.0, 0.0}}},
                []<class X>(on<X>, const tensors<X>& x) { return X::greater(x[0], x[1]); });
  });
  cases.add("elementwise/NaN and infinity stay visible", [=](checker<B>& check) {
    const host_array special{{3}, {nan, infinite, -infinite}};
    check.exact("sign", {special}, []<class X>(on<X>, const tensors<X>& x) { return X::sign(x[0]); });
    check.exact("abs", {special}, []<class X>(on<X>, const tensors<X>& x) { return X::abs(x[0]); });
    check.exact("exp", {special}, []<class X>(on<X>, const tensors<X>& x) { return X::exp(x[0]); });
    check.exact("tanh", {special}, []<class X>(on<X>, const tensors<X>& x) { return X::tanh(x[0]); });
    check.exact("sigmoid", {special}, []<class X>(on<X>, const tensors<X>& x) { return X::sigmoid(x[0]); });
    check.exact("log", {{{3}, {nan, 0, -1}}}, []<class X>(on<X>, const tensors<X>& x) { return X::log(x[0]); });
    check.exact("sqrt", {{{2}, {nan, -1}}}, []<class X>(on<X>, const tensors<X>& x) { return X::sqrt(x[0]); });
    check.exact("div", {{{3}, {1, 0, -1}}, {{3}, {0, 0, 0}}},
                []<class X>(on<X>, const tensors<X>& x) { return X::div(x[0], x[1]); });
  });
  // exp overflows in float long before sigmoid and tanh do.
  cases.add("elementwise/far from zero", [](checker<B>& check) {
    const host_array far{{6}, {-500, -100, -50, 50, 100, 500}};
    check.close("sigmoid", {far}, []<class X>(on<X>, const tensors<X>& x) { return X::sigmoid(x[0]); });
    check.close("tanh", {far}, []<class X>(on<X>, const tensors<X>& x) { return X::tanh(x[0]); });
  });
  cases.add("elementwise/one tensor as both operands", [](checker<B>& check) {
    check.exact("sub(x, x)", {noise({2, 16, 3, 3})},
                []<class X>(on<X>, const tensors<X>& x) { return X::sub(x[0], x[0]); });
    check.close("mul(x, x)", {noise({2, 16, 3, 3})},
                []<class X>(on<X>, const tensors<X>& x) { return X::mul(x[0], x[0]); });
  });
}

}  // namespace synthmed::conformance

// The code of docs/concepts/differentiable_backend.md, and autodiff<B> held against the conformance suite of backends.
#include <iostream>

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>
#include <synthmed/ops/ops.hpp>
#include <synthmed/testing/conformance.hpp>
#include <synthmed/testing/gradcheck.hpp>

#include <support/catch.hpp>

using B = synthmed::reference_backend<double>;
using D = synthmed::autodiff<B>;

TEST_CASE("the page's derivatives") {
  const auto x = D::parameter(D::full({}, 3));
  const auto y = D::mul(x, D::mul(x, x));
  const auto first = D::grad(y, {x}, {.create_graph = true})[0];  // 27
  const auto second = D::grad(first, {x})[0];                     // 18
  CHECK(synthmed::ops::item<D>(first) == 27);
  CHECK(synthmed::ops::item<D>(second) == 18);
}

namespace {

auto softsign(const D::tensor& x) {
  const auto below = B::add_scalar(B::abs(x.value()), 1);
  return D::operation(B::div(x.value(), below), {&x}, [x](auto& step) {
    step.give(0, [&] {
      const auto d = D::add_scalar(D::abs(x), 1);
      return D::div(step.gradient(), D::mul(d, d));
    });
  });
}

}  // namespace

TEST_CASE("the page's own operation has derivatives of any order") {
  const synthmed::testing::computation<D> f = [](const auto& x) { return softsign(x[0]); };
  const std::vector<synthmed::testing::host_tensor> at{{{3}, {-1.5, 0.25, 2}}};
  CHECK(synthmed::testing::gradcheck<D>(f, at) < 1e-8);
  CHECK(synthmed::testing::gradgradcheck<D>(f, at) < 1e-7);
}

TEST_CASE("autodiff<B> conforms as a backend") {
  CHECK(synthmed::conformance::main<synthmed::autodiff<synthmed::reference_backend<float>>>(std::cout) == 0);
}

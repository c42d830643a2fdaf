// Every rule against central differences, first and second order, and the laws of differentiable_backend.
#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>
#include <synthmed/core/explain.hpp>
#include <synthmed/testing/differentiable_laws.hpp>

#include <support/catch.hpp>

using namespace synthmed;
using B = reference_backend<double>;
using D = autodiff<B>;

static_assert(explain<D>());
static_assert(differentiable_backend<D>);
static_assert(backend<autodiff<D>>);

TEST_CASE("every rule equals central differences, and so does its derivative") {
  testing::for_each_differentiation_case(
      [](const std::string& name, const std::vector<testing::host_tensor>& inputs, auto f) {
        INFO(name);
        const testing::computation<D> compute = [&](const auto& x) { return f(std::type_identity<D>{}, x); };
        CHECK(testing::gradcheck<D>(compute, inputs) < 2e-8);
        CHECK(testing::gradgradcheck<D>(compute, inputs) < 1e-7);
      });
}

TEST_CASE("gradcheck finds a wrong rule") {
  const testing::computation<D> wrong = [](const auto& x) {
    return D::operation(B::exp(x[0].value()), {&x[0]},
                        [](auto& step) { step.give(0, [&] { return D::mul_scalar(step.gradient(), 1.01); }); });
  };
  CHECK(testing::gradcheck<D>(wrong, {testing::normal_input("a", {3})}) > 1e-3);
  // Right values, but the derivative's own history is cut.
  const testing::computation<D> cut = [](const auto& x) {
    return D::operation(B::exp(x[0].value()), {&x[0]}, [kept = D::detach(x[0])](auto& step) {
      step.give(0, [&] { return D::mul(step.gradient(), D::exp(kept)); });
    });
  };
  CHECK(testing::gradcheck<D>(cut, {testing::normal_input("a", {3})}) < 1e-8);
  CHECK(testing::gradgradcheck<D>(cut, {testing::normal_input("a", {3})}) > 1e-2);
}

TEST_CASE("the laws of differentiable_backend hold") {
  CHECK(testing::broken_differentiable_laws<D>(1e-11) == std::vector<std::string>{});
  CHECK(testing::broken_differentiable_laws<autodiff<reference_backend<float>>>(1e-4) == std::vector<std::string>{});
}

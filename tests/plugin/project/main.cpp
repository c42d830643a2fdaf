// Is tiny_backend a backend? The conformance suite says so, case by case; then a gradient, from autodiff<tiny_backend>.
#include <iostream>
#include <vector>

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/ops/ops.hpp>
#include <synthmed/testing/conformance.hpp>

#include "tiny_backend.hpp"

int main() {
  const int status = synthmed::conformance::main<mine::tiny_backend>(std::cout);  // 0 when every case passed, else 1

  using D = synthmed::autodiff<mine::tiny_backend>;
  namespace ops = synthmed::ops;
  const auto x = D::parameter(D::full({3}, 2));
  const auto cubes = ops::sum<D>(D::mul(x, D::mul(x, x)));
  const auto slope = D::grad(cubes, std::vector{x}, {.create_graph = true})[0];  // 3 x^2
  const auto curvature = D::grad(ops::sum<D>(slope), std::vector{x}, {})[0];     // 6 x
  std::cout << "d2/dx2 of x^3 at 2: " << ops::to_host<D>(curvature)[0] << '\n';
  return status;
}

// The laws of differentiable_backend, as a function that returns what is broken. Any test framework can use it.
#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include <synthmed/core/differentiable.hpp>
#include <synthmed/testing/differentiation_cases.hpp>

namespace synthmed::testing {

/// Every broken law as a sentence; empty when D keeps them all on every differentiation case. `tolerance` is relative
/// to max(1, |value|): about 1e-12 for double, 1e-5 for float.
template <differentiable_backend D>
[[nodiscard]] std::vector<std::string> broken_differentiable_laws(double tolerance) {
  using tensor = typename D::tensor;
  std::vector<std::string> broken;
  const auto values = [](const tensor& x) { return to_host_tensor<D>(x).values; };
  const auto far = [&](const tensor& a, const tensor& b) {
    return !(worst_difference(values(a), values(b)) <= tolerance);
  };
  const auto law = [&](bool holds, const auto&... pieces) {
    if (!holds) broken.push_back(sentence(pieces...));
  };

  for_each_differentiation_case([&](const std::string& name, const std::vector<host_tensor>& inputs, auto f) {
    const auto compute = [&](const std::vector<tensor>& x) { return f(std::type_identity<D>{}, x); };
    const auto x = detail::parameters_from<D>(inputs);
    const tensor y = compute(x);
    const tensor loss = ops::sum<D>(D::mul(y, ops::normal<D>(key(3), D::shape_of(y))));
    const auto gradients = D::grad(loss, x, grad_options{});
    law(gradients.size() == x.size(), name, ": grad gives as many tensors as it was asked for.");
    const auto again = D::grad(loss, x, grad_options{});
    const auto scaled = D::grad(D::add(D::mul_scalar(loss, 3), loss), x, grad_options{});
    const auto graph = D::grad(loss, x, grad_options{.create_graph = true});
    for (std::size_t i = 0; i < x.size(); ++i) {
      law(D::shape_of(gradients[i]) == D::shape_of(x[i]), name, ": a gradient has its input's shape.");
      law(values(gradients[i]) == values(again[i]), name, ": the same gradient twice has the same bytes.");
      law(!D::requires_grad(gradients[i]), name, ": a gradient without create_graph has no history.");
      law(!far(scaled[i], D::mul_scalar(gradients[i], 4)), name, ": grad is linear in y.");
      law(!far(graph[i], gradients[i]), name, ": grad with create_graph has the values of grad.");
    }
    {
      const typename D::no_grad quiet;
      const tensor silent = compute(x);
      law(!D::requires_grad(silent), name, ": nothing is recorded in a no_grad scope.");
      law(values(silent) == values(y), name, ": values are the same with and without recording.");
    }
  });

  const tensor p = D::parameter(ops::normal<D>(key(5), {3, 2}));
  law(D::requires_grad(p), "A parameter requires gradients.");
  law(!D::requires_grad(D::constant(p)) && !D::requires_grad(D::detach(p)), "A constant has no history.");
  const tensor cut = ops::sum<D>(D::mul(D::detach(D::exp(p)), D::detach(p)));
  law(values(D::grad(cut, std::vector<tensor>{p}, grad_options{})[0]) == std::vector<double>(6, 0.0),
      "The gradient of a detached tensor is zero.");
  const tensor other = D::parameter(ops::normal<D>(key(6), {4}));
  const auto zeros = D::grad(ops::sum<D>(p), std::vector<tensor>{other}, grad_options{});
  law(D::shape_of(zeros[0]) == shape{4} && values(zeros[0]) == std::vector<double>(4, 0.0),
      "The gradient by a tensor that y does not depend on is zeros of that tensor's shape.");
  return broken;
}

}  // namespace synthmed::testing

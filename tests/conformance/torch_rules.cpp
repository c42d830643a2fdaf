// Every rule of autodiff<torch_backend> against LibTorch's own autograd, first and second order: two independent
// derivations of the same derivatives.
#include <synthmed/backends/torch.hpp>

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/testing/differentiable_laws.hpp>

#include <support/catch.hpp>

#include <span>
#include <string>
#include <type_traits>
#include <vector>

using namespace synthmed;
using testing::host_tensor;

namespace {

/// A fixed random direction of a tensor's shape: <direction, x> has every element of x in its gradient.
template <class D>
typename D::tensor along(const typename D::tensor& x, const std::string& name) {
  return ops::sum<D>(D::mul(x, testing::to_tensor<D>(testing::normal_input(name, D::shape_of(x)))));
}

/// d <r, f> / d inputs, and d (sum_i <s_i, that_i>) / d inputs.
template <class D, class F>
std::pair<std::vector<host_tensor>, std::vector<host_tensor>> derivatives(const std::vector<host_tensor>& inputs, F f) {
  std::vector<typename D::tensor> x;
  for (const auto& input : inputs) x.push_back(D::parameter(testing::to_tensor<D>(input)));
  const auto first = D::grad(along<D>(f(std::type_identity<D>{}, x), "first"), x, grad_options{.create_graph = true});
  auto total = D::full({}, 0);
  for (std::size_t i = 0; i < first.size(); ++i)
    total = D::add(total, D::reshape(along<D>(first[i], "second " + std::to_string(i)), {}));
  const auto second = D::grad(total, x, grad_options{});
  std::pair<std::vector<host_tensor>, std::vector<host_tensor>> found;
  for (const auto& gradient : first) found.first.push_back(testing::to_host_tensor<D>(gradient));
  for (const auto& gradient : second) found.second.push_back(testing::to_host_tensor<D>(gradient));
  return found;
}

}  // namespace

TEST_CASE("every rule gives the derivatives of LibTorch's autograd") {
  int cases = 0;
  testing::for_each_differentiation_case([&](const std::string& name, const std::vector<host_tensor>& inputs, auto f) {
    INFO(name);
    ++cases;
    const auto ours = derivatives<autodiff<torch_backend<double>>>(inputs, f);
    const auto theirs = derivatives<torch_autograd_backend<double>>(inputs, f);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      INFO("input " << i);
      CHECK(ours.first[i].dims == theirs.first[i].dims);
      CHECK(testing::worst_difference(ours.first[i].values, theirs.first[i].values) < 1e-11);
      CHECK(testing::worst_difference(ours.second[i].values, theirs.second[i].values) < 1e-11);
    }
  });
  CHECK(cases > 40);
}

TEST_CASE("the laws of differentiable_backend hold on LibTorch") {
  CHECK(testing::broken_differentiable_laws<autodiff<torch_backend<double>>>(1e-11) == std::vector<std::string>{});
  CHECK(testing::broken_differentiable_laws<torch_autograd_backend<double>>(1e-11) == std::vector<std::string>{});
  CHECK(testing::broken_differentiable_laws<torch_autograd_backend<float>>(1e-4) == std::vector<std::string>{});
}

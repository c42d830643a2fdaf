// Gradients against central differences, first and second order. Meant for double.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include <synthmed/core/differentiable.hpp>
#include <synthmed/ops/elementwise.hpp>
#include <synthmed/ops/reduce.hpp>
#include <synthmed/ops/storage.hpp>
#include <synthmed/random/key.hpp>

namespace synthmed::testing {

/// A differentiable computation: tensors to one tensor of any shape.
template <differentiable_backend D>
using computation = std::function<typename D::tensor(const std::vector<typename D::tensor>&)>;

/// Values on the host with their shape.
struct host_tensor {
  shape dims;
  std::vector<double> values;
};

template <backend B>
[[nodiscard]] typename B::tensor to_tensor(const host_tensor& x) {
  return B::from_host(x.dims, std::vector<typename B::scalar>(x.values.begin(), x.values.end()));
}
template <backend B>
[[nodiscard]] host_tensor to_host_tensor(const typename B::tensor& x) {
  const auto values = ops::to_host<B>(x);
  return {B::shape_of(x), std::vector<double>(values.begin(), values.end())};
}

/// The largest |a - b| / max(1, |a|, |b|).
[[nodiscard]] inline double worst_difference(std::span<const double> a, std::span<const double> b) {
  if (a.size() != b.size()) return INFINITY;
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double apart = std::abs(a[i] - b[i]) / std::max({1.0, std::abs(a[i]), std::abs(b[i])});
    worst = apart <= worst ? worst : std::isnan(apart) ? INFINITY : apart;
  }
  return worst;
}

namespace detail {

template <differentiable_backend D>
[[nodiscard]] std::vector<typename D::tensor> parameters_from(std::span<const host_tensor> inputs) {
  std::vector<typename D::tensor> out;
  for (const auto& input : inputs) out.push_back(D::parameter(to_tensor<D>(input)));
  return out;
}

/// Central differences of a scalar function of host tensors.
template <class F>
[[nodiscard]] std::vector<std::vector<double>> central_differences(F&& value, std::vector<host_tensor> at,
                                                                   double step) {
  std::vector<std::vector<double>> out;
  for (std::size_t which = 0; which < at.size(); ++which) {
    out.emplace_back();
    for (std::size_t i = 0; i < at[which].values.size(); ++i) {
      const double middle = at[which].values[i];
      at[which].values[i] = middle + step;
      const double up = value(at);
      at[which].values[i] = middle - step;
      const double down = value(at);
      at[which].values[i] = middle;
      out.back().push_back((up - down) / (2 * step));
    }
  }
  return out;
}

template <differentiable_backend D>
[[nodiscard]] double worst_against(const std::vector<typename D::tensor>& gradients,
                                   const std::vector<std::vector<double>>& differences) {
  double worst = 0;
  for (std::size_t i = 0; i < gradients.size(); ++i)
    worst = std::max(worst, worst_difference(to_host_tensor<D>(gradients[i]).values, differences[i]));
  return worst;
}

/// sum(f(x) * direction), a number; the last of x is the direction.
template <differentiable_backend D>
[[nodiscard]] typename D::tensor projected(const computation<D>& f, const std::vector<typename D::tensor>& x) {
  const std::vector<typename D::tensor> own(x.begin(), x.end() - 1);
  return ops::sum<D>(D::mul(f(own), x.back()));
}

/// The inputs with a random direction of the result's shape behind them.
template <differentiable_backend D>
[[nodiscard]] std::vector<host_tensor> with_direction(const computation<D>& f, std::vector<host_tensor> inputs) {
  const shape result = D::shape_of(f(parameters_from<D>(inputs)));
  inputs.push_back(to_host_tensor<D>(ops::normal<D>(key(7).fold("direction"), result)));
  return inputs;
}

}  // namespace detail

/// The worst difference, relative to max(1, |gradient|), between grad() of sum(f(inputs) * random direction) and its
/// central differences, over every element of every input (and of the direction).
template <differentiable_backend D>
[[nodiscard]] double gradcheck(const computation<D>& f, const std::vector<host_tensor>& inputs, double step = 1e-6) {
  const auto at = detail::with_direction<D>(f, inputs);
  const auto x = detail::parameters_from<D>(at);
  const auto gradients = D::grad(detail::projected<D>(f, x), x, grad_options{});
  const auto value = [&](const std::vector<host_tensor>& host) {
    return static_cast<double>(ops::item<D>(detail::projected<D>(f, detail::parameters_from<D>(host))));
  };
  return detail::worst_against<D>(gradients, detail::central_differences(value, at, step));
}

/// The same for the gradient of the gradient: the derivatives of sum over inputs of sum(gradient * random weights), by
/// the inputs and by the direction.
template <differentiable_backend D>
[[nodiscard]] double gradgradcheck(const computation<D>& f, const std::vector<host_tensor>& inputs,
                                   double step = 1e-6) {
  const auto at = detail::with_direction<D>(f, inputs);
  const auto weighted = [&](const std::vector<typename D::tensor>& x, bool create_graph) {
    const auto gradients = D::grad(detail::projected<D>(f, x), x, grad_options{.create_graph = create_graph});
    typename D::tensor total = D::full({}, 0);
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      const auto weights = ops::normal<D>(key(11).fold(i), D::shape_of(gradients[i]));
      total = D::add(total, ops::sum<D>(D::mul(gradients[i], weights)));
    }
    return total;
  };
  const auto x = detail::parameters_from<D>(at);
  const auto second = D::grad(weighted(x, true), x, grad_options{});
  const auto value = [&](const std::vector<host_tensor>& host) {
    return static_cast<double>(ops::item<D>(weighted(detail::parameters_from<D>(host), false)));
  };
  return detail::worst_against<D>(second, detail::central_differences(value, at, step));
}

}  // namespace synthmed::testing

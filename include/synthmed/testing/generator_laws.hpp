// The laws of generators, as a function that returns what is broken. Any test framework can use it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <synthmed/core/differentiable.hpp>
#include <synthmed/models/generator.hpp>
#include <synthmed/nn/parameters.hpp>
#include <synthmed/ops/ops.hpp>
#include <synthmed/testing/gradcheck.hpp>

namespace synthmed::testing {

namespace detail {

/// Whether two trees hold the same bytes.
template <differentiable_backend D, class Tree>
[[nodiscard]] bool same_values(const Tree& a, const Tree& b) {
  const auto x = nn::tensors(a), y = nn::tensors(b);
  bool equal = x.size() == y.size();
  for (std::size_t i = 0; equal && i < x.size(); ++i) equal = ops::to_host<D>(x[i]) == ops::to_host<D>(y[i]);
  return equal;
}

/// What is wrong with a network's init, as sentences: the same for generators and discriminators.
template <differentiable_backend D, class Net>
void check_init(const Net& net, std::vector<std::string>& broken) {
  const auto p = net.template init<D>(key(17));
  if (nn::size(p) == 0) broken.push_back("The network has parameters.");
  if (!same_values<D>(p, net.template init<D>(key(17)))) broken.push_back("init gives the same values for the same key.");
  if (same_values<D>(p, net.template init<D>(key(18)))) broken.push_back("init gives other values for another key.");
  nn::for_each_parameter(p, [&](const std::string& name, const auto& x) {
    if (!D::requires_grad(x)) broken.push_back(sentence("Parameter ", name, " requires gradients."));
  });
}

/// How far apart numbers may lie that were computed in another order.
template <differentiable_backend D>
inline constexpr double order_tolerance = sizeof(typename D::scalar) == 8 ? 1e-10 : 1e-4;

}  // namespace detail

/// Every broken law of a generator as a sentence, tried with batches of n on D.
template <differentiable_backend D, models::generator G>
  requires models::generator_on<G, D>
[[nodiscard]] std::vector<std::string> broken_generator_laws(const G& g = {}, std::int64_t n = 3) {
  std::vector<std::string> broken;
  const auto law = [&](bool holds, const auto&... pieces) {
    if (!holds) broken.push_back(sentence(pieces...));
  };
  detail::check_init<D>(g, broken);
  const auto p = g.template init<D>(key(17));
  const auto z = ops::normal<D>(key(19), {n, G::latent});
  const auto x = g.template apply<D>(p, z);
  const shape dims = D::shape_of(x);
  law(dims.rank() == 4 && dims[0] == n && dims[1] == G::image_channels, "Pictures are [", n, ", ", G::image_channels,
      ", h, w], got ", dims, ".");
  if (!broken.empty()) return broken;
  law(D::requires_grad(x), "Pictures can be differentiated by the parameters.");
  law(ops::to_host<D>(x) == ops::to_host<D>(g.template apply<D>(p, z)), "The same latents give the same bytes.");
  const auto first = testing::to_host_tensor<D>(g.template apply<D>(p, ops::slice<D>(z, 0, 0, 1)));
  const auto of_batch = testing::to_host_tensor<D>(ops::slice<D>(x, 0, 0, 1));
  law(worst_difference(first.values, of_batch.values) < detail::order_tolerance<D>,
      "A picture depends on its own latents, not on the others of its batch.");
  const auto other = testing::to_host_tensor<D>(ops::slice<D>(x, 0, 1, 2));
  law(worst_difference(of_batch.values, other.values) > 0, "Other latents give another picture.");
  try {
    (void)g.template apply<D>(p, ops::normal<D>(key(19), {n, G::latent + 1}));
    broken.push_back(sentence("Latents of another length than ", G::latent, " throw shape_error."));
  } catch (const shape_error&) {
  }
  return broken;
}

}  // namespace synthmed::testing

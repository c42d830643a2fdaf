// The laws of discriminators, as a function that returns what is broken. Any test framework can use it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <synthmed/models/discriminator.hpp>
#include <synthmed/testing/generator_laws.hpp>

namespace synthmed::testing {

/// Every broken law of a discriminator as a sentence, tried on n pictures of h x w px on D. The second order, which a
/// gradient penalty needs, is compared with central differences for one number of every parameter: give D double.
template <differentiable_backend D, models::discriminator C>
  requires models::discriminator_on<C, D>
[[nodiscard]] std::vector<std::string> broken_discriminator_laws(const C& c, std::int64_t h, std::int64_t w,
                                                                 std::int64_t n = 3) {
  using tensor = typename D::tensor;
  std::vector<std::string> broken;
  const auto law = [&](bool holds, const auto&... pieces) {
    if (!holds) broken.push_back(sentence(pieces...));
  };
  detail::check_init<D>(c, broken);
  const auto p = c.template init<D>(key(17));
  const auto x = D::parameter(ops::normal<D>(key(19), {n, C::image_channels, h, w}));
  const auto scores = c.template apply<D>(p, x);
  law(D::shape_of(scores) == shape{n, 1}, "Scores are [", n, ", 1], got ", D::shape_of(scores), ".");
  if (!broken.empty()) return broken;
  law(ops::to_host<D>(scores) == ops::to_host<D>(c.template apply<D>(p, x)), "The same pictures give the same bytes.");
  const auto slope = D::grad(ops::sum<D>(scores), std::vector<tensor>{x}, grad_options{});
  law(ops::item<D>(ops::sum<D>(ops::square<D>(slope[0]))) > 0, "Scores can be differentiated by the pictures.");
  try {
    (void)c.template apply<D>(p, ops::normal<D>(key(19), {n, C::image_channels + 1, h, w}));
    broken.push_back(sentence("Pictures with other than ", C::image_channels, " channels throw shape_error."));
  } catch (const shape_error&) {
  }
  if constexpr (sizeof(typename D::scalar) == 8) {
    const auto steepness = [&](const auto& weights) {
      const auto at = D::parameter(D::detach(x));
      const auto by = D::grad(ops::sum<D>(c.template apply<D>(weights, at)), std::vector<tensor>{at},
                              grad_options{.create_graph = true});
      return ops::sum<D>(ops::square<D>(by[0]));
    };
    const auto gradients = D::grad(steepness(p), nn::tensors(p), grad_options{});
    constexpr double step = 1e-6;
    const auto names = nn::names(p);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto moved = [&](double by) {
        auto values = nn::tensors(p);
        auto host = ops::to_host<D>(values[i]);
        host[host.size() / 2] += by;
        values[i] = D::parameter(D::from_host(D::shape_of(values[i]), host));
        auto tree = p;
        nn::assign(tree, values);
        return ops::item<D>(steepness(tree));
      };
      const double expected = (moved(step) - moved(-step)) / (2 * step);
      const auto host = ops::to_host<D>(gradients[i]);
      const double got = host[host.size() / 2];
      law(std::abs(got - expected) <= 1e-4 * std::max(1.0, std::abs(expected)),
          "The gradient of the squared slope by ", names[i], " is ", expected, " by differences, got ", got, ".");
    }
  }
  return broken;
}

}  // namespace synthmed::testing

// The laws of differentiable augmentations, as a function that returns what is broken. Any test framework can use it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <synthmed/ops/ops.hpp>
#include <synthmed/testing/gradcheck.hpp>
#include <synthmed/train/augmentation.hpp>

namespace synthmed::testing {

/// Every broken law of an augmentation as a sentence, tried on small pictures with several keys. Give D double.
template <differentiable_backend D, train::augmentation A>
  requires train::augmentation_on<A, D>
[[nodiscard]] std::vector<std::string> broken_augmentation_laws(const A& a, std::int64_t side = 8, std::int64_t channels = 1) {
  using tensor = typename D::tensor;
  std::vector<std::string> broken;
  const auto law = [&](bool holds, const auto&... pieces) {
    if (!holds) broken.push_back(sentence(pieces...));
  };
  const shape dims{3, channels, side, side};
  const auto x = ops::normal<D>(key(1), dims);
  const auto before = ops::to_host<D>(x);
  bool changed = false, differs = false;
  std::vector<typename D::scalar> first;
  for (const std::uint64_t seed : {1u, 2u, 3u, 4u}) {
    const auto y = a.template apply<D>(x, key(seed));
    law(D::shape_of(y) == dims, "The shape ", dims, " stays, got ", D::shape_of(y), ".");
    const auto values = ops::to_host<D>(y);
    law(values == ops::to_host<D>(a.template apply<D>(x, key(seed))), "The same key gives the same bytes.");
    changed = changed || values != before;
    if (first.empty())
      first = values;
    else
      differs = differs || values != first;
    if (seed > 2 || !broken.empty()) continue;
    const computation<D> f = [&](const std::vector<tensor>& in) { return a.template apply<D>(in[0], key(seed)); };
    const double worst = gradcheck<D>(f, {to_host_tensor<D>(x)});
    law(worst < 1e-6, "Its gradient differs from central differences by ", worst, ".");
  }
  law(!changed || differs, "Another key gives another result.");
  law(ops::to_host<D>(x) == before, "What was given stays as it was.");
  return broken;
}

}  // namespace synthmed::testing

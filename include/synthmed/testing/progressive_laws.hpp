// The laws of networks that grow, as a function that returns what is broken. Any test framework can use it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <synthmed/models/progressive.hpp>
#include <synthmed/testing/generator_laws.hpp>

namespace synthmed::testing {

/// Every broken law of a progressive network as a sentence, tried at all its stages with batches of n on D; beside those
/// of a generator or discriminator, which have their own checks.
template <differentiable_backend D, models::progressive M>
  requires models::progressive_on<M, D>
[[nodiscard]] std::vector<std::string> broken_progressive_laws(const M& m = {}, std::int64_t n = 4) {
  using tensor = typename D::tensor;
  std::vector<std::string> broken;
  const auto law = [&](bool holds, const auto&... pieces) {
    if (!holds) broken.push_back(sentence(pieces...));
  };
  const auto last = static_cast<std::int64_t>(M::stages) - 1;
  const auto input = [&](std::int64_t stage) {
    if constexpr (models::generator<M>)
      return ops::normal<D>(key(19), {n, M::latent});
    else
      return ops::normal<D>(key(19), {n, M::image_channels, M::resolution(stage), M::resolution(stage)});
  };
  const auto result = [&](const auto& p, const models::grown& at) { return m.template apply<D>(p, input(at.stage), at); };
  const auto values = [&](const auto& p, const models::grown& at) { return to_host_tensor<D>(result(p, at)).values; };
  const auto p = m.template init<D>(key(17));

  for (std::int64_t stage = 0; stage <= last; ++stage) {
    law(stage == 0 || M::resolution(stage) == 2 * M::resolution(stage - 1), "Stage ", stage, " has ", M::resolution(stage),
        " px, not twice the stage below.");
    const shape dims = D::shape_of(result(p, {stage, 1}));
    if constexpr (models::generator<M>) {
      const std::int64_t r = M::resolution(stage);
      law(dims == shape{n, M::image_channels, r, r}, "Pictures of stage ", stage, " have ", r, " px, got ", dims, ".");
    } else {
      law(dims == shape{n, 1}, "Scores of stage ", stage, " are [", n, ", 1], got ", dims, ".");
    }
    const auto whole = values(p, {stage, 1});
    law(worst_difference(whole, values(p, {stage, 1 - 1e-6})) < 1e-3, "At stage ", stage, " the result jumps when the fade ends.");
    for (const double fade : {0.0, 0.5, 1.0}) {
      const models::grown at{stage, fade};
      auto changed = p;
      std::vector<const tensor*> used;
      for (const tensor* x : models::in_use<M>(std::as_const(changed), at)) used.push_back(x);
      nn::for_each_parameter(changed, [&](const std::string&, tensor& x) {
        if (std::find(used.begin(), used.end(), &x) == used.end())
          x = D::parameter(D::full(D::shape_of(x), std::numeric_limits<typename D::scalar>::quiet_NaN()));
      });
      law(values(changed, at) == values(p, at), "At stage ", stage, " and fade ", fade,
          " parameters change the result that are not in use.");
    }
  }
  law(ops::to_host<D>(m.template apply<D>(p, input(last))) == ops::to_host<D>(result(p, {last, 1})),
      "apply without a stage is the network fully grown.");
  const auto refused = [&](const models::grown& at, const char* what) {
    try {
      (void)m.template apply<D>(p, input(0), at);
      broken.push_back(sentence(what, " throws argument_error."));
    } catch (const argument_error&) {
    }
  };
  refused({-1, 1}, "Stage -1");
  refused({last + 1, 1}, "A stage above the last");
  refused({0, 1.5}, "A fade above 1");
  refused({0, std::numeric_limits<double>::quiet_NaN()}, "A fade that is no number");
  return broken;
}

}  // namespace synthmed::testing

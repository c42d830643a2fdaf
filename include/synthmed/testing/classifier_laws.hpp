// The laws of the classifier concept, as a function that returns what is broken. Any test framework can use it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <synthmed/core/differentiable.hpp>
#include <synthmed/models/classifier.hpp>
#include <synthmed/nn/parameters.hpp>
#include <synthmed/ops/ops.hpp>

namespace synthmed::testing {

/// Every broken law of a classifier as a sentence, tried on pictures of h x w on D.
template <differentiable_backend D, models::classifier M>
[[nodiscard]] std::vector<std::string> broken_classifier_laws(const M& net, std::int64_t h, std::int64_t w) {
  static_assert(models::explain_classifier_on<M, D>());
  using tensor = typename D::tensor;
  std::vector<std::string> broken;
  const auto law = [&](bool holds, const auto&... pieces) {
    if (!holds) broken.push_back(sentence(pieces...));
  };
  const auto same = [](const auto& a, const auto& b) {
    bool equal = nn::size(a) == nn::size(b);
    if (equal)
      nn::zip([&](const std::string&, const tensor& x,
                  const tensor& y) { equal = equal && ops::to_host<D>(x) == ops::to_host<D>(y); },
              a, b);
    return equal;
  };
  constexpr auto classes = static_cast<std::int64_t>(M::classes),
                 channels = static_cast<std::int64_t>(M::image_channels);
  law(classes >= 2 && channels >= 1 && M::feature_count >= 1,
      "A classifier has two classes, a channel and a feature at least.");

  const auto p = net.template init<D>(key(41));
  const auto b = net.template initial_buffers<D>();
  law(same(p, net.template init<D>(key(41))), "init gives the same values for the same key.");
  nn::for_each_parameter(p, [&](const std::string& name, const tensor& x) {
    law(D::requires_grad(x), "Parameter ", name, " requires gradients.");
  });

  const tensor x = ops::normal<D>(key(43), {4, channels, h, w});
  const auto evaluate = [&](const tensor& pictures) { return net.template apply<D>(p, b, pictures, nn::context{}); };
  const auto seen = evaluate(x);
  law(D::shape_of(seen.y) == shape{4, classes}, "Pictures ", D::shape_of(x), " give logits ", D::shape_of(seen.y),
      ", not [4, ", classes, "].");
  law(same(seen.buffers, b), "Evaluation leaves the buffers as they are.");
  law(ops::to_host<D>(seen.y) == ops::to_host<D>(evaluate(x).y), "Evaluation repeats its bytes.");
  if (!broken.empty()) return broken;

  const auto together = ops::to_host<D>(ops::slice<D>(seen.y, 0, 2, 3));
  const auto alone = ops::to_host<D>(evaluate(ops::slice<D>(x, 0, 2, 3)).y);
  double apart = 0;
  for (std::size_t i = 0; i < alone.size(); ++i)
    apart = std::max(apart, std::abs(static_cast<double>(together[i]) - static_cast<double>(alone[i])));
  law(apart < 1e-4, "In evaluation a picture's logits depend on its batch: they differ by ", apart, ".");

  const nn::context training{.mode = nn::mode::train, .key = key(47)};
  const auto first = net.template apply<D>(p, b, x, training), again = net.template apply<D>(p, b, x, training);
  law(ops::to_host<D>(first.y) == ops::to_host<D>(again.y) && same(first.buffers, again.buffers),
      "Training is a function of its arguments and the key.");
  law(D::shape_of(first.y) == shape{4, classes}, "Training gives logits of the same shape as evaluation.");
  nn::for_each_parameter(first.buffers, [&](const std::string& name, const tensor& value) {
    law(!D::requires_grad(value), "Buffer ", name, " has no gradient after training.");
  });

  try {
    (void)evaluate(ops::zeros<D>({1, channels + 1, h, w}));
    law(false, "Pictures of ", channels + 1, " channels are refused with a shape_error.");
  } catch (const shape_error&) {
  }
  if constexpr (requires { net.template features<D>(p, b, x); }) {
    const auto features = net.template features<D>(p, b, x);
    law(D::shape_of(features) == shape{4, M::feature_count}, "Features are ", D::shape_of(features), ", not [4, ",
        M::feature_count, "].");
  }
  return broken;
}

}  // namespace synthmed::testing

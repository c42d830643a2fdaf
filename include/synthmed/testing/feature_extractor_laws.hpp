// The laws of the feature extractor concept, as a function that returns what is broken. Any test framework can use it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/models/feature_extractor.hpp>
#include <synthmed/nn/parameters.hpp>
#include <synthmed/ops/ops.hpp>

namespace synthmed::testing {

/// Every broken law of a feature extractor as a sentence, tried on two pictures of h x w on B.
template <backend B, models::feature_extractor M>
[[nodiscard]] std::vector<std::string> broken_feature_extractor_laws(const M& net, std::int64_t h, std::int64_t w) {
  static_assert(models::explain_feature_extractor_on<M, B>());
  using tensor = typename B::tensor;
  std::vector<std::string> broken;
  const auto law = [&](bool holds, const auto&... pieces) {
    if (!holds) broken.push_back(sentence(pieces...));
  };
  constexpr auto count = static_cast<std::int64_t>(M::feature_count),
                 channels = static_cast<std::int64_t>(M::image_channels);
  law(count >= 1 && channels >= 1, "A feature extractor has a feature and a channel at least.");

  const auto p = net.template init<B>(key(31)), again = net.template init<B>(key(31));
  const auto b = net.template initial_buffers<B>();
  bool repeats = true;
  nn::zip([&](const std::string&, const tensor& x,
              const tensor& y) { repeats = repeats && ops::to_host<B>(x) == ops::to_host<B>(y); },
          p, again);
  law(repeats, "init gives the same values for the same key.");

  const tensor x = ops::normal<B>(key(37), {2, channels, h, w});
  const auto features = net.template features<B>(p, b, x);
  law(B::shape_of(features) == shape{2, count}, "Pictures ", B::shape_of(x), " give features ", B::shape_of(features),
      ", not [2, ", count, "].");
  if (!broken.empty()) return broken;
  const auto values = ops::to_host<B>(features);
  law(std::all_of(values.begin(), values.end(), [](auto v) { return std::isfinite(v); }), "Features are finite.");
  law(values == ops::to_host<B>(net.template features<B>(p, b, x)), "The same arguments give the same bytes.");

  const auto alone = ops::to_host<B>(net.template features<B>(p, b, ops::slice<B>(x, 0, 1, 2)));
  double apart = 0, largest = 0;
  for (std::size_t i = 0; i < alone.size(); ++i) {
    apart = std::max(apart, std::abs(static_cast<double>(values[alone.size() + i]) - static_cast<double>(alone[i])));
    largest = std::max(largest, std::abs(static_cast<double>(alone[i])));
  }
  const double tolerance = sizeof(typename B::scalar) == 4 ? 1e-4 : 1e-11;
  law(apart <= tolerance * largest, "A picture's features do not depend on its batch; they differ by ", apart, ".");

  bool refused = false;
  try {
    (void)net.template features<B>(p, b, ops::zeros<B>({1, channels + 1, h, w}));
  } catch (const shape_error&) {
    refused = true;
  }
  law(refused, "Another number of channels is refused with a shape_error.");
  return broken;
}

}  // namespace synthmed::testing

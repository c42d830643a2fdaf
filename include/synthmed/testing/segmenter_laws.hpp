// The laws of the segmenter concept, as a function that returns what is broken. Any test framework can use it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <synthmed/core/differentiable.hpp>
#include <synthmed/models/segment.hpp>
#include <synthmed/models/segmenter.hpp>
#include <synthmed/ops/ops.hpp>
#include <synthmed/testing/layer_laws.hpp>

namespace synthmed::testing {

/// Every broken law of a segmenter as a sentence, tried on pictures of one and two granularities on D. The laws of a
/// layer are checked too, gradients among them: give D double, and a network with few numbers.
template <differentiable_backend D, models::segmenter S>
[[nodiscard]] std::vector<std::string> broken_segmenter_laws(const S& net, bool check_gradients = true) {
  using tensor = typename D::tensor;
  constexpr std::int64_t g = S::granularity, c = S::image_channels;
  auto broken = broken_layer_laws<D>(net, {c, 2 * g, g}, 2, check_gradients);
  const auto law = [&](bool holds, const auto&... pieces) {
    if (!holds) broken.push_back(sentence(pieces...));
  };
  law(net.out({c, nn::dynamic, 4 * g}) == nn::chw{S::classes, nn::dynamic, 4 * g},
      "out() gives the classes and the picture's own height and width.");

  const auto p = nn::init<D>(net, key(29));
  const auto b = nn::initial_buffers<D>(net);
  const tensor x = ops::normal<D>(key(31), {3, c, g, 2 * g});
  const auto logits = nn::evaluate<D>(net, p, b, x);
  law(D::shape_of(logits) == shape{3, S::classes, g, 2 * g}, "Pictures ", D::shape_of(x), " give logits ",
      D::shape_of(logits), ".");
  const auto together = ops::to_host<D>(ops::slice<D>(logits, 0, 1, 2));
  const auto alone = ops::to_host<D>(nn::evaluate<D>(net, p, b, ops::slice<D>(x, 0, 1, 2)));
  double apart = 0;
  for (std::size_t i = 0; i < alone.size(); ++i)
    apart = std::max(apart, std::abs(static_cast<double>(together[i] - alone[i])));
  law(apart < 1e-5, "In evaluation a picture's logits depend on its batch: they differ by ", apart, ".");

  const auto refused = [&](const shape& dims) {
    try {
      (void)nn::evaluate<D>(net, p, b, ops::zeros<D>(dims));
      return false;
    } catch (const shape_error&) {
      return true;
    }
  };
  law(refused({1, c + 1, g, g}), "Pictures of ", c + 1, " channels are refused with a shape_error.");
  if (g > 1)
    law(refused({1, c, g + 1, g}) && refused({1, c, g, 2 * g - 1}), "Sizes that are no multiple of ", g,
        " are refused with a shape_error.");

  // A picture of any size comes back as a map of its size with probabilities.
  const std::int64_t h = g + 1, w = 2 * g + 3;
  std::vector<float> pixels(static_cast<std::size_t>(c * h * w), 0.5f);
  const auto map = models::segment_whole<D>(net, p, b, {pixels, h, w, c});
  law(map.size() == static_cast<std::size_t>(h * w) &&
          std::all_of(map.begin(), map.end(), [](float v) { return v >= 0 && v <= 1; }),
      "A picture of ", h, " x ", w, " comes back as a map of its size with numbers in [0, 1].");
  return broken;
}

}  // namespace synthmed::testing

// The small residual classifier for small pictures: three blocks, 173 547 parameters.
#pragma once

#include <array>
#include <cstdint>

#include <synthmed/models/resnet.hpp>

namespace synthmed::models {

/// A 5 x 5 convolution of stride 2, three residual blocks of which the second and third halve the picture, the mean of
/// each channel, dropout, a linear layer: for grey pictures of 32 to 64 px. Named as ResNet-18 is:
/// "layer2.0.conv1.weight".
[[nodiscard]] constexpr resnet_options<3> small_classifier_options(std::int64_t classes = 3,
                                                                   const std::array<std::int64_t, 3>& widths = {24, 48,
                                                                                                                96}) {
  return {.blocks = {1, 1, 1},
          .widths = widths,
          .classes = classes,
          .image_channels = 1,
          .stem = resnet_stem::halved,
          .dropout = 0.2};
}

template <std::int64_t Classes = 3>
using small_resnet = resnet<small_classifier_options(Classes)>;

}  // namespace synthmed::models

// What the engines (oneDNN, BLAS) share: the result of a convolution, an activation to go with it, the Winograd rule.
#pragma once

#include <algorithm>

#include <synthmed/backends/xtensor/copy.hpp>
#include <synthmed/backends/xtensor/tensor.hpp>

namespace synthmed::xtensor {

/// leaky_relu(scale (y + bias)) on the result of a convolution, with scale > 0 and bias one float per channel.
struct activation {
  const float* bias;
  float scale, slope;
};

/// A convolution's result, and whether the activation that was asked for is in it already.
struct convolved {
  tensor y;
  bool activated;
};

/// The fixed rule: 3 x 3 with stride 1 and padding 1, whole blocks of channels on both sides, at least 7 x 7 pixels.
/// Never decided by timing, so that a shape always has the same bytes. Tiles are 4 x 4 pixels: 7 fill two of them
/// nearly, 5 do not.
[[nodiscard]] inline bool winograd_fits(const shape& x, const shape& weight, const conv2d_params& params) {
  return weight[2] == 3 && weight[3] == 3 && params == conv2d_params{1, 1, 1, 1} && x[1] % block == 0 &&
         weight[0] % block == 0 && std::min(x[2], x[3]) >= 7;
}

}  // namespace synthmed::xtensor

// The segmenter of docs/concepts/segmenter.md.
#pragma once

#include <synthmed/models/segmenter.hpp>
#include <synthmed/nn/layers.hpp>

using namespace synthmed;

/// Bright pixels are vessels: a 1 x 1 convolution from grey to two logits.
struct bright_pixels : nn::conv2d {
  static constexpr std::int64_t image_channels = 1, classes = 2, granularity = 1;
  constexpr bright_pixels() : nn::conv2d{.inputs = 1, .outputs = 2, .kernel = 1} {}
};
static_assert(models::explain_segmenter<bright_pixels>());

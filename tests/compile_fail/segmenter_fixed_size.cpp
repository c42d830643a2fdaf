// A segmenter that takes pictures of one size only.
#include <synthmed/models/segmenter.hpp>
#include <synthmed/nn/layers.hpp>

struct fixed_size : synthmed::nn::identity {
  static constexpr std::int64_t image_channels = 1, classes = 2, granularity = 1;
#ifndef SYNTHMED_FIXED
  [[nodiscard]] constexpr bool accepts(synthmed::nn::chw s) const { return s == synthmed::nn::chw{1, 64, 64}; }
#endif
};
static_assert(synthmed::models::explain_segmenter<fixed_size>());

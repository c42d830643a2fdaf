// A segmenter that does not say of what a picture's sides must be multiples.
#include <synthmed/models/segmenter.hpp>
#include <synthmed/nn/layers.hpp>

struct bright_pixels : synthmed::nn::identity {
  static constexpr std::int64_t image_channels = 1, classes = 2;
#ifdef SYNTHMED_FIXED
  static constexpr std::int64_t granularity = 1;
#endif
};
static_assert(synthmed::models::explain_segmenter<bright_pixels>());

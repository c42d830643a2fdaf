// A feature extractor that does not say how many features it makes.
#include <synthmed/models/feature_extractor.hpp>

struct endless : synthmed::nn::stateless {
  static constexpr std::int64_t image_channels = 1;
#ifdef SYNTHMED_FIXED
  static constexpr std::int64_t feature_count = 1;
#endif
};
static_assert(synthmed::models::explain_feature_extractor<endless>());

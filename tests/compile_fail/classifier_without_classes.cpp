// A classifier that does not say how many classes it tells apart.
#include <synthmed/models/classifier.hpp>

struct undecided {
  static constexpr std::int64_t image_channels = 1;
#ifdef SYNTHMED_FIXED
  static constexpr std::int64_t classes = 3;
#endif
  static constexpr std::int64_t feature_count = 8;
  template <class B>
  using parameters = synthmed::nn::nothing<typename B::tensor>;
  template <class B>
  using buffers = synthmed::nn::nothing<typename B::tensor>;
};
static_assert(synthmed::models::explain_classifier<undecided>());

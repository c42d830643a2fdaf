// A generator that does not say of how many numbers a picture is made.
#include <synthmed/models/generator.hpp>

struct constant_pictures {
#ifdef SYNTHMED_FIXED
  static constexpr std::int64_t latent = 4;
#endif
  static constexpr std::int64_t image_channels = 1;
  template <class B>
  using parameters = synthmed::nn::nothing<typename B::tensor>;
};
static_assert(synthmed::models::explain_generator<constant_pictures>());

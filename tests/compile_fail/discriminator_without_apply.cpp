// A discriminator that cannot score.
#include <synthmed/backends/reference.hpp>
#include <synthmed/models/discriminator.hpp>

struct mute {
  static constexpr std::int64_t image_channels = 1;
  template <class B>
  using parameters = synthmed::nn::nothing<typename B::tensor>;
  template <synthmed::backend B>
  parameters<B> init(synthmed::key) const {
    return {};
  }
#ifdef SYNTHMED_FIXED
  template <synthmed::backend B>
  typename B::tensor apply(const parameters<B>&, const typename B::tensor& x) const {
    return B::sum(x, synthmed::axes{1, 2, 3});
  }
#endif
};
static_assert(synthmed::models::explain_discriminator_on<mute, synthmed::reference_backend<float>>());

// A network that says how many stages it has, and not which layers they add.
#include <synthmed/models/progressive.hpp>
#include <synthmed/nn/layers.hpp>

struct stageless {
  static constexpr std::int64_t image_channels = 1;
  static constexpr std::size_t stages = 2;
  static constexpr std::int64_t resolution(std::int64_t stage) { return std::int64_t{4} << stage; }
  template <class B>
  using parameters = synthmed::nn::nothing<typename B::tensor>;
#ifdef SYNTHMED_FIXED
  template <std::size_t>
  using stage = synthmed::nn::avg_pool;
#endif
};
static_assert(synthmed::models::explain_progressive<stageless>());

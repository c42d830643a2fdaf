// A schedule that does not say how long it is.
#include <synthmed/train/schedule.hpp>

struct endless {
  using settings = double;
  double at(std::int64_t) const { return 1; }
#ifdef SYNTHMED_FIXED
  std::int64_t total_steps() const { return 10; }
#endif
};
static_assert(synthmed::train::explain_schedule<endless>());

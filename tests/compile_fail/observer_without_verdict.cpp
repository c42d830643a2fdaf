// An observer that does not say whether the run goes on.
#include <synthmed/train/observer.hpp>

struct undecided : synthmed::train::quiet_observer {
#ifdef SYNTHMED_FIXED
  synthmed::train::verdict on_step(const synthmed::train::step_event&) { return synthmed::train::verdict::go_on; }
#else
  void on_step(const synthmed::train::step_event&) {}
#endif
};
static_assert(synthmed::train::explain_observer<undecided>());

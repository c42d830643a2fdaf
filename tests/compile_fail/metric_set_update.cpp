// A set metric that does not ask which set an observation belongs to.
#include <synthmed/metrics/metric.hpp>

struct mean_shift {
  using observation = double;
#ifdef SYNTHMED_FIXED
  void update(synthmed::set_side side, const observation& seen) { sum[side == synthmed::set_side::candidate] += seen; }
#else
  void update(const observation& seen) { sum[0] += seen; }
#endif
  void merge(const mean_shift& part) {
    sum[0] += part.sum[0];
    sum[1] += part.sum[1];
  }
  double value() const { return sum[1] - sum[0]; }
  double sum[2] = {};
};
static_assert(synthmed::explain_set_metric<mean_shift>());

// A metric that cannot see a case.
#include <synthmed/metrics/metric.hpp>

struct share {
  using observation = bool;
#ifdef SYNTHMED_FIXED
  void update(const observation& hit) { hits += hit; }
#endif
  void merge(const share& part) { hits += part.hits; }
  long value() const { return hits; }
  long hits = 0;
};
static_assert(synthmed::explain_metric<share>());

// A metric that does not say what it sees.
#include <synthmed/metrics/metric.hpp>

struct share {
#ifdef SYNTHMED_FIXED
  using observation = bool;
#endif
  void update(bool hit) { hits += hit; }
  void merge(const share& part) { hits += part.hits; }
  long value() const { return hits; }
  long hits = 0;
};
static_assert(synthmed::explain_metric<share>());

// A metric whose value() changes it.
#include <synthmed/metrics/metric.hpp>

struct share {
  using observation = bool;
  void update(const observation& hit) { hits += hit; }
  void merge(const share& part) { hits += part.hits; }
#ifdef SYNTHMED_FIXED
  long value() const { return hits; }
#else
  long value() { return hits++; }
#endif
  long hits = 0;
};
static_assert(synthmed::explain_metric<share>());

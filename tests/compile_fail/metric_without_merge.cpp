// A metric whose parts cannot be joined.
#include <synthmed/metrics/metric.hpp>

struct share {
  using observation = bool;
  void update(const observation& hit) { hits += hit; }
#ifdef SYNTHMED_FIXED
  void merge(const share& part) { hits += part.hits; }
#endif
  long value() const { return hits; }
  long hits = 0;
};
static_assert(synthmed::explain_metric<share>());

// A paired metric that takes one model's observation only.
#include <synthmed/metrics/metric.hpp>

struct disagreement {
  using observation = int;
#ifdef SYNTHMED_FIXED
  void update(const observation& first, const observation& second) { count += first != second; }
#else
  void update(const observation& only) { count += only; }
#endif
  void merge(const disagreement& part) { count += part.count; }
  long value() const { return count; }
  long count = 0;
};
static_assert(synthmed::explain_paired_metric<disagreement>());

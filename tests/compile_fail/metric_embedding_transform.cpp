// An embedding that cannot place new points.
#include <synthmed/metrics/metric.hpp>

struct first_axis {
  struct fitted {
    synthmed::feature_matrix coordinates() const { return points; }
#ifdef SYNTHMED_FIXED
    synthmed::feature_matrix transform(synthmed::feature_view) const { return points; }
#endif
    synthmed::feature_matrix points;
  };
  fitted fit(synthmed::feature_view) const { return {}; }
};
static_assert(synthmed::explain_embedding<first_axis>());

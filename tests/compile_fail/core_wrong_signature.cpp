// A backend with a primitive whose arguments are not the concept's.
#include <synthmed/backends/reference.hpp>
#include <synthmed/core/explain.hpp>

struct misspelt : synthmed::reference_backend<float> {
#ifndef SYNTHMED_FIXED
  static tensor sum(const tensor& x, int axis) { return reference_backend::sum(x, {axis}); }
#endif
};
static_assert(synthmed::explain<misspelt>());

// A backend with types and no kernel: every one that is missing is named, not only the first.
#include <synthmed/core/explain.hpp>
#ifdef SYNTHMED_FIXED
#include <synthmed/backends/reference.hpp>
using mine = synthmed::reference_backend<float>;
#else
struct mine {
  using scalar = float;
  using tensor = int;
};
#endif
static_assert(synthmed::explain<mine>());

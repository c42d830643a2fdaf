// An augmentation that a checkpoint could not tell from another.
#include <synthmed/train/augmentation.hpp>

struct nameless {
  template <synthmed::differentiable_backend D>
  typename D::tensor apply(const typename D::tensor& x, synthmed::key) const {
    return x;
  }
#ifdef SYNTHMED_FIXED
  std::string identity() const { return "nothing"; }
#endif
};
static_assert(synthmed::train::explain_augmentation<nameless>());

// A loss for the discriminator alone.
#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>
#include <synthmed/train/loss.hpp>

namespace train = synthmed::train;
struct one_sided {
  std::string identity() const { return "one-sided"; }
  template <synthmed::differentiable_backend D, class Score>
  train::critic_terms<D> discriminator(Score&& score, const typename D::tensor& real, const typename D::tensor&,
                                       const train::loss_context&) const {
    return {score(real), real, real, real};
  }
#ifdef SYNTHMED_FIXED
  template <synthmed::differentiable_backend D, class Score>
  typename D::tensor generator(Score&& score, const typename D::tensor& fake, const train::loss_context&) const {
    return score(fake);
  }
#endif
};
static_assert(train::explain_loss_on<one_sided, synthmed::autodiff<synthmed::reference_backend<float>>>());

// WGAN-GP (Gulrajani et al. 2017), for any networks on any differentiable backend.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <synthmed/core/differentiable.hpp>
#include <synthmed/error.hpp>
#include <synthmed/ops/ops.hpp>
#include <synthmed/train/loss.hpp>

namespace synthmed::train {

/// lambda * mean over samples of (|d score(x) / d x|_2 - 1)^2 at x = mix real + (1 - mix) fake, with history: it can be
/// differentiated by the critic's weights. `real` and `fake` are [n, c, h, w], `mix` is [n, 1, 1, 1] in [0, 1].
/// Throws shape_error when they do not fit.
template <differentiable_backend D, class Score>
[[nodiscard]] typename D::tensor gradient_penalty(Score&& score, const typename D::tensor& real,
                                                  const typename D::tensor& fake, const typename D::tensor& mix,
                                                  double lambda) {
  const auto between = ops::add<D>(fake, ops::mul<D>(mix, ops::sub<D>(real, fake)));
  const auto x = D::parameter(D::detach(between));
  const std::vector<typename D::tensor> wrt{x};
  const auto slope = D::grad(ops::sum<D>(score(x)), wrt, grad_options{.create_graph = true});
  const auto norm = ops::sqrt<D>(ops::sum<D>(ops::square<D>(slope[0]), {1, 2, 3}));
  return ops::mul_scalar<D>(ops::mean<D>(ops::square<D>(ops::add_scalar<D>(norm, -1))), lambda);
}

/// The losses of WGAN-GP. All terms are means over the batch: under Adam the same as the study's sums.
struct wgan_gp {
  double lambda = 10;  ///< of the gradient penalty
  double drift =
      0.001;  ///< of the mean square score of real pictures, which keeps scores near zero (Karras et al. 2018)
  /// The penalty is computed at every so-many-th step, and then counts as many times (lazy regularisation, Karras et
  /// al. 2020). 1: at every step, the paper and the study.
  std::int64_t penalty_every = 1;

  /// The critic's loss with the given points between real and generated pictures: mean score(fake) - mean score(real) +
  /// gradient penalty + drift * mean score(real)^2. `mix` is [n, 1, 1, 1] in [0, 1]; `fake` should have no history.
  template <differentiable_backend D, class Score>
  [[nodiscard]] critic_terms<D> at_points(Score&& score, const typename D::tensor& real, const typename D::tensor& fake,
                                          const typename D::tensor& mix, std::int64_t step = 0) const {
    if (penalty_every < 1)
      throw argument_error(sentence("penalty_every of WGAN-GP is at least 1, got ", penalty_every, "."));
    const auto scores_real = score(real);
    const auto scores_fake = score(fake);
    const auto mean_real = ops::mean<D>(scores_real), mean_fake = ops::mean<D>(scores_fake);
    const auto drift_term = ops::mul_scalar<D>(ops::mean<D>(ops::square<D>(scores_real)), drift);
    const auto distance = ops::sub<D>(mean_fake, mean_real);
    if (step % penalty_every != 0)
      return {ops::add<D>(distance, drift_term), D::detach(mean_real), D::detach(mean_fake), ops::zeros<D>({})};
    const auto penalty = gradient_penalty<D>(score, real, fake, mix, lambda * static_cast<double>(penalty_every));
    return {ops::add<D>(ops::add<D>(distance, penalty), drift_term), D::detach(mean_real), D::detach(mean_fake),
            D::detach(penalty)};
  }

  /// The same with points drawn from context.key.fold("mix").
  template <differentiable_backend D, class Score>
  [[nodiscard]] critic_terms<D> discriminator(Score&& score, const typename D::tensor& real,
                                              const typename D::tensor& fake, const loss_context& context) const {
    const auto mix = ops::uniform<D>(context.key.fold("mix"), {D::shape_of(real)[0], 1, 1, 1});
    return at_points<D>(score, real, fake, mix, context.step);
  }

  /// - mean score(fake): what the generator minimises. `fake` has the generator's history.
  template <differentiable_backend D, class Score>
  [[nodiscard]] typename D::tensor generator(Score&& score, const typename D::tensor& fake, const loss_context&) const {
    return ops::mul_scalar<D>(ops::mean<D>(score(fake)), -1);
  }

  [[nodiscard]] std::string identity() const {
    return sentence("WGAN-GP, lambda ", lambda, ", drift ", drift, ", penalty every ", penalty_every,
                    penalty_every == 1 ? " step" : " steps");
  }
  friend bool operator==(const wgan_gp&, const wgan_gp&) = default;
};
static_assert(explain_loss<wgan_gp>());

}  // namespace synthmed::train

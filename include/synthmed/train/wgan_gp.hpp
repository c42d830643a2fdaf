// WGAN-GP (Gulrajani et al. 2017): the losses of critic and generator, for any networks on any differentiable backend.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <synthmed/core/differentiable.hpp>
#include <synthmed/error.hpp>
#include <synthmed/ops/ops.hpp>

namespace synthmed::train {

/// The weights of the terms of WGAN-GP.
struct wgan_gp {
  double lambda = 10;    ///< of the gradient penalty
  double drift = 0.001;  ///< of the mean square score of real pictures, which keeps scores near zero (Karras et al. 2018)
};

/// The critic's loss and its parts; all are means over the batch (under Adam the same as the study's sums).
template <class D>
struct critic_terms {
  typename D::tensor loss;     ///< what is minimised: a scalar with history
  typename D::tensor real;     ///< mean score of real pictures, without history
  typename D::tensor fake;     ///< mean score of generated pictures, without history
  typename D::tensor penalty;  ///< lambda times the mean of (|gradient| - 1)^2, without history
};

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

/// mean score(fake) - mean score(real) + gradient penalty + drift * mean score(real)^2.
/// score(x) maps pictures [n, c, h, w] to scores [n, 1]. `fake` should have no history: the generator is not trained here.
template <differentiable_backend D, class Score>
[[nodiscard]] critic_terms<D> critic_loss(const wgan_gp& weights, Score&& score, const typename D::tensor& real,
                                          const typename D::tensor& fake, const typename D::tensor& mix) {
  const auto scores_real = score(real);
  const auto scores_fake = score(fake);
  const auto mean_real = ops::mean<D>(scores_real), mean_fake = ops::mean<D>(scores_fake);
  const auto penalty = gradient_penalty<D>(score, real, fake, mix, weights.lambda);
  const auto drift = ops::mul_scalar<D>(ops::mean<D>(ops::square<D>(scores_real)), weights.drift);
  auto loss = ops::add<D>(ops::add<D>(ops::sub<D>(mean_fake, mean_real), penalty), drift);
  return {std::move(loss), D::detach(mean_real), D::detach(mean_fake), D::detach(penalty)};
}

/// - mean score(fake): what the generator minimises. `fake` has the generator's history.
template <differentiable_backend D, class Score>
[[nodiscard]] typename D::tensor generator_loss(Score&& score, const typename D::tensor& fake) {
  return ops::mul_scalar<D>(ops::mean<D>(score(fake)), -1);
}

}  // namespace synthmed::train

// The non-saturating loss (Goodfellow et al. 2014) with the R1 penalty (Mescheder et al. 2018), for any networks.
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

/// Scores are logits of being real. The discriminator minimises
///   mean softplus(score(fake)) + mean softplus(-score(real)) + gamma / 2 mean over real pictures of |d score / d
///   picture|^2,
/// the generator mean softplus(-score(fake)). The penalty is taken at the real pictures that the discriminator is
/// shown.
struct nonsaturating_r1 {
  /// Weight of the penalty. What is right grows with the number of pixels and falls with the batch: Karras et al.
  /// (2020) start from 0.0002 pixels / batch, 0.05 for 64 pictures of 128 px; too little lets the discriminator
  /// memorise.
  double gamma = 10;
  /// The penalty is computed at every so-many-th step, and then counts as many times (lazy regularisation, Karras et
  /// al. 2020; they take 16). 1: at every step.
  std::int64_t every = 1;

  /// Throws argument_error for a negative gamma or `every` below 1.
  template <differentiable_backend D, class Score>
  [[nodiscard]] critic_terms<D> discriminator(Score&& score, const typename D::tensor& real,
                                              const typename D::tensor& fake, const loss_context& context) const {
    if (!(gamma >= 0) || every < 1)
      throw argument_error(
          sentence("R1 needs gamma of 0 or more and every of at least 1, got ", gamma, " and ", every, "."));
    const bool penalised = gamma > 0 && context.step % every == 0;
    // One pass over the real pictures serves the loss and the penalty.
    const auto x = penalised ? D::parameter(D::detach(real)) : real;
    const auto scores_real = score(x);
    const auto scores_fake = score(fake);
    auto loss = ops::add<D>(ops::mean<D>(ops::softplus<D>(scores_fake)),
                            ops::mean<D>(ops::softplus<D>(ops::neg<D>(scores_real))));
    auto penalty = ops::zeros<D>({});
    if (penalised) {
      const std::vector<typename D::tensor> wrt{x};
      const auto slope = D::grad(ops::sum<D>(scores_real), wrt, grad_options{.create_graph = true});
      const auto squares = ops::sum<D>(ops::square<D>(slope[0]));
      const double weight = gamma / 2 * static_cast<double>(every) / static_cast<double>(D::shape_of(real)[0]);
      penalty = ops::mul_scalar<D>(squares, weight);
      loss = ops::add<D>(loss, penalty);
    }
    return {std::move(loss), D::detach(ops::mean<D>(scores_real)), D::detach(ops::mean<D>(scores_fake)),
            D::detach(penalty)};
  }

  template <differentiable_backend D, class Score>
  [[nodiscard]] typename D::tensor generator(Score&& score, const typename D::tensor& fake, const loss_context&) const {
    return ops::mean<D>(ops::softplus<D>(ops::neg<D>(score(fake))));
  }

  [[nodiscard]] std::string identity() const {
    return sentence("non-saturating with R1, gamma ", gamma, ", every ", every, every == 1 ? " step" : " steps");
  }
  friend bool operator==(const nonsaturating_r1&, const nonsaturating_r1&) = default;
};
static_assert(explain_loss<nonsaturating_r1>());

}  // namespace synthmed::train

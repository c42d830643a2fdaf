// The loss concept: what discriminator and generator of a GAN minimise.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>

#include <synthmed/core/differentiable.hpp>
#include <synthmed/random/key.hpp>

namespace synthmed::train {

/// What a loss is told beside scores and pictures.
struct loss_context {
  synthmed::key key{0};   ///< source of this step's random numbers; a loss folds it by names of its own
  std::int64_t step = 0;  ///< the number of the step, for terms that are not computed at each one
};

/// The discriminator's loss and its parts; all are means over the batch.
template <class D>
struct critic_terms {
  typename D::tensor loss;     ///< what is minimised: a scalar with history
  typename D::tensor real;     ///< mean score of real pictures, without history
  typename D::tensor fake;     ///< mean score of generated pictures, without history
  typename D::tensor penalty;  ///< the gradient penalty as it stands in the loss, without history; 0 at steps without one
};

namespace detail {

// Stands for "pictures to scores" where only signatures matter.
template <class D>
struct any_score {
  typename D::tensor operator()(const typename D::tensor& x) const { return x; }
};

}  // namespace detail

/// The losses of a GAN, a copyable value. `score` maps pictures [n, c, h, w] to scores [n, 1]:
///   discriminator<D>(score, real, fake, context) -> critic_terms<D>   `fake` has no history
///   generator<D>(score, fake, context) -> tensor                      a scalar; `fake` has the generator's history
///   identity() -> std::string                                         name and weights, in words: kept in checkpoints
/// Laws (testing/loss_laws.hpp): both are scalars and functions of their arguments alone, whatever was asked before; the
/// discriminator's falls when real pictures score higher than generated ones, the generator's when its pictures score
/// higher; their gradients, penalties included, equal central differences; only `loss` has history.
template <class L>
concept loss = std::copyable<L> && requires(const L& l) {
  { l.identity() } -> std::convertible_to<std::string>;
};

/// A loss whose templates work on a differentiable backend D.
template <class L, class D>
concept loss_on = loss<L> && requires(const L& l, const detail::any_score<D>& score, const typename D::tensor& x,
                                      const loss_context& context) {
  { l.template discriminator<D>(score, x, x, context) } -> std::same_as<critic_terms<D>>;
  { l.template generator<D>(score, x, context) } -> std::same_as<typename D::tensor>;
};

/// True when L is a loss; otherwise compilation stops at a sentence that says what it lacks.
template <class L>
consteval bool explain_loss() {
  static_assert(std::copyable<L>, "synthmed: a loss must be copyable: it is a value.");
  static_assert(requires(const L& l) { { l.identity() } -> std::convertible_to<std::string>; },
                "synthmed: this loss lacks `std::string identity() const`, its name and weights in words.");
  return loss<L>;
}

/// True when L works on D; otherwise compilation stops at a sentence that says what it lacks.
template <class L, class D>
consteval bool explain_loss_on() {
  if constexpr (explain_loss<L>()) {
    static_assert(requires(const L& l, const detail::any_score<D>& score, const typename D::tensor& x,
                           const loss_context& context) {
                    { l.template discriminator<D>(score, x, x, context) } -> std::same_as<critic_terms<D>>;
                  },
                  "synthmed: this loss lacks `critic_terms<D> discriminator<D>(score, const tensor& real, const tensor& "
                  "fake, const loss_context&) const`.");
    static_assert(requires(const L& l, const detail::any_score<D>& score, const typename D::tensor& x,
                           const loss_context& context) {
                    { l.template generator<D>(score, x, context) } -> std::same_as<typename D::tensor>;
                  },
                  "synthmed: this loss lacks `tensor generator<D>(score, const tensor& fake, const loss_context&) const`.");
  }
  return loss_on<L, D>;
}

}  // namespace synthmed::train

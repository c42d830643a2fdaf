// Losses of a segmenter: cross-entropy, Dice, or both, over the pixels of a field of view.
#pragma once

#include <utility>

#include <synthmed/core/differentiable.hpp>
#include <synthmed/error.hpp>
#include <synthmed/ops/ops.hpp>

namespace synthmed::train {

/// The weights of the two terms.
struct segmentation_loss {
  double cross_entropy = 1;  ///< of the mean over the field's pixels of -sum(truth log p)
  double dice = 1;           ///< of 1 - Dice of the probabilities, the mean over the classes that are not background
  double smoothing = 1;      ///< added to numerator and denominator of Dice: 1 where truth and prediction are empty
  friend bool operator==(const segmentation_loss&, const segmentation_loss&) = default;
};

/// The loss and its parts.
template <class D>
struct segmentation_terms {
  typename D::tensor loss;           ///< what is minimised: a scalar with history
  typename D::tensor cross_entropy;  ///< unweighted, without history
  typename D::tensor dice;           ///< 1 - Dice, unweighted, without history
};

/// The loss of logits [n, classes, h, w] against probabilities of the same shape (0 and 1, or soft), where `field`
/// [n, 1, h, w] is not 0; its values are weights of pixels. Dice is that of the whole batch: 1 - (2 sum(f p t) + s) /
/// (sum(f p) + sum(f t) + s) (Milletari et al. 2016, without squares). Probabilities come from log softmax, so logits
/// of any size are safe. A field without a pixel gives cross-entropy 0. Throws shape_error for shapes that do not fit.
template <differentiable_backend D>
[[nodiscard]] segmentation_terms<D> loss_of(const segmentation_loss& weights, const typename D::tensor& logits,
                                            const typename D::tensor& truth, const typename D::tensor& field) {
  const shape dims = D::shape_of(logits);
  if (dims.rank() != 4 || dims[1] < 2 || !(D::shape_of(truth) == dims) || !(D::shape_of(field) == dims.with(1, 1)))
    throw shape_error(
        sentence("A segmentation loss needs logits and truth [n, classes, h, w] and a field [n, 1, h, w], got ", dims,
                 ", ", D::shape_of(truth), " and ", D::shape_of(field), "."));
  const auto log_p = ops::log_softmax<D>(logits, 1);
  const auto seen_truth = ops::mul<D>(truth, field);
  const auto pixels = ops::maximum<D>(ops::sum<D>(field), ops::ones<D>({}));
  const auto entropy = ops::neg<D>(ops::div<D>(ops::sum<D>(ops::mul<D>(seen_truth, log_p)), pixels));

  const auto vessels = [&](const typename D::tensor& x) { return ops::slice<D>(x, 1, 1, dims[1]); };
  const auto p = ops::mul<D>(ops::exp<D>(vessels(log_p)), field), t = vessels(seen_truth);
  const auto both = ops::sum<D>(ops::mul<D>(p, vessels(truth)), {0, 2, 3});
  const auto either = ops::sum<D>(ops::add<D>(p, t), {0, 2, 3});
  const auto overlap = ops::div<D>(ops::add_scalar<D>(ops::mul_scalar<D>(both, 2), weights.smoothing),
                                   ops::add_scalar<D>(either, weights.smoothing));
  const auto dice = ops::add_scalar<D>(ops::neg<D>(ops::mean<D>(overlap)), 1);
  auto loss = ops::add<D>(ops::mul_scalar<D>(entropy, weights.cross_entropy), ops::mul_scalar<D>(dice, weights.dice));
  return {std::move(loss), D::detach(entropy), D::detach(dice)};
}

}  // namespace synthmed::train

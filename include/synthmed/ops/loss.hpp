// Softmax and the losses built on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <synthmed/core/backend.hpp>
#include <synthmed/error.hpp>
#include <synthmed/ops/activation.hpp>
#include <synthmed/ops/elementwise.hpp>
#include <synthmed/ops/layout.hpp>
#include <synthmed/ops/reduce.hpp>
#include <synthmed/ops/storage.hpp>

namespace synthmed::ops {

/// log(exp(x) / sum of exp(x) along an axis), without overflow. Throws shape_error for an axis that x does not have.
template <backend B>
[[nodiscard]] typename B::tensor log_softmax(const typename B::tensor& x, int axis = 1) {
  const shape dims = B::shape_of(x);
  const axes over{detail::checked_axis("log_softmax", dims, axis)};
  // The shift by the maximum cancels; it comes from values alone, so no derivative has to run through it.
  auto top = max<B>(x, over);
  if constexpr (requires { B::detach(top); }) top = B::detach(top);
  const auto shifted = B::sub(x, B::broadcast_to(top, dims));
  return B::sub(shifted, B::broadcast_to(B::log(B::sum(B::exp(shifted), over)), dims));
}

template <backend B>
[[nodiscard]] typename B::tensor softmax(const typename B::tensor& x, int axis = 1) {
  return B::exp(log_softmax<B>(x, axis));
}

/// Labels as [n, classes] of 0 and 1. Throws argument_error for a label outside [0, classes).
template <backend B>
[[nodiscard]] typename B::tensor one_hot(std::span<const std::int64_t> labels, std::int64_t classes) {
  std::vector<typename B::scalar> values(labels.size() * static_cast<std::size_t>(classes));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0 || labels[i] >= classes)
      throw argument_error(sentence("A label lies in [0, ", classes, "), got ", labels[i], " for sample ", i, "."));
    values[i * static_cast<std::size_t>(classes) + static_cast<std::size_t>(labels[i])] = 1;
  }
  return B::from_host({static_cast<std::int64_t>(labels.size()), classes}, values);
}

/// Mean over the batch of -sum(target log softmax(logits)) for logits and target probabilities [n, classes].
/// Throws shape_error.
template <backend B>
[[nodiscard]] typename B::tensor cross_entropy(const typename B::tensor& logits, const typename B::tensor& target) {
  const shape dims = B::shape_of(logits);
  if (dims.rank() != 2 || dims[0] == 0 || !(B::shape_of(target) == dims))
    throw shape_error(
        sentence("cross_entropy needs logits and targets [n, classes], got ", dims, " and ", B::shape_of(target), "."));
  const auto total = sum<B>(B::mul(target, log_softmax<B>(logits, 1)));
  return B::mul_scalar(total, typename B::scalar(-1) / static_cast<typename B::scalar>(dims[0]));
}

/// Mean over the batch of -log softmax(logits)[label]. Throws shape_error for another number of labels.
template <backend B>
[[nodiscard]] typename B::tensor cross_entropy(const typename B::tensor& logits, std::span<const std::int64_t> labels) {
  const shape dims = B::shape_of(logits);
  if (dims.rank() != 2 || dims[0] != static_cast<std::int64_t>(labels.size()))
    throw shape_error(sentence("cross_entropy needs logits [n, classes] and n labels, got ", dims, " and ",
                               labels.size(), " labels."));
  return cross_entropy<B>(logits, one_hot<B>(labels, dims[1]));
}

/// Mean of the binary cross-entropy of logits against targets in [0, 1] of the same shape:
/// softplus(x) - target x. Throws shape_error.
template <backend B>
[[nodiscard]] typename B::tensor binary_cross_entropy(const typename B::tensor& logits,
                                                      const typename B::tensor& target) {
  if (!(B::shape_of(logits) == B::shape_of(target)))
    throw shape_error(sentence("binary_cross_entropy needs logits and targets of one shape, got ", B::shape_of(logits),
                               " and ", B::shape_of(target), "."));
  return mean<B>(B::sub(softplus<B>(logits), B::mul(target, logits)));
}

/// Mean of (x - y)^2.
template <backend B>
[[nodiscard]] typename B::tensor mean_squared_error(const typename B::tensor& x, const typename B::tensor& y) {
  return mean<B>(square<B>(sub<B>(x, y)));
}

}  // namespace synthmed::ops

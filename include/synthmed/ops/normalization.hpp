// Normalisations: over channels of a pixel, over a batch, and the statistics that a critic sees of its batch.
#pragma once

#include <cstdint>

#include <synthmed/core/backend.hpp>
#include <synthmed/error.hpp>
#include <synthmed/ops/activation.hpp>
#include <synthmed/ops/elementwise.hpp>
#include <synthmed/ops/layout.hpp>
#include <synthmed/ops/overrides.hpp>
#include <synthmed/ops/reduce.hpp>
#include <synthmed/ops/storage.hpp>

namespace synthmed::ops {

/// x / sqrt(mean over axis 1 of x^2 + epsilon) for x [n, c, ...] (Karras et al. 2018, section 4.2). Throws shape_error
/// for a rank below 2.
template <backend B>
[[nodiscard]] typename B::tensor pixel_norm(const typename B::tensor& x, double epsilon = 1e-8) {
  const auto eps = static_cast<typename B::scalar>(epsilon);
  const shape dims = B::shape_of(x);
  if (dims.rank() < 2 || dims[1] == 0) throw shape_error(sentence("pixel_norm needs x [n, c, ...], got ", dims, "."));
  if constexpr (fuses_pixel_norm<B>) {
    return B::pixel_norm(x, eps);
  } else {
    const auto root = B::sqrt(B::add_scalar(mean<B>(B::mul(x, x), {1}), eps));
    return B::div(x, B::broadcast_to(root, dims));
  }
}

/// Variants of minibatch_stddev.
struct minibatch_stddev_options {
  /// Samples of one group. When the batch is smaller, or no multiple of it, the whole batch is one group.
  std::int64_t group = 4;
  /// Divide by group - 1 instead of group.
  bool unbiased = false;
  /// A group is made of samples that follow each other (0 1 2 3 | 4 5 6 7) instead of strided ones (0 2 4 6 | 1 3 5 7).
  bool consecutive = false;
  /// Added to the variance.
  double epsilon = 1e-8;
  friend constexpr bool operator==(const minibatch_stddev_options&, const minibatch_stddev_options&) = default;
};

/// x [n, c, h, w] with one channel more: the standard deviation over the samples of a group, averaged over channels and
/// pixels (Karras et al. 2018, section 3). The defaults are the original code's; pytorch_GAN_zoo has unbiased and
/// consecutive. A group of one sample gets zeros. Throws shape_error for another rank, argument_error for a group
/// below 1.
template <backend B>
[[nodiscard]] typename B::tensor minibatch_stddev(const typename B::tensor& x,
                                                  const minibatch_stddev_options& options = {}) {
  using scalar = typename B::scalar;
  const shape dims = B::shape_of(x);
  if (dims.rank() != 4) throw shape_error(sentence("minibatch_stddev needs x [n, c, h, w], got ", dims, "."));
  if (options.group < 1)
    throw argument_error(sentence("minibatch_stddev needs a group of at least 1, got ", options.group, "."));
  const std::int64_t n = dims[0];
  const std::int64_t group = n < options.group || n % options.group != 0 ? n : options.group;
  const shape plane{n, 1, dims[2], dims[3]};
  if (group <= 1) return concat<B>({x, zeros<B>(plane)}, 1);

  const std::int64_t groups = n / group, pixels = dims[1] * dims[2] * dims[3];
  // [groups, group, pixels] or [group, groups, pixels]; `member` is the axis along a group.
  const shape split = options.consecutive ? shape{groups, group, pixels} : shape{group, groups, pixels};
  const axes member = options.consecutive ? axes{1} : axes{0};
  const auto samples = B::reshape(x, split);
  const auto centred = B::sub(samples, B::broadcast_to(mean<B>(samples, member), split));
  const auto divisor = static_cast<scalar>(options.unbiased ? group - 1 : group);
  const auto variance = B::mul_scalar(B::sum(B::mul(centred, centred), member), scalar(1) / divisor);
  const auto deviation = B::sqrt(B::add_scalar(variance, static_cast<scalar>(options.epsilon)));
  const auto statistic = mean<B>(deviation, {2});  // one number per group, extent 1 along `member`
  const auto per_sample = B::reshape(B::broadcast_to(statistic, split.with(2, 1)), {n, 1, 1, 1});
  return concat<B>({x, B::broadcast_to(per_sample, plane)}, 1);
}

/// What batch_norm_train gives: the result and the batch's own statistics.
template <backend B>
using batch_norm_result = batch_norm_values<typename B::tensor>;

namespace detail {

/// [c] as [1, c, 1, ...].
template <backend B>
[[nodiscard]] typename B::tensor per_channel(const char* operation, const shape& dims, const typename B::tensor& v) {
  if (dims.rank() < 2 || !(B::shape_of(v) == shape{dims[1]}))
    throw shape_error(
        sentence(operation, " needs x [n, c, ...] and values [c], got ", dims, " and ", B::shape_of(v), "."));
  shape wide = dims;
  for (int axis = 0; axis < dims.rank(); ++axis) wide = wide.with(axis, axis == 1 ? dims[1] : 1);
  return B::reshape(v, wide);
}

}  // namespace detail

/// gamma (x - mean) / sqrt(variance + epsilon) + beta with given statistics, all [c]: batch norm in use. Throws
/// shape_error.
template <backend B>
[[nodiscard]] typename B::tensor batch_norm(const typename B::tensor& x, const typename B::tensor& gamma,
                                            const typename B::tensor& beta, const typename B::tensor& running_mean,
                                            const typename B::tensor& running_variance, double epsilon) {
  const shape dims = B::shape_of(x);
  const auto wide = [&](const auto& v) { return detail::per_channel<B>("batch_norm", dims, v); };
  // Two numbers per channel first, so that x is read and written by two passes only.
  const auto scale =
      B::div(wide(gamma), B::sqrt(B::add_scalar(wide(running_variance), static_cast<typename B::scalar>(epsilon))));
  const auto shift = B::sub(wide(beta), B::mul(wide(running_mean), scale));
  return B::add(B::mul(x, B::broadcast_to(scale, dims)), B::broadcast_to(shift, dims));
}

/// Batch norm in training, then leaky_relu(slope): statistics over every axis but 1 (Ioffe, Szegedy 2015). Gradients of any
/// order go through y; mean and variance are values without history. Slope 1 is no activation. Throws shape_error when the
/// shapes do not fit or a channel has fewer than two values, argument_error for a slope outside [0, 1].
template <backend B>
[[nodiscard]] batch_norm_result<B> batch_norm_train(const typename B::tensor& x, const typename B::tensor& gamma,
                                                    const typename B::tensor& beta, double epsilon, double slope = 1) {
  using scalar = typename B::scalar;
  const shape dims = B::shape_of(x);
  const auto wide_gamma = detail::per_channel<B>("batch_norm_train", dims, gamma);
  const auto wide_beta = detail::per_channel<B>("batch_norm_train", dims, beta);
  if (dims[1] == 0 || dims.elements() / dims[1] < 2)
    throw shape_error(sentence("batch_norm_train needs at least two values per channel, got x ", dims, "."));
  detail::check_slope("batch_norm_train", slope);
  if constexpr (fuses_batch_norm_leaky_relu<B>) {
    return B::batch_norm_leaky_relu(x, gamma, beta, static_cast<scalar>(epsilon), static_cast<scalar>(slope));
  } else {
    const axes others = axes::broadcast(B::shape_of(wide_gamma), dims);
    const auto centre = mean<B>(x, others);
    const auto centred = B::sub(x, B::broadcast_to(centre, dims));
    const auto variance = mean<B>(B::mul(centred, centred), others);
    const auto scale = B::div(wide_gamma, B::sqrt(B::add_scalar(variance, static_cast<scalar>(epsilon))));
    const auto y = B::add(B::mul(centred, B::broadcast_to(scale, dims)), B::broadcast_to(wide_beta, dims));
    const auto value = [&](const typename B::tensor& v) {
      if constexpr (requires { B::detach(v); })
        return B::reshape(B::detach(v), {dims[1]});
      else
        return B::reshape(v, {dims[1]});
    };
    return {leaky_relu<B>(y, slope), value(centre), value(variance)};
  }
}

}  // namespace synthmed::ops

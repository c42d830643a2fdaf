// Initial weights from keys: the same values on every backend.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include <synthmed/core/differentiable.hpp>
#include <synthmed/random/distributions.hpp>
#include <synthmed/random/key.hpp>

namespace synthmed::nn {

/// How weights start. Fan-in is the number of inputs of one output value, fan-out of outputs of one input value.
enum class initial {
  fan_in_uniform,     ///< uniform within 1 / sqrt(fan-in), weight and bias: PyTorch's default
  he_normal,          ///< normal, sd sqrt(2 / fan-in); bias 0 (He et al. 2015)
  he_normal_fan_out,  ///< normal, sd sqrt(2 / fan-out); bias 0: torchvision's ResNet
  normal,             ///< standard normal; bias 0: for an equalized learning rate
  normal_001,         ///< normal, sd 0.01; bias 0: torchvision's classifiers
};

/// The equalized learning rate of Karras et al. 2018 (section 4.1): weights are kept at unit size and scaled by
/// gain / sqrt(fan-in) each time they are used.
enum class equalized {
  no,
  weight,  ///< the weight is scaled, the bias is not: the paper
  output,  ///< weight and bias are scaled: pytorch_GAN_zoo, the seed of the study
};

/// A trained tensor: on a differentiable backend one of which gradients can be asked.
template <backend B>
[[nodiscard]] typename B::tensor make_parameter(const shape& dims, std::span<const typename B::scalar> values) {
  const auto x = B::from_host(dims, values);
  if constexpr (differentiable_backend<B>)
    return B::parameter(x);
  else
    return x;
}

/// A trained tensor with one value throughout.
template <backend B>
[[nodiscard]] typename B::tensor make_parameter(const shape& dims, double value) {
  const std::vector<typename B::scalar> values(static_cast<std::size_t>(dims.elements()),
                                               static_cast<typename B::scalar>(value));
  return make_parameter<B>(dims, std::span<const typename B::scalar>(values));
}

/// The inputs of one output value of a weight [out, in, ...].
[[nodiscard]] constexpr std::int64_t fan_in(const shape& weight) { return weight.elements() / weight[0]; }
/// The outputs of one input value of a weight [out, in, ...].
[[nodiscard]] constexpr std::int64_t fan_out(const shape& weight) { return weight.elements() / weight[1]; }

/// A weight [out, in, ...].
template <backend B>
[[nodiscard]] typename B::tensor initial_weight(initial how, synthmed::key k, const shape& dims) {
  using scalar = typename B::scalar;
  std::vector<scalar> values(static_cast<std::size_t>(dims.elements()));
  if (how == initial::fan_in_uniform) {
    const double bound = 1.0 / std::sqrt(static_cast<double>(fan_in(dims)));
    fill_uniform(k, std::span(values), -bound, bound);
  } else {
    fill_normal(k, std::span(values));
    const double sd = how == initial::normal       ? 1.0
                      : how == initial::normal_001 ? 0.01
                      : how == initial::he_normal  ? std::sqrt(2.0 / static_cast<double>(fan_in(dims)))
                                                   : std::sqrt(2.0 / static_cast<double>(fan_out(dims)));
    if (sd != 1.0)
      for (auto& value : values) value = static_cast<scalar>(sd * static_cast<double>(value));
  }
  return make_parameter<B>(dims, std::span<const scalar>(values));
}

/// A bias [out] that belongs to a weight of shape `weight`.
template <backend B>
[[nodiscard]] typename B::tensor initial_bias(initial how, synthmed::key k, const shape& weight) {
  if (how != initial::fan_in_uniform) return make_parameter<B>({weight[0]}, 0.0);
  using scalar = typename B::scalar;
  std::vector<scalar> values(static_cast<std::size_t>(weight[0]));
  const double bound = 1.0 / std::sqrt(static_cast<double>(fan_in(weight)));
  fill_uniform(k, std::span(values), -bound, bound);
  return make_parameter<B>({weight[0]}, std::span<const scalar>(values));
}

}  // namespace synthmed::nn

// Which composites a backend brings as one fused kernel of its own (listed at the end of core/backend.hpp).
#pragma once

#include <concepts>

#include <synthmed/core/backend.hpp>

namespace synthmed {

template <class B>
concept fuses_leaky_relu = requires(const typename B::tensor& x, typename B::scalar s) {
  { B::leaky_relu(x, s) } -> std::same_as<typename B::tensor>;
};

/// gradient * scale * leaky_mask(output, slope): the way back through leaky_relu(scale x) in one pass.
template <class B>
concept fuses_leaky_relu_gradient = requires(const typename B::tensor& x, typename B::scalar s) {
  { B::leaky_relu_gradient(x, x, s, s) } -> std::same_as<typename B::tensor>;
};

template <class B>
concept fuses_bias_leaky_relu = requires(const typename B::tensor& x, typename B::scalar s) {
  { B::bias_leaky_relu(x, x, s, s) } -> std::same_as<typename B::tensor>;
};

template <class B>
concept fuses_conv2d_bias_leaky_relu = requires(const typename B::tensor& x, const conv2d_params& params,
                                                typename B::scalar s) {
  { B::conv2d_bias_leaky_relu(x, x, x, params, s, s) } -> std::same_as<typename B::tensor>;
};

template <class B>
concept fuses_pixel_norm = requires(const typename B::tensor& x, typename B::scalar s) {
  { B::pixel_norm(x, s) } -> std::same_as<typename B::tensor>;
};

/// What batch norm in training gives.
template <class Tensor>
struct batch_norm_values {
  Tensor y;
  Tensor mean;      ///< of the batch, [c]
  Tensor variance;  ///< biased: divided by the number of values of a channel
};

/// The gradients of what went into batch norm.
template <class Tensor>
struct batch_norm_gradients {
  Tensor x;
  Tensor gamma;
  Tensor beta;
};

/// leaky_relu(gamma (x - mean) / sqrt(variance + epsilon) + beta, slope) with the batch's statistics.
template <class B>
concept fuses_batch_norm_leaky_relu = requires(const typename B::tensor& x, typename B::scalar s) {
  { B::batch_norm_leaky_relu(x, x, x, s, s) } -> std::same_as<batch_norm_values<typename B::tensor>>;
};

/// The way back through it from the result's gradient, x, gamma, beta, mean and variance.
template <class B>
concept fuses_batch_norm_leaky_relu_gradient = requires(const typename B::tensor& x, typename B::scalar s) {
  { B::batch_norm_leaky_relu_gradient(x, x, x, x, x, x, s, s) } -> std::same_as<batch_norm_gradients<typename B::tensor>>;
};

}  // namespace synthmed

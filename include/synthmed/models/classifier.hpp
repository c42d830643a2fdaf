// The classifier concept: a network that gives every picture a score per class.
#pragma once

#include <concepts>
#include <cstdint>

#include <synthmed/nn/layer.hpp>

namespace synthmed::models {

/// A network from pictures [n, image_channels, h, w] to logits [n, classes], described without a backend:
///   image_channels, classes, feature_count   static constants; the features are what the last linear layer reads
///   parameters<B>, buffers<B>                trained tensors, and running statistics (nothing<tensor> if none)
///   init<B>(key), initial_buffers<B>()       an untrained network: the same values on every backend
///   apply<B>(parameters, buffers, x, context) -> nn::applied{logits, buffers}
/// Laws (testing/classifier_laws.hpp): logits are [n, classes]; in evaluation a picture's logits do not depend on the
/// other pictures of its batch, and buffers stay; training is a function of its arguments and the context's key; h and
/// w that do not fit and another number of channels throw shape_error.
/// Sigmoid outputs, softmax and losses are the caller's: y is raw scores.
template <class M>
concept classifier = std::semiregular<M> && requires {
  { M::image_channels } -> std::convertible_to<std::int64_t>;
  { M::classes } -> std::convertible_to<std::int64_t>;
  { M::feature_count } -> std::convertible_to<std::int64_t>;
  typename nn::parameters_of<M, nn::detail::any_backend>;
  typename nn::buffers_of<M, nn::detail::any_backend>;
};

/// A classifier whose templates work on backend B.
template <class M, class B>
concept classifier_on = classifier<M> &&
    requires(const M& m, const nn::parameters_of<M, B>& p, const nn::buffers_of<M, B>& b, const typename B::tensor& x,
             const nn::context& c, synthmed::key k) {
  { m.template init<B>(k) } -> std::same_as<nn::parameters_of<M, B>>;
  { m.template initial_buffers<B>() } -> std::same_as<nn::buffers_of<M, B>>;
  { m.template apply<B>(p, b, x, c) } -> std::same_as<nn::applied<B, nn::buffers_of<M, B>>>;
};

/// True when M is a classifier; otherwise compilation stops at a sentence that says what it lacks.
template <class M>
consteval bool explain_classifier() {
  static_assert(
      requires {
        { M::image_channels } -> std::convertible_to<std::int64_t>;
      },
      "synthmed: this classifier lacks `static constexpr std::int64_t image_channels`.");
  static_assert(
      requires {
        { M::classes } -> std::convertible_to<std::int64_t>;
      },
      "synthmed: this classifier lacks `static constexpr std::int64_t classes`.");
  static_assert(
      requires {
        { M::feature_count } -> std::convertible_to<std::int64_t>;
      },
      "synthmed: this classifier lacks `static constexpr std::int64_t feature_count`, the width of what its "
      "last layer reads.");
  static_assert(
      requires { typename nn::parameters_of<M, nn::detail::any_backend>; },
      "synthmed: this classifier lacks the member template `parameters<B>`.");
  static_assert(
      requires { typename nn::buffers_of<M, nn::detail::any_backend>; },
      "synthmed: this classifier lacks the member template `buffers<B>` (nothing<tensor> when it has none).");
  return classifier<M>;
}

/// True when M works on B; otherwise compilation stops at a sentence that says what it lacks.
template <class M, class B>
consteval bool explain_classifier_on() {
  if constexpr (explain_classifier<M>()) {
    using parameters = nn::parameters_of<M, B>;
    using buffers = nn::buffers_of<M, B>;
    static_assert(
        requires(const M& m, synthmed::key k) {
          { m.template init<B>(k) } -> std::same_as<parameters>;
        },
        "synthmed: this classifier lacks `parameters<B> init<B>(key) const`.");
    static_assert(
        requires(const M& m) {
          { m.template initial_buffers<B>() } -> std::same_as<buffers>;
        },
        "synthmed: this classifier lacks `buffers<B> initial_buffers<B>() const`.");
    static_assert(
        requires(const M& m, const parameters& p, const buffers& b, const typename B::tensor& x, const nn::context& c) {
          { m.template apply<B>(p, b, x, c) } -> std::same_as<nn::applied<B, buffers>>;
        },
        "synthmed: this classifier lacks `nn::applied<B, buffers<B>> apply<B>(const parameters<B>&, const buffers<B>&, "
        "const tensor& x, const nn::context&) const`.");
  }
  return classifier_on<M, B>;
}

}  // namespace synthmed::models

// The feature extractor concept: a network that turns every picture into a fixed number of features.
#pragma once

#include <concepts>
#include <cstdint>

#include <synthmed/nn/layer.hpp>

namespace synthmed::models {

/// A network from pictures [n, image_channels, h, w] to features [n, feature_count], described without a backend:
///   image_channels, feature_count            static constants
///   parameters<B>, buffers<B>                trained tensors, and running statistics (nothing<tensor> if none)
///   init<B>(key), initial_buffers<B>()       an untrained network: the same values on every backend
///   features<B>(parameters, buffers, x)      tensor [n, feature_count], in evaluation
/// Laws (testing/feature_extractor_laws.hpp): features are [n, feature_count] and finite; a picture's features do not
/// depend on the other pictures of its batch; the same arguments give the same bytes; another number of channels throws
/// shape_error. A classifier that shows what its last layer reads is one too.
template <class M>
concept feature_extractor = std::semiregular<M> && requires {
  { M::image_channels } -> std::convertible_to<std::int64_t>;
  { M::feature_count } -> std::convertible_to<std::int64_t>;
  typename nn::parameters_of<M, nn::detail::any_backend>;
  typename nn::buffers_of<M, nn::detail::any_backend>;
};

/// A feature extractor whose templates work on backend B.
template <class M, class B>
concept feature_extractor_on =
    feature_extractor<M> && requires(const M& m, const nn::parameters_of<M, B>& p, const nn::buffers_of<M, B>& b,
                                     const typename B::tensor& x, synthmed::key k) {
      { m.template init<B>(k) } -> std::same_as<nn::parameters_of<M, B>>;
      { m.template initial_buffers<B>() } -> std::same_as<nn::buffers_of<M, B>>;
      { m.template features<B>(p, b, x) } -> std::same_as<typename B::tensor>;
    };

/// True when M is a feature extractor; otherwise compilation stops at a sentence that says what it lacks.
template <class M>
consteval bool explain_feature_extractor() {
  static_assert(requires { { M::image_channels } -> std::convertible_to<std::int64_t>; },
                "synthmed: this feature extractor lacks `static constexpr std::int64_t image_channels`.");
  static_assert(requires { { M::feature_count } -> std::convertible_to<std::int64_t>; },
                "synthmed: this feature extractor lacks `static constexpr std::int64_t feature_count`.");
  static_assert(requires { typename nn::parameters_of<M, nn::detail::any_backend>; },
                "synthmed: this feature extractor lacks the member template `parameters<B>`.");
  static_assert(
      requires { typename nn::buffers_of<M, nn::detail::any_backend>; },
      "synthmed: this feature extractor lacks the member template `buffers<B>` (nothing<tensor> when it has none).");
  return feature_extractor<M>;
}

/// True when M works on B; otherwise compilation stops at a sentence that says what it lacks.
template <class M, class B>
consteval bool explain_feature_extractor_on() {
  if constexpr (explain_feature_extractor<M>()) {
    using parameters = nn::parameters_of<M, B>;
    using buffers = nn::buffers_of<M, B>;
    static_assert(requires(const M& m, synthmed::key k) { { m.template init<B>(k) } -> std::same_as<parameters>; },
                  "synthmed: this feature extractor lacks `parameters<B> init<B>(key) const`.");
    static_assert(requires(const M& m) { { m.template initial_buffers<B>() } -> std::same_as<buffers>; },
                  "synthmed: this feature extractor lacks `buffers<B> initial_buffers<B>() const`.");
    static_assert(requires(const M& m, const parameters& p, const buffers& b, const typename B::tensor& x) {
                    { m.template features<B>(p, b, x) } -> std::same_as<typename B::tensor>;
                  },
                  "synthmed: this feature extractor lacks `tensor features<B>(const parameters<B>&, const buffers<B>&, "
                  "const tensor& x) const`.");
  }
  return feature_extractor_on<M, B>;
}

}  // namespace synthmed::models

// The discriminator concept: a network that gives every picture one number, high for real ones.
#pragma once

#include <concepts>
#include <cstdint>

#include <synthmed/core/backend.hpp>
#include <synthmed/nn/layers.hpp>

namespace synthmed::models {

/// A network from pictures to scores without activation, described without a backend; a critic, where the loss is
/// Wasserstein's:
///   static constexpr std::int64_t image_channels   1: grey, 3: colour
///   parameters<B>                                   the trained tensors
///   init<B>(key)                                    parameters from random numbers: the same values on every backend
///   apply<B>(parameters, x) -> tensor               pictures [n, image_channels, h, w] to scores [n, 1]
/// Laws (testing/discriminator_laws.hpp): scores have that shape and can be differentiated by the pictures; they depend
/// on pictures and parameters alone (on the whole batch, where a statistic of it is a feature); init depends on the key
/// alone; pictures with other channels throw shape_error.
template <class C>
concept discriminator = std::semiregular<C> && requires {
  { C::image_channels } -> std::convertible_to<std::int64_t>;
  requires C::image_channels >= 1;
  typename nn::parameters_of<C, nn::detail::any_backend>;
};

/// A discriminator whose templates work on backend B.
template <class C, class B>
concept discriminator_on =
    discriminator<C> && requires(const C& c, const nn::parameters_of<C, B>& p, const typename B::tensor& x, synthmed::key k) {
      { c.template init<B>(k) } -> std::same_as<nn::parameters_of<C, B>>;
      { c.template apply<B>(p, x) } -> std::same_as<typename B::tensor>;
    };

/// True when C is a discriminator; otherwise compilation stops at a sentence that says what it lacks.
template <class C>
consteval bool explain_discriminator() {
  static_assert(std::semiregular<C>, "synthmed: a discriminator is a value: default-constructible and copyable.");
  static_assert(requires { { C::image_channels } -> std::convertible_to<std::int64_t>; },
                "synthmed: this discriminator lacks `static constexpr std::int64_t image_channels`.");
  static_assert(requires { typename nn::parameters_of<C, nn::detail::any_backend>; },
                "synthmed: this discriminator lacks the member template `parameters<B>`.");
  if constexpr (requires { C::image_channels + 0; })
    static_assert(C::image_channels >= 1, "synthmed: a discriminator has at least 1 image channel.");
  return discriminator<C>;
}

/// True when C works on B; otherwise compilation stops at a sentence that says what it lacks.
template <class C, class B>
consteval bool explain_discriminator_on() {
  if constexpr (explain_discriminator<C>()) {
    using parameters = nn::parameters_of<C, B>;
    static_assert(requires(const C& c, synthmed::key k) { { c.template init<B>(k) } -> std::same_as<parameters>; },
                  "synthmed: this discriminator lacks `parameters<B> init<B>(key) const`.");
    static_assert(requires(const C& c, const parameters& p, const typename B::tensor& x) {
                    { c.template apply<B>(p, x) } -> std::same_as<typename B::tensor>;
                  },
                  "synthmed: this discriminator lacks `tensor apply<B>(const parameters<B>&, const tensor& x) const`.");
  }
  return discriminator_on<C, B>;
}

/// A discriminator made of layers: a `sequential` from pictures of a fixed size to one number.
///   using mine = layer_discriminator<nn::sequential<nn::chw{1, 32, 32}, ...>>;
template <nn::layer Layers>
struct layer_discriminator {
  static constexpr nn::chw picture = Layers::input;
  static constexpr std::int64_t image_channels = picture.c;
  static_assert(Layers{}.out() == nn::chw{1}, "synthmed: a discriminator's layers end with one number per picture.");
  static_assert(nn::detail::is_empty<nn::buffers_of<Layers, nn::detail::any_backend>>,
                "synthmed: a discriminator's layers have no buffers: a gradient penalty needs scores that do not depend on "
                "running statistics.");

  template <class B>
  using parameters = nn::parameters_of<Layers, B>;

  template <backend B>
  [[nodiscard]] parameters<B> init(synthmed::key k) const {
    return Layers{}.template init<B>(k);
  }
  /// Scores [n, 1]. Throws shape_error for pictures of another size.
  template <backend B>
  [[nodiscard]] typename B::tensor apply(const parameters<B>& p, const typename B::tensor& x) const {
    return Layers{}.template apply<B>(p, Layers{}.template initial_buffers<B>(), x, {}).y;
  }
};

}  // namespace synthmed::models

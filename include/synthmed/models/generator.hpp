// The generator concept: a network from random numbers to pictures.
#pragma once

#include <concepts>
#include <cstdint>

#include <synthmed/core/backend.hpp>
#include <synthmed/nn/layers.hpp>

namespace synthmed::models {

/// A network from latent vectors to pictures, described without a backend:
///   static constexpr std::int64_t latent           numbers that a picture is made of, standard normal
///   static constexpr std::int64_t image_channels   1: grey, 3: colour
///   parameters<B>                                   the trained tensors
///   init<B>(key)                                    parameters from random numbers: the same values on every backend
///   apply<B>(parameters, z) -> tensor               z [n, latent] to pictures [n, image_channels, h, w]
/// Laws (testing/generator_laws.hpp): the pictures have that shape; a picture depends on its own latents and the
/// parameters alone; init depends on the key alone; other latents throw shape_error.
/// There are no running statistics: a generator's state is what it learned.
template <class G>
concept generator = std::semiregular<G> && requires {
  { G::latent } -> std::convertible_to<std::int64_t>;
  { G::image_channels } -> std::convertible_to<std::int64_t>;
  requires G::latent >= 1 && G::image_channels >= 1;
  typename nn::parameters_of<G, nn::detail::any_backend>;
};

/// A generator whose templates work on backend B.
template <class G, class B>
concept generator_on =
    generator<G> && requires(const G& g, const nn::parameters_of<G, B>& p, const typename B::tensor& z, synthmed::key k) {
      { g.template init<B>(k) } -> std::same_as<nn::parameters_of<G, B>>;
      { g.template apply<B>(p, z) } -> std::same_as<typename B::tensor>;
    };

/// True when G is a generator; otherwise compilation stops at a sentence that says what it lacks.
template <class G>
consteval bool explain_generator() {
  static_assert(std::semiregular<G>, "synthmed: a generator is a value: default-constructible and copyable.");
  static_assert(requires { { G::latent } -> std::convertible_to<std::int64_t>; },
                "synthmed: this generator lacks `static constexpr std::int64_t latent`, the numbers a picture is made of.");
  static_assert(requires { { G::image_channels } -> std::convertible_to<std::int64_t>; },
                "synthmed: this generator lacks `static constexpr std::int64_t image_channels`.");
  static_assert(requires { typename nn::parameters_of<G, nn::detail::any_backend>; },
                "synthmed: this generator lacks the member template `parameters<B>`.");
  if constexpr (requires { G::latent + G::image_channels; })
    static_assert(G::latent >= 1 && G::image_channels >= 1,
                  "synthmed: a generator has at least 1 latent number and 1 image channel.");
  return generator<G>;
}

/// True when G works on B; otherwise compilation stops at a sentence that says what it lacks.
template <class G, class B>
consteval bool explain_generator_on() {
  if constexpr (explain_generator<G>()) {
    using parameters = nn::parameters_of<G, B>;
    static_assert(requires(const G& g, synthmed::key k) { { g.template init<B>(k) } -> std::same_as<parameters>; },
                  "synthmed: this generator lacks `parameters<B> init<B>(key) const`.");
    static_assert(requires(const G& g, const parameters& p, const typename B::tensor& z) {
                    { g.template apply<B>(p, z) } -> std::same_as<typename B::tensor>;
                  },
                  "synthmed: this generator lacks `tensor apply<B>(const parameters<B>&, const tensor& z) const`.");
  }
  return generator_on<G, B>;
}

/// A generator made of layers: a `sequential` from a vector, nn::chw{latent}, to a picture.
///   using mine = layer_generator<nn::sequential<nn::chw{64}, ...>>;
/// Its layers have no buffers: batch norm, whose statistics lag behind what is generated, is not for generators here.
template <nn::layer Layers>
struct layer_generator {
  static constexpr nn::chw picture = Layers{}.out();
  static constexpr std::int64_t latent = Layers::input.c;
  static constexpr std::int64_t image_channels = picture.c;
  static_assert(Layers::input == nn::chw{latent}, "synthmed: a generator's layers begin with a vector, nn::chw{latent}.");
  static_assert(nn::detail::is_empty<nn::buffers_of<Layers, nn::detail::any_backend>>,
                "synthmed: a generator's layers have no buffers; use pixel_norm in the place of batch_norm.");

  template <class B>
  using parameters = nn::parameters_of<Layers, B>;

  template <backend B>
  [[nodiscard]] parameters<B> init(synthmed::key k) const {
    return Layers{}.template init<B>(k);
  }
  /// Pictures [n, picture.c, picture.h, picture.w]. Throws shape_error for latents of another length.
  template <backend B>
  [[nodiscard]] typename B::tensor apply(const parameters<B>& p, const typename B::tensor& z) const {
    return Layers{}.template apply<B>(p, Layers{}.template initial_buffers<B>(), z, {}).y;
  }
};

}  // namespace synthmed::models

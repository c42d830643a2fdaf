// The progressive concept: a generator or discriminator that grows, one stage of twice the size after the other.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include <synthmed/core/backend.hpp>
#include <synthmed/error.hpp>
#include <synthmed/models/discriminator.hpp>
#include <synthmed/models/generator.hpp>
#include <synthmed/nn/layer.hpp>
#include <synthmed/nn/parameters.hpp>
#include <synthmed/ops/ops.hpp>

namespace synthmed::models {

/// How far a progressive network has grown: its blocks 0 to `stage` are in use, and the newest one counts with weight
/// `fade`, from 0 (only the ones below) to 1.
struct grown {
  std::int64_t stage = 0;
  double fade = 1;
  friend constexpr bool operator==(const grown&, const grown&) noexcept = default;
};

/// Throws argument_error unless the stage is one of `stages` and the fade lies in [0, 1].
inline void check_grown(const grown& at, std::size_t stages) {
  if (at.stage < 0 || at.stage >= static_cast<std::int64_t>(stages))
    throw argument_error(sentence("This network has stages 0 to ", stages - 1, ", got stage ", at.stage, "."));
  if (!(at.fade >= 0 && at.fade <= 1)) throw argument_error(sentence("A fade lies in [0, 1], got ", at.fade, "."));
}

namespace detail {

template <class M, std::size_t I>
concept stage_is_layer = requires { typename M::template stage<I>; } && nn::layer<typename M::template stage<I>>;
template <class M, class Index>
inline constexpr bool all_stages_are_layers = false;
template <class M, std::size_t... I>
inline constexpr bool all_stages_are_layers<M, std::index_sequence<I...>> = (stage_is_layer<M, I> && ...);

}  // namespace detail

/// A generator or discriminator that grows:
///   static constexpr std::size_t stages                       how many there are
///   static constexpr std::int64_t resolution(std::int64_t)    side of a stage's pictures in pixels; doubles with each
///   stage<I>                                                  the layer that stage I adds
///   apply<B>(parameters, x, grown)                            the network as far as it has grown
///   for_each_in_use(tree, grown, f)                           optional: calls f(tensor) for those tensors of a tree of
///                                                             parameters that apply(.., grown) uses; without it, all
/// apply<B>(parameters, x) is the network fully grown.
/// Laws (testing/progressive_laws.hpp): resolutions double; fully grown is the network without a `grown`; the result is
/// continuous in the fade; parameters that are not in use change nothing; a stage or fade that is not there throws
/// argument_error.
template <class M>
concept progressive = (generator<M> || discriminator<M>) && requires(std::int64_t s) {
  { M::stages } -> std::convertible_to<std::size_t>;
  requires M::stages >= 1;
  { M::resolution(s) } -> std::same_as<std::int64_t>;
  requires detail::all_stages_are_layers<M, std::make_index_sequence<M::stages>>;
};

/// A progressive network whose templates work on backend B.
template <class M, class B>
concept progressive_on =
    progressive<M> && requires(const M& m, const nn::parameters_of<M, B>& p, const typename B::tensor& x, const grown& at) {
      { m.template apply<B>(p, x, at) } -> std::same_as<typename B::tensor>;
    };

/// True when M is progressive; otherwise compilation stops at a sentence that says what it lacks.
template <class M>
consteval bool explain_progressive() {
  static_assert(generator<M> || discriminator<M>,
                "synthmed: a progressive network is a generator or a discriminator; ask explain_generator or "
                "explain_discriminator what this one lacks.");
  static_assert(requires { { M::stages } -> std::convertible_to<std::size_t>; },
                "synthmed: this progressive network lacks `static constexpr std::size_t stages`.");
  static_assert(requires(std::int64_t s) { { M::resolution(s) } -> std::same_as<std::int64_t>; },
                "synthmed: this progressive network lacks `static constexpr std::int64_t resolution(std::int64_t stage)`.");
  if constexpr (requires { M::stages + 0; }) {
    static_assert(M::stages >= 1, "synthmed: a progressive network has at least 1 stage.");
    static_assert(requires { requires detail::all_stages_are_layers<M, std::make_index_sequence<M::stages>>; },
                  "synthmed: this progressive network lacks `stage<I>`, a layer for every stage.");
  }
  return progressive<M>;
}

/// True when M works on B; otherwise compilation stops at a sentence that says what it lacks.
template <class M, class B>
consteval bool explain_progressive_on() {
  if constexpr (explain_progressive<M>()) {
    static_assert(
        requires(const M& m, const nn::parameters_of<M, B>& p, const typename B::tensor& x, const grown& at) {
          { m.template apply<B>(p, x, at) } -> std::same_as<typename B::tensor>;
        },
        "synthmed: this progressive network lacks `tensor apply<B>(const parameters<B>&, const tensor& x, const grown&) "
        "const`.");
  }
  return progressive_on<M, B>;
}

/// (1 - fade) before + fade now.
template <backend B>
[[nodiscard]] typename B::tensor blended(const typename B::tensor& before, const typename B::tensor& now, double fade) {
  using scalar = typename B::scalar;
  return ops::add<B>(B::mul_scalar(before, static_cast<scalar>(1 - fade)), B::mul_scalar(now, static_cast<scalar>(fade)));
}

/// The network at a stage of growth; networks that do not grow have one.
template <backend B, class M>
[[nodiscard]] typename B::tensor apply_grown(const M& m, const nn::parameters_of<M, B>& p, const typename B::tensor& x,
                                             const grown& at) {
  if constexpr (progressive<M>) {
    return m.template apply<B>(p, x, at);
  } else {
    check_grown(at, 1);
    return m.template apply<B>(p, x);
  }
}

/// Pointers to those tensors of a tree of M's parameters (or of their moments) that a network grown to `at` uses.
template <class M, class Tree>
[[nodiscard]] auto in_use(Tree& tree, const grown& at) {
  using tensor = std::conditional_t<std::is_const_v<Tree>, const typename Tree::tensor, typename Tree::tensor>;
  std::vector<tensor*> out;
  const auto take = [&](tensor& x) { out.push_back(&x); };
  if constexpr (requires { M::for_each_in_use(tree, at, take); })
    M::for_each_in_use(tree, at, take);
  else
    nn::for_each_parameter(tree, [&](const auto&, tensor& x) { take(x); });
  return out;
}

/// How many stages a network has: 1 when it does not grow.
template <class M>
[[nodiscard]] constexpr std::int64_t stages_of() {
  if constexpr (progressive<M>)
    return static_cast<std::int64_t>(M::stages);
  else
    return 1;
}

}  // namespace synthmed::models

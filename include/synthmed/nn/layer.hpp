// The layer concept: what a network is made of, described without a backend.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <type_traits>

#include <synthmed/core/backend.hpp>
#include <synthmed/error.hpp>
#include <synthmed/random/key.hpp>
#include <synthmed/shape.hpp>

namespace synthmed::nn {

/// A height or width that is known only when the network runs.
inline constexpr std::int64_t dynamic = -1;

/// Channels, height and width: the shape of one sample. A vector of c numbers is {c, 1, 1}.
struct chw {
  std::int64_t c = 0;
  std::int64_t h = 1;
  std::int64_t w = 1;
  friend constexpr bool operator==(const chw&, const chw&) noexcept = default;
};

/// "3 x 64 x 64", with "any" for dynamic extents.
[[nodiscard]] inline std::string to_string(const chw& s) {
  const auto extent = [](std::int64_t e) { return e == dynamic ? std::string("any") : std::to_string(e); };
  return extent(s.c) + " x " + extent(s.h) + " x " + extent(s.w);
}

/// The shape of one sample of x [n, c] or [n, c, h, w]. Throws shape_error for other ranks.
[[nodiscard]] inline chw chw_of(const shape& x) {
  if (x.rank() == 2) return {x[1], 1, 1};
  if (x.rank() == 4) return {x[1], x[2], x[3]};
  throw shape_error(sentence("A layer needs x [n, c] or [n, c, h, w], got ", x, "."));
}

/// Two extents that are equal, or may turn out to be.
[[nodiscard]] constexpr bool compatible(std::int64_t a, std::int64_t b) noexcept {
  return a == b || a == dynamic || b == dynamic;
}
/// Two shapes that are equal, or may turn out to be.
[[nodiscard]] constexpr bool compatible(const chw& a, const chw& b) noexcept {
  return a.c == b.c && compatible(a.h, b.h) && compatible(a.w, b.w);
}

/// How a network is run: batch norm and dropout differ.
enum class mode { evaluate, train };

/// What a layer is told beside its input.
struct context {
  nn::mode mode = nn::mode::evaluate;
  /// Source of a layer's random numbers (dropout). A container folds it by the part's name. Ignored in evaluation.
  synthmed::key key{0};
};

/// The parameters or buffers of a layer that has none.
template <class Tensor>
struct nothing {
  using tensor = Tensor;
};

/// What apply() gives: the result, and the buffers as they are afterwards (the same ones unless training changed them).
template <class B, class Buffers>
struct applied {
  typename B::tensor y;
  Buffers buffers;
};

template <class L, class B>
using parameters_of = typename L::template parameters<B>;
template <class L, class B>
using buffers_of = typename L::template buffers<B>;

namespace detail {

// Stands for a backend where only the shape of templates matters.
struct any_backend {
  using tensor = int;
  using scalar = float;
};

}  // namespace detail

/// A backend-free description of a layer, a constant that can stand in a template argument list:
///   constexpr bool accepts(chw) const   whether samples of this shape are taken; h and w may be dynamic
///   constexpr chw out(chw) const        the shape of the result
///   parameters<B>, buffers<B>           trained tensors, and running statistics that are not; nothing<tensor> if none
///   init<B>(key)                        parameters from random numbers: the same values on every backend
///   buffers<B> initial_buffers<B>()     buffers of an untrained layer
///   apply<B>(parameters, buffers, x, context) -> applied<B, buffers<B>>
/// Laws (testing/layer_laws.hpp): apply's result has the shape that out() says; it depends on its arguments alone; in
/// evaluation buffers stay; init depends on the key alone.
template <class L>
concept layer = std::semiregular<L> && requires(const L& l, chw s) {
  { l.accepts(s) } -> std::same_as<bool>;
  { l.out(s) } -> std::same_as<chw>;
  typename parameters_of<L, detail::any_backend>;
  typename buffers_of<L, detail::any_backend>;
};

/// A layer whose templates work on backend B.
template <class L, class B>
concept layer_on = layer<L> && requires(const L& l, const typename B::tensor& x, const parameters_of<L, B>& p,
                                        const buffers_of<L, B>& b, const context& c, synthmed::key k) {
  { l.template init<B>(k) } -> std::same_as<parameters_of<L, B>>;
  { l.template initial_buffers<B>() } -> std::same_as<buffers_of<L, B>>;
  { l.template apply<B>(p, b, x, c) } -> std::same_as<applied<B, buffers_of<L, B>>>;
};

/// True when L is a layer; otherwise compilation stops at a sentence that says what it lacks.
template <class L>
consteval bool explain_layer() {
  static_assert(
      requires(const L& l, chw s) {
        { l.accepts(s) } -> std::same_as<bool>;
      },
      "synthmed: this layer lacks `constexpr bool accepts(chw) const`.");
  static_assert(
      requires(const L& l, chw s) {
        { l.out(s) } -> std::same_as<chw>;
      },
      "synthmed: this layer lacks `constexpr chw out(chw) const`.");
  static_assert(
      requires { typename parameters_of<L, detail::any_backend>; },
      "synthmed: this layer lacks the member template `parameters<B>` (nothing<tensor> when it has none).");
  static_assert(
      requires { typename buffers_of<L, detail::any_backend>; },
      "synthmed: this layer lacks the member template `buffers<B>` (nothing<tensor> when it has none).");
  return layer<L>;
}

/// True when L works on B; otherwise compilation stops at a sentence that says what it lacks.
template <class L, class B>
consteval bool explain_layer_on() {
  if constexpr (explain_layer<L>()) {
    using parameters = parameters_of<L, B>;
    using buffers = buffers_of<L, B>;
    static_assert(
        requires(const L& l, synthmed::key k) {
          { l.template init<B>(k) } -> std::same_as<parameters>;
        },
        "synthmed: this layer lacks `parameters<B> init<B>(key) const`.");
    static_assert(
        requires(const L& l) {
          { l.template initial_buffers<B>() } -> std::same_as<buffers>;
        },
        "synthmed: this layer lacks `buffers<B> initial_buffers<B>() const`.");
    static_assert(
        requires(const L& l, const parameters& p, const buffers& b, const typename B::tensor& x, const context& c) {
          { l.template apply<B>(p, b, x, c) } -> std::same_as<applied<B, buffers>>;
        },
        "synthmed: this layer lacks `applied<B, buffers<B>> apply<B>(const parameters<B>&, const buffers<B>&, "
        "const tensor& x, const context&) const`.");
  }
  return layer_on<L, B>;
}

/// Base of layers without parameters and buffers: they write `template <backend B> tensor forward(x, context) const`.
struct stateless {
  template <class B>
  using parameters = nothing<typename B::tensor>;
  template <class B>
  using buffers = nothing<typename B::tensor>;
  template <backend B>
  [[nodiscard]] parameters<B> init(synthmed::key) const {
    return {};
  }
  template <backend B>
  [[nodiscard]] buffers<B> initial_buffers() const {
    return {};
  }
  friend constexpr bool operator==(const stateless&, const stateless&) noexcept = default;
};

}  // namespace synthmed::nn

// Layers around layers: sums (ResNet) and concatenations (U-Net) of a body with a way around it.
#pragma once

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

#include <synthmed/nn/layer.hpp>
#include <synthmed/nn/parameters.hpp>
#include <synthmed/nn/sequential.hpp>
#include <synthmed/nn/stateless.hpp>
#include <synthmed/ops/elementwise.hpp>
#include <synthmed/ops/layout.hpp>

namespace synthmed::nn {

namespace detail {

struct body_and_shortcut {
  static std::string at(std::size_t i) { return i == 0 ? "body" : "shortcut"; }
};

}  // namespace detail

/// body(x) + shortcut(x) (He et al. 2016). Parameters are named "body...." and "shortcut....".
template <auto Body, auto Shortcut = identity{}>
struct residual {
  using body_type = std::remove_cvref_t<decltype(Body)>;
  using shortcut_type = std::remove_cvref_t<decltype(Shortcut)>;
  static_assert(explain_layer<body_type>() && explain_layer<shortcut_type>());

  template <class B>
  using parameters = parts<typename B::tensor, detail::body_and_shortcut, parameters_of<body_type, B>,
                           parameters_of<shortcut_type, B>>;
  template <class B>
  using buffers =
      parts<typename B::tensor, detail::body_and_shortcut, buffers_of<body_type, B>, buffers_of<shortcut_type, B>>;

  [[nodiscard]] constexpr bool accepts(chw s) const {
    return Body.accepts(s) && Shortcut.accepts(s) && compatible(Body.out(s), Shortcut.out(s));
  }
  [[nodiscard]] constexpr chw out(chw s) const { return Body.out(s); }
  template <backend B>
  [[nodiscard]] parameters<B> init(synthmed::key k) const {
    return {{Body.template init<B>(k.fold("body")), Shortcut.template init<B>(k.fold("shortcut"))}};
  }
  template <backend B>
  [[nodiscard]] buffers<B> initial_buffers() const {
    return {{Body.template initial_buffers<B>(), Shortcut.template initial_buffers<B>()}};
  }
  template <backend B>
  [[nodiscard]] applied<B, buffers<B>> apply(const parameters<B>& p, const buffers<B>& b, const typename B::tensor& x,
                                             const context& c) const {
    auto body = Body.template apply<B>(p.template get<0>(), b.template get<0>(), x, {c.mode, c.key.fold("body")});
    auto around =
        Shortcut.template apply<B>(p.template get<1>(), b.template get<1>(), x, {c.mode, c.key.fold("shortcut")});
    return {ops::add<B>(body.y, around.y), {{std::move(body.buffers), std::move(around.buffers)}}};
  }
  friend constexpr bool operator==(const residual&, const residual&) noexcept = default;
};

/// x and body(x) one after another along the channels: a step of a U-Net (Ronneberger et al. 2015), whose body goes
/// down, on, and up again to x's size. With BodyFirst body(x) comes before x. Parameters are the body's.
template <auto Body, bool BodyFirst = false>
struct concat_skip {
  using body_type = std::remove_cvref_t<decltype(Body)>;
  static_assert(explain_layer<body_type>());

  template <class B>
  using parameters = parameters_of<body_type, B>;
  template <class B>
  using buffers = buffers_of<body_type, B>;

  [[nodiscard]] constexpr bool accepts(chw s) const {
    return Body.accepts(s) && compatible(Body.out(s).h, s.h) && compatible(Body.out(s).w, s.w);
  }
  [[nodiscard]] constexpr chw out(chw s) const { return {s.c + Body.out(s).c, s.h, s.w}; }
  template <backend B>
  [[nodiscard]] parameters<B> init(synthmed::key k) const {
    return Body.template init<B>(k);
  }
  template <backend B>
  [[nodiscard]] buffers<B> initial_buffers() const {
    return Body.template initial_buffers<B>();
  }
  template <backend B>
  [[nodiscard]] applied<B, buffers<B>> apply(const parameters<B>& p, const buffers<B>& b, const typename B::tensor& x,
                                             const context& c) const {
    auto body = Body.template apply<B>(p, b, x, c);
    return {BodyFirst ? ops::concat<B>({body.y, x}, 1) : ops::concat<B>({x, body.y}, 1), std::move(body.buffers)};
  }
  friend constexpr bool operator==(const concat_skip&, const concat_skip&) noexcept = default;
};

}  // namespace synthmed::nn

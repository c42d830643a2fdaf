// sequential: layers one after another, with shapes folded and checked when the program is compiled.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <synthmed/nn/conv_norm.hpp>
#include <synthmed/nn/layer.hpp>
#include <synthmed/nn/parameters.hpp>
#include <synthmed/nn/stateless.hpp>

namespace synthmed::nn {

/// A string that can stand in a template argument list.
template <std::size_t N>
struct fixed_name {
  char text[N]{};
  // NOLINTNEXTLINE: implicit, so that named<"conv1", ...> can be written
  constexpr fixed_name(const char (&from)[N]) {
    for (std::size_t i = 0; i < N; ++i) text[i] = from[i];
  }
  [[nodiscard]] constexpr std::string_view view() const { return {text, N - 1}; }
};

/// A layer with a name for its parameters: `named<"conv1", conv2d{...}>{}` in a sequential. Without one a layer's name
/// is its position.
template <fixed_name Name, auto Layer>
struct named {
  friend constexpr bool operator==(const named&, const named&) noexcept = default;
};

namespace detail {

template <class Entry>
struct entry {  // a plain layer
  static constexpr bool has_name = false;
  static constexpr std::string_view name{};
  using type = Entry;
  template <Entry Value>
  static constexpr type layer = Value;
};
template <fixed_name Name, auto Layer>
struct entry<named<Name, Layer>> {
  static constexpr bool has_name = true;
  static constexpr std::string_view name = Name.view();
  using type = std::remove_cvref_t<decltype(Layer)>;
  template <named<Name, Layer>>
  static constexpr type layer = Layer;
};

template <auto Entry>
using entry_of = entry<std::remove_cvref_t<decltype(Entry)>>;
template <auto Entry>
inline constexpr auto layer_in = entry_of<Entry>::template layer<Entry>;
template <auto Entry>
using layer_type = typename entry_of<Entry>::type;

template <auto... Entries>
struct entry_names {
  static std::string at(std::size_t position) {
    constexpr bool has_name[]{entry_of<Entries>::has_name..., false};
    constexpr std::string_view name[]{entry_of<Entries>::name..., std::string_view{}};
    return has_name[position] ? std::string(name[position]) : std::to_string(position);
  }
};

/// Layers that accept what arrives, from the front, and the shapes between them.
template <std::size_t Count>
struct fold {
  std::array<chw, Count + 1> shapes{};  ///< before each layer, and after the last
  std::size_t fitting = 0;
};

template <auto... Entries>
[[nodiscard]] constexpr fold<sizeof...(Entries)> folded(chw s) {
  fold<sizeof...(Entries)> f;
  f.shapes[0] = s;
  std::size_t position = 0;
  const auto next = [&](const auto& l) {
    if (f.fitting == position && l.accepts(f.shapes[position])) {
      f.shapes[position + 1] = l.out(f.shapes[position]);
      ++f.fitting;
    }
    ++position;
  };
  (next(layer_in<Entries>), ...);
  return f;
}

template <std::size_t I, auto First, auto... Rest>
[[nodiscard]] constexpr auto nth() {
  if constexpr (I == 0)
    return layer_in<First>;
  else
    return nth<I - 1, Rest...>();
}

/// Stops the compilation with the position and the shape in the compiler's list of instantiations.
template <std::size_t Position, auto Layer, chw Arriving>
constexpr void explain_fit() {
  static_assert(Layer.accepts(Arriving),
                "synthmed: a layer of this sequential does not accept the channels, height and width that arrive at "
                "it; explain_fit<position, layer, arriving shape> in this message says which layer and what arrives.");
}

/// Always true: what is wrong is said, once, by the assertions inside.
template <chw In, auto... Entries>
constexpr bool explain_fits() {
  if constexpr ((explain_layer<layer_type<Entries>>() && ...)) {
    constexpr auto f = folded<Entries...>(In);
    if constexpr (f.fitting < sizeof...(Entries))
      explain_fit<f.fitting, nth<f.fitting, Entries...>(), f.shapes[f.fitting]>();
  }
  return true;
}

/// A weighted layer that can do its activation in the same kernel.
template <class L, class B>
concept activates_itself = requires(const L& l, const parameters_of<L, B>& p, const typename B::tensor& x) {
  { l.template apply_activated<B>(p, x, 0.5) } -> std::same_as<typename B::tensor>;
};

/// The activations that it can do.
template <class L>
inline constexpr bool is_rectifier = std::is_same_v<L, leaky_relu> || std::is_same_v<L, relu>;
[[nodiscard]] constexpr double slope_of(const leaky_relu& l) { return l.slope; }
[[nodiscard]] constexpr double slope_of(const relu&) { return 0; }

/// Whether a layer takes a doubling before it into itself.
template <class L>
[[nodiscard]] constexpr bool doubles(const L& l) {
  if constexpr (requires { { l.doubles() } -> std::same_as<bool>; })
    return l.doubles();
  else
    return false;
}

}  // namespace detail

/// Layers (or named layers) one after another on samples of shape In, whose h and w may be dynamic. Whether each fits
/// is checked when the type is made; with dynamic extents once more when it runs. A convolution or linear layer
/// followed by leaky_relu or relu runs as one fused kernel where the backend has one; a conv2d_no_bias followed by batch_norm
/// runs as conv_norm, with the activation behind them; a doubling followed by a small 3 x 3 convolution as one transposed
/// convolution. A sequential is a layer.
template <chw In, auto... Entries>
class sequential {
  static constexpr std::size_t count_ = sizeof...(Entries);
  static_assert(detail::explain_fits<In, Entries...>());

  using names_ = detail::entry_names<Entries...>;

 public:
  /// The shape of samples that go in.
  static constexpr chw input = In;
  /// The number of layers.
  static constexpr std::size_t size = count_;
  /// Layer I, without its name.
  template <std::size_t I>
  using layer_type_at = decltype(detail::nth<I, Entries...>());
  template <std::size_t I>
  static constexpr layer_type_at<I> layer_at = detail::nth<I, Entries...>();
  /// The shape that arrives at layer I; I = size: what comes out.
  template <std::size_t I>
  static constexpr chw arriving_at = detail::folded<Entries...>(In).shapes[I];

  template <class B>
  using parameters = parts<typename B::tensor, names_, parameters_of<detail::layer_type<Entries>, B>...>;
  template <class B>
  using buffers = parts<typename B::tensor, names_, buffers_of<detail::layer_type<Entries>, B>...>;

  [[nodiscard]] constexpr bool accepts(chw s) const {
    return compatible(s, In) && (s.h != dynamic || In.h == dynamic) && (s.w != dynamic || In.w == dynamic) &&
           detail::folded<Entries...>(s).fitting == count_;
  }
  [[nodiscard]] constexpr chw out(chw s = In) const { return detail::folded<Entries...>(s).shapes[count_]; }

  template <backend B>
  [[nodiscard]] parameters<B> init(synthmed::key k) const {
    return init_all<B>(k, std::make_index_sequence<count_>{});
  }
  template <backend B>
  [[nodiscard]] buffers<B> initial_buffers() const {
    return {{detail::layer_in<Entries>.template initial_buffers<B>()...}};
  }
  /// Throws shape_error, naming the layer, when x does not fit.
  template <backend B>
  [[nodiscard]] applied<B, buffers<B>> apply(const parameters<B>& p, const buffers<B>& b, const typename B::tensor& x,
                                             const context& c) const {
    static_assert((explain_layer_on<detail::layer_type<Entries>, B>() && ...));
    check(chw_of(B::shape_of(x)));
    applied<B, buffers<B>> result{x, b};
    run<0, B>(p, b, c, result);
    return result;
  }

  friend constexpr bool operator==(const sequential&, const sequential&) noexcept = default;

 private:
  template <class B, std::size_t... I>
  static parameters<B> init_all(synthmed::key k, std::index_sequence<I...>) {
    return {{detail::layer_in<Entries>.template init<B>(k.fold(names_::at(I)))...}};
  }

  static void check(chw s) {
    if (!compatible(s, In)) throw shape_error(sentence("This network takes samples of shape ", In, ", got ", s, "."));
    const auto f = detail::folded<Entries...>(s);
    if (f.fitting < count_)
      throw shape_error(sentence("Layer ", names_::at(f.fitting), " of ", count_, " does not accept samples of shape ",
                                 f.shapes[f.fitting], " (the network got ", s, ")."));
  }

  template <std::size_t I, class B>
  static void run(const parameters<B>& p, const buffers<B>& b, const context& c, applied<B, buffers<B>>& result) {
    if constexpr (I < count_) {
      constexpr auto l = layer_at<I>;
      if constexpr (doubles_next<I>()) {
        constexpr bool rectified = fuses_next<I + 1, B>();
        result.y = layer_at<I + 1>.template apply_doubled<B>(p.template get<I + 1>(), result.y, slope_after<I + 1, rectified>());
        run<rectified ? I + 3 : I + 2, B>(p, b, c, result);
      } else if constexpr (normalizes_next<I>()) {
        constexpr bool rectified = rectifies_at<I + 2>();
        double slope = 1;
        if constexpr (rectified) slope = detail::slope_of(layer_at<I + 2>);
        result.y = conv_norm<B>(l, layer_at<I + 1>, p.template get<I>(), p.template get<I + 1>(),
                                result.buffers.template get<I + 1>(), result.y, c.mode, slope);
        run<I + (rectified ? 3 : 2), B>(p, b, c, result);
      } else if constexpr (fuses_next<I, B>()) {
        constexpr double slope = detail::slope_of(layer_at<I + 1>);
        result.y = l.template apply_activated<B>(p.template get<I>(), result.y, slope);
        run<I + 2, B>(p, b, c, result);
      } else {
        const context own{c.mode, c.key.fold(names_::at(I))};
        auto step = l.template apply<B>(p.template get<I>(), b.template get<I>(), result.y, own);
        result.y = std::move(step.y);
        result.buffers.template get<I>() = std::move(step.buffers);
        run<I + 1, B>(p, b, c, result);
      }
    }
  }

  // A doubling and a convolution that is better done with it.
  template <std::size_t I>
  static constexpr bool doubles_next() {
    if constexpr (I + 1 < count_ && std::is_same_v<layer_type_at<I>, upsample>)
      return layer_at<I>.factor == 2 && detail::doubles(layer_at<I + 1>);
    else
      return false;
  }
  // The slope of layer I's activation; 1 without one.
  template <std::size_t I, bool Rectified>
  static constexpr double slope_after() {
    if constexpr (Rectified)
      return detail::slope_of(layer_at<I + 1>);
    else
      return 1;
  }

  template <std::size_t I>
  static constexpr bool rectifies_at() {
    if constexpr (I < count_)
      return detail::is_rectifier<layer_type_at<I>>;
    else
      return false;
  }
  template <std::size_t I, class B>
  static constexpr bool fuses_next() {
    return rectifies_at<I + 1>() && detail::activates_itself<layer_type_at<I>, B>;
  }
  template <std::size_t I>
  static constexpr bool normalizes_next() {
    if constexpr (I + 1 < count_)
      return std::is_same_v<layer_type_at<I>, conv2d_no_bias> && std::is_same_v<layer_type_at<I + 1>, batch_norm>;
    else
      return false;
  }
};

}  // namespace synthmed::nn

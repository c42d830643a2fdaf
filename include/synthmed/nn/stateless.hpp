// Layers without weights: activations, normalisation of pixels, batch statistics, dropout, pooling, shapes.
#pragma once

#include <cstdint>
#include <vector>

#include <synthmed/nn/convolution.hpp>
#include <synthmed/nn/layer.hpp>
#include <synthmed/ops/activation.hpp>
#include <synthmed/ops/layout.hpp>
#include <synthmed/ops/normalization.hpp>
#include <synthmed/ops/resample.hpp>
#include <synthmed/ops/storage.hpp>

namespace synthmed::nn {

// apply() of a layer that has no state: calls forward(x, context).
#define SYNTHMED_STATELESS_APPLY                                                                                   \
  template <backend B>                                                                                             \
  [[nodiscard]] applied<B, buffers<B>> apply(const parameters<B>&, const buffers<B>&, const typename B::tensor& x, \
                                             const context& c) const {                                             \
    return {this->template forward<B>(x, c), {}};                                                                  \
  }

/// x where x > 0, else slope x.
struct leaky_relu : stateless {
  double slope = 0.2;  ///< in [0, 1]
  constexpr leaky_relu() = default;
  constexpr explicit leaky_relu(double s) : slope(s) {}
  [[nodiscard]] constexpr bool accepts(chw) const { return slope >= 0 && slope <= 1; }
  [[nodiscard]] constexpr chw out(chw s) const { return s; }
  template <backend B>
  [[nodiscard]] typename B::tensor forward(const typename B::tensor& x, const context&) const {
    return ops::leaky_relu<B>(x, slope);
  }
  SYNTHMED_STATELESS_APPLY
  friend constexpr bool operator==(const leaky_relu&, const leaky_relu&) noexcept = default;
};

/// Layers that keep the shape and have no settings.
#define SYNTHMED_SIMPLE_LAYER(layer_name, expression)                                             \
  struct layer_name : stateless {                                                                 \
    [[nodiscard]] constexpr bool accepts(chw) const { return true; }                              \
    [[nodiscard]] constexpr chw out(chw s) const { return s; }                                    \
    template <backend B>                                                                          \
    [[nodiscard]] typename B::tensor forward(const typename B::tensor& x, const context&) const { \
      return expression;                                                                          \
    }                                                                                             \
    SYNTHMED_STATELESS_APPLY                                                                      \
    friend constexpr bool operator==(const layer_name&, const layer_name&) noexcept = default;    \
  };
SYNTHMED_SIMPLE_LAYER(identity, x)
SYNTHMED_SIMPLE_LAYER(relu, ops::relu<B>(x))
SYNTHMED_SIMPLE_LAYER(tanh, B::tanh(x))
SYNTHMED_SIMPLE_LAYER(sigmoid, B::sigmoid(x))
#undef SYNTHMED_SIMPLE_LAYER

/// x / sqrt(mean over the channels of x^2 + epsilon).
struct pixel_norm : stateless {
  double epsilon = 1e-8;
  constexpr pixel_norm() = default;
  constexpr explicit pixel_norm(double e) : epsilon(e) {}
  [[nodiscard]] constexpr bool accepts(chw s) const { return s.c >= 1; }
  [[nodiscard]] constexpr chw out(chw s) const { return s; }
  template <backend B>
  [[nodiscard]] typename B::tensor forward(const typename B::tensor& x, const context&) const {
    return ops::pixel_norm<B>(x, epsilon);
  }
  SYNTHMED_STATELESS_APPLY
  friend constexpr bool operator==(const pixel_norm&, const pixel_norm&) noexcept = default;
};

/// One channel more: the standard deviation within groups of the batch (ops::minibatch_stddev).
struct minibatch_stddev : stateless {
  ops::minibatch_stddev_options options{};
  constexpr minibatch_stddev() = default;
  constexpr explicit minibatch_stddev(ops::minibatch_stddev_options o) : options(o) {}
  [[nodiscard]] constexpr bool accepts(chw s) const { return s.c >= 1 && options.group >= 1; }
  [[nodiscard]] constexpr chw out(chw s) const { return {s.c + 1, s.h, s.w}; }
  template <backend B>
  [[nodiscard]] typename B::tensor forward(const typename B::tensor& x, const context&) const {
    return ops::minibatch_stddev<B>(x, options);
  }
  SYNTHMED_STATELESS_APPLY
  friend constexpr bool operator==(const minibatch_stddev&, const minibatch_stddev&) noexcept = default;
};

/// In training every value is zero with the given probability, the others are divided by what is kept (Srivastava et
/// al. 2014); in evaluation x. The mask is a function of the context's key and the place.
struct dropout : stateless {
  double probability = 0.5;  ///< in [0, 1)
  constexpr dropout() = default;
  constexpr explicit dropout(double p) : probability(p) {}
  [[nodiscard]] constexpr bool accepts(chw) const { return probability >= 0 && probability < 1; }
  [[nodiscard]] constexpr chw out(chw s) const { return s; }
  template <backend B>
  [[nodiscard]] typename B::tensor forward(const typename B::tensor& x, const context& c) const {
    if (c.mode == mode::evaluate || probability == 0) return x;
    const shape dims = B::shape_of(x);
    std::vector<double> draws(static_cast<std::size_t>(dims.elements()));
    fill_uniform(c.key, std::span(draws));
    std::vector<typename B::scalar> mask;
    mask.reserve(draws.size());
    for (const double draw : draws)
      mask.push_back(static_cast<typename B::scalar>(draw < probability ? 0.0 : 1.0 / (1.0 - probability)));
    return B::mul(x, B::from_host(dims, mask));
  }
  SYNTHMED_STATELESS_APPLY
  friend constexpr bool operator==(const dropout&, const dropout&) noexcept = default;
};

namespace detail {

/// Windows that lie side by side must cover the picture; overlapping or padded ones may leave a rest, as usual.
[[nodiscard]] constexpr bool pool_accepts(std::int64_t extent, std::int64_t kernel, std::int64_t stride,
                                          std::int64_t pad) noexcept {
  return window_fits(extent, kernel, stride, pad) && 2 * pad <= kernel &&
         (extent == dynamic || stride != kernel || pad != 0 || extent % kernel == 0);
}

}  // namespace detail

/// Window of a pooling layer. Without `stride` windows lie side by side and must divide the picture's size.
struct pool_options {
  std::int64_t kernel = 2;
  std::int64_t stride = 0;  ///< 0: as `kernel`
  std::int64_t pad = 0;     ///< zeros (never a maximum) on each side, at most half a window
  [[nodiscard]] constexpr std::int64_t step() const { return stride > 0 ? stride : kernel; }
  [[nodiscard]] constexpr pool2d_params params() const { return {kernel, kernel, step(), step(), pad, pad}; }
  [[nodiscard]] constexpr bool accepts(chw s) const {
    return detail::pool_accepts(s.h, kernel, step(), pad) && detail::pool_accepts(s.w, kernel, step(), pad);
  }
  [[nodiscard]] constexpr chw out(chw s) const {
    return {s.c, detail::slid_or_dynamic(s.h, kernel, step(), pad), detail::slid_or_dynamic(s.w, kernel, step(), pad)};
  }
  friend constexpr bool operator==(const pool_options&, const pool_options&) noexcept = default;
};

#define SYNTHMED_POOL_LAYER(layer_name)                                                           \
  struct layer_name : stateless {                                                                 \
    pool_options window{};                                                                        \
    constexpr layer_name() = default;                                                             \
    constexpr explicit layer_name(pool_options o) : window(o) {}                                  \
    [[nodiscard]] constexpr bool accepts(chw s) const { return window.accepts(s); }               \
    [[nodiscard]] constexpr chw out(chw s) const { return window.out(s); }                        \
    template <backend B>                                                                          \
    [[nodiscard]] typename B::tensor forward(const typename B::tensor& x, const context&) const { \
      return ops::layer_name<B>(x, window.params());                                              \
    }                                                                                             \
    SYNTHMED_STATELESS_APPLY                                                                      \
    friend constexpr bool operator==(const layer_name&, const layer_name&) noexcept = default;    \
  };
SYNTHMED_POOL_LAYER(avg_pool)
SYNTHMED_POOL_LAYER(max_pool)
#undef SYNTHMED_POOL_LAYER

/// Every pixel becomes factor x factor equal ones.
struct upsample : stateless {
  std::int64_t factor = 2;
  constexpr upsample() = default;
  constexpr explicit upsample(std::int64_t f) : factor(f) {}
  [[nodiscard]] constexpr bool accepts(chw) const { return factor >= 1; }
  [[nodiscard]] constexpr chw out(chw s) const {
    return {s.c, s.h == dynamic ? dynamic : s.h * factor, s.w == dynamic ? dynamic : s.w * factor};
  }
  template <backend B>
  [[nodiscard]] typename B::tensor forward(const typename B::tensor& x, const context&) const {
    return ops::upsample_nearest<B>(x, factor);
  }
  SYNTHMED_STATELESS_APPLY
  friend constexpr bool operator==(const upsample&, const upsample&) noexcept = default;
};

/// Mean of every channel: [n, c, h, w] to [n, c].
struct global_avg_pool : stateless {
  [[nodiscard]] constexpr bool accepts(chw) const { return true; }
  [[nodiscard]] constexpr chw out(chw s) const { return {s.c, 1, 1}; }
  template <backend B>
  [[nodiscard]] typename B::tensor forward(const typename B::tensor& x, const context&) const {
    return ops::global_avg_pool<B>(x);
  }
  SYNTHMED_STATELESS_APPLY
  friend constexpr bool operator==(const global_avg_pool&, const global_avg_pool&) noexcept = default;
};

/// [n, c, h, w] to [n, c h w]. Height and width must be fixed.
struct flatten : stateless {
  [[nodiscard]] constexpr bool accepts(chw s) const { return s.h != dynamic && s.w != dynamic; }
  [[nodiscard]] constexpr chw out(chw s) const { return {s.c * s.h * s.w, 1, 1}; }
  template <backend B>
  [[nodiscard]] typename B::tensor forward(const typename B::tensor& x, const context&) const {
    return ops::flatten<B>(x);
  }
  SYNTHMED_STATELESS_APPLY
  friend constexpr bool operator==(const flatten&, const flatten&) noexcept = default;
};

/// Samples of another shape with the same number of values: [n, ...] to [n, c, h, w].
struct reshape : stateless {
  chw to{};
  constexpr reshape() = default;
  constexpr explicit reshape(chw s) : to(s) {}
  [[nodiscard]] constexpr bool accepts(chw s) const {
    return s.h != dynamic && s.w != dynamic && s.c * s.h * s.w == to.c * to.h * to.w;
  }
  [[nodiscard]] constexpr chw out(chw) const { return to; }
  template <backend B>
  [[nodiscard]] typename B::tensor forward(const typename B::tensor& x, const context&) const {
    return ops::reshape<B>(x, {B::shape_of(x)[0], to.c, to.h, to.w});
  }
  SYNTHMED_STATELESS_APPLY
  friend constexpr bool operator==(const reshape&, const reshape&) noexcept = default;
};

#undef SYNTHMED_STATELESS_APPLY

}  // namespace synthmed::nn

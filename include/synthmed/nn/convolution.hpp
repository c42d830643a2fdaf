// Layers with weights: convolutions and linear maps.
#pragma once

#include <cmath>
#include <cstdint>

#include <synthmed/nn/init.hpp>
#include <synthmed/nn/layer.hpp>
#include <synthmed/nn/parameters.hpp>
#include <synthmed/ops/convolution.hpp>
#include <synthmed/ops/linear.hpp>

namespace synthmed::nn {

template <class Tensor>
struct weight_and_bias {
  using tensor = Tensor;
  BOOST_HANA_DEFINE_STRUCT(weight_and_bias, (Tensor, weight), (Tensor, bias));
};

template <class Tensor>
struct weight_only {
  using tensor = Tensor;
  BOOST_HANA_DEFINE_STRUCT(weight_only, (Tensor, weight));
};

/// The square root of 2: the gain that keeps the variance through leaky ReLUs (He et al. 2015).
inline constexpr double gain_relu = 1.4142135623730951;

namespace detail {

/// Extent after a window slides over it; dynamic stays dynamic.
[[nodiscard]] constexpr std::int64_t slid_or_dynamic(std::int64_t extent, std::int64_t kernel, std::int64_t stride,
                                                     std::int64_t pad) {
  return extent == dynamic ? dynamic : slid(extent, kernel, stride, pad);
}
[[nodiscard]] constexpr bool window_fits(std::int64_t extent, std::int64_t kernel, std::int64_t stride,
                                         std::int64_t pad) noexcept {
  return kernel >= 1 && stride >= 1 && pad >= 0 && (extent == dynamic || extent + 2 * pad >= kernel);
}

/// What to multiply the weight and the whole output with.
struct equalized_scale {
  double weight;
  double output;
};
[[nodiscard]] inline equalized_scale scale_of(equalized rate, double gain, const shape& weight) {
  if (rate == equalized::no) return {1, 1};
  const double scale = gain / std::sqrt(static_cast<double>(fan_in(weight)));
  return rate == equalized::weight ? equalized_scale{scale, 1} : equalized_scale{1, scale};
}

template <backend B>
[[nodiscard]] typename B::tensor scaled(const typename B::tensor& x, double by) {
  return by == 1 ? x : B::mul_scalar(x, static_cast<typename B::scalar>(by));
}

/// Whether B's fused passes multiply by a scale on their way, forward and back.
template <class B>
concept scales_on_the_way = fuses_conv2d_bias_leaky_relu<B> && fuses_bias_leaky_relu<B> && fuses_leaky_relu_gradient<B>;

/// Weight, bias and output scale of an equalized layer as its fused kernel takes them. Where scaling on the way costs
/// nothing, the weight is not multiplied: leaky(o (c x w + b)) = leaky(o c (x w + b / c)) for c > 0.
template <backend B>
struct equalized_operands {
  typename B::tensor weight, bias;
  double scale;

  equalized_operands(const typename B::tensor& w, const typename B::tensor& b, const equalized_scale& by) {
    const bool later = scales_on_the_way<B> && by.weight > 0;
    weight = later ? w : scaled<B>(w, by.weight);
    bias = later ? scaled<B>(b, 1 / by.weight) : b;
    scale = later ? by.weight * by.output : by.output;
  }
};

}  // namespace detail

/// Two-dimensional convolution (cross-correlation) with a bias. [n, inputs, h, w] to [n, outputs, oh, ow].
struct conv2d {
  std::int64_t inputs = 1;   ///< channels in
  std::int64_t outputs = 1;  ///< channels out
  std::int64_t kernel = 3;   ///< height of the window; its width too unless kernel_w says otherwise
  std::int64_t stride = 1;
  std::int64_t pad = 0;       ///< zeros on each side; kernel / 2 keeps the size when the stride is 1
  std::int64_t kernel_w = 0;  ///< width of the window; 0: as `kernel`
  std::int64_t pad_w = -1;    ///< zeros left and right; -1: as `pad`
  nn::initial initial = nn::initial::fan_in_uniform;  ///< how weight and bias start
  nn::equalized rate = nn::equalized::no;             ///< scaling at use; with `initial::normal`
  double gain = gain_relu;                            ///< of the equalized rate; ignored without it

  template <class B>
  using parameters = weight_and_bias<typename B::tensor>;
  template <class B>
  using buffers = nothing<typename B::tensor>;

  [[nodiscard]] constexpr std::int64_t width() const { return kernel_w > 0 ? kernel_w : kernel; }
  [[nodiscard]] constexpr conv2d_params params() const { return {stride, stride, pad, pad_w >= 0 ? pad_w : pad}; }
  [[nodiscard]] constexpr shape weight_dims() const { return {outputs, inputs, kernel, width()}; }

  [[nodiscard]] constexpr bool accepts(chw s) const {
    return s.c == inputs && outputs >= 1 && detail::window_fits(s.h, kernel, stride, params().pad_h) &&
           detail::window_fits(s.w, width(), stride, params().pad_w);
  }
  [[nodiscard]] constexpr chw out(chw s) const {
    return {outputs, detail::slid_or_dynamic(s.h, kernel, stride, params().pad_h),
            detail::slid_or_dynamic(s.w, width(), stride, params().pad_w)};
  }
  template <backend B>
  [[nodiscard]] parameters<B> init(synthmed::key k) const {
    return {initial_weight<B>(initial, k.fold("weight"), weight_dims()),
            initial_bias<B>(initial, k.fold("bias"), weight_dims())};
  }
  template <backend B>
  [[nodiscard]] buffers<B> initial_buffers() const {
    return {};
  }
  template <backend B>
  [[nodiscard]] applied<B, buffers<B>> apply(const parameters<B>& p, const buffers<B>&, const typename B::tensor& x,
                                             const context&) const {
    return {apply_activated<B>(p, x, 1), {}};
  }
  /// The same followed by leaky_relu(slope), as one fused kernel where the backend has it.
  template <backend B>
  [[nodiscard]] typename B::tensor apply_activated(const parameters<B>& p, const typename B::tensor& x,
                                                   double slope) const {
    const detail::equalized_operands<B> with(p.weight, p.bias, detail::scale_of(rate, gain, weight_dims()));
    return ops::conv2d_bias_leaky_relu<B>(x, with.weight, with.bias, params(), with.scale, slope);
  }
  /// Whether a doubling before it is better part of it. With many channels Winograd's transform saves as much.
  [[nodiscard]] constexpr bool doubles() const {
    return kernel == 3 && width() == 3 && stride == 1 && params() == conv2d_params{1, 1, 1, 1} &&
           inputs * outputs <= 64 * 64;
  }
  /// The same after a nearest-neighbour doubling of x; for layers that double.
  template <backend B>
  [[nodiscard]] typename B::tensor apply_doubled(const parameters<B>& p, const typename B::tensor& x,
                                                 double slope) const {
    const detail::equalized_operands<B> with(p.weight, p.bias, detail::scale_of(rate, gain, weight_dims()));
    return ops::upsampled_conv2d_bias_leaky_relu<B>(x, with.weight, with.bias, with.scale, slope);
  }
  friend constexpr bool operator==(const conv2d&, const conv2d&) noexcept = default;
};

/// Convolution without a bias, as before a batch norm.
struct conv2d_no_bias {
  std::int64_t inputs = 1;   ///< channels in
  std::int64_t outputs = 1;  ///< channels out
  std::int64_t kernel = 3;   ///< height of the window; its width too unless kernel_w says otherwise
  std::int64_t stride = 1;
  std::int64_t pad = 0;                               ///< zeros on each side
  std::int64_t kernel_w = 0;                          ///< width of the window; 0: as `kernel`
  std::int64_t pad_w = -1;                            ///< zeros left and right; -1: as `pad`
  nn::initial initial = nn::initial::fan_in_uniform;  ///< how the weight starts

  template <class B>
  using parameters = weight_only<typename B::tensor>;
  template <class B>
  using buffers = nothing<typename B::tensor>;

  /// The same geometry with a bias: shapes are worked out there.
  [[nodiscard]] constexpr conv2d with_bias() const {
    return {inputs, outputs, kernel, stride, pad, kernel_w, pad_w, initial, equalized::no, gain_relu};
  }
  [[nodiscard]] constexpr bool accepts(chw s) const { return with_bias().accepts(s); }
  [[nodiscard]] constexpr chw out(chw s) const { return with_bias().out(s); }
  template <backend B>
  [[nodiscard]] parameters<B> init(synthmed::key k) const {
    return {initial_weight<B>(initial, k.fold("weight"), with_bias().weight_dims())};
  }
  template <backend B>
  [[nodiscard]] buffers<B> initial_buffers() const {
    return {};
  }
  template <backend B>
  [[nodiscard]] applied<B, buffers<B>> apply(const parameters<B>& p, const buffers<B>&, const typename B::tensor& x,
                                             const context&) const {
    return {ops::conv2d<B>(x, p.weight, with_bias().params()), {}};
  }
  friend constexpr bool operator==(const conv2d_no_bias&, const conv2d_no_bias&) noexcept = default;
};

/// Linear map of vectors: [n, inputs] to [n, outputs].
struct linear {
  std::int64_t inputs = 1;
  std::int64_t outputs = 1;
  nn::initial initial = nn::initial::fan_in_uniform;  ///< how weight and bias start
  nn::equalized rate = nn::equalized::no;             ///< scaling at use; with `initial::normal`
  double gain = gain_relu;                            ///< of the equalized rate; ignored without it

  template <class B>
  using parameters = weight_and_bias<typename B::tensor>;
  template <class B>
  using buffers = nothing<typename B::tensor>;

  [[nodiscard]] constexpr bool accepts(chw s) const { return s == chw{inputs, 1, 1} && outputs >= 1; }
  [[nodiscard]] constexpr chw out(chw) const { return {outputs, 1, 1}; }
  template <backend B>
  [[nodiscard]] parameters<B> init(synthmed::key k) const {
    const shape dims{outputs, inputs};
    return {initial_weight<B>(initial, k.fold("weight"), dims), initial_bias<B>(initial, k.fold("bias"), dims)};
  }
  template <backend B>
  [[nodiscard]] buffers<B> initial_buffers() const {
    return {};
  }
  template <backend B>
  [[nodiscard]] applied<B, buffers<B>> apply(const parameters<B>& p, const buffers<B>&, const typename B::tensor& x,
                                             const context&) const {
    return {apply_activated<B>(p, x, 1), {}};
  }
  /// The same followed by leaky_relu(slope), as one fused kernel where the backend has it.
  template <backend B>
  [[nodiscard]] typename B::tensor apply_activated(const parameters<B>& p, const typename B::tensor& x,
                                                   double slope) const {
    const detail::equalized_operands<B> with(p.weight, p.bias, detail::scale_of(rate, gain, {outputs, inputs}));
    return ops::bias_leaky_relu<B>(ops::matmul<B>(x, with.weight, false, true), with.bias, with.scale, slope);
  }
  friend constexpr bool operator==(const linear&, const linear&) noexcept = default;
};

}  // namespace synthmed::nn

// Two-dimensional convolutions (cross-correlations) with bias, scale and activation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <synthmed/core/backend.hpp>
#include <synthmed/error.hpp>
#include <synthmed/ops/activation.hpp>
#include <synthmed/ops/overrides.hpp>

namespace synthmed::ops {

/// x [n, ci, h, w] with weight [co, ci, kh, kw]: [n, co, oh, ow]. Throws shape_error when they do not fit.
template <backend B>
[[nodiscard]] typename B::tensor conv2d(const typename B::tensor& x, const typename B::tensor& weight,
                                        const conv2d_params& params = {}) {
  (void)conv2d_shape(B::shape_of(x), B::shape_of(weight), params);
  return B::conv2d(x, weight, params);
}

/// leaky_relu(scale (conv2d(x, weight) + bias)) for bias [co]; slope 1 is no activation. Throws shape_error when the
/// shapes do not fit, argument_error for a slope outside [0, 1] or a scale that is not positive.
template <backend B>
[[nodiscard]] typename B::tensor conv2d_bias_leaky_relu(const typename B::tensor& x, const typename B::tensor& weight,
                                                        const typename B::tensor& bias, const conv2d_params& params,
                                                        double scale, double slope) {
  using scalar = typename B::scalar;
  const shape out = conv2d_shape(B::shape_of(x), B::shape_of(weight), params);
  if (!(B::shape_of(bias) == shape{out[1]}))
    throw shape_error(
        sentence("conv2d with ", out[1], " output channels needs a bias of that length, got ", B::shape_of(bias), "."));
  if constexpr (fuses_conv2d_bias_leaky_relu<B>) {
    detail::check_slope("conv2d_bias_leaky_relu", slope);
    if (!(scale > 0)) throw argument_error(sentence("conv2d_bias_leaky_relu needs a positive scale, got ", scale, "."));
    return B::conv2d_bias_leaky_relu(x, weight, bias, params, static_cast<scalar>(scale), static_cast<scalar>(slope));
  } else {
    return bias_leaky_relu<B>(B::conv2d(x, weight, params), bias, scale, slope);
  }
}

/// conv2d(x, weight) + bias.
template <backend B>
[[nodiscard]] typename B::tensor conv2d(const typename B::tensor& x, const typename B::tensor& weight,
                                        const typename B::tensor& bias, const conv2d_params& params) {
  return conv2d_bias_leaky_relu<B>(x, weight, bias, params, 1, 1);
}

/// The transposed convolution of x [n, co, h, w] with weight [co, ci, kh, kw]: the adjoint of conv2d, with output
/// extent (h - 1) stride - 2 pad + kernel + extra, where extra lies in [0, stride). Throws shape_error.
template <backend B>
[[nodiscard]] typename B::tensor conv2d_transposed(const typename B::tensor& x, const typename B::tensor& weight,
                                                   const conv2d_params& params, std::int64_t extra_h = 0,
                                                   std::int64_t extra_w = 0) {
  const shape a = B::shape_of(x), w = B::shape_of(weight);
  if (a.rank() != 4 || w.rank() != 4 || a[1] != w[0])
    throw shape_error(
        sentence("conv2d_transposed needs x [n, co, h, w] and weight [co, ci, kh, kw], got ", a, " and ", w, "."));
  const auto extent = [](std::int64_t in, std::int64_t kernel, std::int64_t stride, std::int64_t padding,
                         std::int64_t extra) { return (in - 1) * stride - 2 * padding + kernel + extra; };
  const shape dims{a[0], w[1], extent(a[2], w[2], params.stride_h, params.pad_h, extra_h),
                   extent(a[3], w[3], params.stride_w, params.pad_w, extra_w)};
  if (!(conv2d_shape(dims, w, params) == a))
    throw shape_error(
        sentence("conv2d_transposed needs extra extents of 0 to stride - 1, got ", extra_h, " and ", extra_w, "."));
  return B::conv2d_input_grad(x, weight, params, dims);
}

namespace detail {

/// [co, ci, 3, 3] as the [ci, co, 4, 4] of a transposed convolution with stride 2 and padding 1: place t of its four
/// adds up the places 2 - t and 3 - t of three, along both axes.
template <backend B>
[[nodiscard]] typename B::tensor doubling_weight(const typename B::tensor& weight) {
  using scalar = typename B::scalar;
  const shape w = B::shape_of(weight);
  std::array<scalar, 9 * 16> spread{};
  const auto adds = [](std::size_t of_three, std::size_t of_four) {
    return of_three + of_four == 2 || of_three + of_four == 3;
  };
  for (std::size_t from = 0; from < 9; ++from)
    for (std::size_t to = 0; to < 16; ++to)
      spread[from * 16 + to] = static_cast<scalar>(adds(from / 3, to / 4) && adds(from % 3, to % 4));
  const auto rows = B::matmul(B::reshape(weight, {w[0] * w[1], 9}), B::from_host({9, 16}, spread), false, false);
  return B::permute(B::reshape(rows, {w[0], w[1], 4, 4}), std::array<int, 4>{1, 0, 2, 3});
}

}  // namespace detail

/// leaky_relu(scale (conv2d(upsample_nearest(x, 2), weight) + bias)) for a 3 x 3 weight [co, ci, 3, 3] and padding 1,
/// without the enlarged picture: a transposed convolution of x with a 4 x 4 weight, 4/9 of the multiplications. Throws
/// shape_error when the shapes do not fit, argument_error for a slope outside [0, 1] or a scale that is not positive.
template <backend B>
[[nodiscard]] typename B::tensor upsampled_conv2d_bias_leaky_relu(const typename B::tensor& x,
                                                                  const typename B::tensor& weight,
                                                                  const typename B::tensor& bias, double scale,
                                                                  double slope) {
  const shape a = B::shape_of(x), w = B::shape_of(weight);
  if (a.rank() != 4 || !(w == shape{B::shape_of(bias)[0], a[1], 3, 3}))
    throw shape_error(sentence("upsampled_conv2d needs x [n, ci, h, w], weight [co, ci, 3, 3] and bias [co], got ", a,
                               ", ", w, " and ", B::shape_of(bias), "."));
  const conv2d_params doubling{.stride_h = 2, .stride_w = 2, .pad_h = 1, .pad_w = 1};
  const auto y =
      B::conv2d_input_grad(x, detail::doubling_weight<B>(weight), doubling, {a[0], w[0], 2 * a[2], 2 * a[3]});
  return bias_leaky_relu<B>(y, bias, scale, slope);
}

}  // namespace synthmed::ops

// Fused passes: bias, scale and leaky ReLU in one; pixel norm in one.
#pragma once

#include <cmath>
#include <cstdint>

#include <synthmed/backends/xtensor/copy.hpp>
#include <synthmed/backends/xtensor/simd.hpp>

namespace synthmed::xtensor {

namespace detail {

[[nodiscard]] inline pack leaky(const pack& x, const pack& slope) {
  return xsimd::select(x > pack(0.0f), x, slope * x);
}

/// to = leaky_relu(scale (from + bias)) for [n, c, ...] in its layout; from may be to.
inline void bias_leaky(const shape& dims, layout order, const float* from, const float* bias, float scale, float slope,
                       float* to) {
  const std::int64_t channels = dims[1];
  std::int64_t pixels = 1;
  for (int axis = 2; axis < dims.rank(); ++axis) pixels *= dims[axis];
  const pack factor(scale), below(slope);
  if (order == layout::blocked) {
    const std::int64_t groups = channels / block;
    // Chunks of pixels of one group of channels, whose 16 biases stay in registers.
    const std::int64_t many = std::min(pixels, grain / block), tiles = (pixels + many - 1) / many;
    kernel_for(dims[0] * groups * tiles, std::max<std::int64_t>(1, grain / (many * block)),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t item = begin; item < end; ++item) {
                   const std::int64_t plane = item / tiles, first = item % tiles * many,
                                      last = std::min(pixels, first + many);
                   for (std::int64_t lane = 0; lane < block; lane += width) {
                     const pack shift = load_any(bias + plane % groups * block + lane);
                     const std::int64_t start = plane * pixels * block + lane;
                     for (std::int64_t i = start + first * block; i < start + last * block; i += block)
                       store(to + i, leaky(factor * (load(from + i) + shift), below));
                   }
                 }
               });
    return;
  }
  kernel_for(dims[0] * channels, std::max<std::int64_t>(1, grain / std::max<std::int64_t>(1, pixels)),
             [&](std::int64_t begin, std::int64_t end) {
               for (std::int64_t plane = begin; plane < end; ++plane) {
                 const float shift_here = bias[plane % channels];
                 const pack shift(shift_here);
                 std::int64_t i = plane * pixels;
                 const std::int64_t stop = i + pixels;
                 for (; i + width <= stop; i += width)
                   store_any(to + i, leaky(factor * (load_any(from + i) + shift), below));
                 for (; i < stop; ++i) {
                   const float value = scale * (from[i] + shift_here);
                   to[i] = value > 0 ? value : slope * value;
                 }
               }
             });
}

/// to = from / sqrt(mean over channels of from^2 + epsilon) for a blocked tensor. Pixels are taken a few at a time, so
/// that each block of channels is read in one run and is still in the cache when it is written.
inline void pixel_norm_blocked(const shape& dims, const float* from, float epsilon, float* to) {
  constexpr std::int64_t tile = 16;
  const std::int64_t groups = dims[1] / block, pixels = dims[2] * dims[3], tiles = (pixels + tile - 1) / tile;
  const float share = 1.0f / static_cast<float>(dims[1]);
  kernel_for(dims[0] * tiles, std::max<std::int64_t>(1, grain / (dims[1] * tile)),
             [&](std::int64_t begin, std::int64_t end) {
               alignas(alignment) float factors[tile];
               alignas(alignment) float sums[tile * width];
               for (std::int64_t item = begin; item < end; ++item) {
                 const std::int64_t first = item % tiles * tile, count = std::min(tile, pixels - first);
                 const std::int64_t start = (item / tiles * groups * pixels + first) * block;
                 for (std::int64_t i = 0; i < count * width; i += width) store(sums + i, pack(0.0f));
                 for (std::int64_t group = 0; group < groups; ++group)
                   for (std::int64_t i = 0; i < count; ++i) {
                     pack sum = load(sums + i * width);
                     for (std::int64_t lane = 0; lane < block; lane += width) {
                       const pack x = load(from + start + group * pixels * block + i * block + lane);
                       sum = xsimd::fma(x, x, sum);
                     }
                     store(sums + i * width, sum);
                   }
                 for (std::int64_t i = 0; i < count; ++i)
                   factors[i] = 1.0f / std::sqrt(lane_sum(load(sums + i * width)) * share + epsilon);
                 for (std::int64_t group = 0; group < groups; ++group)
                   for (std::int64_t i = 0; i < count; ++i)
                     for (std::int64_t lane = 0; lane < block; lane += width) {
                       const std::int64_t place = start + group * pixels * block + i * block + lane;
                       store(to + place, pack(factors[i]) * load(from + place));
                     }
               }
             });
}

/// The same for a dense one: registers run along the pixels.
inline void pixel_norm_dense(const shape& dims, const float* from, float epsilon, float* to) {
  const std::int64_t channels = dims[1];
  std::int64_t pixels = 1;
  for (int axis = 2; axis < dims.rank(); ++axis) pixels *= dims[axis];
  const float share = 1.0f / static_cast<float>(channels);
  constexpr std::int64_t tile = 64;
  const std::int64_t tiles = (pixels + tile - 1) / tile;
  kernel_for(dims[0] * tiles, std::max<std::int64_t>(1, grain / (tile * channels)),
             [&](std::int64_t begin, std::int64_t end) {
               alignas(alignment) float sums[tile];
               for (std::int64_t item = begin; item < end; ++item) {
                 const std::int64_t start = item / tiles * channels * pixels + item % tiles * tile;
                 const std::int64_t count = std::min(tile, pixels - item % tiles * tile);
                 for (std::int64_t i = 0; i < count; ++i) sums[i] = 0;
                 for (std::int64_t c = 0; c < channels; ++c)
                   for (std::int64_t i = 0; i < count; ++i)
                     sums[i] += from[start + c * pixels + i] * from[start + c * pixels + i];
                 for (std::int64_t i = 0; i < count; ++i) sums[i] = 1.0f / std::sqrt(sums[i] * share + epsilon);
                 for (std::int64_t c = 0; c < channels; ++c)
                   for (std::int64_t i = 0; i < count; ++i)
                     to[start + c * pixels + i] = from[start + c * pixels + i] * sums[i];
               }
             });
}

}  // namespace detail

struct fused {
  static tensor bias_leaky_relu(const tensor& x, const tensor& bias, float scale, float slope) {
    tensor result(x.dims(), x.order());
    detail::bias_leaky(x.dims(), x.order(), x.data(), bias.data(), scale, slope, result.fill());
    return result;
  }

  static tensor pixel_norm(const tensor& x, float epsilon) {
    tensor result(x.dims(), x.order());
    if (x.order() == layout::blocked)
      detail::pixel_norm_blocked(x.dims(), x.data(), epsilon, result.fill());
    else
      detail::pixel_norm_dense(x.dims(), x.data(), epsilon, result.fill());
    return result;
  }
};

}  // namespace synthmed::xtensor

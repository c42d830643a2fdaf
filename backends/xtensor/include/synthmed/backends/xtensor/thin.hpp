// Products with one short side, where general kernels lose most of their time: a batch of few rows times a linear
// layer, and 1 x 1 convolutions between a picture of a few channels and many channels.
//
// Sums are made in an order fixed by the shapes, so results do not depend on the number of threads.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include <synthmed/backends/xtensor/convolution.hpp>
#include <synthmed/backends/xtensor/fused.hpp>
#include <synthmed/backends/xtensor/simd.hpp>

namespace synthmed::xtensor {

/// Channels up to which the picture's side of a 1 x 1 convolution counts as thin.
inline constexpr std::int64_t thin_channels = 4;

namespace detail {

/// Multiplications that are worth a chunk of their own.
inline constexpr std::int64_t thin_grain = 1 << 18;

// Rows of either matrix whose products stay in registers: 24 of 32, or 12 of 16.
inline constexpr std::size_t tile_rows = width == 16 ? 6 : 3, tile_others = 4;

/// c[i, j] for Rows rows of a and Others rows of b, both of length k: scalar products.
template <std::size_t Rows, std::size_t Others>
void dot_tile(const float* a, const float* b, std::int64_t k, float* c, std::int64_t c_row) {
  std::array<std::array<pack, Others>, Rows> sums;
  for (auto& row : sums) row.fill(pack(0.0f));
  const auto step = static_cast<std::size_t>(k);
  std::int64_t at = 0;
  for (; at + width <= k; at += width) {
    std::array<pack, Others> right;
    for (std::size_t j = 0; j < Others; ++j) right[j] = load_any(b + j * step + at);
    for (std::size_t i = 0; i < Rows; ++i) {
      const pack left = load_any(a + i * step + at);
      for (std::size_t j = 0; j < Others; ++j) sums[i][j] = xsimd::fma(left, right[j], sums[i][j]);
    }
  }
  for (std::size_t i = 0; i < Rows; ++i)
    for (std::size_t j = 0; j < Others; ++j) {
      float sum = lane_sum(sums[i][j]);
      for (std::int64_t rest = at; rest < k; ++rest) sum += (a + i * step)[rest] * (b + j * step)[rest];
      c[i * static_cast<std::size_t>(c_row) + j] = sum;
    }
}

template <std::size_t Others, std::size_t Rows = tile_rows>
void dot_rows(std::int64_t rows, const float* a, const float* b, std::int64_t k, float* c, std::int64_t c_row) {
  if (rows == static_cast<std::int64_t>(Rows)) return dot_tile<Rows, Others>(a, b, k, c, c_row);
  if constexpr (Rows > 1) dot_rows<Others, Rows - 1>(rows, a, b, k, c, c_row);
}

}  // namespace detail

/// Whether thin_product() is the better way to a [m, k] times the transpose of b [n, k]: few rows, and long enough
/// ones.
[[nodiscard]] constexpr bool thin_fits(std::int64_t m, std::int64_t k) noexcept { return m <= 32 && k >= 512; }

/// c [m, n] = a b^T for a [m, k] and b [n, k], all row-major: the scalar products of their rows.
inline void thin_product(std::int64_t m, std::int64_t n, std::int64_t k, const float* a, const float* b, float* c) {
  constexpr auto rows = static_cast<std::int64_t>(detail::tile_rows),
                 others = static_cast<std::int64_t>(detail::tile_others);
  kernel_for((n + others - 1) / others, std::max<std::int64_t>(1, detail::thin_grain / (others * m * k)),
             [=](std::int64_t begin, std::int64_t end) {
               for (std::int64_t item = begin; item < end; ++item)
                 for (std::int64_t row = 0; row < m; row += rows) {
                   const std::int64_t many = std::min(rows, m - row), first = item * others;
                   if (first + others <= n)
                     detail::dot_rows<detail::tile_others>(many, a + row * k, b + first * k, k, c + row * n + first, n);
                   else
                     for (std::int64_t j = first; j < n; ++j)
                       detail::dot_rows<1>(many, a + row * k, b + j * k, k, c + row * n + j, n);
                 }
             });
}

/// A 1 x 1 convolution between `thin` channels of a dense tensor and `wide` ones of a blocked tensor, in any of its
/// three directions. The weight is [outputs, inputs, 1, 1]; its element for a wide and a thin channel is found by two
/// strides.
class pointwise {
 public:
  /// Whether a convolution of x with such a weight is one, on an engine whose tensors are blocked.
  [[nodiscard]] static bool fits(const shape& x, const shape& weight, const conv2d_params& params) {
    const std::int64_t low = std::min(weight[0], weight[1]), high = std::max(weight[0], weight[1]);
    return weight[2] == 1 && weight[3] == 1 && params == conv2d_params{1, 1, 0, 0} && low <= thin_channels &&
           high % block == 0 && x.elements() > 0 && weight.elements() > 0;
  }

  pointwise(const shape& x, const shape& weight)
      : thin_(std::min(weight[0], weight[1])),
        wide_(std::max(weight[0], weight[1])),
        samples_(x[0]),
        pixels_(x[2] * x[3]),
        wide_stride_(weight[0] >= weight[1] ? weight[1] : 1),
        thin_stride_(weight[0] >= weight[1] ? 1 : weight[1]) {}

  /// wide = leaky_relu(scale (weight thin + bias), slope); without a bias the product alone.
  void expand(const float* thin, const float* weight, const activation* then, float* wide) const {
    const auto rows = by_thin(weight);
    const float* const w = rows->data();
    const pack factor(then ? then->scale : 1.0f), below(then ? then->slope : 1.0f);
    for_tiles([&](std::int64_t sample, std::int64_t group, std::int64_t first, std::int64_t last) {
      for (std::int64_t lane = 0; lane < block; lane += width) {
        const std::int64_t channel = group * block + lane;
        const pack shift = then ? load_any(then->bias + channel) : pack(0.0f);
        float* const to = wide + (sample * wide_ + group * block) * pixels_ + lane;
        for (std::int64_t p = first; p < last; ++p) {
          pack sum = shift;
          for (std::int64_t t = 0; t < thin_; ++t)
            sum = xsimd::fma(pack(thin[(sample * thin_ + t) * pixels_ + p]), load(w + t * wide_ + channel), sum);
          store(to + p * block, then ? leaky(factor * sum, below) : sum);
        }
      }
    });
  }

  /// thin = leaky_relu(scale (weight^T wide + bias), slope); without a bias the product alone.
  void contract(const float* wide, const float* weight, const activation* then, float* thin) const {
    const auto rows = by_thin(weight);
    const float* const w = rows->data();
    kernel_for(samples_ * pixels_, std::max<std::int64_t>(1, grain / wide_), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t sample = i / pixels_, p = i % pixels_;
        const float* const from = wide + sample * wide_ * pixels_ + p * block;
        for (std::int64_t t = 0; t < thin_; ++t) {
          pack sum(0.0f);
          for (std::int64_t c = 0; c < wide_; c += block)
            for (std::int64_t lane = 0; lane < block; lane += width)
              sum = xsimd::fma(load(from + c * pixels_ + lane), load(w + t * wide_ + c + lane), sum);
          float value = lane_sum(sum);
          if (then) {
            value = then->scale * (value + then->bias[t]);
            value = std::max(value, then->slope * value);  // slopes lie in [0, 1]
          }
          thin[(sample * thin_ + t) * pixels_ + p] = value;
        }
      }
    });
  }

  /// The gradient of the weight: sums over samples and pixels of wide times thin.
  void pair(const float* wide, const float* thin, float* weight) const {
    const std::int64_t tiles = (pixels_ + tile_ - 1) / tile_, pieces = samples_ * tiles;
    const pool_block memory(static_cast<std::size_t>(pieces * thin_ * wide_));
    float* const parts = memory.data();
    for_tiles([&](std::int64_t sample, std::int64_t group, std::int64_t first, std::int64_t last) {
      for (std::int64_t lane = 0; lane < block; lane += width) {
        const float* const from = wide + (sample * wide_ + group * block) * pixels_ + lane;
        for (std::int64_t t = 0; t < thin_; ++t) {
          const float* const other = thin + (sample * thin_ + t) * pixels_;
          std::array<pack, 4> sums{pack(0.0f), pack(0.0f), pack(0.0f), pack(0.0f)};
          std::int64_t p = first;
          for (; p + 4 <= last; p += 4)
            for (std::size_t i = 0; i < 4; ++i) {
              const auto at = p + static_cast<std::int64_t>(i);
              sums[i] = xsimd::fma(pack(other[at]), load(from + at * block), sums[i]);
            }
          for (; p < last; ++p) sums[0] = xsimd::fma(pack(other[p]), load(from + p * block), sums[0]);
          store(parts + ((sample * tiles + first / tile_) * thin_ + t) * wide_ + group * block + lane,
                (sums[0] + sums[1]) + (sums[2] + sums[3]));
        }
      }
    });
    for (std::int64_t t = 0; t < thin_; ++t)
      for (std::int64_t c = 0; c < wide_; ++c) {
        double sum = 0;
        for (std::int64_t piece = 0; piece < pieces; ++piece)
          sum += static_cast<double>(parts[(piece * thin_ + t) * wide_ + c]);
        weight[c * wide_stride_ + t * thin_stride_] = static_cast<float>(sum);
      }
  }

 private:
  static pack leaky(const pack& x, const pack& slope) { return detail::leaky(x, slope); }

  // The weight as [thin][wide], in whole registers.
  [[nodiscard]] std::unique_ptr<pool_block> by_thin(const float* weight) const {
    auto out = std::make_unique<pool_block>(static_cast<std::size_t>(thin_ * wide_));
    for (std::int64_t t = 0; t < thin_; ++t)
      for (std::int64_t c = 0; c < wide_; ++c) out->data()[t * wide_ + c] = weight[c * wide_stride_ + t * thin_stride_];
    return out;
  }

  // Calls f(sample, group of 16 channels, first pixel, last pixel) for pieces of at most tile_ pixels.
  template <class F>
  void for_tiles(F f) const {
    const std::int64_t tiles = (pixels_ + tile_ - 1) / tile_, groups = wide_ / block;
    kernel_for(samples_ * groups * tiles, std::max<std::int64_t>(1, grain / (std::min(tile_, pixels_) * block)),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t item = begin; item < end; ++item) {
                   const std::int64_t first = item % tiles * tile_, group = item / tiles % groups;
                   f(item / tiles / groups, group, first, std::min(pixels_, first + tile_));
                 }
               });
  }

  static constexpr std::int64_t tile_ = 1024;
  std::int64_t thin_, wide_, samples_, pixels_, wide_stride_, thin_stride_;
};

}  // namespace synthmed::xtensor

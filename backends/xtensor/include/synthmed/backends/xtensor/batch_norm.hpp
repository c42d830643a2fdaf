// Batch norm in training with a leaky ReLU behind it: one pass for the statistics and one to apply them, on the way
// there and on the way back. Whatever was normalised is worked out again where it is needed and never stored.
//
// Work is cut into pieces: a few pixels of 16 channels when blocked, of one channel when dense. A piece adds up in
// float registers, pieces are joined in double, in order, so that bytes depend on the shape alone.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <synthmed/backends/xtensor/copy.hpp>
#include <synthmed/backends/xtensor/simd.hpp>
#include <synthmed/ops/overrides.hpp>

namespace synthmed::xtensor {

namespace detail::batch_norm {

[[nodiscard]] inline pack multiply_add(const pack& a, const pack& b, const pack& c) { return xsimd::fma(a, b, c); }
[[nodiscard]] inline float multiply_add(float a, float b, float c) { return std::fma(a, b, c); }
[[nodiscard]] inline pack where_positive(const pack& x, const pack& yes, const pack& no) {
  return xsimd::select(x > pack(0.0f), yes, no);
}
[[nodiscard]] inline float where_positive(float x, float yes, float no) { return x > 0 ? yes : no; }

/// Values a fixed stride apart that share their channels: registers, or single floats at the end of a dense run.
template <class Value>
struct strand {
  std::int64_t first, stride, count, channel;
  bool blocked;

  /// These channels' numbers out of one per channel.
  [[nodiscard]] Value of(const float* per_channel) const {
    if constexpr (std::is_same_v<Value, float>)
      return per_channel[channel];
    else
      return blocked ? load_any(per_channel + channel) : Value(per_channel[channel]);
  }
  [[nodiscard]] Value get(const float* from, std::int64_t i) const {
    if constexpr (std::is_same_v<Value, float>)
      return from[first + i * stride];
    else
      return load_any(from + first + i * stride);
  }
  void put(float* to, std::int64_t i, const Value& x) const {
    if constexpr (std::is_same_v<Value, float>)
      to[first + i * stride] = x;
    else
      store_any(to + first + i * stride, x);
  }
};

/// [n, c, ...] cut into pieces, those of the same channels a fixed number apart.
struct pieces {
  std::int64_t channels, pixels = 1, tile, tiles, lanes, groups, count;
  bool blocked;

  pieces(const shape& dims, layout order) : channels(dims[1]), blocked(order == layout::blocked) {
    for (int axis = 2; axis < dims.rank(); ++axis) pixels *= dims[axis];
    lanes = blocked ? block : 1;
    tile = std::min(pixels, 4096 / lanes);
    tiles = (pixels + tile - 1) / tile;
    groups = channels / lanes;
    count = dims[0] * groups * tiles;
  }
  [[nodiscard]] std::int64_t group_of(std::int64_t piece) const { return piece / tiles % groups; }
  [[nodiscard]] std::int64_t size_of(std::int64_t piece) const { return std::min(tile, pixels - piece % tiles * tile); }
  /// Calls f(strand, lane) for the strands of a piece; lane is their first channel's place in the piece.
  template <class F>
  void strands(std::int64_t piece, F f) const {
    const std::int64_t plane = piece / tiles, first = (plane * pixels + piece % tiles * tile) * lanes,
                       size = size_of(piece), channel = plane % groups * lanes;
    if (blocked) {
      for (std::int64_t lane = 0; lane < block; lane += width)
        f(strand<pack>{first + lane, block, size, channel + lane, true}, lane);
    } else {
      const std::int64_t registers = size / width, rest = size % width;
      if (registers > 0) f(strand<pack>{first, width, registers, channel, false}, std::int64_t{0});
      if (rest > 0) f(strand<float>{first + registers * width, 1, rest, channel, false}, std::int64_t{0});
    }
  }
  template <class F>
  void for_each(F f) const {
    kernel_for(count, std::max<std::int64_t>(1, grain / (tile * lanes)), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t piece = begin; piece < end; ++piece) f(piece);
    });
  }
  /// Calls f(channel, g) for every channel, where g(h) calls h(piece, place of the channel's number among `lanes` per
  /// piece) for its pieces in order.
  template <class F>
  void for_each_channel(F f) const {
    const std::int64_t step = groups * tiles;
    kernel_for(channels, std::max<std::int64_t>(1, grain * groups / std::max<std::int64_t>(1, count)),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t c = begin; c < end; ++c)
                   f(c, [&](auto h) {
                     for (std::int64_t start = c / lanes * tiles; start < count; start += step)
                       for (std::int64_t piece = start; piece < start + tiles; ++piece)
                         h(piece, piece * lanes + c % lanes);
                   });
               });
  }
};

/// Adds a sum over a strand to its channels' places.
inline void add_to(float* places, const strand<pack>& s, const pack& sum) {
  if (s.blocked)
    store_any(places, load_any(places) + sum);
  else
    *places += lane_sum(sum);
}
inline void add_to(float* places, const strand<float>&, float sum) { *places += sum; }

/// Sum over a strand of f(i), in four registers.
template <class Value, class F>
[[nodiscard]] Value sum_of(const strand<Value>& s, F f) {
  Value a(0.0f), b(0.0f), c(0.0f), d(0.0f);
  std::int64_t i = 0;
  for (; i + 4 <= s.count; i += 4) a = a + f(i), b = b + f(i + 1), c = c + f(i + 2), d = d + f(i + 3);
  for (; i < s.count; ++i) a = a + f(i);
  return (a + b) + (c + d);
}

/// Mean and biased variance of every channel, from one pass over x: means of pieces and squares around these.
inline void statistics(const pieces& cut, const float* x, float* mean, float* variance) {
  std::vector<float> means(static_cast<std::size_t>(cut.count * cut.lanes)), squares(means.size());
  cut.for_each([&](std::int64_t piece) {
    float* const centre = means.data() + piece * cut.lanes;
    float* const square = squares.data() + piece * cut.lanes;
    cut.strands(piece, [&](const auto& s, std::int64_t lane) {
      add_to(centre + lane, s, sum_of(s, [&](std::int64_t i) { return s.get(x, i); }));
    });
    const float share = 1.0f / static_cast<float>(cut.size_of(piece));
    for (std::int64_t lane = 0; lane < cut.lanes; ++lane) centre[lane] *= share;
    cut.strands(piece, [&]<class Value>(const strand<Value>& s, std::int64_t lane) {
      const Value around = s.blocked ? strand<Value>{0, 0, 0, lane, true}.of(centre) : Value(*centre);
      add_to(square + lane, s, sum_of(s, [&](std::int64_t i) {
               const Value off = s.get(x, i) - around;
               return off * off;
             }));
    });
  });
  cut.for_each_channel([&](std::int64_t c, auto over_pieces) {
    double sum = 0, values = 0, spread = 0;
    over_pieces([&](std::int64_t piece, std::int64_t at) {
      const auto size = static_cast<double>(cut.size_of(piece));
      sum += size * static_cast<double>(means[static_cast<std::size_t>(at)]);
      values += size;
    });
    const double centre = sum / values;
    over_pieces([&](std::int64_t piece, std::int64_t at) {
      const double off = static_cast<double>(means[static_cast<std::size_t>(at)]) - centre;
      spread += static_cast<double>(squares[static_cast<std::size_t>(at)]) +
                static_cast<double>(cut.size_of(piece)) * off * off;
    });
    mean[c] = static_cast<float>(centre);
    variance[c] = static_cast<float>(spread / values);
  });
}

/// gamma / sqrt(variance + epsilon).
[[nodiscard]] inline std::vector<float> factors(std::int64_t channels, const float* gamma, const float* variance,
                                                float epsilon) {
  std::vector<float> out(static_cast<std::size_t>(channels));
  for (std::size_t c = 0; c < out.size(); ++c) out[c] = gamma[c] / std::sqrt(variance[c] + epsilon);
  return out;
}

}  // namespace detail::batch_norm

struct batch_normalisation {
  static batch_norm_values<tensor> batch_norm_leaky_relu(const tensor& x, const tensor& gamma, const tensor& beta,
                                                         float epsilon, float slope) {
    const detail::batch_norm::pieces cut(x.dims(), x.order());
    batch_norm_values<tensor> made{tensor(x.dims(), x.order()), tensor({cut.channels}), tensor({cut.channels})};
    detail::batch_norm::statistics(cut, x.data(), made.mean.fill(), made.variance.fill());
    const auto factors = detail::batch_norm::factors(cut.channels, gamma.data(), made.variance.data(), epsilon);
    cut.for_each([&, to = made.y.fill()](std::int64_t piece) {
      cut.strands(piece, [&]<class Value>(const detail::batch_norm::strand<Value>& s, std::int64_t) {
        const Value mean = s.of(made.mean.data()), factor = s.of(factors.data()), shift = s.of(beta.data()),
                    below(slope);
        for (std::int64_t i = 0; i < s.count; ++i) {
          const Value y = detail::batch_norm::multiply_add(s.get(x.data(), i) - mean, factor, shift);
          s.put(to, i, detail::batch_norm::where_positive(y, y, below * y));
        }
      });
    });
    return made;
  }

  /// The gradients of what went in, from that of the result. The activation's mask is worked out from x by the same
  /// operations as the result was, so it is the same mask.
  static batch_norm_gradients<tensor> batch_norm_leaky_relu_gradient(const tensor& output_grad, const tensor& x,
                                                                     const tensor& gamma, const tensor& beta,
                                                                     const tensor& mean, const tensor& variance,
                                                                     float epsilon, float slope) {
    const detail::batch_norm::pieces cut(x.dims(), x.order());
    const tensor gradient = in_layout(output_grad, x.order());
    batch_norm_gradients<tensor> made{tensor(x.dims(), x.order()), tensor({cut.channels}), tensor({cut.channels})};
    const auto channels = static_cast<std::size_t>(cut.channels);
    const auto factors = detail::batch_norm::factors(cut.channels, gamma.data(), variance.data(), epsilon);
    // Calls f(i, gradient before the activation, x - mean) for all of a strand.
    const auto inner = [&, g = gradient.data(), from = x.data()]<class Value>(
                           const detail::batch_norm::strand<Value>& s, auto f) {
      const Value centre = s.of(mean.data()), factor = s.of(factors.data()), shift = s.of(beta.data()), below(slope);
      if (slope == 1) {
        for (std::int64_t i = 0; i < s.count; ++i) f(i, s.get(g, i), s.get(from, i) - centre);
      } else {
        for (std::int64_t i = 0; i < s.count; ++i) {
          const Value off = s.get(from, i) - centre, arriving = s.get(g, i);
          f(i,
            detail::batch_norm::where_positive(detail::batch_norm::multiply_add(off, factor, shift), arriving,
                                               below * arriving),
            off);
        }
      }
    };

    std::vector<float> sums(static_cast<std::size_t>(cut.count * cut.lanes)), products(sums.size());
    cut.for_each([&](std::int64_t piece) {
      cut.strands(piece, [&]<class Value>(const detail::batch_norm::strand<Value>& s, std::int64_t lane) {
        Value sum(0.0f), product(0.0f);
        inner(s, [&](std::int64_t, const Value& g, const Value& off) {
          sum = sum + g;
          product = detail::batch_norm::multiply_add(g, off, product);
        });
        detail::batch_norm::add_to(sums.data() + piece * cut.lanes + lane, s, sum);
        detail::batch_norm::add_to(products.data() + piece * cut.lanes + lane, s, product);
      });
    });
    // dx = factor g + along (x - mean) + constant
    std::vector<float> along(channels), constant(channels);
    const double values = static_cast<double>(x.elements()) / static_cast<double>(cut.channels);
    cut.for_each_channel(
        [&, to_gamma = made.gamma.fill(), to_beta = made.beta.fill()](std::int64_t c, auto over_pieces) {
          double sum = 0, product = 0;
          over_pieces([&](std::int64_t, std::int64_t at) {
            sum += static_cast<double>(sums[static_cast<std::size_t>(at)]);
            product += static_cast<double>(products[static_cast<std::size_t>(at)]);
          });
          const auto place = static_cast<std::size_t>(c);
          const double squared = static_cast<double>(variance.data()[c]) + static_cast<double>(epsilon);
          to_beta[c] = static_cast<float>(sum);
          to_gamma[c] = static_cast<float>(product / std::sqrt(squared));
          constant[place] = static_cast<float>(-static_cast<double>(factors[place]) * sum / values);
          along[place] = static_cast<float>(-static_cast<double>(factors[place]) * product / (squared * values));
        });
    cut.for_each([&, to = made.x.fill()](std::int64_t piece) {
      cut.strands(piece, [&]<class Value>(const detail::batch_norm::strand<Value>& s, std::int64_t) {
        const Value factor = s.of(factors.data()), slant = s.of(along.data()), level = s.of(constant.data());
        inner(s, [&](std::int64_t i, const Value& g, const Value& off) {
          s.put(to, i,
                detail::batch_norm::multiply_add(g, factor, detail::batch_norm::multiply_add(off, slant, level)));
        });
      });
    });
    return made;
  }
};

}  // namespace synthmed::xtensor

// The layout: stochastic gradient descent in synchronous epochs, the same bytes for any number of threads.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <synthmed/metrics/umap/curve.hpp>
#include <synthmed/metrics/umap/graph.hpp>
#include <synthmed/metrics/umap/math.hpp>
#include <synthmed/parallel.hpp>

namespace synthmed::umap_stages {

/// A function of a squared distance, tabulated: 64 cells per octave from 2^-24 to 2^24, linear inside a cell (relative
/// error below 3e-4), constant outside. A lookup costs a tenth of a power.
/// Bits: the place inside a cell has 17 bits and the slope 24, so their product is exact in double and fusing it with
/// the addition changes nothing.
class distance_table {
 public:
  template <class F>
  explicit distance_table(F&& f) {
    float left = static_cast<float>(f(double{std::bit_cast<float>(first)}));
    for (std::size_t i = 0; i < cells; ++i) {
      const auto right =
          static_cast<float>(f(double{std::bit_cast<float>(first + (static_cast<std::uint32_t>(i + 1) << 17))}));
      cells_[i] = {left, (right - left) * 0x1.0p-17f};
      left = right;
    }
  }

  [[nodiscard]] float operator()(float squared) const noexcept {
    const std::uint32_t bits = std::clamp(std::bit_cast<std::uint32_t>(squared), first, last);
    const cell& c = cells_[(bits - first) >> 17];
    return static_cast<float>(double{c.value} + double{c.slope} * static_cast<double>(bits & 0x1FFFFu));
  }

 private:
  static constexpr std::uint32_t first = (127u - 24u) << 23, last = ((127u + 24u) << 23) - 1;
  static constexpr std::size_t cells = 48 * 64;
  struct cell {
    float value, slope;
  };
  std::array<cell, cells> cells_{};
};

/// The forces of a layout: factors of the difference of two points (negative pulls together).
struct forces {
  distance_table attract, repel;

  /// -2ab d^(2(b-1)) / (1 + a d^2b) and 2 gamma b / ((0.001 + d^2)(1 + a d^2b)), as umap-learn has them.
  forces(curve_parameters p, double repulsion)
      : attract([p](double d2) {
          const double power = steady_pow(d2, p.b);
          return -2.0 * p.a * p.b * (power / d2) / std::fma(p.a, power, 1.0);
        }),
        repel([p, repulsion](double d2) {
          return 2.0 * repulsion * p.b / ((0.001 + d2) * std::fma(p.a, steady_pow(d2, p.b), 1.0));
        }) {}
};

/// How a layout is driven.
struct layout_settings {
  std::size_t epochs = 500;
  double rate = 1;            ///< step width of the first epoch; falls linearly to 0
  std::size_t negatives = 5;  ///< points pushed away per pull
  int pulls = 2;              ///< steps in one pull: 2 where the other end pulls back as often, else 1
};

/// How often an edge is sampled: once every max / weight epochs, as a 32-bit fraction (2^32 is every epoch).
[[nodiscard]] inline std::uint64_t sampling_rate(double weight, double largest) noexcept {
  return static_cast<std::uint64_t>(weight / largest * 0x1.0p32);
}

/// True in the epochs in which an edge is sampled; needs no state.
[[nodiscard]] constexpr bool sampled(std::uint64_t rate, std::uint64_t epoch) noexcept {
  return ((epoch + 1) * rate) >> 32 != (epoch * rate) >> 32;
}

/// A point that is to move.
struct moving_point {
  std::span<const std::uint32_t> neighbours;  ///< whom it is pulled to
  std::span<const std::uint64_t> rates;       ///< sampling_rate of each
  std::size_t population = 0;                 ///< points it may be pushed away from: [0, population)
  std::size_t self = 0;                       ///< its own number among them, population when it is none of them
  std::uint64_t stream = 0;                   ///< its own random numbers
};

/// One epoch of one point: it walks from `own` towards its sampled neighbours and away from random points, all of which
/// stand still at `others`. Dims: coordinates, 0 when only known at run time (at most 64).
/// Bits: coordinates are floats and every product of two floats is exact in double; nothing here can be fused to
/// effect.
template <std::size_t Dims>
void move_point(float* own, const float* others, std::size_t dims, const moving_point& point, std::uint64_t epoch,
                float rate, const layout_settings& settings, const forces& force) {
  const std::size_t width = Dims > 0 ? Dims : dims;
  const auto squared = [&](const float* there, float* difference) noexcept {
    double sum = 0;
    for (std::size_t d = 0; d < width; ++d) {
      difference[d] = own[d] - there[d];
      sum += double{difference[d]} * double{difference[d]};
    }
    return static_cast<float>(sum);
  };
  const auto step = [&](float factor, float difference) noexcept {
    return std::clamp(factor * difference, -4.0f, 4.0f);
  };
  float difference[Dims > 0 ? Dims : 64], push[Dims > 0 ? Dims : 64];
  std::uint64_t draw = mixed64(point.stream + golden_step * (epoch + 1));
  const std::size_t edges = point.neighbours.size();
  const float pull_rate = rate * static_cast<float>(settings.pulls);
  for (std::size_t turn = 0; turn < edges; ++turn) {
    // Every other epoch walks the edges backwards, so that no neighbour always has the last word.
    const std::size_t e = epoch % 2 == 0 ? turn : edges - 1 - turn;
    if (!sampled(point.rates[e], epoch)) continue;
    const float* const there = others + point.neighbours[e] * width;
    const float pull = force.attract(squared(there, difference));
    for (std::size_t d = 0; d < width; ++d)
      own[d] = static_cast<float>(double{own[d]} + double{pull_rate} * double{step(pull, difference[d])});
    // All pushes of one sample start from the same place: they can then be computed side by side.
    for (std::size_t d = 0; d < width; ++d) push[d] = 0;
    for (std::size_t s = 0; s < settings.negatives; ++s) {
      draw += golden_step;
      const auto far = static_cast<std::size_t>(((mixed64(draw) >> 32) * point.population) >> 32);
      const float factor = force.repel(squared(others + far * width, difference));
      if (far == point.self) continue;
      for (std::size_t d = 0; d < width; ++d) push[d] += step(factor, difference[d]);
    }
    for (std::size_t d = 0; d < width; ++d)
      own[d] = static_cast<float>(double{own[d]} + double{rate} * double{push[d]});
  }
}

/// move_point for any number of coordinates up to 64.
inline void move_point(float* own, const float* others, std::size_t dims, const moving_point& point,
                       std::uint64_t epoch, float rate, const layout_settings& settings, const forces& force) {
  if (dims == 2)
    move_point<2>(own, others, dims, point, epoch, rate, settings, force);
  else if (dims == 3)
    move_point<3>(own, others, dims, point, epoch, rate, settings, force);
  else
    move_point<0>(own, others, dims, point, epoch, rate, settings, force);
}

/// Lays out a graph from a start (n x dims, changed in place). In an epoch every point moves on its own among the
/// others as they stood when the epoch began: no order of points, no race, no difference between one thread and
/// many. `done(epochs so far)` is called after every epoch.
template <class Done>
void optimise_layout(const sparse_graph& graph, std::vector<float>& coordinates, std::size_t dims, std::uint64_t seed,
                     const layout_settings& settings, const forces& force, Done&& done) {
  const std::size_t n = graph.points();
  double largest = 0;
  for (const double w : graph.weight) largest = std::max(largest, w);
  // Edges that would be sampled less than once are dropped, as umap-learn does.
  std::vector<std::size_t> start{0};
  std::vector<std::uint32_t> column;
  std::vector<std::uint64_t> rates, streams(n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t e = graph.start[i]; e < graph.start[i + 1]; ++e)
      if (graph.weight[e] * static_cast<double>(settings.epochs) >= largest) {
        column.push_back(graph.column[e]);
        rates.push_back(sampling_rate(graph.weight[e], largest));
      }
    start.push_back(column.size());
    streams[i] = mixed64(seed + golden_step * (i + 1));
  }
  std::vector<float> next(coordinates.size());
  for (std::size_t epoch = 0; epoch < settings.epochs; ++epoch) {
    const double share = static_cast<double>(epoch) / static_cast<double>(settings.epochs);
    const auto rate = static_cast<float>(settings.rate * (1.0 - share));
    // Long chunks: an epoch of few points is over before threads could share it, and waiting for a busy machine's
    // threads at the end of every epoch would cost far more.
    parallel_for(static_cast<std::int64_t>(n), 2048, [&](std::int64_t begin, std::int64_t end) {
      for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
        float* const own = next.data() + i * dims;
        std::copy_n(coordinates.data() + i * dims, dims, own);
        const std::size_t edges = start[i + 1] - start[i];
        const moving_point point{std::span<const std::uint32_t>(column).subspan(start[i], edges),
                                 std::span<const std::uint64_t>(rates).subspan(start[i], edges), n, i, streams[i]};
        move_point(own, coordinates.data(), dims, point, epoch, rate, settings, force);
      }
    });
    coordinates.swap(next);
    done(epoch + 1);
  }
}

}  // namespace synthmed::umap_stages

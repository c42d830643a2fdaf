// Exact geometry of drawn vessels: what the acceptance statistics and the tests of the phantom are made of.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <synthmed/data/phantom/bends.hpp>
#include <synthmed/data/phantom/growth.hpp>
#include <synthmed/data/phantom/vessels.hpp>
#include <synthmed/data/picture.hpp>

namespace synthmed {

/// The disc's edge, from which tortuosity is cumulated, DD from its centre.
inline constexpr double phantom_disc_edge = .5;

/// Arc length over chord of one vessel between two distances from the disc centre; NaN when it does not reach `to`.
[[nodiscard]] inline double arc_over_chord(const vessel& v, double from, double to) {
  std::size_t first = 0;
  while (first < v.points.size() && norm(v.points[first]) < from) ++first;
  double arc = 0;
  for (std::size_t i = first + 1; i < v.points.size(); ++i) {
    arc += distance(v.points[i], v.points[i - 1]);
    if (norm(v.points[i]) >= to) return arc / distance(v.points[i], v.points[first]);
  }
  return std::numeric_limits<double>::quiet_NaN();
}

/// Tortuosity as Keck et al. 2013 cumulate it: mean arc/chord of the trunks of a kind from the disc's edge to `reach`
/// DD beyond it. NaN when no trunk reaches that far.
[[nodiscard]] inline double cumulative_tortuosity(const vessel_tree& tree, vessel_kind kind, double reach) {
  double sum = 0;
  int count = 0;
  for (const vessel& v : tree.vessels) {
    if (!v.trunk || v.kind != kind) continue;
    const double ratio = arc_over_chord(v, phantom_disc_edge, phantom_disc_edge + reach);
    if (std::isnan(ratio)) continue;
    sum += ratio;
    ++count;
  }
  return count ? sum / count : std::numeric_limits<double>::quiet_NaN();
}

/// Mean calibre of the trunks of a kind between .5 and 1 DD from the disc centre, DD.
[[nodiscard]] inline double trunk_calibre(const vessel_tree& tree, vessel_kind kind) {
  double sum = 0;
  int count = 0;
  for (const vessel& v : tree.vessels) {
    if (!v.trunk || v.kind != kind) continue;
    for (std::size_t i = 0; i < v.points.size(); ++i)
      if (const double r = norm(v.points[i]); r >= .5 && r <= 1) sum += v.width[i], ++count;
  }
  return count ? sum / count : std::numeric_limits<double>::quiet_NaN();
}

/// Mean absolute curvature of the trunks of a kind from the disc's edge to 4.5 DD, radians per DD.
[[nodiscard]] inline double trunk_curvature(const vessel_tree& tree, vessel_kind kind) {
  double turned = 0, length = 0;
  for (const vessel& v : tree.vessels) {
    if (!v.trunk || v.kind != kind) continue;
    for (std::size_t i = 1; i + 1 < v.points.size(); ++i) {
      if (const double r = norm(v.points[i]); r < .5 || r > 4.5) continue;
      const point2 in = v.points[i] - v.points[i - 1], out = v.points[i + 1] - v.points[i];
      turned += std::abs(std::atan2(cross(in, out), dot(in, out)));
      length += .5 * (norm(in) + norm(out));
    }
  }
  return length > 0 ? turned / length : std::numeric_limits<double>::quiet_NaN();
}

/// The exponent g of d0^g = d1^g + d2^g at one fork, by bisection in [.5, 12].
[[nodiscard]] inline double fork_exponent(const vessel_fork& f) {
  double low = .5, high = 12;
  for (int i = 0; i < 60; ++i) {
    const double g = .5 * (low + high);
    // The daughters' powers, relative to the parent's, fall as g grows.
    const double rest = std::pow(f.wide_width / f.parent_width, g) + std::pow(f.narrow_width / f.parent_width, g) - 1;
    (rest > 0 ? low : high) = g;
  }
  return .5 * (low + high);
}

/// Smallest radius of curvature over calibre, over all inner points of all vessels: at least curvature_radius_floor.
[[nodiscard]] inline double tightest_bend(const vessel_tree& tree) {
  double tightest = std::numeric_limits<double>::infinity();
  for (const vessel& v : tree.vessels)
    for (std::size_t i = 1; i + 1 < v.points.size(); ++i) {
      const point2 in = v.points[i] - v.points[i - 1], out = v.points[i + 1] - v.points[i];
      const double turn = std::abs(std::atan2(cross(in, out), dot(in, out)));
      if (turn > 1e-9) tightest = std::min(tightest, .5 * (norm(in) + norm(out)) / (turn * v.width[i]));
    }
  return tightest;
}

/// Where the eight trunks run: their polar angles (radians, from temporal) at 1, 2 and 3 DD; 0 beyond a trunk's end.
/// An eye's signature that camera position and roll do not touch.
[[nodiscard]] inline std::array<double, 24> trunk_bearings(const vessel_tree& tree) {
  std::array<double, 24> out{};
  for (const vessel& v : tree.vessels) {
    if (!v.trunk) continue;
    const auto slot = 3 * (static_cast<std::size_t>(v.quadrant) + (v.kind == vessel_kind::vein ? 4u : 0u));
    for (std::size_t k = 0; k < 3; ++k)
      for (const point2 p : v.points)
        if (norm(p) >= static_cast<double>(k + 1)) {
          out[slot + k] = std::atan2(p.y, p.x);
          break;
        }
  }
  return out;
}

/// Number of places where the centre lines of two vessels of one kind, or of a vessel with itself, intersect. A child's
/// first step, which starts on its parent, does not count; nor does the inside of the disc, where all trunks meet.
[[nodiscard]] inline int own_kind_crossings(const vessel_tree& tree) {
  std::array<detail::point_grid, 2> grids{detail::point_grid(.1), detail::point_grid(.1)};
  int crossings = 0;
  for (std::size_t i = 0; i < tree.vessels.size(); ++i) {
    const vessel& v = tree.vessels[i];
    auto& grid = grids[static_cast<std::size_t>(v.kind)];
    for (std::size_t p = 0; p + 1 < v.points.size(); ++p) {
      const point2 a = v.points[p], b = v.points[p + 1];
      if (norm(a) < .45) continue;
      if (!(p == 0 && v.parent >= 0))
        grid.near(a, .2, [&](const detail::point_grid::entry& e) {
          const auto other = static_cast<std::size_t>(e.vessel);
          if (other == i && e.point + 1 >= p) return;
          const point2 c = tree.vessels[other].points[e.point], d = tree.vessels[other].points[e.point + 1];
          crossings += detail::intersect(a, b, c, d);
        });
      grid.add({a, v.width[p], static_cast<int>(i), static_cast<std::uint32_t>(p)});
    }
  }
  return crossings;
}

/// Box-counting dimension of a map's pixels of at least `threshold`: slope of log count over log(1 / box), boxes of 2,
/// 4,
/// ..., 64 pixels from the upper left corner. NaN for an empty map.
[[nodiscard]] inline double box_dimension(const picture& map, std::uint8_t threshold = 128) {
  double sx = 0, sy = 0, sxx = 0, sxy = 0, n = 0;
  for (int box = 2; box <= 64; box *= 2) {
    int count = 0;
    for (int y = 0; y < map.height(); y += box)
      for (int x = 0; x < map.width(); x += box) {
        bool any = false;
        for (int j = y; j < std::min(y + box, map.height()) && !any; ++j)
          for (int i = x; i < std::min(x + box, map.width()) && !any; ++i) any = map.at(j, i) >= threshold;
        count += any;
      }
    if (count == 0) return std::numeric_limits<double>::quiet_NaN();
    const double lx = -std::log(box), ly = std::log(count);
    sx += lx, sy += ly, sxx += lx * lx, sxy += lx * ly, ++n;
  }
  return (n * sxy - sx * sy) / (n * sxx - sx * sx);
}

}  // namespace synthmed

// The bends of disease: every vessel of an eye is displaced along its normal by band-limited noise whose shape belongs
// to the eye and whose amplitude follows the session's severity. Vessels of one kind never cross, no vessel is kinked.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <utility>
#include <vector>

#include <synthmed/data/phantom/growth.hpp>
#include <synthmed/data/phantom/population.hpp>
#include <synthmed/data/phantom/vessels.hpp>

namespace synthmed {

/// Slope (root mean square, radians) of a trunk's bends at severity v, before nuisance factors: arc/chord is about
/// 1 + slope^2 / 2.
[[nodiscard]] inline double bend_slope(vessel_kind kind, double v) noexcept {
  return kind == vessel_kind::artery ? .27 + .54 * v : .19 + .35 * v;
}

/// Factor on all calibres at severity v.
[[nodiscard]] inline double dilation(double v) noexcept { return 1 + .20 * v; }

/// The smallest radius of curvature that a vessel may have, in its calibres.
inline constexpr double curvature_radius_floor = 1.2;

/// The vessels of one session.
struct vessel_session {
  vessel_tree tree;   ///< centre lines as drawn; points .04 DD apart or closer
  int damped = 0;     ///< rounds in which bends were damped because two vessels of a kind came too close
  int shortened = 0;  ///< vessels cut because damping was not enough
};

namespace detail {

/// Point of the Catmull-Rom spline between b and c at t in [0, 1].
[[nodiscard]] inline point2 catmull_rom(point2 a, point2 b, point2 c, point2 d, double t) noexcept {
  const double t2 = t * t, t3 = t2 * t;
  return .5 * (2 * b + t * (c - a) + t2 * (2 * a - 5 * b + 4 * c - d) + t3 * (3 * b - a - 3 * c + d));
}

[[nodiscard]] inline double smooth_step(double low, double high, double x) noexcept {
  const double t = std::clamp((x - low) / (high - low), 0.0, 1.0);
  return t * t * (3 - 2 * t);
}

/// Whether the segments ab and cd cross inside both.
[[nodiscard]] inline bool intersect(point2 a, point2 b, point2 c, point2 d) noexcept {
  return cross(b - a, c - a) * cross(b - a, d - a) < 0 && cross(d - c, a - c) * cross(d - c, b - c) < 0;
}

/// One vessel made ready to be bent: a fine base line with normals and the eye's own bend shape of unit slope.
struct bendable {
  std::vector<point2> base, normal;
  std::vector<double> width, arc, shape, gain, damping;
};

class vessel_bender {
 public:
  vessel_bender(const phantom_population& population, std::size_t image, const vessel_tree& anatomy)
      : record_(population.image(image)), anatomy_(anatomy) {
    const phantom_subject& subject = population.subjects()[record_.subject];
    const key bends = population.eye_key(record_.eye).fold("bends");
    lines_.reserve(anatomy.vessels.size());
    for (std::size_t i = 0; i < anatomy.vessels.size(); ++i)
      lines_.push_back(prepared(anatomy.vessels[i], subject, random_stream(bends.fold(i))));
  }

  vessel_session bend() {
    vessel_session out;
    for (;; ++out.damped) {
      place(out.tree);
      if (out.damped == 12 || !damp(out.tree)) break;
    }
    out.tree.forks = anatomy_.forks;
    const double wide = dilation(record_.severity);
    for (auto& f : out.tree.forks) f.parent_width *= wide, f.wide_width *= wide, f.narrow_width *= wide;
    out.shortened = cut(out.tree);
    return out;
  }

 private:
  static constexpr int refine = 2;  // .08 DD between the points of growth, .04 between those of the drawn line
  static constexpr int waves = 8;

  bendable prepared(const vessel& v, const phantom_subject& subject, random_stream r) const {
    bendable line;
    const std::size_t n = v.points.size();
    const auto at = [&](std::size_t i, int step) {
      const auto j = static_cast<std::ptrdiff_t>(i) + step;
      return v.points[static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(j, 0, static_cast<std::ptrdiff_t>(n) - 1))];
    };
    for (std::size_t i = 0; i + 1 < n; ++i)
      for (int k = 0; k < refine; ++k) {
        const double t = static_cast<double>(k) / refine;
        line.base.push_back(catmull_rom(at(i, -1), at(i, 0), at(i, 1), at(i, 2), t));
        line.width.push_back((1 - t) * v.width[i] + t * v.width[i + 1]);
      }
    line.base.push_back(v.points.back());
    line.width.push_back(v.width.back());
    const std::size_t fine = line.base.size();
    line.arc.assign(fine, 0.0);
    double mean_width = 0;
    for (std::size_t i = 0; i < fine; ++i) {
      const point2 along = line.base[std::min(i + 1, fine - 1)] - line.base[i ? i - 1 : 0];
      const double length = std::max(norm(along), 1e-9);
      line.normal.push_back({-along.y / length, along.x / length});
      if (i) line.arc[i] = line.arc[i - 1] + distance(line.base[i], line.base[i - 1]);
      mean_width += line.width[i] / static_cast<double>(fine);
    }
    // Equal slope power per octave (displacement like 1/f) over a band that scales with the calibre.
    const bool artery = v.kind == vessel_kind::artery;
    line.shape.assign(fine, 0.0);
    for (int j = 0; j < waves; ++j) {
      const double wanted = (artery ? 11 : 13) * mean_width * std::exp(.45 * r.normal()), spread = r.uniform();
      // Thin vessels, whose band lies below the shortest length, still get a band and not a single tone.
      const double length = wanted < .45 ? .45 * (1 + .9 * spread) : std::min(wanted, artery ? 1.6 : 2.2);
      const double rate = 2 * std::numbers::pi / length, phase = r.uniform(0, 2 * std::numbers::pi);
      const double amplitude = std::sqrt(2.0 / waves) / rate;
      for (std::size_t i = 0; i < fine; ++i) line.shape[i] += amplitude * std::sin(rate * line.arc[i] + phase);
    }
    const double slow = 2 * std::numbers::pi / r.uniform(2.0, 4.5), slow_phase = r.uniform(0, 2 * std::numbers::pi);
    const double own = std::exp((artery ? .22 : .27) * r.normal()) *
                       (1 + record_.quadrant_factor[static_cast<std::size_t>(v.quadrant)]);
    const double slope = bend_slope(v.kind, record_.severity) * own *
                         (artery ? subject.artery_tortuosity : subject.vein_tortuosity) *
                         std::min(1.0, .45 + .55 * std::sqrt(mean_width / .06));
    line.gain.resize(fine);
    for (std::size_t i = 0; i < fine; ++i) {
      const double radial = std::clamp(.26 + .62 * (norm(line.base[i]) - .5), 0.0, 1.05);
      const double thin = .5 + .5 * smooth_step(.026, .038, line.width[i]);
      const double start = v.parent < 0 ? 1 : smooth_step(0, .4, line.arc[i]);
      line.gain[i] = slope * radial * thin * start * (1 + .45 * std::sin(slow * line.arc[i] + slow_phase));
    }
    line.damping.assign(fine, 1.0);
    return line;
  }

  /// Draws all vessels with their present damping; parents first, because children start on them.
  void place(vessel_tree& tree) const {
    tree.vessels = anatomy_.vessels;
    const double wide = dilation(record_.severity);
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      const bendable& line = lines_[i];
      vessel& v = tree.vessels[i];
      v.points.resize(line.base.size());
      v.width.resize(line.base.size());
      v.parent_point *= refine;
      point2 shift{};
      double cosine = 1, sine = 0, fade_length = .4;
      if (v.parent >= 0) {
        // A child starts on its bent parent and leaves it under the angle of growth; both fade along its way.
        const auto& from = tree.vessels[static_cast<std::size_t>(v.parent)].points;
        const auto& base = lines_[static_cast<std::size_t>(v.parent)].base;
        const std::size_t j = v.parent_point, low = j ? j - 1 : 0, high = std::min(j + 1, base.size() - 1);
        shift = from[j] - base[j];
        const point2 before = base[high] - base[low], after = from[high] - from[low];
        const double turn = std::atan2(cross(before, after), dot(before, after));
        cosine = std::cos(turn);
        sine = std::sin(turn);
        fade_length = std::max(.5, 3.5 * norm(shift) + .4 * std::abs(turn));
      }
      for (std::size_t p = 0; p < line.base.size(); ++p) {
        point2 at = line.base[p] + line.gain[p] * line.damping[p] * line.shape[p] * line.normal[p];
        if (v.parent >= 0) {
          const double fade = 1 - smooth_step(0, fade_length, line.arc[p]);
          const point2 way = line.base[p] - line.base[0];
          const point2 turned{cosine * way.x - sine * way.y, sine * way.x + cosine * way.y};
          at = at + fade * (shift + turned - way);
        }
        v.points[p] = at;
        v.width[p] = wide * line.width[p];
      }
      round_off(v);
    }
  }

  /// Smooths where the line bends more sharply than curvature_radius_floor allows; the first and last point stay.
  static void round_off(vessel& v) {
    auto& at = v.points;
    if (at.size() < 3) return;
    std::vector<std::uint8_t> sharp(at.size());
    for (int round = 0; round < 600; ++round) {
      bool any = false;
      for (std::size_t i = 1; i + 1 < at.size(); ++i) {
        sharp[i] = too_sharp(at[i - 1], at[i], at[i + 1], v.width[i]);
        any = any || sharp[i];
      }
      if (!any) return;
      point2 previous = at[0];
      for (std::size_t i = 1; i + 1 < at.size(); ++i) {
        const point2 here = at[i];
        if (sharp[i] || sharp[i - 1] || sharp[i + 1]) at[i] = here + .25 * (previous - 2 * here + at[i + 1]);
        previous = here;
      }
    }
  }
  static bool too_sharp(point2 a, point2 b, point2 c, double width) {
    const point2 in = b - a, out = c - b;
    const double turn = std::abs(std::atan2(cross(in, out), dot(in, out)));
    // 5 % inside the floor, so that what is drawn keeps it under any way of measuring.
    return turn * 1.05 * curvature_radius_floor * width > .5 * (norm(in) + norm(out));
  }

  template <class F>
  static void for_each_contact(const vessel_tree& tree, F&& f) {
    std::array<point_grid, 2> grids{point_grid(.16), point_grid(.16)};
    for (std::size_t i = 0; i < tree.vessels.size(); ++i) {
      const vessel& v = tree.vessels[i];
      const auto kind = static_cast<std::size_t>(v.kind);
      for (std::size_t p = 0; p < v.points.size(); ++p) {
        const point2 at = v.points[p];
        const double r = norm(at);
        if (r > .45)
          grids[kind].near(at, std::max(.16, .5 * (v.width[p] + .13) + gap), [&](const point_grid::entry& e) {
            const auto other = static_cast<std::size_t>(e.vessel);
            const point2 d = e.at - at;
            const double apart = dot(d, d), room = .5 * (e.width + v.width[p]) + gap;
            if ((apart < room * room && !joined(tree, i, p, other, e.point)) ||
                (apart < .0256 && crossing(tree, i, p, other, e.point)))
              f(i, p, other, static_cast<std::size_t>(e.point));
          });
        // Its own next step is no crossing.
        if (p >= 2)
          grids[kind].add({v.points[p - 2], v.width[p - 2], static_cast<int>(i), static_cast<std::uint32_t>(p - 2)});
      }
      for (std::size_t p = v.points.size() - std::min<std::size_t>(2, v.points.size()); p < v.points.size(); ++p)
        grids[kind].add({v.points[p], v.width[p], static_cast<int>(i), static_cast<std::uint32_t>(p)});
    }
  }
  static constexpr double gap = .03;

  /// Whether two points may be close because they are neighbours, or because their vessels meet there: at the fork of
  /// one from the other, or where both spring from a third at nearly the same place, or at the disc.
  static bool joined(const vessel_tree& tree, std::size_t a, std::size_t pa, std::size_t b, std::size_t pb) {
    const vessel &va = tree.vessels[a], &vb = tree.vessels[b];
    if (a == b) return pb + 15 > pa;
    if (va.trunk && vb.trunk) return norm(va.points[pa]) < .75;
    const auto near_start = [](const vessel& child, std::size_t p, const vessel& other, std::size_t q) {
      // Child and parent part within about two parent calibres.
      const double reach = 2.2 * other.width[q] + child.width[p] + .06;
      return .04 * static_cast<double>(p) < std::max(.40, reach);
    };
    if (va.parent == static_cast<int>(b)) {
      const double along = .04 * std::abs(static_cast<double>(pb) - static_cast<double>(va.parent_point));
      return near_start(va, pa, vb, pb) && along < std::max(.5, 4 * vb.width[pb] + .1);
    }
    if (vb.parent == static_cast<int>(a)) {
      const double along = .04 * std::abs(static_cast<double>(pa) - static_cast<double>(vb.parent_point));
      return near_start(vb, pb, va, pa) && along < std::max(.5, 4 * va.width[pa] + .1);
    }
    return va.parent >= 0 && va.parent == vb.parent && near_start(va, pa, vb, pb) && near_start(vb, pb, va, pa);
  }

  /// Whether the steps that begin at two points intersect; a child's first step starts on its parent and does not
  /// count.
  static bool crossing(const vessel_tree& tree, std::size_t a, std::size_t pa, std::size_t b, std::size_t pb) {
    const vessel &va = tree.vessels[a], &vb = tree.vessels[b];
    if (pa + 1 >= va.points.size() || pb + 1 >= vb.points.size()) return false;
    if ((pa == 0 && va.parent == static_cast<int>(b)) || (pb == 0 && vb.parent == static_cast<int>(a))) return false;
    return intersect(va.points[pa], va.points[pa + 1], vb.points[pb], vb.points[pb + 1]);
  }

  /// Damps the bends of both vessels around every place where they come too close; false when there is none.
  bool damp(const vessel_tree& tree) {
    std::vector<std::vector<std::size_t>> places(lines_.size());
    for_each_contact(tree, [&](std::size_t a, std::size_t pa, std::size_t b, std::size_t pb) {
      places[a].push_back(pa);
      places[b].push_back(pb);
      // A child hangs on its parent's bend as well.
      for (const auto& [line, point] : {std::pair(a, pa), std::pair(b, pb)}) {
        const vessel& v = tree.vessels[line];
        if (v.parent >= 0 && .04 * static_cast<double>(point) < 1.2)
          places[static_cast<std::size_t>(v.parent)].push_back(v.parent_point);
      }
    });
    bool any = false;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      auto& at = places[i];
      if (at.empty()) continue;
      any = true;
      std::sort(at.begin(), at.end());
      bendable& line = lines_[i];
      for (std::size_t p = 0; p < line.damping.size(); ++p) {
        const auto above = std::lower_bound(at.begin(), at.end(), p);
        double nearest = 1e9;
        if (above != at.end()) nearest = line.arc[*above] - line.arc[p];
        if (above != at.begin()) nearest = std::min(nearest, line.arc[p] - line.arc[*std::prev(above)]);
        line.damping[p] *= 1 - .45 * std::exp(-.5 * nearest * nearest / (.2 * .2));
      }
    }
    return any;
  }

  /// Ends the thinner vessel before every contact that damping left, and drops what sprang behind.
  static int cut(vessel_tree& tree) {
    std::vector<std::size_t> keep(tree.vessels.size());
    for (std::size_t i = 0; i < keep.size(); ++i) keep[i] = tree.vessels[i].points.size();
    int shortened = 0;
    for_each_contact(tree, [&](std::size_t a, std::size_t pa, std::size_t b, std::size_t pb) {
      if (pa >= keep[a] || pb >= keep[b]) return;
      const bool thin_a = tree.vessels[a].width[pa] <= tree.vessels[b].width[pb];
      (thin_a ? keep[a] : keep[b]) = thin_a ? pa : pb;
      ++shortened;
    });
    if (shortened == 0) return 0;
    std::vector<int> number(tree.vessels.size(), -1);
    std::vector<vessel> kept;
    for (std::size_t i = 0; i < tree.vessels.size(); ++i) {
      vessel& v = tree.vessels[i];
      v.points.resize(keep[i]);
      v.width.resize(keep[i]);
      if (v.parent >= 0) {
        const auto parent = static_cast<std::size_t>(v.parent);
        if (number[parent] < 0 || v.parent_point >= keep[parent]) continue;
        v.parent = number[parent];
      }
      if (keep[i] < 4) continue;
      number[i] = static_cast<int>(kept.size());
      kept.push_back(std::move(v));
    }
    tree.vessels = std::move(kept);
    return shortened;
  }

  const phantom_record& record_;
  const vessel_tree& anatomy_;
  std::vector<bendable> lines_;
};

}  // namespace detail

/// The vessels of an image: the eye's anatomy (from grow_vessels) bent and dilated by the session's severity.
[[nodiscard]] inline vessel_session bend_vessels(const phantom_population& population, std::size_t image,
                                                 const vessel_tree& anatomy) {
  return detail::vessel_bender(population, image, anatomy).bend();
}

/// The same with the anatomy grown anew.
[[nodiscard]] inline vessel_session bend_vessels(const phantom_population& population, std::size_t image) {
  return bend_vessels(population, image, grow_vessels(population, population.image(image).eye));
}

}  // namespace synthmed

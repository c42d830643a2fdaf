// Growth of an eye's vessels: eight trunks follow polar guides that set the arcades, branches are walkers that turn to
// where vessels of their kind are scarce. Calibres follow Murray's law, fork angles Zamir's. Severity enters only
// through the arcade's angle, so the number of branches does not tell it.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <queue>
#include <utility>
#include <vector>

#include <synthmed/data/phantom/population.hpp>
#include <synthmed/data/phantom/vessels.hpp>

namespace synthmed {

/// Daughter calibres at a fork by d0^g = d1^g + d2^g with d2 = ratio d1 (Murray 1926; exponents of the retina vary).
[[nodiscard]] inline std::array<double, 2> fork_widths(double width, double ratio, double exponent) noexcept {
  const double wide = width / std::pow(1 + std::pow(ratio, exponent), 1 / exponent);
  return {wide, ratio * wide};
}

/// Deflections of the wide and the narrow daughter from the parent's direction, radians (Zamir 1978).
[[nodiscard]] inline std::array<double, 2> fork_angles(double ratio) noexcept {
  const double cube = 1 + ratio * ratio * ratio, fourth = std::pow(ratio, 4), power = std::pow(cube, 4.0 / 3);
  const double wide = (power + 1 - fourth) / (2 * std::pow(cube, 2.0 / 3));
  const double narrow = (power + fourth - 1) / (2 * ratio * ratio * std::pow(cube, 2.0 / 3));
  return {std::acos(std::clamp(wide, -1.0, 1.0)), std::acos(std::clamp(narrow, -1.0, 1.0))};
}

namespace detail {

/// Points of one kind of vessels in square cells, for "what is near".
class point_grid {
 public:
  struct entry {
    point2 at;
    double width;
    int vessel;
    std::uint32_t point;
  };

  explicit point_grid(double cell = .25, double half_extent = 9)
      : cell_(cell),
        half_(half_extent),
        side_(static_cast<int>(std::ceil(2 * half_extent / cell))),
        cells_(static_cast<std::size_t>(side_) * static_cast<std::size_t>(side_)) {}

  void add(const entry& e) { cells_[index(coordinate(e.at.x), coordinate(e.at.y))].push_back(e); }

  /// Calls f for every entry in the cells that a square of half side `reach` around `at` touches.
  template <class F>
  void near(point2 at, double reach, F&& f) const {
    const int x0 = coordinate(at.x - reach), x1 = coordinate(at.x + reach);
    const int y0 = coordinate(at.y - reach), y1 = coordinate(at.y + reach);
    for (int y = y0; y <= y1; ++y)
      for (int x = x0; x <= x1; ++x)
        for (const entry& e : cells_[index(x, y)]) f(e);
  }

 private:
  [[nodiscard]] int coordinate(double v) const noexcept {
    return std::clamp(static_cast<int>((v + half_) / cell_), 0, side_ - 1);
  }
  [[nodiscard]] std::size_t index(int x, int y) const noexcept {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(side_) + static_cast<std::size_t>(x);
  }

  double cell_, half_;
  int side_;
  std::vector<std::vector<entry>> cells_;
};

/// How crowded each place is, per kind: every step of a vessel leaves a smooth bump; a line of steps adds up to
/// about 2.
class occupancy_map {
 public:
  void add(vessel_kind kind, point2 at) {
    const int cx = cell(at.x), cy = cell(at.y);
    auto& map = maps_[static_cast<std::size_t>(kind)];
    for (int dy = -reach; dy <= reach; ++dy)
      for (int dx = -reach; dx <= reach; ++dx) {
        const int x = cx + dx, y = cy + dy;
        if (x < 0 || y < 0 || x >= side || y >= side) continue;
        const point2 centre{(x + .5) * step - half, (y + .5) * step - half};
        const point2 gap = centre - at;
        const double q = 1 - dot(gap, gap) / (radius * radius);
        if (q > 0) map[index(x, y)] += static_cast<float>(.35 * q * q);
      }
  }
  /// Own kind + .35 x the other kind.
  [[nodiscard]] double at(vessel_kind kind, point2 p) const {
    const int x = std::clamp(cell(p.x), 0, side - 1), y = std::clamp(cell(p.y), 0, side - 1);
    const auto own = static_cast<std::size_t>(kind);
    return static_cast<double>(maps_[own][index(x, y)]) + .35 * static_cast<double>(maps_[1 - own][index(x, y)]);
  }

 private:
  static constexpr double half = 8.6, step = .1, radius = .45;
  static constexpr int side = 172, reach = 5;
  static int cell(double v) { return static_cast<int>(std::floor((v + half) / step)); }
  static std::size_t index(int x, int y) { return static_cast<std::size_t>(y * side + x); }
  std::array<std::vector<float>, 2> maps_{std::vector<float>(side * side), std::vector<float>(side * side)};
};

/// The path of a trunk in polar coordinates around the disc: from near vertical at the disc towards its far angle.
struct trunk_guide {
  double start = 0, far = 0, reach = 2;
  [[nodiscard]] double angle(double r) const noexcept {
    return far + (start - far) * std::exp(-std::pow(r / reach, 1.15));
  }
};

class vessel_grower {
 public:
  vessel_grower(const phantom_subject& subject, const phantom_eye& eye, key k)
      : eye_(eye),
        random_(k),
        fovea_{eye.fovea_x, eye.fovea_y},
        edge_(std::min(7.9, eye.vascular_edge)),
        spacing_(.75 * subject.fork_spacing) {
    const double eye_width = std::exp(.05 * random_.normal());
    for (bool& outside : artery_outside_) outside = random_.chance(.5);
    trunk_width_ = {.074 * subject.artery_width * eye_width, .105 * subject.vein_width * eye_width};
  }

  vessel_tree grow() {
    for (const vessel_kind kind : {vessel_kind::artery, vessel_kind::vein})
      for (int quadrant = 0; quadrant < 4; ++quadrant) start_trunk(kind, quadrant);
    while (!tips_.empty()) {
      const int thickest = tips_.top().second;
      tips_.pop();
      if (advance(thickest)) tips_.emplace(walkers_[static_cast<std::size_t>(thickest)].width, thickest);
    }
    return collect();
  }

 private:
  static constexpr double step = .08;

  struct walker {
    vessel line;
    trunk_guide guide;
    double angle = 0, width = 0, noise = 0, age = 0, to_fork = 0;
    std::size_t fork = no_fork;
  };
  static constexpr std::size_t no_fork = std::numeric_limits<std::size_t>::max();
  struct narrower_tip_last {
    bool operator()(const std::pair<double, int>& a, const std::pair<double, int>& b) const {
      return a.first < b.first || (a.first == b.first && a.second > b.second);
    }
  };

  static double degrees(double d) { return d * std::numbers::pi / 180; }

  [[nodiscard]] double fork_spacing(vessel_kind kind, double width) {
    return ((kind == vessel_kind::artery ? 19 : 15) * width + .12) * spacing_ * random_.uniform(.55, 1.45);
  }

  void start_trunk(vessel_kind kind, int quadrant) {
    const bool artery = kind == vessel_kind::artery, temporal = quadrant < 2;
    const double vertical = quadrant % 2 == 0 ? -1 : 1;  // superior is negative
    walker w;
    if (temporal) {
      const double narrowing = artery ? 1 - .10 * std::min(1.0, eye_.severity) : 1;
      const double arcade = (artery ? eye_.artery_angle : eye_.vein_angle) * narrowing;
      // Arteries run inside of the veins from the disc on, as their narrower arcade demands.
      w.guide.start = (artery ? 77 : 92) + random_.normal(0, 4);
      w.guide.far = std::clamp(.75 * arcade / 2 + random_.normal(0, 3), 20.0, 80.0);
      w.guide.reach = random_.uniform(1.6, 3.0);
    } else {
      const bool outside = artery == artery_outside_[static_cast<std::size_t>(quadrant - 2)];
      w.guide.start = (outside ? 118 : 103) + random_.normal(0, 4);
      w.guide.far = (outside ? 148 : 132) + random_.normal(0, 8);
      w.guide.reach = random_.uniform(1.0, 2.2);
    }
    w.guide.start = degrees(vertical * w.guide.start);
    w.guide.far = degrees(vertical * w.guide.far);
    w.line.kind = kind;
    w.line.trunk = true;
    w.line.quadrant = quadrant;
    w.width = trunk_width_[static_cast<std::size_t>(kind)] * (temporal ? 1.04 : .96);
    w.angle = w.guide.start;
    w.to_fork = fork_spacing(kind, w.width);
    // Trunks begin inside the disc, closer to its centre than half their calibre, so that the centre is closed.
    add_walker(std::move(w), random_.uniform(.02, .04) * heading(degrees(vertical * (temporal ? 70 : 115))));
  }

  void add_walker(walker w, point2 at) {
    w.line.points.push_back(at);
    w.line.width.push_back(w.width);
    const int id = static_cast<int>(walkers_.size());
    tips_.emplace(w.width, id);
    walkers_.push_back(std::move(w));
  }

  [[nodiscard]] double steer(const walker& w, point2 at) const {
    const point2 left = at + .38 * heading(w.angle - .75), right = at + .38 * heading(w.angle + .75);
    const double push = occupancy_.at(w.line.kind, left) - occupancy_.at(w.line.kind, right);
    return std::clamp(push, -1.5, 1.5);
  }

  [[nodiscard]] bool crowded(const walker& w, int id, point2 at, double room) const {
    bool hit = false;
    const double reach = room + .12;
    grids_[static_cast<std::size_t>(w.line.kind)].near(at, reach, [&](const point_grid::entry& e) {
      // No loops: a vessel does not come back to itself.
      if (e.vessel == id && e.point + 12 > w.line.points.size()) return;
      // Around its own fork a vessel is close to its parent, and to whatever else springs there.
      if (w.age < .40 && (e.vessel == w.line.parent || (e.point < 6 && sibling(w, e.vessel)))) return;
      hit = hit || distance(e.at, at) < .5 * (e.width + w.width) + room;
    });
    return hit;
  }
  [[nodiscard]] bool sibling(const walker& w, int other) const {
    const auto& line = walkers_[static_cast<std::size_t>(other)].line;
    return w.line.parent >= 0 && line.parent == w.line.parent &&
           std::max(line.parent_point, w.line.parent_point) - std::min(line.parent_point, w.line.parent_point) < 5;
  }

  /// One step of a tip; false when it has come to its end.
  bool advance(int id) {
    walker& w = walkers_[static_cast<std::size_t>(id)];
    const point2 at = w.line.points.back();
    const double r = norm(at), to_fovea = distance(at, fovea_);
    double desired = std::atan2(at.y, at.x), weight = .07, gain = .10, noise = .045;
    if (w.line.trunk) {
      const double ahead = r + .25;
      const point2 target = ahead * heading(w.guide.angle(ahead));
      desired = std::atan2(target.y - at.y, target.x - at.x);
      weight = .55;
      gain = .03;
      noise = .018;
    } else if (to_fovea < 3 && dot(fovea_ - at, heading(w.angle)) > 0) {
      desired = std::atan2(fovea_.y - at.y, fovea_.x - at.x);
    }
    if (!w.line.trunk && (to_fovea < 1.4 || near_raphe(at))) gain *= 2;  // vessels of a kind keep apart at the rim
    w.noise = .75 * w.noise + noise * random_.normal();
    const double turn = weight * wrapped(desired - w.angle) + gain * steer(w, at) + w.noise;
    w.angle += std::clamp(turn, -.45, .45);
    const point2 next = at + step * heading(w.angle);
    const double taper = .018 * step * (w.line.trunk ? .7 : 1.6);
    w.width *= 1 - taper;
    w.age += step;
    if (w.width < .0185 || norm(next) > edge_ || std::max(std::abs(next.x), std::abs(next.y)) > 7.9 ||
        distance(next, fovea_) < .55 || (w.age > 1.2 && norm(next) < .7) || crosses_raphe(w, at, next))
      return false;
    const bool rim = distance(next, fovea_) < 1.2 || near_raphe(next);
    if (r > .45 && crowded(w, id, next, w.line.trunk ? .05 : rim ? .16 : .11)) return false;
    w.line.points.push_back(next);
    w.line.width.push_back(w.width);
    const auto point = static_cast<std::uint32_t>(w.line.points.size() - 1);
    occupancy_.add(w.line.kind, next);
    grids_[static_cast<std::size_t>(w.line.kind)].add({next, w.width, id, point});
    w.to_fork -= step;
    if (w.to_fork <= 0 && r > .35) fork(id);
    return true;
  }

  [[nodiscard]] bool near_raphe(point2 at) const { return at.x > fovea_.x && std::abs(at.y - fovea_.y) < .35; }
  /// Temporal of the fovea no vessel passes from one half of the retina to the other.
  [[nodiscard]] bool crosses_raphe(const walker& w, point2 from, point2 to) const {
    const double half = w.line.quadrant % 2 == 0 ? -1 : 1;
    return to.x > fovea_.x && half * (to.y - fovea_.y) < .05 && half * (to.y - from.y) < 0;
  }

  void fork(int id) {
    walker& w = walkers_[static_cast<std::size_t>(id)];
    w.to_fork = fork_spacing(w.line.kind, w.width);
    const bool artery = w.line.kind == vessel_kind::artery;
    const double ratio = !w.line.trunk        ? random_.uniform(.55, 1.0)
                         : random_.chance(.6) ? random_.uniform(.40, .70)
                                              : random_.uniform(.70, .98);
    const double exponent = (artery ? 2.6 : 2.1) * (1 + .06 * random_.normal());
    const auto [wide, narrow] = fork_widths(w.width, ratio, exponent);
    const auto turns = fork_angles(ratio);
    const double wide_turn = turns[0] * (w.line.trunk ? .35 : 1.0) * (1 + .15 * random_.normal());
    const double narrow_turn = turns[1] * (1 + .15 * random_.normal());
    if (narrow < .0185) return;
    const point2 at = w.line.points.back();
    const auto room = [&](double side) {
      double sum = 0;
      for (const double reach : {.3, .6, .9})
        sum += occupancy_.at(w.line.kind, at + reach * heading(w.angle + side * std::max(narrow_turn, .6)));
      return sum;
    };
    const double left = room(-1), right = room(1);
    const double side = left == right ? (random_.chance(.5) ? 1 : -1) : left < right ? -1 : 1;
    if (std::min(left, right) > 3.6) return;
    walker child;
    child.line.kind = w.line.kind;
    child.line.quadrant = w.line.quadrant;
    child.line.parent = id;
    child.line.parent_point = w.line.points.size() - 1;
    child.width = narrow;
    child.angle = w.angle + side * narrow_turn;
    child.to_fork = fork_spacing(w.line.kind, narrow);
    child.fork = forks_.size();
    forks_.push_back({w.line.kind, w.width, wide, narrow, wide_turn + narrow_turn});
    w.width = wide;
    w.angle -= side * wide_turn;
    add_walker(std::move(child), at);
  }

  /// The vessels that became long enough to be seen, renumbered; children of dropped vessels do not exist.
  vessel_tree collect() {
    vessel_tree tree;
    std::vector<int> number(walkers_.size(), -1);
    for (std::size_t i = 0; i < walkers_.size(); ++i) {
      vessel& line = walkers_[i].line;
      if (line.points.size() < 5) continue;
      if (line.parent >= 0) line.parent = number[static_cast<std::size_t>(line.parent)];
      if (walkers_[i].fork != no_fork) {
        if (line.parent < 0) continue;
        tree.forks.push_back(forks_[walkers_[i].fork]);
      }
      number[i] = static_cast<int>(tree.vessels.size());
      tree.vessels.push_back(std::move(line));
    }
    return tree;
  }

  const phantom_eye& eye_;
  random_stream random_;
  point2 fovea_;
  double edge_, spacing_;
  std::array<double, 2> trunk_width_{};
  std::array<bool, 2> artery_outside_{};  // in the nasal quadrants either kind may be the outer one
  std::vector<walker> walkers_;
  std::vector<vessel_fork> forks_;
  std::priority_queue<std::pair<double, int>, std::vector<std::pair<double, int>>, narrower_tip_last> tips_;
  occupancy_map occupancy_;
  std::array<point_grid, 2> grids_;
};

}  // namespace detail

/// An eye's vessels without the bends of disease: the anatomy that its sessions share. About 130 vessels.
[[nodiscard]] inline vessel_tree grow_vessels(const phantom_population& population, std::size_t eye) {
  const phantom_eye& e = population.eyes().at(eye);
  return detail::vessel_grower(population.subjects()[e.subject], e, population.eye_key(eye).fold("growth")).grow();
}

}  // namespace synthmed

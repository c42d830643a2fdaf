// Vessels of the phantom as curves. Lengths are disc diameters (DD), the disc centre is the origin,
// x points temporally (towards the fovea) and y inferiorly, in right and left eyes alike.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <vector>

namespace synthmed {

/// A point or direction in the plane of the retina.
struct point2 {
  double x = 0, y = 0;
  friend constexpr point2 operator+(point2 a, point2 b) noexcept { return {a.x + b.x, a.y + b.y}; }
  friend constexpr point2 operator-(point2 a, point2 b) noexcept { return {a.x - b.x, a.y - b.y}; }
  friend constexpr point2 operator*(double s, point2 a) noexcept { return {s * a.x, s * a.y}; }
};

[[nodiscard]] constexpr double dot(point2 a, point2 b) noexcept { return a.x * b.x + a.y * b.y; }
[[nodiscard]] constexpr double cross(point2 a, point2 b) noexcept { return a.x * b.y - a.y * b.x; }
[[nodiscard]] inline double norm(point2 a) noexcept { return std::sqrt(dot(a, a)); }
[[nodiscard]] inline double distance(point2 a, point2 b) noexcept { return norm(a - b); }
[[nodiscard]] inline point2 heading(double angle) noexcept { return {std::cos(angle), std::sin(angle)}; }
/// The angle brought into (-pi, pi].
[[nodiscard]] inline double wrapped(double angle) noexcept { return std::remainder(angle, 2 * std::numbers::pi); }

enum class vessel_kind : std::uint8_t { artery, vein };

/// One vessel from its origin to its end. At a fork it goes on as the wider daughter; the other one is a new vessel.
struct vessel {
  vessel_kind kind = vessel_kind::artery;
  bool trunk = false;         ///< one of the eight that leave the disc
  int quadrant = 0;           ///< index of the quadrant in which its trunk runs
  int parent = -1;            ///< index of the vessel it springs from; -1: the disc
  std::size_t parent_point = 0;  ///< the parent's point it springs from
  std::vector<point2> points;    ///< centre line
  std::vector<double> width;     ///< full calibre at each point, DD
};

/// A fork: calibres before and after it, and the angle between the daughters, radians.
struct vessel_fork {
  vessel_kind kind = vessel_kind::artery;
  double parent_width = 0, wide_width = 0, narrow_width = 0, angle = 0;
};

/// All vessels of an eye; a vessel comes after its parent.
struct vessel_tree {
  std::vector<vessel> vessels;
  std::vector<vessel_fork> forks;
};

}  // namespace synthmed

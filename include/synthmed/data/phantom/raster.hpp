// Exact soft coverage of vessels on a pixel grid: short capsules with a calibre that varies along them, each touching
// only the few pixels of its own box.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <vector>

#include <synthmed/data/phantom/population.hpp>
#include <synthmed/data/phantom/vessels.hpp>

namespace synthmed {

/// From the retina (DD) to a pixel grid. Pixel (i, j) covers [i, i + 1) x [j, j + 1).
struct retina_view {
  double scale = 51;              ///< pixels per DD
  double disc_x = 0, disc_y = 0;  ///< where the disc centre lies, pixels
  double cosine = 1, sine = 0;    ///< camera roll
  double mirror = -1;             ///< -1: temporal is left (a right eye), 1: temporal is right
  int width = 640, height = 480;

  [[nodiscard]] point2 pixel(point2 retina) const noexcept {
    const point2 p{mirror * retina.x, retina.y};
    return {disc_x + scale * (cosine * p.x - sine * p.y), disc_y + scale * (sine * p.x + cosine * p.y)};
  }
  [[nodiscard]] point2 retina(point2 pixel) const noexcept {
    const double x = (pixel.x - disc_x) / scale, y = (pixel.y - disc_y) / scale;
    return {mirror * (cosine * x + sine * y), -sine * x + cosine * y};
  }
};

/// One number per pixel.
struct plane {
  int width = 0, height = 0;
  std::vector<float> values;

  plane() = default;
  plane(int w, int h, float value = 0)
      : width(w), height(h), values(static_cast<std::size_t>(w) * static_cast<std::size_t>(h), value) {}
  [[nodiscard]] float* row(int y) noexcept {
    return values.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width);
  }
  [[nodiscard]] const float* row(int y) const noexcept {
    return values.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width);
  }
};

namespace detail {

struct capsule {
  float x, y, dx, dy, half, growth;  // start, way to the end, half calibre at the start and its change to the end
};

/// The share of a unit pixel that lies on the inner side of a straight border at signed distance t from the pixel's
/// centre, exactly: `a` >= `b` > 0 are the absolute components of the border's unit normal.
struct pixel_share {
  float a, b, flat, end;

  pixel_share(float nx, float ny)
      : a(std::max(std::abs(nx), std::abs(ny))),
        b(std::max(std::min(std::abs(nx), std::abs(ny)), 1e-4f)),
        flat(.5f * (a - b)),
        end(.5f * (a + b)) {}

  [[nodiscard]] float operator()(float t) const noexcept {
    const float s = std::abs(t), rest = std::max(0.f, end - s);
    const float share = s <= flat ? .5f + s / a : 1 - rest * rest / (2 * a * b);
    return t >= 0 ? share : 1 - share;
  }
};

/// Covers the pixels of one capsule: the larger of what is there and the share of each pixel inside. Exact along the
/// vessel however thin it is; the round ends are exact to a few hundredths.
inline void cover(plane& out, const capsule& c) {
  const float widest = std::max(c.half, c.half + c.growth) + .7072f;
  const int x0 = std::max(0, static_cast<int>(std::floor(std::min(c.x, c.x + c.dx) - widest)));
  const int x1 = std::min(out.width - 1, static_cast<int>(std::floor(std::max(c.x, c.x + c.dx) + widest)));
  const int y0 = std::max(0, static_cast<int>(std::floor(std::min(c.y, c.y + c.dy) - widest)));
  const int y1 = std::min(out.height - 1, static_cast<int>(std::floor(std::max(c.y, c.y + c.dy) + widest)));
  const float inverse = 1 / std::max(c.dx * c.dx + c.dy * c.dy, 1e-12f), root = std::sqrt(inverse);
  const pixel_share share(c.dy * root, c.dx * root);
  for (int y = y0; y <= y1; ++y) {
    const float py = static_cast<float>(y) + .5f - c.y;
    float* const row = out.row(y);
    for (int x = x0; x <= x1; ++x) {
      const float px = static_cast<float>(x) + .5f - c.x;
      const float along = (px * c.dx + py * c.dy) * inverse, t = std::clamp(along, 0.f, 1.f);
      const float ex = px - t * c.dx, ey = py - t * c.dy;
      const float d = std::sqrt(ex * ex + ey * ey), half = c.half + t * c.growth;
      const float strip = share(half - d) - share(-half - d);
      const float cap = std::min(1.f, std::min(d + .5f, half) - std::max(d - .5f, -half));
      row[x] = std::max(row[x], along == t ? strip : std::min(strip, cap));
    }
  }
}

/// The optical depth of one capsule at full coverage: (calibre / reference)^.55 (.35 + .65 chord).
inline void darken(plane& out, const capsule& c, float reference) {
  const float widest = std::max(c.half, c.half + c.growth) + .5f;
  const int x0 = std::max(0, static_cast<int>(std::floor(std::min(c.x, c.x + c.dx) - widest)));
  const int x1 = std::min(out.width - 1, static_cast<int>(std::floor(std::max(c.x, c.x + c.dx) + widest)));
  const int y0 = std::max(0, static_cast<int>(std::floor(std::min(c.y, c.y + c.dy) - widest)));
  const int y1 = std::min(out.height - 1, static_cast<int>(std::floor(std::max(c.y, c.y + c.dy) + widest)));
  const float inverse = 1 / std::max(c.dx * c.dx + c.dy * c.dy, 1e-12f);
  const float depth = std::pow((2 * c.half + c.growth) / reference, .55f);
  for (int y = y0; y <= y1; ++y) {
    const float py = static_cast<float>(y) + .5f - c.y;
    float* const row = out.row(y);
    for (int x = x0; x <= x1; ++x) {
      const float px = static_cast<float>(x) + .5f - c.x;
      const float t = std::clamp((px * c.dx + py * c.dy) * inverse, 0.f, 1.f);
      const float ex = px - t * c.dx, ey = py - t * c.dy;
      const float square = ex * ex + ey * ey, half = c.half + t * c.growth;
      const float d = std::sqrt(square);
      const float covered = std::min(d + .5f, half) - std::max(d - .5f, -half);
      const float chord = std::sqrt(std::max(0.f, 1 - square / (half * half)));
      row[x] = std::max(row[x], depth * std::clamp(covered, 0.f, 1.f) * (.35f + .65f * chord));
    }
  }
}

/// Calls f with every capsule of one kind of vessels that touches the view; long steps are refined along the spline.
template <class F>
void for_each_capsule(const vessel_tree& tree, vessel_kind kind, const retina_view& view, F&& f) {
  const double scale = view.scale;
  for (const vessel& v : tree.vessels) {
    if (v.kind != kind) continue;
    point2 from = view.pixel(v.points.front());
    for (std::size_t i = 1; i < v.points.size(); ++i) {
      const point2 to = view.pixel(v.points[i]);
      const double half = .5 * scale * v.width[i - 1], growth = .5 * scale * (v.width[i] - v.width[i - 1]);
      const double reach = half + std::abs(growth) + 1;
      if (std::max(from.x, to.x) > -reach && std::min(from.x, to.x) < view.width + reach &&
          std::max(from.y, to.y) > -reach && std::min(from.y, to.y) < view.height + reach)
        f(capsule{static_cast<float>(from.x), static_cast<float>(from.y), static_cast<float>(to.x - from.x),
                  static_cast<float>(to.y - from.y), static_cast<float>(half), static_cast<float>(growth)});
      from = to;
    }
  }
}

}  // namespace detail

/// The share of every pixel that vessels of one kind cover, 0 - 1. Vessels thinner than a pixel keep their true share.
[[nodiscard]] inline plane coverage(const vessel_tree& tree, vessel_kind kind, const retina_view& view) {
  plane out(view.width, view.height);
  detail::for_each_capsule(tree, kind, view, [&](const detail::capsule& c) { detail::cover(out, c); });
  return out;
}

/// The optical depth of the vessels of one kind; a vessel as wide as `reference` pixels has 1 at its centre.
[[nodiscard]] inline plane optical_depth(const vessel_tree& tree, vessel_kind kind, const retina_view& view,
                                         double reference) {
  plane out(view.width, view.height);
  detail::for_each_capsule(tree, kind, view,
                           [&](const detail::capsule& c) { detail::darken(out, c, static_cast<float>(reference)); });
  return out;
}

}  // namespace synthmed

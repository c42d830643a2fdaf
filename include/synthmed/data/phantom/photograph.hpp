// The fundus photograph: layers of the eye's ground, vessels by absorption, then the camera.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <vector>

#include <synthmed/data/phantom/noise.hpp>
#include <synthmed/data/phantom/population.hpp>
#include <synthmed/data/phantom/raster.hpp>
#include <synthmed/data/phantom/vessels.hpp>
#include <synthmed/data/picture.hpp>

namespace synthmed {

/// Radius of the camera's round field in the 640 x 480 frame; it is cut at the top and bottom.
inline constexpr double phantom_field_radius = 318;
/// Semi-axes of the disc, DD: a vertical oval.
inline constexpr double phantom_disc_x = .44, phantom_disc_y = .575;

namespace detail {

using colour = std::array<float, 3>;

[[nodiscard]] inline colour mixed(const colour& a, const colour& b, float share) noexcept {
  return {a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]), a[2] + share * (b[2] - a[2])};
}
[[nodiscard]] inline float bell(float x, float sd) noexcept { return std::exp(-.5f * x * x / (sd * sd)); }

/// In place: Gaussian blur, separable, borders repeated.
inline void blur(plane& p, double sd) {
  const int reach = std::max(1, static_cast<int>(std::ceil(2.5 * sd)));
  std::vector<float> kernel(static_cast<std::size_t>(reach) + 1);
  float sum = 0;
  for (int i = 0; i <= reach; ++i) {
    kernel[static_cast<std::size_t>(i)] = static_cast<float>(std::exp(-.5 * i * i / (sd * sd)));
    sum += (i ? 2.f : 1.f) * kernel[static_cast<std::size_t>(i)];
  }
  for (float& k : kernel) k /= sum;
  const auto width = static_cast<std::size_t>(p.width), pad = static_cast<std::size_t>(reach);
  std::vector<float> line(width + 2 * pad);
  for (int y = 0; y < p.height; ++y) {
    float* const row = p.row(y);
    std::copy(row, row + width, line.begin() + reach);
    std::fill(line.begin(), line.begin() + reach, row[0]);
    std::fill(line.end() - reach, line.end(), row[width - 1]);
    for (std::size_t x = 0; x < width; ++x) row[x] = kernel[0] * line[x + pad];
    for (std::size_t i = 1; i <= pad; ++i)
      for (std::size_t x = 0; x < width; ++x) row[x] += kernel[i] * (line[x + pad - i] + line[x + pad + i]);
  }
  plane out(p.width, p.height);
  for (int y = 0; y < p.height; ++y) {
    float* const to = out.row(y);
    for (int i = -reach; i <= reach; ++i) {
      const float* const from = p.row(std::clamp(y + i, 0, p.height - 1));
      const float k = kernel[static_cast<std::size_t>(std::abs(i))];
      for (std::size_t x = 0; x < width; ++x) to[x] += k * from[x];
    }
  }
  p.values.swap(out.values);
}

/// The view may be a window of the 640 x 480 frame: `left` and `top` say where its first pixel lies in the frame.
class fundus_camera {
 public:
  fundus_camera(const phantom_population& population, std::size_t image, const retina_view& view, int left = 0,
                int top = 0)
      : record_(population.image(image)),
        eye_(population.eyes()[record_.eye]),
        view_(view),
        left_(left),
        top_(top),
        eye_random_(population.eye_key(record_.eye).fold("fundus")),
        random_(population.session_key(image).fold("photograph")),
        noise_key_(population.session_key(image).fold("noise")),
        streaks_(population.eye_key(record_.eye).fold("choroid")),
        warp_(population.eye_key(record_.eye).fold("warp")) {
    constexpr std::array<colour, 3> bases{{{.80f, .50f, .36f}, {.70f, .37f, .23f}, {.50f, .26f, .17f}}};
    // .16, .08 and .03 were too faint in a first prototype.
    constexpr std::array<float, 3> choroid{.16f * 1.7f, .08f * 2, .03f * 2};
    const auto pigment = static_cast<std::size_t>(population.subjects()[record_.subject].pigment);
    base_ = bases[pigment];
    for (float& c : base_) c *= static_cast<float>(1 + .05 * eye_random_.normal());
    choroid_ = choroid[pigment] * static_cast<float>(std::exp(.25 * eye_random_.normal()));
    cup_ = static_cast<float>(eye_random_.uniform(.12, .28));
    disc_ = static_cast<float>(eye_random_.uniform(.35, .75));
    macula_ = static_cast<float>(eye_random_.uniform(.08, .28));
  }

  picture photograph(const vessel_tree& tree) {
    std::array<plane, 3> rgb{plane(view_.width, view_.height), plane(view_.width, view_.height),
                             plane(view_.width, view_.height)};
    paint_ground(rgb);
    paint_vessels(rgb, tree);
    light(rgb);
    for (plane& p : rgb) blur(p, record_.blur);
    return expose(rgb);
  }

 private:
  /// Choroidal vessels run radially from the posterior pole; ever finer streaks take over as the radius grows, so that
  /// their breadth on the retina stays the same.
  [[nodiscard]] float choroid(point2 p) const {
    const auto x = static_cast<float>(p.x - 1.8), y = static_cast<float>(p.y);
    const float wx = warp_(.9f * x + 9, .9f * y + 9) - .5f, wy = warp_(.9f * x + 31, .9f * y + 17) - .5f;
    const float ux = x + .55f * wx, uy = y + .55f * wy;
    const float r = std::sqrt(ux * ux + uy * uy) + .3f, octave = std::log2(r * .8f + 1.f);
    const float turn = std::atan2(uy, ux) * static_cast<float>(32 / std::numbers::pi) + 32;  // 64 cells a turn
    const float low = std::floor(octave), share = octave - low;
    const auto ridge = [&](float level) {
      const float fine = std::exp2(level - 1);
      // Whole repeats of the lattice per turn keep the streaks closed at +-180 degrees for level 1 and up.
      const float n = streaks_(turn * fine, .9f * r + 13 * level);
      const float m = warp_(turn * fine * 2 + 5, 1.4f * r + 7 * level);
      return 1 - std::abs(1.3f * n + .7f * m - 1);
    };
    const float streak = (1 - share) * ridge(low + 1) + share * ridge(low + 2) - .7f;
    return streak * std::min(1.f, .35f * r * r);  // no star where they meet
  }

  void paint_ground(std::array<plane, 3>& rgb) const {
    const colour pale{.90f, .68f, .50f}, cup{.96f, .82f, .68f}, grey{.52f, .50f, .49f}, ring{.34f, .22f, .18f};
    const auto edge = static_cast<float>(eye_.vascular_edge);
    for (int j = 0; j < view_.height; ++j)
      for (int i = 0; i < view_.width; ++i) {
        const double fx = left_ + i + .5 - 320, fy = top_ + j + .5 - 240;
        if (fx * fx + fy * fy > (phantom_field_radius + 6) * (phantom_field_radius + 6)) continue;
        const point2 p = view_.retina({i + .5, j + .5});
        const auto x = static_cast<float>(p.x), y = static_cast<float>(p.y);
        const float r = std::sqrt(x * x + y * y);
        const float patches = warp_(.28f * x + 50, .28f * y + 50) - .5f;  // regions of different colour
        const float streak = choroid_ * choroid(p);
        colour c{base_[0] * (1 + .55f * streak - .05f * patches), base_[1] * (1 + 1.1f * streak + .34f * patches),
                 base_[2] * (1 + 1.0f * streak + .40f * patches)};
        const auto mx = static_cast<float>(p.x - eye_.fovea_x), my = static_cast<float>(p.y - eye_.fovea_y);
        // A dark centre within a wider, redder region.
        const float square = mx * mx + my * my, macula = std::exp(-.5f * square / .64f),
                    around = std::exp(-.5f * square / 2.2f);
        for (std::size_t k = 0; k < 3; ++k)
          c[k] *= (1 - .08f * macula) * (1 - (k == 0 ? .15f : 1.f) * macula_ * around);
        if (r > edge - .4f) {
          const float beyond = 1 / (1 + std::exp(-(r - edge) / .05f));
          c = mixed(c, grey, .45f * beyond);
          c = mixed(c, {.86f, .80f, .74f}, .4f * bell(r - edge, .07f));
        }
        if (r < 1.1f) {
          // 1 on the disc's border.
          const float e = std::sqrt(x * x / static_cast<float>(phantom_disc_x * phantom_disc_x) +
                                    y * y / static_cast<float>(phantom_disc_y * phantom_disc_y));
          if (eye_.halo) c = mixed(c, ring, .45f * bell(e - 1.16f, .09f));
          c = mixed(c, pale, disc_ / (1 + std::exp((e - 1) / .045f)));
          c = mixed(c, cup, .8f * disc_ / (1 + std::exp((r - cup_) / .03f)));
        }
        for (std::size_t k = 0; k < 3; ++k) rgb[k].row(j)[i] = c[k];
      }
  }

  void paint_vessels(std::array<plane, 3>& rgb, const vessel_tree& tree) const {
    constexpr colour artery{.16f, .50f, .42f}, vein{.30f, .72f, .55f};
    const plane a = optical_depth(tree, vessel_kind::artery, view_, .075 * view_.scale);
    const plane v = optical_depth(tree, vessel_kind::vein, view_, .105 * view_.scale);
    for (std::size_t i = 0; i < a.values.size(); ++i) {
      if (a.values[i] == 0 && v.values[i] == 0) continue;
      for (std::size_t k = 0; k < 3; ++k)
        rgb[k].values[i] *= std::exp(-(a.values[i] * artery[k] + v.values[i] * vein[k]));
    }
    // The bright reflex along the middle of the wider arteries.
    vessel_tree reflex;
    for (const vessel& from : tree.vessels) {
      if (from.kind != vessel_kind::artery) continue;
      vessel line = from;
      for (double& w : line.width) w = std::max(0.0, .3 * (w - .03));
      reflex.vessels.push_back(std::move(line));
    }
    const plane shine = coverage(reflex, vessel_kind::artery, view_);
    for (std::size_t i = 0; i < shine.values.size(); ++i)
      for (std::size_t k = 0; k < 3; ++k) rgb[k].values[i] += .05f * shine.values[i];
  }

  void light(std::array<plane, 3>& rgb) {
    const auto falloff = static_cast<float>(random_.uniform(.25, .50));
    const auto tilt_x = static_cast<float>(random_.normal(0, .13)), tilt_y = static_cast<float>(random_.normal(0, .13));
    const auto gain = static_cast<float>(random_.uniform(.85, 1.1)), haze = static_cast<float>(record_.haze);
    const double side = random_.uniform(0, 2 * std::numbers::pi);
    const auto glare_x = static_cast<float>(std::cos(side)), glare_y = static_cast<float>(std::sin(side));
    const auto glare = static_cast<float>(record_.glare);
    const colour veil{.62f, .58f, .60f};
    for (int j = 0; j < view_.height; ++j)
      for (int i = 0; i < view_.width; ++i) {
        const float x = (static_cast<float>(left_ + i) + .5f - 320) / 318,
                    y = (static_cast<float>(top_ + j) + .5f - 240) / 318;
        const float square = x * x + y * y;
        if (square > 1.05f) continue;
        const float illumination = gain * (1 - falloff * square + tilt_x * x + tilt_y * y);
        const float toward = (x * glare_x + y * glare_y);
        const float crescent = glare > 0 ? glare * bell(std::sqrt(square) - .97f, .10f) * std::max(0.f, toward) : 0;
        // Scattered light gathers towards the rim.
        const float fog = haze * (.6f + .8f * square);
        for (std::size_t k = 0; k < 3; ++k) {
          float& c = rgb[k].row(j)[i];
          c = illumination * ((1 - fog) * c + fog * veil[k]) + crescent * (k == 2 ? 1.f : .85f);
        }
      }
  }

  picture expose(const std::array<plane, 3>& rgb) const {
    picture out(view_.height, view_.width, 3);
    const auto pixels = out.pixels();
    constexpr double radius = phantom_field_radius;
    for (int j = std::max(0, -top_); j < std::min(view_.height, 480 - top_); ++j) {
      const double y = top_ + j + .5 - 240, half = radius * radius - y * y;
      const int reach = static_cast<int>(std::sqrt(std::max(0.0, half)));
      const int first = std::max(0, 320 - reach - left_), last = std::min(view_.width, 320 + reach - left_);
      for (int i = first; i < last; ++i) {
        const auto index =
            static_cast<std::size_t>(j) * static_cast<std::size_t>(view_.width) + static_cast<std::size_t>(i);
        const auto n = coarse_normals(noise_key_.block(static_cast<std::uint64_t>((top_ + j) * 640 + left_ + i)));
        for (std::size_t k = 0; k < 3; ++k) {
          const float light = std::max(0.f, rgb[k].values[index]);
          // Shot noise, 60 % of its variance common to the channels.
          const float sd = std::sqrt(.0006f * light + .00004f);
          const float value = light + sd * (.7746f * n[3] + .6325f * n[k]);
          pixels[3 * index + k] = static_cast<std::uint8_t>(std::clamp(255 * value + .5f, 0.f, 255.f));
        }
      }
    }
    return out;
  }

  const phantom_record& record_;
  const phantom_eye& eye_;
  const retina_view& view_;
  int left_, top_;
  random_stream eye_random_, random_;
  key noise_key_;
  value_noise streaks_, warp_;
  colour base_{};
  float choroid_ = 0, cup_ = 0, disc_ = 0, macula_ = 0;
};

}  // namespace detail
}  // namespace synthmed

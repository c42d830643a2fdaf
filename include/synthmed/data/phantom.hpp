// The phantom of the preterm retina: populations with known severity, and their pictures. Everything about an image is
// a function of (seed, stream, subject, eye, session); the number of threads and the order of calls do not matter.
//
//   const phantom_population population(populations_of(phantom_preset::quick).main);
//   const phantom_image image = render(population, 0);                       // photograph, vessel map, masks
//   const picture map = vessel_map(population, 0, {.radius = 3, .size = 32});  // the vessel map alone
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <utility>
#include <vector>

#include <synthmed/data/phantom/bends.hpp>
#include <synthmed/data/phantom/growth.hpp>
#include <synthmed/data/phantom/photograph.hpp>
#include <synthmed/data/phantom/population.hpp>
#include <synthmed/data/phantom/raster.hpp>
#include <synthmed/data/phantom/vessels.hpp>
#include <synthmed/data/picture.hpp>

namespace synthmed {

/// A rectangle of the 640 x 480 frame; it may reach beyond it, where pictures are black.
struct phantom_window {
  int left = 0, top = 0, width = 640, height = 480;
};

/// Which pictures render() makes; what is off stays empty.
struct phantom_parts {
  bool photograph = true;  ///< the RGB photograph, by far the dearest
  bool masks = true;       ///< arteries, veins and field of view
  phantom_window
      window{};  ///< what is drawn; the photograph's outer 8 pixels may differ from the whole one's by their blur
};

/// The pictures of one image, all of the window's size, and where disc and fovea lie in them (pixels, may be outside).
struct phantom_image {
  picture photograph;  ///< RGB
  picture vessels;     ///< share of each pixel that vessels cover x 255
  picture arteries;    ///< the same for arteries alone
  picture veins;       ///< the same for veins alone
  picture field;       ///< 255 inside the camera's field, 0 outside
  double disc_x = 0, disc_y = 0, disc_half_width = 0, disc_half_height = 0;  ///< the oval of the disc, before roll
  double fovea_x = 0, fovea_y = 0;
};

/// A square vessel map around the disc.
struct phantom_crop {
  double radius = 3;        ///< half side of the square, DD
  int size = 32;            ///< side, pixels
  bool mirror_left = true;  ///< left eyes mirrored, so that temporal is left in every map
};

/// The view of an image's 640 x 480 frame.
[[nodiscard]] inline retina_view frame_view(const phantom_population& population, std::size_t image) {
  const phantom_record& r = population.image(image);
  const phantom_eye& e = population.eyes()[r.eye];
  const double roll = r.roll * std::numbers::pi / 180;
  return {e.pixels_per_dd,
          r.disc_x,
          r.disc_y,
          std::cos(roll),
          std::sin(roll),
          e.side == eye_side::right ? -1.0 : 1.0,
          640,
          480};
}

namespace detail {

/// Whether a point of the 640 x 480 frame lies in the camera's field.
[[nodiscard]] inline bool in_field(double x, double y) noexcept {
  return x >= 0 && y >= 0 && x < 640 && y < 480 &&
         (x - 320) * (x - 320) + (y - 240) * (y - 240) <= phantom_field_radius * phantom_field_radius;
}

[[nodiscard]] inline std::uint8_t to_byte(float share) noexcept {
  return static_cast<std::uint8_t>(255 * std::clamp(share, 0.f, 1.f) + .5f);
}

}  // namespace detail

/// Draws an image from its vessels (bend_vessels). Safe to call from several threads. Throws argument_error for an
/// index outside of the population.
[[nodiscard]] inline phantom_image render(const phantom_population& population, std::size_t image,
                                          const vessel_tree& vessels, phantom_parts parts = {}) {
  const phantom_window& window = parts.window;
  if (window.width < 1 || window.height < 1 || window.width > 4096 || window.height > 4096)
    throw argument_error(sentence("A window of the phantom's frame has 1 to 4096 pixels a side, got ", window.width,
                                  " x ", window.height, "."));
  retina_view view = frame_view(population, image);
  view.disc_x -= window.left;
  view.disc_y -= window.top;
  view.width = window.width;
  view.height = window.height;
  const phantom_eye& eye = population.eyes()[population.image(image).eye];
  const plane a = coverage(vessels, vessel_kind::artery, view), v = coverage(vessels, vessel_kind::vein, view);
  phantom_image out;
  out.vessels = picture(window.height, window.width);
  if (parts.masks) out.arteries = out.veins = out.field = picture(window.height, window.width);
  for (int y = 0; y < window.height; ++y)
    for (int x = 0; x < window.width; ++x) {
      if (!detail::in_field(window.left + x + .5, window.top + y + .5)) continue;
      const float artery = a.row(y)[x], vein = v.row(y)[x];
      out.vessels.at(y, x) = detail::to_byte(1 - (1 - artery) * (1 - vein));
      if (!parts.masks) continue;
      out.arteries.at(y, x) = detail::to_byte(artery);
      out.veins.at(y, x) = detail::to_byte(vein);
      out.field.at(y, x) = 255;
    }
  const point2 fovea = view.pixel({eye.fovea_x, eye.fovea_y});
  out.disc_x = view.disc_x;
  out.disc_y = view.disc_y;
  out.disc_half_width = phantom_disc_x * view.scale;
  out.disc_half_height = phantom_disc_y * view.scale;
  out.fovea_x = fovea.x;
  out.fovea_y = fovea.y;
  if (parts.photograph)
    out.photograph = detail::fundus_camera(population, image, view, window.left, window.top).photograph(vessels);
  return out;
}

/// The same with the vessels grown and bent first.
[[nodiscard]] inline phantom_image render(const phantom_population& population, std::size_t image,
                                          phantom_parts parts = {}) {
  return render(population, image, bend_vessels(population, image).tree, parts);
}

/// The vessel map of an image as a square around the disc, grey, drawn at its own size: the same picture as the crop of
/// the 640 x 480 map averaged over areas, without the frame in between. What lies outside of the camera's field is 0.
/// Throws argument_error for a radius that is not positive or a size outside of 1 - 4096.
[[nodiscard]] inline picture vessel_map(const phantom_population& population, std::size_t image,
                                        const vessel_tree& vessels, const phantom_crop& crop) {
  if (!(crop.radius > 0) || crop.size < 1 || crop.size > 4096)
    throw argument_error(sentence("A phantom crop needs a positive radius and a size of 1 to 4096, got ", crop.radius,
                                  " DD and ", crop.size, "."));
  const retina_view frame = frame_view(population, image);
  // Thin vessels that share a pixel must add up: draw at about the frame's scale, then average.
  const double wanted = 2 * crop.radius * 40 / crop.size;
  const int fine = std::clamp(static_cast<int>(std::ceil(wanted)), 1, 64), side = fine * crop.size;
  retina_view view = frame;
  view.scale = side / (2 * crop.radius);
  view.disc_x = view.disc_y = .5 * side;
  view.width = view.height = side;
  const bool flip = crop.mirror_left && frame.mirror > 0;
  if (flip) view.mirror = -1, view.sine = -frame.sine;
  const plane a = coverage(vessels, vessel_kind::artery, view), v = coverage(vessels, vessel_kind::vein, view);
  picture out(crop.size, crop.size);
  const double to_frame = frame.scale / view.scale;
  for (int y = 0; y < crop.size; ++y)
    for (int x = 0; x < crop.size; ++x) {
      float sum = 0;
      for (int j = y * fine; j < (y + 1) * fine; ++j)
        for (int i = x * fine; i < (x + 1) * fine; ++i) {
          const double fx = (flip ? -1 : 1) * (i + .5 - .5 * side) * to_frame + frame.disc_x;
          const double fy = (j + .5 - .5 * side) * to_frame + frame.disc_y;
          if (detail::in_field(fx, fy)) sum += 1 - (1 - a.row(j)[i]) * (1 - v.row(j)[i]);
        }
      out.at(y, x) = detail::to_byte(sum / static_cast<float>(fine * fine));
    }
  return out;
}

/// The same with the vessels grown and bent first.
[[nodiscard]] inline picture vessel_map(const phantom_population& population, std::size_t image,
                                        const phantom_crop& crop) {
  return vessel_map(population, image, bend_vessels(population, image).tree, crop);
}

}  // namespace synthmed

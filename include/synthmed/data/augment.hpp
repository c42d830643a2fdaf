// Label-preserving augmentation on the host: flips, rotations, shifts, each a function of a key alone.
#pragma once

#include <cmath>
#include <utility>

#include <opencv2/imgproc.hpp>

#include <synthmed/data/picture.hpp>
#include <synthmed/error.hpp>
#include <synthmed/imaging/opencv.hpp>
#include <synthmed/random/distributions.hpp>
#include <synthmed/random/key.hpp>

namespace synthmed {

/// Leaves pictures as they are.
struct no_augmentation {
  [[nodiscard]] picture operator()(picture p, key) const { return p; }
};

/// Flips, rotates and shifts as the study's classifier does in training (which does not shift); black comes in at the
/// rim.
class flips_and_rotation {
 public:
  struct settings {
    double horizontal = .5;  ///< probability of a left-right flip
    double vertical = .5;    ///< probability of an upside-down flip
    double degrees = 20;     ///< the angle is uniform in [-degrees, degrees], about the centre, bilinear; 0: none
    double shift = 0;        ///< along each axis, uniform in [-shift, shift] of the picture's width and height; 0: none
  };

  flips_and_rotation() = default;
  /// Throws argument_error for a probability outside [0, 1], an angle outside [0, 180] or a shift outside [0, 1).
  explicit flips_and_rotation(const settings& how) : how_(how) {
    const auto probability = [](double p) { return p >= 0 && p <= 1; };
    if (!probability(how.horizontal) || !probability(how.vertical) || !(how.degrees >= 0 && how.degrees <= 180) ||
        !(how.shift >= 0 && how.shift < 1))
      throw argument_error(
          sentence("Flips need probabilities in [0, 1], a rotation in [0, 180] degrees and a shift in "
                   "[0, 1), got ",
                   how.horizontal, ", ", how.vertical, ", ", how.degrees, " and ", how.shift, "."));
  }

  [[nodiscard]] picture operator()(picture p, key k) const {
    random_stream draw(k);
    const bool horizontal = draw.chance(how_.horizontal), vertical = draw.chance(how_.vertical);
    const double degrees = draw.uniform(-how_.degrees, how_.degrees);
    // Drawn last, so that a shift of 0 leaves the others as they were.
    const double right = how_.shift > 0 ? draw.uniform(-how_.shift, how_.shift) * p.width() : 0;
    const double down = how_.shift > 0 ? draw.uniform(-how_.shift, how_.shift) * p.height() : 0;
    const bool turns = how_.degrees > 0 || how_.shift > 0;
    if (!horizontal && !vertical && !turns) return p;
    return detail::with_opencv("augment a picture", [&] {
      picture result(p.height(), p.width(), p.channels());
      cv::Mat out(p.height(), p.width(), CV_8UC(p.channels()), result.pixels().data());
      if (!turns) {
        cv::flip(mat_view(p), out, horizontal && vertical ? -1 : horizontal ? 1 : 0);
        return result;
      }
      // One resampling for all: rows of the matrix that maps a place of the result to its place in the source.
      const double angle = degrees * 3.14159265358979323846 / 180.0;
      const double c = std::cos(angle), s = std::sin(angle);
      const double cy = (p.height() - 1) / 2.0, cx = (p.width() - 1) / 2.0;
      const double sx = horizontal ? -1 : 1, sy = vertical ? -1 : 1;
      // What comes to rest at (x, y) of the result was at (x - right, y - down) before the shift.
      const cv::Matx23d to_source(sx * c, -sx * s, cx - sx * c * (cx + right) + sx * s * (cy + down), sy * s, sy * c,
                                  cy - sy * s * (cx + right) - sy * c * (cy + down));
      cv::warpAffine(mat_view(p), out, to_source, out.size(), cv::INTER_LINEAR | cv::WARP_INVERSE_MAP,
                     cv::BORDER_CONSTANT);
      return result;
    });
  }

 private:
  settings how_;
};

}  // namespace synthmed

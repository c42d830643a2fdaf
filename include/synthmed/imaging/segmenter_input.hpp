// From a photograph of the retina to the grey picture that the study's segmenter reads (i-ROP DL, after retina-unet).
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <opencv2/imgproc.hpp>

#include <synthmed/data/picture.hpp>
#include <synthmed/error.hpp>
#include <synthmed/imaging/clahe.hpp>
#include <synthmed/imaging/opencv.hpp>
#include <synthmed/imaging/resize.hpp>

namespace synthmed {

/// Mean and standard deviation of the grey values (0 ... 255) of a data set, with which its pictures are standardised.
struct grey_statistics {
  double mean = 0;
  double sd = 1;
};

struct segmenter_input_options {
  int height = 480, width = 640;  ///< bicubic resize of the photograph; 0 keeps its size
  double clahe_clip = 2;          ///< contrast limit of CLAHE
  int clahe_tiles = 8;            ///< tiles along each axis
  double gamma = 1.2;             ///< value = 255 (value / 255)^(1 / gamma), cut to whole numbers
};

/// .299 R + .587 G + .114 B of every pixel, not rounded to whole numbers.
[[nodiscard]] inline std::vector<double> grey_values(const picture& p) {
  // Tables instead of products: a compiler could fuse a product with the addition, and bytes would depend on the
  // machine.
  struct shares {
    std::array<double, 256> red, green, blue;
  };
  static const shares of = [] {
    shares made{};
    for (std::size_t v = 0; v < 256; ++v) {
      made.red[v] = .299 * static_cast<double>(v);
      made.green[v] = .587 * static_cast<double>(v);
      made.blue[v] = .114 * static_cast<double>(v);
    }
    return made;
  }();
  const auto bytes = p.pixels();
  const auto channels = static_cast<std::size_t>(p.channels());
  std::vector<double> grey(channels == 0 ? 0 : bytes.size() / channels);
  for (std::size_t i = 0; i < grey.size(); ++i)
    grey[i] = channels == 1 ? bytes[i] : of.red[bytes[3 * i]] + of.green[bytes[3 * i + 1]] + of.blue[bytes[3 * i + 2]];
  return grey;
}

/// Adds pictures one after another; value() is the statistics over all their pixels. Exact within a picture.
class grey_statistics_sum {
 public:
  void add(const picture& p) {
    // In thousandths grey is a whole number; a picture of 2^28 pixels stays below 2^64.
    std::uint64_t sum = 0, squares = 0;
    const auto bytes = p.pixels();
    const auto channels = static_cast<std::size_t>(p.channels());
    for (std::size_t i = 0; channels != 0 && i < bytes.size(); i += channels) {
      const std::uint64_t grey =
          channels == 1 ? 1000u * bytes[i] : 299u * bytes[i] + 587u * bytes[i + 1] + 114u * bytes[i + 2];
      sum += grey;
      squares += grey * grey;
    }
    count_ += channels == 0 ? 0 : static_cast<double>(bytes.size() / channels);
    sum_ += static_cast<double>(sum) / 1e3;
    squares_ += static_cast<double>(squares) / 1e6;
  }
  void merge(const grey_statistics_sum& other) {
    count_ += other.count_;
    sum_ += other.sum_;
    squares_ += other.squares_;
  }
  /// Throws argument_error when there is no pixel, or all pixels have one value.
  [[nodiscard]] grey_statistics value() const {
    const double mean = sum_ / count_, variance = std::fma(-mean, mean, squares_ / count_);
    if (count_ == 0 || !(variance > 0))
      throw argument_error(
          "Pictures are standardised by their spread, but these have no pixels or a single grey value.");
    return {mean, std::sqrt(variance)};
  }

 private:
  double count_ = 0, sum_ = 0, squares_ = 0;
};

/// The grey picture a segmenter reads: resize (bicubic), grey, standardise with the data set's statistics, stretch each
/// picture to 0 ... 255 and cut to 8 bits, CLAHE, gamma; divide by 255 to feed it. As orobix/retina-unet and i-ROP DL
/// do. Standardising and then stretching each picture cancels up to rounding; it is kept because the study does it.
/// With the statistics of DRIVE's test set it gives retina-unet's published pictures to the last bit.
/// Throws shape_error for an empty picture, argument_error for options out of range. A picture of one value becomes 0.
[[nodiscard]] inline picture segmenter_input(const picture& photograph, const grey_statistics& of_set = {},
                                             const segmenter_input_options& options = {}) {
  if (photograph.empty()) throw shape_error("An empty picture cannot be prepared for a segmenter.");
  if (!(of_set.sd > 0) || !(options.gamma > 0) || !(options.clahe_clip > 0) || options.clahe_tiles < 1 ||
      options.height < 0 || options.width < 0)
    throw argument_error(
        sentence("Preparing for a segmenter needs sd, gamma, clip > 0, tiles >= 1 and a size >= 0, got sd ", of_set.sd,
                 ", gamma ", options.gamma, ", clip ", options.clahe_clip, ", tiles ", options.clahe_tiles, ", size ",
                 options.width, " x ", options.height, "."));
  const int height = options.height > 0 ? options.height : photograph.height();
  const int width = options.width > 0 ? options.width : photograph.width();
  const bool resize = height != photograph.height() || width != photograph.width();
  auto grey = grey_values(
      resize ? fitted(photograph, {.height = height, .width = width, .with = interpolation::bicubic}) : photograph);
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (double& value : grey) {
    value = (value - of_set.mean) / of_set.sd;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  picture result(height, width);
  if (!(high > low)) return result;
  for (std::size_t i = 0; i < grey.size(); ++i)
    result.pixels()[i] = static_cast<std::uint8_t>(std::clamp((grey[i] - low) / (high - low) * 255.0, 0.0, 255.0));
  result = clahe(result, options.clahe_clip, options.clahe_tiles);
  std::array<std::uint8_t, 256> table{};
  for (std::size_t v = 0; v < table.size(); ++v)
    table[v] = static_cast<std::uint8_t>(std::pow(static_cast<double>(v) / 255.0, 1.0 / options.gamma) * 255.0);
  for (auto& value : result.pixels()) value = table[value];
  return result;
}

/// The field of view of a photograph: 255 where grey > .05, eroded by a disc of `erosion` pixels (i-ROP DL: 10).
[[nodiscard]] inline picture field_of_view(const picture& photograph, int erosion = 10) {
  if (erosion < 0) throw argument_error(sentence("A mask is eroded by 0 or more pixels, got ", erosion, "."));
  const auto grey = grey_values(photograph);
  picture mask(photograph.height(), photograph.width());
  for (std::size_t i = 0; i < grey.size(); ++i) mask.pixels()[i] = grey[i] > .05 * 255 ? 255 : 0;
  if (erosion == 0) return mask;
  return detail::with_opencv("erode a mask", [&] {
    cv::Mat disc = cv::Mat::zeros(2 * erosion + 1, 2 * erosion + 1, CV_8U);
    for (int y = -erosion; y <= erosion; ++y)
      for (int x = -erosion; x <= erosion; ++x)
        if (x * x + y * y <= erosion * erosion) disc.at<std::uint8_t>(y + erosion, x + erosion) = 1;
    cv::Mat eroded;
    cv::erode(mat_view(mask), eroded, disc);
    return to_picture(eroded);
  });
}

}  // namespace synthmed

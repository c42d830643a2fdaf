// From a photograph of the retina to the grey picture that the study's segmenter reads (i-ROP DL, after retina-unet).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <opencv2/imgproc.hpp>

#include <synthmed/data/picture.hpp>
#include <synthmed/error.hpp>
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

/// .299 R + .587 G + .114 B of every pixel, not rounded.
[[nodiscard]] inline std::vector<double> grey_values(const picture& p) {
  const auto bytes = p.pixels();
  const auto channels = static_cast<std::size_t>(p.channels());
  std::vector<double> grey(channels == 0 ? 0 : bytes.size() / channels);
  for (std::size_t i = 0; i < grey.size(); ++i)
    grey[i] = channels == 1 ? bytes[i] : .299 * bytes[3 * i] + .587 * bytes[3 * i + 1] + .114 * bytes[3 * i + 2];
  return grey;
}

/// Adds pictures one after another; value() is the statistics over all their pixels.
class grey_statistics_sum {
 public:
  void add(const picture& p) {
    double sum = 0, squares = 0;
    const auto grey = grey_values(p);
    for (const double value : grey) {
      sum += value;
      squares += value * value;
    }
    count_ += static_cast<double>(grey.size());
    sum_ += sum;
    squares_ += squares;
  }
  void merge(const grey_statistics_sum& other) {
    count_ += other.count_;
    sum_ += other.sum_;
    squares_ += other.squares_;
  }
  /// Throws argument_error when there is no pixel, or all pixels have one value.
  [[nodiscard]] grey_statistics value() const {
    const double mean = sum_ / count_, variance = squares_ / count_ - mean * mean;
    if (count_ == 0 || !(variance > 0))
      throw argument_error("Pictures are standardised by their spread, but these have no pixels or a single grey value.");
    return {mean, std::sqrt(variance)};
  }

 private:
  double count_ = 0, sum_ = 0, squares_ = 0;
};

/// The grey picture a segmenter reads: resize (bicubic), grey, standardise with the data set's statistics, stretch each
/// picture to 0 ... 255 and cut to 8 bits, CLAHE, gamma; divide by 255 to feed it. As orobix/retina-unet and i-ROP DL do.
/// Standardising and then stretching each picture cancels up to rounding; it is kept because the study does it.
/// Throws shape_error for an empty picture, argument_error for options out of range. A picture of one value becomes 0.
[[nodiscard]] inline picture segmenter_input(const picture& photograph, const grey_statistics& of_set = {},
                                             const segmenter_input_options& options = {}) {
  if (photograph.empty()) throw shape_error("An empty picture cannot be prepared for a segmenter.");
  if (!(of_set.sd > 0) || !(options.gamma > 0) || !(options.clahe_clip > 0) || options.clahe_tiles < 1 ||
      options.height < 0 || options.width < 0)
    throw argument_error(sentence("Preparing for a segmenter needs sd, gamma, clip > 0, tiles >= 1 and a size >= 0, got sd ",
                                  of_set.sd, ", gamma ", options.gamma, ", clip ", options.clahe_clip, ", tiles ",
                                  options.clahe_tiles, ", size ", options.width, " x ", options.height, "."));
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
  return detail::with_opencv("equalise a picture", [&] {
    cv::Mat equalised;
    cv::createCLAHE(options.clahe_clip, {options.clahe_tiles, options.clahe_tiles})->apply(mat_view(result), equalised);
    cv::Mat table(1, 256, CV_8U);
    for (int i = 0; i < 256; ++i)
      table.at<std::uint8_t>(i) = static_cast<std::uint8_t>(std::pow(i / 255.0, 1.0 / options.gamma) * 255.0);
    cv::Mat mapped;
    cv::LUT(equalised, table, mapped);
    return to_picture(mapped);
  });
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

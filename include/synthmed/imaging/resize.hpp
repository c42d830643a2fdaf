// Resizing pictures to a fixed frame: squash, crop or pad; and the cleaning of vessel maps as the study does it.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <opencv2/imgproc.hpp>

#include <synthmed/data/picture.hpp>
#include <synthmed/error.hpp>
#include <synthmed/imaging/opencv.hpp>

namespace synthmed {

/// How a picture of another aspect ratio comes into the frame.
enum class fit {
  squash,  ///< both axes scaled on their own, as the study does (640 x 480 to 256 x 256: directions and widths change)
  crop,    ///< a window of the frame's aspect ratio, around a centre; black where it reaches beyond the picture
  pad      ///< the whole picture in its own aspect ratio, black bars around it
};

[[nodiscard]] constexpr std::string_view to_string(fit how) noexcept {
  return how == fit::squash ? "squash" : how == fit::crop ? "crop" : "pad";
}

/// "squash", "crop" or "pad". Throws argument_error.
[[nodiscard]] inline fit parse_fit(std::string_view text) {
  for (const auto how : {fit::squash, fit::crop, fit::pad})
    if (text == to_string(how)) return how;
  throw argument_error(sentence("A fit is squash, crop or pad, got \"", text, "\"."));
}

enum class interpolation {
  bilinear,  ///< the study's choice for vessel maps; no smoothing when shrinking
  bicubic,   ///< the study's choice for photographs
  area       ///< mean over the covered source pixels: right when shrinking by more than 2, keeps soft maps soft
};

/// A place in a picture, in pixels; (0, 0) is the upper left corner of the upper left pixel.
struct pixel_point {
  double y = 0, x = 0;
  friend bool operator==(const pixel_point&, const pixel_point&) = default;
};

struct fit_options {
  int height = 256, width = 256;                 ///< the frame
  fit how = fit::squash;                         ///< see fit
  interpolation with = interpolation::bilinear;  ///< see interpolation
  std::optional<pixel_point> centre = {};        ///< centre of the window, the disc for instance; the picture's centre
                                                 ///< when absent; ignored unless `how` is crop
  double window = 0;  ///< height of the window in source pixels; 0: the largest inside the picture; ignored unless crop
};

namespace detail {

[[nodiscard]] inline int opencv_flag(interpolation with) noexcept {
  return with == interpolation::bilinear  ? cv::INTER_LINEAR
         : with == interpolation::bicubic ? cv::INTER_CUBIC
                                          : cv::INTER_AREA;
}

}  // namespace detail

/// The picture in the frame. Throws shape_error for an empty picture or frame, argument_error for a negative window.
[[nodiscard]] inline picture fitted(const picture& source, const fit_options& options) {
  if (source.empty()) throw shape_error("An empty picture cannot be resized.");
  if (options.height < 1 || options.width < 1)
    throw shape_error(
        sentence("A frame has at least one row and column, got ", options.height, " x ", options.width, "."));
  if (!(options.window >= 0) || !std::isfinite(options.window))
    throw argument_error(sentence("The window of a crop is zero or positive, got ", options.window, "."));
  return detail::with_opencv("resize a picture", [&] {
    const cv::Mat whole = mat_view(source);
    const int flag = detail::opencv_flag(options.with);
    picture result(options.height, options.width, source.channels());
    cv::Mat frame(options.height, options.width, whole.type(), result.pixels().data());
    const cv::Size size(options.width, options.height);
    if (options.how == fit::squash) {
      cv::resize(whole, frame, size, 0, 0, flag);
      return result;
    }
    const double aspect = static_cast<double>(options.width) / options.height;
    if (options.how == fit::pad) {
      const double scale = std::min(static_cast<double>(options.height) / source.height(),
                                    static_cast<double>(options.width) / source.width());
      const int h = std::clamp(static_cast<int>(std::lround(source.height() * scale)), 1, options.height);
      const int w = std::clamp(static_cast<int>(std::lround(source.width() * scale)), 1, options.width);
      cv::Mat inner = frame(cv::Rect((options.width - w) / 2, (options.height - h) / 2, w, h));
      cv::resize(whole, inner, inner.size(), 0, 0, flag);
      return result;
    }
    const double largest = std::min(static_cast<double>(source.height()), source.width() / aspect);
    const int h = std::max(1, static_cast<int>(std::lround(options.window > 0 ? options.window : largest)));
    const int w = std::max(1, static_cast<int>(std::lround(h * aspect)));
    const auto centre = options.centre.value_or(pixel_point{source.height() / 2.0, source.width() / 2.0});
    if (!(std::abs(centre.y) < 1e6 && std::abs(centre.x) < 1e6) || h > 100000 || w > 100000)
      throw argument_error(sentence("A crop of ", h, " x ", w, " pixels around (", centre.y, ", ", centre.x,
                                    ") does not belong to a picture of ", to_string(source), "."));
    const int top = static_cast<int>(std::lround(centre.y - h / 2.0)),
              left = static_cast<int>(std::lround(centre.x - w / 2.0));
    const cv::Rect inside = cv::Rect(left, top, w, h) & cv::Rect(0, 0, source.width(), source.height());
    cv::Mat window(h, w, whole.type(), cv::Scalar::all(0));
    if (!inside.empty())
      whole(inside).copyTo(window(cv::Rect(inside.x - left, inside.y - top, inside.width, inside.height)));
    cv::resize(window, frame, size, 0, 0, flag);
    return result;
  });
}

/// Sets values below `floor` to zero. The study cleans its 8-bit probability maps with 51, that is p < .2.
inline void clean_map(picture& map, int floor = 51) {
  for (auto& value : map.pixels())
    if (value < floor) value = 0;
}

/// The picture seen in a mirror: left eyes in the orientation of right ones.
[[nodiscard]] inline picture mirrored(const picture& source) {
  picture result = source;
  for (int y = 0; y < source.height(); ++y)
    for (int x = 0; x < source.width(); ++x)
      for (int c = 0; c < source.channels(); ++c) result.at(y, source.width() - 1 - x, c) = source.at(y, x, c);
  return result;
}

}  // namespace synthmed

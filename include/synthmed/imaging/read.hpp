// Reading pictures: PNG, JPEG, BMP and TIFF by OpenCV, GIF by giflib, always to 8 bits, 16 bits only as told.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <synthmed/data/picture.hpp>
#include <synthmed/error.hpp>
#include <synthmed/imaging/gif.hpp>
#include <synthmed/imaging/jpeg.hpp>
#include <synthmed/imaging/opencv.hpp>
#include <synthmed/io/file.hpp>

namespace synthmed {

/// What to do with a picture of 16 bits per channel.
enum class sixteen_bit {
  refuse,  ///< throw format_error: a 12-bit picture scaled as if it used 16 bits would be nearly black, silently
  scale,   ///< value / 257: 65535 becomes 255
  stretch  ///< the picture's own largest value becomes 255
};

/// Colours to deliver.
enum class picture_colour {
  as_stored,  ///< 1 channel when the file is grey, else 3
  grey,       ///< 1 channel, .299 R + .587 G + .114 B
  rgb         ///< 3 channels
};

struct read_options {
  picture_colour colour = picture_colour::as_stored;
  sixteen_bit deep = sixteen_bit::refuse;  ///< ignored for 8-bit files
  std::int64_t pixel_limit = std::int64_t{1} << 28;  ///< larger pictures throw format_error
};

/// A picture in the colours asked for.
[[nodiscard]] inline picture recoloured(const picture& p, picture_colour colour) {
  const int channels = colour == picture_colour::as_stored ? p.channels() : colour == picture_colour::grey ? 1 : 3;
  if (p.empty() || channels == p.channels()) return p;
  cv::Mat converted;
  cv::cvtColor(mat_view(p), converted, channels == 1 ? cv::COLOR_RGB2GRAY : cv::COLOR_GRAY2RGB);
  return to_picture(converted);
}

/// Decodes the bytes of a picture file. Alpha is dropped; orientation tags of cameras are ignored, so that masks
/// keep fitting. Throws format_error that begins with `source` when the bytes are no picture, a JPEG that is cut off
/// or damaged (OpenCV would make up the rest), have another depth than 8 or (as `options.deep` says) 16 bits, or too many
/// pixels.
[[nodiscard]] inline picture decode_picture(std::string_view bytes, const std::string& source,
                                            const read_options& options = {}) {
  if (bytes.empty()) throw format_error(sentence(source, " is empty (0 bytes); expected a picture."));
  if (is_gif(bytes)) return recoloured(decode_gif(bytes, source, options.pixel_limit), options.colour);
  if (const auto damage = jpeg_damage(bytes, options.pixel_limit); !damage.empty())
    throw format_error(sentence(source, " is ", damage, ": a JPEG of ", bytes.size(),
                                " bytes; copy it again from where it is whole."));
  cv::Mat decoded;
  try {
    const cv::Mat raw(1, static_cast<int>(std::min<std::size_t>(bytes.size(), 0x7FFFFFFF)), CV_8UC1,
                      const_cast<char*>(bytes.data()));
    decoded = cv::imdecode(raw, cv::IMREAD_ANYDEPTH | cv::IMREAD_ANYCOLOR | cv::IMREAD_IGNORE_ORIENTATION);
  } catch (const cv::Exception& problem) {
    throw format_error(sentence(source, " is not a readable picture: ", problem.err, "."));
  }
  if (decoded.empty())
    throw format_error(sentence(source, " is not a readable picture; expected PNG, JPEG, BMP, TIFF or GIF."));
  if (std::int64_t{decoded.rows} * decoded.cols > options.pixel_limit)
    throw format_error(sentence(source, " has ", decoded.cols, " x ", decoded.rows, " pixels; at most ",
                                options.pixel_limit, " are accepted."));
  if (decoded.depth() == CV_16U) {
    double largest = 0;
    cv::minMaxLoc(decoded.reshape(1), nullptr, &largest);
    if (options.deep == sixteen_bit::refuse)
      throw format_error(sentence(source, " has 16 bits per channel (largest value ", largest,
                                  "); say how it becomes 8 bits: scale (65535 to 255) or stretch (", largest,
                                  " to 255)."));
    const double top = options.deep == sixteen_bit::scale ? 65535.0 : std::max(largest, 1.0);
    decoded.convertTo(decoded, CV_8U, 255.0 / top);
  } else if (decoded.depth() != CV_8U) {
    throw format_error(sentence(source, " has pixels that are neither 8 nor 16 bit integers (OpenCV depth ",
                                decoded.depth(), "); convert it to PNG."));
  }
  if (decoded.channels() == 3) cv::cvtColor(decoded, decoded, cv::COLOR_BGR2RGB);
  return recoloured(to_picture(decoded), options.colour);
}

/// Reads a picture file. Throws io_error when the file cannot be read, else as decode_picture.
[[nodiscard]] inline picture read_picture(const std::filesystem::path& path, const read_options& options = {}) {
  return decode_picture(read_file(path, std::uint64_t{1} << 31), path.string(), options);
}

}  // namespace synthmed

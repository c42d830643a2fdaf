// Bridges between picture and cv::Mat. Every other header of imaging/ takes and gives pictures.
#pragma once

#include <string>

#include <opencv2/core.hpp>

#include <synthmed/data/picture.hpp>

namespace synthmed {

/// A cv::Mat that reads the picture's own bytes (RGB order). It is valid while the picture lives and must not be
/// written to.
[[nodiscard]] inline cv::Mat mat_view(const picture& p) {
  return {p.height(), p.width(), CV_8UC(p.channels()), const_cast<std::uint8_t*>(p.pixels().data())};
}

/// A picture with a copy of an 8-bit matrix's bytes (RGB order). Throws shape_error for another depth or channel count.
[[nodiscard]] inline picture to_picture(const cv::Mat& m) {
  if (m.depth() != CV_8U || m.dims != 2)
    throw shape_error(sentence("A picture is made of an 8-bit matrix of two dimensions, got OpenCV type ", m.type(),
                               " with ", m.dims, " dimensions."));
  picture result(m.rows, m.cols, m.channels());
  cv::Mat target(m.rows, m.cols, m.type(), result.pixels().data());
  m.copyTo(target);
  return result;
}

namespace detail {

/// Runs f and turns OpenCV's own exceptions into backend_error: nothing else than synthmed::error leaves the library.
template <class F>
decltype(auto) with_opencv(const char* what, F&& f) {
  try {
    return f();
  } catch (const cv::Exception& problem) {
    throw backend_error(sentence("OpenCV refused to ", what, ": ", problem.err, "."));
  }
}

}  // namespace detail

}  // namespace synthmed

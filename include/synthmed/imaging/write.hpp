// Writing pictures: PNG, complete or not at all.
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <synthmed/data/picture.hpp>
#include <synthmed/imaging/opencv.hpp>
#include <synthmed/io/file.hpp>

namespace synthmed {

/// The picture as the bytes of a PNG file. `compression` lies in 0 (fast, large) ... 9 (slow, small).
[[nodiscard]] inline std::vector<std::uint8_t> encode_png(const picture& p, int compression = 3) {
  if (p.empty()) throw argument_error("An empty picture cannot be written as PNG.");
  return detail::with_opencv("encode a PNG", [&] {
    cv::Mat source = mat_view(p);
    if (p.channels() == 3) {
      cv::Mat swapped;
      cv::cvtColor(source, swapped, cv::COLOR_RGB2BGR);
      source = swapped;
    }
    std::vector<std::uint8_t> bytes;
    cv::imencode(".png", source, bytes, {cv::IMWRITE_PNG_COMPRESSION, compression});
    return bytes;
  });
}

/// Writes a PNG under a temporary name and renames it. Throws io_error with the path and the system's reason.
inline void write_png(const std::filesystem::path& path, const picture& p, int compression = 3) {
  const auto bytes = encode_png(p, compression);
  atomic_file file(path);
  file.write(std::as_bytes(std::span(bytes)));
  file.commit();
}

}  // namespace synthmed

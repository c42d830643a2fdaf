// picture: the 8-bit image in memory that readers, data sets and loaders exchange. No imaging library is seen here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <synthmed/error.hpp>

namespace synthmed {

/// An 8-bit picture: `height` rows of `width` pixels of `channels` bytes each, row-major, channels interleaved.
/// One channel is grey (or a probability x 255), three are red, green, blue in this order.
class picture {
 public:
  picture() = default;

  /// A picture filled with `value`. Throws shape_error unless the extents are at least 1 and channels is 1 or 3.
  picture(int height, int width, int channels = 1, std::uint8_t value = 0)
      : height_(height), width_(width), channels_(channels), pixels_(count(height, width, channels), value) {}

  /// A picture of given pixels. Throws shape_error when their number is not height x width x channels.
  picture(int height, int width, int channels, std::vector<std::uint8_t> pixels)
      : height_(height), width_(width), channels_(channels), pixels_(std::move(pixels)) {
    if (pixels_.size() != count(height, width, channels))
      throw shape_error(sentence("A picture of ", height, " x ", width, " x ", channels, " needs ",
                                 count(height, width, channels), " bytes, got ", pixels_.size(), "."));
  }

  [[nodiscard]] int height() const noexcept { return height_; }
  [[nodiscard]] int width() const noexcept { return width_; }
  [[nodiscard]] int channels() const noexcept { return channels_; }
  [[nodiscard]] bool empty() const noexcept { return pixels_.empty(); }
  [[nodiscard]] std::size_t bytes() const noexcept { return pixels_.size(); }

  [[nodiscard]] std::span<const std::uint8_t> pixels() const noexcept { return pixels_; }
  [[nodiscard]] std::span<std::uint8_t> pixels() noexcept { return pixels_; }

  /// One byte; y, x and channel are not checked.
  [[nodiscard]] std::uint8_t at(int y, int x, int channel = 0) const noexcept { return pixels_[offset(y, x, channel)]; }
  [[nodiscard]] std::uint8_t& at(int y, int x, int channel = 0) noexcept { return pixels_[offset(y, x, channel)]; }

  friend bool operator==(const picture&, const picture&) = default;

 private:
  [[nodiscard]] static std::size_t count(int height, int width, int channels) {
    if (height < 1 || width < 1 || (channels != 1 && channels != 3))
      throw shape_error(sentence("A picture has at least one row and one column and 1 or 3 channels, got ", height,
                                 " x ", width, " x ", channels, "."));
    return static_cast<std::size_t>(height) * static_cast<std::size_t>(width) * static_cast<std::size_t>(channels);
  }
  [[nodiscard]] std::size_t offset(int y, int x, int channel) const noexcept {
    return (static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) + static_cast<std::size_t>(x)) *
               static_cast<std::size_t>(channels_) +
           static_cast<std::size_t>(channel);
  }

  int height_ = 0, width_ = 0, channels_ = 0;
  std::vector<std::uint8_t> pixels_;
};

/// "480 x 640 x 3"
[[nodiscard]] inline std::string to_string(const picture& p) {
  return sentence(p.height(), " x ", p.width(), " x ", p.channels());
}

}  // namespace synthmed

// The resolutions at which progressive training sees a picture: each level half the size of the one before.
#pragma once

#include <vector>

#include <synthmed/data/picture.hpp>
#include <synthmed/error.hpp>

namespace synthmed {

/// The picture at half its height and width: means of 2 x 2 pixels, rounded to nearest (halves up).
/// Throws shape_error when an extent is odd.
[[nodiscard]] inline picture halved(const picture& source) {
  if (source.empty() || source.height() % 2 != 0 || source.width() % 2 != 0)
    throw shape_error(sentence("Halving a picture needs even extents, got ", source, "."));
  picture half(source.height() / 2, source.width() / 2, source.channels());
  const auto channels = static_cast<std::size_t>(source.channels());
  const auto row = static_cast<std::size_t>(source.width()) * channels;
  const std::uint8_t* upper = source.pixels().data();
  std::uint8_t* out = half.pixels().data();
  for (int y = 0; y < half.height(); ++y, upper += 2 * row)
    for (std::size_t x = 0; x < row; x += 2 * channels)
      for (std::size_t c = 0; c < channels; ++c) {
        const unsigned sum =
            unsigned{upper[x + c]} + upper[x + channels + c] + upper[row + x + c] + upper[row + x + channels + c];
        *out++ = static_cast<std::uint8_t>((sum + 2) / 4);
      }
  return half;
}

/// The picture and all its halvings down to `smallest` rows or columns; only the picture itself when it is smaller or
/// odd. Together they take 4/3 of its memory.
[[nodiscard]] inline std::vector<picture> pyramid(picture source, int smallest = 4) {
  std::vector<picture> levels;
  levels.push_back(std::move(source));
  while (levels.back().height() % 2 == 0 && levels.back().width() % 2 == 0 && levels.back().height() / 2 >= smallest &&
         levels.back().width() / 2 >= smallest)
    levels.push_back(halved(levels.back()));
  return levels;
}

}  // namespace synthmed

// Contrast-limited adaptive histogram equalisation (Zuiderveld 1994), with the rule that the study's pictures were made
// with.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include <opencv2/core.hpp>

#include <synthmed/data/picture.hpp>
#include <synthmed/error.hpp>
#include <synthmed/imaging/opencv.hpp>

namespace synthmed {

/// A grey picture equalised in tiles x tiles tiles, whose histograms are cut at `clip` times their mean; tables are
/// interpolated between the tiles' centres. What is cut off is handed out evenly, the rest of that division to the
/// darkest values: the rule of OpenCV 2, with which retina-unet's published pictures come out equal to the last bit.
/// OpenCV 3 and later spread that rest, which changes a third of the pixels by up to 4 levels. Throws shape_error
/// unless the picture is grey and has a pixel per tile, argument_error for options out of range.
[[nodiscard]] inline picture clahe(const picture& source, double clip = 2, int tiles = 8) {
  if (!(clip > 0) || tiles < 1)
    throw argument_error(
        sentence("CLAHE needs a positive clip and at least one tile, got ", clip, " and ", tiles, "."));
  if (source.channels() != 1 || source.height() < tiles || source.width() < tiles)
    throw shape_error(sentence("CLAHE with ", tiles, " x ", tiles,
                               " tiles needs a grey picture of at least that size, got ", source, "."));
  const int height = source.height(), width = source.width();
  cv::Mat extended = mat_view(source);
  // As in OpenCV, an extent that is a whole number of tiles grows by a row of tiles too when the other one is not.
  if (height % tiles != 0 || width % tiles != 0)
    detail::with_opencv("extend a picture", [&] {
      cv::copyMakeBorder(mat_view(source), extended, 0, tiles - height % tiles, 0, tiles - width % tiles,
                         cv::BORDER_REFLECT_101);
    });
  const int tile_h = extended.rows / tiles, tile_w = extended.cols / tiles, area = tile_h * tile_w;
  const int limit = std::max(1, static_cast<int>(clip * area / 256));
  const float scale = 255.f / static_cast<float>(area);
  const auto side = static_cast<std::size_t>(tiles);

  std::vector<std::array<std::uint8_t, 256>> tables(side * side);
  for (int ty = 0; ty < tiles; ++ty)
    for (int tx = 0; tx < tiles; ++tx) {
      std::array<int, 256> histogram{};
      for (int y = ty * tile_h; y < (ty + 1) * tile_h; ++y) {
        const std::uint8_t* const row = extended.ptr<std::uint8_t>(y) + tx * tile_w;
        for (int x = 0; x < tile_w; ++x) ++histogram[row[x]];
      }
      int excess = 0;
      for (int& count : histogram) {
        excess += std::max(0, count - limit);
        count = std::min(count, limit);
      }
      for (int v = 0; v < 256; ++v) histogram[static_cast<std::size_t>(v)] += excess / 256 + (v < excess % 256 ? 1 : 0);
      auto& table = tables[static_cast<std::size_t>(ty) * side + static_cast<std::size_t>(tx)];
      int sum = 0;
      for (std::size_t v = 0; v < 256; ++v) {
        sum += histogram[v];
        table[v] = cv::saturate_cast<std::uint8_t>(static_cast<float>(sum) * scale);
      }
    }

  // The two tiles around a place along one axis, and the share of the second.
  struct between {
    std::size_t first, second;
    float share;
  };
  const auto around = [&](int at, int extent) {
    const float place = static_cast<float>(at) / static_cast<float>(extent) - .5f;
    const int below = static_cast<int>(std::floor(place));
    return between{static_cast<std::size_t>(std::max(below, 0)),
                   static_cast<std::size_t>(std::min(below + 1, tiles - 1)), place - static_cast<float>(below)};
  };
  // Rounded on its own whatever the instruction set, never fused with the addition that follows: a product of doubles
  // of which one was a whole number is not narrowed to a product of floats.
  const auto product = [](std::uint8_t value, float weight) {
    return static_cast<float>(static_cast<double>(value) * static_cast<double>(weight));
  };
  std::vector<between> columns;
  for (int x = 0; x < width; ++x) columns.push_back(around(x, tile_w));
  picture result(height, width);
  for (int y = 0; y < height; ++y) {
    const between row = around(y, tile_h);
    for (int x = 0; x < width; ++x) {
      const between& column = columns[static_cast<std::size_t>(x)];
      const std::uint8_t value = source.at(y, x);
      const auto at = [&](std::size_t ty, std::size_t tx) { return tables[ty * side + tx][value]; };
      float sum = product(at(row.first, column.first), (1 - column.share) * (1 - row.share));
      sum += product(at(row.first, column.second), column.share * (1 - row.share));
      sum += product(at(row.second, column.first), (1 - column.share) * row.share);
      sum += product(at(row.second, column.second), column.share * row.share);
      result.at(y, x) = cv::saturate_cast<std::uint8_t>(sum);
    }
  }
  return result;
}

}  // namespace synthmed

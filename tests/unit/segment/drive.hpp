// DRIVE and the weights of retina-unet, where SYNTHMED_TEST_DATA has them.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <synthmed/data/picture.hpp>
#include <synthmed/imaging/read.hpp>
#include <synthmed/imaging/segmenter_input.hpp>
#include <synthmed/io/file.hpp>
#include <synthmed/models/segment.hpp>
#include <synthmed/models/vessel_unet.hpp>
#include <unit/data/scratch.hpp>

namespace synthmed_test {

inline std::filesystem::path retina_unet_folder() { return real_data() / "unet_orobix_drive"; }

/// The published weights in our template.
template <class B>
auto published_retina_unet() {
  const std::string bytes = synthmed::read_file(retina_unet_folder() / "test_best_weights_f32.bin");
  std::vector<float> numbers(bytes.size() / sizeof(float));
  std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(float));
  return synthmed::models::unet_from_numbers<B, synthmed::models::retina_unet>(numbers, true);
}

inline std::string two_digits(int i) { return (i < 10 ? "0" : "") + std::to_string(i); }

/// Where the tiles of the published pages lie, and the patches that others computed.
inline nlohmann::json tile_map() {
  return nlohmann::json::parse(synthmed::read_file(retina_unet_folder() / "tile_map_and_patch_oracles.json"));
}

/// The tile of test picture i (1 ... 20) on a page.
inline synthmed::picture tile_of(const synthmed::picture& page, const nlohmann::json& map, int i) {
  const int h = map["tile_height"], w = map["tile_width"];
  const auto& at = map["tile_row_col_of_test_image"][std::to_string(i)];
  const int top = at[0].get<int>() * h, left = at[1].get<int>() * w;
  synthmed::picture tile(h, w);
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) tile.at(y, x) = page.at(top + y, left + x);
  return tile;
}

inline synthmed::picture grey_page(const char* name) {
  return synthmed::read_picture(retina_unet_folder() / name, {.colour = synthmed::picture_colour::grey});
}

/// A DRIVE test picture's truth or field of view as 0 and 255.
inline std::vector<std::uint8_t> drive_mask(const char* folder, int i, const char* ending) {
  const auto p = synthmed::read_picture(real_data() / "drive" / "test" / folder / (two_digits(i) + ending),
                                        {.colour = synthmed::picture_colour::grey});
  std::vector<std::uint8_t> out(p.pixels().begin(), p.pixels().end());
  for (auto& v : out) v = v >= 128 ? 255 : 0;
  return out;
}
inline std::vector<std::uint8_t> drive_truth(int i) { return drive_mask("1st_manual", i, "_manual1.gif"); }
inline std::vector<std::uint8_t> drive_field(int i) { return drive_mask("mask", i, "_test_mask.gif"); }

/// A part of a grey picture as the network reads it.
inline std::vector<float> pixels_of(const synthmed::picture& p, int top, int left, int height, int width) {
  std::vector<float> out;
  for (int y = top; y < top + height; ++y)
    for (int x = left; x < left + width; ++x) out.push_back(static_cast<float>(p.at(y, x)) / 255.f);
  return out;
}

}  // namespace synthmed_test

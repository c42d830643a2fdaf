// Resizing for the FID network: Pillow's, PyTorch's and TensorFlow 1's own values.
#include <support/catch.hpp>

#include <synthmed/imaging/fid_resize.hpp>

#include "golden.hpp"

using namespace synthmed;
using synthmed_test::contains;
using synthmed_test::message_of;
using synthmed_test::oracles;

namespace {
std::vector<float> input() {
  std::vector<float> out;
  for (const auto& row : oracles()["resize"]["input"])
    for (const auto& value : row) out.push_back(value.get<float>());
  return out;
}
void check(const char* name, resize_rule rule) {
  const auto& expected = oracles()["resize"][name];
  const int height = static_cast<int>(expected.size()), width = static_cast<int>(expected[0].size());
  const auto result = resize_plane(input(), 5, 7, height, width, rule);
  for (std::size_t y = 0; y < expected.size(); ++y)
    for (std::size_t x = 0; x < expected[y].size(); ++x)
      CHECK(result[y * expected[y].size() + x] == Approx(expected[y][x].get<double>()).margin(1e-4));
}
}  // namespace

TEST_CASE("resized planes agree with the packages") {
  check("pil_F_bicubic_4x3", resize_rule::pillow_bicubic);
  check("pil_F_bicubic_11x9", resize_rule::pillow_bicubic);
  check("pil_F_bilinear_4x3", resize_rule::pillow_bilinear);
  check("torch_bilinear_halfpixel_9h11w", resize_rule::torch_bilinear);
  check("torch_bilinear_halfpixel_3h4w_noantialias", resize_rule::torch_bilinear);
  check("tf1_bilinear_9h11w", resize_rule::tf1_bilinear);
  check("tf1_bilinear_3h4w", resize_rule::tf1_bilinear);
}

TEST_CASE("Pillow's bicubic on bytes, byte for byte") {
  std::vector<std::uint8_t> bytes;
  for (const float value : input()) bytes.push_back(static_cast<std::uint8_t>(value));
  const auto& expected = oracles()["resize"]["pil_uint8_bicubic_4x3"];
  const auto result = resize_bytes_pillow_bicubic(bytes, 5, 7, 3, 4);
  for (std::size_t y = 0; y < 3; ++y)
    for (std::size_t x = 0; x < 4; ++x) CHECK(result[y * 4 + x] == expected[y][x].get<int>());
}

TEST_CASE("fid_input: channels, ranges and grey pictures") {
  picture grey(4, 6);
  for (std::size_t i = 0; i < grey.bytes(); ++i) grey.pixels()[i] = static_cast<std::uint8_t>(i * 11);
  picture rgb(4, 6, 3);
  for (std::size_t i = 0; i < grey.bytes(); ++i)
    for (std::size_t c = 0; c < 3; ++c) rgb.pixels()[3 * i + c] = grey.pixels()[i];
  for (const auto profile : {fid_profile::pytorch_fid, fid_profile::clean_fid, fid_profile::torch_fidelity}) {
    const auto input = fid_input(grey, profile);
    REQUIRE(input.size() == 3u * 299 * 299);
    CHECK(input == fid_input(rgb, profile));
    for (const float value : input) REQUIRE((value >= -1.0f && value <= 1.0f));
  }
  const picture white(8, 8, 3, 255), black(8, 8, 3, 0);
  CHECK(fid_input(white, fid_profile::pytorch_fid)[7] == 1.0f);
  CHECK(fid_input(black, fid_profile::pytorch_fid)[7] == -1.0f);
  CHECK(fid_input(white, fid_profile::clean_fid)[7] == Approx(127.0 / 128));
  CHECK(fid_input(black, fid_profile::torch_fidelity)[7] == -1.0f);
  // The order is [channel, row, column], red first.
  picture red(2, 2, 3, 0);
  for (std::size_t i = 0; i < 4; ++i) red.pixels()[3 * i] = 255;
  const auto planes = fid_input(red, fid_profile::pytorch_fid);
  CHECK((planes[0] == 1.0f && planes[299 * 299] == -1.0f && planes[2 * 299 * 299] == -1.0f));
  CHECK_THROWS_AS(fid_input(picture(), fid_profile::clean_fid), shape_error);
  CHECK(contains(
      message_of<shape_error>([] { (void)resize_plane(std::vector<float>(3), 2, 2, 1, 1, resize_rule::tf1_bilinear); }),
      "3 values for 2 x 2"));
}

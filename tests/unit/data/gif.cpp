// GIF files, made by giflib's encoder: grey, colour, interlaced, partial frames, damaged.
#include <support/catch.hpp>

#include <gif_lib.h>

#include <synthmed/imaging/read.hpp>

#include "scratch.hpp"

using namespace synthmed;
using synthmed_test::contains;
using synthmed_test::message_of;
using synthmed_test::noise;

namespace {

struct frame {
  int left = 0, top = 0;
  bool interlaced = false;
};

/// A GIF with a palette of 256 colours whose red is the index, of which `pixels` uses some.
std::string gif_of(const picture& pixels, bool colour, int height, int width, const frame& where = {}) {
  std::string bytes;
  int failure = 0;
  GifFileType* file = EGifOpen(
      &bytes,
      [](GifFileType* to, const GifByteType* from, int count) {
        static_cast<std::string*>(to->UserData)
            ->append(reinterpret_cast<const char*>(from), static_cast<std::size_t>(count));
        return count;
      },
      &failure);
  REQUIRE(file != nullptr);
  std::vector<GifColorType> colours(256);
  for (int i = 0; i < 256; ++i) {
    const auto v = static_cast<GifByteType>(i);
    colours[static_cast<std::size_t>(i)] = {v, static_cast<GifByteType>(colour ? 255 - v : v), v};
  }
  ColorMapObject* const palette = GifMakeMapObject(256, colours.data());
  REQUIRE(EGifPutScreenDesc(file, width, height, 8, 7, palette) == GIF_OK);
  REQUIRE(EGifPutComment(file, "a comment before the frame") == GIF_OK);
  REQUIRE(EGifPutImageDesc(file, where.left, where.top, pixels.width(), pixels.height(), where.interlaced, nullptr) ==
          GIF_OK);
  std::vector<int> rows;
  const int starts[] = {0, 4, 2, 1}, steps[] = {8, 8, 4, 2};
  for (int pass = 0; pass < (where.interlaced ? 4 : 1); ++pass)
    for (int y = where.interlaced ? starts[pass] : 0; y < pixels.height(); y += where.interlaced ? steps[pass] : 1)
      rows.push_back(y);
  for (const int y : rows) {
    std::vector<GifByteType> line;
    for (int x = 0; x < pixels.width(); ++x) line.push_back(pixels.at(y, x));
    REQUIRE(EGifPutLine(file, line.data(), pixels.width()) == GIF_OK);
  }
  GifFreeMapObject(palette);
  REQUIRE(EGifCloseFile(file, &failure) == GIF_OK);
  return bytes;
}

}  // namespace

TEST_CASE("Grey and colour GIFs, plain and interlaced") {
  const picture p = noise(5, 21, 13);
  for (const bool interlaced : {false, true}) {
    CHECK(decode_picture(gif_of(p, false, 21, 13, {.interlaced = interlaced}), "g.gif") == p);
    const picture colour = decode_picture(gif_of(p, true, 21, 13, {.interlaced = interlaced}), "c.gif");
    REQUIRE(colour.channels() == 3);
    for (int y = 0; y < 21; ++y)
      for (int x = 0; x < 13; ++x) {
        REQUIRE(colour.at(y, x, 0) == p.at(y, x));
        REQUIRE(colour.at(y, x, 1) == 255 - p.at(y, x));
      }
  }
}

TEST_CASE("A frame smaller than the screen stands in its place on the background") {
  const picture p = noise(6, 4, 5);
  const picture screen = decode_picture(gif_of(p, false, 10, 12, {.left = 3, .top = 2}), "part.gif");
  CHECK(to_string(screen) == "10 x 12 x 1");
  CHECK(screen.at(0, 0) == 7);
  CHECK(screen.at(2, 3) == p.at(0, 0));
  CHECK(screen.at(5, 7) == p.at(3, 4));
}

TEST_CASE("Damaged GIFs are refused by name, wherever they are cut") {
  const std::string whole = gif_of(noise(7, 30, 30), false, 30, 30);
  CHECK(contains(message_of<format_error>([&] { (void)decode_picture(whole.substr(0, 900), "cut.gif"); }),
                 "cut.gif is not a readable GIF"));
  for (std::size_t length = 6; length < whole.size() - 8; length += 13) {
    INFO(length << " of " << whole.size() << " bytes");
    CHECK_THROWS_AS(decode_picture(whole.substr(0, length), "cut.gif"), format_error);
  }
  CHECK_THROWS_AS(decode_picture(whole, "big.gif", {.pixel_limit = 100}), format_error);
  std::string outside = gif_of(noise(6, 4, 5), false, 10, 12, {.left = 3, .top = 2});
  outside[6] = 6;  // the screen's width
  CHECK(contains(message_of<format_error>([&] { (void)decode_picture(outside, "o.gif"); }), "inside its screen"));
}

// Reading, writing, resizing and preparing pictures; content hashes.
#include <support/catch.hpp>

#include <cmath>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <synthmed/imaging/contact_sheet.hpp>
#include <synthmed/imaging/read.hpp>
#include <synthmed/imaging/resize.hpp>
#include <synthmed/imaging/segmenter_input.hpp>
#include <synthmed/imaging/write.hpp>
#include <synthmed/io/hash.hpp>

#include "scratch.hpp"

using namespace synthmed;
using synthmed_test::contains;
using synthmed_test::message_of;
using synthmed_test::noise;
using synthmed_test::scratch;

namespace {

std::string encoded(const cv::Mat& m, const char* ending) {
  std::vector<std::uint8_t> bytes;
  REQUIRE(cv::imencode(ending, m, bytes));
  return {bytes.begin(), bytes.end()};
}

std::string text_of(const std::vector<std::uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

picture smooth(int height, int width) {
  picture p(height, width, 3);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      p.at(y, x, 0) = static_cast<std::uint8_t>(128 + 100 * std::sin(x * .05));
      p.at(y, x, 1) = static_cast<std::uint8_t>(128 + 100 * std::cos(y * .04));
      p.at(y, x, 2) = static_cast<std::uint8_t>((x + y) % 200);
    }
  return p;
}

}  // namespace

TEST_CASE("SHA-256 of the standard's examples") {
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const scratch folder;
  CHECK(sha256_file(folder.put("a", "abc")) == sha256("abc"));
}

TEST_CASE("PNG, BMP and TIFF come back exactly, JPEG nearly; red stays red") {
  const picture p = smooth(24, 40);
  CHECK(decode_picture(text_of(encode_png(p)), "p") == p);
  cv::Mat bgr;
  cv::cvtColor(mat_view(p), bgr, cv::COLOR_RGB2BGR);
  for (const char* ending : {".bmp", ".tiff"}) CHECK(decode_picture(encoded(bgr, ending), "p") == p);
  const picture jpeg = decode_picture(encoded(bgr, ".jpg"), "p");
  double difference = 0;
  for (std::size_t i = 0; i < p.bytes(); ++i) difference += std::abs(int{p.pixels()[i]} - int{jpeg.pixels()[i]});
  CHECK(difference / static_cast<double>(p.bytes()) < 12);
  const picture grey = noise(1);
  CHECK(decode_picture(text_of(encode_png(grey)), "g") == grey);
  CHECK(decode_picture(text_of(encode_png(grey)), "g", {.colour = picture_colour::rgb}).channels() == 3);
}

TEST_CASE("Alpha is dropped") {
  const cv::Mat bgra(3, 5, CV_8UC4, cv::Scalar(10, 20, 30, 40));
  const picture p = decode_picture(encoded(bgra, ".png"), "a");
  CHECK(p.channels() == 3);
  CHECK(p.at(0, 0, 0) == 30);
}

TEST_CASE("Pictures of 16 bits are refused until it is said how") {
  cv::Mat deep(2, 2, CV_16UC1);
  deep.at<std::uint16_t>(0, 0) = 0;
  deep.at<std::uint16_t>(0, 1) = 4095;
  deep.at<std::uint16_t>(1, 0) = 257;
  deep.at<std::uint16_t>(1, 1) = 2048;
  for (const char* ending : {".png", ".tiff"}) {
    const std::string bytes = encoded(deep, ending);
    const auto message = message_of<format_error>([&] { (void)decode_picture(bytes, "deep.png"); });
    CHECK(contains(message, "16 bits per channel (largest value 4095)"));
    const picture scaled = decode_picture(bytes, "d", {.deep = sixteen_bit::scale});
    CHECK(scaled.at(1, 0) == 1);
    CHECK(scaled.at(0, 1) == 16);
    const picture stretched = decode_picture(bytes, "d", {.deep = sixteen_bit::stretch});
    CHECK(stretched.at(0, 1) == 255);
    CHECK(stretched.at(1, 1) == 128);
  }
  CHECK(contains(
      message_of<format_error>([&] { (void)decode_picture(encoded(cv::Mat(2, 2, CV_32FC1, 1.f), ".tiff"), "f.tif"); }),
      "neither 8 nor 16 bit"));
}

TEST_CASE("Empty, damaged and foreign bytes are refused by name") {
  CHECK(
      contains(message_of<format_error>([] { (void)decode_picture("", "zero.png"); }), "zero.png is empty (0 bytes)"));
  CHECK(contains(message_of<format_error>([] { (void)decode_picture("hello", "h.png"); }),
                 "h.png is not a readable picture"));
  const std::string png = text_of(encode_png(noise(1, 64, 64)));
  CHECK_THROWS_AS(decode_picture(png.substr(0, 20), "cut.png"), format_error);
  CHECK(contains(message_of<format_error>([&] { (void)decode_picture(png, "big.png", {.pixel_limit = 100}); }),
                 "64 x 64"));
  // OpenCV makes up the rest of a cut or damaged JPEG; a preview has an end marker of its own, bytes behind the end are
  // none of the picture.
  const auto cut = [](const std::string& bytes) {
    return message_of<format_error>([&] { (void)decode_picture(bytes, "cut.jpg"); });
  };
  for (const int progressive : {0, 1}) {
    std::vector<std::uint8_t> made;
    REQUIRE(cv::imencode(".jpg", mat_view(noise(1, 64, 64)), made,
                         {cv::IMWRITE_JPEG_PROGRESSIVE, progressive, cv::IMWRITE_JPEG_RST_INTERVAL, 4}));
    const std::string jpeg = text_of(made);
    CHECK(decode_picture(jpeg, "j.jpg").height() == 64);
    CHECK(decode_picture(jpeg + "a note behind the picture", "j.jpg").height() == 64);
    for (const std::size_t kept : {jpeg.size() / 2, jpeg.size() - 2})
      CHECK(contains(cut(jpeg.substr(0, kept)), "cut.jpg is cut off"));
    const std::string preview = std::string("\xFF\xE1\x00\x08", 4) + "\xFF\xD8\xFF\xD9  ";
    CHECK(decode_picture(jpeg.substr(0, 2) + preview + jpeg.substr(2), "j.jpg").height() == 64);
    CHECK(contains(cut(jpeg.substr(0, 2) + preview + jpeg.substr(2, jpeg.size() / 2)), "cut.jpg is cut off"));
    // Damage in the middle, its end marker in place: a hole of zeros, as a disk leaves, and a piece that is missing.
    std::string hole = jpeg, missing = jpeg;
    std::fill_n(hole.begin() + static_cast<std::ptrdiff_t>(jpeg.size() / 2), jpeg.size() / 4, '\0');
    missing.erase(jpeg.size() / 2, jpeg.size() / 4);
    for (const auto& bytes : {hole, missing}) CHECK(contains(cut(bytes), "cut.jpg is damaged (Corrupt JPEG data"));
  }
  const scratch folder;
  CHECK_THROWS_AS(read_picture(folder / "gone.png"), io_error);
  CHECK_THROWS_AS(read_picture(folder.path()), io_error);
}

TEST_CASE("A PNG is written whole or not at all") {
  const scratch folder;
  const picture p = smooth(8, 8);
  write_png(folder / "a.png", p);
  CHECK(read_picture(folder / "a.png") == p);
  const auto file = folder.put("file", "x");
  CHECK_THROWS_AS(write_png(file / "b.png", p), io_error);
  CHECK_THROWS_AS(write_png(folder / "c.png", picture()), argument_error);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 2);
}

TEST_CASE("Squash uses all of both axes, pad keeps the aspect, crop takes a window") {
  // Left half black, right half white, 480 x 640.
  picture p(480, 640);
  for (int y = 0; y < 480; ++y)
    for (int x = 320; x < 640; ++x) p.at(y, x) = 255;
  const picture squashed = fitted(p, {.height = 256, .width = 256});
  CHECK(squashed.at(128, 126) == 0);
  CHECK(squashed.at(128, 129) == 255);
  const picture padded = fitted(p, {.height = 256, .width = 256, .how = fit::pad});
  CHECK(padded.at(31, 200) == 0);  // 256 x 192 inside, bars of 32
  CHECK(padded.at(33, 200) == 255);
  CHECK(padded.at(222, 200) == 255);
  CHECK(padded.at(225, 200) == 0);
  const picture cropped = fitted(p, {.height = 64, .width = 64, .how = fit::crop, .with = interpolation::area});
  CHECK(cropped.at(32, 31) == 0);
  CHECK(cropped.at(32, 32) == 255);
}

TEST_CASE("A crop around the disc is exact where no scaling is needed, black beyond the picture") {
  const picture p = noise(3, 40, 60);
  const picture window = fitted(p, {.height = 16,
                                    .width = 16,
                                    .how = fit::crop,
                                    .with = interpolation::area,
                                    .centre = pixel_point{5, 58},
                                    .window = 16});
  for (int y = 0; y < 16; ++y)
    for (int x = 0; x < 16; ++x) {
      const int sy = y - 3, sx = x + 50;
      REQUIRE(window.at(y, x) == (sy < 0 || sx >= 60 ? 0 : p.at(sy, sx)));
    }
  const picture outside =
      fitted(p, {.height = 4, .width = 4, .how = fit::crop, .centre = pixel_point{-100, -100}, .window = 8});
  CHECK(outside == picture(4, 4));
  CHECK_THROWS_AS(fitted(p, {.how = fit::crop, .window = -1}), argument_error);
  CHECK_THROWS_AS(fitted(p, {.how = fit::crop, .centre = pixel_point{1e9, 0}}), argument_error);
  CHECK_THROWS_AS(fitted(p, {.height = 0}), shape_error);
  CHECK_THROWS_AS(fitted(picture(), {}), shape_error);
  CHECK(parse_fit("pad") == fit::pad);
  CHECK_THROWS_AS(parse_fit("stretch"), argument_error);
}

TEST_CASE("Area interpolation keeps the mean of soft maps") {
  const picture p = noise(8, 320, 320);
  const picture small = fitted(p, {.height = 32, .width = 32, .with = interpolation::area});
  double big_mean = 0, small_mean = 0;
  for (const auto v : p.pixels()) big_mean += v;
  for (const auto v : small.pixels()) small_mean += v;
  CHECK(small_mean / 1024 == Approx(big_mean / 102400).margin(.1));
}

TEST_CASE("Cleaning sets what lies below the floor to zero, 51 stays") {
  picture p(1, 4, 1, std::vector<std::uint8_t>{0, 50, 51, 255});
  clean_map(p);
  CHECK(p == picture(1, 4, 1, std::vector<std::uint8_t>{0, 0, 51, 255}));
  CHECK(mirrored(p) == picture(1, 4, 1, std::vector<std::uint8_t>{255, 51, 0, 0}));
}

TEST_CASE("The segmenter's input has the study's frame and full contrast, whatever the brightness") {
  const picture p = smooth(584, 565);
  const picture input = segmenter_input(p);
  CHECK(to_string(input) == "480 x 640 x 1");
  CHECK(to_string(segmenter_input(p, {}, {.height = 0, .width = 0})) == "584 x 565 x 1");
  // Standardising and stretching cancel: other statistics of the set change at most rounding.
  const picture other = segmenter_input(p, {.mean = 97.3, .sd = 31.7});
  int largest = 0;
  for (std::size_t i = 0; i < input.bytes(); ++i)
    largest = std::max(largest, std::abs(int{input.pixels()[i]} - int{other.pixels()[i]}));
  CHECK(largest <= 4);
  CHECK(segmenter_input(picture(20, 20, 3, 77)) == picture(480, 640));
  CHECK_THROWS_AS(segmenter_input(p, {.sd = 0}), argument_error);
  CHECK_THROWS_AS(segmenter_input(picture()), shape_error);
}

TEST_CASE("CLAHE is OpenCV's but for the rest of the clipped counts") {
  for (const auto& [height, width] : std::vector<std::pair<int, int>>{{480, 640}, {584, 565}, {67, 45}}) {
    const picture p = recoloured(smooth(height, width), picture_colour::grey);
    cv::Mat theirs;
    cv::createCLAHE(2, {8, 8})->apply(mat_view(p), theirs);
    const picture ours = clahe(p);
    // The rest is at most 255 counts of a tile's area.
    const double most = 255.0 * 255.0 / ((height + 8) / 8 * ((width + 8) / 8)) + 2;
    int largest = 0;
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x)
        largest = std::max(largest, std::abs(int{ours.at(y, x)} - int{theirs.at<std::uint8_t>(y, x)}));
    CHECK(largest <= most);
  }
  // A clip so high that nothing is cut: the same tables, so the same picture.
  const picture p = noise(4, 64, 64);
  cv::Mat theirs;
  cv::createCLAHE(250, {4, 4})->apply(mat_view(p), theirs);
  CHECK(clahe(p, 250, 4) == to_picture(theirs));
  CHECK_THROWS_AS(clahe(p, 0), argument_error);
  CHECK_THROWS_AS(clahe(noise(1, 4, 64)), shape_error);
  CHECK_THROWS_AS(clahe(smooth(64, 64)), shape_error);
}

TEST_CASE("Grey statistics: parts merged equal the whole") {
  const picture a = noise(1), b = noise(2, 8, 8);
  grey_statistics_sum whole, part;
  whole.add(a);
  whole.add(b);
  grey_statistics_sum first;
  first.add(a);
  part.add(b);
  first.merge(part);
  CHECK(first.value().mean == whole.value().mean);
  CHECK(first.value().sd == whole.value().sd);
  grey_statistics_sum flat;
  flat.add(picture(4, 4, 1, 9));
  CHECK_THROWS_AS(flat.value(), argument_error);
  const picture two(1, 2, 1, std::vector<std::uint8_t>{0, 10});
  grey_statistics_sum known;
  known.add(two);
  CHECK(known.value().mean == 5);
  CHECK(known.value().sd == 5);
}

TEST_CASE("The field of view is what is lit, less a rim") {
  picture p(200, 200, 3);
  for (int y = 0; y < 200; ++y)
    for (int x = 0; x < 200; ++x)
      if (std::hypot(y - 100, x - 100) < 80)
        for (int c = 0; c < 3; ++c) p.at(y, x, c) = 90;
  const picture field = field_of_view(p);
  CHECK(field.at(100, 100) == 255);
  CHECK(field.at(100, 100 + 68) == 255);
  CHECK(field.at(100, 100 + 71) == 0);
  CHECK(field_of_view(p, 0).at(100, 179) == 255);
}

TEST_CASE("A contact sheet shows every picture in its place") {
  std::vector<picture> tiles;
  for (int i = 0; i < 5; ++i) tiles.emplace_back(48, 64, 1, static_cast<std::uint8_t>(40 * i + 50));
  const picture sheet = contact_sheet(tiles, {}, {.columns = 3, .height = 48, .width = 64, .gap = 2});
  CHECK(to_string(sheet) == "102 x 200 x 1");
  for (int i = 0; i < 5; ++i) CHECK(sheet.at(2 + i / 3 * 50 + 24, 2 + i % 3 * 66 + 32) == 40 * i + 50);
  const std::vector<std::string> captions(5, "s\xC3\xA9");
  CHECK(contact_sheet(tiles, captions).height() > contact_sheet(tiles).height());
  tiles.emplace_back(8, 8, 3, std::uint8_t{200});
  CHECK(contact_sheet(tiles).channels() == 3);
  CHECK_THROWS_AS(contact_sheet({}), argument_error);
  CHECK_THROWS_AS(contact_sheet(tiles, captions), argument_error);
}

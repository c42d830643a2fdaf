// Real pictures: DRIVE with its masks, and the study's preprocessing against the pictures that retina-unet published.
#include <support/catch.hpp>

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>

#include <nlohmann/json.hpp>

#include <synthmed/data/files.hpp>
#include <synthmed/data/folders.hpp>
#include <synthmed/imaging/read.hpp>
#include <synthmed/imaging/segmenter_input.hpp>
#include <synthmed/io/file.hpp>

#include "scratch.hpp"

using namespace synthmed;
using synthmed_test::real_data;

namespace {

bool skipped() {
  if (!real_data().empty()) return false;
  std::puts("skipped: SYNTHMED_TEST_DATA is not set");
  return true;
}

manifest drive() { return open_dataset(real_data() / "drive"); }

}  // namespace

TEST_CASE("DRIVE is read with its vessel maps and fields of view") {
  if (skipped()) return;
  const manifest data = drive();
  REQUIRE(data.records.size() == 40);
  CHECK(records_in(data, "train").size() == 20);
  CHECK(records_in(data, "test").size() == 20);
  const auto test = records_in(data, "test");
  const auto photographs = picture_files(data, test, "image", {});
  const auto masks = picture_files(data, test, "mask"), fields = picture_files(data, test, "fov");
  std::int64_t vessels = 0, background = 0, outside = 0, neither = 0;
  for (std::size_t i = 0; i < test.size(); ++i) {
    const picture photograph = photographs.image(i), mask = masks.image(i), field = fields.image(i);
    REQUIRE(to_string(photograph) == "584 x 565 x 3");
    REQUIRE(to_string(mask) == "584 x 565 x 1");
    REQUIRE(to_string(field) == "584 x 565 x 1");
    for (std::size_t p = 0; p < mask.bytes(); ++p) {
      if (mask.pixels()[p] != 0 && mask.pixels()[p] != 255) ++neither;
      if (field.pixels()[p] == 0)
        ++outside;
      else
        ++(mask.pixels()[p] ? vessels : background);
    }
  }
  // The counts inside the field of view that papers on DRIVE report.
  CHECK(neither == 0);
  CHECK(vessels == 577649);
  CHECK(background == 3960494);
  CHECK(outside == 20 * 584 * 565 - 577649 - 3960494);
}

TEST_CASE("The second observer of DRIVE, whose files have the values 3 and 253, agrees as published") {
  if (skipped()) return;
  const manifest data = drive();
  std::array<std::array<double, 2>, 2> table{};  // [first][second]
  for (const auto i : records_in(data, "test")) {
    const auto& record = data.records[i];
    const picture first = read_picture(data.locate(record.mask)), field = read_picture(data.locate(record.fov));
    const picture second = read_picture(real_data() / "drive/test/2nd_manual" / (record.subject + "_manual2.gif"),
                                        {.colour = picture_colour::grey});
    for (std::size_t p = 0; p < first.bytes(); ++p)
      if (field.pixels()[p] != 0) ++table[first.pixels()[p] > 127][second.pixels()[p] > 127];
  }
  CHECK((table[1][1] + table[0][0]) / (577649 + 3960494) == Approx(.947281).margin(1e-6));
  CHECK(table[1][1] / 577649 == Approx(.774637).margin(1e-6));
  CHECK(table[0][0] / 3960494 == Approx(.972462).margin(1e-6));
}

TEST_CASE("The segmenter's input is, to the last bit, the one that retina-unet published for DRIVE") {
  if (skipped()) return;
  const manifest data = drive();
  const auto oracle = real_data() / "unet_orobix_drive";
  const picture tiles = read_picture(oracle / "all_originals.png");
  const auto map = nlohmann::json::parse(read_file(oracle / "tile_map_and_patch_oracles.json"));
  grey_statistics_sum sum;
  for (const auto i : records_in(data, "test")) sum.add(read_picture(data.locate(data.records[i].image)));
  const grey_statistics statistics = sum.value();
  std::int64_t different = 0;
  for (const auto i : records_in(data, "test")) {
    const auto& record = data.records[i];
    const picture input =
        segmenter_input(read_picture(data.locate(record.image)), statistics, {.height = 0, .width = 0});
    const auto place = map.at("tile_row_col_of_test_image").at(std::to_string(std::stoi(record.subject)));
    const int top = place[0].get<int>() * 584, left = place[1].get<int>() * 565;
    for (int y = 0; y < 584; ++y)
      for (int x = 0; x < 565; ++x)
        if (input.at(y, x) != tiles.at(top + y, left + x)) ++different;
  }
  CHECK(different == 0);
}

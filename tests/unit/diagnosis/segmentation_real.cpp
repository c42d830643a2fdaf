// Segmentation metrics on real vessel maps: a second observer, published binary predictions, a published probability
// map.
#include <support/catch.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <synthmed/imaging/read.hpp>
#include <synthmed/io/csv.hpp>
#include <synthmed/metrics/pr.hpp>
#include <synthmed/metrics/segmentation.hpp>
#include <unit/data/scratch.hpp>

using namespace synthmed;
using synthmed_test::real_data;

namespace {

bool skipped() {
  if (!real_data().empty()) return false;
  std::puts("skipped: SYNTHMED_TEST_DATA is not set");
  return true;
}

/// 0 or 255, threshold at one half: the second observer's maps hold 3 and 253.
std::vector<std::uint8_t> mask(const std::filesystem::path& path) {
  const auto p = read_picture(path, {.colour = picture_colour::grey});
  std::vector<std::uint8_t> out(p.pixels().begin(), p.pixels().end());
  for (auto& v : out) v = v >= 128 ? 255 : 0;
  return out;
}

std::string two(int i) { return (i < 10 ? "0" : "") + std::to_string(i); }

}  // namespace

TEST_CASE("the second observer of DRIVE inside the field of view", "[segmentation]") {
  if (skipped()) return;
  const auto test = real_data() / "drive" / "test";
  segmentation_counts pooled;
  for (int i = 1; i <= 20; ++i) {
    const auto first = mask(test / "1st_manual" / (two(i) + "_manual1.gif"));
    const auto second = mask(test / "2nd_manual" / (two(i) + "_manual2.gif"));
    const auto view = mask(test / "mask" / (two(i) + "_test_mask.gif"));
    segmentation_counts one;
    one.update({second, first, view});
    pooled.merge(one);
    CHECK(one.dice() > 0.6);
  }
  CHECK(pooled.true_positives() + pooled.false_negatives() == 577649);
  CHECK(pooled.true_negatives() + pooled.false_positives() == 3960494);
  CHECK(pooled.accuracy() == Approx(0.947281).margin(5e-7));
  CHECK(pooled.sensitivity() == Approx(0.774637).margin(5e-7));
  CHECK(pooled.specificity() == Approx(0.972462).margin(5e-7));
}

TEST_CASE("published binary predictions, per picture and pooled", "[segmentation]") {
  if (skipped()) return;
  const auto folder = real_data() / "deepdyn_unet_drive_preds";
  const auto published = read_csv(folder / "DRIVE-TEST.csv");
  REQUIRE(published.rows() == 20);
  segmentation_counts pooled;
  double precision = 0, recall = 0, f1 = 0, accuracy = 0, cl = 0;
  for (std::size_t row = 0; row < published.rows(); ++row) {
    const std::string id = published.at(row, published.column("ID")).substr(0, 2);
    const auto truth = mask(real_data() / "drive" / "test" / "1st_manual" / (id + "_manual1.gif"));
    const auto picture = read_picture(folder / ("pred_" + id + "_test.png"), {.colour = picture_colour::grey});
    const auto said = mask(folder / ("pred_" + id + "_test.png"));
    segmentation_counts one;
    one.update({said, truth, {}});
    pooled.merge(one);
    INFO("picture " << id);
    CHECK(one.precision() == Approx(published.number(row, published.column("PRECISION"))).margin(5.1e-6));
    CHECK(one.sensitivity() == Approx(published.number(row, published.column("RECALL"))).margin(5.1e-6));
    CHECK(one.dice() == Approx(published.number(row, published.column("F1"))).margin(5.1e-6));
    CHECK(one.accuracy() == Approx(published.number(row, published.column("ACCURACY"))).margin(5.1e-6));
    precision += one.precision() / 20;
    recall += one.sensitivity() / 20;
    f1 += one.dice() / 20;
    accuracy += one.accuracy() / 20;
    const auto width = static_cast<std::size_t>(picture.width());
    const double line = cl_dice({said, width}, {truth, width});
    CHECK(line > 0.6);
    CHECK(line < 1);
    cl += line / 20;
  }
  std::ifstream in(folder / "score.txt");  // pooled precision, recall, F1, accuracy
  std::string text;
  std::getline(in, text);
  double p = 0, r = 0, f = 0, a = 0;
  REQUIRE(std::sscanf(text.c_str(), "%lf, %lf, %lf, %lf", &p, &r, &f, &a) == 4);
  std::printf(
      "pooled precision %.5f recall %.5f F1 %.5f accuracy %.5f; mean per picture %.5f %.5f %.5f %.5f; clDice %.5f\n",
      pooled.precision(), pooled.sensitivity(), pooled.dice(), pooled.accuracy(), precision, recall, f1, accuracy, cl);
  CHECK(pooled.precision() == Approx(p).margin(5.1e-6));
  CHECK(pooled.sensitivity() == Approx(r).margin(5.1e-6));
  CHECK(pooled.dice() == Approx(f).margin(5.1e-6));
  CHECK(pooled.accuracy() == Approx(a).margin(5.1e-5));
}

TEST_CASE("a published probability map inside the field of view", "[segmentation]") {
  if (skipped()) return;
  const auto folder = real_data() / "unet_orobix_drive";
  std::ifstream in(folder / "tile_map_and_patch_oracles.json");
  const auto tiles = nlohmann::json::parse(in);
  const auto whole = read_picture(folder / "all_predictions.png", {.colour = picture_colour::grey});
  const auto h = tiles["tile_height"].get<int>(), w = tiles["tile_width"].get<int>();
  pixel_table table;
  segmentation_counts counts;
  for (int i = 1; i <= 20; ++i) {
    const auto& at = tiles["tile_row_col_of_test_image"][std::to_string(i)];
    std::vector<std::uint8_t> map, called;
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < w; ++x) {
        map.push_back(whole.at(at[0].get<int>() * h + y, at[1].get<int>() * w + x));
        called.push_back(map.back() >= 128);
      }
    const auto test = real_data() / "drive" / "test";
    const auto truth = mask(test / "1st_manual" / (two(i) + "_manual1.gif"));
    const auto view = mask(test / "mask" / (two(i) + "_test_mask.gif"));
    table.update({map, truth, view});
    counts.update({called, truth, view});
  }
  const auto t = table.value();
  std::printf("AUC-ROC %.6f AUC-PR %.6f (trapezoid) accuracy %.6f F1 %.6f\n", auc(t),
              auc_pr(t, pr_estimator::trapezoid), counts.accuracy(), counts.dice());
  // Published from floats; the stored map has 8 bits, which ties the many pixels near 0 and costs some area.
  CHECK(auc(t) == Approx(0.97903342).margin(7e-4));
  CHECK(auc_pr(t, pr_estimator::trapezoid) == Approx(0.91033577).margin(5e-4));
  CHECK(counts.accuracy() == Approx(0.95598398).margin(2e-4));
  CHECK(counts.dice() == Approx(0.81607111).margin(1e-3));
}

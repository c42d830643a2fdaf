// The retina-unet that others trained, in our template on the xtensor backend (real data; skipped without them).
#include <support/catch.hpp>

#include <cmath>
#include <cstdio>

#include <synthmed/backends/xtensor.hpp>
#include <synthmed/metrics/roc.hpp>
#include <synthmed/metrics/segmentation.hpp>

#include "drive.hpp"

using namespace synthmed;
using namespace synthmed_test;

namespace {

using B = xtensor_backend<float>;
constexpr models::vessel_unet<models::retina_unet> net{};

bool skipped() {
  if (!real_data().empty()) return false;
  std::puts("skipped: SYNTHMED_TEST_DATA is not set");
  return true;
}

}  // namespace

TEST_CASE("retina-unet's published weights give the probabilities of three patches") {
  if (skipped()) return;
  const auto p = published_retina_unet<B>();
  CHECK(nn::count<B>(p) == 471010);
  const auto map = tile_map();
  const auto tile = tile_of(grey_page("all_originals.png"), map, 1);
  REQUIRE(map["patches"].size() == 3);
  for (const auto& patch : map["patches"]) {
    const auto pixels = pixels_of(tile, patch["y"], patch["x"], 48, 48);
    const auto found = models::segment_whole<B>(net, p, net.initial_buffers<B>(), {pixels, 48, 48});
    double worst = 0, sum = 0;
    for (std::size_t y = 0; y < 48; ++y)
      for (std::size_t x = 0; x < 48; ++x) {
        const auto ours = static_cast<double>(found[y * 48 + x]);
        worst = std::max(worst, std::abs(ours - patch["p"][y][x].get<double>()));
        sum += ours;
      }
    CHECK(worst < 1e-5);
    CHECK(sum == Approx(patch["vessel_probability_sum"].get<double>()).epsilon(1e-5));
  }
}

TEST_CASE("retina-unet's input and a part of its published prediction come out of a DRIVE photograph") {
  if (skipped()) return;
  const auto map = tile_map();
  grey_statistics_sum all;
  picture first;
  for (int i = 20; i >= 1; --i) {
    first = read_picture(real_data() / "drive" / "test" / "images" / (two_digits(i) + "_test.tif"));
    all.add(first);
  }
  const auto input = segmenter_input(first, all.value(), {.height = 0, .width = 0});
  CHECK(input == tile_of(grey_page("all_originals.png"), map, 1));

  // Every window over a 24 x 24 part, of pixels whose windows all lie inside the picture.
  constexpr int top = 255, left = 205, side = 24, reach = 45;  // multiples of the stride of 5
  const auto p = published_retina_unet<B>();
  constexpr int whole = side + 2 * reach + 4;
  const auto pixels = pixels_of(input, top - reach, left - reach, whole, whole);
  const auto found =
      models::segment_windows<B>(net, p, net.initial_buffers<B>(), {pixels, whole, whole}, {.batch = 100});
  const auto published = tile_of(grey_page("all_predictions.png"), map, 1);
  double worst = 0;
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x)
      worst = std::max(
          worst,
          std::abs(255.0 * static_cast<double>(found[static_cast<std::size_t>((y + reach) * whole + x + reach)]) -
                   published.at(top + y, left + x)));
  CHECK(worst <= 1.01);
}

TEST_CASE("one DRIVE picture in one pass: the figures of windows, nearly") {
  if (skipped()) return;
  const auto map = tile_map();
  const auto tile = tile_of(grey_page("all_originals.png"), map, 1);
  const auto pixels = pixels_of(tile, 0, 0, tile.height(), tile.width());
  const auto p = published_retina_unet<B>();
  const auto found = models::segment_whole<B>(net, p, net.initial_buffers<B>(), {pixels, tile.height(), tile.width()});
  const auto truth = drive_truth(1), field = drive_field(1);
  const double whole = segmentation_auc(found, truth, field);
  const auto page = tile_of(grey_page("all_predictions.png"), map, 1);
  const std::vector<float> windows = pixels_of(page, 0, 0, page.height(), page.width());
  const double published = segmentation_auc(windows, truth, field);
  std::printf("DRIVE 01: AUC %.5f in one pass, %.5f published\n", whole, published);
  CHECK(whole == Approx(published).margin(4e-3));
  CHECK(whole > 0.97);
}

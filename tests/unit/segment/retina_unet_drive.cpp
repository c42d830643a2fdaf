// The published figures of retina-unet on all of DRIVE's test pictures, by windows of 48 x 48 with stride 5. Slow: 5.7
// TFLOP per picture. One line per picture on standard output.
#include <support/catch.hpp>

#include <cmath>
#include <cstdio>

#include <synthmed/backends/xtensor.hpp>
#include <synthmed/metrics/pr.hpp>
#include <synthmed/metrics/roc.hpp>
#include <synthmed/metrics/segmentation.hpp>

#include "drive.hpp"

using namespace synthmed;
using namespace synthmed_test;

TEST_CASE("retina-unet reproduces its published figures on DRIVE") {
  if (real_data().empty()) {
    std::puts("skipped: SYNTHMED_TEST_DATA is not set");
    return;
  }
  using B = xtensor_backend<float>;
  constexpr models::vessel_unet<models::retina_unet> net{};
  const auto p = published_retina_unet<B>();
  const auto map = tile_map();
  const auto page = grey_page("all_originals.png"), predictions = grey_page("all_predictions.png");
  std::vector<double> scores;
  std::vector<int> labels;
  segmentation_counts counts;
  for (int i = 1; i <= 20; ++i) {
    const auto tile = tile_of(page, map, i), published = tile_of(predictions, map, i);
    const auto pixels = pixels_of(tile, 0, 0, tile.height(), tile.width());
    const auto found = models::segment_windows<B>(net, p, net.initial_buffers<B>(),
                                                  {pixels, tile.height(), tile.width()}, {.batch = 105});
    const auto truth = drive_truth(i), field = drive_field(i);
    std::vector<std::uint8_t> called(found.size());
    double worst = 0;
    for (std::size_t at = 0; at < found.size(); ++at) {
      const auto value = static_cast<double>(found[at]);
      called[at] = value >= 0.5;
      if (field[at] == 0) continue;  // the published map is black there
      worst = std::max(worst, std::abs(255 * value - published.pixels()[at]));
      scores.push_back(value);
      labels.push_back(truth[at] != 0);
    }
    counts.update({called, truth, field});
    std::printf("picture %d: F1 so far %.5f, largest difference from the published map %.2f / 255\n", i, counts.dice(),
                worst);
    std::fflush(stdout);
    CHECK(worst <= 1.01);
  }
  const ranked_scores ranked(scores, labels);
  const auto& table = ranked.table();
  const double roc = auc(table), pr = auc_pr(table, pr_estimator::trapezoid);
  std::printf("AUC-ROC %.6f AUC-PR %.6f accuracy %.6f F1 %.6f confusion [[%lld, %lld], [%lld, %lld]]\n", roc, pr,
              counts.accuracy(), counts.dice(), static_cast<long long>(counts.true_negatives()),
              static_cast<long long>(counts.false_positives()), static_cast<long long>(counts.false_negatives()),
              static_cast<long long>(counts.true_positives()));
  CHECK(roc == Approx(0.97903342).margin(5e-4));
  CHECK(pr == Approx(0.91033577).margin(5e-4));
  CHECK(counts.accuracy() == Approx(0.95598398).margin(5e-4));
  CHECK(counts.dice() == Approx(0.81607111).margin(5e-4));
}

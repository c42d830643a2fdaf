// Calibration: scikit-learn's and torchmetrics' values, and behaviour.
#include "golden.hpp"

#include <synthmed/metrics/calibration.hpp>
#include <synthmed/metrics/multiclass.hpp>
#include <synthmed/random/distributions.hpp>

using namespace synthmed;

TEST_CASE("Brier, log loss and calibration errors of the golden sets", "[calibration]") {
  const golden::three_classes d;
  const golden::tied t;
  const auto check = [](const nlohmann::json& py, const std::vector<double>& p, const std::vector<int>& y) {
    CHECK_CLOSE(brier(p, y), py["brier"]);
    CHECK_CLOSE(log_loss(p, y), py["log_loss"]);
    CHECK_CLOSE(calibration_error(p, y, {.bins = 10}), py["ece10"]);
    CHECK_CLOSE(calibration_error(p, y, {.bins = 15}), py["ece15"]);
    CHECK_CLOSE(calibration_error(p, y, {.bins = 15}, calibration_norm::l2), py["ece15_l2"]);
    CHECK_CLOSE(calibration_error(p, y, {.bins = 15}, calibration_norm::max), py["ece15_max"]);
  };
  check(golden::python()["cls3_class2"]["a"], d.a2, d.plus);
  check(golden::python()["cls3_class2"]["b"], d.b2, d.plus);
  check(golden::python()["ties"]["a"], t.a, t.y);
  check(golden::python()["ties"]["b"], t.b, t.y);
}

TEST_CASE("top-1 calibration error of three classes", "[calibration]") {
  const golden::three_classes d;
  for (const auto& [which, raw] : {std::pair{"a", &d.a}, {"b", &d.b}}) {
    std::vector<double> p = *raw, top;
    std::vector<int> right;
    for (std::size_t i = 0; i < p.size(); i += 3) {
      const double sum = p[i] + p[i + 1] + p[i + 2];
      for (std::size_t c = 0; c < 3; ++c) p[i + c] /= sum;
    }
    const auto calls = class_scores(p, d.label, 3).calls();
    for (std::size_t i = 0; i < d.label.size(); ++i) {
      top.push_back(p[3 * i + static_cast<std::size_t>(calls[i])]);
      right.push_back(calls[i] == d.label[i]);
    }
    CHECK_CLOSE(calibration_error(top, right, {.bins = 15}),
                golden::python()[std::string("cls3_multi_") + which]["ece15_top1"]);
  }
}

TEST_CASE("documented examples", "[calibration]") {
  const std::vector<double> p{.25, .25, .55, .75, .75};
  const std::vector<int> y{0, 0, 1, 1, 1};
  const auto& doc = golden::python()["torchmetrics_doc_ece"];
  CHECK_CLOSE(calibration_error(p, y, {.bins = 2}), doc[0]);
  CHECK_CLOSE(calibration_error(p, y, {.bins = 2}, calibration_norm::l2), doc[1]);
  CHECK_CLOSE(calibration_error(p, y, {.bins = 2}, calibration_norm::max), doc[2]);
  CHECK_CLOSE(brier(std::vector<double>{0.1, 0.9, 0.8, 0.3}, std::vector<int>{0, 1, 1, 0}), 0.0375);
}

TEST_CASE("bins: edges belong to the upper bin, 1 stands alone, equal masses are equal", "[calibration]") {
  const std::vector<double> p{0.0, 0.1, 0.2, 0.3, 0.7, 1.0};
  const std::vector<int> y{0, 0, 0, 1, 1, 1};
  const auto curve = calibration_curve(p, y, {.bins = 10});
  CHECK(curve.size() == 6);  // .1, .2, .3 and .7 open their bins, 1 has its own
  const auto halves = calibration_curve(p, y, {.bins = 3, .by = binning::equal_mass});
  REQUIRE(halves.size() == 3);
  for (const auto& bin : halves) CHECK(bin.cases == 2);
  const std::vector<double> same(6, 0.5);
  CHECK(calibration_curve(same, y, {.bins = 3, .by = binning::equal_mass}).size() == 1);
}

TEST_CASE("recalibration finds the distortion that was put in", "[calibration]") {
  random_stream stream(key(7));
  std::vector<double> p, flat;
  std::vector<int> y;
  for (int i = 0; i < 40000; ++i) {
    const double x = 2 * stream.normal(), truth = 1 / (1 + std::exp(-x));
    p.push_back(1 / (1 + std::exp(-(2 * x + 1))));  // overconfident: logit = 2 x + 1, so slope 0.5 and intercept -0.5
    flat.push_back(truth);
    y.push_back(stream.chance(truth));
  }
  const auto bent = recalibrate(p, y), straight = recalibrate(flat, y);
  CHECK(bent.converged);
  CHECK(bent.slope == Approx(0.5).margin(0.02));
  CHECK(bent.intercept == Approx(-0.5).margin(0.05));
  CHECK(straight.slope == Approx(1).margin(0.04));
  CHECK(straight.intercept_in_the_large == Approx(0).margin(0.05));
  CHECK_FALSE(recalibrate(std::vector<double>{0.1, 0.9}, std::vector<int>{0, 1}).converged);
  CHECK_THROWS_AS(recalibrate(std::vector<double>{0.1, 0.9}, std::vector<int>{1, 1}), argument_error);
}

TEST_CASE("what is no probability is refused with its place", "[calibration]") {
  const auto said = synthmed_test::message_of<argument_error>([] {
    (void)brier(std::vector<double>{0.1, 1.5}, std::vector<int>{0, 1});
  });
  CHECK(synthmed_test::contains(said, "Case 1"));
  CHECK(synthmed_test::contains(said, "1.5"));
  CHECK_THROWS_AS(brier(std::vector<double>{std::nan("")}, std::vector<int>{0}), argument_error);
  CHECK_THROWS_AS(brier(std::vector<double>{}, std::vector<int>{}), argument_error);
  CHECK_THROWS_AS(brier(std::vector<double>{0.5}, std::vector<int>{2}), argument_error);
}

// Resampled comparisons and the fidelity report: consistent with the plain metrics, honest intervals, a floor that
// works.
#include <support/catch.hpp>

#include <synthmed/metrics/fidelity.hpp>

#include "golden.hpp"

using namespace synthmed;
using synthmed_test::contains;
using synthmed_test::golden_features;
using synthmed_test::message_of;
using synthmed_test::normal_features;

TEST_CASE("a comparison of whole sets gives the plain metrics' values, in both regimes") {
  for (const std::size_t d : {6u, 200u}) {
    const auto a = normal_features(1, 60, d, 0.3), b = normal_features(2, 45, d);
    const auto pool = stack_rows(a, b);
    const set_comparison compare(pool, 4);
    std::vector<std::uint32_t> first(105), second(105);
    std::fill_n(first.begin(), 60, 1u);
    std::fill(second.begin() + 60, second.end(), 1u);
    const auto values = compare(first, second);
    CHECK(values.frechet == Approx(frechet_distance(a, b).value).epsilon(1e-9));
    CHECK(values.kid == Approx(kid(a, b)).epsilon(1e-9).margin(1e-12));
    const auto balls = prdc(a, b, {.neighbours = 4});
    CHECK(values.precision == Approx(balls.precision));
    CHECK(values.recall == Approx(balls.recall));
    CHECK(values.density == Approx(balls.density));
    CHECK(values.coverage == Approx(balls.coverage));

    // Weighted rows equal repeated rows.
    first[3] = 3;
    second[100] = 2;
    first[7] = 0;
    std::vector<std::size_t> rows_a{3, 3}, rows_b{40};
    for (std::size_t i = 0; i < 60; ++i)
      if (i != 7) rows_a.push_back(i);
    for (std::size_t i = 0; i < 45; ++i) rows_b.push_back(i);
    CHECK(compare(first, second).frechet ==
          Approx(frechet_distance(take_rows(a, rows_a), take_rows(b, rows_b)).value).epsilon(1e-9));
  }
}

TEST_CASE("fidelity of the golden features: values, intervals, floor, line") {
  const auto train = golden_features("train"), test = golden_features("test");
  const auto report = fidelity({train}, {test}, feature_source::named("golden"), {.replicates = 100});
  CHECK(report.frechet.value == Approx(0.846899918678565).epsilon(1e-10));
  CHECK((report.frechet.low < report.frechet.value && report.frechet.value < report.frechet.high));
  CHECK((report.kid.low < 0 && report.kid.high > 0));  // both are real: no discrepancy
  REQUIRE(report.floor);
  CHECK(report.floor->n == 40);
  // At equal n, the held-out set is as far away as another half of the training set.
  CHECK(report.floor->candidate_mean.frechet == Approx(report.floor->real_mean.frechet).epsilon(0.3));
  REQUIRE(report.infinity);
  CHECK(report.infinity->value < report.frechet.value);
  CHECK(report.n1 == 80);
  const auto again = fidelity({train}, {test}, feature_source::named("golden"), {.replicates = 100});
  CHECK(again.frechet.standard_error == report.frechet.standard_error);
  CHECK(again.floor->real_mean.kid == report.floor->real_mean.kid);
}

TEST_CASE("the floor tells a shifted set from real ones") {
  const auto real = normal_features(1, 120, 10), same = normal_features(2, 120, 10),
             far = normal_features(3, 120, 10, 1.0);
  const auto good = fidelity({real}, {same}, feature_source::named("x"), {.replicates = 0});
  const auto bad = fidelity({real}, {far}, feature_source::named("x"), {.replicates = 0});
  CHECK(std::abs(good.floor->candidate_mean.frechet - good.floor->real_mean.frechet) < 4 * good.floor->real_sd.frechet);
  CHECK(bad.floor->candidate_mean.frechet - bad.floor->real_mean.frechet > 4 * bad.floor->real_sd.frechet);
  CHECK(std::isnan(good.frechet.low));
}

TEST_CASE("copies of subjects widen the interval only when subjects are given") {
  // Every row four times: clustered resampling sees 40 subjects, naive resampling 160 rows.
  const auto base = normal_features(1, 40, 5), other = normal_features(2, 40, 5);
  feature_matrix a{{}, 5}, b{{}, 5};
  std::vector<std::string> subjects;
  random_stream noise(key(9));
  for (std::size_t i = 0; i < 40; ++i)
    for (int copy = 0; copy < 4; ++copy) {
      for (std::size_t j = 0; j < 5; ++j) {
        a.values.push_back(base.values[i * 5 + j] + 0.05 * noise.normal());
        b.values.push_back(other.values[i * 5 + j] + 0.05 * noise.normal());
      }
      subjects.push_back(std::to_string(i));
    }
  const auto naive = fidelity({a}, {b}, feature_source::named("x"), {.floor_repeats = 0});
  const auto clustered = fidelity({a, subjects}, {b, subjects}, feature_source::named("x"), {.floor_repeats = 0});
  CHECK(clustered.kid.standard_error > 1.4 * naive.kid.standard_error);
  CHECK(clustered.subjects1 == 40);
}

TEST_CASE("what fidelity says and refuses") {
  const auto a = normal_features(1, 30, 50), b = normal_features(2, 30, 50);
  const auto report = fidelity({a}, {b}, feature_source::named("pixels-16"), {.replicates = 0, .floor_repeats = 0});
  bool singular = false, no_fid = false;
  for (const auto& note : report.notes) {
    singular = singular || contains(note, "biased upwards");
    no_fid = no_fid || contains(note, "no FID");
  }
  CHECK((singular && no_fid));
  CHECK(contains(
      message_of<argument_error>([&] { (void)fidelity({a}, {b}, feature_source::inception(fid_profile::clean_fid)); }),
      "2048"));
  CHECK_THROWS_AS(fidelity({a, {"one"}}, {b}, feature_source::named("x")), argument_error);
}

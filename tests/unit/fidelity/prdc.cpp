// Precision, recall, density, coverage: the prdc package's and torch-fidelity's values, borders, realism.
#include <support/catch.hpp>

#include <synthmed/metrics/prdc.hpp>

#include "golden.hpp"

using namespace synthmed;
using synthmed_test::contains;
using synthmed_test::golden_features;
using synthmed_test::message_of;
using synthmed_test::normal_features;
using synthmed_test::oracles;

namespace {
void check(const prdc_result& result, const nlohmann::json& expected) {
  CHECK(result.precision == Approx(expected["precision"].get<double>()).epsilon(1e-12));
  CHECK(result.recall == Approx(expected["recall"].get<double>()).epsilon(1e-12));
  CHECK(result.density == Approx(expected["density"].get<double>()).epsilon(1e-12));
  CHECK(result.coverage == Approx(expected["coverage"].get<double>()).epsilon(1e-12));
}
}  // namespace

TEST_CASE("prdc of the golden features") {
  const auto train = golden_features("train"), test = golden_features("test"), synth = golden_features("synth");
  const auto& all = oracles()["prdc"];
  check(prdc(train, synth), all["k5_strict"]);
  check(prdc(train, synth, {.neighbours = 5, .border = ball_border::inclusive}), all["k5_le"]);
  check(prdc(train, synth, {.neighbours = 3}), all["k3_strict"]);
  check(prdc(train, synth, {.neighbours = 3, .border = ball_border::inclusive}), all["k3_le"]);
  check(prdc(train, test), oracles()["prdc_train_test_k5"]);
}

TEST_CASE("prdc of two samples of one 1000-dimensional normal, as in the prdc package's own example") {
  // 10000 rows there; a fifth of them here, so the values differ a little and scatter more.
  const auto result = prdc(normal_features(1, 1500, 200), normal_features(2, 1500, 200));
  CHECK(result.precision == Approx(result.recall).margin(0.08));
  CHECK(result.density == Approx(1.0).margin(0.15));
  CHECK(result.coverage == Approx(0.97).margin(0.03));
}

TEST_CASE("borders decide ties: equal sets on a grid") {
  feature_matrix grid{{}, 1};
  for (int i = 0; i < 10; ++i) grid.values.push_back(i);
  const auto strict = prdc(grid, grid, {.neighbours = 1});
  const auto inclusive = prdc(grid, grid, {.neighbours = 1, .border = ball_border::inclusive});
  CHECK(strict.density == 1.0);     // each point lies in its own ball only
  CHECK(inclusive.density == 2.8);  // and on the border of its neighbours'
  CHECK((strict.precision == 1.0 && strict.coverage == 1.0 && inclusive.recall == 1.0));
}

TEST_CASE("prdc of identical rows: radius 0 holds nothing strictly, everything inclusively") {
  const feature_matrix same{{1, 1, 1, 1, 1, 1, 1, 1}, 1};
  const auto strict = prdc(same, same);
  CHECK((strict.precision == 0.0 && strict.recall == 0.0 && strict.density == 0.0 && strict.coverage == 0.0));
  CHECK(prdc(same, same, {.border = ball_border::inclusive}).coverage == 1.0);
}

TEST_CASE("realism is 1 or more exactly inside a small ball") {
  feature_matrix reference{{0, 1, 2, 3, 4, 5, 6, 7, 100, 200, 300, 400}, 1};
  const auto score = realism(reference, feature_matrix{{3.5, 2.0, 250}, 1}, 2);
  CHECK(score[0] >= 1.0);
  CHECK(std::isinf(score[1]));
  CHECK(score[2] < 1.0);
}

TEST_CASE("prdc merges and refuses") {
  const auto a = normal_features(1, 30, 4), b = normal_features(2, 20, 4);
  prdc_metric whole, part;
  whole.update(set_side::reference, a);
  part.update(set_side::candidate, b);
  whole.merge(part);
  CHECK(whole.value().density == prdc(a, b).density);
  CHECK(contains(message_of<argument_error>([&] { (void)prdc(a, b, {.neighbours = 20}); }), "got 30 and 20"));
  CHECK_THROWS_AS(prdc(a, b, {.neighbours = 0}), argument_error);
}

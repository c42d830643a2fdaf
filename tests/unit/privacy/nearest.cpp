// Distances of the golden sets, with their five planted copies, against the reference packages' values.
#include <support/catch.hpp>

#include <synthmed/metrics/privacy.hpp>

#include "../fidelity/golden.hpp"

using namespace synthmed;
using synthmed_test::contains;
using synthmed_test::golden_features;
using synthmed_test::head;
using synthmed_test::message_of;
using synthmed_test::normal_features;
using synthmed_test::oracles;

namespace {
auto agrees(double expected) { return Approx(expected).epsilon(1e-10); }
}  // namespace

TEST_CASE("distances, DCR and NNDR of the golden sets") {
  const auto train = golden_features("train"), test = golden_features("test"), synth = golden_features("synth");
  const auto d = measure_distances(train, test, synth);
  const auto& expected = oracles()["privacy"];
  const auto to_train = privacy_distances::nearest(d.synthetic_to_train);
  const auto least = std::min_element(to_train.begin(), to_train.end()) - to_train.begin();
  // scikit-learn's dot-product distances carry 5e-14 here, of 0.004: 1e-11 relative
  CHECK(to_train[static_cast<std::size_t>(least)] == agrees(expected["min_train_synth"]));
  // the five copies tie to 1e-14; the reference names one of them
  CHECK(to_train[expected["argmin"][0].get<std::size_t>()] == agrees(expected["min_train_synth"]));
  CHECK(d.synthetic_to_train.indices(expected["argmin"][0].get<std::size_t>())[0] ==
        expected["argmin"][1].get<std::size_t>());
  const auto control = privacy_distances::nearest(d.holdout_to_train),
             own = privacy_distances::nearest(d.train_to_train);
  CHECK(*std::min_element(control.begin(), control.end()) == agrees(expected["min_train_test"]));
  CHECK(*std::min_element(own.begin(), own.end()) == agrees(expected["min_train_train_excl_self"]));
  for (const auto& [p, i] : {std::pair{0.01, 0}, {0.05, 1}, {0.5, 2}})
    CHECK(quantile(to_train, p) == agrees(expected["dcr_quantiles_1_5_50"][static_cast<std::size_t>(i)]));

  const auto share = dcr_share(d);
  CHECK(share.share.value == agrees(expected["dcr_share_closer_to_train"]));
  CHECK(share.expected == agrees(expected["dcr_share_expected"]));
  CHECK((share.share.low < share.expected && share.expected < share.share.high));

  const auto ratio = privacy_distances::ratios(d.synthetic_to_train);
  CHECK(quantile(ratio, 0.5) == agrees(expected["nndr_synth_median"]));
  CHECK(quantile(ratio, 0.05) == agrees(expected["nndr_synth_q05"]));
  CHECK(quantile(privacy_distances::ratios(d.holdout_to_train), 0.5) == agrees(expected["nndr_test_median"]));
}

TEST_CASE("authenticity, C_T, MiFID and Alaa's curves of the golden sets") {
  const auto train = golden_features("train"), test = golden_features("test"), synth = golden_features("synth");
  const auto d = measure_distances(train, test, synth);
  const auto& expected = oracles()["privacy"];
  CHECK(authenticity(d) == agrees(expected["authenticity_paper"]));
  CHECK(100 * authenticity(d) == agrees(expected["authpct"]));
  CHECK(authenticity_released_code(d) == agrees(oracles()["alaa"]["authenticity_reference_code"]));
  CHECK(copying_z(d) == agrees(expected["ct_global_zu"]));
  const double memorisation = memorisation_distance(train, synth);
  CHECK(memorisation == agrees(expected["mifid_memorisation_cosine"]));
  CHECK(memorisation_informed(5, memorisation) == 5);
  CHECK(memorisation_informed(5, 0.05) == Approx(100));

  const auto curves = alpha_precision(train, synth);
  const auto& alaa = oracles()["alaa"];
  CHECK(curves.delta_precision == agrees(alaa["delta_precision_alpha"]));
  CHECK(curves.delta_coverage == agrees(alaa["delta_coverage_beta"]));
  for (std::size_t i = 0; i < 30; ++i) {
    CHECK(curves.precision[i] == agrees(alaa["alpha_precision_curve"][i]));
    CHECK(curves.coverage[i] == agrees(alaa["beta_coverage_curve"][i]));
  }
}

TEST_CASE(
    "the released authenticity code fails where synthetic rows outnumber training rows; so does its compat mode") {
  const auto train = normal_features(1, 5, 2), many = normal_features(2, 50, 2);
  const auto d = measure_distances(train, normal_features(3, 5, 2), many);
  CHECK(contains(message_of<argument_error>([&] { (void)authenticity_released_code(d); }), "there are 5"));
  CHECK(authenticity(d) <= 1);
}

TEST_CASE("exact copies: never authentic, ratio 0, C_T far below 0") {
  const auto train = normal_features(1, 60, 4), holdout = normal_features(2, 60, 4);
  const auto d = measure_distances(train, holdout, train);
  CHECK(authenticity(d) == 0);
  CHECK(copying_z(d) < -5);
  CHECK(dcr_share(d).share.value == 1);
  for (const double ratio : privacy_distances::ratios(d.synthetic_to_train)) CHECK(ratio == 0);
}

TEST_CASE("what the distances refuse") {
  const auto a = normal_features(1, 10, 3);
  CHECK(
      contains(message_of<argument_error>([&] { (void)measure_distances(head(a, 1), a, a); }), "training set, got 1"));
  CHECK_THROWS_AS(measure_distances(a, a, normal_features(1, 10, 4)), shape_error);
  CHECK_THROWS_AS(memorisation_distance(feature_matrix{{0, 0}, 2}, feature_matrix{{1, 1}, 2}), argument_error);
}

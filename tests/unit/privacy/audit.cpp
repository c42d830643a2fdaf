// The audit: flags copies and only copies, says what was tried, finds its canaries, seldom cries wolf.
#include <support/catch.hpp>

#include <synthmed/metrics/privacy.hpp>

#include "../fidelity/golden.hpp"

using namespace synthmed;
using synthmed_test::contains;
using synthmed_test::golden_features;
using synthmed_test::message_of;
using synthmed_test::normal_features;

TEST_CASE("the golden set's five planted copies are found where every average misses them") {
  const auto train = golden_features("train"), test = golden_features("test"), synth = golden_features("synth");
  const auto report = privacy_audit({{train}, {test}, synth});
  CHECK(report.duplicates == 5);
  CHECK(report.flagged);
  for (const auto& attack : report.attacks) CHECK_FALSE(attack.exceeds);
  for (std::size_t i = 0; i < 5; ++i) CHECK((report.pairs[i].duplicate && report.pairs[i].ratio < 0.01));
  CHECK_FALSE(report.pairs[5].duplicate);
  CHECK(report.exact_duplicates == 0);
  CHECK(contains(report.verdict(), "5 synthetic records lie closer"));
  CHECK(contains(report.verdict(), "distance, density, monte_carlo"));
}

TEST_CASE("without copies nothing is flagged, and the verdict claims no more than was tried") {
  const auto report =
      privacy_audit({{normal_features(1, 200, 12)}, {normal_features(2, 200, 12)}, normal_features(3, 150, 12)});
  CHECK_FALSE(report.flagged);
  CHECK(contains(report.verdict(), "Tried: "));
  CHECK(contains(report.verdict(), "no proof of privacy"));
  CHECK((report.detectable_auc > 0.5 && report.detectable_auc < 0.7));
}

TEST_CASE("a critic's scores are one more attack") {
  random_stream stream(key(5));
  attack_scores critic{"critic", {}, {}};
  for (int i = 0; i < 100; ++i) {
    critic.train.push_back(stream.normal() + 1);
    critic.holdout.push_back(stream.normal());
  }
  const auto report =
      privacy_audit({{normal_features(1, 100, 5)}, {normal_features(2, 100, 5)}, normal_features(3, 100, 5), critic});
  REQUIRE(report.attacks.size() == 4);
  CHECK(report.attacks[3].exceeds);
  CHECK(report.flagged);
  CHECK(contains(report.verdict(), "the critic attack tells"));
  critic.train.pop_back();
  CHECK(
      contains(message_of<argument_error>([&] {
                 (void)privacy_audit(
                     {{normal_features(1, 100, 5)}, {normal_features(2, 100, 5)}, normal_features(3, 100, 5), critic});
               }),
               "scores 99 training"));
}

TEST_CASE("small sets are warned about") {
  const auto report = privacy_audit({{normal_features(1, 4, 3)}, {normal_features(2, 4, 3)}, normal_features(3, 4, 3)});
  CHECK(contains(report.warnings.at(0), "no attack can reach the limit"));
  const auto larger =
      privacy_audit({{normal_features(1, 40, 3)}, {normal_features(2, 30, 3)}, normal_features(3, 40, 3)});
  CHECK(contains(larger.warnings.at(0), "Only 30 records (subjects unknown)"));
  CHECK(contains(larger.verdict(), "on 40 training records (subjects unknown) and 30 held-out records (subjects"));
  const auto named = [](int rows) {
    std::vector<std::string> names;
    for (int i = 0; i < rows; ++i) names.push_back(std::to_string(rows) + "_" + std::to_string(i / 2));
    return names;
  };
  const auto train = named(40), holdout = named(30);
  const auto known = privacy_audit(
      {{normal_features(1, 40, 3), train}, {normal_features(2, 30, 3), holdout}, normal_features(3, 40, 3)});
  CHECK(contains(known.verdict(), "on 20 training and 15 held-out subjects"));
  CHECK(contains(known.warnings.at(0), "Only 15 subjects"));
}

TEST_CASE("features that coincide anyway prove no copying") {
  // Blank pictures: half of all records are equal in both real sets.
  auto train = normal_features(1, 60, 3), holdout = normal_features(2, 60, 3), synthetic = normal_features(3, 60, 3);
  for (auto* set : {&train, &holdout, &synthetic}) std::fill_n(set->values.begin(), 90, 0.0);
  const auto report = privacy_audit({{train}, {holdout}, synthetic});
  CHECK(report.exact_duplicates == 30);
  CHECK(report.duplicates == 0);
  bool said = false;
  for (const auto& warning : report.warnings) said = said || contains(warning, "cannot tell copies from coincidence");
  CHECK(said);
}

TEST_CASE("canaries: weakly disguised copies are found, strongly disguised ones need not be") {
  const auto train = normal_features(1, 120, 16), holdout = normal_features(2, 120, 16),
             synthetic = normal_features(3, 100, 16);
  const auto results = plant_canaries({{train}, {holdout}, synthetic});
  REQUIRE(results.size() == 6);
  for (const auto& result : results) {
    CHECK(result.planted == 10);
    if (result.jitter <= 0.1) CHECK((result.found == 10 && result.flagged));
  }
  CHECK(results.back().found < 10);
  CHECK_THROWS_AS(plant_canaries({{train}, {holdout}, synthetic}, {}, {.count = 101}), argument_error);
}

TEST_CASE("false alarms on unseen records are rare, with several images per subject") {
  // 120 subjects with three images each.
  const auto centre = normal_features(1, 120, 10);
  feature_matrix rows{{}, 10};
  std::vector<std::string> subjects;
  random_stream stream(key(7));
  for (std::size_t i = 0; i < 360; ++i) {
    for (std::size_t j = 0; j < 10; ++j) rows.values.push_back(centre.values[i / 3 * 10 + j] + 0.5 * stream.normal());
    subjects.push_back("p" + std::to_string(i / 3));
  }
  const auto result = false_flags({rows, subjects}, 40, {.attacks = {.replicates = 2}});
  CHECK(result.draws == 40);
  CHECK(result.flagged <= 4);
  CHECK(result.train == 120);
  CHECK(result.rate.value == Approx(static_cast<double>(result.flagged) / 40));
  CHECK_THROWS_AS(false_flags({normal_features(1, 5, 2)}), argument_error);
}

TEST_CASE("the audit is the same for any number of threads") {
  const auto train = normal_features(1, 90, 7), holdout = normal_features(2, 80, 7),
             synthetic = normal_features(3, 70, 7);
  set_threads(1);
  const auto one = privacy_audit({{train}, {holdout}, synthetic});
  set_threads(4);
  const auto four = privacy_audit({{train}, {holdout}, synthetic});
  for (std::size_t i = 0; i < one.attacks.size(); ++i) {
    CHECK(one.attacks[i].auc.value == four.attacks[i].auc.value);
    CHECK(one.attacks[i].tpr.low == four.attacks[i].tpr.low);
  }
  for (std::size_t i = 0; i < one.pairs.size(); ++i) CHECK(one.pairs[i].distance == four.pairs[i].distance);
}

// The examples of docs/metrics/privacy.md and docs/metrics/fidelity.md, as they stand there.
namespace {
synthmed::fidelity_report compare(synthmed::feature_view real, synthmed::feature_view synthetic) {
  return synthmed::fidelity({real}, {synthetic}, synthmed::feature_source::named("my-features"));
}
bool leaks(synthmed::feature_view train, synthmed::feature_view holdout, synthmed::feature_view synthetic) {
  return synthmed::privacy_audit({{train}, {holdout}, synthetic}).flagged;
}
}  // namespace

TEST_CASE("the documentation's examples") {
  const auto train = golden_features("train"), test = golden_features("test"), synth = golden_features("synth");
  CHECK(compare(train, synth).frechet.value == Approx(1.4028133031742));
  CHECK(leaks(train, test, synth));
  CHECK_FALSE(leaks(train, test, normal_features(1, 50, 16)));
}

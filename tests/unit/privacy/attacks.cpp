// Membership inference: the golden AUC, chance where nothing leaks, success where copies were made, subjects, small
// sets.
#include <support/catch.hpp>

#include <synthmed/metrics/privacy.hpp>

#include "../fidelity/golden.hpp"

using namespace synthmed;
using synthmed_test::contains;
using synthmed_test::golden_features;
using synthmed_test::message_of;
using synthmed_test::normal_features;
using synthmed_test::oracles;

namespace {
feature_matrix noisy(const feature_matrix& from, double sd, std::uint64_t seed) {
  auto out = from;
  random_stream stream(key{seed});
  for (double& value : out.values) value += sd * stream.normal();
  return out;
}
}  // namespace

TEST_CASE("the distance attack on the golden sets has GAN-Leaks' AUC") {
  const auto scores = distance_attack(golden_features("train"), golden_features("test"), golden_features("synth"));
  const auto results = judge_attacks(std::vector{scores}, cluster_index::singletons(140), 80);
  CHECK(results[0].auc.value == Approx(oracles()["privacy"]["ganleaks_fbb_auc"].get<double>()).epsilon(1e-12));
  CHECK(results[0].auc.standard_error == Approx(results[0].auc_naive.standard_error).epsilon(1e-12));
  CHECK_FALSE(results[0].exceeds);
}

TEST_CASE("a generator that copies is recognised by every attack; one that does not by none") {
  const auto train = normal_features(1, 150, 6), holdout = normal_features(2, 150, 6);
  const auto subjects = cluster_index::singletons(300);
  const auto copies = noisy(train, 0.2, 3), fresh = normal_features(4, 150, 6);
  const auto judge = [&](const feature_matrix& synthetic) {
    const std::vector<attack_scores> attacks{distance_attack(train, holdout, synthetic),
                                             density_attack(train, holdout, synthetic, subjects, 1),
                                             monte_carlo_attack(train, holdout, synthetic)};
    return judge_attacks(attacks, subjects, 150);
  };
  for (const auto& result : judge(copies)) {
    CHECK(result.exceeds);
    CHECK(result.auc.value > 0.7);
    CHECK(result.lower_limit > 0.5);
    CHECK(result.lower_limit < result.auc.value);
  }
  CHECK(judge(copies)[0].tpr.value > 0.3);
  for (const auto& result : judge(fresh)) {
    CHECK_FALSE(result.exceeds);
    CHECK(result.auc.value == Approx(0.5).margin(0.12));
    CHECK(result.tpr.value < 0.1);
    CHECK((result.tpr.low <= result.tpr.value && result.tpr.value <= result.tpr.high));
  }
}

TEST_CASE("true positives at one percent false positives, by hand") {
  attack_scores attack{"hand", {}, {}};
  for (int i = 0; i < 200; ++i) attack.holdout.push_back(i);  // two may exceed the threshold
  attack.train = {300, 199.5, 198.5, 197.5, 197.5, 100, 50, 20, 10, 5};
  const auto result = judge_attacks(std::vector{attack}, cluster_index::singletons(210), 10, {.replicates = 50})[0];
  CHECK(result.tpr.value == Approx(0.5));  // above 197, the third highest
  attack.holdout.resize(50);               // none may: all above 49
  CHECK(judge_attacks(std::vector{attack}, cluster_index::singletons(60), 10, {.replicates = 50})[0].tpr.value ==
        Approx(0.7));
  attack.train[5] = attack.holdout[49] = 100;  // a tie is not above
  CHECK(judge_attacks(std::vector{attack}, cluster_index::singletons(60), 10, {.replicates = 50})[0].tpr.value ==
        Approx(0.5));
}

TEST_CASE("images of one subject are no independent evidence") {
  // 12 subjects with 20 images each; a subject's images share their score almost.
  attack_scores attack{"repeated", {}, {}};
  std::vector<int> ids;
  random_stream stream(key(1));
  for (int subject = 0; subject < 12; ++subject) {
    const double level = stream.normal() + (subject < 6 ? 0.6 : 0.0);
    for (int image = 0; image < 20; ++image) {
      (subject < 6 ? attack.train : attack.holdout).push_back(level + 0.01 * stream.normal());
      ids.push_back(subject);
    }
  }
  const auto result = judge_attacks(std::vector{attack}, cluster_index(ids), 120, {.replicates = 50})[0];
  CHECK(result.auc.standard_error > 3 * result.auc_naive.standard_error);
  ids[120] = 0;
  CHECK(contains(message_of<argument_error>([&] { (void)judge_attacks(std::vector{attack}, cluster_index(ids), 120); }),
                 "Record 0 of the held-out set"));
}

TEST_CASE("a perfect separation of three and three subjects proves nothing at one percent") {
  const attack_scores attack{"tiny", {4, 5, 6}, {1, 2, 3}};
  const auto result = judge_attacks(std::vector{attack}, cluster_index::singletons(6), 3, {.replicates = 50})[0];
  CHECK(result.auc.value == 1);
  CHECK(result.p == Approx(1.0 / 20));
  CHECK_FALSE(result.exceeds);
}

TEST_CASE("Holm over several attacks: the limit agrees with the decision") {
  random_stream stream(key(2));
  std::vector<attack_scores> attacks;
  for (int i = 0; i < 4; ++i) {
    attack_scores attack{"a" + std::to_string(i), {}, {}};
    for (int j = 0; j < 200; ++j) {
      attack.train.push_back(stream.normal() + 0.13 * i);
      attack.holdout.push_back(stream.normal());
    }
    attacks.push_back(attack);
  }
  const auto results = judge_attacks(attacks, cluster_index::singletons(400), 200, {.replicates = 50});
  bool some = false;
  for (const auto& result : results) {
    CHECK(result.exceeds == (result.lower_limit > 0.5));
    CHECK(result.holm_p >= result.p);
    some = some || result.exceeds;
  }
  CHECK((some && !results[0].exceeds));
}

// Means over trainings: equal trainings change nothing, one training is the ordinary test, covariances add up as they
// must.
#include "golden.hpp"

#include <cmath>
#include <vector>

#include <synthmed/metrics/inference.hpp>
#include <synthmed/random/distributions.hpp>

using namespace synthmed;

namespace {

struct made_up {
  std::vector<int> labels;
  std::vector<std::string> subjects;
  std::vector<std::vector<double>> scores;

  [[nodiscard]] std::vector<ranked_scores> ranked(std::vector<std::size_t> which) const {
    std::vector<ranked_scores> out;
    for (const auto w : which) out.emplace_back(scores[w], labels);
    return out;
  }
};

made_up cases() {
  made_up m;
  random_stream stream(key(11));
  for (int subject = 0; subject < 40; ++subject) {
    const double severity = stream.normal();
    for (int image = 0; image < 4; ++image) {
      m.subjects.push_back(sentence("s", subject));
      m.labels.push_back(severity + 0.5 * stream.normal() > 0.6);
      for (std::size_t t = 0; t < 4; ++t) {
        if (m.scores.size() <= t) m.scores.emplace_back();
        m.scores[t].push_back(severity + (t < 2 ? 0.6 : 1.2) * stream.normal());
      }
    }
  }
  return m;
}

std::vector<decltype(table_statistic(std::declval<const ranked_scores&>(), auc_of{}))> areas(
    const std::vector<ranked_scores>& trainings) {
  std::vector<decltype(table_statistic(trainings[0], auc_of{}))> out;
  for (const auto& r : trainings) out.push_back(table_statistic(r, auc_of{}));
  return out;
}

}  // namespace

TEST_CASE("the mean over trainings has the bootstrap interval of that mean", "[replicates]") {
  const auto m = cases();
  const cluster_index clusters(m.subjects);
  const auto plan = resampling::subjects(clusters);
  const bootstrap_options options{.replicates = 400};
  const auto two = m.ranked({0, 2});
  const auto mean = replicated(plan, areas(two), options);
  REQUIRE(mean.per_seed.size() == 2);
  const double a = auc(two[0].table()), b = auc(two[1].table());
  CHECK_CLOSE(mean.value, (a + b) / 2);
  CHECK_CLOSE(mean.seed_sd, std::fabs(a - b) / std::sqrt(2.0));
  CHECK(mean.low < mean.value);
  CHECK(mean.value < mean.high);

  const auto one = m.ranked({0});
  const auto single = replicated(plan, areas(one), options);
  const auto plain = quantile_interval(bootstrap(plan, table_statistic(one[0], auc_of{}), options));
  CHECK(single.low == plain.low);
  CHECK(single.high == plain.high);
  CHECK(std::isnan(single.seed_sd));
  const auto thrice = replicated(plan, areas(m.ranked({0, 0, 0})), options);
  CHECK_CLOSE(thrice.low, plain.low);
  CHECK(thrice.seed_sd == 0);
}

TEST_CASE("DeLong over trainings is a sum of pairwise covariances", "[replicates]") {
  const auto m = cases();
  const cluster_index clusters(m.subjects);
  const auto first = m.ranked({0, 1}), second = m.ranked({2, 3});
  const auto test = delong_replicated(first, second, clusters);
  double variance = 0;
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t j = 0; j < 2; ++j)
      variance += (delong_clustered_covariance(first[i], first[j], clusters) +
                   delong_clustered_covariance(second[i], second[j], clusters) -
                   2 * delong_clustered_covariance(first[i], second[j], clusters)) /
                  4;
  CHECK_CLOSE(test.standard_error, std::sqrt(variance));
  CHECK(test.clusters == 40);
  const auto pair = delong_paired_clustered(first[0], second[0], clusters);
  const auto single = delong_replicated(m.ranked({0}), m.ranked({2}), clusters);
  CHECK(single.statistic == pair.statistic);
  CHECK(single.p == pair.p);
  CHECK_THROWS_AS(delong_replicated({}, second, clusters), argument_error);
}

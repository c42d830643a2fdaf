// Several trainings of one model on the same cases: the mean over them, its interval, and how far they spread.
#pragma once

#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/inference/bootstrap.hpp>
#include <synthmed/metrics/inference/delong.hpp>
#include <synthmed/metrics/scores.hpp>

namespace synthmed {

/// A figure over trainings that differ by their seed alone. Two things vary: which subjects were tested (low, high) and
/// how training went (seed_sd); a single training shows the first only.
struct replicated_estimate {
  double value = 0;               ///< mean over the trainings
  double low = 0, high = 0;       ///< quantiles of resamples of the cases; the trainings stay as they are
  double seed_sd = 0;             ///< standard deviation over the trainings (n - 1); NaN for one training
  std::vector<double> per_seed;   ///< each training's figure, in the order given
  std::size_t undefined = 0;      ///< resamples on which the figure is not defined; they are left out
};

/// Standard deviation with divisor n - 1; NaN below two values.
[[nodiscard]] inline double sample_sd(std::span<const double> values) {
  if (values.size() < 2) return std::nan("");
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double sum = 0;
  for (const double x : values) sum += (x - mean) * (x - mean);
  return std::sqrt(sum / (n - 1));
}

/// The mean of several statistics of multiplicities as one: undefined (NaN) where any of them is. `makers` are what
/// bootstrap() takes (table_statistic, metric_statistic, own ones), all of one type.
template <class MakeStatistic>
[[nodiscard]] auto mean_statistic(std::vector<MakeStatistic> makers) {
  if (makers.empty()) throw argument_error("A mean over trainings needs at least one training.");
  return [makers = std::move(makers)] {
    std::vector<decltype(makers.front()())> statistics;
    statistics.reserve(makers.size());
    for (const auto& make : makers) statistics.push_back(make());
    return [statistics = std::move(statistics)](multiplicities times) mutable -> double {
      double sum = 0;
      for (auto& statistic : statistics) sum += statistic(times);
      return sum / static_cast<double>(statistics.size());
    };
  };
}

/// The mean over trainings with the bootstrap interval of that mean. Intervals are NaN where fewer than two resamples
/// are defined. Throws argument_error for no training or where a training's own figure is not defined by throwing so.
template <class MakeStatistic>
[[nodiscard]] replicated_estimate replicated(const resampling& plan, const std::vector<MakeStatistic>& makers,
                                             const bootstrap_options& options = {}) {
  replicated_estimate out;
  const std::vector<std::uint32_t> once(plan.size(), 1u);
  for (const auto& make : makers) out.per_seed.push_back(make()(multiplicities(once)));
  const auto b = bootstrap(plan, mean_statistic(makers), options);
  out.value = b.value;
  out.undefined = b.undefined;
  out.low = out.high = std::nan("");
  if (b.replicates.size() >= 2) {
    const auto limits = quantile_interval(b, options.level);
    out.low = limits.low;
    out.high = limits.high;
  }
  out.seed_sd = sample_sd(out.per_seed);
  return out;
}

namespace detail {

/// The structural components of a mean of AUCs are the means of theirs.
inline cluster_sums mean_clusters(std::span<const ranked_scores> trainings, const cluster_index& clusters) {
  if (trainings.empty()) throw argument_error("A mean over trainings needs at least one training.");
  cluster_sums mean = sum_clusters(trainings[0], clusters);
  const auto k = static_cast<double>(trainings.size());
  for (std::size_t t = 1; t < trainings.size(); ++t) {
    require_same_cases(trainings[0], trainings[t], "A mean over trainings");
    const auto one = sum_clusters(trainings[t], clusters);
    mean.auc += one.auc;
    for (std::size_t i = 0; i < mean.positive.size(); ++i) {
      mean.positive[i] += one.positive[i];
      mean.negative[i] += one.negative[i];
    }
  }
  mean.auc /= k;
  for (auto& x : mean.positive) x /= k;
  for (auto& x : mean.negative) x /= k;
  return mean;
}

}  // namespace detail

/// Two models, each trained several times, on the same cases: the test of Obuchowski (1997), clustered by subject, for
/// the difference of their mean AUCs. Exact as DeLong's is, because a covariance of means is a mean of covariances. It
/// speaks of these trainings; how far others would differ is what seed_sd says. With one training each it is
/// delong_paired_clustered(). Throws argument_error unless all trainings rank the same cases.
[[nodiscard]] inline auc_difference delong_replicated(std::span<const ranked_scores> first,
                                                      std::span<const ranked_scores> second,
                                                      const cluster_index& clusters,
                                                      alternative side = alternative::two_sided, double level = 0.95) {
  const auto a = detail::mean_clusters(first, clusters), b = detail::mean_clusters(second, clusters);
  detail::require_same_cases(first[0], second[0], "A paired comparison");
  const double variance =
      detail::clustered_covariance(a, a) + detail::clustered_covariance(b, b) - 2 * detail::clustered_covariance(a, b);
  auto out = detail::z_test(a.auc, b.auc, variance, level, side);
  out.clusters = static_cast<std::int64_t>(clusters.count());
  return out;
}

}  // namespace synthmed

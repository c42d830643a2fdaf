// The bootstrap for any statistic of resampled cases: by case, stratified by class, or by subject; with percentile,
// basic, normal and BCa intervals; and pROC's and boot's seeded resamples.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <type_traits>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/inference/delong.hpp>
#include <synthmed/metrics/inference/interval.hpp>
#include <synthmed/metrics/metric.hpp>
#include <synthmed/metrics/scores.hpp>
#include <synthmed/parallel.hpp>
#include <synthmed/random/distributions.hpp>
#include <synthmed/random/key.hpp>
#include <synthmed/random/r_compat.hpp>

namespace synthmed {

/// How often each case occurs in a resample.
using multiplicities = std::span<const std::uint32_t>;

/// A resampling plan: which cases exist, which travel together and within which classes they are drawn.
class resampling {
 public:
  /// Cases drawn one by one.
  [[nodiscard]] static resampling cases(std::size_t n) { return resampling(cluster_index::singletons(n), {}); }
  /// Cases drawn one by one, within each class as many as there are (labels 0 or 1, or any stratum number).
  [[nodiscard]] static resampling stratified(std::span<const int> strata) {
    return resampling(cluster_index::singletons(strata.size()), strata);
  }
  /// Whole subjects drawn with all their cases: the right plan wherever a subject has more than one case.
  [[nodiscard]] static resampling subjects(const cluster_index& clusters) { return resampling(clusters, {}); }

  [[nodiscard]] std::size_t size() const noexcept { return units_.size(); }
  /// How many things are drawn: subjects, or cases.
  [[nodiscard]] std::size_t draws() const noexcept { return units_.count(); }

  /// One resample, written into `out` (one number per case). `unit_counts` is scratch.
  template <class Stream>
  void draw(Stream& stream, std::vector<std::uint32_t>& unit_counts, std::vector<std::uint32_t>& out) const {
    unit_counts.assign(units_.count(), 0);
    for (const auto& stratum : strata_)
      for (std::size_t i = 0; i < stratum.size(); ++i)
        ++unit_counts[stratum[static_cast<std::size_t>(stream.below(static_cast<std::uint32_t>(stratum.size())))]];
    out.resize(units_.size());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = unit_counts[units_[i]];
  }

 private:
  resampling(cluster_index units, std::span<const int> strata) : units_(std::move(units)) {
    if (units_.count() == 0) throw argument_error("A bootstrap needs at least one case.");
    if (units_.count() > 0x7FFFFFFFu) throw argument_error("A bootstrap draws among at most 2147483647 cases.");
    std::vector<int> levels(strata.begin(), strata.end());
    std::sort(levels.begin(), levels.end());
    levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
    if (levels.empty()) levels.push_back(0);
    strata_.resize(levels.size());
    for (std::size_t i = 0; i < units_.count(); ++i) {
      const auto at = strata.empty() ? levels.begin() : std::lower_bound(levels.begin(), levels.end(), strata[i]);
      strata_[static_cast<std::size_t>(at - levels.begin())].push_back(static_cast<std::uint32_t>(i));
    }
  }

  cluster_index units_;
  std::vector<std::vector<std::uint32_t>> strata_;
};

/// Settings of a bootstrap.
struct bootstrap_options {
  std::size_t replicates = 2000;  ///< resamples; at least 2
  key seed = key(1337);           ///< replicate r draws from seed.fold(r), so results do not depend on threads
  double level = 0.95;            ///< confidence level of every interval
};

/// Replicates of one statistic. Those on which it is not defined (one class only, NaN) are left out and counted.
struct bootstrap_result {
  double value = 0;                ///< on the data themselves
  std::vector<double> replicates;  ///< the defined ones, in order
  std::size_t undefined = 0;       ///< how many were left out; say so where it is not 0

  [[nodiscard]] double mean() const {
    require();
    return std::accumulate(replicates.begin(), replicates.end(), 0.0) / static_cast<double>(replicates.size());
  }
  [[nodiscard]] double bias() const { return mean() - value; }
  [[nodiscard]] double standard_error() const {
    const double centre = mean();
    double sum = 0;
    for (const double t : replicates) sum += (t - centre) * (t - centre);
    return std::sqrt(sum / static_cast<double>(replicates.size() - 1));
  }
  /// Throws argument_error when fewer than two replicates are defined.
  void require() const {
    if (replicates.size() < 2)
      throw argument_error(sentence("A bootstrap needs at least 2 replicates on which the statistic is defined, got ",
                                    replicates.size(), " (", undefined, " were not)."));
  }
};

/// Quantile of type 7 (R's and numpy's default) of values in any order.
[[nodiscard]] inline double quantile(std::span<const double> values, double p) {
  detail::require_probability(p, "The argument of quantile");
  if (values.empty()) throw argument_error("A quantile needs at least one value.");
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const double at = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  if (below + 1 == sorted.size()) return sorted.back();
  const double share = at - static_cast<double>(below);
  return sorted[below] + share * (sorted[below + 1] - sorted[below]);
}

namespace detail {

/// The (R + 1) p-th order statistic, with normal-quantile interpolation between neighbours (Davison and Hinkley 1997,
/// section 5.2.1), as R's boot does.
inline double order_statistic(const std::vector<double>& sorted, double p) {
  const auto r = static_cast<double>(sorted.size());
  const double rank = (r + 1) * p, k = std::floor(rank);
  if (k < 1) return sorted.front();
  if (k >= r) return sorted.back();
  const auto at = static_cast<std::size_t>(k) - 1;
  if (k == rank) return sorted[at];
  const double here = normal_quantile(p), left = normal_quantile(k / (r + 1)),
               right = normal_quantile((k + 1) / (r + 1));
  return sorted[at] + (here - left) / (right - left) * (sorted[at + 1] - sorted[at]);
}

inline std::vector<double> sorted_replicates(const bootstrap_result& b) {
  b.require();
  auto sorted = b.replicates;
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

}  // namespace detail

/// Quantiles of the replicates (type 7): pROC's bootstrap interval.
[[nodiscard]] inline estimate quantile_interval(const bootstrap_result& b, double level = 0.95) {
  detail::require_level(level);
  b.require();
  return {b.value, quantile(b.replicates, (1 - level) / 2), quantile(b.replicates, (1 + level) / 2)};
}

/// The percentile interval of Davison and Hinkley (1997), R's boot.ci(type = "perc").
[[nodiscard]] inline estimate percentile_interval(const bootstrap_result& b, double level = 0.95) {
  detail::require_level(level);
  const auto sorted = detail::sorted_replicates(b);
  return {b.value, detail::order_statistic(sorted, (1 - level) / 2), detail::order_statistic(sorted, (1 + level) / 2)};
}

/// The basic interval, R's boot.ci(type = "basic"): the percentile limits reflected at the value.
[[nodiscard]] inline estimate basic_interval(const bootstrap_result& b, double level = 0.95) {
  const auto p = percentile_interval(b, level);
  return {b.value, 2 * b.value - p.high, 2 * b.value - p.low};
}

/// value - bias ± z standard_error, R's boot.ci(type = "norm").
[[nodiscard]] inline estimate bootstrap_normal_interval(const bootstrap_result& b, double level = 0.95) {
  const double reach = detail::two_sided_z(level) * b.standard_error(), centre = b.value - b.bias();
  return {b.value, centre - reach, centre + reach};
}

/// Acceleration from influence values: sum l^3 / (6 (sum l^2)^1.5); 0 when all are 0.
[[nodiscard]] inline double acceleration(std::span<const double> influence) {
  double squares = 0, cubes = 0;
  for (const double l : influence) {
    squares += l * l;
    cubes += l * l * l;
  }
  return squares > 0 ? cubes / (6 * std::pow(squares, 1.5)) : 0.0;
}

/// The bias-corrected and accelerated interval (Efron 1987) with a given acceleration, R's boot.ci(type = "bca").
[[nodiscard]] inline estimate bca_interval(const bootstrap_result& b, double accelerated, double level = 0.95) {
  detail::require_level(level);
  const auto sorted = detail::sorted_replicates(b);
  const auto below = std::lower_bound(sorted.begin(), sorted.end(), b.value) - sorted.begin();
  const double w = normal_quantile(static_cast<double>(below) / static_cast<double>(sorted.size()));
  if (std::isinf(w))
    throw argument_error("A BCa interval needs replicates on both sides of the value; take the percentile interval.");
  const auto limit = [&](double alpha) {
    const double z = w + normal_quantile(alpha);
    return detail::order_statistic(sorted, normal_cdf(w + z / (1 - accelerated * z)));
  };
  return {b.value, limit((1 - level) / 2), limit((1 + level) / 2)};
}

/// Runs `statistic(multiplicities) -> double` on the data and on every resample, in parallel; replicate r is a function
/// of (seed, r) alone. `make_statistic()` is called once per chunk and returns the statistic, so that scratch space is
/// not shared. A replicate counts as undefined when it is NaN or throws argument_error.
template <class MakeStatistic>
[[nodiscard]] bootstrap_result bootstrap(const resampling& plan, MakeStatistic&& make_statistic,
                                         const bootstrap_options& options = {}) {
  if (options.replicates < 2)
    throw argument_error(sentence("A bootstrap needs at least 2 replicates, got ", options.replicates, "."));
  std::vector<double> all(options.replicates, std::nan(""));
  bootstrap_result out;
  {
    auto statistic = make_statistic();
    const std::vector<std::uint32_t> once(plan.size(), 1u);
    out.value = statistic(multiplicities(once));
  }
  parallel_for(static_cast<std::int64_t>(options.replicates), 128, [&](std::int64_t begin, std::int64_t end) {
    auto statistic = make_statistic();
    std::vector<std::uint32_t> units, times;
    for (auto r = begin; r < end; ++r) {
      random_stream stream(options.seed.fold(r));
      plan.draw(stream, units, times);
      try {
        all[static_cast<std::size_t>(r)] = statistic(multiplicities(times));
      } catch (const argument_error&) {
        // one class only, or whatever else the statistic needs and this resample lacks: stays undefined
      }
    }
  });
  out.replicates.reserve(all.size());
  for (const double t : all) {
    if (std::isnan(t))
      ++out.undefined;
    else
      out.replicates.push_back(t);
  }
  return out;
}

/// A statistic of resampled cases from a function of a tie_table (auc_of, auc_pr_of, partial_auc_of, ...): sorted once,
/// one pass over the multiplicities per replicate. `ranked` must outlive it.
template <class Function>
[[nodiscard]] auto table_statistic(const ranked_scores& ranked, Function function) {
  return [&ranked, function] {
    return [&ranked, function, table = tie_table()](multiplicities times) mutable -> double {
      ranked.resampled(times, table);
      return function(table);
    };
  };
}

/// The same for the difference first - second of two models on the same cases.
template <class Function>
[[nodiscard]] auto table_difference(const ranked_scores& first, const ranked_scores& second, Function function) {
  detail::require_same_cases(first, second, "A paired bootstrap");
  return [&first, &second, function] {
    return [&first, &second, function, a = tie_table(), b = tie_table()](multiplicities times) mutable -> double {
      first.resampled(times, a);
      second.resampled(times, b);
      return function(a) - function(b);
    };
  };
}

/// A statistic from any model of `metric` whose value is a number (or is made one by `project`): each case is shown as
/// often as it was drawn. `cases` must outlive it.
template <class M, class Project = std::identity>
[[nodiscard]] auto metric_statistic(std::span<const typename M::observation> cases, M fresh = M(),
                                    Project project = {}) {
  static_assert(explain_metric<M>());
  return [cases, fresh, project] {
    return [cases, fresh, project](multiplicities times) -> double {
      if (times.size() != cases.size())
        throw argument_error(sentence("A resample of ", cases.size(), " cases needs as many multiplicities, got ",
                                      times.size(), "; make the plan from the same cases."));
      M whole = fresh;
      for (std::size_t i = 0; i < cases.size(); ++i)
        for (std::uint32_t k = 0; k < times[i]; ++k) whole.update(cases[i]);
      return static_cast<double>(project(whole.value()));
    };
  };
}

/// The paired test of pROC's roc.test(method = "bootstrap"), for any statistic: z = value / sd(replicates) where the
/// replicates are those of a difference.
struct bootstrap_test {
  double difference = 0;
  double statistic = 0;  ///< z
  double p = 1;
  double low = 0, high = 0;  ///< quantile interval of the difference
  std::size_t undefined = 0;
};

[[nodiscard]] inline bootstrap_test test_difference(const bootstrap_result& b,
                                                    alternative side = alternative::two_sided, double level = 0.95) {
  const double se = b.standard_error();
  const auto limits = quantile_interval(b, level);
  const double z = b.value == 0 && !(se > 0) ? 0.0 : b.value / se;
  return {b.value, z, normal_p(z, side), limits.low, limits.high, b.undefined};
}

/// Leave-one-unit-out influence values (jackknife) of a statistic of multiplicities, one per unit that is drawn.
template <class MakeStatistic>
[[nodiscard]] std::vector<double> jackknife_influence(const cluster_index& units, MakeStatistic&& make_statistic) {
  std::vector<double> t(units.count(), 0.0);
  const auto n = static_cast<double>(units.count());
  parallel_for(static_cast<std::int64_t>(units.count()), 64, [&](std::int64_t begin, std::int64_t end) {
    auto statistic = make_statistic();
    std::vector<std::uint32_t> times(units.size());
    for (auto u = begin; u < end; ++u) {
      for (std::size_t i = 0; i < times.size(); ++i) times[i] = units[i] == static_cast<std::uint32_t>(u) ? 0u : 1u;
      t[static_cast<std::size_t>(u)] = statistic(multiplicities(times));
    }
  });
  const double mean = std::accumulate(t.begin(), t.end(), 0.0) / n;
  for (auto& value : t) value = (n - 1) * (mean - value);
  return t;
}

}  // namespace synthmed

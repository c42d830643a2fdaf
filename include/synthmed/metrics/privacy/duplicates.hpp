// Synthetic records that are copies of training records: exact ones, and ones too close for chance.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/inference/bootstrap.hpp>
#include <synthmed/metrics/privacy/nearest.hpp>

namespace synthmed {

/// What counts as a duplicate; fixed before looking.
struct duplicate_options {
  /// A duplicate lies below this quantile of d(H, T), the held-out records' distances to the training set.
  double quantile = 0.001;
  /// And it is improbable: nearest distances follow c x^m at their lower end (m: how many directions the data vary in),
  /// so the tails of d(H, T) and d(S, H) say below which distance any of the |S| synthetic records falls by chance with
  /// at most this probability. Without it the quantile alone would call the closest of some hundred unrelated records a
  /// copy half of the time. 1 turns this condition off.
  double chance = 0.001;
};

/// Why a distance was, or was not, taken for a copy's.
struct duplicate_limits {
  double quantile_limit = 0;  ///< the quantile of d(H, T)
  double tail_limit = 0;      ///< the smaller of the two tails' distances of the given chance
  [[nodiscard]] double threshold() const noexcept { return std::min(quantile_limit, tail_limit); }
};

/// A synthetic record and its nearest training record.
struct nearest_pair {
  std::size_t synthetic = 0, train = 0;  ///< rows
  double distance = 0;
  double ratio = 0;        ///< distance over the second nearest training record's (NNDR)
  bool exact = false;      ///< distance 0: equal in every feature
  bool duplicate = false;  ///< below the threshold
};

namespace detail {

/// The distance below which one of `draws` values falls with probability `chance`, from the lower tail of `sample`:
/// Hill's estimate of the exponent from the lowest tenth (10 to 100 values), lowered by one standard error.
[[nodiscard]] inline double lower_tail_limit(std::vector<double> sample, double chance, double draws) {
  std::sort(sample.begin(), sample.end());
  const std::size_t n = sample.size();
  const std::size_t k = std::min(std::clamp<std::size_t>(n / 10, 10, 100), n / 2);
  if (k < 2 || !(sample[0] > 0)) return 0;  // held-out records coincide with training ones: distance proves nothing
  double logs = 0;
  for (std::size_t i = 0; i < k; ++i) logs += std::log(sample[k] / sample[i]);
  if (!(logs > 0)) return 0;
  const double count = static_cast<double>(k);
  const double exponent = count / logs * (1.0 - 1.0 / std::sqrt(count));
  return sample[k] * std::pow(chance / draws * static_cast<double>(n) / count, 1.0 / exponent);
}

}  // namespace detail

/// The limits for a set of distances. Throws argument_error for probabilities outside (0, 1].
[[nodiscard]] inline duplicate_limits duplicate_limits_of(const privacy_distances& d,
                                                          const duplicate_options& options = {}) {
  if (!(options.quantile > 0 && options.quantile <= 1 && options.chance > 0 && options.chance <= 1))
    throw argument_error(sentence("Duplicate limits need probabilities in (0, 1], got quantile ", options.quantile,
                                  " and chance ", options.chance, "."));
  const auto control = privacy_distances::nearest(d.holdout_to_train);
  duplicate_limits out{quantile(control, options.quantile), std::numeric_limits<double>::infinity()};
  if (options.chance < 1) {
    const auto draws = static_cast<double>(d.synthetic_to_train.rows);
    out.tail_limit =
        std::min(detail::lower_tail_limit(control, options.chance, draws),
                 detail::lower_tail_limit(privacy_distances::nearest(d.synthetic_to_holdout), options.chance, draws));
  }
  return out;
}

/// Every synthetic record with its nearest training record, closest first (equal distances by row).
[[nodiscard]] inline std::vector<nearest_pair> nearest_pairs(const privacy_distances& d,
                                                             const duplicate_limits& limits) {
  std::vector<nearest_pair> out;
  const auto ratios = privacy_distances::ratios(d.synthetic_to_train);
  for (std::size_t i = 0; i < d.synthetic_to_train.rows; ++i) {
    const double distance = d.synthetic_to_train.distances(i)[0];
    out.push_back(
        {i, d.synthetic_to_train.indices(i)[0], distance, ratios[i], distance == 0.0, distance < limits.threshold()});
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const nearest_pair& a, const nearest_pair& b) { return a.distance < b.distance; });
  return out;
}

}  // namespace synthmed

// Confidence intervals: the record, and the intervals of a single proportion.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <synthmed/error.hpp>
#include <synthmed/metrics/inference/special.hpp>

namespace synthmed {

/// A value with its confidence limits. Limits that are not defined are NaN.
struct estimate {
  double value = 0;
  double low = 0;
  double high = 0;
};

/// Which deviation from the null hypothesis counts. `less`: the (first minus second) difference is below zero.
enum class alternative { two_sided, less, greater };

/// The p-value of a statistic that is standard normal under the null hypothesis.
[[nodiscard]] inline double normal_p(double z, alternative side = alternative::two_sided) noexcept {
  switch (side) {
    case alternative::less:
      return normal_cdf(z);
    case alternative::greater:
      return normal_cdf(-z);
    default:
      return normal_two_sided(z);
  }
}

namespace detail {
inline void require_count(std::int64_t hits, std::int64_t n) {
  if (n < 1 || hits < 0 || hits > n)
    throw argument_error(sentence("A proportion needs 0 <= hits <= n and n >= 1, got ", hits, " of ", n, "."));
}
inline double two_sided_z(double level) {
  require_level(level);
  return normal_quantile(0.5 + level / 2);
}
}  // namespace detail

/// Exact interval of a proportion (Clopper and Pearson 1934), as R's binom.test and caret print it.
/// Throws argument_error unless 0 <= hits <= n, n >= 1.
[[nodiscard]] inline estimate clopper_pearson(std::int64_t hits, std::int64_t n, double level = 0.95) {
  detail::require_count(hits, n);
  detail::require_level(level);
  const double tail = (1 - level) / 2, k = static_cast<double>(hits), total = static_cast<double>(n);
  return {k / total, hits == 0 ? 0.0 : beta_quantile(tail, k, total - k + 1),
          hits == n ? 1.0 : beta_quantile(1 - tail, k + 1, total - k)};
}

/// Score interval of a proportion (Wilson 1927), as R's prop.test without continuity correction.
[[nodiscard]] inline estimate wilson(std::int64_t hits, std::int64_t n, double level = 0.95) {
  detail::require_count(hits, n);
  const double z = detail::two_sided_z(level), total = static_cast<double>(n), p = static_cast<double>(hits) / total;
  const double centre = p + z * z / (2 * total);
  const double reach = z * std::sqrt(p * (1 - p) / total + z * z / (4 * total * total));
  const double scale = 1 + z * z / total;
  return {p, hits == 0 ? 0.0 : (centre - reach) / scale, hits == n ? 1.0 : (centre + reach) / scale};
}

/// Interval on the logit scale for a share with a standard error: stays inside (0, 1). Boyd, Eng and Page (2013)
/// recommend it for the area under a precision-recall curve. NaN limits when value is 0 or 1.
[[nodiscard]] inline estimate logit_interval(double value, double standard_error, double level = 0.95) {
  detail::require_probability(value, "The value of a logit interval");
  const double reach = detail::two_sided_z(level) * standard_error / (value * (1 - value));
  if (!std::isfinite(reach)) return {value, std::nan(""), std::nan("")};
  const double logit = std::log(value / (1 - value));
  return {value, 1 / (1 + std::exp(-(logit - reach))), 1 / (1 + std::exp(-(logit + reach)))};
}

/// Binomial interval of an area under a precision-recall curve (Boyd, Eng and Page 2013): the normal approximation with
/// variance value (1 - value) / positives, clipped to [0, 1].
[[nodiscard]] inline estimate binomial_interval(double value, std::int64_t positives, double level = 0.95) {
  detail::require_probability(value, "The value of a binomial interval");
  if (positives < 1) throw argument_error("A binomial interval of an AUC-PR needs at least one positive case.");
  const double reach = detail::two_sided_z(level) * std::sqrt(value * (1 - value) / static_cast<double>(positives));
  return {value, std::max(0.0, value - reach), std::min(1.0, value + reach)};
}

/// value ± z standard_error, clipped to [least, most].
[[nodiscard]] inline estimate normal_interval(double value, double standard_error, double level = 0.95,
                                              double least = -std::numeric_limits<double>::infinity(),
                                              double most = std::numeric_limits<double>::infinity()) {
  const double reach = detail::two_sided_z(level) * standard_error;
  return {value, std::max(least, value - reach), std::min(most, value + reach)};
}

}  // namespace synthmed

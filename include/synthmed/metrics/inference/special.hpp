// Distribution functions that the tests and intervals need, on top of Boost.Math's incomplete gamma and beta functions.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/gamma.hpp>

#include <synthmed/error.hpp>

namespace synthmed {

namespace detail {
inline void require_probability(double p, const char* what) {
  if (!(p >= 0 && p <= 1)) throw argument_error(sentence(what, " is a probability in [0, 1], got ", p, "."));
}
inline void require_level(double level) {
  if (!(level > 0 && level < 1))
    throw argument_error(sentence("A confidence level lies strictly between 0 and 1 (as 0.95), got ", level, "."));
}
}  // namespace detail

/// P[Z <= z], Z standard normal.
[[nodiscard]] inline double normal_cdf(double z) noexcept { return 0.5 * std::erfc(-z * 0.70710678118654752440); }

/// 2 P[Z >= |z|]: the two-sided p-value of a standard normal statistic, without cancellation in the tail.
[[nodiscard]] inline double normal_two_sided(double z) noexcept {
  return std::erfc(std::fabs(z) * 0.70710678118654752440);
}

/// The z with P[Z <= z] = p; -inf for 0 and inf for 1. Throws argument_error outside [0, 1].
[[nodiscard]] inline double normal_quantile(double p) {
  detail::require_probability(p, "The argument of normal_quantile");
  if (p == 0) return -std::numeric_limits<double>::infinity();
  if (p == 1) return std::numeric_limits<double>::infinity();
  return -1.41421356237309504880 * boost::math::erfc_inv(2 * p);
}

/// 2 P[T >= |t|], T with `df` degrees of freedom (any positive number). Throws argument_error for df <= 0.
[[nodiscard]] inline double student_two_sided(double t, double df) {
  if (!(df > 0)) throw argument_error(sentence("Student's t needs positive degrees of freedom, got ", df, "."));
  if (std::isinf(t)) return 0;
  return boost::math::ibeta(df / 2, 0.5, df / (df + t * t));
}

/// P[T <= t].
[[nodiscard]] inline double student_cdf(double t, double df) {
  const double half = student_two_sided(t, df) / 2;
  return t > 0 ? 1 - half : half;
}

/// The t with P[T <= t] = p, 0 < p < 1.
[[nodiscard]] inline double student_quantile(double p, double df) {
  if (!(df > 0)) throw argument_error(sentence("Student's t needs positive degrees of freedom, got ", df, "."));
  if (!(p > 0 && p < 1)) throw argument_error(sentence("A t quantile needs 0 < p < 1, got ", p, "."));
  const double tail = p < 0.5 ? p : 1 - p;
  if (tail == 0.5) return 0;
  double complement = 0;
  const double x = boost::math::ibeta_inv(df / 2, 0.5, 2 * tail, &complement);
  const double t = std::sqrt(df * complement / x);
  return p < 0.5 ? -t : t;
}

/// P[X >= x], X chi-squared with `df` degrees of freedom.
[[nodiscard]] inline double chi_squared_survival(double x, double df) {
  if (!(df > 0)) throw argument_error(sentence("A chi-squared test needs positive degrees of freedom, got ", df, "."));
  if (!(x > 0)) return 1;
  return std::isinf(x) ? 0.0 : boost::math::gamma_q(df / 2, x / 2);
}

/// P[X >= k], X binomial(n, p): the upper tail, exact.
[[nodiscard]] inline double binomial_survival(std::int64_t k, std::int64_t n, double p) {
  detail::require_probability(p, "A binomial success rate");
  if (n < 0 || k > n) return 0;
  if (k <= 0) return 1;
  return boost::math::ibeta(static_cast<double>(k), static_cast<double>(n - k + 1), p);
}

/// P[X <= k], X binomial(n, p).
[[nodiscard]] inline double binomial_cdf(std::int64_t k, std::int64_t n, double p) {
  detail::require_probability(p, "A binomial success rate");
  if (k >= n) return 1;
  if (k < 0) return 0;
  return boost::math::ibetac(static_cast<double>(k + 1), static_cast<double>(n - k), p);
}

/// The x with P[B <= x] = p, B beta-distributed with positive parameters.
[[nodiscard]] inline double beta_quantile(double p, double a, double b) {
  detail::require_probability(p, "The argument of beta_quantile");
  if (!(a > 0 && b > 0))
    throw argument_error(sentence("A beta distribution needs a > 0 and b > 0, got ", a, ", ", b, "."));
  return boost::math::ibeta_inv(a, b, p);
}

}  // namespace synthmed

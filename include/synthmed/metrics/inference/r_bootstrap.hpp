// Seeded bootstraps of R packages, digit for digit: pROC's resampling order and boot's, on r_stream.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/inference/bootstrap.hpp>
#include <synthmed/metrics/inference/linear.hpp>
#include <synthmed/random/r_compat.hpp>

namespace synthmed {

/// Settings that mean what they mean in R.
struct r_bootstrap_options {
  std::size_t replicates = 2000;  ///< boot.n (pROC) or R (boot)
  std::uint32_t seed = 1337;      ///< set.seed(seed) immediately before the call
  bool stratified = true;         ///< pROC's boot.stratified; ignored by boot_ordinary
};

namespace detail {
inline void keep(bootstrap_result& out, double t) {
  if (std::isnan(t))
    ++out.undefined;
  else
    out.replicates.push_back(t);
}
template <class Statistic>
double or_nan(Statistic& statistic, multiplicities times) {
  try {
    return statistic(times);
  } catch (const argument_error&) {
    return std::nan("");
  }
}
}  // namespace detail

/// pROC's resamples: stratified, controls are drawn first, then cases; else all together. Sequential, because one
/// stream feeds all replicates. `make_statistic` as for bootstrap(): table_statistic (ci.auc), table_difference
/// (roc.test, paired). Use quantile_interval and test_difference on the result.
template <class MakeStatistic>
[[nodiscard]] bootstrap_result proc_bootstrap(std::span<const std::uint8_t> labels, MakeStatistic&& make_statistic,
                                              const r_bootstrap_options& options = {}) {
  std::vector<std::uint32_t> controls, cases, everything;
  for (std::uint32_t i = 0; i < labels.size(); ++i) {
    (labels[i] ? cases : controls).push_back(i);
    everything.push_back(i);
  }
  auto statistic = make_statistic();
  r_stream stream(options.seed);
  std::vector<std::uint32_t> times(labels.size(), 1u);
  bootstrap_result out;
  out.value = statistic(multiplicities(times));
  const auto draw = [&](const std::vector<std::uint32_t>& from) {
    for (std::size_t i = 0; i < from.size(); ++i) ++times[from[stream.below(static_cast<std::uint32_t>(from.size()))]];
  };
  for (std::size_t r = 0; r < options.replicates; ++r) {
    std::fill(times.begin(), times.end(), 0u);
    if (options.stratified) {
      draw(controls);
      draw(cases);
    } else {
      draw(everything);
    }
    detail::keep(out, detail::or_nan(statistic, times));
  }
  return out;
}

/// boot's result: the replicates and how often each case occurred in each of them (rows: replicates).
struct boot_result : bootstrap_result {
  std::vector<std::uint32_t> frequencies;
  std::size_t cases = 0;
};

/// boot::boot(data, statistic, R, sim = "ordinary") after set.seed: all n R indices are drawn first and dealt out down
/// the columns, so replicate r gets draws r, r + R, r + 2 R, ...  A replicate on which the statistic is not defined,
/// where boot stops, is left out and counted.
template <class MakeStatistic>
[[nodiscard]] boot_result boot_ordinary(std::size_t cases, MakeStatistic&& make_statistic,
                                        const r_bootstrap_options& options = {}) {
  if (cases == 0 || cases > 0x7FFFFFFFu)
    throw argument_error(sentence("boot needs at least one case, got ", cases, "."));
  r_stream stream(options.seed);
  std::vector<std::uint32_t> frequencies(options.replicates * cases, 0u);
  for (std::size_t draw = 0; draw < cases; ++draw)
    for (std::size_t r = 0; r < options.replicates; ++r)
      ++frequencies[r * cases + stream.below(static_cast<std::uint32_t>(cases))];
  auto statistic = make_statistic();
  boot_result out;
  out.cases = cases;
  const std::vector<std::uint32_t> once(cases, 1u);
  out.value = statistic(multiplicities(once));
  for (std::size_t r = 0; r < options.replicates; ++r) {
    const multiplicities times(frequencies.data() + r * cases, cases);
    const double t = detail::or_nan(statistic, times);
    detail::keep(out, t);
    if (!std::isnan(t)) out.frequencies.insert(out.frequencies.end(), times.begin(), times.end());
  }
  return out;
}

/// Influence values by regression of the replicates on the frequencies (Davison and Hinkley 1997, section 2.7.4), which
/// boot.ci(type = "bca") uses: bca_interval(b, acceleration(regression_influence(b))).
/// Throws argument_error when there are no more replicates than cases.
[[nodiscard]] inline std::vector<double> regression_influence(const boot_result& b) {
  const std::size_t n = b.cases, rows = b.replicates.size();
  constexpr const char* too_few =
      "Regression influence needs clearly more replicates than cases, and every case in some replicate; raise the "
      "number of replicates.";
  if (rows <= n || n < 2) throw argument_error(too_few);
  // Ordinary least squares with an intercept; the first case's column follows from the others (rows sum to n) and is
  // left out. Centring replaces the intercept; counts are integers, so the products are exact before centring.
  const std::size_t k = n - 1;
  std::vector<double> mean(k, 0.0), cross(k, 0.0), gram(k * k, 0.0);
  double mean_t = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t i = 0; i < k; ++i) mean[i] += b.frequencies[r * n + i + 1];
    mean_t += b.replicates[r];
  }
  for (auto& m : mean) m /= static_cast<double>(rows);
  mean_t /= static_cast<double>(rows);
  std::vector<double> centred(k);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t i = 0; i < k; ++i) centred[i] = b.frequencies[r * n + i + 1] - mean[i];
    for (std::size_t i = 0; i < k; ++i) {
      cross[i] += centred[i] * (b.replicates[r] - mean_t);
      for (std::size_t j = 0; j <= i; ++j) gram[i * k + j] += centred[i] * centred[j];
    }
  }
  const auto slope = detail::solve_spd(std::move(gram), std::move(cross), too_few);
  std::vector<double> influence(n, 0.0);
  double sum = 0;
  for (std::size_t i = 0; i < k; ++i) {
    influence[i + 1] = slope[i] * static_cast<double>(n);
    sum += influence[i + 1];
  }
  for (auto& l : influence) l -= sum / static_cast<double>(n);
  return influence;
}

}  // namespace synthmed

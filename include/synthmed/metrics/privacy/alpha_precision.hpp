// Alpha-precision and beta-recall (Alaa et al. 2022) with balls around the means, as their reference code has them.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/features.hpp>
#include <synthmed/metrics/inference/bootstrap.hpp>
#include <synthmed/metrics/neighbours.hpp>

namespace synthmed {

/// Curves over the mass alpha (beta) of the typical part of the real (synthetic) set, and one number for each: 1 - 2
/// times the mean gap to the diagonal. 1: equal sets.
struct alpha_precision_result {
  std::vector<double> alphas, precision, coverage;
  double delta_precision = 0, delta_coverage = 0;
};

/// Throws shape_error for different widths, argument_error below two rows or two alphas.
[[nodiscard]] inline alpha_precision_result alpha_precision(feature_view real, feature_view synthetic,
                                                            std::size_t points = 30) {
  require_same_dimensions(real, synthetic);
  require_rows(real, 2, "Alpha-precision", "real");
  require_rows(synthetic, 2, "Alpha-precision", "synthetic");
  require_finite(real, "real");
  require_finite(synthetic, "synthetic");
  if (points < 2) throw argument_error(sentence("Alpha-precision needs at least 2 alphas, got ", points, "."));
  const auto to_mean = [](feature_view centre_of, feature_view rows) {
    std::vector<double> mean(rows.dimensions()), out(rows.rows());
    for (std::size_t i = 0; i < centre_of.rows(); ++i)
      for (std::size_t j = 0; j < mean.size(); ++j)
        mean[j] += centre_of.row(i)[j] / static_cast<double>(centre_of.rows());
    for (std::size_t i = 0; i < out.size(); ++i) {
      for (std::size_t j = 0; j < mean.size(); ++j) out[i] += (rows.row(i)[j] - mean[j]) * (rows.row(i)[j] - mean[j]);
      out[i] = std::sqrt(out[i]);
    }
    return out;
  };
  const auto real_radius = to_mean(real, real), synthetic_at = to_mean(real, synthetic);
  const auto own_radius = to_mean(synthetic, synthetic);
  const auto nearest = nearest_neighbours(real, synthetic, 1),
             among = nearest_neighbours(real, real, 1, self_pairs::exclude);
  std::vector<double> matched(real.rows());
  for (std::size_t i = 0; i < matched.size(); ++i) matched[i] = own_radius[nearest.indices(i)[0]];

  alpha_precision_result out;
  double gap_precision = 0, gap_coverage = 0;
  for (std::size_t p = 0; p < points; ++p) {
    const double alpha = static_cast<double>(p) / static_cast<double>(points - 1);
    const double radius = quantile(real_radius, alpha), reach = quantile(matched, alpha);
    double inside = 0, covered = 0;
    for (const double distance : synthetic_at) inside += distance <= radius;
    for (std::size_t i = 0; i < matched.size(); ++i)
      covered += nearest.distances(i)[0] <= among.distances(i)[0] && matched[i] <= reach;
    out.alphas.push_back(alpha);
    out.precision.push_back(inside / static_cast<double>(synthetic.rows()));
    out.coverage.push_back(covered / static_cast<double>(real.rows()));
    gap_precision += std::abs(alpha - out.precision.back());
    gap_coverage += std::abs(alpha - out.coverage.back());
  }
  const double step = 1.0 / static_cast<double>(points - 1);
  out.delta_precision = 1 - 2 * gap_precision * step;
  out.delta_coverage = 1 - 2 * gap_coverage * step;
  return out;
}

}  // namespace synthmed

// Improved precision and recall, density, coverage and realism: do the two sets lie where the other one does?
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/features.hpp>
#include <synthmed/metrics/kid.hpp>
#include <synthmed/metrics/neighbours.hpp>

namespace synthmed {

/// Whether a point on the surface of a ball lies in it.
enum class ball_border {
  strict,    ///< distance < radius, as the prdc package
  inclusive  ///< distance <= radius, as torch-fidelity
};

struct prdc_options {
  std::size_t neighbours = 5;  ///< k: a ball reaches to the k-th neighbour in its own set, itself not counted
  ball_border border = ball_border::strict;  ///< matters for tied distances only (duplicates)
};

struct prdc_result {
  double precision = 0;  ///< share of candidates inside at least one ball of the reference (Kynkäänniemi et al. 2019)
  double recall = 0;     ///< share of references inside at least one ball of the candidates
  double density = 0;    ///< balls of the reference around a candidate, over k (Naeem et al. 2020); may exceed 1
  double coverage = 0;   ///< share of the reference's balls that hold a candidate
  std::size_t neighbours = 0;
};

namespace detail {

[[nodiscard]] inline std::vector<double> ball_radii(feature_view set, std::size_t k) {
  const auto table = nearest_neighbours(set, set, k, self_pairs::exclude);
  std::vector<double> radii(set.rows());
  for (std::size_t i = 0; i < radii.size(); ++i) radii[i] = table.distances(i).back();
  return radii;
}

[[nodiscard]] inline bool in_ball(double distance, double radius, ball_border border) {
  return border == ball_border::strict ? distance < radius : distance <= radius;
}

}  // namespace detail

/// Precision, recall, density and coverage of `candidate` (synthetic) against `reference` (real). Distances are plain
/// differences in double. Throws argument_error unless both sets have more than k rows; shape_error for other widths.
[[nodiscard]] inline prdc_result prdc(feature_view reference, feature_view candidate, const prdc_options& options) {
  require_same_dimensions(reference, candidate);
  require_finite(reference, "reference");
  require_finite(candidate, "candidate");
  const std::size_t n = reference.rows(), m = candidate.rows(), k = options.neighbours;
  if (k == 0 || n <= k || m <= k)
    throw argument_error(sentence("Precision and recall with ", k,
                                  " neighbours need at least 1 neighbour and more than ", k, " rows in each set, got ",
                                  n, " and ", m, "."));
  const auto real_radius = detail::ball_radii(reference, k), fake_radius = detail::ball_radii(candidate, k);
  std::vector<std::size_t> balls_around(m);
  for_each_distance(candidate, reference, [&](std::size_t j, std::size_t first, std::span<const double> squared) {
    for (std::size_t lane = 0; lane < squared.size(); ++lane)
      balls_around[j] += detail::in_ball(std::sqrt(squared[lane]), real_radius[first + lane], options.border);
  });
  std::vector<char> recalled(n), covered(n);
  for_each_distance(reference, candidate, [&](std::size_t i, std::size_t first, std::span<const double> squared) {
    for (std::size_t lane = 0; lane < squared.size(); ++lane) {
      const double distance = std::sqrt(squared[lane]);
      if (detail::in_ball(distance, fake_radius[first + lane], options.border)) recalled[i] = 1;
      if (detail::in_ball(distance, real_radius[i], options.border)) covered[i] = 1;
    }
  });
  prdc_result out;
  out.neighbours = k;
  for (const std::size_t balls : balls_around) {
    out.precision += balls > 0;
    out.density += static_cast<double>(balls);
  }
  out.precision /= static_cast<double>(m);
  out.density /= static_cast<double>(k) * static_cast<double>(m);
  out.recall = static_cast<double>(std::count(recalled.begin(), recalled.end(), 1)) / static_cast<double>(n);
  out.coverage = static_cast<double>(std::count(covered.begin(), covered.end(), 1)) / static_cast<double>(n);
  return out;
}

/// With five neighbours and strict borders.
[[nodiscard]] inline prdc_result prdc(feature_view reference, feature_view candidate) {
  return prdc(reference, candidate, prdc_options{});
}

/// Realism of each candidate (Kynkäänniemi et al. 2019, equation 7): the largest radius / distance over the reference's
/// balls whose radius is below the median radius. At least 1: inside one of them; infinite on top of a centre.
[[nodiscard]] inline std::vector<double> realism(feature_view reference, feature_view candidate, std::size_t k = 3) {
  require_same_dimensions(reference, candidate);
  require_finite(reference, "reference");
  require_finite(candidate, "candidate");
  const auto radius = detail::ball_radii(reference, k);
  auto sorted = radius;
  std::sort(sorted.begin(), sorted.end());
  const double median = sorted.size() % 2 == 1 ? sorted[sorted.size() / 2]
                                               : (sorted[sorted.size() / 2 - 1] + sorted[sorted.size() / 2]) / 2;
  std::vector<double> out(candidate.rows(), 0.0);
  for_each_distance(candidate, reference, [&](std::size_t j, std::size_t first, std::span<const double> squared) {
    for (std::size_t lane = 0; lane < squared.size(); ++lane) {
      if (!(radius[first + lane] < median)) continue;
      const double distance = std::sqrt(squared[lane]);
      out[j] =
          std::max(out[j], distance > 0 ? radius[first + lane] / distance : std::numeric_limits<double>::infinity());
    }
  });
  return out;
}

namespace detail {
inline constexpr auto default_prdc = [](feature_view reference, feature_view candidate) {
  return prdc(reference, candidate);
};
}  // namespace detail

/// prdc() with its defaults as a set_metric.
using prdc_metric = stored_sets_metric<detail::default_prdc>;
static_assert(set_metric<prdc_metric>);

}  // namespace synthmed

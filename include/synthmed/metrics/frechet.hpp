// The Fréchet distance between two sets of features, exact for any number of rows, real arithmetic only.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/feature_statistics.hpp>
#include <synthmed/metrics/features.hpp>
#include <synthmed/metrics/linalg.hpp>
#include <synthmed/metrics/metric.hpp>

namespace synthmed {

/// A Fréchet distance and what it is made of.
struct frechet_result {
  double value = 0;               ///< mean_term + trace1 + trace2 - 2 cross_term; rounding below 0 is reported as 0
  double mean_term = 0;           ///< |m1 - m2|^2
  double trace1 = 0, trace2 = 0;  ///< tr S1, tr S2
  double cross_term = 0;          ///< tr sqrt(S1 S2)
  std::size_t n1 = 0, n2 = 0;     ///< rows of the two sets, 0 where a statistics file does not say
  std::size_t dimensions = 0;
  std::size_t rank1 = 0, rank2 = 0;  ///< of the covariances: at most n - 1, numerically
  std::string method;                ///< "nuclear norm" or "cholesky", or "sqrtm" in the compat mode

  /// True when a covariance has no full rank: the value is exact for these rows and still biased for the population.
  [[nodiscard]] bool singular() const noexcept { return rank1 < dimensions || rank2 < dimensions; }
};

namespace detail {

/// One side of the distance: mean, trace and a factor F [rows, d] with F^T F = covariance.
struct covariance_side {
  std::size_t n = 0, rank = 0, factor_rows = 0;
  double trace = 0;
  std::vector<double> mean, factor;
  std::vector<double> lower;       // the Cholesky factor, where there is one
  std::vector<double> covariance;  // kept with it
};

[[nodiscard]] inline covariance_side side_of_rows(feature_view x) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(x.rows() - 1));
  covariance_side side{x.rows(), std::min(x.rows() - 1, x.dimensions()), x.rows(), 0, column_means(x), {}, {}, {}};
  side.factor = centred(x, side.mean, scale);
  side.trace = cblas_ddot(linalg::extent(side.factor.size()), side.factor.data(), 1, side.factor.data(), 1);
  return side;
}

[[nodiscard]] inline covariance_side side_of_moments(feature_moments m) {
  const std::size_t d = m.dimensions();
  if (d == 0 || m.covariance.size() != d * d)
    throw shape_error(sentence("A covariance of ", d, " features has ", d * d, " numbers, got ", m.covariance.size(),
                               "; expected at least one feature."));
  covariance_side side;
  side.n = m.n;
  side.mean = std::move(m.mean);
  for (std::size_t i = 0; i < d; ++i) side.trace += m.covariance[i * d + i];
  std::vector<double> lower = m.covariance;
  if (linalg::cholesky(lower, d)) {
    side.rank = d;
    side.lower = std::move(lower);
    side.covariance = std::move(m.covariance);
    return side;
  }
  // Rank-deficient: keep the eigenvectors that rise above rounding.
  auto eigen = linalg::symmetric_eigen(std::move(m.covariance), d);
  const double largest = std::max(0.0, eigen.values.back());
  const double least = static_cast<double>(d) * std::numeric_limits<double>::epsilon() * largest;
  for (std::size_t i = 0; i < d; ++i) {
    if (!(eigen.values[i] > least)) continue;
    const double root = std::sqrt(eigen.values[i]);
    for (std::size_t j = 0; j < d; ++j) side.factor.push_back(root * eigen.vectors[i * d + j]);
    ++side.factor_rows;
  }
  side.rank = side.factor_rows;
  return side;
}

/// The factor of a side: what it has, or L^T.
[[nodiscard]] inline std::vector<double> factor_of(const covariance_side& side, std::size_t& rows) {
  if (side.lower.empty()) {
    rows = side.factor_rows;
    return side.factor;
  }
  rows = side.mean.size();
  std::vector<double> out(rows * rows);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j <= i; ++j) out[j * rows + i] = side.lower[i * rows + j];
  return out;
}

[[nodiscard]] inline frechet_result frechet_between(const covariance_side& a, const covariance_side& b) {
  const std::size_t d = a.mean.size();
  if (d != b.mean.size())
    throw shape_error(
        sentence("The two sets have ", d, " and ", b.mean.size(), " features; expected the same number."));
  frechet_result out;
  out.n1 = a.n;
  out.n2 = b.n;
  out.dimensions = d;
  out.rank1 = a.rank;
  out.rank2 = b.rank;
  out.trace1 = a.trace;
  out.trace2 = b.trace;
  for (std::size_t j = 0; j < d; ++j) out.mean_term += (a.mean[j] - b.mean[j]) * (a.mean[j] - b.mean[j]);
  if (!a.lower.empty() && !b.lower.empty()) {
    // S1 S2 = L L^T S2 has the eigenvalues of L^T S2 L, which is symmetric.
    out.method = "cholesky";
    const auto values = linalg::symmetric_eigenvalues(linalg::congruence(a.lower, b.covariance, d), d);
    for (const double value : values) out.cross_term += std::sqrt(std::max(value, 0.0));
  } else {
    // tr sqrt(F1^T F1 F2^T F2) is the nuclear norm of F1 F2^T: exact for any rank, nothing to clamp.
    out.method = "nuclear norm";
    std::size_t rows1 = 0, rows2 = 0;
    const auto factor1 = factor_of(a, rows1), factor2 = factor_of(b, rows2);
    out.cross_term = linalg::nuclear_norm(linalg::product_transposed(factor1, rows1, factor2, rows2, d), rows1, rows2);
  }
  out.value = std::max(0.0, out.mean_term + out.trace1 + out.trace2 - 2.0 * out.cross_term);
  return out;
}

[[nodiscard]] inline covariance_side side_of(const feature_statistics& s) {
  const feature_view rows = s.rows();
  return rows.rows() >= 2 && rows.rows() <= rows.dimensions() ? side_of_rows(rows) : side_of_moments(s.value());
}

}  // namespace detail

/// d^2 = |m1 - m2|^2 + tr S1 + tr S2 - 2 tr sqrt(S1 S2), covariances with divisor n - 1 (Dowson and Landau 1982;
/// Heusel et al. 2017). A set of at most d rows enters by its rows: tr sqrt(S1 S2) is then the nuclear norm of
/// X Y^T / sqrt((n1 - 1)(n2 - 1)), so nothing of size d x d is formed and no square root is complex; otherwise by
/// Cholesky factor and eigenvalues. Agrees with sqrtm codes to 1e-9 relative where both covariances have full rank;
/// where they have not, those codes carry errors of about 1e-5 and this does not.
/// Throws shape_error for different widths, argument_error below two rows and for non-finite numbers.
[[nodiscard]] inline frechet_result frechet_distance(const feature_statistics& a, const feature_statistics& b) {
  for (const auto* set : {&a, &b})
    if (set->count() < 2)
      throw argument_error(
          sentence("A Fréchet distance needs at least 2 rows in each set, got ", a.count(), " and ", b.count(), "."));
  return detail::frechet_between(detail::side_of(a), detail::side_of(b));
}

[[nodiscard]] inline frechet_result frechet_distance(feature_view a, feature_view b) {
  require_same_dimensions(a, b);
  require_rows(a, 2, "A Fréchet distance", "first");
  require_rows(b, 2, "A Fréchet distance", "second");
  require_finite(a, "first");
  require_finite(b, "second");
  const auto side = [](feature_view x) {
    return x.rows() <= x.dimensions() ? detail::side_of_rows(x) : detail::side_of_moments(moments_of(x));
  };
  return detail::frechet_between(side(a), side(b));
}

/// The same from means and covariances alone (statistics files).
[[nodiscard]] inline frechet_result frechet_distance(const feature_moments& a, const feature_moments& b) {
  return detail::frechet_between(detail::side_of_moments(a), detail::side_of_moments(b));
}

/// The Fréchet distance as a set_metric: gathers both sides batch by batch, merges, and is exact at any size.
class frechet_metric {
 public:
  using observation = feature_view;

  void update(set_side side, const feature_view& batch) {
    (side == set_side::reference ? reference_ : candidate_).update(batch);
  }
  void merge(const frechet_metric& part) {
    reference_.merge(part.reference_);
    candidate_.merge(part.candidate_);
  }
  [[nodiscard]] frechet_result value() const { return frechet_distance(reference_, candidate_); }
  [[nodiscard]] const feature_statistics& statistics(set_side side) const {
    return side == set_side::reference ? reference_ : candidate_;
  }

 private:
  feature_statistics reference_, candidate_;
};

static_assert(metric<feature_statistics> && set_metric<frechet_metric>);

/// The line through (1/n, distance) for growing numbers of candidates (Chong and Forsyth 2020, "Effectively unbiased
/// FID"): where it meets 1/n = 0 the bias that falls with 1/n is gone.
struct frechet_infinity_result {
  double value = 0;  ///< intercept; may be negative by noise
  double slope = 0;
  std::vector<std::size_t> sizes;
  std::vector<double> distances;
  /// True when a size is below d: there the bias does not fall with 1/n yet, and the line extrapolates a curve.
  bool below_dimensions = false;
};

/// Distances of all rows of `reference` to the first `sizes[i]` rows of `candidate` and the least-squares line through
/// them. Shuffle the candidates before when their order means something. Throws argument_error for fewer than two
/// different sizes, a size below 2 or beyond the rows there are.
[[nodiscard]] inline frechet_infinity_result frechet_infinity(feature_view reference, feature_view candidate,
                                                              std::vector<std::size_t> sizes) {
  if (sizes.size() < 2 || std::adjacent_find(sizes.begin(), sizes.end(), std::not_equal_to<>()) == sizes.end())
    throw argument_error(sentence("A line needs at least 2 different sizes, got ", sizes.size(), " sizes."));
  require_same_dimensions(reference, candidate);
  require_rows(reference, 2, "A Fréchet distance", "reference");
  require_finite(reference, "reference");
  const auto side = [](feature_view x) {
    return x.rows() <= x.dimensions() ? detail::side_of_rows(x) : detail::side_of_moments(moments_of(x));
  };
  const auto whole = side(reference);
  frechet_infinity_result out;
  for (const std::size_t size : sizes) {
    if (size < 2 || size > candidate.rows())
      throw argument_error(
          sentence("A size lies between 2 and the ", candidate.rows(), " candidate rows, got ", size, "."));
    const feature_view prefix(candidate.values().first(size * candidate.dimensions()), candidate.dimensions());
    require_finite(prefix, "candidate");
    out.distances.push_back(detail::frechet_between(whole, side(prefix)).value);
    out.below_dimensions = out.below_dimensions || size <= candidate.dimensions();
  }
  const double count = static_cast<double>(sizes.size());
  double mean_x = 0, mean_y = 0, xx = 0, xy = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    mean_x += 1.0 / static_cast<double>(sizes[i]) / count;
    mean_y += out.distances[i] / count;
  }
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const double x = 1.0 / static_cast<double>(sizes[i]) - mean_x;
    xx += x * x;
    xy += x * (out.distances[i] - mean_y);
  }
  out.slope = xy / xx;
  out.value = mean_y - out.slope * mean_x;
  out.sizes = std::move(sizes);
  return out;
}

/// `count` sizes evenly spaced from n / 10 (at least 2) to n.
[[nodiscard]] inline std::vector<std::size_t> infinity_sizes(std::size_t n, std::size_t count = 15) {
  const double low = std::max(2.0, static_cast<double>(n) / 10.0), high = static_cast<double>(n);
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i < count; ++i) {
    const double share = count > 1 ? static_cast<double>(i) / static_cast<double>(count - 1) : 1.0;
    const auto size = static_cast<std::size_t>(low + share * (high - low));
    if (sizes.empty() || sizes.back() != size) sizes.push_back(size);
  }
  return sizes;
}

}  // namespace synthmed

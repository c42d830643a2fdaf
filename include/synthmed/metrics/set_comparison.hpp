// Fidelity metrics of resamples: two sets prepared once, so that bootstraps and floors cost milliseconds per replicate.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/features.hpp>
#include <synthmed/metrics/frechet.hpp>
#include <synthmed/metrics/kid.hpp>
#include <synthmed/metrics/neighbours.hpp>
#include <synthmed/metrics/prdc.hpp>

namespace synthmed {

/// The fidelity metrics of one pair of sets.
struct fidelity_values {
  double frechet = 0, kid = 0, precision = 0, recall = 0, density = 0, coverage = 0;

  static constexpr std::size_t count = 6;
  [[nodiscard]] double operator[](std::size_t i) const {
    const double all[count] = {frechet, kid, precision, recall, density, coverage};
    return all[i];
  }
  [[nodiscard]] static const char* name(std::size_t i) {
    constexpr const char* names[count] = {"frechet", "kid", "precision", "recall", "density", "coverage"};
    return names[i];
  }
};

/// Rows of one pool from which weighted sets are compared. A weight is how often a row occurs in a set (0: not).
/// A row that occurs twice is never its own neighbour and never its own partner in KID's within-set means: without
/// these rules a bootstrap's copies would look like memorised images.
class set_comparison {
 public:
  /// Rows beyond this make tables of more than a gigabyte.
  static constexpr std::size_t row_limit = 8000;

  /// Throws argument_error above row_limit rows, for no rows or non-finite numbers.
  explicit set_comparison(feature_view pool, std::size_t neighbours = 5)
      : pool_(pool), rows_(pool.rows()), neighbours_(neighbours) {
    if (rows_ == 0 || rows_ > row_limit)
      throw argument_error(
          sentence("Resampled comparisons take between 1 and ", row_limit, " rows in all, got ", rows_, "."));
    require_finite(pool, "given");
    dots_ = linalg::product_transposed(pool.values(), rows_, pool.values(), rows_, pool.dimensions());
    distances_.resize(rows_ * rows_);
    for_each_distance(pool, pool, [&](std::size_t q, std::size_t first, std::span<const double> squared) {
      for (std::size_t lane = 0; lane < squared.size(); ++lane)
        distances_[q * rows_ + first + lane] = static_cast<float>(std::sqrt(squared[lane]));
    });
  }

  /// The metrics of the set that holds row i `reference[i]` times against the one that holds it `candidate[i]` times.
  /// Throws argument_error unless each set has more rows (counted by weight) than neighbours.
  [[nodiscard]] fidelity_values operator()(std::span<const std::uint32_t> reference,
                                           std::span<const std::uint32_t> candidate) const {
    const weighted a = gather(reference), b = gather(candidate);
    fidelity_values out;
    out.frechet = frechet(a, b);
    out.kid = within(a) + within(b) - 2.0 * between(a, b);
    const auto radius_a = radii(a), radius_b = radii(b);
    for (std::size_t j = 0; j < b.rows.size(); ++j) {
      double balls = 0;
      for (std::size_t i = 0; i < a.rows.size(); ++i) balls += distance(a, i, b, j) < radius_a[i] ? a.weights[i] : 0.0;
      out.precision += balls > 0 ? b.weights[j] : 0.0;
      out.density += balls * b.weights[j];
    }
    for (std::size_t i = 0; i < a.rows.size(); ++i) {
      bool recalled = false, covered = false;
      for (std::size_t j = 0; j < b.rows.size(); ++j) {
        const float d = distance(a, i, b, j);
        recalled = recalled || d < radius_b[j];
        covered = covered || d < radius_a[i];
      }
      out.recall += recalled ? a.weights[i] : 0.0;
      out.coverage += covered ? a.weights[i] : 0.0;
    }
    out.precision /= b.total;
    out.density /= b.total * static_cast<double>(neighbours_);
    out.recall /= a.total;
    out.coverage /= a.total;
    return out;
  }

  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }

 private:
  struct weighted {
    std::vector<std::size_t> rows;  // the distinct ones
    std::vector<double> weights;
    double total = 0;
  };

  [[nodiscard]] weighted gather(std::span<const std::uint32_t> weights) const {
    if (weights.size() != rows_)
      throw argument_error(sentence("Every row needs a weight, got ", weights.size(), " for ", rows_, " rows."));
    weighted out;
    for (std::size_t i = 0; i < rows_; ++i)
      if (weights[i] > 0) {
        out.rows.push_back(i);
        out.weights.push_back(weights[i]);
        out.total += weights[i];
      }
    if (out.rows.size() < 2 || out.total <= static_cast<double>(neighbours_))
      throw argument_error(sentence("A set needs at least 2 different rows and more than ", neighbours_,
                                    " in all, got ", out.rows.size(), " and ", out.total, "."));
    return out;
  }

  [[nodiscard]] float distance(const weighted& a, std::size_t i, const weighted& b, std::size_t j) const {
    return distances_[a.rows[i] * rows_ + b.rows[j]];
  }
  [[nodiscard]] double dot(std::size_t i, std::size_t j) const { return dots_[i * rows_ + j]; }

  [[nodiscard]] double within(const weighted& a) const {
    double sum = 0, pairs = 0;
    const auto d = static_cast<double>(pool_.dimensions());
    for (std::size_t i = 0; i < a.rows.size(); ++i) {
      double line = 0, weight = 0;
      for (std::size_t j = 0; j < i; ++j) {
        line += a.weights[j] * detail::cubic_kernel(dot(a.rows[i], a.rows[j]), d);
        weight += a.weights[j];
      }
      sum += a.weights[i] * line;
      pairs += a.weights[i] * weight;
    }
    return sum / pairs;
  }

  [[nodiscard]] double between(const weighted& a, const weighted& b) const {
    double sum = 0;
    const auto d = static_cast<double>(pool_.dimensions());
    for (std::size_t i = 0; i < a.rows.size(); ++i) {
      double line = 0;
      for (std::size_t j = 0; j < b.rows.size(); ++j)
        line += b.weights[j] * detail::cubic_kernel(dot(a.rows[i], b.rows[j]), d);
      sum += a.weights[i] * line;
    }
    return sum / (a.total * b.total);
  }

  /// Distance to the k-th neighbour, other rows counted by weight.
  [[nodiscard]] std::vector<float> radii(const weighted& a) const {
    std::vector<float> out(a.rows.size(), std::numeric_limits<float>::infinity());
    std::vector<std::pair<float, double>> others(a.rows.size());
    for (std::size_t i = 0; i < a.rows.size(); ++i) {
      others.clear();
      for (std::size_t j = 0; j < a.rows.size(); ++j)
        if (j != i) others.emplace_back(distance(a, i, a, j), a.weights[j]);
      const std::size_t wanted = std::min(neighbours_, others.size());
      std::partial_sort(others.begin(), others.begin() + static_cast<std::ptrdiff_t>(wanted), others.end());
      double seen = 0;
      for (std::size_t j = 0; j < wanted; ++j) {
        seen += others[j].second;
        out[i] = others[j].first;
        if (seen >= static_cast<double>(neighbours_)) break;
      }
    }
    return out;
  }

  [[nodiscard]] double frechet(const weighted& a, const weighted& b) const {
    const std::size_t d = pool_.dimensions();
    if (std::max(a.rows.size(), b.rows.size()) > d) return frechet_distance(expand(a), expand(b)).value;
    // Everything follows from inner products: with weights, X^T X is sum w x x^T, and the nuclear norm is that of
    // diag(sqrt w_a) (X_a - m_a)(X_b - m_b)^T diag(sqrt w_b).
    const auto mean_dots = [&](const weighted& of, const weighted& with) {
      std::vector<double> out(of.rows.size());
      for (std::size_t i = 0; i < of.rows.size(); ++i) {
        for (std::size_t j = 0; j < with.rows.size(); ++j) out[i] += with.weights[j] * dot(of.rows[i], with.rows[j]);
        out[i] /= with.total;
      }
      return out;
    };
    const auto average = [](const std::vector<double>& values, const weighted& by) {
      return std::inner_product(values.begin(), values.end(), by.weights.begin(), 0.0) / by.total;
    };
    const auto aa = mean_dots(a, a), bb = mean_dots(b, b), ab = mean_dots(a, b), ba = mean_dots(b, a);
    const double mean_aa = average(aa, a), mean_bb = average(bb, b), mean_ab = average(ab, a);
    const auto trace = [&](const weighted& s, double mean) {
      double squares = 0;
      for (std::size_t i = 0; i < s.rows.size(); ++i) squares += s.weights[i] * dot(s.rows[i], s.rows[i]);
      return (squares - s.total * mean) / (s.total - 1);
    };
    std::vector<double> cross(a.rows.size() * b.rows.size());
    for (std::size_t i = 0; i < a.rows.size(); ++i)
      for (std::size_t j = 0; j < b.rows.size(); ++j)
        cross[i * b.rows.size() + j] =
            std::sqrt(a.weights[i] * b.weights[j]) * (dot(a.rows[i], b.rows[j]) - ab[i] - ba[j] + mean_ab);
    const double nuclear = linalg::nuclear_norm(std::move(cross), a.rows.size(), b.rows.size());
    return std::max(0.0, mean_aa + mean_bb - 2 * mean_ab + trace(a, mean_aa) + trace(b, mean_bb) -
                             2 * nuclear / std::sqrt((a.total - 1) * (b.total - 1)));
  }

  [[nodiscard]] feature_matrix expand(const weighted& a) const {
    std::vector<std::size_t> rows;
    for (std::size_t i = 0; i < a.rows.size(); ++i)
      rows.insert(rows.end(), static_cast<std::size_t>(a.weights[i]), a.rows[i]);
    return take_rows(pool_, rows);
  }

  feature_view pool_;
  std::size_t rows_, neighbours_;
  std::vector<double> dots_;
  std::vector<float> distances_;
};

}  // namespace synthmed

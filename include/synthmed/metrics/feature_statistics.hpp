// Mean and covariance of features, gathered batch by batch in double and mergeable: what Fréchet distances need.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/features.hpp>
#include <synthmed/metrics/linalg.hpp>

namespace synthmed {

/// What a statistics file (pytorch-fid's .npz with mu and sigma) holds.
struct feature_moments {
  std::size_t n = 0;               ///< rows behind the numbers; 0: unknown (statistics files do not say)
  std::vector<double> mean;        ///< d
  std::vector<double> covariance;  ///< d x d, divisor n - 1

  [[nodiscard]] std::size_t dimensions() const noexcept { return mean.size(); }
};

namespace detail {

/// Column means; plain sums in row order, two passes (the second removes the rounding of the first).
[[nodiscard]] inline std::vector<double> column_means(feature_view x) {
  const std::size_t d = x.dimensions();
  std::vector<double> mean(d), rest(d);
  for (std::size_t i = 0; i < x.rows(); ++i)
    for (std::size_t j = 0; j < d; ++j) mean[j] += x.row(i)[j];
  for (double& value : mean) value /= static_cast<double>(x.rows());
  for (std::size_t i = 0; i < x.rows(); ++i)
    for (std::size_t j = 0; j < d; ++j) rest[j] += x.row(i)[j] - mean[j];
  for (std::size_t j = 0; j < d; ++j) mean[j] += rest[j] / static_cast<double>(x.rows());
  return mean;
}

/// x - mean, times a factor.
[[nodiscard]] inline std::vector<double> centred(feature_view x, std::span<const double> mean, double factor = 1.0) {
  std::vector<double> out(x.values().begin(), x.values().end());
  for (std::size_t i = 0; i < x.rows(); ++i)
    for (std::size_t j = 0; j < mean.size(); ++j) {
      double& value = out[i * mean.size() + j];
      value = (value - mean[j]) * factor;
    }
  return out;
}

}  // namespace detail

/// Gathers rows of one set. Up to max(d, 256) rows are kept as they are, so that a small set's Fréchet distance stays
/// exact; more are folded into mean and scatter by the update of Chan, Golub and LeVeque (1979). Models `metric`;
/// the order of rows and the way they were split matter to about 1e-14 relative. Sums of squares are never formed:
/// they cancel, down to negative variances, where the mean is large.
class feature_statistics {
 public:
  using observation = feature_view;  ///< a batch of rows; one row is a batch of one

  /// Sees a batch. Throws shape_error when its width differs from earlier batches, argument_error for non-finite
  /// numbers.
  void update(const feature_view& batch) {
    if (batch.rows() == 0) return;
    adopt(batch.dimensions());
    require_finite(batch, "given");
    kept_.values.insert(kept_.values.end(), batch.values().begin(), batch.values().end());
    if (kept_.rows() > capacity()) fold();
  }

  /// Sees all that `part` has seen. Throws shape_error when the widths differ.
  void merge(const feature_statistics& part) {
    if (part.count() == 0) return;
    adopt(part.dimensions());
    // A copy first: part may be *this.
    const feature_statistics other = part;
    kept_.values.insert(kept_.values.end(), other.kept_.values.begin(), other.kept_.values.end());
    if (other.folded_ > 0) join(other.folded_, other.mean_, other.scatter_);
    if (kept_.rows() > capacity()) fold();
  }

  [[nodiscard]] std::size_t count() const noexcept { return folded_ + kept_.rows(); }
  [[nodiscard]] std::size_t dimensions() const noexcept { return kept_.dimensions; }

  /// Every row seen, when they are few enough to have been kept; else an empty view.
  [[nodiscard]] feature_view rows() const { return folded_ == 0 ? kept_.view() : feature_view(); }

  /// Mean and covariance (divisor n - 1). Throws argument_error below two rows.
  [[nodiscard]] feature_moments value() const {
    if (count() < 2) throw argument_error(sentence("A covariance needs at least 2 rows, got ", count(), "."));
    feature_statistics whole = *this;
    whole.fold();
    feature_moments out{count(), std::move(whole.mean_), std::move(whole.scatter_)};
    for (double& value : out.covariance) value /= static_cast<double>(out.n - 1);
    linalg::mirror_lower(out.covariance, out.dimensions());
    return out;
  }

 private:
  [[nodiscard]] std::size_t capacity() const noexcept { return std::max<std::size_t>(dimensions(), 256); }

  void adopt(std::size_t dimensions) {
    if (kept_.dimensions == 0) kept_.dimensions = dimensions;
    if (kept_.dimensions != dimensions)
      throw shape_error(
          sentence("These statistics are of rows of ", kept_.dimensions, " features, got rows of ", dimensions, "."));
  }

  void fold() {
    if (kept_.rows() == 0) return;
    const auto mean = detail::column_means(kept_);
    std::vector<double> scatter(dimensions() * dimensions());
    linalg::add_scatter(detail::centred(kept_, mean), kept_.rows(), dimensions(), scatter);
    join(kept_.rows(), mean, scatter);
    kept_.values.clear();
  }

  void join(std::size_t n, const std::vector<double>& mean, const std::vector<double>& scatter) {
    if (folded_ == 0) {
      folded_ = n;
      mean_ = mean;
      scatter_ = scatter;
      return;
    }
    const double before = static_cast<double>(folded_), added = static_cast<double>(n), all = before + added;
    std::vector<double> shift(mean.size());
    for (std::size_t j = 0; j < mean.size(); ++j) shift[j] = mean[j] - mean_[j];
    for (std::size_t i = 0; i < mean.size(); ++i) {
      const double weight = shift[i] * (before * added / all);
      for (std::size_t j = 0; j <= i; ++j)
        scatter_[i * mean.size() + j] += scatter[i * mean.size() + j] + weight * shift[j];
      mean_[i] += shift[i] * (added / all);
    }
    folded_ += n;
  }

  feature_matrix kept_;     // rows not folded yet
  std::size_t folded_ = 0;  // rows in mean_ and scatter_
  std::vector<double> mean_;
  std::vector<double> scatter_;  // lower triangle of the centred sum of products
};

/// Mean and covariance of a table. Throws argument_error below two rows or for non-finite numbers.
[[nodiscard]] inline feature_moments moments_of(feature_view x) {
  feature_statistics statistics;
  statistics.update(x);
  return statistics.value();
}

}  // namespace synthmed

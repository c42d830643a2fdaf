// Feature tables: rows of numbers that describe images, as the fidelity metrics, the privacy audit and UMAP read them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <synthmed/error.hpp>

namespace synthmed {

/// A non-owning table of features in row-major order: one row per image, one column per feature.
class feature_view {
 public:
  constexpr feature_view() = default;

  /// Throws shape_error when the span does not hold rows x dims numbers.
  feature_view(std::span<const double> values, std::size_t rows, std::size_t dims)
      : values_(values), rows_(rows), dims_(dims) {
    if (values.size() != rows * dims)
      throw shape_error(sentence("A feature table of ", rows, " rows and ", dims, " columns needs ", rows * dims,
                                 " numbers, got ", values.size(), "."));
  }

  [[nodiscard]] constexpr std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] constexpr std::size_t dims() const noexcept { return dims_; }
  [[nodiscard]] constexpr std::span<const double> values() const noexcept { return values_; }
  [[nodiscard]] constexpr const double* data() const noexcept { return values_.data(); }
  [[nodiscard]] constexpr std::span<const double> row(std::size_t i) const noexcept {
    return values_.subspan(i * dims_, dims_);
  }
  /// `count` rows from row `first` on. Throws shape_error when they are not there.
  [[nodiscard]] feature_view slice(std::size_t first, std::size_t count) const {
    if (first > rows_ || count > rows_ - first)
      throw shape_error(sentence("Rows ", first, " to ", first + count, " do not exist in a table of ", rows_, "."));
    return {values_.subspan(first * dims_, count * dims_), count, dims_};
  }

 private:
  std::span<const double> values_;
  std::size_t rows_ = 0, dims_ = 0;
};

/// The same, owning its numbers.
class feature_matrix {
 public:
  feature_matrix() = default;
  feature_matrix(std::size_t rows, std::size_t dims) : values_(rows * dims), rows_(rows), dims_(dims) {}
  /// Throws shape_error when there are not rows x dims numbers.
  feature_matrix(std::vector<double> values, std::size_t rows, std::size_t dims)
      : values_(std::move(values)), rows_(rows), dims_(dims) {
    (void)view();
  }
  explicit feature_matrix(feature_view other)
      : values_(other.values().begin(), other.values().end()), rows_(other.rows()), dims_(other.dims()) {}

  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t dims() const noexcept { return dims_; }
  [[nodiscard]] std::span<double> values() noexcept { return values_; }
  [[nodiscard]] std::span<const double> values() const noexcept { return values_; }
  [[nodiscard]] double* data() noexcept { return values_.data(); }
  [[nodiscard]] const double* data() const noexcept { return values_.data(); }
  [[nodiscard]] std::span<double> row(std::size_t i) noexcept { return std::span(values_).subspan(i * dims_, dims_); }
  [[nodiscard]] std::span<const double> row(std::size_t i) const noexcept { return view().row(i); }
  [[nodiscard]] feature_view view() const { return {values_, rows_, dims_}; }
  operator feature_view() const { return view(); }

 private:
  std::vector<double> values_;
  std::size_t rows_ = 0, dims_ = 0;
};

/// The given rows, in the given order; a row may be taken more than once. Throws shape_error for a row that is not there.
[[nodiscard]] inline feature_matrix take_rows(feature_view from, std::span<const std::size_t> rows) {
  feature_matrix out(rows.size(), from.dims());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] >= from.rows())
      throw shape_error(sentence("Row ", rows[i], " does not exist in a table of ", from.rows(), "."));
    std::copy_n(from.row(rows[i]).data(), from.dims(), out.row(i).data());
  }
  return out;
}

/// The rows of both tables, the first's before the second's. Throws shape_error when their columns differ in number.
[[nodiscard]] inline feature_matrix stack_rows(feature_view first, feature_view second) {
  if (first.dims() != second.dims())
    throw shape_error(sentence("Tables of ", first.dims(), " and ", second.dims(), " features cannot be stacked."));
  std::vector<double> values(first.values().begin(), first.values().end());
  values.insert(values.end(), second.values().begin(), second.values().end());
  return {std::move(values), first.rows() + second.rows(), first.dims()};
}

/// Throws argument_error, with the place, when a table holds a number that is not finite.
inline void require_finite(feature_view table, std::string_view name) {
  for (std::size_t i = 0; i < table.values().size(); ++i)
    if (!std::isfinite(table.values()[i]))
      throw argument_error(sentence("The ", name, " features hold ", table.values()[i], " in row ", i / table.dims(),
                                    ", column ", i % table.dims(), " (counted from 0); expected finite numbers."));
}

/// Throws shape_error unless both tables have the same number of features, at least one.
inline void require_same_dims(feature_view a, feature_view b) {
  if (a.dims() != b.dims() || a.dims() == 0)
    throw shape_error(sentence("Two feature tables are compared column by column: they need the same number of columns, "
                               "at least 1, got ", a.dims(), " and ", b.dims(), "."));
}

}  // namespace synthmed

// What the feature metrics do to tables of features before they measure: choose rows, stack, refuse what is not finite.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/metric.hpp>

namespace synthmed {

/// A table of zeros.
[[nodiscard]] inline feature_matrix make_features(std::size_t rows, std::size_t dimensions) {
  return {std::vector<double>(rows * dimensions), dimensions};
}

/// The given rows, in the given order; a row may be taken more than once. Throws shape_error for a row that is not
/// there.
[[nodiscard]] inline feature_matrix take_rows(feature_view from, std::span<const std::size_t> rows) {
  feature_matrix out{{}, from.dimensions()};
  out.values.reserve(rows.size() * from.dimensions());
  for (const std::size_t row : rows) {
    if (row >= from.rows())
      throw shape_error(sentence("Row ", row, " does not exist in a table of ", from.rows(), "."));
    out.values.insert(out.values.end(), from.row(row).begin(), from.row(row).end());
  }
  return out;
}

/// Throws shape_error unless both tables have the same number of features, at least one.
inline void require_same_dimensions(feature_view a, feature_view b) {
  if (a.dimensions() != b.dimensions() || a.dimensions() == 0)
    throw shape_error(
        sentence("Two feature tables are compared column by column: they need the same number of columns, "
                 "at least 1, got ",
                 a.dimensions(), " and ", b.dimensions(), "."));
}

/// The rows of both tables, the first's before the second's. Throws shape_error when their columns differ in number.
[[nodiscard]] inline feature_matrix stack_rows(feature_view first, feature_view second) {
  require_same_dimensions(first, second);
  feature_matrix out{{first.values().begin(), first.values().end()}, first.dimensions()};
  out.values.insert(out.values.end(), second.values().begin(), second.values().end());
  return out;
}

/// Throws argument_error, with the place, when a table holds a number that is not finite.
inline void require_finite(feature_view table, std::string_view name) {
  for (std::size_t i = 0; i < table.values().size(); ++i)
    if (!std::isfinite(table.values()[i]))
      throw argument_error(sentence("The ", name, " features hold ", table.values()[i], " in row ",
                                    i / table.dimensions(), ", column ", i % table.dimensions(),
                                    " (counted from 0); expected finite numbers."));
}

/// Throws argument_error when a table has fewer rows than a metric is defined for.
inline void require_rows(feature_view table, std::size_t least, std::string_view metric, std::string_view name) {
  if (table.rows() < least)
    throw argument_error(
        sentence(metric, " needs at least ", least, " rows in the ", name, " set, got ", table.rows(), "."));
}

}  // namespace synthmed

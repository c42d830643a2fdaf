// Exact nearest neighbours by brute force: Euclidean distances from plain squared differences in double, in blocks.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/features.hpp>
#include <synthmed/parallel.hpp>

namespace synthmed {

/// References copied into panels of eight rows, feature by feature, so that eight distances grow side by side.
/// No |x|^2 + |y|^2 - 2xy: that form loses the small distances, which are the ones that matter here. A row is at
/// distance exactly 0 from itself, and d(x, y) == d(y, x) to the bit.
class packed_references {
 public:
  static constexpr std::size_t lanes = 8;

  explicit packed_references(feature_view references)
      : rows_(references.rows()),
        dims_(references.dimensions()),
        values_((rows_ + lanes - 1) / lanes * lanes * dims_, 0.0) {
    const auto grain = static_cast<std::int64_t>(1 + 1'000'000 / (dims_ * lanes + 1));
    parallel_for(static_cast<std::int64_t>(panels()), grain, [&](std::int64_t begin, std::int64_t end) {
      for (auto panel = static_cast<std::size_t>(begin); panel < static_cast<std::size_t>(end); ++panel)
        for (std::size_t lane = 0; lane < lanes && panel * lanes + lane < rows_; ++lane)
          for (std::size_t d = 0; d < dims_; ++d)
            values_[(panel * dims_ + d) * lanes + lane] = references.row(panel * lanes + lane)[d];
    });
  }

  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t dimensions() const noexcept { return dims_; }
  [[nodiscard]] std::size_t panels() const noexcept { return (rows_ + lanes - 1) / lanes; }

  /// Squared distances of `Queries` rows to the eight rows of a panel.
  template <std::size_t Queries>
  [[nodiscard]] std::array<std::array<double, lanes>, Queries> squared(
      const std::array<const double*, Queries>& queries, std::size_t panel) const noexcept {
    // Vector types of g++ and clang: eight doubles in one, two or four registers, whatever the machine has.
    using pack = double __attribute__((vector_size(lanes * sizeof(double))));
    pack sums[Queries] = {};
    const double* at = values_.data() + panel * dims_ * lanes;
    for (std::size_t d = 0; d < dims_; ++d, at += lanes) {
      pack values;
      std::memcpy(&values, at, sizeof values);
      for (std::size_t q = 0; q < Queries; ++q) {
        const pack difference = queries[q][d] - values;
        sums[q] += difference * difference;
      }
    }
    std::array<std::array<double, lanes>, Queries> out;
    std::memcpy(out.data(), sums, sizeof out);
    return out;
  }

 private:
  std::size_t rows_, dims_;
  std::vector<double> values_;
};

/// Calls f(query, first_reference, squared_distances) for every query and every group of at most eight consecutive
/// references; the groups of one query come in order and on one thread, different queries on different threads.
/// Throws shape_error when the numbers of features differ.
template <class F>
void for_each_distance(feature_view queries, const packed_references& references, F&& f) {
  if (queries.dimensions() != references.dimensions())
    throw shape_error(sentence("Distances need tables of equal width, got ", queries.dimensions(), " and ",
                               references.dimensions(), " features."));
  constexpr std::size_t together = 4, lanes = packed_references::lanes;
  // 64 queries share a panel while it is in the cache; more where they are too little work to wake threads for.
  const std::size_t per_query = references.rows() * references.dimensions() + 1;
  const auto grain = static_cast<std::int64_t>(std::max<std::size_t>(64, 4'000'000 / per_query));
  parallel_for(static_cast<std::int64_t>(queries.rows()), grain, [&](std::int64_t first, std::int64_t last) {
    const auto begin = static_cast<std::size_t>(first), end = static_cast<std::size_t>(last);
    for (std::size_t panel = 0; panel < references.panels(); ++panel) {
      const std::size_t reference = panel * lanes, count = std::min(lanes, references.rows() - reference);
      std::size_t q = begin;
      for (; q + together <= end; q += together) {
        const auto squared = references.squared<together>(
            {queries.row(q).data(), queries.row(q + 1).data(), queries.row(q + 2).data(), queries.row(q + 3).data()},
            panel);
        for (std::size_t i = 0; i < together; ++i) f(q + i, reference, std::span(squared[i].data(), count));
      }
      for (; q < end; ++q) {
        const auto squared = references.squared<1>({queries.row(q).data()}, panel);
        f(q, reference, std::span(squared[0].data(), count));
      }
    }
  });
}

template <class F>
void for_each_distance(feature_view queries, feature_view references, F&& f) {
  for_each_distance(queries, packed_references(references), std::forward<F>(f));
}

/// The k nearest references of every query, nearest first; of equal distances the lower index comes first.
struct neighbour_table {
  std::size_t rows = 0, k = 0;
  std::vector<std::size_t> index;  ///< rows x k
  std::vector<double> distance;    ///< rows x k, Euclidean

  [[nodiscard]] std::span<const std::size_t> indices(std::size_t row) const {
    return std::span(index).subspan(row * k, k);
  }
  [[nodiscard]] std::span<const double> distances(std::size_t row) const {
    return std::span(distance).subspan(row * k, k);
  }
};

/// Which pairs count as neighbours.
enum class self_pairs {
  keep,    ///< queries and references are different sets
  exclude  ///< they are the same rows in the same order: row i is no neighbour of itself (its duplicates are)
};

/// Exact k nearest neighbours, n x m x dims operations; memory: one copy of the references. The same bytes for any
/// number of threads. Throws argument_error when there are fewer than k references to choose from or k is 0,
/// shape_error when the widths differ.
[[nodiscard]] inline neighbour_table nearest_neighbours(feature_view queries, feature_view references, std::size_t k,
                                                        self_pairs self = self_pairs::keep) {
  require_same_dimensions(queries, references);
  const bool exclude = self == self_pairs::exclude;
  if (exclude && queries.rows() != references.rows())
    throw shape_error(sentence("Self pairs can be excluded only when queries and references are the same rows, got ",
                               queries.rows(), " and ", references.rows(), " rows."));
  const std::size_t available = references.rows() - (exclude && references.rows() > 0 ? 1 : 0);
  if (k == 0 || k > available)
    throw argument_error(
        sentence("The number of neighbours lies between 1 and the ", available, " rows to choose from, got ", k, "."));
  neighbour_table table{queries.rows(), k, std::vector<std::size_t>(queries.rows() * k, references.rows()),
                        std::vector<double>(queries.rows() * k, std::numeric_limits<double>::infinity())};
  for_each_distance(queries, references, [&](std::size_t q, std::size_t first, std::span<const double> squared) {
    double* const distance = table.distance.data() + q * k;
    std::size_t* const index = table.index.data() + q * k;
    for (std::size_t lane = 0; lane < squared.size(); ++lane) {
      // References come in ascending order, so the strict comparison keeps the lower index of two equal distances.
      if (!(squared[lane] < distance[k - 1]) || (exclude && first + lane == q)) continue;
      std::size_t place = k - 1;
      for (; place > 0 && squared[lane] < distance[place - 1]; --place) {
        distance[place] = distance[place - 1];
        index[place] = index[place - 1];
      }
      distance[place] = squared[lane];
      index[place] = first + lane;
    }
  });
  for (std::size_t q = 0; q < queries.rows(); ++q)
    if (table.index[q * k + k - 1] == references.rows())
      throw argument_error(
          sentence("Row ", q, " has no finite distance to ", k, " references; expected finite features."));
  for (double& value : table.distance) value = std::sqrt(value);
  return table;
}

}  // namespace synthmed

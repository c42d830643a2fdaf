// How good a map is: trustworthiness (Venna and Kaski 2001) and the accuracy of labels among neighbours.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/metric.hpp>
#include <synthmed/metrics/neighbours.hpp>
#include <synthmed/parallel.hpp>

namespace synthmed {

/// Trustworthiness of a map in [0, 1]: 1 when the k nearest neighbours of every point in the map are among its k
/// nearest in the data; neighbours that are intruders cost their rank in the data beyond k: 1 - 2 / (n k (2n - 3k - 1))
/// sum_i sum_{j in map neighbours of i} max(0, rank(i, j) - k). Euclidean distances in both; of equal distances the
/// lower index ranks first. n^2 (d + k) operations. Throws shape_error when the numbers of rows differ, argument_error
/// unless 1 <= k < n / 2.
[[nodiscard]] inline double trustworthiness(feature_view data, feature_view map, std::size_t k = 15) {
  const std::size_t n = data.rows();
  if (map.rows() != n)
    throw shape_error(sentence("Trustworthiness compares ", n, " points with a map of ", map.rows(),
                               "; it needs as many rows in both."));
  if (k == 0 || 2 * k >= n)
    throw argument_error(sentence("Trustworthiness needs 1 <= k < n / 2, got k = ", k, " and n = ", n, "."));
  const auto near = nearest_neighbours(map, map, k, self_pairs::exclude);
  const packed_references packed(data);
  const auto cost =
      parallel_sum(static_cast<std::int64_t>(n), 32, std::uint64_t{0}, [&](std::int64_t begin, std::int64_t end) {
        std::uint64_t sum = 0;
        std::vector<double> distance(n);
        for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
          for_each_distance(feature_view(data.row(i), data.dimensions()), packed,
                            [&](std::size_t, std::size_t first, std::span<const double> squared) {
                              std::copy(squared.begin(), squared.end(),
                                        distance.begin() + static_cast<std::ptrdiff_t>(first));
                            });
          for (const std::size_t j : near.indices(i)) {
            const double limit = distance[j];
            std::size_t rank = 1;  // places before j, the point itself not counted
            for (std::size_t l = 0; l < n; ++l) rank += distance[l] < limit || (distance[l] <= limit && l < j);
            rank -= limit > 0 || i < j;  // the point itself was counted when it ranks before j
            sum += rank > k ? rank - k : 0;
          }
        }
        return sum;
      });
  const double scale = static_cast<double>(n) * static_cast<double>(k) * static_cast<double>(2 * n - 3 * k - 1);
  return 1.0 - 2.0 * static_cast<double>(cost) / scale;
}

namespace detail {

/// The label most frequent among neighbours; of equally frequent ones the smallest.
[[nodiscard]] inline int majority(std::span<const std::size_t> neighbours, std::span<const int> labels) {
  std::vector<int> seen;
  for (const auto j : neighbours) seen.push_back(labels[j]);
  std::sort(seen.begin(), seen.end());
  int best = seen.front();
  std::size_t most = 0;
  for (std::size_t i = 0; i < seen.size();) {
    const auto run = static_cast<std::size_t>(std::upper_bound(seen.begin(), seen.end(), seen[i]) - seen.begin()) - i;
    if (run > most) most = run, best = seen[i];
    i += run;
  }
  return best;
}

inline void check_labels(feature_view points, std::span<const int> labels) {
  if (labels.size() != points.rows())
    throw shape_error(
        sentence("There are ", points.rows(), " points and ", labels.size(), " labels; expected one each."));
}

}  // namespace detail

/// Share of points whose label is the majority among their k nearest points of the map. With self_pairs::exclude a
/// point has no vote of its own (leave one out); with self_pairs::keep it has, as when a classifier is scored on its
/// own training set, which is how published UMAP figures count. Ties go to the smallest label. Throws shape_error for
/// another number of labels, argument_error when there are fewer than k points to ask.
[[nodiscard]] inline double neighbour_label_accuracy(feature_view map, std::span<const int> labels, std::size_t k = 5,
                                                     self_pairs self = self_pairs::exclude) {
  detail::check_labels(map, labels);
  const auto near = nearest_neighbours(map, map, k, self);
  std::size_t right = 0;
  for (std::size_t i = 0; i < map.rows(); ++i) right += detail::majority(near.indices(i), labels) == labels[i];
  return static_cast<double>(right) / static_cast<double>(map.rows());
}

/// Share of new points whose label is the majority among their k nearest fitted points of the map.
/// Throws as above.
[[nodiscard]] inline double neighbour_label_accuracy(feature_view map, std::span<const int> labels,
                                                     feature_view new_map, std::span<const int> new_labels,
                                                     std::size_t k = 5) {
  detail::check_labels(map, labels);
  detail::check_labels(new_map, new_labels);
  const auto near = nearest_neighbours(new_map, map, k);
  std::size_t right = 0;
  for (std::size_t i = 0; i < new_map.rows(); ++i) right += detail::majority(near.indices(i), labels) == new_labels[i];
  return static_cast<double>(right) / static_cast<double>(new_map.rows());
}

}  // namespace synthmed

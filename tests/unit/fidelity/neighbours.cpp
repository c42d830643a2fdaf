// Exact neighbours: against a plain sort, ties by index, self pairs, the same bytes for any number of threads.
#include <algorithm>
#include <numeric>

#include <support/catch.hpp>

#include <synthmed/metrics/neighbours.hpp>

#include "golden.hpp"

using namespace synthmed;
using synthmed_test::contains;
using synthmed_test::message_of;
using synthmed_test::normal_features;

TEST_CASE("neighbours agree with a plain sort, whatever the remainders of the blocks") {
  for (const std::size_t n : {7u, 8u, 61u, 130u})
    for (const std::size_t m : {5u, 9u, 66u}) {
      const auto queries = normal_features(n, n, 3), references = normal_features(m + 1000, m, 3);
      const auto table = nearest_neighbours(queries, references, 5);
      for (std::size_t q = 0; q < n; ++q) {
        std::vector<std::pair<double, std::size_t>> all;
        for (std::size_t r = 0; r < m; ++r) {
          double sum = 0;
          for (std::size_t d = 0; d < 3; ++d) {
            const double difference = queries.values[q * 3 + d] - references.values[r * 3 + d];
            sum += difference * difference;
          }
          all.emplace_back(std::sqrt(sum), r);
        }
        std::sort(all.begin(), all.end());
        for (std::size_t k = 0; k < 5; ++k) {
          CHECK(table.indices(q)[k] == all[k].second);
          CHECK(table.distances(q)[k] == Approx(all[k].first).epsilon(1e-14));
        }
      }
    }
}

TEST_CASE("ties go to the lower index, duplicates of a row are its neighbours at distance exactly 0") {
  const feature_matrix rows{{0.1, 5, 0.1, 0.1, 5.2, 0.1}, 1};
  const auto table = nearest_neighbours(rows, rows, 3, self_pairs::exclude);
  CHECK(std::vector<std::size_t>(table.indices(2).begin(), table.indices(2).end()) ==
        std::vector<std::size_t>{0, 3, 5});
  CHECK(table.distances(2)[2] == 0.0);
  CHECK(nearest_neighbours(rows, rows, 1).indices(3)[0] == 0);
}

TEST_CASE("neighbours are the same bytes for 1, 2 and 4 threads") {
  const auto rows = normal_features(3, 2000, 20);
  set_threads(1);
  const auto one = nearest_neighbours(rows, rows, 10, self_pairs::exclude);
  for (const int count : {2, 4}) {
    set_threads(count);
    const auto more = nearest_neighbours(rows, rows, 10, self_pairs::exclude);
    CHECK(more.index == one.index);
    CHECK(more.distance == one.distance);
  }
}

TEST_CASE("neighbours refuse impossible questions") {
  const auto rows = normal_features(3, 5, 2);
  CHECK(contains(message_of<argument_error>([&] { (void)nearest_neighbours(rows, rows, 5, self_pairs::exclude); }),
                 "between 1 and the 4 rows"));
  CHECK_THROWS_AS(nearest_neighbours(rows, rows, 0), argument_error);
  CHECK_THROWS_AS(nearest_neighbours(rows, normal_features(3, 5, 3), 1), shape_error);
  auto bad = rows;
  bad.values[0] = std::nan("");
  CHECK_THROWS_AS(nearest_neighbours(bad, rows, 1), argument_error);
}

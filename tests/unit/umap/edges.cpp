// What lies at the edges: few points, duplicates, constant data, components, numbers that are none, options out of
// range.
#include <support/catch.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <synthmed/metrics/embedding_quality.hpp>
#include <synthmed/metrics/umap.hpp>

#include "data.hpp"

using namespace synthmed;
using synthmed_test::clouds;
using synthmed_test::contains;
using synthmed_test::message_of;

namespace {

bool all_finite(const feature_matrix& m) {
  return std::all_of(m.values.begin(), m.values.end(), [](double v) { return std::isfinite(v); });
}

}  // namespace

TEST_CASE("fewer points than neighbours lower the neighbours") {
  for (std::size_t n = 1; n <= 20; ++n) {
    const auto data = clouds(1, n, 3);
    const auto map = umap().fit(data.points);
    INFO("n = " << n);
    CHECK(map.options().neighbours == std::min<std::size_t>(15, n));
    CHECK(map.coordinates().rows() == n);
    CHECK(all_finite(map.coordinates()));
    CHECK(all_finite(map.transform(data.points)));
  }
  const auto one = umap().fit(clouds(1, 1, 3).points);
  CHECK(one.coordinates().values == std::vector<double>{0, 0});
}

TEST_CASE("duplicates and constant data give finite maps") {
  auto data = clouds(3, 40, 4);
  for (int copy = 0; copy < 30; ++copy)
    for (std::size_t d = 0; d < 4; ++d) data.points.values.push_back(data.points.values[d]);
  const auto map = umap().fit(data.points);
  CHECK(all_finite(map.coordinates()));
  CHECK(all_finite(map.transform(data.points)));
  for (const auto profile : {umap_profile::umap_learn, umap_profile::r_umap}) {
    const feature_matrix constant{std::vector<double>(200, 3.5), 4};
    const auto flat = umap({.profile = profile}).fit(constant);
    CHECK(all_finite(flat.coordinates()));
    CHECK(all_finite(flat.transform(constant)));
  }
  // One constant feature changes nothing.
  const auto plain = clouds(3, 40, 4);
  feature_matrix wider{{}, 5};
  for (std::size_t i = 0; i < plain.labels.size(); ++i) {
    const auto row = plain.points.view().row(i);
    wider.values.insert(wider.values.end(), row.begin(), row.end());
    wider.values.push_back(-7);
  }
  CHECK(umap().fit(wider).coordinates().values == umap().fit(plain.points).coordinates().values);
}

TEST_CASE("components lie apart, whether few or many") {
  for (const std::size_t count : {2u, 4u, 9u}) {
    auto data = clouds(count, 60, 8);
    for (std::size_t i = 0; i < data.labels.size(); ++i) data.points.values[i * 8] += 100.0 * data.labels[i];
    const auto map = umap().fit(data.points);
    CHECK(map.components() == count);
    CHECK(neighbour_label_accuracy(map.coordinates(), data.labels) == 1);
  }
  // Components of two points, too small for eigenvectors.
  feature_matrix pairs{{}, 1};
  for (int i = 0; i < 12; ++i) pairs.values.insert(pairs.values.end(), {i * 1000.0, i * 1000.0 + 1});
  const auto map = umap({.neighbours = 2}).fit(pairs);
  CHECK(map.components() == 12);
  CHECK(all_finite(map.coordinates()));
}

TEST_CASE("an intersection that leaves points without neighbours is still a map") {
  const auto data = clouds(3, 30, 4);
  const auto map = umap({.neighbours = 3, .mix = 0}).fit(data.points);
  CHECK(map.components() > 1);
  CHECK(all_finite(map.coordinates()));
}

TEST_CASE("shifting or scaling the data by a power of two leaves the map alone") {
  const auto data = clouds(3, 60, 5);
  auto rounded = data.points;  // on a grid, so that shifted numbers are exact
  for (double& v : rounded.values) v = std::nearbyint(v * 1024) / 1024;
  const auto map = umap().fit(rounded);
  auto scaled = rounded;
  for (double& v : scaled.values) v *= 4;
  const auto other = umap().fit(scaled);
  // Memberships do not depend on the unit; bisection starts at 1, so only nearly.
  CHECK(neighbour_label_accuracy(other.coordinates(), data.labels) > 0.99);
  CHECK(other.graph().column == map.graph().column);
}

TEST_CASE("huge and tiny numbers are handled") {
  for (const double unit : {1e-80, 1e80}) {
    auto data = clouds(2, 40, 3);
    for (double& v : data.points.values) v *= unit;
    const auto map = umap().fit(data.points);
    CHECK(all_finite(map.coordinates()));
    CHECK(all_finite(map.transform(data.points)));
  }
}

TEST_CASE("numbers that are none are refused with their place") {
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  auto data = clouds(2, 20, 3);
  data.points.values[3 * 7 + 2] = nan;
  const auto said = message_of<argument_error>([&] { (void)umap().fit(data.points); });
  CHECK(contains(said, "point 7, feature 2"));
  CHECK(contains(said, "nan"));
  data.points.values[3 * 7 + 2] = inf;
  CHECK_THROWS_AS(umap().fit(data.points), argument_error);
  data.points.values[3 * 7 + 2] = 0;
  const auto map = umap().fit(data.points);
  const std::vector<double> bad{0, nan, 0};
  CHECK(contains(message_of<argument_error>([&] { (void)map.transform(feature_view(bad, 3)); }),
                 "new point 0, feature 1"));
  const std::vector<double> wide{0, 0, 0, 0};
  CHECK(contains(message_of<shape_error>([&] { (void)map.transform(feature_view(wide, 4)); }), "3 features"));
  CHECK(map.transform(feature_view()).rows() == 0);
  CHECK_THROWS_AS(umap().fit(feature_view()), argument_error);
}

TEST_CASE("options out of range are refused with their values") {
  const auto refused = [](umap_options o) { return message_of<argument_error>([&] { (void)umap(o); }); };
  CHECK(contains(refused({.neighbours = 1}), "got 1"));
  CHECK(contains(refused({.dimensions = 0}), "got 0"));
  CHECK(contains(refused({.min_dist = -1}), "got -1"));
  CHECK(contains(refused({.spread = 0}), "got 0"));
  CHECK(contains(refused({.min_dist = 1, .profile = umap_profile::r_umap}), "below the spread"));
  CHECK(contains(refused({.learning_rate = 0}), "got 0"));
  CHECK(contains(refused({.repulsion = -1}), "got -1"));
  CHECK(contains(refused({.local_connectivity = 0.5}), "got 0.5"));
  CHECK(contains(refused({.mix = 2}), "got 2"));
  CHECK(contains(refused({.min_dist = std::numeric_limits<double>::quiet_NaN()}), "nan"));
}

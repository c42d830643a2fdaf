// Maps: their quality on handwritten digits, the same bytes for any number of threads, a transform of single points.
#include <support/catch.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <synthmed/metrics/embedding_quality.hpp>
#include <synthmed/metrics/umap.hpp>
#include <synthmed/testing/metric_laws.hpp>

#include "data.hpp"

using namespace synthmed;
using synthmed_test::clouds;
using synthmed_test::every;

namespace {

synthmed_test::labelled_points digits() { return synthmed_test::read_labelled(SYNTHMED_GOLDEN "/digits.csv"); }

struct quality {
  double trust, accuracy;
};

quality quality_of(const synthmed_test::labelled_points& data, const fitted_umap& map) {
  return {trustworthiness(data.points, map.coordinates(), 15),
          neighbour_label_accuracy(map.coordinates(), data.labels, 5, self_pairs::keep)};
}

}  // namespace

TEST_CASE("digits keep their neighbours as well as with umap-learn and uwot") {
  const auto data = digits();
  REQUIRE(data.labels.size() == 1797);
  for (const std::uint64_t seed : {42u, 1337u}) {
    INFO("seed " << seed);
    const auto close = quality_of(data, umap({.min_dist = 0.1, .seed = seed}).fit(data.points));
    CHECK(close.trust >= 0.984);
    CHECK(close.accuracy >= 0.985);
    const auto study = quality_of(data, umap({.min_dist = 0.99, .seed = seed}).fit(data.points));
    CHECK(study.trust >= 0.975);
    CHECK(study.accuracy >= 0.98);
  }
  const auto like_r = umap({.min_dist = 0.99, .seed = 1337, .profile = umap_profile::r_umap}).fit(data.points);
  CHECK(like_r.options().epochs == 200);
  CHECK(like_r.curve().a == Approx(0.117185).margin(1e-6));
  CHECK(like_r.curve().b == Approx(1.931870).margin(1e-6));
  CHECK(quality_of(data, like_r).trust >= 0.975);
  CHECK(quality_of(data, like_r).accuracy >= 0.98);
}

TEST_CASE("new digits go among their like") {
  const auto data = digits();
  const auto old_points = every(data, 0, 2), new_points = every(data, 1, 2);
  for (const auto profile : {umap_profile::umap_learn, umap_profile::r_umap}) {
    const auto map = umap({.min_dist = 0.99, .seed = 42, .profile = profile}).fit(old_points.points);
    const auto placed = map.transform(new_points.points);
    // umap-learn on the same halves: trustworthiness (k = 5) 0.968, accuracy 0.940.
    CHECK(trustworthiness(new_points.points, placed, 5) >= 0.96);
    CHECK(neighbour_label_accuracy(map.coordinates(), old_points.labels, placed, new_points.labels, 5) >= 0.94);
  }
}

TEST_CASE("one, two and four threads give the same bytes, in fit and in transform") {
  const auto data = clouds(6, 900, 12), fresh = clouds(6, 20, 12, 2);  // more than one chunk of points
  const auto run = [&](int count, umap_neighbours search) {
    set_threads(count);
    const auto map = umap({.seed = 3, .epochs = 40, .search = search}).fit(data.points);
    auto out = map.coordinates().values;
    const auto placed = map.transform(fresh.points);
    out.insert(out.end(), placed.values.begin(), placed.values.end());
    set_threads(2);
    return out;
  };
  for (const auto search : {umap_neighbours::exact, umap_neighbours::approximate}) {
    const auto one = run(1, search);
    CHECK(one == run(2, search));
    CHECK(one == run(4, search));
    CHECK(one == run(3, search));
  }
}

TEST_CASE("another seed is another map of the same quality") {
  const auto data = clouds(6, 100, 10);
  const auto a = umap({.seed = 1}).fit(data.points), b = umap({.seed = 2}).fit(data.points);
  CHECK(a.coordinates().values != b.coordinates().values);
  CHECK(neighbour_label_accuracy(a.coordinates(), data.labels) > 0.99);
  CHECK(neighbour_label_accuracy(b.coordinates(), data.labels) > 0.99);
  CHECK(umap({.seed = 1}).fit(data.points).coordinates().values == a.coordinates().values);
}

TEST_CASE("a point alone goes where it goes in a batch, in any order and company") {
  const auto data = clouds(5, 120, 8);
  auto fresh = clouds(5, 30, 8, 9);
  for (std::size_t d = 0; d < 16; ++d) fresh.points.values[d] *= 1000;  // two points far outside
  for (const auto profile : {umap_profile::umap_learn, umap_profile::r_umap}) {
    const auto map = umap({.profile = profile}).fit(data.points);
    const auto batch = map.transform(fresh.points);
    const std::size_t n = fresh.labels.size();
    for (std::size_t i = 0; i < n; ++i) {
      const auto alone = map.transform(feature_view(fresh.points.view().row(i), 8));
      REQUIRE(alone.values[0] == batch.values[2 * i]);
      REQUIRE(alone.values[1] == batch.values[2 * i + 1]);
    }
    feature_matrix reversed{{}, 8};
    for (std::size_t i = n; i-- > 0;) {
      const auto row = fresh.points.view().row(i);
      reversed.values.insert(reversed.values.end(), row.begin(), row.end());
    }
    const auto back = map.transform(reversed);
    for (std::size_t i = 0; i < n; ++i) REQUIRE(back.values[2 * (n - 1 - i)] == batch.values[2 * i]);
    CHECK(map.transform(fresh.points).values == batch.values);
    CHECK(neighbour_label_accuracy(map.coordinates(), data.labels, batch, fresh.labels) > 0.97);
  }
}

TEST_CASE("a fitted point that comes again is put near its place, and the map stays as it is") {
  const auto data = clouds(4, 100, 6);
  const auto map = umap().fit(data.points);
  const auto before = map.coordinates().values;
  const auto again = map.transform(data.points);
  CHECK(map.coordinates().values == before);
  double extent = 0;
  std::vector<double> shift;
  for (std::size_t i = 0; i < data.labels.size(); ++i) {
    shift.push_back(std::hypot(again.values[2 * i] - before[2 * i], again.values[2 * i + 1] - before[2 * i + 1]));
    extent = std::max(extent, std::abs(before[2 * i] - before[0]));
  }
  std::sort(shift.begin(), shift.end());
  CHECK(shift[shift.size() / 2] < 0.05 * extent);
}

TEST_CASE("an observer is told every step in order, on the caller's thread") {
  const auto data = clouds(3, 40, 4);
  std::vector<umap_step> steps;
  const auto map = umap({.epochs = 25}).fit(data.points, [&](const umap_step& step) { steps.push_back(step); });
  CHECK(map.options().epochs == 25);
  REQUIRE(steps.size() == 3 * 2 + 26);
  for (std::size_t i = 1; i < steps.size(); ++i) {
    CHECK(steps[i].stage >= steps[i - 1].stage);
    if (steps[i].stage == steps[i - 1].stage) CHECK(steps[i].done == steps[i - 1].done + 1);
  }
  CHECK(steps.back().done == 25);
  static_assert(umap_observer<void (*)(const umap_step&)>);
  static_assert(!umap_observer<int>);
}

TEST_CASE("other dimensions and a random start work too") {
  const auto data = clouds(4, 80, 6);
  for (const std::size_t dims : {1u, 3u, 5u}) {
    const auto map = umap({.dimensions = dims}).fit(data.points);
    CHECK(map.coordinates().dimensions == dims);
    CHECK(map.coordinates().rows() == data.labels.size());
    CHECK(neighbour_label_accuracy(map.coordinates(), data.labels) > 0.98);
    CHECK(map.transform(data.points).dimensions == dims);
  }
  const auto random = umap({.start = umap_start::random}).fit(data.points);
  CHECK(neighbour_label_accuracy(random.coordinates(), data.labels) > 0.98);
}

TEST_CASE("approximate neighbours change the map little") {
  const auto data = clouds(8, 250, 16);
  const auto map = umap({.search = umap_neighbours::approximate}).fit(data.points);
  CHECK_FALSE(map.exact_neighbours());
  const auto exact = umap({.search = umap_neighbours::exact}).fit(data.points);
  CHECK(exact.exact_neighbours());
  CHECK(trustworthiness(data.points, map.coordinates()) > trustworthiness(data.points, exact.coordinates()) - 0.01);
}

TEST_CASE("UMAP obeys the laws of an embedding") {
  const auto data = clouds(3, 60, 5), fresh = clouds(3, 8, 5, 6);
  for (const auto profile : {umap_profile::umap_learn, umap_profile::r_umap}) {
    const auto report =
        testing::check_embedding_laws(umap({.profile = profile, .epochs = 60}), data.points, fresh.points);
    INFO(report.words());
    CHECK(report.holds());
  }
}

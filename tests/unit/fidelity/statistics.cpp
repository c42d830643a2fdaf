// Accumulated statistics: merging parts equals the whole, any order, any split, small sets stay exact.
#include <support/catch.hpp>

#include <synthmed/metrics/frechet.hpp>

#include "golden.hpp"

using namespace synthmed;
using synthmed_test::contains;
using synthmed_test::message_of;
using synthmed_test::normal_features;

namespace {
void check_same(const feature_moments& a, const feature_moments& b) {
  REQUIRE(a.n == b.n);
  for (std::size_t i = 0; i < a.mean.size(); ++i) CHECK(a.mean[i] == Approx(b.mean[i]).epsilon(1e-12).margin(1e-13));
  for (std::size_t i = 0; i < a.covariance.size(); ++i)
    CHECK(a.covariance[i] == Approx(b.covariance[i]).epsilon(1e-12).margin(1e-13));
}
}  // namespace

TEST_CASE("statistics: parts merged equal the whole, in any order") {
  const std::size_t d = 7;
  const auto x = normal_features(1, 1500, d, 3.0);
  const auto whole = moments_of(x);
  const auto part = [&](std::size_t first, std::size_t count) {
    feature_statistics s;
    s.update(feature_view(std::span(x.values).subspan(first * d, count * d), d));
    return s;
  };
  auto forward = part(0, 3);
  forward.merge(part(3, 700));
  forward.merge(part(703, 797));
  check_same(forward.value(), whole);
  auto backward = part(703, 797);
  backward.merge(part(3, 700));
  backward.merge(feature_statistics());
  backward.merge(part(0, 3));
  check_same(backward.value(), whole);
  feature_statistics rows;
  for (std::size_t i = 0; i < x.rows(); ++i) rows.update(feature_view(x.view().row(i), d));
  check_same(rows.value(), whole);

  auto twice = part(0, 400);
  twice.merge(twice);
  CHECK(twice.count() == 800);
}

TEST_CASE("statistics: covariance against its definition, with a large mean") {
  const feature_matrix x{{1e8 + 1, 2, 1e8 + 2, 4, 1e8 + 4, 5, 1e8 + 5, 1}, 2};
  const auto m = moments_of(x);
  CHECK(m.mean[0] == 1e8 + 3);
  CHECK(m.covariance[0] == Approx(10.0 / 3).epsilon(1e-12));
  CHECK(m.covariance[1] == Approx(-1.0 / 3).epsilon(1e-12));
  CHECK(m.covariance[2] == m.covariance[1]);
  CHECK(m.covariance[3] == Approx(10.0 / 3).epsilon(1e-12));
}

TEST_CASE("frechet_metric: merged parts equal the whole, below and above d rows") {
  for (const std::size_t d : {5u, 300u}) {
    const auto a = normal_features(2, 200, d), b = normal_features(3, 150, d, 0.2);
    frechet_metric whole, left, right;
    whole.update(set_side::reference, a);
    whole.update(set_side::candidate, b);
    left.update(set_side::candidate, synthmed_test::head(b, 40));
    right.update(set_side::candidate, feature_view(std::span(b.values).subspan(40 * d), d));
    right.update(set_side::reference, a);
    right.merge(left);
    CHECK(right.value().value == Approx(whole.value().value).epsilon(1e-12));
    CHECK(whole.value().value == Approx(frechet_distance(a, b).value).epsilon(1e-12));
    CHECK(whole.value().method == (d == 5 ? "cholesky" : "nuclear norm"));
  }
}

TEST_CASE("statistics refuse what they cannot mean") {
  feature_statistics s;
  CHECK(contains(message_of<argument_error>([&] { (void)s.value(); }), "at least 2 rows, got 0"));
  s.update(normal_features(1, 2, 3));
  CHECK(contains(message_of<shape_error>([&] { s.update(normal_features(1, 2, 4)); }), "of 3 features"));
  feature_statistics other;
  other.update(normal_features(1, 2, 4));
  CHECK_THROWS_AS(s.merge(other), shape_error);
}

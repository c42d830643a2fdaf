// The Fréchet distance: analytic cases, the reference packages' values, exactness below d rows, the compat mode.
#include <support/catch.hpp>

#include <synthmed/metrics/frechet.hpp>
#include <synthmed/metrics/frechet_compat.hpp>

#include "golden.hpp"

using namespace synthmed;
using synthmed_test::contains;
using synthmed_test::golden_features;
using synthmed_test::head;
using synthmed_test::message_of;
using synthmed_test::normal_features;
using synthmed_test::oracles;

namespace {
feature_moments diagonal(std::vector<double> mean, const std::vector<double>& variances) {
  feature_moments out{0, std::move(mean), std::vector<double>(variances.size() * variances.size())};
  for (std::size_t i = 0; i < variances.size(); ++i) out.covariance[i * variances.size() + i] = variances[i];
  return out;
}
}  // namespace

TEST_CASE("analytic Fréchet distances") {
  const std::vector<double> ones(2048, 1.0);
  CHECK(frechet_distance(diagonal(std::vector<double>(2048, 0.0), ones), diagonal(ones, ones)).value ==
        Approx(2048.0).epsilon(1e-9));
  CHECK(frechet_distance(diagonal({0, 0, 0}, {1, 4, 9}), diagonal({1, 2, 3}, {4, 1, 16})).value ==
        Approx(17.0).epsilon(1e-12));
  const feature_moments a{0, {0, 0}, {2, .5, .5, 1}}, b{0, {0, 0}, {1, -.3, -.3, 3}};
  CHECK(frechet_distance(a, b).value == Approx(0.929311854967774).epsilon(1e-12));
  CHECK(frechet_distance_pytorch_fid(a, b).value == Approx(0.929311854967774).epsilon(1e-9));
}

TEST_CASE("Fréchet distances of the golden features agree with scipy") {
  const auto train = golden_features("train"), test = golden_features("test"), synth = golden_features("synth");
  const auto& expected = oracles()["frechet"];
  const auto d = frechet_distance(train, synth);
  CHECK(d.value == Approx(expected["train_synth"]["nuclear"].get<double>()).epsilon(1e-10));
  CHECK(d.mean_term == Approx(expected["train_synth"]["mean_term"].get<double>()).epsilon(1e-10));
  CHECK(d.method == "cholesky");
  CHECK_FALSE(d.singular());
  CHECK((d.n1 == 80 && d.n2 == 70 && d.dimensions == 16));
  CHECK(frechet_distance(train, test).value == Approx(expected["train_test"]["nuclear"].get<double>()).epsilon(1e-10));
  CHECK(frechet_distance_pytorch_fid(moments_of(train), moments_of(synth)).value ==
        Approx(expected["train_synth"]["sqrtm"]["value"].get<double>()).epsilon(1e-9));
}

TEST_CASE("fewer rows than features: exact by rows, by statistics and by either mixture") {
  const auto train = golden_features("train"), synth = golden_features("synth");
  const double expected = oracles()["frechet"]["train_synth_n10_singular"]["nuclear"].get<double>();
  const auto d = frechet_distance(head(train, 10), head(synth, 12));
  CHECK(d.value == Approx(expected).epsilon(1e-12));
  CHECK(d.method == "nuclear norm");
  CHECK(d.singular());
  CHECK((d.rank1 == 9 && d.rank2 == 11));

  const auto by_statistics = frechet_distance(moments_of(head(train, 10)), moments_of(head(synth, 12)));
  CHECK(by_statistics.value == Approx(expected).epsilon(1e-9));
  CHECK((by_statistics.rank1 == 9 && by_statistics.rank2 == 11));

  feature_statistics few, many;
  few.update(head(train, 10));
  many.update(synth);
  const double one_side = frechet_distance(few, many).value;
  CHECK(one_side == Approx(frechet_distance(moments_of(head(train, 10)), moments_of(synth)).value).epsilon(1e-9));

  // pytorch-fid's way is noisy here, by design; scipy's own scatter around the exact value is 1e-7 on this input.
  CHECK(frechet_distance_pytorch_fid(moments_of(head(train, 10)), moments_of(head(synth, 12))).value ==
        Approx(expected).margin(1e-4));
}

TEST_CASE("a 512-dimensional distance of 100 rows does not depend on the route") {
  const auto a = normal_features(1, 100, 512), b = normal_features(2, 90, 512, 0.5);
  CHECK(frechet_distance(a, b).value == Approx(frechet_distance(moments_of(a), moments_of(b)).value).epsilon(1e-9));
}

TEST_CASE("laws of the Fréchet distance") {
  const auto a = normal_features(3, 60, 20), b = normal_features(4, 50, 20, 1.0);
  CHECK(frechet_distance(a, b).value == Approx(frechet_distance(b, a).value).epsilon(1e-12));
  CHECK(frechet_distance(a, a).value == Approx(0.0).margin(1e-10));
  auto shifted_a = a, shifted_b = b;
  for (double& value : shifted_a.values) value += 1e6;
  for (double& value : shifted_b.values) value += 1e6;
  CHECK(frechet_distance(shifted_a, shifted_b).value == Approx(frechet_distance(a, b).value).epsilon(1e-8));
}

TEST_CASE("small samples of one distribution are far apart: the bias that the floor shows") {
  // Own draws, so statistical: the reference run's means over five draws are 59.8, 17.4 and 2.17.
  for (const auto& [n, expected] : {std::pair<std::size_t, double>{32, 59.83}, {128, 17.39}, {1024, 2.166}})
    CHECK(frechet_distance(normal_features(10 + n, n, 64), normal_features(20 + n, n, 64)).value ==
          Approx(expected).epsilon(0.1));
}

TEST_CASE("the line to infinite size meets numpy's") {
  const auto train = golden_features("train"), synth = golden_features("synth");
  const auto& expected = oracles()["fid_infinity_prefix"];
  const auto fit = frechet_infinity(train, synth, expected["ns"].get<std::vector<std::size_t>>());
  CHECK(fit.value == Approx(expected["intercept"].get<double>()).epsilon(1e-10));
  CHECK(fit.slope == Approx(expected["slope"].get<double>()).epsilon(1e-10));
  for (std::size_t i = 0; i < fit.sizes.size(); ++i)
    CHECK(fit.distances[i] == Approx(expected["fids"][i].get<double>()).epsilon(1e-10));
  CHECK_FALSE(fit.below_dimensions);
  CHECK(frechet_infinity(train, synth, {10, 20}).below_dimensions);
  CHECK(contains(message_of<argument_error>([&] { (void)frechet_infinity(train, synth, {70, 71}); }), "got 71"));
  CHECK_THROWS_AS(frechet_infinity(train, synth, {70, 70}), argument_error);
  const auto sizes = infinity_sizes(70);
  CHECK((sizes.front() == 7 && sizes.back() == 70));
}

TEST_CASE("what a Fréchet distance refuses") {
  const auto a = normal_features(5, 10, 4), b = normal_features(6, 10, 5);
  CHECK(contains(message_of<shape_error>([&] { (void)frechet_distance(a, b); }), "got 4 and 5"));
  CHECK(contains(message_of<argument_error>([&] { (void)frechet_distance(head(a, 1), a); }), "at least 2 rows"));
  auto bad = a;
  bad.values[5] = std::nan("");
  CHECK(contains(message_of<argument_error>([&] { (void)frechet_distance(a, bad); }), "row 1, column 1"));
  CHECK_THROWS_AS(frechet_distance(feature_moments{0, {1, 2}, {1, 2, 3}}, feature_moments{0, {1, 2}, {1, 0, 0, 1}}),
                  shape_error);
}

TEST_CASE("identical rows have no variance: the distance of their means") {
  const feature_matrix a{{1, 2, 1, 2, 1, 2, 1, 2}, 2}, b{{4, 6, 4, 6, 4, 6}, 2};
  const auto d = frechet_distance(a, b);
  CHECK(d.value == 25.0);
  CHECK((d.rank1 == 0 && d.singular()));
}

// R's random numbers, digit for digit.
#include "golden.hpp"

#include <synthmed/metrics/inference/special.hpp>
#include <synthmed/random/r_compat.hpp>

using synthmed::r_stream;

TEST_CASE("runif, rnorm and sample.int after set.seed", "[r_compat]") {
  for (const auto seed : {1337u, 42u}) {
    const std::string name = "rng." + std::to_string(seed);
    r_stream uniform(seed), normal(seed), with(seed), without(seed);
    for (int i = 0; i < 5; ++i) {
      const std::string at = "[" + std::to_string(i) + "]";
      CHECK(uniform.uniform() == golden::r(name + ".runif5" + at));
      CHECK_CLOSE(normal.normal(), golden::r(name + ".rnorm5" + at), 1e-15);
    }
    const auto drawn = with.sample_with_replacement(240, 12);
    for (std::size_t i = 0; i < 12; ++i)
      CHECK(drawn[i] + 1 == golden::r(name + ".sampleint_240_x12[" + std::to_string(i) + "]"));
    const auto order = without.sample_without_replacement(10, 10);
    for (std::size_t i = 0; i < 10; ++i) CHECK(order[i] + 1 == golden::r(name + ".perm10[" + std::to_string(i) + "]"));
  }
}

TEST_CASE("the inversion is the normal quantile everywhere", "[r_compat]") {
  for (double p = 1e-12; p < 1; p = p < 0.01 ? p * 3 : p + 0.0137) {
    CHECK_CLOSE(synthmed::detail::as241(p), synthmed::normal_quantile(p), 1e-11);
    CHECK_CLOSE(synthmed::detail::as241(1 - p), synthmed::normal_quantile(1 - p), 1e-11);
  }
  CHECK_CLOSE(synthmed::detail::as241(1e-100), synthmed::normal_quantile(1e-100), 1e-12);
}

TEST_CASE("one thing is drawn, none is refused", "[r_compat]") {
  r_stream s(1);
  CHECK(s.below(1) == 0);
  CHECK_THROWS_AS(s.below(0), synthmed::argument_error);
  CHECK_THROWS_AS(s.sample_without_replacement(3, 4), synthmed::argument_error);
}

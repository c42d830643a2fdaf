// Distribution functions against tables and identities.
#include "golden.hpp"

#include <synthmed/metrics/inference/interval.hpp>
#include <synthmed/metrics/inference/special.hpp>

using namespace synthmed;

TEST_CASE("normal, t, chi-squared and binomial values of R", "[special]") {
  CHECK_CLOSE(normal_cdf(1.96), 0.97500210485177952);
  CHECK_CLOSE(normal_quantile(0.975), 1.9599639845400545);
  CHECK_CLOSE(normal_quantile(1e-300), -37.0471, 1e-6);
  CHECK_CLOSE(normal_two_sided(-2.7292), 0.006348, 2e-4);  // the study's printed DeLong test
  CHECK_CLOSE(student_two_sided(2.0, 10), 0.073388034770740365);
  CHECK_CLOSE(student_quantile(0.975, 10), 2.2281388519862739);
  CHECK_CLOSE(student_quantile(0.025, 10), -2.2281388519862739);
  CHECK(student_quantile(0.5, 3.5) == 0);
  CHECK_CLOSE(chi_squared_survival(3.841458820694124, 1), 0.05);
  CHECK_CLOSE(binomial_survival(93, 100, 0.85), 0.012165191906167125, 1e-11);
  CHECK_CLOSE(binomial_cdf(3, 10, 0.5), 0.171875);
  CHECK_CLOSE(binomial_cdf(3, 10, 0.3) + binomial_survival(4, 10, 0.3), 1.0);
}

TEST_CASE("quantiles invert their distributions", "[special]") {
  for (const double p : {1e-10, 0.001, 0.2, 0.5, 0.7, 0.999}) {
    CHECK_CLOSE(normal_cdf(normal_quantile(p)), p, 1e-11);
    CHECK_CLOSE(student_cdf(student_quantile(p, 4.7), 4.7), p, 1e-11);
  }
}

TEST_CASE("intervals of a proportion as R prints them", "[special]") {
  for (const auto& [k, n] : {std::pair{93, 100}, {98, 100}, {0, 20}, {20, 20}, {7, 24}}) {
    const std::string tail = "." + std::to_string(k) + "_" + std::to_string(n);
    const auto exact = clopper_pearson(k, n), score = wilson(k, n);
    CHECK_CLOSE(exact.low, golden::r("clopper_pearson" + tail + "[0]"), 1e-11);
    CHECK_CLOSE(exact.high, golden::r("clopper_pearson" + tail + "[1]"), 1e-11);
    CHECK_CLOSE(score.low, golden::r("wilson" + tail + "[0]"));
    CHECK_CLOSE(score.high, golden::r("wilson" + tail + "[1]"));
  }
}

TEST_CASE("arguments outside a distribution are refused in words", "[special]") {
  CHECK_THROWS_AS(normal_quantile(1.5), argument_error);
  CHECK_THROWS_AS(student_two_sided(1, 0), argument_error);
  CHECK_THROWS_AS(chi_squared_survival(1, -1), argument_error);
  CHECK_THROWS_AS(beta_quantile(0.5, 0, 1), argument_error);
  CHECK_THROWS_AS(clopper_pearson(3, 2), argument_error);
  CHECK_THROWS_AS(wilson(0, 0), argument_error);
  CHECK_THROWS_AS(wilson(1, 2, 1.0), argument_error);
  const auto said = synthmed_test::message_of<argument_error>([] { (void)clopper_pearson(3, 2); });
  CHECK(synthmed_test::contains(said, "3 of 2"));
}

TEST_CASE("intervals of an area under a precision-recall curve", "[special]") {
  const auto logit = logit_interval(0.8, 0.05);
  CHECK(logit.low > 0.68);
  CHECK(logit.high < 0.89);
  CHECK_CLOSE(std::log(logit.high / (1 - logit.high)) + std::log(logit.low / (1 - logit.low)), 2 * std::log(4.0));
  CHECK(std::isnan(logit_interval(1, 0).low));
  CHECK_CLOSE(binomial_interval(0.8, 100).high, 0.8 + 1.9599639845400545 * 0.04);
}

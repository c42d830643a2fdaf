// The laws of metrics on the fidelity metrics: parts, order, neutral element.
#include <support/catch.hpp>

#include <synthmed/metrics/frechet.hpp>
#include <synthmed/metrics/kid.hpp>
#include <synthmed/metrics/prdc.hpp>
#include <synthmed/testing/metric_laws.hpp>

#include "golden.hpp"

using namespace synthmed;
using synthmed_test::normal_features;

namespace {

/// A table as observations of up to three rows each.
std::vector<feature_view> batches(const feature_matrix& x) {
  std::vector<feature_view> out;
  for (std::size_t i = 0; i < x.rows(); i += 3)
    out.emplace_back(
        std::span(x.values).subspan(i * x.dimensions, std::min<std::size_t>(3, x.rows() - i) * x.dimensions),
        x.dimensions);
  return out;
}

template <class M, class Project>
void check_laws(std::size_t rows, std::size_t dimensions, Project project) {
  const auto a = normal_features(1, rows, dimensions), b = normal_features(2, rows - 7, dimensions, 0.7);
  const auto report = testing::check_set_metric_laws<M>(batches(a), batches(b), M(), project);
  INFO(report.words());
  CHECK(report.holds());
}

}  // namespace

TEST_CASE("laws of the Fréchet distance, by rows, by statistics, and folded many times") {
  const auto value = [](const frechet_result& r) { return r.value; };
  check_laws<frechet_metric>(60, 100, value);
  check_laws<frechet_metric>(90, 6, value);
  check_laws<frechet_metric>(900, 6, value);
}

TEST_CASE("laws of KID and of precision and recall") {
  check_laws<kid_metric>(80, 9, [](double v) { return v; });
  check_laws<prdc_metric>(80, 3, [](const prdc_result& r) { return r.density + 2 * r.recall + 4 * r.coverage; });
}

TEST_CASE("laws of the statistics") {
  const auto x = normal_features(3, 700, 5, 2.0);
  const auto rows = batches(x);
  for (const std::size_t place : {0u, 7u, 24u}) {
    const auto report = testing::check_metric_laws<feature_statistics>(
        std::span<const feature_view>(rows), feature_statistics(),
        [&](const feature_moments& m) { return 10 + m.covariance[place] + m.mean[2]; });
    INFO(report.words());
    CHECK(report.holds());
  }
}

// The stages of UMAP against umap-learn's and R umap's own numbers (tests/golden/umap_oracles.json).
#include <support/catch.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

#include <nlohmann/json.hpp>

#include <synthmed/metrics/umap.hpp>

#include "data.hpp"

using namespace synthmed;
using namespace synthmed::umap_stages;
using synthmed_test::message_of;

namespace {

const std::string golden = SYNTHMED_GOLDEN;

nlohmann::json oracles() { return nlohmann::json::parse(read_file(golden + "/umap_oracles.json")); }

struct iris_graph {
  synthmed_test::labelled_points data = synthmed_test::read_labelled(golden + "/iris.csv");
  neighbour_table near;
  std::vector<smoothing> smoothed;
  sparse_graph graph;
  iris_graph() {
    // The reference rounded points and distances to single precision, which makes and breaks ties (iris is full of
    // them), and took equal ones by index.
    for (double& v : data.points.values) v = static_cast<float>(v);
    near = {150, 14, {}, {}};
    for (std::size_t i = 0; i < 150; ++i) {
      std::vector<std::pair<float, std::size_t>> row;
      for (std::size_t j = 0; j < 150; ++j) {
        double squared = 0;
        for (std::size_t d = 0; d < 4; ++d)
          squared += std::pow(data.points.view().row(i)[d] - data.points.view().row(j)[d], 2);
        if (j != i) row.emplace_back(static_cast<float>(std::sqrt(squared)), j);
      }
      std::sort(row.begin(), row.end());
      for (std::size_t j = 0; j < 14; ++j) {
        near.distance.push_back(row[j].first);
        near.index.push_back(row[j].second);
      }
    }
    // One tie is beyond reach: 111 and 123 are equally far from 114, and the reference's last bit chose 111.
    for (std::size_t j = 0; j < 14; ++j)
      if (near.index[114 * 14 + j] == 123) near.index[114 * 14 + j] = 111;
    smoothed = smooth_rows(near, 1.0);
    graph = fuzzy_union(near, smoothed, 1.0);
  }
};

}  // namespace

TEST_CASE("exp, log and powers agree with the C library") {
  for (double x = -700; x < 700; x += 0.37) {
    CHECK(steady_exp(x) == Approx(std::exp(x)).epsilon(1e-15));
    const double y = std::exp2(x);
    CHECK(steady_log(y) == Approx(std::log(y)).epsilon(1e-15).margin(1e-15));
  }
  for (double x = 0.001; x < 50; x *= 1.3) CHECK(steady_pow(x, 0.895) == Approx(std::pow(x, 0.895)).epsilon(1e-14));
  CHECK(steady_exp(-1000) == 0);
  CHECK(std::isinf(steady_exp(1000)));
  CHECK(steady_pow(0, 2) == 0);
}

TEST_CASE("a and b are those of umap-learn") {
  const auto expected = oracles().at("find_ab_params");
  for (const auto& [where, ab] : expected.items()) {
    double spread = 0, min_dist = 0;
    REQUIRE(std::sscanf(where.c_str(), "%lf,%lf", &spread, &min_dist) == 2);
    const auto fitted = fit_curve(spread, min_dist);
    INFO(where);
    CHECK(std::abs(fitted.a - ab[0].get<double>()) < 1e-5);
    CHECK(std::abs(fitted.b - ab[1].get<double>()) < 1e-5);
  }
}

TEST_CASE("the compatibility fit ends where R umap's grid search ends, off the optimum at the study's min_dist") {
  const auto all = oracles();
  for (const auto& [where, ab] : all["find_ab_params_R_umap_0.2.11_grid"].items()) {
    double spread = 0, min_dist = 0;
    REQUIRE(std::sscanf(where.c_str(), "%lf,%lf", &spread, &min_dist) == 2);
    const auto fitted = fit_curve_r_umap(spread, min_dist);
    INFO(where);
    CHECK(std::abs(fitted.a - ab[0].get<double>()) < 1e-7);
    CHECK(std::abs(fitted.b - ab[1].get<double>()) < 1e-7);
  }
  const curve_target study(1, 0.99);
  CHECK(study.error_of(fit_curve(1, 0.99)) ==
        Approx(all["ab_sse_at_min_dist_0.99"]["uwot"].get<double>()).epsilon(1e-9));
  CHECK(study.error_of(fit_curve_r_umap(1, 0.99)) ==
        Approx(all["ab_sse_at_min_dist_0.99"]["R_umap"].get<double>()).epsilon(1e-9));
  CHECK_THROWS_AS(fit_curve(0, 0.1), argument_error);
  CHECK_THROWS_AS(fit_curve(1, -0.1), argument_error);
  CHECK_THROWS_AS(fit_curve(1, 3.5), argument_error);
}

TEST_CASE("sigma and rho of iris are umap-learn's") {
  const iris_graph iris;
  const auto expected = read_csv(golden + "/iris_sigma_rho.csv");
  REQUIRE(expected.rows() == 150);
  for (std::size_t i = 0; i < 150; ++i) {
    INFO("row " << i);
    CHECK(iris.smoothed[i].sigma == Approx(expected.number(i, 0)).epsilon(1e-5));
    CHECK(iris.smoothed[i].rho == Approx(expected.number(i, 1)).epsilon(1e-5).margin(1e-12));
  }
}

TEST_CASE("the fuzzy graph of iris is umap-learn's") {
  const iris_graph iris;
  const auto expected = oracles()["iris_k15"];
  double sum = 0, most = 0;
  for (const double w : iris.graph.weight) sum += w, most = std::max(most, w);
  CHECK(sum == Approx(expected["graph_sum"].get<double>()).epsilon(1e-4));
  CHECK(iris.graph.edges() == expected["graph_nnz"].get<std::size_t>());
  CHECK(most == 1.0);
  CHECK(connected_components(iris.graph).count == 2);
  REQUIRE(iris.graph.start[1] == expected["graph_row0"].size());
  for (std::size_t e = 0; e < iris.graph.start[1]; ++e) {
    CHECK(iris.graph.column[e] == expected["graph_row0"][e][0].get<std::size_t>());
    CHECK(iris.graph.weight[e] == Approx(expected["graph_row0"][e][1].get<double>()).epsilon(1e-4));
  }
  // Our own neighbours, which do not round: another way with the ties, the same sum to 1e-4.
  const auto own = nearest_neighbours(iris.data.points, iris.data.points, 14, self_pairs::exclude);
  const auto own_graph = fuzzy_union(own, smooth_rows(own, 1.0), 1.0);
  double own_sum = 0;
  for (const double w : own_graph.weight) own_sum += w;
  CHECK(own_sum == Approx(sum).epsilon(1e-4));
  // Symmetric, and the mixed forms lie between intersection and union.
  const auto meet = fuzzy_union(iris.near, iris.smoothed, 0.0);
  double meet_sum = 0;
  for (const double w : meet.weight) meet_sum += w;
  CHECK(meet_sum < sum);
  for (std::size_t i = 0; i < 150; ++i)
    for (std::size_t e = iris.graph.start[i]; e < iris.graph.start[i + 1]; ++e) {
      const std::size_t j = iris.graph.column[e];
      bool found = false;
      for (std::size_t f = iris.graph.start[j]; f < iris.graph.start[j + 1]; ++f)
        found = found || (iris.graph.column[f] == i && iris.graph.weight[f] == iris.graph.weight[e]);
      REQUIRE(found);
    }
}

TEST_CASE("local connectivity interpolates between neighbours") {
  const std::vector<double> row{0, 1, 2, 4};
  CHECK(smooth_row(row, 5, 1, 0, 1, 1).rho == 1);
  CHECK(smooth_row(row, 5, 1.5, 0, 1, 1).rho == 1.5);
  CHECK(smooth_row(row, 5, 2, 0, 1, 1).rho == 2);
  CHECK(smooth_row(row, 5, 5, 0, 1, 1).rho == 4);
  CHECK(smooth_row(row, 5, 0, 0, 1, 1).rho == 0);
}

TEST_CASE("Lanczos finds the smallest eigenvalues of the Laplacian, component by component") {
  // Iris has two components, whose spectra together are the golden spectrum: two zeros, then 0.01887, 0.0619, ...
  const iris_graph iris;
  const auto parts = connected_components(iris.graph);
  std::vector<double> values;
  for (std::uint32_t c = 0; c < 2; ++c) {
    sparse_graph part;
    std::vector<std::uint32_t> number(150);
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < 150; ++i)
      if (parts.of[i] == c) number[i] = next++;
    for (std::size_t i = 0; i < 150; ++i) {
      if (parts.of[i] != c) continue;
      for (std::size_t e = iris.graph.start[i]; e < iris.graph.start[i + 1]; ++e) {
        part.column.push_back(number[iris.graph.column[e]]);
        part.weight.push_back(iris.graph.weight[e]);
      }
      part.start.push_back(part.column.size());
    }
    const auto found = smallest_laplacian(part, 4, 7, 1e-9);
    CHECK(found.residual < 1e-9);
    values.insert(values.end(), found.values.begin(), found.values.end());
    // Vectors are orthonormal and fulfil L v = value v.
    for (std::size_t j = 0; j < 4; ++j)
      for (std::size_t l = 0; l <= j; ++l)
        CHECK(steady_dot(found.vectors[j], found.vectors[l]) == Approx(j == l ? 1.0 : 0.0).margin(1e-10));
  }
  std::sort(values.begin(), values.end());
  const auto expected = oracles()["iris_k15"]["laplacian_smallest6"];
  for (std::size_t i = 2; i < 6; ++i) CHECK(values[i - 2] == Approx(expected[i].get<double>()).epsilon(1e-5));
}

TEST_CASE("the Jacobi rotations diagonalise") {
  constexpr std::size_t m = 9;
  std::vector<double> a(m * m), values, vectors;
  for (std::size_t i = 0; i < m; ++i)
    for (std::size_t j = 0; j <= i; ++j) a[i * m + j] = a[j * m + i] = rough_normal(3, i * m + j);
  small_eigen(a, m, values, vectors);
  for (std::size_t j = 0; j < m; ++j)
    for (std::size_t i = 0; i < m; ++i) {
      double image = 0;
      for (std::size_t l = 0; l < m; ++l) image += a[i * m + l] * vectors[l * m + j];
      CHECK(image == Approx(values[j] * vectors[i * m + j]).margin(1e-12));
    }
  CHECK(std::is_sorted(values.rbegin(), values.rend()));
}

TEST_CASE("force tables follow the formulas") {
  const auto p = fit_curve(1, 0.1);
  const forces force(p, 1.0);
  for (double d2 = 1e-6; d2 < 1e6; d2 *= 1.37) {
    const double power = std::pow(d2, p.b);
    const auto at = static_cast<float>(d2);
    CHECK(force.attract(at) == Approx(-2 * p.a * p.b * std::pow(d2, p.b - 1) / (1 + p.a * power)).epsilon(3e-4));
    CHECK(force.repel(at) == Approx(2 * p.b / ((0.001 + d2) * (1 + p.a * power))).epsilon(3e-4));
  }
}

TEST_CASE("an edge is sampled as often as its weight says") {
  for (const double weight : {1.0, 0.5, 0.37, 0.002}) {
    const auto rate = sampling_rate(weight, 1.0);
    int count = 0;
    for (std::uint64_t epoch = 0; epoch < 500; ++epoch) count += sampled(rate, epoch);
    CHECK(std::abs(count - weight * 500) <= 1);
  }
}

TEST_CASE("approximate neighbours are nearly the exact ones, the same for any thread count") {
  const auto data = synthmed_test::clouds(10, 400, 20);
  const std::size_t k = 14, n = data.labels.size();
  const auto exact = nearest_neighbours(data.points, data.points, k, self_pairs::exclude);
  set_threads(1);
  const auto one = descend_neighbours(data.points, k, key(5));
  set_threads(4);
  const auto four = descend_neighbours(data.points, k, key(5));
  set_threads(2);
  CHECK(one.index == four.index);
  CHECK(one.distance == four.distance);
  std::size_t found = 0;
  for (std::size_t i = 0; i < n; ++i)
    for (const auto j : one.indices(i)) {
      const auto row = exact.indices(i);
      found += std::find(row.begin(), row.end(), j) != row.end();
    }
  CHECK(static_cast<double>(found) > 0.97 * static_cast<double>(n * k));
  for (std::size_t i = 0; i < n; ++i) {
    const auto distances = one.distances(i);
    CHECK(std::is_sorted(distances.begin(), distances.end()));
    for (const auto j : one.indices(i)) REQUIRE(j != i);
  }
  // As many neighbours as there are points.
  const auto few = synthmed_test::clouds(1, 9, 3);
  const auto all = descend_neighbours(few.points, 8, key(1));
  CHECK(all.index == nearest_neighbours(few.points, few.points, 8, self_pairs::exclude).index);
  CHECK_THROWS_AS(descend_neighbours(few.points, 9, key(1)), argument_error);
}

// DeLong single, paired, unpaired and clustered: pROC's values, published examples, Obuchowski's covariance.
#include "golden.hpp"

#include <fstream>

#include <synthmed/metrics/inference/delong.hpp>
#include <synthmed/random/distributions.hpp>

using namespace synthmed;

namespace {
template <class Scores>
void check_set(const std::string& tag, const Scores& sa, const Scores& sb, const std::vector<int>& y) {
  const ranked_scores a(sa, y), b(sb, y);
  const auto pa = placements(a), pb = placements(b);
  CHECK_CLOSE(delong_covariance(pa, pa), golden::r(tag + ".var_delong_a"));
  CHECK_CLOSE(delong_covariance(pb, pb), golden::r(tag + ".var_delong_b"));
  CHECK_CLOSE(delong_covariance(pa, pb), golden::r(tag + ".cov_delong"), 1e-11);  // a sum that nearly cancels
  const auto ea = delong(a), eb = delong(b);
  CHECK_CLOSE(ea.low, golden::r(tag + ".ci_delong_a[0]"));
  CHECK_CLOSE(ea.value, golden::r(tag + ".ci_delong_a[1]"));
  CHECK_CLOSE(ea.high, golden::r(tag + ".ci_delong_a[2]"));
  CHECK_CLOSE(eb.low, golden::r(tag + ".ci_delong_b[0]"));
  CHECK_CLOSE(eb.high, golden::r(tag + ".ci_delong_b[2]"));
  const auto t = delong_paired(a, b);
  CHECK_CLOSE(t.statistic, golden::r(tag + ".delong_paired.Z"));
  CHECK_CLOSE(t.p, golden::r(tag + ".delong_paired.p"));
  CHECK_CLOSE(t.low, golden::r(tag + ".delong_paired.ci[0]"));
  CHECK_CLOSE(t.high, golden::r(tag + ".delong_paired.ci[1]"));
  CHECK_CLOSE(delong_paired(a, b, alternative::less).p, golden::r(tag + ".delong_paired.p_less"));
  CHECK_CLOSE(delong_paired(a, b, alternative::greater).p, golden::r(tag + ".delong_paired.p_greater"));
  const auto u = delong_unpaired(a, b);
  CHECK_CLOSE(u.statistic, golden::r(tag + ".delong_unpaired.D"));
  CHECK_CLOSE(u.df, golden::r(tag + ".delong_unpaired.df"));
  CHECK_CLOSE(u.p, golden::r(tag + ".delong_unpaired.p"));
}
}  // namespace

TEST_CASE("pROC's DeLong on the golden sets", "[delong]") {
  const golden::three_classes d;
  check_set("cls3.class2", d.a2, d.b2, d.plus);
  const golden::tied t;
  check_set("ties", t.a, t.b, t.y);
}

TEST_CASE("the study's printed DeLong tests are consistent with their intervals", "[delong]") {
  // Inputs are not public; z, p and the interval are. p follows from z, the interval from the AUCs and z.
  struct printed {
    double first, second, z, p, low, high;
  };
  for (const auto& t : {printed{0.9343905, 0.9713345, -2.7292, 0.006348, -0.06347495, -0.01041297},
                        printed{0.9867837, 0.9879637, -0.27011, 0.7871, -0.009742492, 0.007382443}}) {
    const double d = t.first - t.second, se = d / t.z;
    CHECK(normal_two_sided(t.z) == Approx(t.p).epsilon(2e-4));
    const auto limits = normal_interval(d, se);
    CHECK(limits.low == Approx(t.low).margin(3e-7));
    CHECK(limits.high == Approx(t.high).margin(3e-7));
  }
  CHECK(normal_two_sided(-2.8525) == Approx(0.004338).epsilon(2e-4));  // its bootstrap test
  // aSAH, published with pROC: z from the variances and the covariance, then p.
  for (const auto& [x, y] : {std::pair{"wfns", "s100b"}, {"wfns", "ndka"}, {"ndka", "s100b"}}) {
    const std::string pair = std::string(x) + "_" + y;
    const auto var = [](const char* v) { return golden::r(std::string("aSAH.var.") + v); };
    const double d = golden::r(std::string("aSAH.auc.") + x) - golden::r(std::string("aSAH.auc.") + y);
    const auto t = detail::z_test(golden::r(std::string("aSAH.auc.") + x), golden::r(std::string("aSAH.auc.") + y),
                                  var(x) + var(y) - 2 * golden::r("aSAH.cov." + pair), 0.95, alternative::two_sided);
    CHECK_CLOSE(t.difference, d);
    CHECK_CLOSE(t.statistic, golden::r("aSAH.delong." + pair + ".Z"), 1e-11);
    CHECK_CLOSE(t.p, golden::r("aSAH.delong." + pair + ".p"), 1e-11);
    const auto limits = normal_interval(golden::r(std::string("aSAH.auc.") + x), std::sqrt(var(x)), 0.95, 0, 1);
    CHECK_CLOSE(limits.low, golden::r(std::string("aSAH.ci.") + x + "[0]"));
    CHECK_CLOSE(limits.high, golden::r(std::string("aSAH.ci.") + x + "[2]"));
  }
}

TEST_CASE("Obuchowski's clustered covariance", "[delong][clustered]") {
  std::ifstream in(golden::path("cluster_auc_oracle.json"));
  const auto oracle = nlohmann::json::parse(in);
  const golden::three_classes d;
  const ranked_scores a(d.a2, d.plus), b(d.b2, d.plus);
  const cluster_index patients(d.patient);
  CHECK(patients.count() == oracle["n_patients"].get<std::size_t>());
  const auto check = [&](const cluster_index& clusters, const nlohmann::json& c) {
    CHECK_CLOSE(delong_clustered_covariance(a, a, clusters), c[0][0]);
    CHECK_CLOSE(delong_clustered_covariance(b, b, clusters), c[1][1]);
    CHECK_CLOSE(delong_clustered_covariance(a, b, clusters), c[0][1], 1e-11);
    CHECK_CLOSE(delong_clustered_covariance(b, a, clusters), c[1][0], 1e-11);
  };
  check(patients, oracle["cov_clustered"]);
  check(cluster_index::singletons(d.label.size()), oracle["cov_units_as_clusters"]);
  const auto ea = delong_clustered(a, patients), eb = delong_clustered(b, patients);
  CHECK_CLOSE(ea.low, oracle["ci_clustered"][0][0]);
  CHECK_CLOSE(ea.high, oracle["ci_clustered"][0][1]);
  CHECK_CLOSE(eb.low, oracle["ci_clustered"][1][0]);
  CHECK_CLOSE(eb.high, oracle["ci_clustered"][1][1]);
  const auto t = delong_paired_clustered(a, b, patients);
  CHECK_CLOSE(t.statistic, oracle["Z_clustered"]);
  CHECK_CLOSE(t.p, oracle["p_clustered"]);
  CHECK(t.clusters == 120);
  CHECK_CLOSE(delong_paired(a, b).statistic, oracle["Z_naive"]);
}

TEST_CASE("placements by sorting equal placements by comparing all pairs", "[delong]") {
  random_stream stream(key(5));
  for (int trial = 0; trial < 20; ++trial) {
    std::vector<double> s;
    std::vector<int> y{0, 1};
    for (int i = 0; i < 60; ++i) s.push_back(std::floor(8 * stream.uniform()));  // many ties
    while (y.size() < s.size()) y.push_back(stream.chance(0.4));
    const auto p = placements(ranked_scores(s, y));
    std::size_t next[2] = {0, 0};
    for (std::size_t i = 0; i < s.size(); ++i) {
      double beats = 0, others = 0;
      for (std::size_t j = 0; j < s.size(); ++j) {
        if (y[j] == y[i]) continue;
        const double high = y[i] ? s[i] : s[j], low = y[i] ? s[j] : s[i];
        beats += high > low ? 1 : high == low ? 0.5 : 0;
        ++others;
      }
      CHECK_CLOSE((y[i] ? p.positives : p.negatives)[next[y[i]]++], beats / others);
    }
  }
}

TEST_CASE("documented values at the edges", "[delong]") {
  const std::vector<int> y{0, 0, 1, 1};
  const std::vector<double> perfect{1, 2, 3, 4}, flat{1, 1, 1, 1};
  const ranked_scores p(perfect, y), f(flat, y);
  const auto best = delong(p);
  CHECK(best.low == 1);
  CHECK(best.high == 1);
  const auto none = delong_paired(p, p);  // identical curves: no difference, no evidence
  CHECK(none.statistic == 0);
  CHECK(none.p == 1);
  CHECK(delong(f).value == 0.5);
  const ranked_scores single(std::vector<double>{1, 2, 3}, std::vector<int>{0, 0, 1});
  CHECK(std::isnan(delong(single).low));
  CHECK_THROWS_AS(delong(ranked_scores(perfect, std::vector<int>{1, 1, 1, 1})), argument_error);
  CHECK_THROWS_AS(delong_paired(p, ranked_scores(perfect, std::vector<int>{0, 1, 0, 1})), argument_error);
  CHECK_THROWS_AS(delong_clustered(p, cluster_index(std::vector<int>{1, 2})), argument_error);
}

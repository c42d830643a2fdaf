// McNemar, Mantel-Haenszel, permutation, margins, Holm.
#include "golden.hpp"

#include <synthmed/metrics/inference/tests.hpp>
#include <synthmed/metrics/multiclass.hpp>
#include <synthmed/random/distributions.hpp>

using namespace synthmed;

TEST_CASE("McNemar on correctness", "[tests]") {
  const golden::three_classes d;
  const auto a = class_scores(d.a, d.label, 3).calls(), b = class_scores(d.b, d.label, 3).calls();
  mcnemar_metric m;
  for (std::size_t i = 0; i < d.label.size(); ++i) m.update({a[i], d.label[i]}, {b[i], d.label[i]});
  const auto t = m.value();
  CHECK_CLOSE(t.corrected.statistic, golden::r("mcnemar.correctness.chi2"));
  CHECK_CLOSE(t.corrected.p, golden::r("mcnemar.correctness.p"), 1e-11);
  CHECK_CLOSE(t.exact_p, golden::r("mcnemar.correctness.exact_p"), 1e-11);
  CHECK(t.both + t.neither + t.only_first + t.only_second == 240);
  CHECK(mcnemar(3, 3).p == 1);
  CHECK(std::isnan(mcnemar(0, 0).p));
  CHECK(mcnemar_exact(0, 0) == 1);
  CHECK_THROWS_AS(m.update({0, 1}, {0, 2}), argument_error);
}

TEST_CASE("the study's Mantel-Haenszel test", "[tests]") {
  const std::vector<std::vector<std::int64_t>> strata{{54, 25, 2, 0, 6, 2, 0, 0, 11}, {54, 7, 0, 0, 14, 0, 0, 10, 15}};
  const auto t = mantel_haenszel(strata, 3, 3);
  CHECK_CLOSE(t.statistic, golden::r("cmh.seed.M2"));
  CHECK(t.df == golden::r("cmh.seed.df"));
  CHECK_CLOSE(t.p, golden::r("cmh.seed.p"), 1e-10);
  CHECK_THROWS_AS(mantel_haenszel(strata, 2, 2), argument_error);
  CHECK_THROWS_AS(mantel_haenszel(std::vector<std::vector<std::int64_t>>{{1, 0, 2, 0}}, 2, 2), argument_error);
}

TEST_CASE("permutation: exchangeable models are not told apart, different ones are", "[tests]") {
  const golden::three_classes d;
  const cluster_index patients(d.patient);
  const permutation_options options{.replicates = 999};
  const auto same = permutation_paired(d.a2, d.a2, d.plus, patients, auc_of{}, options);
  CHECK(same.difference == 0);
  CHECK(same.p == 1);
  const auto two = permutation_paired(d.a2, d.b2, d.plus, patients, auc_of{}, options);
  const auto z = delong_paired_clustered(ranked_scores(d.a2, d.plus), ranked_scores(d.b2, d.plus), patients);
  CHECK_CLOSE(two.difference, z.difference);
  CHECK(two.p == Approx(z.p).margin(0.05));
  std::vector<double> noise;
  random_stream stream(key(1));
  for (std::size_t i = 0; i < d.plus.size(); ++i) noise.push_back(stream.uniform());
  CHECK(permutation_paired(d.b2, noise, d.plus, patients, auc_of{}, options).p == 0.001);
  // A monotone change of one model's scores changes nothing, because ranks are exchanged.
  auto stretched = d.b2;
  for (auto& s : stretched) s = std::exp(9 * s);
  CHECK(permutation_paired(d.a2, stretched, d.plus, patients, auc_of{}, options).p == two.p);
}

TEST_CASE("permutation p-values are uniform under the null hypothesis", "[tests]") {
  int small = 0;
  for (int draw = 0; draw < 200; ++draw) {
    random_stream stream(key(21).fold(draw));
    std::vector<double> a, b;
    std::vector<int> y, subject;
    for (int i = 0; i < 40; ++i) {
      y.push_back(i % 2);
      subject.push_back(i / 2);
      a.push_back(stream.normal() + i % 2);
      b.push_back(stream.normal() + i % 2);
    }
    small +=
        permutation_paired(a, b, y, cluster_index(subject), auc_of{}, {.replicates = 99, .seed = key(22).fold(draw)})
            .p <= 0.1;
  }
  CHECK(small > 7);  // 20 expected, sd 4.2
  CHECK(small < 33);
}

TEST_CASE("equivalence and non-inferiority", "[tests]") {
  const auto close = equivalence(0.005, 0.01, 0.05);
  CHECK(close.shown);
  CHECK_CLOSE(close.p, normal_cdf(-4.5));
  CHECK_CLOSE(close.high, 0.005 + 1.6448536269514722 * 0.01);
  // The interval of level 1 - 2 alpha lies inside the margin exactly when equivalence is shown.
  for (const double d : {-0.06, -0.04, -0.034, -0.033, 0.0, 0.033, 0.034})
    for (const double se : {0.01, 0.02, 0.03}) {
      const auto t = equivalence(d, se, 0.05);
      CHECK(t.shown == (t.low > -0.05 && t.high < 0.05));
      CHECK(noninferiority(d, se, 0.05).shown == (t.low > -0.05));
    }
  CHECK_FALSE(equivalence(0.0, 0.1, 0.05).shown);  // no difference seen, but nothing known either
  CHECK(noninferiority(0.2, 0.05, 0.05).shown);    // far better is not worse
  CHECK_THROWS_AS(equivalence(0, 0.1, 0), argument_error);
  CHECK_THROWS_AS(equivalence(0, std::nan(""), 0.1), argument_error);
}

TEST_CASE("Holm's adjustment as R's p.adjust", "[tests]") {
  const std::vector<double> p{0.01, 0.04, 0.03, 0.005};
  const auto adjusted = holm(p);
  CHECK_CLOSE(adjusted[0], 0.03);
  CHECK_CLOSE(adjusted[1], 0.06);
  CHECK_CLOSE(adjusted[2], 0.06);
  CHECK_CLOSE(adjusted[3], 0.02);
  CHECK(holm(std::vector<double>{0.9, 0.8}) == std::vector<double>{1, 1});
  CHECK(holm(std::vector<double>{}).empty());
  CHECK_THROWS_AS(holm(std::vector<double>{0.1, std::nan("")}), argument_error);
}

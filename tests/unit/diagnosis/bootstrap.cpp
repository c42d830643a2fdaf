// The bootstrap: seeded results of pROC and boot digit for digit, clusters, threads, any metric.
#include "golden.hpp"

#include <fstream>

#include <synthmed/metrics/calibration.hpp>
#include <synthmed/metrics/confusion.hpp>
#include <synthmed/metrics/inference.hpp>
#include <synthmed/metrics/pr.hpp>

using namespace synthmed;

namespace {
void check_proc(const std::string& tag, const std::vector<double>& sa, const std::vector<double>& sb,
                const std::vector<int>& y) {
  const ranked_scores a(sa, y), b(sb, y);
  const auto difference = table_difference(a, b, auc_of{});
  const auto paired = test_difference(proc_bootstrap(a.labels(), difference, {.replicates = 1000, .seed = 1337}));
  CHECK_CLOSE(paired.statistic, golden::r(tag + ".boot_paired_strat_seed1337_n1000.D"), 1e-11);
  CHECK_CLOSE(paired.p, golden::r(tag + ".boot_paired_strat_seed1337_n1000.p"), 1e-11);
  const auto loose =
      test_difference(proc_bootstrap(a.labels(), difference, {.replicates = 1000, .seed = 1337, .stratified = false}));
  CHECK_CLOSE(loose.statistic, golden::r(tag + ".boot_paired_nonstrat_seed1337_n1000.D"), 1e-11);
  const auto one = proc_bootstrap(a.labels(), table_statistic(a, auc_of{}), {.replicates = 2000, .seed = 1337});
  CHECK_CLOSE(quantile_interval(one).low, golden::r(tag + ".ci_boot_strat_seed1337_n2000_a[0]"));
  CHECK_CLOSE(quantile(one.replicates, 0.5), golden::r(tag + ".ci_boot_strat_seed1337_n2000_a[1]"));
  CHECK_CLOSE(quantile_interval(one).high, golden::r(tag + ".ci_boot_strat_seed1337_n2000_a[2]"));
}
}  // namespace

TEST_CASE("pROC's seeded bootstraps, digit for digit", "[bootstrap]") {
  const golden::three_classes d;
  check_proc("cls3.class2", d.a2, d.b2, d.plus);
  const golden::tied t;
  check_proc("ties", t.a, t.b, t.y);
}

TEST_CASE("boot's seeded results: replicates, percentile, basic and BCa", "[bootstrap]") {
  const golden::three_classes d;
  const ranked_scores a(d.a2, d.plus);
  const r_bootstrap_options options{.replicates = 999, .seed = 1337};
  const auto pr = boot_ordinary(a.size(), table_statistic(a, auc_pr_of{pr_estimator::rocr}), options);
  const std::string p = "cls3.boot_aucpr_seed1337_R999";
  CHECK_CLOSE(pr.value, golden::r(p + ".t0"));
  CHECK_CLOSE(pr.bias(), golden::r(p + ".bias"), 1e-10);  // a difference of two means of order one
  CHECK_CLOSE(pr.standard_error(), golden::r(p + ".se"));
  CHECK_CLOSE(percentile_interval(pr).low, golden::r(p + ".perc[0]"));
  CHECK_CLOSE(percentile_interval(pr).high, golden::r(p + ".perc[1]"));
  const auto roc = boot_ordinary(a.size(), table_statistic(a, auc_of{}), options);
  const std::string q = "cls3.boot_auc_seed1337_R999";
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK_CLOSE(pr.replicates[i], golden::r(p + ".first5[" + std::to_string(i) + "]"));
    CHECK_CLOSE(roc.replicates[i], golden::r(q + ".first5[" + std::to_string(i) + "]"));
  }
  CHECK_CLOSE(roc.standard_error(), golden::r(q + ".se"));
  CHECK_CLOSE(percentile_interval(roc).low, golden::r(q + ".perc[0]"));
  CHECK_CLOSE(percentile_interval(roc).high, golden::r(q + ".perc[1]"));
  CHECK_CLOSE(basic_interval(roc).low, golden::r(q + ".basic[0]"));
  CHECK_CLOSE(basic_interval(roc).high, golden::r(q + ".basic[1]"));
  const auto bca = bca_interval(roc, acceleration(regression_influence(roc)));
  CHECK_CLOSE(bca.low, golden::r(q + ".bca[0]"), 1e-11);
  CHECK_CLOSE(bca.high, golden::r(q + ".bca[1]"), 1e-11);
}

TEST_CASE("the subject bootstrap agrees with the subject-clustered covariance", "[bootstrap][clustered]") {
  std::ifstream in(golden::path("cluster_auc_oracle.json"));
  const auto oracle = nlohmann::json::parse(in);
  const golden::three_classes d;
  const ranked_scores a(d.a2, d.plus), b(d.b2, d.plus);
  const cluster_index patients(d.patient);
  const auto plan = resampling::subjects(patients);
  const bootstrap_options options{.replicates = 4000};
  const auto one = bootstrap(plan, table_statistic(a, auc_of{}), options);
  const auto both = bootstrap(plan, table_difference(a, b, auc_of{}), options);
  CHECK(one.undefined == 0);
  CHECK(one.standard_error() == Approx(delong_clustered(a, patients).standard_error).epsilon(0.1));
  CHECK(both.standard_error() == Approx(oracle["patient_bootstrap_1000"]["sd_diff"].get<double>()).epsilon(0.1));
  CHECK(quantile_interval(one).low == Approx(oracle["patient_bootstrap_1000"]["ci_a"][0].get<double>()).margin(0.01));
}

TEST_CASE("a replicate is a function of seed and number, not of threads", "[bootstrap]") {
  const golden::three_classes d;
  const ranked_scores a(d.a2, d.plus);
  const auto run = [&](int count, std::size_t replicates) {
    set_threads(count);
    return bootstrap(resampling::stratified(d.plus), table_statistic(a, auc_of{}), {.replicates = replicates});
  };
  const auto one = run(1, 700), four = run(4, 700);
  auto more = run(3, 1000).replicates;
  set_threads(1);
  CHECK(one.replicates == four.replicates);
  more.resize(700);
  CHECK(one.replicates == more);
  const auto other =
      bootstrap(resampling::stratified(d.plus), table_statistic(a, auc_of{}), {.replicates = 700, .seed = key(2)});
  CHECK(one.replicates != other.replicates);
}

TEST_CASE("any metric can be bootstrapped", "[bootstrap]") {
  const golden::three_classes d;
  std::vector<scored_case> cases;
  std::vector<confusion_matrix::observation> calls;
  for (std::size_t i = 0; i < d.plus.size(); ++i) {
    cases.push_back({d.a2[i], d.plus[i]});
    calls.push_back({d.a2[i] > 0.5, d.plus[i]});
  }
  const auto plan = resampling::subjects(cluster_index(d.patient));
  const bootstrap_options options{.replicates = 300};
  const auto by_metric = bootstrap(plan, metric_statistic<auc_metric>(cases), options);
  const ranked_scores a(d.a2, d.plus);
  const auto by_table = bootstrap(plan, table_statistic(a, auc_of{}), options);
  REQUIRE(by_metric.replicates.size() == by_table.replicates.size());
  for (std::size_t i = 0; i < by_table.replicates.size(); ++i)
    CHECK_CLOSE(by_metric.replicates[i], by_table.replicates[i]);
  const auto brier_limits = quantile_interval(bootstrap(plan, metric_statistic<brier_metric>(cases), options));
  CHECK(brier_limits.low < brier_limits.value);
  CHECK(brier_limits.value < brier_limits.high);
  const auto accuracy =
      bootstrap(plan,
                metric_statistic<confusion_matrix>(calls, confusion_matrix(2),
                                                   [](const overall_statistics& o) { return o.accuracy; }),
                options);
  CHECK_CLOSE(
      accuracy.value, 1 - [&] {
        double wrong = 0;
        for (const auto& c : calls) wrong += c.predicted != c.truth;
        return wrong / static_cast<double>(calls.size());
      }());
}

TEST_CASE("resamples without a class are left out and counted", "[bootstrap]") {
  const std::vector<double> s{1, 2, 3, 4, 5, 6};
  const std::vector<int> y{0, 0, 0, 0, 0, 1};
  const ranked_scores ranked(s, y);
  const auto loose = bootstrap(resampling::cases(6), table_statistic(ranked, auc_of{}), {.replicates = 3000});
  CHECK(loose.undefined + loose.replicates.size() == 3000);
  CHECK(static_cast<double>(loose.undefined) / 3000 == Approx(std::pow(5.0 / 6, 6)).margin(0.05));
  CHECK(bootstrap(resampling::stratified(y), table_statistic(ranked, auc_of{}), {.replicates = 300}).undefined == 0);
  CHECK_THROWS_AS(bootstrap(resampling::cases(6), table_statistic(ranked, auc_of{}), {.replicates = 1}),
                  argument_error);
  CHECK_THROWS_AS(resampling::cases(0), argument_error);
  bootstrap_result nothing{.value = 1, .replicates = {}, .undefined = 5};
  CHECK_THROWS_AS(nothing.standard_error(), argument_error);
}

TEST_CASE("intervals cover: nine in ten 90 percent limits hold the truth", "[bootstrap]") {
  // Mean of 40 uniform numbers by case; the truth is one half. 200 draws, binomial sd 2.1 points.
  int held[3] = {0, 0, 0};
  for (int draw = 0; draw < 200; ++draw) {
    random_stream stream(key(11).fold(draw));
    std::vector<double> x(40);
    for (auto& value : x) value = stream.uniform();
    const auto make = [&x] {
      return [&x](multiplicities times) {
        double sum = 0, n = 0;
        for (std::size_t i = 0; i < x.size(); ++i) {
          sum += times[i] * x[i];
          n += times[i];
        }
        return sum / n;
      };
    };
    const auto b = bootstrap(resampling::cases(x.size()), make, {.replicates = 400, .seed = key(12).fold(draw)});
    const auto jack = acceleration(jackknife_influence(cluster_index::singletons(x.size()), make));
    int which = 0;
    for (const auto& limits : {percentile_interval(b, 0.9), basic_interval(b, 0.9), bca_interval(b, jack, 0.9)})
      held[which++] += limits.low <= 0.5 && 0.5 <= limits.high;
  }
  for (const int h : held) {
    CHECK(h > 160);
    CHECK(h < 198);
  }
}

TEST_CASE("jackknife influence of a mean is the centred value", "[bootstrap]") {
  const std::vector<double> x{1, 2, 4, 9};
  const auto l = jackknife_influence(cluster_index::singletons(4), [&] {
    return [&](multiplicities times) {
      double sum = 0, n = 0;
      for (std::size_t i = 0; i < 4; ++i) {
        sum += times[i] * x[i];
        n += times[i];
      }
      return sum / n;
    };
  });
  for (std::size_t i = 0; i < 4; ++i) CHECK_CLOSE(l[i], x[i] - 4, 1e-12);
}

TEST_CASE("type-7 quantiles", "[bootstrap]") {
  const std::vector<double> x{4, 1, 3, 2};
  CHECK(quantile(x, 0) == 1);
  CHECK(quantile(x, 1) == 4);
  CHECK_CLOSE(quantile(x, 0.5), 2.5);
  CHECK_CLOSE(quantile(x, 0.025), 1.075);
  CHECK_THROWS_AS(quantile(std::vector<double>{}, 0.5), argument_error);
}

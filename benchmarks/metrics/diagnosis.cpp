// Speed of diagnosis inference: sorting and DeLong on many points, and bootstraps of two models on the same cases.
#include <cmath>
#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include <synthmed/metrics/inference.hpp>
#include <synthmed/metrics/pr.hpp>

using namespace synthmed;

namespace {

/// n cases, two per subject, one in four positive; two models whose scores are noise plus signal.
struct data {
  std::vector<double> a, b;
  std::vector<int> y, subject;

  explicit data(std::size_t n) {
    random_stream stream(key(1));
    for (std::size_t i = 0; i < n; ++i) {
      y.push_back(stream.chance(0.25));
      subject.push_back(static_cast<int>(i / 2));
      a.push_back(stream.normal() + y.back());
      b.push_back(stream.normal() + 1.2 * y.back());
    }
  }
};

void delong_single(benchmark::State& state) {
  const data d(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(delong(ranked_scores(d.a, d.y)));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(delong_single)->Arg(1000)->Arg(20000)->Arg(1000000)->Unit(benchmark::kMillisecond)->UseRealTime();

void delong_two_models(benchmark::State& state) {
  const data d(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(delong_paired(ranked_scores(d.a, d.y), ranked_scores(d.b, d.y)));
}
BENCHMARK(delong_two_models)->Arg(1000000)->Unit(benchmark::kMillisecond)->UseRealTime();

/// 10 000 resamples of whole subjects, the difference of two AUCs each.
void clustered_paired_bootstrap(benchmark::State& state) {
  const data d(static_cast<std::size_t>(state.range(0)));
  set_threads(static_cast<int>(state.range(1)));
  for (auto _ : state) {
    const ranked_scores a(d.a, d.y), b(d.b, d.y);
    benchmark::DoNotOptimize(bootstrap(resampling::subjects(cluster_index(d.subject)), table_difference(a, b, auc_of{}),
                                       {.replicates = 10000}));
  }
}
BENCHMARK(clustered_paired_bootstrap)->Args({1000, 1})->Args({1000, 4})->Unit(benchmark::kMillisecond)->UseRealTime();

/// The study's interval of AUC-PR: 10 000 resamples of 240 cases (ROCR's estimator through R's boot takes about 35 s).
void auc_pr_bootstrap(benchmark::State& state) {
  const data d(240);
  set_threads(1);
  const ranked_scores a(d.a, d.y);
  for (auto _ : state)
    benchmark::DoNotOptimize(
        boot_ordinary(a.size(), table_statistic(a, auc_pr_of{pr_estimator::rocr}), {.replicates = 10000}));
}
BENCHMARK(auc_pr_bootstrap)->Unit(benchmark::kMillisecond)->UseRealTime();

/// pROC's ci.auc(method = "bootstrap") and roc.test(method = "bootstrap") at n = 240.
void proc_intervals(benchmark::State& state) {
  const data d(240);
  const ranked_scores a(d.a, d.y);
  for (auto _ : state)
    benchmark::DoNotOptimize(proc_bootstrap(a.labels(), table_statistic(a, auc_of{}), {.replicates = 2000}));
}
BENCHMARK(proc_intervals)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();

// Speed of UMAP: digits (1797 x 64) as a whole and stage by stage, new points, larger sets, exact and approximate
// neighbours. umap_peers.py sets the same work beside umap-learn and uwot.
#include <algorithm>
#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include <synthmed/io/csv.hpp>
#include <synthmed/metrics/embedding_quality.hpp>
#include <synthmed/metrics/umap.hpp>
#include <synthmed/random/distributions.hpp>

using namespace synthmed;

namespace {

struct labelled {
  feature_matrix points{{}, 64};
  std::vector<int> labels;
};

const labelled& digits() {
  static const labelled data = [] {
    const auto table = read_csv(SYNTHMED_GOLDEN "/digits.csv");
    labelled out;
    for (std::size_t r = 0; r < table.rows(); ++r) {
      out.labels.push_back(static_cast<int>(table.number(r, 0)));
      for (std::size_t c = 1; c <= 64; ++c) out.points.values.push_back(table.number(r, c));
    }
    return out;
  }();
  return data;
}

/// Twenty normal clouds.
feature_matrix clouds(std::size_t n, std::size_t d) {
  feature_matrix out{std::vector<double>(n * d), d};
  fill_normal(key(1), std::span(out.values));
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t f = 0; f < d; ++f)
      out.values[i * d + f] += 3 * random_stream(key(2).fold(i % 20).fold(f)).uniform();
  return out;
}

void digits_fit(benchmark::State& state) {
  const auto& data = digits();
  const umap maker({.min_dist = 0.1, .epochs = static_cast<std::size_t>(state.range(0))});
  set_threads(static_cast<int>(state.range(1)));
  fitted_umap map;
  for (auto _ : state) map = maker.fit(data.points);
  state.counters["trust15"] = trustworthiness(data.points, map.coordinates(), 15);
  state.counters["accuracy5"] = neighbour_label_accuracy(map.coordinates(), data.labels, 5, self_pairs::keep);
}
BENCHMARK(digits_fit)
    ->ArgNames({"epochs", "threads"})
    ->Args({500, 1})
    ->Args({200, 1})
    ->Args({500, 4})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

/// Quality over twenty seeds: mean and worst; min_dist in hundredths.
void digits_seeds(benchmark::State& state) {
  const auto& data = digits();
  set_threads(4);
  double trust = 0, accuracy = 0, least_trust = 1, least_accuracy = 1;
  for (auto _ : state)
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      const auto map = umap({.min_dist = 0.01 * static_cast<double>(state.range(0)), .seed = seed}).fit(data.points);
      const double t = trustworthiness(data.points, map.coordinates(), 15);
      const double a = neighbour_label_accuracy(map.coordinates(), data.labels, 5, self_pairs::keep);
      trust += t / 20, accuracy += a / 20;
      least_trust = std::min(least_trust, t), least_accuracy = std::min(least_accuracy, a);
    }
  state.counters = {{"trust15_mean", trust},
                    {"trust15_min", least_trust},
                    {"accuracy5_mean", accuracy},
                    {"accuracy5_min", least_accuracy}};
}
BENCHMARK(digits_seeds)
    ->ArgName("min_dist_percent")
    ->Arg(10)
    ->Arg(99)
    ->Iterations(1)
    ->Unit(benchmark::kSecond)
    ->UseRealTime();

void digits_transform(benchmark::State& state) {
  const auto& data = digits();
  feature_matrix old_points{{}, 64}, new_points{{}, 64};
  for (std::size_t i = 0; i < data.labels.size(); ++i) {
    const auto row = data.points.view().row(i);
    auto& half = i % 2 == 0 ? old_points : new_points;
    half.values.insert(half.values.end(), row.begin(), row.end());
  }
  set_threads(static_cast<int>(state.range(0)));
  const auto map = umap({.min_dist = 0.99}).fit(old_points);
  for (auto _ : state) benchmark::DoNotOptimize(map.transform(new_points));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(new_points.rows()));
}
BENCHMARK(digits_transform)->ArgName("threads")->Arg(1)->Arg(4)->Unit(benchmark::kMillisecond)->UseRealTime();

void clouds_fit(benchmark::State& state) {
  const auto data = clouds(static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1)));
  set_threads(static_cast<int>(state.range(2)));
  for (auto _ : state) benchmark::DoNotOptimize(umap().fit(data));
}
BENCHMARK(clouds_fit)
    ->ArgNames({"n", "d", "threads"})
    ->Args({10000, 512, 1})
    ->Args({10000, 512, 2})
    ->Args({60000, 64, 4})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void neighbours(benchmark::State& state) {
  const auto data = clouds(20000, 64);
  set_threads(4);
  const bool exact = state.range(0) == 0;
  const auto truth = nearest_neighbours(data, data, 14, self_pairs::exclude);
  neighbour_table found;
  for (auto _ : state)
    found = exact ? nearest_neighbours(data, data, 14, self_pairs::exclude)
                  : umap_stages::descend_neighbours(data, 14, key(1));
  std::size_t same = 0;
  for (std::size_t i = 0; i < found.rows; ++i)
    for (const auto j : found.indices(i)) {
      const auto row = truth.indices(i);
      same += std::find(row.begin(), row.end(), j) != row.end();
    }
  state.counters["recall"] = static_cast<double>(same) / static_cast<double>(found.index.size());
}
BENCHMARK(neighbours)
    ->ArgName("approximate")
    ->Arg(0)
    ->Arg(1)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace

BENCHMARK_MAIN();

// Speed of the fidelity metrics. The BLAS core type decides: it is printed as a counter's label, and set by
// OPENBLAS_CORETYPE before the program starts.
#include <string>

#include <benchmark/benchmark.h>

#include <synthmed/metrics/frechet.hpp>
#include <synthmed/metrics/kid.hpp>
#include <synthmed/metrics/prdc.hpp>
#include <synthmed/random/distributions.hpp>

// OpenBLAS's own; absent in other BLAS libraries.
extern "C" __attribute__((weak)) char* openblas_get_corename(void);

using namespace synthmed;

namespace {

std::string core_type() { return openblas_get_corename != nullptr ? openblas_get_corename() : "not OpenBLAS"; }

feature_matrix normal_rows(std::uint64_t seed, std::int64_t rows, std::int64_t dimensions) {
  auto out = make_features(static_cast<std::size_t>(rows), static_cast<std::size_t>(dimensions));
  fill_normal(key(seed), std::span(out.values));
  return out;
}

void frechet(benchmark::State& state) {
  const auto a = normal_rows(1, state.range(0), state.range(1)), b = normal_rows(2, state.range(0), state.range(1));
  for (auto _ : state) benchmark::DoNotOptimize(frechet_distance(a, b).value);
  state.SetLabel(core_type());
}
BENCHMARK(frechet)
    ->ArgNames({"n", "d"})
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Args({150, 2048})
    ->Args({1000, 2048})
    ->Args({2048, 2048})
    ->Args({2500, 2048})
    ->Args({10000, 2048})
    ->Args({1000, 512});

void kid_all_rows(benchmark::State& state) {
  const auto a = normal_rows(1, state.range(0), state.range(1)), b = normal_rows(2, state.range(0), state.range(1));
  for (auto _ : state) benchmark::DoNotOptimize(kid(a, b));
  state.SetLabel(core_type());
}
BENCHMARK(kid_all_rows)
    ->ArgNames({"n", "d"})
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Args({1000, 2048})
    ->Args({10000, 2048});

void prdc_all(benchmark::State& state) {
  const auto a = normal_rows(1, state.range(0), state.range(1)), b = normal_rows(2, state.range(0), state.range(1));
  for (auto _ : state) benchmark::DoNotOptimize(prdc(a, b).density);
}
BENCHMARK(prdc_all)
    ->ArgNames({"n", "d"})
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Args({1000, 2048});

void neighbours(benchmark::State& state) {
  const auto a = normal_rows(1, state.range(0), state.range(1));
  for (auto _ : state) benchmark::DoNotOptimize(nearest_neighbours(a, a, 15, self_pairs::exclude).index);
}
BENCHMARK(neighbours)
    ->ArgNames({"n", "d"})
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Args({10000, 512});

}  // namespace

BENCHMARK_MAIN();

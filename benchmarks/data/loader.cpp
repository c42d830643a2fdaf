// How fast batches come: decoding from files, and from the cache at each size, with the study's augmentation.
// The pictures are vessel maps of the phantom, written once as PNG.
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include <unistd.h>

#include <benchmark/benchmark.h>

#include <synthmed/data/augment.hpp>
#include <synthmed/data/loader.hpp>
#include <synthmed/data/phantom.hpp>
#include <synthmed/data/sampler.hpp>
#include <synthmed/imaging/read.hpp>
#include <synthmed/imaging/write.hpp>

namespace {

using namespace synthmed;

constexpr int images = 240;

/// A folder of 256 x 256 vessel maps that lives as long as the program.
class map_folder {
 public:
  map_folder() : path_(std::filesystem::temp_directory_path() / ("synthmed_benchmark_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
    const phantom_population population({.images = images, .enrichment = 1});
    parallel_for(images, 1, [&](std::int64_t i, std::int64_t) {
      const auto image = static_cast<std::size_t>(i);
      write_png(file(image), vessel_map(population, image, {.radius = 4, .size = 256}));
    });
    for (const auto& record : population.images()) labels_.push_back(static_cast<int>(record.label));
  }
  ~map_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::filesystem::path file(std::size_t i) const { return path_ / (std::to_string(i) + ".png"); }
  [[nodiscard]] const std::vector<int>& labels() const { return labels_; }

 private:
  std::filesystem::path path_;
  std::vector<int> labels_;
};

const map_folder& maps() {
  static const map_folder folder;
  return folder;
}

auto files() {
  return lazy_dataset(maps().labels(), [](std::size_t i) { return read_picture(maps().file(i)); });
}

void decode(benchmark::State& state) {
  const auto data = files();
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(data.image(i++ % images));
  state.SetItemsProcessed(state.iterations());
}

/// Arguments: side of the pictures, workers, megabytes of cache.
template <class Augmentation>
void batches(benchmark::State& state) {
  const auto data = files();
  using data_type = std::remove_const_t<decltype(data)>;
  const auto cache = std::make_shared<const picture_cache<data_type>>(
      data, cache_options{.bytes = static_cast<std::uint64_t>(state.range(2)) << 20});
  for (std::size_t i = 0; i < images; ++i) (void)cache->pyramid_of(i);
  const int side = static_cast<int>(state.range(0));
  loader<data_type, balanced_sampler, Augmentation> source(
      cache, balanced_sampler(maps().labels(), key(1)), Augmentation{}, key(2),
      {.batch = 32, .height = side, .width = side, .workers = static_cast<int>(state.range(1))});
  for (auto _ : state) benchmark::DoNotOptimize(source.next().pixels.data());
  state.SetItemsProcessed(32 * state.iterations());
}

BENCHMARK(decode)->Unit(benchmark::kMicrosecond);
BENCHMARK(batches<no_augmentation>)->ArgNames({"side", "workers", "MB"})->Args({256, 1, 64})->UseRealTime();
BENCHMARK(batches<flips_and_rotation>)
    ->ArgNames({"side", "workers", "MB"})
    ->Args({256, 0, 64})
    ->Args({256, 1, 64})
    ->Args({256, 2, 64})
    ->Args({64, 1, 64})
    ->Args({32, 1, 64})
    ->Args({256, 2, 4})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace

BENCHMARK_MAIN();

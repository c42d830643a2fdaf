// Times the phantom: vessel maps alone, full frames, and photographs, on all threads of this run. Processor time is
// what the work costs; elapsed time grows with whatever else the machine does.
//   OMP_NUM_THREADS=2 phantom_speed [images]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <vector>

#include <synthmed/data/phantom.hpp>
#include <synthmed/parallel.hpp>

using namespace synthmed;

int main(int argc, char** argv) try {
  const std::int64_t images = argc > 1 ? std::atoll(argv[1]) : 400;
  const phantom_population population({.seed = 1, .images = images, .enrichment = 1});
  std::printf(
      "%d threads, %lld images of %zu subjects\n\n| what | elapsed, ms per image | processor, ms per image "
      "|\n|---|---|---|\n",
      threads(), static_cast<long long>(images), population.subjects().size());
  std::vector<std::size_t> sum(static_cast<std::size_t>(images));
  const auto time = [&](const char* what, auto&& f) {
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t used = std::clock();
    parallel_for(images, 4, [&](std::int64_t begin, std::int64_t end) {
      for (auto i = begin; i < end; ++i) sum[static_cast<std::size_t>(i)] += f(static_cast<std::size_t>(i));
    });
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const double processor = static_cast<double>(std::clock() - used) / CLOCKS_PER_SEC;
    std::printf("| %s | %.2f | %.2f |\n", what, 1e3 * seconds / static_cast<double>(images),
                1e3 * processor / static_cast<double>(images));
  };
  time("growth of the eye",
       [&](std::size_t i) { return grow_vessels(population, population.image(i).eye).vessels.size(); });
  time("growth and bends", [&](std::size_t i) { return bend_vessels(population, i).tree.vessels.size(); });
  time("vessel map, r 3 DD, 32 px",
       [&](std::size_t i) { return vessel_map(population, i, {.radius = 3, .size = 32}).bytes(); });
  time("vessel map, r 4 DD, 64 px",
       [&](std::size_t i) { return vessel_map(population, i, {.radius = 4, .size = 64}).bytes(); });
  time("vessel map, 640 x 480",
       [&](std::size_t i) { return render(population, i, {.photograph = false, .masks = false}).vessels.bytes(); });
  time("photograph, vessel map and masks", [&](std::size_t i) { return render(population, i).photograph.bytes(); });
  return 0;
} catch (const std::exception& problem) {
  std::fprintf(stderr, "%s\n", problem.what());
  return 2;
}

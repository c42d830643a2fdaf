// The memory pool and the sharing of blocks between tensors.
#include <synthmed/backends/xtensor.hpp>

#include <cstdint>
#include <thread>
#include <vector>

#include <support/catch.hpp>

using namespace synthmed;
using B = xtensor_backend<float>;

TEST_CASE("blocks are aligned, sized in four steps per power of two, and used again") {
  using xtensor::memory_pool;
  CHECK(memory_pool::size_class(1) == 64);
  CHECK(memory_pool::size_class(65) == 128);
  CHECK(memory_pool::size_class(1024) == 1024);
  CHECK(memory_pool::size_class(1025) == 1280);
  for (std::size_t bytes = 1; bytes < 100000; bytes += 37) {
    const std::size_t size = memory_pool::size_class(bytes);
    CHECK((size >= bytes && size % xtensor::alignment == 0 && (size <= 256 || size <= bytes + bytes / 4 + 64)));
  }

  memory_pool pool;
  void* const first = pool.acquire(100000);
  CHECK(reinterpret_cast<std::uintptr_t>(first) % xtensor::alignment == 0);
  pool.release(first, 100000);
  CHECK(pool.statistics().cached == memory_pool::size_class(100000));
  CHECK(pool.acquire(99999) == first);
  CHECK(pool.statistics().hits == 1);
  CHECK(pool.statistics().misses == 1);
  CHECK(pool.statistics().peak == memory_pool::size_class(100000));
  pool.release(first, 99999);
  CHECK(pool.trim() == memory_pool::size_class(100000));
  CHECK(pool.statistics().cached == 0);
  CHECK(pool.statistics().in_use == 0);
}

TEST_CASE("what the pool holds stays near what was in use") {
  xtensor::memory_pool pool;
  // Ever other sizes, each used once: without a bound all would be kept, some seven times the largest.
  std::size_t asked = 0;
  for (std::size_t size = 1u << 20; size < (1u << 27); size += size / 6) {
    pool.release(pool.acquire(size), size);
    asked += xtensor::memory_pool::size_class(size);
  }
  const auto seen = pool.statistics();
  const std::size_t bound = 2 * seen.peak + seen.peak / 2 + (64u << 20);
  CHECK(asked > bound + bound / 2);
  CHECK(seen.cached + seen.in_use <= bound);
}

TEST_CASE("a loop of the same shapes asks the system for memory once") {
  const auto step = [] {
    auto x = B::full({4, 16, 32, 32}, 1);
    for (int i = 0; i < 5; ++i) x = B::mul(x, B::add_scalar(x, 0.5f));
    return B::sum(x, axes::all(x.dims()));
  };
  (void)step();
  const auto before = B::memory();
  for (int i = 0; i < 10; ++i) (void)step();
  const auto after = B::memory();
  CHECK(after.misses == before.misses);
  CHECK(after.hits >= before.hits + 100);
  CHECK(after.in_use == before.in_use);
}

TEST_CASE("an update writes in place when nobody else holds the block, else on a copy") {
  auto average = B::full({1000}, 1);
  const auto x = B::full({1000}, 3);
  const float* const block = average.data();
  B::ema(average, x, 0.5f);
  CHECK(average.data() == block);
  const auto kept = average;
  B::ema(average, x, 0.5f);
  CHECK(average.data() != block);
  CHECK(kept.data() == block);
  CHECK(kept.data()[999] == 2.0f);
  CHECK(average.data()[999] == 2.5f);
  // An average that is averaged with itself.
  auto own = B::full({64}, 3);
  B::ema(own, own, 0.5f);
  CHECK(own.data()[63] == 3.0f);
}

TEST_CASE("threads share the pool") {
  std::vector<std::thread> crew;
  std::vector<int> wrong(4, 0);
  for (int me = 0; me < 4; ++me)
    crew.emplace_back([&wrong, me] {
      for (int i = 1; i < 200; ++i) {
        const auto x = B::full({i, 17}, static_cast<float>(me));
        const auto y = B::add_scalar(x, 1);
        if (y.data()[i * 17 - 1] != static_cast<float>(me + 1)) ++wrong[static_cast<std::size_t>(me)];
      }
    });
  for (auto& thread : crew) thread.join();
  CHECK(wrong == std::vector<int>(4, 0));
}

TEST_CASE("trimming hands everything cached back") {
  { const auto x = B::full({1 << 20}, 1); }
  CHECK(B::trim_memory() >= (std::size_t{4} << 20));
  CHECK(B::memory().cached == 0);
}

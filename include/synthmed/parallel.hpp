// The one door to threads: fixed chunks, partial results joined in order, so that the bytes of a result
// depend neither on the number of threads nor on their timing.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#ifdef _OPENMP
#include <omp.h>
#endif

#include <synthmed/error.hpp>

namespace synthmed {

namespace detail {
inline std::atomic<int> thread_count{0};
}

/// Threads that parallel_for uses: what set_threads() said, else OMP_NUM_THREADS or the number of cores.
/// Always 1 in a program compiled without OpenMP: the same chunks then run one after another.
[[nodiscard]] inline int threads() noexcept {
#ifdef _OPENMP
  const int set = detail::thread_count.load(std::memory_order_relaxed);
  return set > 0 ? set : omp_get_max_threads();
#else
  return 1;
#endif
}

/// Sets the number of threads of this library and of the OpenMP libraries that it calls. Throws argument_error below 1.
inline void set_threads(int count) {
  if (count < 1) throw argument_error(sentence("The number of threads is at least 1, got ", count, "."));
  detail::thread_count.store(count, std::memory_order_relaxed);
#ifdef _OPENMP
  omp_set_num_threads(count);
#endif
}

/// Calls f(begin, end) for the chunks [0, grain), [grain, 2 grain), ... of [0, n). Chunk borders depend on n and grain
/// alone. Chunks must not write to the same place. The first exception (by chunk) is thrown again after all have ended.
/// Inside a parallel region, and for a single chunk, everything runs on the calling thread.
template <class F>
void parallel_for(std::int64_t n, std::int64_t grain, F&& f) {
  if (n <= 0) return;
  grain = std::max<std::int64_t>(1, grain);
  const std::int64_t chunks = (n + grain - 1) / grain;
#ifdef _OPENMP
  if (chunks > 1 && threads() > 1 && !omp_in_parallel()) {
    std::mutex guard;
    std::exception_ptr failure;
    std::int64_t failed_chunk = chunks;
#pragma omp parallel for schedule(static) num_threads(threads())
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
      try {
        f(chunk * grain, std::min(n, (chunk + 1) * grain));
      } catch (...) {
        const std::lock_guard lock(guard);
        if (chunk < failed_chunk) {
          failed_chunk = chunk;
          failure = std::current_exception();
        }
      }
    }
    if (failure) std::rethrow_exception(failure);
    return;
  }
#endif
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) f(chunk * grain, std::min(n, (chunk + 1) * grain));
}

/// Adds up f(begin, end) over the chunks of parallel_for, in the order of the chunks.
template <class Value, class F>
[[nodiscard]] Value parallel_sum(std::int64_t n, std::int64_t grain, Value zero, F&& f) {
  if (n <= 0) return zero;
  grain = std::max<std::int64_t>(1, grain);
  std::vector<Value> parts(static_cast<std::size_t>((n + grain - 1) / grain), zero);
  parallel_for(n, grain, [&](std::int64_t begin, std::int64_t end) {
    parts[static_cast<std::size_t>(begin / grain)] = f(begin, end);
  });
  for (const auto& part : parts) zero = zero + part;
  return zero;
}

}  // namespace synthmed

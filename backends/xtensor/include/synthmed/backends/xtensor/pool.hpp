// Memory of the xtensor backend: a pool of 64-byte aligned blocks for tensors, and one growing scratch arena per
// thread.
//
// A training step asks for the same sizes again and again; fresh pages cost more than the arithmetic done on them
// (a new 33 MB array: 15 to 20 ms of page faults), so blocks go back to free lists by size and are used again.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <map>
#include <mutex>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <synthmed/error.hpp>

namespace synthmed::xtensor {

/// What the pool holds and has done, in bytes and calls, since the program started or reset_peak().
struct pool_statistics {
  std::size_t in_use = 0;    ///< bytes of blocks that tensors hold
  std::size_t cached = 0;    ///< bytes of blocks that wait to be used again
  std::size_t peak = 0;      ///< largest in_use
  std::uint64_t hits = 0;    ///< requests served from a free list
  std::uint64_t misses = 0;  ///< requests that went to the system
};

/// Every block starts at a multiple of this and its size is a multiple of it: whole SIMD registers fit at the end.
inline constexpr std::size_t alignment = 64;

namespace detail {

/// Blocks of at least this size ask the system for huge pages.
inline constexpr std::size_t huge = std::size_t{4} << 20;

/// Aligned memory from the system; throws backend_error when there is none.
[[nodiscard]] inline void* system_allocate(std::size_t bytes) {
  const std::size_t align = bytes >= huge ? std::size_t{2} << 20 : alignment;
  void* place = std::aligned_alloc(align, (bytes + align - 1) / align * align);
  if (place == nullptr) throw backend_error(sentence("No memory for a block of ", bytes, " bytes."));
#if defined(__linux__)
  if (bytes >= huge) (void)::madvise(place, bytes, MADV_HUGEPAGE);
#endif
  return place;
}

}  // namespace detail

/// Thread-safe free lists of blocks by size. Sizes are rounded up to four steps per power of two, so at most a quarter
/// of a block is unused. What is cached and in use together stays below two and a half times the largest amount that
/// was ever in use, plus 64 MB: beyond that, a request that finds no block hands cached ones back to the system first.
class memory_pool {
 public:
  memory_pool() = default;
  memory_pool(const memory_pool&) = delete;
  memory_pool& operator=(const memory_pool&) = delete;
  ~memory_pool() { trim(); }

  /// The pool of all tensors. Never destroyed, so that tensors in static variables may outlive main().
  [[nodiscard]] static memory_pool& shared() {
    static memory_pool* const pool = new memory_pool;
    return *pool;
  }

  /// The size of the block that a request for `bytes` gets.
  [[nodiscard]] static std::size_t size_class(std::size_t bytes) noexcept {
    if (bytes <= 4 * alignment) return std::max(alignment, (bytes + alignment - 1) / alignment * alignment);
    const std::size_t step = std::bit_floor(bytes - 1) / 4;
    return (bytes + step - 1) / step * step;
  }

  /// A block of size_class(bytes); give it back with release() and the same number. Throws backend_error.
  [[nodiscard]] void* acquire(std::size_t bytes) {
    const std::size_t size = size_class(bytes);
    std::unique_lock lock(guard_);
    statistics_.in_use += size;
    statistics_.peak = std::max(statistics_.peak, statistics_.in_use);
    const auto list = free_.find(size);
    if (list != free_.end() && !list->second.empty()) {
      void* const block = list->second.back();
      list->second.pop_back();
      statistics_.cached -= size;
      ++statistics_.hits;
      return block;
    }
    ++statistics_.misses;
    shrink(2 * statistics_.peak + statistics_.peak / 2 + (std::size_t{64} << 20));
    try {
      return detail::system_allocate(size);
    } catch (const backend_error&) {
      shrink(0);
      try {
        return detail::system_allocate(size);
      } catch (...) {
        statistics_.in_use -= size;
        throw;
      }
    }
  }

  void release(void* block, std::size_t bytes) noexcept {
    const std::size_t size = size_class(bytes);
    const std::lock_guard lock(guard_);
    statistics_.in_use -= size;
    try {
      free_[size].push_back(block);
      statistics_.cached += size;
    } catch (...) {
      std::free(block);
    }
  }

  /// Hands every cached block back to the system; returns how many bytes.
  std::size_t trim() {
    const std::lock_guard lock(guard_);
    const std::size_t before = statistics_.cached;
    shrink(0);
    return before;
  }

  [[nodiscard]] pool_statistics statistics() const {
    const std::lock_guard lock(guard_);
    return statistics_;
  }

  /// Starts a new measurement: peak = in use now, hits = misses = 0.
  void reset_peak() {
    const std::lock_guard lock(guard_);
    statistics_.peak = statistics_.in_use;
    statistics_.hits = statistics_.misses = 0;
  }

 private:
  // Frees cached blocks, the largest first, until cached and in use together are at most `bytes`.
  void shrink(std::size_t bytes) noexcept {
    while (!free_.empty() && statistics_.cached > 0 && statistics_.cached + statistics_.in_use > bytes) {
      const auto last = std::prev(free_.end());
      if (last->second.empty()) {
        free_.erase(last);
        continue;
      }
      std::free(last->second.back());
      last->second.pop_back();
      statistics_.cached -= last->first;
    }
  }

  mutable std::mutex guard_;
  std::map<std::size_t, std::vector<void*>> free_;
  pool_statistics statistics_;
};

/// One block of floats out of the pool.
class pool_block {
 public:
  explicit pool_block(std::size_t elements)
      : bytes_(elements * sizeof(float)), data_(static_cast<float*>(memory_pool::shared().acquire(bytes_))) {}
  pool_block(const pool_block&) = delete;
  pool_block& operator=(const pool_block&) = delete;
  ~pool_block() { memory_pool::shared().release(data_, bytes_); }

  [[nodiscard]] float* data() const noexcept { return data_; }

 private:
  std::size_t bytes_;
  float* data_;
};

/// Working memory of library calls (oneDNN scratchpads, im2col). One arena per thread of use, as large as its largest
/// user so far: scratchpads are never alive at the same time, and one convolution's can have 270 MB.
class scratch_arena {
 public:
  [[nodiscard]] static scratch_arena& of_this_thread() {
    static thread_local scratch_arena arena;
    return arena;
  }
  scratch_arena(const scratch_arena&) = delete;
  scratch_arena& operator=(const scratch_arena&) = delete;
  ~scratch_arena() { std::free(place_); }

  /// At least `bytes` bytes, 64-byte aligned, valid until the next call on this thread.
  [[nodiscard]] void* reserve(std::size_t bytes) {
    if (bytes > size_) {
      trim();
      place_ = detail::system_allocate(bytes);
      size_ = bytes;
    }
    return place_;
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  void trim() noexcept {
    std::free(place_);
    place_ = nullptr;
    size_ = 0;
  }

 private:
  scratch_arena() = default;
  void* place_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace synthmed::xtensor

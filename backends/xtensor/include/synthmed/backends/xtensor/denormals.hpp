// Flushing denormal numbers to zero, as a scope: repeated scaling by 0.2 made a loop 7 times slower through them.
#pragma once

#include <array>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif
#ifdef _OPENMP
#include <omp.h>
#endif

#include <synthmed/parallel.hpp>

namespace synthmed::xtensor {

/// Results that are denormal become zero (FTZ) and denormal operands count as zero (DAZ) on this thread until the scope
/// ends, when the mode of before comes back. No effect on processors without SSE.
class flush_denormals {
 public:
#if defined(__SSE__)
  flush_denormals() noexcept : before_(_mm_getcsr()) {
    if ((before_ & bits) != bits) _mm_setcsr(before_ | bits);
  }
  ~flush_denormals() {
    if ((before_ & bits) != bits) _mm_setcsr(before_);
  }
#else
  flush_denormals() noexcept = default;
  ~flush_denormals() {}
#endif
  flush_denormals(const flush_denormals&) = delete;
  flush_denormals& operator=(const flush_denormals&) = delete;

 private:
#if defined(__SSE__)
  static constexpr unsigned bits = 0x8040u;
  unsigned before_;
#endif
};

/// The same on this thread and on the OpenMP threads that a library called inside the scope will use. Opened around
/// every library call; a program may hold one around a whole training step, and the inner ones then cost nothing.
class flush_denormals_everywhere {
 public:
  flush_denormals_everywhere() {
#if defined(__SSE__) && defined(_OPENMP)
    if (depth()++ > 0 || omp_in_parallel() || threads() < 2) return;
    team_ = threads() < most ? threads() : most;
    unsigned* const before = before_.data();
#pragma omp parallel num_threads(team_)
    {
      const auto me = omp_get_thread_num();
      before[me] = _mm_getcsr();
      if (me > 0) _mm_setcsr(before[me] | 0x8040u);
    }
#endif
  }
  ~flush_denormals_everywhere() {
#if defined(__SSE__) && defined(_OPENMP)
    --depth();
    if (team_ == 0) return;
    const unsigned* const before = before_.data();
#pragma omp parallel num_threads(team_)
    {
      const auto me = omp_get_thread_num();
      if (me > 0) _mm_setcsr(before[me]);
    }
#endif
  }
  flush_denormals_everywhere(const flush_denormals_everywhere&) = delete;
  flush_denormals_everywhere& operator=(const flush_denormals_everywhere&) = delete;

 private:
  flush_denormals here_;
#if defined(__SSE__) && defined(_OPENMP)
  static constexpr int most = 256;
  static int& depth() noexcept {
    static thread_local int value = 0;
    return value;
  }
  int team_ = 0;
  std::array<unsigned, most> before_{};
#endif
};

/// parallel_for whose chunks flush denormals.
template <class F>
void kernel_for(std::int64_t n, std::int64_t grain, F&& f) {
  parallel_for(n, grain, [&](std::int64_t begin, std::int64_t end) {
    const flush_denormals scope;
    f(begin, end);
  });
}

}  // namespace synthmed::xtensor

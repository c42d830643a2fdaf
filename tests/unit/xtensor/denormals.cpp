// Denormals are flushed inside kernels and library calls, and only there.
#include <synthmed/backends/xtensor.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include <support/catch.hpp>

using namespace synthmed;
using B = xtensor_backend<float>;

#if defined(__SSE__)

namespace {

// The control words of all threads that OpenMP would use.
std::vector<unsigned> modes() {
  std::vector<unsigned> seen(static_cast<std::size_t>(threads()));
  parallel_for(threads(), 1, [&](std::int64_t begin, std::int64_t) {
    seen[static_cast<std::size_t>(begin)] = _mm_getcsr() & 0xffc0u;
  });
  return seen;
}

}  // namespace

TEST_CASE("a scope flushes denormals and puts the mode back") {
  const unsigned before = _mm_getcsr() & 0xffc0u;
  volatile float tiny = std::numeric_limits<float>::min();
  CHECK(tiny / 2 > 0);
  {
    const xtensor::flush_denormals scope;
    CHECK(tiny / 2 == 0);
    { const xtensor::flush_denormals inner; }
    CHECK(tiny / 2 == 0);
  }
  CHECK((_mm_getcsr() & 0xffc0u) == before);
  CHECK(tiny / 2 > 0);
}

TEST_CASE("kernels and library calls leave every thread as it was") {
  const int before = threads();
  for (const int count : {1, 2, 4}) {
    set_threads(count);
    const auto untouched = modes();
    const auto x = B::full({4, 16, 64, 64}, std::numeric_limits<float>::min()), w = B::full({16, 16, 3, 3}, 0.25f);
    const auto y = B::mul_scalar(x, 0.5f);
    CHECK(y.data()[y.elements() - 1] == 0.0f);
    const auto z = B::conv2d(x, w, {1, 1, 1, 1});
    CHECK(std::isfinite(z.data()[0]));
    CHECK(modes() == untouched);
    {
      const xtensor::flush_denormals_everywhere scope;
      for (const unsigned mode : modes()) CHECK((mode & 0x8040u) == 0x8040u);
      (void)B::conv2d(x, w, {1, 1, 1, 1});
    }
    CHECK(modes() == untouched);
  }
  set_threads(before);
}

#endif

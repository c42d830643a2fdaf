// A few words on top of xsimd: the widest register, whole-register loops over tensors, names that changed between
// versions.
#pragma once

#include <cstddef>
#include <cstdint>

// g++ 12 warns inside its own AVX-512 intrinsics (GCC bug 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <xsimd/xsimd.hpp>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#include <synthmed/backends/xtensor/denormals.hpp>
#include <synthmed/backends/xtensor/tensor.hpp>

namespace synthmed::xtensor {

using pack = xsimd::batch<float>;
inline constexpr std::int64_t width = static_cast<std::int64_t>(pack::size);
static_assert(block % width == 0, "synthmed: SIMD registers of more than 16 floats need another block size.");

/// Elements per chunk of a loop over memory: 64 kB of each operand.
inline constexpr std::int64_t grain = 16384;

[[nodiscard]] inline pack load(const float* from) { return pack::load_aligned(from); }
[[nodiscard]] inline pack load_any(const float* from) { return pack::load_unaligned(from); }
inline void store(float* to, const pack& value) { value.store_aligned(to); }
inline void store_any(float* to, const pack& value) { value.store_unaligned(to); }

/// The sum of a register's lanes.
[[nodiscard]] inline float lane_sum(const pack& x) {
#if XSIMD_VERSION_MAJOR >= 9
  return xsimd::reduce_add(x);
#else
  return xsimd::hadd(x);
#endif
}

/// to[i] = f(pack from each source at i) for all of [0, n) and on to the end of the last register.
/// Every block is padded to whole registers, so a value does not depend on where in the tensor it stands.
template <class F, class... Sources>
void map(std::int64_t n, float* to, F f, const Sources*... from) {
  kernel_for(n, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; i += width) store(to + i, f(load(from + i)...));
  });
}

}  // namespace synthmed::xtensor

// exp, log and powers whose bits are the same on every machine, and small helpers with the same promise.
// The C library's differ between machines, and a compiler may fuse a * b + c or not: here every multiply-add is a
// std::fma, so there is nothing left to fuse.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

#include <synthmed/parallel.hpp>

namespace synthmed::umap_stages {

/// e^x to about 2 units in the last place; 0 below -708, infinity above 709.
[[nodiscard]] inline double steady_exp(double x) noexcept {
  if (!(x > -708.0)) return x != x ? x : 0.0;
  if (x > 709.0) return std::numeric_limits<double>::infinity();
  const double k = std::floor(std::fma(x, 1.4426950408889634, 0.5));
  double r = std::fma(-k, 6.93147180369123816490e-01, x);  // ln 2 in two parts (Cody and Waite)
  r = std::fma(-k, 1.90821492927058770002e-10, r);
  double sum = 1.0 / 6227020800.0;  // the Taylor series to r^13 / 13!; |r| <= ln(2) / 2
  constexpr double factors[] = {1.0 / 479001600.0,
                                1.0 / 39916800.0,
                                1.0 / 3628800.0,
                                1.0 / 362880.0,
                                1.0 / 40320.0,
                                1.0 / 5040.0,
                                1.0 / 720.0,
                                1.0 / 120.0,
                                1.0 / 24.0,
                                1.0 / 6.0,
                                0.5,
                                1.0,
                                1.0};
  for (const double factor : factors) sum = std::fma(sum, r, factor);
  return sum * std::bit_cast<double>(static_cast<std::uint64_t>(static_cast<std::int64_t>(k) + 1023) << 52);
}

/// Natural logarithm of a positive normal number, to about 2 units in the last place.
[[nodiscard]] inline double steady_log(double x) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  auto exponent = static_cast<std::int64_t>(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & 0x000FFFFFFFFFFFFFu) | 0x3FF0000000000000u);
  if (m > 1.4142135623730951) m *= 0.5, ++exponent;
  const double s = (m - 1.0) / (m + 1.0), z = s * s;
  double sum = 1.0 / 25.0;  // 2 artanh(s)
  for (int odd = 23; odd >= 3; odd -= 2) sum = std::fma(sum, z, 1.0 / odd);
  const double tail = 2.0 * s * z * sum;
  const double e = static_cast<double>(exponent);
  return std::fma(e, 6.93147180369123816490e-01, std::fma(e, 1.90821492927058770002e-10, std::fma(2.0, s, tail)));
}

/// x^y for x >= 0; 0^y is 0 for positive y, 1 for zero, infinity for negative.
[[nodiscard]] inline double steady_pow(double x, double y) noexcept {
  if (!(x > 0)) return y > 0 ? 0.0 : y < 0 ? std::numeric_limits<double>::infinity() : 1.0;
  return steady_exp(y * steady_log(x));
}

/// Inner product with eight fixed lanes, so that it vectorises without changing its order.
[[nodiscard]] inline double steady_dot(std::span<const double> a, std::span<const double> b) {
  return parallel_sum(static_cast<std::int64_t>(a.size()), 8192, 0.0, [&](std::int64_t first, std::int64_t last) {
    double lanes[8] = {};
    auto i = static_cast<std::size_t>(first);
    const auto end = static_cast<std::size_t>(last);
    for (; i + 8 <= end; i += 8)
      for (std::size_t l = 0; l < 8; ++l) lanes[l] = std::fma(a[i + l], b[i + l], lanes[l]);
    for (std::size_t l = 0; i < end; ++i, ++l) lanes[l] = std::fma(a[i], b[i], lanes[l]);
    return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
  });
}

/// y += s x.
inline void steady_add(double s, std::span<const double> x, std::span<double> y) {
  parallel_for(static_cast<std::int64_t>(x.size()), 8192, [&](std::int64_t first, std::int64_t last) {
    for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(last); ++i)
      y[i] = std::fma(s, x[i], y[i]);
  });
}

/// The finaliser of splitmix64 (Steele, Lea and Flood 2014): a cheap stream for the many draws of the layout; its seed
/// comes from a key.
[[nodiscard]] constexpr std::uint64_t mixed64(std::uint64_t z) noexcept {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}
inline constexpr std::uint64_t golden_step = 0x9E3779B97F4A7C15u;

/// A number close to standard normal: the sum of four uniforms, scaled (no logarithm or cosine needed). For jitter.
[[nodiscard]] inline double rough_normal(std::uint64_t seed, std::uint64_t index) noexcept {
  const std::uint64_t a = mixed64(seed + golden_step * (2 * index + 1)),
                      b = mixed64(seed + golden_step * (2 * index + 2));
  const auto sum = (a & 0xFFFFFFFFu) + (a >> 32) + (b & 0xFFFFFFFFu) + (b >> 32);
  return (static_cast<double>(sum) * 0x1.0p-32 - 2.0) * 1.7320508075688772;
}

/// Uniform in [0, 1).
[[nodiscard]] inline double rough_uniform(std::uint64_t seed, std::uint64_t index) noexcept {
  return static_cast<double>(mixed64(seed + golden_step * (index + 1)) >> 11) * 0x1.0p-53;
}

}  // namespace synthmed::umap_stages

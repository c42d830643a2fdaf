// Noise planes of the fundus renderer: tables of random numbers on a lattice, smoothly interpolated, and camera noise.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <synthmed/random/distributions.hpp>
#include <synthmed/random/key.hpp>

namespace synthmed::detail {

/// Value noise in [0, 1]: random numbers on a lattice that repeats after 64 cells each way, cubic smooth steps between.
class value_noise {
 public:
  explicit value_noise(key k) : table_(side * side) { fill_uniform(k, std::span(table_)); }

  [[nodiscard]] float operator()(float x, float y) const noexcept {
    const float fx = std::floor(x), fy = std::floor(y);
    const float tx = smooth(x - fx), ty = smooth(y - fy);
    const auto ix = static_cast<unsigned>(static_cast<int>(fx)), iy = static_cast<unsigned>(static_cast<int>(fy));
    const float a = at(ix, iy), b = at(ix + 1, iy), c = at(ix, iy + 1), d = at(ix + 1, iy + 1);
    const float top = a + tx * (b - a), bottom = c + tx * (d - c);
    return top + ty * (bottom - top);
  }

 private:
  static constexpr unsigned side = 64;
  static float smooth(float t) noexcept { return t * t * (3 - 2 * t); }
  [[nodiscard]] float at(unsigned x, unsigned y) const noexcept { return table_[(y % side) * side + x % side]; }
  std::vector<float> table_;
};

/// Four nearly normal numbers (sums of four bytes, standardised) from one block of a key's stream: enough for camera
/// noise and an order of magnitude cheaper than exact ones.
[[nodiscard]] inline std::array<float, 4> coarse_normals(const std::array<std::uint32_t, 4>& words) noexcept {
  std::array<float, 4> out{};
  for (std::size_t i = 0; i < 4; ++i) {
    const std::uint32_t w = words[i];
    const auto sum = static_cast<int>((w & 255u) + (w >> 8 & 255u) + (w >> 16 & 255u) + (w >> 24));
    out[i] = static_cast<float>(sum - 510) * (1.f / 147.80054f);  // sd of the sum: sqrt(4 (256^2 - 1) / 12)
  }
  return out;
}

}  // namespace synthmed::detail

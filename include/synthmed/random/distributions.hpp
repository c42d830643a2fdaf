// Distributions on keys: a sequential stream for host code, and arrays whose element i is a function of (key, i) alone.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/parallel.hpp>
#include <synthmed/random/key.hpp>

namespace synthmed {

/// [0, 1) with 53 random bits.
[[nodiscard]] constexpr double unit_double(std::uint32_t low, std::uint32_t high) noexcept {
  return static_cast<double>((std::uint64_t{high} << 32 | low) >> 11) * 0x1.0p-53;
}

/// Two independent standard normal numbers from one block (Box and Muller 1958, in double).
[[nodiscard]] inline std::array<double, 2> normal_pair(const std::array<std::uint32_t, 4>& words) noexcept {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - unit_double(words[0], words[1])));
  const double angle = 6.283185307179586476925 * unit_double(words[2], words[3]);
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

/// A sequential reader of a key's stream, for host code that draws numbers one after another. Copying it copies the
/// place, so two copies give the same numbers. Also a uniform random bit generator in the standard's sense.
class random_stream {
 public:
  using result_type = std::uint32_t;

  explicit random_stream(key k) noexcept : key_(k) {}

  [[nodiscard]] static constexpr result_type min() noexcept { return 0; }
  [[nodiscard]] static constexpr result_type max() noexcept { return 0xFFFFFFFFu; }

  /// 32 random bits.
  result_type operator()() noexcept {
    if (left_ == 0) {
      words_ = key_.block(next_block_++);
      left_ = 4;
    }
    return words_[4 - left_--];
  }

  /// Uniform in [0, 1), 53 bits.
  double uniform() noexcept {
    const std::uint32_t low = (*this)(), high = (*this)();
    return unit_double(low, high);
  }

  /// Uniform in [low, high).
  double uniform(double low, double high) noexcept { return low + (high - low) * uniform(); }

  /// Standard normal.
  double normal() noexcept {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    std::array<std::uint32_t, 4> words{};
    for (auto& word : words) word = (*this)();
    const auto pair = normal_pair(words);
    spare_ = pair[1];
    has_spare_ = true;
    return pair[0];
  }

  double normal(double mean, double sd) noexcept { return mean + sd * normal(); }

  /// Uniform in {0, ..., count - 1}, unbiased (Lemire 2019 with rejection). Throws argument_error for 0.
  std::uint64_t below(std::uint64_t count) {
    if (count == 0) throw argument_error("below() needs a count of at least 1.");
    const std::uint64_t limit = count * ((~std::uint64_t{0}) / count);
    for (;;) {
      const std::uint64_t low = (*this)(), high = (*this)();
      const std::uint64_t value = high << 32 | low;
      if (value < limit) return value % count;
    }
  }

  /// True with the given probability.
  bool chance(double probability) noexcept { return uniform() < probability; }

  /// Fisher-Yates, from the back.
  template <class Value>
  void shuffle(std::span<Value> values) {
    for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
  }

 private:
  key key_;
  std::uint64_t next_block_ = 0;
  std::array<std::uint32_t, 4> words_{};
  unsigned left_ = 0;
  double spare_ = 0;
  bool has_spare_ = false;
};

/// A random order of 0 ... n - 1.
[[nodiscard]] inline std::vector<std::size_t> permutation(key k, std::size_t n) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  random_stream(k).shuffle(std::span(order));
  return order;
}

/// Standard normal noise; elements 2 i and 2 i + 1 come from block i, so any thread count gives the same bytes.
template <class Scalar>
void fill_normal(key k, std::span<Scalar> out) {
  const auto pairs = static_cast<std::int64_t>((out.size() + 1) / 2);
  parallel_for(pairs, 4096, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const auto pair = normal_pair(k.block(static_cast<std::uint64_t>(i)));
      const auto at = static_cast<std::size_t>(2 * i);
      out[at] = static_cast<Scalar>(pair[0]);
      if (at + 1 < out.size()) out[at + 1] = static_cast<Scalar>(pair[1]);
    }
  });
}

/// Uniform numbers in [low, high); element i comes from block i.
template <class Scalar>
void fill_uniform(key k, std::span<Scalar> out, double low = 0.0, double high = 1.0) {
  parallel_for(static_cast<std::int64_t>(out.size()), 8192, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const auto words = k.block(static_cast<std::uint64_t>(i));
      out[static_cast<std::size_t>(i)] = static_cast<Scalar>(low + (high - low) * unit_double(words[0], words[1]));
    }
  });
}

}  // namespace synthmed

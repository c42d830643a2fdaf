// numpy's legacy random numbers (RandomState), as far as published metrics depend on them: seeding and choice().
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

#include <synthmed/error.hpp>

namespace synthmed {

/// numpy.random.RandomState(seed): MT19937 with Knuth's initialisation (the engine of the C++ standard is the same).
class numpy_random_state {
 public:
  explicit numpy_random_state(std::uint32_t seed) : engine_(seed) {}

  /// Uniform in {0, ..., largest}: masked draws, those above `largest` are thrown away.
  std::uint32_t interval(std::uint32_t largest) {
    std::uint32_t mask = largest;
    for (int shift = 1; shift < 32; shift *= 2) mask |= mask >> shift;
    for (;;) {
      const std::uint32_t value = static_cast<std::uint32_t>(engine_()) & mask;
      if (value <= largest) return value;
    }
  }

  /// permutation(n): Fisher-Yates from the back. No draw is made for n <= 1.
  [[nodiscard]] std::vector<std::size_t> permutation(std::size_t n) {
    if (n > 0xFFFFFFFFu) throw argument_error(sentence("At most 4294967295 elements are permuted here, got ", n, "."));
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (std::size_t i = n; i-- > 1;) std::swap(order[i], order[interval(static_cast<std::uint32_t>(i))]);
    return order;
  }

  /// choice(n, size, replace=False): the head of a whole permutation. Throws argument_error when size > n.
  [[nodiscard]] std::vector<std::size_t> choice(std::size_t n, std::size_t size) {
    if (size > n) throw argument_error(sentence("Cannot choose ", size, " of ", n, " elements without replacement."));
    auto order = permutation(n);
    order.resize(size);
    return order;
  }

 private:
  std::mt19937 engine_;
};

}  // namespace synthmed

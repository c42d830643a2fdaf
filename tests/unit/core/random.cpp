#include <support/catch.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include <synthmed/random/distributions.hpp>

using namespace synthmed;

TEST_CASE("Philox4x32-10 gives the known answers of Random123") {
  using words = std::array<std::uint32_t, 4>;
  CHECK(philox4x32({0, 0, 0, 0}, {0, 0}) == words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}) == words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("keys folded by another path are other keys") {
  const key root(1337);
  std::vector<std::uint64_t> seen{root.bits(),           root.fold("a").bits(), root.fold("b").bits(),
                                  root.fold(0).bits(),   root.fold(1).bits(),   root.fold("a").fold("b").bits(),
                                  root.fold("b").fold("a").bits(), key(1338).fold("a").bits()};
  std::sort(seen.begin(), seen.end());
  CHECK(std::adjacent_find(seen.begin(), seen.end()) == seen.end());
  CHECK(root.fold("a") == key(1337).fold("a"));
}

TEST_CASE("normal and uniform numbers have their moments") {
  std::vector<double> values(200001);
  fill_normal(key(1), std::span(values));
  double mean = 0, square = 0, fourth = 0;
  for (const double v : values) mean += v, square += v * v, fourth += v * v * v * v;
  const double n = static_cast<double>(values.size());
  // Five standard errors of each moment.
  CHECK(std::abs(mean / n) < 5 / std::sqrt(n));
  CHECK(std::abs(square / n - 1) < 5 * std::sqrt(2 / n));
  CHECK(std::abs(fourth / n - 3) < 5 * std::sqrt(96 / n));
  fill_uniform(key(2), std::span(values), -1, 3);
  mean = 0;
  for (const double v : values) mean += v;
  CHECK(std::abs(mean / n - 1) < 5 * std::sqrt(16.0 / 12 / n));
  CHECK(*std::min_element(values.begin(), values.end()) >= -1);
  CHECK(*std::max_element(values.begin(), values.end()) < 3);
}

TEST_CASE("a shorter array is the beginning of a longer one") {
  std::vector<float> small(7), large(20000);
  fill_normal(key(5), std::span(small));
  fill_normal(key(5), std::span(large));
  CHECK(std::equal(small.begin(), small.end(), large.begin()));
}

TEST_CASE("below() is unbiased and a permutation holds every number once") {
  random_stream stream(key(9));
  std::vector<int> count(7);
  for (int i = 0; i < 70000; ++i) ++count[stream.below(7)];
  for (const int c : count) CHECK(std::abs(c - 10000) < 5 * 93);
  CHECK_THROWS_AS(stream.below(0), argument_error);
  auto order = permutation(key(3), 1000);
  CHECK_FALSE(std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  for (std::size_t i = 0; i < order.size(); ++i) REQUIRE(order[i] == i);
}

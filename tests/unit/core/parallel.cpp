#include <support/catch.hpp>

#include <numeric>
#include <vector>

#include <synthmed/parallel.hpp>
#include <synthmed/random/distributions.hpp>

using namespace synthmed;

TEST_CASE("sums and noise have the same bytes with 1, 2 and 4 threads") {
  std::vector<float> values(100003);
  const auto run = [&](int count) {
    set_threads(count);
    fill_normal(key(1), std::span(values));
    return parallel_sum(static_cast<std::int64_t>(values.size()), 1000, 0.0f, [&](std::int64_t a, std::int64_t b) {
      float sum = 0;
      for (auto i = a; i < b; ++i) sum += values[static_cast<std::size_t>(i)];
      return sum;
    });
  };
  const float one = run(1);
  const auto noise = values;
  for (const int count : {2, 4}) {
    CHECK(run(count) == one);
    CHECK(values == noise);
  }
  set_threads(2);
}

TEST_CASE("every index is visited once, whatever the grain") {
  for (const std::int64_t grain : {1, 3, 10, 1000}) {
    std::vector<int> visits(100);
    parallel_for(100, grain, [&](std::int64_t a, std::int64_t b) {
      for (auto i = a; i < b; ++i) ++visits[static_cast<std::size_t>(i)];
    });
    CHECK(visits == std::vector<int>(100, 1));
  }
}

TEST_CASE("the exception of the first chunk that failed comes out") {
  set_threads(4);
  const auto text = synthmed_test::message_of<argument_error>([] {
    parallel_for(100, 10, [](std::int64_t a, std::int64_t) {
      if (a >= 30) throw argument_error(sentence("chunk ", a));
    });
  });
  CHECK(text == "chunk 30");
  CHECK_THROWS_AS(set_threads(0), argument_error);
}

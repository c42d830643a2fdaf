// Twenty steps of training from one key: reproducible bytes, double against its recorded losses, float against double.
#include <synthmed/backends/reference.hpp>
#include <synthmed/parallel.hpp>

#include <support/catch.hpp>
#include <support/fused_reference.hpp>
#include <support/small_net.hpp>

using namespace synthmed;
using synthmed_test::small_net_losses;
using synthmed_test::train_small_net;

TEST_CASE("twenty steps in double give the recorded losses, and learn") {
  const auto losses = train_small_net<reference_backend<double>>();
  REQUIRE(losses.size() == small_net_losses().size());
  for (std::size_t i = 0; i < losses.size(); ++i) CHECK(losses[i] == Approx(small_net_losses()[i]).epsilon(1e-8));
  CHECK(losses.back() < 0.2 * losses.front());
}

TEST_CASE("twenty steps in float follow double to 1e-3") {
  const auto losses = train_small_net<reference_backend<float>>();
  for (std::size_t i = 0; i < losses.size(); ++i) CHECK(losses[i] == Approx(small_net_losses()[i]).epsilon(1e-3));
}

TEST_CASE("fused kernels train as composed ones") {
  const auto losses = train_small_net<synthmed_test::fused_reference>();
  for (std::size_t i = 0; i < losses.size(); ++i) CHECK(losses[i] == Approx(small_net_losses()[i]).epsilon(1e-8));
}

TEST_CASE("training repeats its bytes with 1, 2 and 4 threads; another key trains otherwise") {
  const auto once = train_small_net<reference_backend<float>>(key(5), 5);
  for (const int count : {1, 2, 4}) {
    set_threads(count);
    CHECK(train_small_net<reference_backend<float>>(key(5), 5) == once);
  }
  CHECK(train_small_net<reference_backend<float>>(key(6), 5) != once);
}

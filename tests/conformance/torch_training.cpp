// Twenty steps of a small convolutional net from one key, on LibTorch against the reference backend.
#include <support/cuda.hpp>

#include <synthmed/backends/reference.hpp>

#include <support/small_net.hpp>

using namespace synthmed;
using synthmed_test::small_net_losses;
using synthmed_test::train_small_net;

namespace {

void check_losses(const std::vector<double>& losses, const std::vector<double>& wanted, double tolerance) {
  REQUIRE(losses.size() == 20);
  for (std::size_t i = 0; i < losses.size(); ++i) {
    INFO("step " << i + 1);
    CHECK(losses[i] == Approx(wanted[i]).epsilon(tolerance));
  }
}

}  // namespace

TEST_CASE("twenty steps in double are the reference backend's to 1e-8") {
  const auto losses = train_small_net<torch_backend<double>>();
  check_losses(losses, train_small_net<reference_backend<double>>(), 1e-8);
  check_losses(losses, small_net_losses(), 1e-8);
}

TEST_CASE("twenty steps in float give each loss to 1e-3") {
  check_losses(train_small_net<torch_backend<float>>(), small_net_losses(), 1e-3);
}

TEST_CASE("twenty steps in float on CUDA give each loss to 1e-3") {
  synthmed_test::on_cuda<torch_backend<float>>(
      [] { check_losses(train_small_net<torch_backend<float>>(), small_net_losses(), 1e-3); });
}

// The WGAN-GP penalty's weight gradients: against central differences in double; fused kernels against composed ones;
// float against double.
#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>

#include <support/catch.hpp>
#include <support/fused_reference.hpp>
#include <support/wgan_gp_critic.hpp>

using namespace synthmed;
using namespace synthmed_test;
using D = autodiff<reference_backend<double>>;

namespace {

void check_against_central_differences(bool whole_loss) {
  auto problem = make_wgan_gp_problem();
  const auto gradients = wgan_gp_gradients<D>(problem, whole_loss);
  const auto value = [&] {
    const auto w = wgan_gp_parameters<D>(problem);
    return ops::item<D>(whole_loss ? wgan_gp_loss<D>(w, problem) : wgan_gp_penalty<D>(w, problem));
  };
  const double step = 3e-6;  // large enough for rounding, too small to cross a kink of a leaky ReLU
  for (std::size_t which = 0; which < problem.weights.size(); ++which) {
    auto& [name, weight] = problem.weights[which];
    host_tensor differences = weight;
    for (std::size_t i = 0; i < weight.values.size(); ++i) {
      const double middle = weight.values[i];
      weight.values[i] = middle + step;
      const double up = value();
      weight.values[i] = middle - step;
      const double down = value();
      weight.values[i] = middle;
      differences.values[i] = (up - down) / (2 * step);
    }
    INFO(name);
    CHECK(relative_l2(gradients[which], differences) < 1e-6);
  }
}

}  // namespace

TEST_CASE("the penalty's weight gradients equal central differences") { check_against_central_differences(false); }

TEST_CASE("the whole critic loss's weight gradients equal central differences") {
  check_against_central_differences(true);
}

TEST_CASE("the penalty reaches every weight, and biases only through the minibatch statistic") {
  const auto problem = make_wgan_gp_problem();
  const auto gradients = wgan_gp_gradients<D>(problem);
  const auto size = [&](std::size_t i) {
    return testing::worst_difference(gradients[i].values, std::vector<double>(gradients[i].values.size()));
  };
  for (std::size_t i = 0; i < gradients.size(); i += 2) CHECK(size(i) > 1e-6);
  CHECK(size(1) > 0);     // below the statistic
  CHECK(size(7) == 0.0);  // above it the critic is linear between its kinks
  CHECK(size(9) == 0.0);
  CHECK(size(11) == 0.0);
}

TEST_CASE("fused kernels give the composed kernels' gradients") {
  const auto problem = make_wgan_gp_problem(key(4));
  const auto plain = wgan_gp_gradients<D>(problem, true);
  const auto fused = wgan_gp_gradients<autodiff<fused_reference>>(problem, true);
  for (std::size_t i = 0; i < plain.size(); ++i) CHECK(relative_l2(fused[i], plain[i]) < 1e-13);
}

TEST_CASE("float gives double's penalty gradients to 3e-3") {
  const auto problem = make_wgan_gp_problem(key(5));
  const auto exact = wgan_gp_gradients<D>(problem);
  const auto single = wgan_gp_gradients<autodiff<reference_backend<float>>>(problem);
  for (std::size_t i = 0; i < exact.size(); ++i) {
    INFO(problem.weights[i].first);
    CHECK(relative_l2(single[i], exact[i]) < 3e-3);
  }
}

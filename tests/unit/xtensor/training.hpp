// Gradients and training on the xtensor backend against the oracle; shared by its two engines.
#pragma once

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>
#include <synthmed/backends/xtensor.hpp>

#include <support/catch.hpp>
#include <support/small_net.hpp>
#include <support/wgan_gp_critic.hpp>

namespace synthmed_test {

/// The penalty's weight gradients within 3e-3 of those in double: leaky ReLU may flip near zero, nothing else may
/// differ.
template <class B>
void penalty_gradients_agree() {
  using namespace synthmed;
  for (const int width : {3, 16, 32}) {
    const auto problem = make_wgan_gp_problem(key(1337), width);
    const auto wanted = wgan_gp_gradients<autodiff<reference_backend<double>>>(problem);
    const auto got = wgan_gp_gradients<autodiff<B>>(problem);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      INFO(problem.weights[i].first << ", width " << width);
      double norm = 0;
      for (const double value : wanted[i].values) norm += value * value;
      if (norm > 1e-12) CHECK(relative_l2(got[i], wanted[i]) < 3e-3);
    }
  }
}

/// Twenty steps of Adam give the recorded losses, and the same bytes again, with 1, 2 and 4 threads each.
template <class B>
void training_agrees() {
  using namespace synthmed;
  const int before = threads();
  for (const int count : {1, 2, 4}) {
    INFO(count << " threads");
    set_threads(count);
    const auto losses = train_small_net<B>();
    for (std::size_t i = 0; i < losses.size(); ++i) CHECK(losses[i] == Approx(small_net_losses()[i]).epsilon(1e-3));
    CHECK(train_small_net<B>() == losses);
  }
  set_threads(before);
}

}  // namespace synthmed_test

// Gradients and training on the xtensor backend against the oracle; shared by its two engines.
#pragma once

#include <support/wgan_gp_critic.hpp>

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>
#include <synthmed/backends/xtensor.hpp>

#include <support/catch.hpp>

namespace synthmed_test {

/// The penalty's weight gradients within 3e-3 of those in double: leaky ReLU may flip near zero, nothing else may differ.
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

}  // namespace synthmed_test

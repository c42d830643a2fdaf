// The WGAN-GP penalty's weight gradients: autodiff's closed set of primitives against LibTorch's own double backward.
#include <support/cuda.hpp>

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>

#include <support/wgan_gp_critic.hpp>

using namespace synthmed;
using namespace synthmed_test;

namespace {

template <class Ours, class Theirs>
void check_gradients(const wgan_gp_problem& problem, double tolerance) {
  for (const bool whole_loss : {false, true}) {
    const auto ours = wgan_gp_gradients<Ours>(problem, whole_loss);
    const auto theirs = wgan_gp_gradients<Theirs>(problem, whole_loss);
    for (std::size_t i = 0; i < ours.size(); ++i) {
      INFO(problem.weights[i].first << (whole_loss ? ", whole loss" : ", penalty"));
      CHECK(relative_l2(ours[i], theirs[i]) < tolerance);
    }
  }
}

}  // namespace

TEST_CASE("penalty gradients in double equal LibTorch's double backward to 1e-9") {
  for (const int seed : {1, 2, 3}) {
    const auto problem = make_wgan_gp_problem(key(static_cast<std::uint64_t>(seed)));
    check_gradients<autodiff<torch_backend<double>>, torch_autograd_backend<double>>(problem, 1e-9);
    check_gradients<autodiff<reference_backend<double>>, torch_autograd_backend<double>>(problem, 1e-9);
  }
}

TEST_CASE("penalty gradients in float equal LibTorch's double backward to 3e-3") {
  const auto problem = make_wgan_gp_problem(key(1), 16);
  check_gradients<autodiff<torch_backend<float>>, torch_autograd_backend<float>>(problem, 3e-3);
  check_gradients<autodiff<torch_backend<float>>, torch_autograd_backend<double>>(problem, 3e-3);
}

TEST_CASE("penalty gradients on CUDA equal the processor's double backward to 3e-3") {
  on_cuda<torch_backend<float>>([] {
    check_gradients<autodiff<torch_backend<float>>, torch_autograd_backend<double>>(make_wgan_gp_problem(key(1), 16),
                                                                                    3e-3);
  });
}

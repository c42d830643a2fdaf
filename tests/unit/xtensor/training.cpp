#include "training.hpp"

using namespace synthmed;
using namespace synthmed_test;
using B = xtensor_backend<float>;

TEST_CASE("the penalty's weight gradients are right") { penalty_gradients_agree<B>(); }

#if SYNTHMED_XTENSOR_ONEDNN
TEST_CASE("the penalty's weight gradients are right without Winograd") {
  B::engine::set_winograd(false);
  penalty_gradients_agree<B>();
  B::engine::set_winograd(true);
}

TEST_CASE("Winograd serves the shapes of the rule, and no others") {
  using xtensor::onednn::direction;
  const conv2d_params same{1, 1, 1, 1};
  const auto kernel = [](direction what, const shape& x, const shape& w, const conv2d_params& p) {
    const std::string name = B::engine::kernel(what, x, w, p);
    INFO(name);
    return contains(name, "wino");
  };
  CHECK(xtensor::winograd_fits({2, 16, 8, 8}, {32, 16, 3, 3}, same));
  CHECK_FALSE(xtensor::winograd_fits({2, 16, 4, 4}, {32, 16, 3, 3}, same));
  CHECK_FALSE(xtensor::winograd_fits({2, 24, 8, 8}, {32, 24, 3, 3}, same));
  CHECK_FALSE(xtensor::winograd_fits({2, 16, 8, 8}, {32, 16, 3, 3}, {2, 2, 1, 1}));
  CHECK_FALSE(xtensor::winograd_fits({2, 16, 8, 8}, {32, 16, 1, 1}, {}));
  if (B::engine::blocked() && dnnl::version()->major == 2) {  // AVX-512, and a oneDNN that has the kernels
    for (const auto what : {direction::forward, direction::input_grad, direction::weight_grad}) {
      CHECK(kernel(what, {2, 32, 16, 16}, {32, 32, 3, 3}, same));
      CHECK_FALSE(kernel(what, {2, 32, 4, 4}, {32, 32, 3, 3}, same));
    }
    B::engine::set_winograd(false);
    CHECK_FALSE(kernel(direction::forward, {2, 32, 16, 16}, {32, 32, 3, 3}, same));
    B::engine::set_winograd(true);
  }
}
#endif

#include "training.hpp"

using namespace synthmed;
using namespace synthmed_test;
using B = xtensor_backend<float>;

TEST_CASE("the penalty's weight gradients are right") { penalty_gradients_agree<B>(); }

TEST_CASE("twenty training steps repeat") { training_agrees<B>(); }

namespace {

// A critic's trunk with whole blocks of channels: what a training step of the study is made of.
using trunk =
    nn::sequential<nn::chw{1, 16, 16}, nn::conv2d{.inputs = 1, .outputs = 16, .kernel = 1}, nn::leaky_relu{0.2},
                   nn::conv2d{.inputs = 16, .outputs = 16, .kernel = 3, .pad = 1}, nn::leaky_relu{0.2},
                   nn::conv2d{.inputs = 16, .outputs = 32, .kernel = 3, .pad = 1}, nn::leaky_relu{0.2}, nn::avg_pool{},
                   nn::conv2d{.inputs = 32, .outputs = 32, .kernel = 3, .pad = 1}, nn::leaky_relu{0.2}, nn::avg_pool{},
                   nn::conv2d{.inputs = 32, .outputs = 32, .kernel = 4}, nn::leaky_relu{0.2}, nn::flatten{},
                   nn::linear{.inputs = 32, .outputs = 1}>;

// One step: forward, gradients (with the penalty's second pass when asked), Adam.
template <class Parameters>
std::vector<float> step(Parameters& parameters, Parameters& first, Parameters& second, bool penalty) {
  using D = autodiff<B>;
  constexpr trunk net;
  std::vector<float> pictures(8 * 256);
  fill_normal(key(3).fold("pictures"), std::span(pictures));
  const auto x = D::parameter(D::from_host({8, 1, 16, 16}, pictures));
  const auto score = ops::sum<D>(
      nn::apply<D>(net, parameters, nn::initial_buffers<D>(net), x, {.mode = nn::mode::train, .key = key(1)}).y);
  auto loss = score;
  if (penalty) {
    const auto slope = D::grad(score, std::vector{x}, {.create_graph = true});
    loss = ops::add<D>(score, ops::sum<D>(ops::square<D>(slope[0])));
  }
  auto gradients = parameters;
  nn::assign(gradients, D::grad(loss, nn::tensors(parameters), {}));
  const adam_step<float> adam{1e-3f, 0.0f, 0.99f, 1e-8f, 1.0f, 0.01f};
  nn::zip([&](const std::string&, auto& p, auto& m, auto& v, const auto& g) { D::adam(p, m, v, g, adam); }, parameters,
          first, second, gradients);
  std::vector<float> all;
  for (const auto& p : nn::tensors(parameters)) {
    std::vector<float> values(static_cast<std::size_t>(D::shape_of(p).elements()));
    D::to_host(p, values);
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

}  // namespace

// Inside, everything stays blocked, and pictures of one channel are read and written as they are.
TEST_CASE("no activation of a training step is reordered, and each weight once per use") {
  using D = autodiff<B>;
  constexpr trunk net;
  auto parameters = nn::init<D>(net, key(2));
  auto first = nn::zeros_like<D>(parameters), second = nn::zeros_like<D>(parameters);
  const auto reorders = [&](bool penalty) {
    (void)step(parameters, first, second, penalty);
    B::reset_reorders();
    (void)step(parameters, first, second, penalty);
    return B::reorders();
  };
#if SYNTHMED_XTENSOR_ONEDNN
  if (!B::engine::blocked() || dnnl::version()->major != 2) return;  // other kernels, other edges
  CHECK(reorders(false).activations == 0);
  CHECK(reorders(true).activations == 0);
  // Three convolutions of 3 x 3 and one of 4 x 4: forward, in their own gradient, and on the way down.
  CHECK(reorders(false).weights == 12);
#else
  CHECK(reorders(true).activations == 0);  // everything is dense
#endif
}

TEST_CASE("a blocked network's training step has the same bytes each time, with 1, 2 and 4 threads") {
  const int before = threads();
  for (const int count : {1, 2, 4}) {
    set_threads(count);
    const auto run = [] {
      using D = autodiff<B>;
      constexpr trunk net;
      auto parameters = nn::init<D>(net, key(2));
      auto first = nn::zeros_like<D>(parameters), second = nn::zeros_like<D>(parameters);
      (void)step(parameters, first, second, true);
      return step(parameters, first, second, true);
    };
    const auto once = run();
    CHECK(run() == once);
  }
  set_threads(before);
}

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
  CHECK(xtensor::winograd_fits({2, 16, 7, 7}, {32, 16, 3, 3}, same));
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

// Walking trees of tensors.
#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>
#include <synthmed/nn/layers.hpp>
#include <synthmed/ops/ops.hpp>

#include <support/catch.hpp>

using namespace synthmed;
using B = reference_backend<double>;
using Ad = autodiff<B>;

namespace {
using net_type = nn::sequential<nn::chw{1, 4, 4}, nn::conv2d{.inputs = 1, .outputs = 2, .kernel = 3, .pad = 1},
                                nn::batch_norm{.channels = 2}, nn::relu{},
                                nn::residual<nn::conv2d{.inputs = 2, .outputs = 2, .kernel = 1}>{}>;
constexpr net_type net;
}  // namespace

TEST_CASE("walk, count, copy, zip over parameters, gradients and moments") {
  auto p = nn::init<Ad>(net, key(1));
  CHECK(nn::names(p) ==
        std::vector<std::string>{"0.weight", "0.bias", "1.weight", "1.bias", "3.body.weight", "3.body.bias"});
  CHECK(nn::names(nn::initial_buffers<Ad>(net)) == std::vector<std::string>{"1.running_mean", "1.running_var"});
  CHECK(nn::size(p) == 6);
  CHECK(nn::count<Ad>(p) == 18 + 2 + 2 + 2 + 4 + 2);

  const auto zeros = nn::zeros_like<Ad>(p);
  nn::zip([](const std::string&, const auto& a, const auto& b) { CHECK(Ad::shape_of(a) == Ad::shape_of(b)); }, p,
          zeros);
  CHECK(ops::to_host<Ad>(nn::tensors(zeros)[0]) == std::vector<double>(18, 0.0));

  auto copy = p;
  nn::assign(copy, nn::tensors(zeros));
  CHECK(ops::to_host<Ad>(nn::tensors(copy)[4]) == std::vector<double>(4, 0.0));
  CHECK(ops::to_host<Ad>(nn::tensors(p)[4]) != std::vector<double>(4, 0.0));
  CHECK_THROWS_AS(nn::assign(copy, {}), argument_error);
  const auto buffers = nn::initial_buffers<Ad>(net);
  CHECK_THROWS_AS(nn::zip([](const std::string&, const auto&, const auto&) {}, p, buffers), argument_error);

  // Names and references feed whatever stores them.
  nn::for_each_parameter(copy, [](const std::string& name, auto& x) {
    if (name == "0.bias") x = ops::ones<Ad>({2});
  });
  CHECK(ops::to_host<Ad>(nn::tensors(copy)[1]) == std::vector<double>{1, 1});
}

TEST_CASE("trees move between a backend and its autodiff") {
  const auto weights = nn::init<B>(net, key(1));
  const auto lifted = nn::trainable<Ad>(nn::map<nn::parameters_of<net_type, Ad>>(weights, Ad::wrap));
  const auto direct = nn::init<Ad>(net, key(1));
  nn::zip(
      [](const std::string& name, const auto& a, const auto& b) {
        INFO(name);
        CHECK(Ad::requires_grad(a));
        CHECK(Ad::requires_grad(b));
        CHECK(ops::to_host<Ad>(a) == ops::to_host<Ad>(b));
      },
      lifted, direct);
  nn::for_each_parameter(nn::frozen<Ad>(direct),
                         [](const std::string&, const auto& x) { CHECK_FALSE(Ad::requires_grad(x)); });
  const auto back = nn::map<nn::parameters_of<net_type, B>>(lifted, Ad::unwrap);
  CHECK(ops::to_host<B>(nn::tensors(back)[0]) == ops::to_host<B>(nn::tensors(weights)[0]));
}

TEST_CASE("an average of weights follows them") {
  auto average = nn::init<B>(net, key(1));
  const auto target = nn::init<B>(net, key(2));
  nn::zip([](const std::string&, auto& a, const auto& x) { B::ema(a, x, 0.75); }, average, target);
  const auto old = ops::to_host<B>(nn::tensors(nn::init<B>(net, key(1)))[0]);
  const auto now = ops::to_host<B>(nn::tensors(average)[0]), goal = ops::to_host<B>(nn::tensors(target)[0]);
  for (std::size_t i = 0; i < now.size(); ++i) CHECK(now[i] == Approx(0.75 * old[i] + 0.25 * goal[i]));
}

// Every layer keeps the laws, and computes what its page says.
#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>
#include <synthmed/testing/layer_laws.hpp>

#include <support/catch.hpp>

using namespace synthmed;
using B = reference_backend<double>;
using Ad = autodiff<B>;
using nn::chw;
using kept = std::vector<std::string>;

TEST_CASE("layers with weights keep the laws") {
  CHECK(testing::broken_layer_laws<Ad>(nn::conv2d{.inputs = 2, .outputs = 3, .kernel = 3, .pad = 1}, {2, 4, 5}) ==
        kept{});
  CHECK(testing::broken_layer_laws<Ad>(nn::conv2d{.inputs = 2,
                                                  .outputs = 3,
                                                  .kernel = 1,
                                                  .stride = 2,
                                                  .kernel_w = 4,
                                                  .pad_w = 2,
                                                  .initial = nn::initial::normal,
                                                  .rate = nn::equalized::output},
                                       {2, 5, 3}) == kept{});
  CHECK(testing::broken_layer_laws<Ad>(nn::conv2d{.inputs = 2,
                                                  .outputs = 1,
                                                  .kernel = 2,
                                                  .initial = nn::initial::normal,
                                                  .rate = nn::equalized::weight,
                                                  .gain = 1},
                                       {2, 3, 3}) == kept{});
  CHECK(testing::broken_layer_laws<Ad>(
            nn::conv2d_no_bias{.inputs = 2, .outputs = 3, .kernel = 3, .stride = 2, .pad = 1}, {2, 5, 4}) == kept{});
  CHECK(testing::broken_layer_laws<Ad>(nn::linear{.inputs = 4, .outputs = 3}, {4, 1, 1}) == kept{});
  CHECK(testing::broken_layer_laws<Ad>(
            nn::linear{.inputs = 4, .outputs = 3, .initial = nn::initial::normal, .rate = nn::equalized::weight},
            {4, 1, 1}) == kept{});
  CHECK(testing::broken_layer_laws<Ad>(nn::batch_norm{.channels = 3}, {3, 2, 2}) == kept{});
}

TEST_CASE("layers without weights keep the laws") {
  const chw in{4, 4, 6};
  CHECK(testing::broken_layer_laws<Ad>(nn::identity{}, in) == kept{});
  CHECK(testing::broken_layer_laws<Ad>(nn::leaky_relu{0.1}, in) == kept{});
  CHECK(testing::broken_layer_laws<Ad>(nn::relu{}, in) == kept{});
  CHECK(testing::broken_layer_laws<Ad>(nn::tanh{}, in) == kept{});
  CHECK(testing::broken_layer_laws<Ad>(nn::sigmoid{}, in) == kept{});
  CHECK(testing::broken_layer_laws<Ad>(nn::pixel_norm{}, in) == kept{});
  CHECK(testing::broken_layer_laws<Ad>(nn::minibatch_stddev{{.group = 2}}, in) == kept{});
  CHECK(testing::broken_layer_laws<Ad>(nn::dropout{0.3}, in) == kept{});
  CHECK(testing::broken_layer_laws<Ad>(nn::avg_pool{}, in) == kept{});
  CHECK(testing::broken_layer_laws<Ad>(nn::max_pool{{.kernel = 3, .stride = 2, .pad = 1}}, in) == kept{});
  CHECK(testing::broken_layer_laws<Ad>(nn::upsample{3}, in, 2) == kept{});
  CHECK(testing::broken_layer_laws<Ad>(nn::global_avg_pool{}, in) == kept{});
  CHECK(testing::broken_layer_laws<Ad>(nn::flatten{}, in) == kept{});
  CHECK(testing::broken_layer_laws<Ad>(nn::reshape{{2, 6, 8}}, in) == kept{});
}

TEST_CASE("layers around layers keep the laws") {
  using conv = nn::conv2d;
  constexpr nn::residual<
      nn::sequential<chw{2, 4, 4}, conv{.inputs = 2, .outputs = 3, .kernel = 3, .stride = 2, .pad = 1},
                     nn::batch_norm{.channels = 3}>{},
      conv{.inputs = 2, .outputs = 3, .kernel = 1, .stride = 2}>
      block;
  CHECK(testing::broken_layer_laws<Ad>(block, {2, 4, 4}) == kept{});
  constexpr nn::concat_skip<
      nn::sequential<chw{2, nn::dynamic, nn::dynamic}, nn::max_pool{},
                     conv{.inputs = 2, .outputs = 3, .kernel = 3, .pad = 1}, nn::tanh{}, nn::upsample{}>{}>
      skip;
  CHECK(testing::broken_layer_laws<Ad>(skip, {2, 4, 6}) == kept{});
  CHECK(skip.out({2, 4, 6}) == chw{5, 4, 6});
  CHECK_FALSE(skip.accepts({2, 5, 6}));  // 5 does not go down and up again
  CHECK(skip.accepts({2, nn::dynamic, nn::dynamic}));
}

TEST_CASE("the laws find a layer that breaks them") {
  struct wrong_shape : nn::tanh {
    constexpr chw out(chw s) const { return {s.c + 1, s.h, s.w}; }
  };
  CHECK(testing::broken_layer_laws<Ad>(wrong_shape{}, {2, 2, 2}).size() == 1);
  CHECK(testing::broken_layer_laws<Ad>(nn::conv2d{.inputs = 3}, {2, 4, 4}).size() == 1);
}

TEST_CASE("equalized learning rates scale the weight, or weight and bias") {
  const auto x = ops::normal<B>(key(1), {2, 3, 4, 4});
  const nn::conv2d plain{.inputs = 3, .outputs = 2, .kernel = 3, .initial = nn::initial::normal};
  auto p = nn::init<B>(plain, key(2));
  p.bias = ops::normal<B>(key(3), {2});
  const auto run = [&](nn::equalized rate, double gain) {
    auto l = plain;
    l.rate = rate, l.gain = gain;
    return ops::to_host<B>(nn::evaluate<B>(l, p, {}, x));
  };
  const double scale = 0.5 / std::sqrt(27.0);
  const auto bare = ops::to_host<B>(ops::conv2d<B>(x, p.weight));
  const auto output = run(nn::equalized::output, 0.5), weight = run(nn::equalized::weight, 0.5);
  const auto bias = ops::to_host<B>(p.bias);
  for (std::size_t i = 0; i < bare.size(); ++i) {
    const double b = bias[i / 4 % 2];
    CHECK(output[i] == Approx(scale * (bare[i] + b)).epsilon(1e-12));
    CHECK(weight[i] == Approx(scale * bare[i] + b).epsilon(1e-12));
  }
}

TEST_CASE("initial weights have the spread they are named for, and one value on every backend") {
  const auto deviation = [](nn::initial how) {
    const auto values = ops::to_host<B>(nn::initial_weight<B>(how, key(9), {64, 32, 3, 3}));
    double sum = 0;
    for (const double v : values) sum += v * v;
    return std::sqrt(sum / static_cast<double>(values.size()));
  };
  CHECK(deviation(nn::initial::normal) == Approx(1).epsilon(0.02));
  CHECK(deviation(nn::initial::normal_001) == Approx(0.01).epsilon(0.02));
  CHECK(deviation(nn::initial::he_normal) == Approx(std::sqrt(2.0 / 288)).epsilon(0.02));
  CHECK(deviation(nn::initial::he_normal_fan_out) == Approx(std::sqrt(2.0 / 576)).epsilon(0.02));
  CHECK(deviation(nn::initial::fan_in_uniform) == Approx(1 / std::sqrt(3.0 * 288)).epsilon(0.02));
  const auto single = ops::to_host<reference_backend<float>>(
      nn::initial_weight<reference_backend<float>>(nn::initial::normal, key(9), {4, 2, 3, 3}));
  const auto exact = ops::to_host<B>(nn::initial_weight<B>(nn::initial::normal, key(9), {4, 2, 3, 3}));
  for (std::size_t i = 0; i < exact.size(); ++i) CHECK(single[i] == static_cast<float>(exact[i]));
}

TEST_CASE("batch norm normalises the batch and remembers its statistics") {
  const nn::batch_norm l{.channels = 2, .momentum = 0.25, .epsilon = 0};
  const auto x = ops::normal<B>(key(4), {4, 2, 3, 3});
  const auto p = nn::init<B>(l, key(0));
  const auto b = nn::initial_buffers<B>(l);
  const auto trained = nn::apply<B>(l, p, b, x, {.mode = nn::mode::train});
  const auto y = trained.y;
  for (const double m : ops::to_host<B>(ops::mean<B>(y, {0, 2, 3}))) CHECK(std::abs(m) < 1e-12);
  for (const double v : ops::to_host<B>(ops::mean<B>(ops::square<B>(y), {0, 2, 3}))) CHECK(v == Approx(1));
  const auto centre = ops::to_host<B>(ops::mean<B>(x, {0, 2, 3}));
  const auto squares = ops::to_host<B>(ops::mean<B>(ops::square<B>(x), {0, 2, 3}));
  const auto mean = ops::to_host<B>(trained.buffers.running_mean), var = ops::to_host<B>(trained.buffers.running_var);
  for (std::size_t c = 0; c < 2; ++c) {
    CHECK(mean[c] == Approx(0.25 * centre[c]));
    CHECK(var[c] == Approx(0.75 + 0.25 * (squares[c] - centre[c] * centre[c]) * 36 / 35));
  }
}

TEST_CASE("dropout keeps the mean, follows its key, and rests in evaluation") {
  const nn::dropout l{0.25};
  const auto x = ops::ones<B>({64, 4, 8, 8});
  const auto run = [&](nn::mode m, std::uint64_t k) {
    return ops::to_host<B>(nn::apply<B>(l, {}, {}, x, {.mode = m, .key = key(k)}).y);
  };
  const auto y = run(nn::mode::train, 1);
  double sum = 0;
  for (const double v : y) {
    REQUIRE_FALSE((v != 0 && v != Approx(1 / 0.75)));
    sum += v;
  }
  CHECK(sum / static_cast<double>(y.size()) == Approx(1).epsilon(0.02));
  CHECK(y == run(nn::mode::train, 1));
  CHECK(y != run(nn::mode::train, 2));
  CHECK(run(nn::mode::evaluate, 1) == ops::to_host<B>(x));
}

// sequential: shapes at compile time, checks at run time, names, fusion.
#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>
#include <synthmed/nn/layers.hpp>
#include <synthmed/ops/ops.hpp>
#include <synthmed/testing/layer_laws.hpp>

#include <support/catch.hpp>
#include <support/fused_reference.hpp>

using namespace synthmed;
using B = reference_backend<double>;
using Ad = autodiff<B>;
using nn::chw;
using synthmed_test::contains;
using synthmed_test::message_of;

namespace {

using fixed =
    nn::sequential<chw{1, 8, 8}, nn::named<"stem", nn::conv2d{.inputs = 1, .outputs = 4, .kernel = 3, .pad = 1}>{},
                   nn::leaky_relu{0.2}, nn::avg_pool{}, nn::flatten{},
                   nn::named<"score", nn::linear{.inputs = 64, .outputs = 2}>{}>;
static_assert(nn::layer<fixed> && nn::layer_on<fixed, Ad> && nn::layer_on<fixed, B>);
static_assert(fixed{}.out() == chw{2, 1, 1});
static_assert(fixed::arriving_at<3> == chw{4, 4, 4});
static_assert(fixed{}.accepts({1, 8, 8}) && !fixed{}.accepts({1, 9, 8}) && !fixed{}.accepts({1, nn::dynamic, 8}));

/// A U-Net of depth two for any size that two poolings divide.
using unet = nn::sequential<
    chw{1, nn::dynamic, nn::dynamic}, nn::conv2d{.inputs = 1, .outputs = 2, .kernel = 3, .pad = 1}, nn::relu{},
    nn::concat_skip<
        nn::sequential<chw{2, nn::dynamic, nn::dynamic}, nn::max_pool{},
                       nn::conv2d{.inputs = 2, .outputs = 3, .kernel = 3, .pad = 1}, nn::relu{},
                       nn::concat_skip<nn::sequential<chw{3, nn::dynamic, nn::dynamic}, nn::max_pool{},
                                                      nn::conv2d{.inputs = 3, .outputs = 4, .kernel = 3, .pad = 1},
                                                      nn::relu{}, nn::upsample{}>{}>{},
                       nn::conv2d{.inputs = 7, .outputs = 3, .kernel = 3, .pad = 1}, nn::relu{}, nn::upsample{}>{}>{},
    nn::conv2d{.inputs = 5, .outputs = 1, .kernel = 1}, nn::sigmoid{}>;
static_assert(unet{}.out() == chw{1, nn::dynamic, nn::dynamic});
static_assert(unet{}.accepts({1, 12, 8}) && !unet{}.accepts({1, 12, 6}) && !unet{}.accepts({2, 12, 8}));

struct counting : synthmed_test::fused_reference {
  static inline int fused_convolutions = 0, fused_biases = 0;
  static tensor conv2d_bias_leaky_relu(const tensor& x, const tensor& w, const tensor& b, const conv2d_params& p,
                                       scalar scale, scalar slope) {
    ++fused_convolutions;
    return fused_reference::conv2d_bias_leaky_relu(x, w, b, p, scale, slope);
  }
  static tensor bias_leaky_relu(const tensor& x, const tensor& b, scalar scale, scalar slope) {
    ++fused_biases;
    return fused_reference::bias_leaky_relu(x, b, scale, slope);
  }
  static tensor leaky_relu(const tensor&, scalar) { throw error("no separate activation is expected"); }
};

}  // namespace

TEST_CASE("sequentials keep the laws of layers") {
  CHECK(testing::broken_layer_laws<Ad>(fixed{}, {1, 8, 8}) == std::vector<std::string>{});
  CHECK(testing::broken_layer_laws<Ad>(unet{}, {1, 4, 8}) == std::vector<std::string>{});
}

TEST_CASE("a network for any size names the layer that does not take a picture") {
  constexpr unet net;
  const auto p = nn::init<B>(net, key(1));
  const auto b = nn::initial_buffers<B>(net);
  CHECK(B::shape_of(nn::evaluate<B>(net, p, b, ops::ones<B>({2, 1, 8, 12}))) == shape{2, 1, 8, 12});
  const auto message = message_of<shape_error>([&] { (void)nn::evaluate<B>(net, p, b, ops::ones<B>({2, 1, 8, 10})); });
  CHECK(contains(message, "Layer 2"));
  CHECK(contains(message, "2 x 8 x 10"));
  const auto channels = message_of<shape_error>([&] { (void)nn::evaluate<B>(net, p, b, ops::ones<B>({2, 3, 8, 8})); });
  CHECK(contains(channels, "1 x any x any"));
  CHECK(contains(channels, "3 x 8 x 8"));
  CHECK(contains(message_of<shape_error>([&] {
                   (void)nn::evaluate<B>(net, p, b, ops::ones<B>({8, 8, 8}));
                 }),
                 "[8, 8, 8]"));
}

TEST_CASE("parameters are named by position or by name, and start from their own keys") {
  constexpr fixed net;
  const auto p = nn::init<B>(net, key(1));
  CHECK(nn::names(p) == std::vector<std::string>{"stem.weight", "stem.bias", "score.weight", "score.bias"});
  CHECK(nn::names(nn::init<B>(unet{}, key(1)))[2] == "2.1.weight");
  // A layer's weights depend on its name, not on what stands before it.
  constexpr nn::sequential<chw{64, 1, 1}, nn::named<"score", nn::linear{.inputs = 64, .outputs = 2}>{}> tail;
  CHECK(ops::to_host<B>(nn::tensors(nn::init<B>(tail, key(1)))[0]) == ops::to_host<B>(nn::tensors(p)[2]));
}

TEST_CASE("weights and their rectifiers run as one kernel") {
  using net_type = nn::sequential<chw{1, 4, 4}, nn::conv2d{.inputs = 1, .outputs = 2, .kernel = 3}, nn::leaky_relu{0.2},
                                  nn::conv2d{.inputs = 2, .outputs = 2, .kernel = 2}, nn::flatten{},
                                  nn::linear{.inputs = 2, .outputs = 3}, nn::relu{}>;
  constexpr net_type net;
  const auto p = nn::init<B>(net, key(3));
  const auto x = ops::normal<B>(key(4), {2, 1, 4, 4});
  counting::fused_convolutions = counting::fused_biases = 0;
  const auto fused = ops::to_host<B>(nn::evaluate<counting>(net, p, nn::initial_buffers<counting>(net), x));
  CHECK(counting::fused_convolutions == 2);
  CHECK(counting::fused_biases == 1);
  const auto plain = ops::to_host<B>(nn::evaluate<B>(net, p, nn::initial_buffers<B>(net), x));
  for (std::size_t i = 0; i < plain.size(); ++i) CHECK(fused[i] == Approx(plain[i]).epsilon(1e-14));
}

TEST_CASE("a doubling and a small convolution run as one, with many channels as two") {
  constexpr nn::conv2d small{.inputs = 2, .outputs = 3, .kernel = 3, .pad = 1, .rate = nn::equalized::weight};
  static_assert(small.doubles() && !nn::conv2d{.inputs = 128, .outputs = 64, .kernel = 3, .pad = 1}.doubles() &&
                !nn::conv2d{.inputs = 2, .outputs = 3, .kernel = 3}.doubles());
  constexpr nn::sequential<chw{2, 4, 4}, nn::upsample{}, small, nn::leaky_relu{0.2}> rectified;
  constexpr nn::sequential<chw{2, 4, 4}, nn::upsample{}, small> plain;
  const auto x = ops::normal<B>(key(4), {2, 2, 4, 4});
  const auto run = [&](const auto& net) {
    return nn::evaluate<B>(net, nn::init<B>(net, key(3)), nn::initial_buffers<B>(net), x);
  };
  const auto p = nn::init<B>(plain, key(3)).template get<1>();
  const auto expected = ops::to_host<B>(small.apply_activated<B>(p, ops::upsample_nearest<B>(x, 2), 1));
  const auto linear = ops::to_host<B>(run(plain)), leaky = ops::to_host<B>(run(rectified));
  for (std::size_t i = 0; i < linear.size(); ++i) {
    CHECK(linear[i] == Approx(expected[i]).margin(1e-13));
    CHECK(leaky[i] == Approx(expected[i] > 0 ? expected[i] : 0.2 * expected[i]).margin(1e-13));
  }
}

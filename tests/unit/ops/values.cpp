// Composites against values worked out by hand or by their definition.
#include <cmath>
#include <limits>

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>
#include <synthmed/ops/ops.hpp>

#include <support/catch.hpp>
#include <support/fused_reference.hpp>

using namespace synthmed;
using B = reference_backend<double>;

namespace {

B::tensor make(const shape& dims, const std::vector<double>& values) { return ops::from_host<B>(dims, values); }
std::vector<double> host(const B::tensor& x) { return ops::to_host<B>(x); }
void check_close(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i] == Approx(b[i]).epsilon(1e-12).margin(1e-300));
}

}  // namespace

TEST_CASE("binary operations broadcast as NumPy does") {
  const auto x = make({2, 1, 3}, {1, 2, 3, 4, 5, 6}), y = make({2, 1}, {10, 20});
  const auto sum = ops::add<B>(x, y);
  CHECK(B::shape_of(sum) == shape{2, 2, 3});
  CHECK(host(sum) == std::vector<double>{11, 12, 13, 21, 22, 23, 14, 15, 16, 24, 25, 26});
  CHECK(host(ops::mul<B>(x, make({}, {2}))) == std::vector<double>{2, 4, 6, 8, 10, 12});
  CHECK(host(ops::sub<B>(make({}, {1}), make({2}, {3, 5}))) == std::vector<double>{-2, -4});
  CHECK(host(ops::div<B>(make({2}, {3, 5}), make({1}, {2}))) == std::vector<double>{1.5, 2.5});
  CHECK(B::shape_of(ops::add<B>(make({0, 3}, {}), make({1}, {1}))) == shape{0, 3});
}

TEST_CASE("elementwise composites") {
  const auto x = make({5}, {-2, -0.5, 0, 0.5, 2}), y = make({5}, {-1, -1, 0, 0, 3});
  CHECK(host(ops::maximum<B>(x, y)) == std::vector<double>{-1, -0.5, 0, 0.5, 3});
  CHECK(host(ops::minimum<B>(x, y)) == std::vector<double>{-2, -1, 0, 0, 2});
  CHECK(host(ops::clamp<B>(x, -1, 0.25)) == std::vector<double>{-1, -0.5, 0, 0.25, 0.25});
  CHECK(host(ops::leaky_relu<B>(x, 0.5)) == std::vector<double>{-1, -0.25, 0, 0.5, 2});
  CHECK(host(ops::relu<B>(x)) == std::vector<double>{-0.0, 0, 0, 0.5, 2});
  CHECK(host(ops::square<B>(y)) == std::vector<double>{1, 1, 0, 0, 9});
  check_close(host(ops::rsqrt<B>(make({2}, {4, 0.25}))), {0.5, 2});
  check_close(host(ops::softplus<B>(make({4}, {-800, 0, 1, 800}))), {0, std::log(2.0), std::log1p(std::exp(1.0)), 800});
}

TEST_CASE("linear and convolution with bias, scale and activation") {
  const auto x = make({2, 2}, {1, 2, 3, 4}), w = make({1, 2}, {1, -1}), b = make({1}, {0.5});
  CHECK(host(ops::linear<B>(x, w, b, 2)) == std::vector<double>{-1, -1});
  const auto image = make({1, 1, 2, 2}, {1, 2, 3, 4}), kernel = make({2, 1, 1, 1}, {1, -1}), bias = make({2}, {-2, 1});
  CHECK(host(ops::conv2d<B>(image, kernel, bias, {})) == std::vector<double>{-1, 0, 1, 2, 0, -1, -2, -3});
  CHECK(host(ops::conv2d_bias_leaky_relu<B>(image, kernel, bias, {}, 2, 0.25)) ==
        std::vector<double>{-0.5, 0, 2, 4, 0, -0.5, -1, -1.5});
}

TEST_CASE("the transposed convolution is the adjoint of the convolution") {
  const conv2d_params params{.stride_h = 2, .stride_w = 3, .pad_h = 1, .pad_w = 0};
  const auto x = ops::normal<B>(key(1), {2, 3, 6, 7}), w = ops::normal<B>(key(2), {4, 3, 3, 2});
  const auto y = ops::conv2d<B>(x, w, params);
  const auto g = ops::normal<B>(key(3), B::shape_of(y));
  const auto back = ops::conv2d_transposed<B>(g, w, params, 1, 2);
  REQUIRE(B::shape_of(back) == B::shape_of(x));
  CHECK(ops::item<B>(ops::sum<B>(ops::mul<B>(y, g))) ==
        Approx(ops::item<B>(ops::sum<B>(ops::mul<B>(x, back)))).epsilon(1e-12));
}

TEST_CASE("a doubling and a 3 x 3 convolution are one transposed convolution") {
  const auto x = ops::normal<B>(key(1), {2, 3, 4, 5}), w = ops::normal<B>(key(2), {2, 3, 3, 3}),
             b = ops::normal<B>(key(3), {2});
  const conv2d_params same{.pad_h = 1, .pad_w = 1};
  const auto enlarged = ops::conv2d_bias_leaky_relu<B>(ops::upsample_nearest<B>(x, 2), w, b, same, 0.7, 0.2);
  const auto at_once = ops::upsampled_conv2d_bias_leaky_relu<B>(x, w, b, 0.7, 0.2);
  REQUIRE(B::shape_of(at_once) == shape{2, 2, 8, 10});
  const auto expected = host(enlarged), got = host(at_once);
  for (std::size_t i = 0; i < got.size(); ++i) CHECK(got[i] == Approx(expected[i]).margin(1e-13));
  CHECK_THROWS_AS(ops::upsampled_conv2d_bias_leaky_relu<B>(x, ops::normal<B>(key(2), {2, 3, 2, 2}), b, 1, 1),
                  shape_error);
}

TEST_CASE("pixel norm gives every pixel mean square one, fused or not") {
  const auto x = ops::normal<B>(key(5), {2, 8, 3, 3});
  for (const double m : host(ops::mean<B>(ops::square<B>(ops::pixel_norm<B>(x)), {1})))
    CHECK(m == Approx(1).epsilon(1e-7));
  check_close(host(ops::pixel_norm<synthmed_test::fused_reference>(x, 0.1)), host(ops::pixel_norm<B>(x, 0.1)));
}

TEST_CASE("minibatch stddev: groups, variances, small batches") {
  // Four samples of one number.
  const auto x = make({4, 1, 1, 1}, {0, 2, 10, 16});
  const auto statistic = [&](const B::tensor& in, ops::minibatch_stddev_options o) {
    const auto y = ops::minibatch_stddev<B>(in, o);
    const auto channels = B::shape_of(in)[1];
    CHECK(B::shape_of(y) == B::shape_of(in).with(1, channels + 1));
    return host(ops::slice<B>(y, 1, channels, channels + 1));
  };
  check_close(statistic(x, {.group = 2, .unbiased = false, .consecutive = true, .epsilon = 0}), {1, 1, 3, 3});
  check_close(statistic(x, {.group = 2, .unbiased = true, .consecutive = true, .epsilon = 0}),
              {std::sqrt(2.0), std::sqrt(2.0), std::sqrt(18.0), std::sqrt(18.0)});
  // Strided groups are {0, 2} and {1, 3}: 0 and 10, 2 and 16.
  check_close(statistic(x, {.group = 2, .unbiased = false, .consecutive = false, .epsilon = 0}), {5, 7, 5, 7});
  // 4 is no multiple of 3, and 8 is more than 4: one group.
  const double whole = std::sqrt((49.0 + 25 + 9 + 81) / 4);
  check_close(statistic(x, {.group = 3, .epsilon = 0}), std::vector<double>(4, whole));
  check_close(statistic(x, {.group = 8, .epsilon = 0}), std::vector<double>(4, whole));
  CHECK(statistic(x, {.group = 1}) == std::vector<double>(4, 0.0));
  CHECK(statistic(make({1, 1, 1, 1}, {3}), {}) == std::vector<double>{0});
  // Averaged over channels and pixels, one plane per group.
  const auto two = make({2, 2, 1, 2}, {0, 0, 0, 0, 2, 4, 6, 8});
  check_close(statistic(two, {.epsilon = 0}), std::vector<double>(4, 2.5));
}

TEST_CASE("softmax and losses, also far from zero") {
  const auto x = make({2, 3}, {1, 2, 3, 1000, 0, -1000});
  const double total = std::exp(1.0) + std::exp(2.0) + std::exp(3.0);
  check_close(host(ops::softmax<B>(x)), {std::exp(1.0) / total, std::exp(2.0) / total, std::exp(3.0) / total, 1, 0, 0});
  CHECK(ops::item<B>(ops::cross_entropy<B>(x, std::vector<std::int64_t>{2, 1})) ==
        Approx((-(3 - std::log(total)) + 1000) / 2).epsilon(1e-12));
  const auto logits = make({3}, {-500, 0, 2}), target = make({3}, {0, 1, 0.25});
  CHECK(ops::item<B>(ops::binary_cross_entropy<B>(logits, target)) ==
        Approx((0 + std::log(2.0) + (std::log1p(std::exp(2.0)) - 0.5)) / 3).epsilon(1e-12));
  CHECK(ops::item<B>(ops::mean_squared_error<B>(logits, make({3}, {-499, 2, 2}))) == Approx(5.0 / 3));
}

TEST_CASE("means, maxima and global pooling") {
  const auto x = make({1, 2, 2, 2}, {1, 2, 3, 4, 10, 20, 30, 40});
  CHECK(host(ops::global_avg_pool<B>(x)) == std::vector<double>{2.5, 25});
  CHECK(host(ops::max<B>(x, {2, 3})) == std::vector<double>{4, 40});
  CHECK(ops::item<B>(ops::mean<B>(x)) == 13.75);
  CHECK(B::shape_of(ops::mean<B>(x)) == shape{});
}

TEST_CASE("random tensors are functions of the key, on every backend and behind autodiff") {
  const auto x = ops::normal<B>(key(8), {3, 5});
  CHECK(host(x) == host(ops::normal<B>(key(8), {3, 5})));
  CHECK(host(x) != host(ops::normal<B>(key(9), {3, 5})));
  CHECK(host(x) == ops::to_host<autodiff<B>>(ops::normal<autodiff<B>>(key(8), {3, 5})));
  for (const double u : host(ops::uniform<B>(key(8), {100}, -2, 3))) CHECK((u >= -2 && u < 3));
}

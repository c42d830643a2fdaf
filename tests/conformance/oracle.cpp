// The oracle against answers worked out by hand, and against laws that hold without any oracle.
#include <functional>

#include <support/catch.hpp>

#include <synthmed/testing/conformance/engine.hpp>

using namespace synthmed;
using B = reference_backend<double>;
using tensor = B::tensor;
using values = std::vector<double>;

namespace {

tensor of(const shape& dims, const values& v) { return B::from_host(dims, v); }
values host(const tensor& x) { return conformance::download<B>(x); }
tensor noise(const shape& dims, int stream = 0) { return conformance::upload<B>(conformance::noise(dims, stream)); }
double dot(const tensor& x, const tensor& y) { return host(B::sum(B::mul(x, y), axes::all(B::shape_of(x)))).at(0); }

constexpr double infinite = std::numeric_limits<double>::infinity();
const double undefined = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("elementwise by hand") {
  const auto x = of({4}, {1, -2, 0, 4}), y = of({4}, {2, 4, -1, 8});
  CHECK(host(B::add(x, y)) == values{3, 2, -1, 12});
  CHECK(host(B::sub(x, y)) == values{-1, -6, 1, -4});
  CHECK(host(B::mul(x, y)) == values{2, -8, 0, 32});
  CHECK(host(B::div(x, y)) == values{0.5, -0.5, 0, 0.5});
  CHECK(host(B::add_scalar(x, 0.5)) == values{1.5, -1.5, 0.5, 4.5});
  CHECK(host(B::mul_scalar(x, -2)) == values{-2, 4, 0, -8});
  CHECK(host(B::abs(x)) == values{1, 2, 0, 4});
  CHECK(host(B::sign(x)) == values{1, -1, 0, 1});
  CHECK(host(B::leaky_mask(x, 0.2)) == values{1, 0.2, 0.2, 1});
  CHECK(host(B::greater(x, y)) == values{0, 0, 1, 0});
  CHECK(host(B::select(x, y, of({4}, {undefined, undefined, 7, undefined}))) == values{2, 4, 7, 8});
  CHECK(std::isnan(host(B::sign(of({1}, {undefined})))[0]));
}

TEST_CASE("transcendental functions at known points") {
  CHECK(host(B::exp(of({2}, {0, 1})))[1] == Approx(2.718281828459045).epsilon(1e-15));
  CHECK(host(B::log(of({1}, {10})))[0] == Approx(2.302585092994046).epsilon(1e-15));
  CHECK(host(B::sqrt(of({1}, {2})))[0] == Approx(1.4142135623730951).epsilon(1e-15));
  CHECK(host(B::tanh(of({1}, {0.5})))[0] == Approx(0.46211715726000975).epsilon(1e-15));
  const auto s = host(B::sigmoid(of({5}, {0, 2, -2, 800, -800})));
  CHECK(s[0] == 0.5);
  CHECK(s[1] == Approx(0.8807970779778823).epsilon(1e-15));
  CHECK(s[2] == Approx(0.11920292202211755).epsilon(1e-15));
  CHECK(s[3] == 1.0);
  CHECK(s[4] == 0.0);
}

TEST_CASE("reductions by hand") {
  const auto x = of({2, 3}, {1, 2, 3, 4, 5, 6});
  CHECK(host(B::sum(x, {0})) == values{5, 7, 9});
  CHECK(host(B::sum(x, {1})) == values{6, 15});
  CHECK(host(B::sum(x, {0, 1})) == values{21});
  CHECK(B::shape_of(B::sum(x, {0, 1})) == shape{1, 1});
  CHECK(host(B::max(x, {0})) == values{4, 5, 6});
  CHECK(host(B::max(B::mul_scalar(x, -1), {1})) == values{-1, -4});
  CHECK(std::isnan(host(B::max(of({3}, {1, undefined, 2}), {0}))[0]));
  CHECK(host(B::broadcast_to(of({2, 1}, {1, 2}), {2, 3})) == values{1, 1, 1, 2, 2, 2});
  CHECK(host(B::broadcast_to(of({1, 2}, {1, 2}), {3, 2})) == values{1, 2, 1, 2, 1, 2});
  CHECK(B::count_nonfinite(of({4}, {infinite, 1, undefined, -infinite})) == 3);
}

TEST_CASE("layout by hand") {
  const auto x = of({2, 3}, {1, 2, 3, 4, 5, 6});
  CHECK(host(B::permute(x, std::vector<int>{1, 0})) == values{1, 4, 2, 5, 3, 6});
  CHECK(B::shape_of(B::permute(noise({2, 3, 5}), std::vector<int>{2, 0, 1})) == shape{5, 2, 3});
  CHECK(host(B::slice(x, 1, 1, 3)) == values{2, 3, 5, 6});
  CHECK(host(B::pad(x, 1, 1, 0)) == values{0, 1, 2, 3, 0, 4, 5, 6});
  CHECK(host(B::pad(x, 0, 0, 1)) == values{1, 2, 3, 4, 5, 6, 0, 0, 0});
  CHECK(host(B::concat(std::vector<tensor>{x, of({2, 1}, {7, 8})}, 1)) == values{1, 2, 3, 7, 4, 5, 6, 8});
  CHECK(host(B::flip(x, 0)) == values{4, 5, 6, 1, 2, 3});
  CHECK(host(B::flip(x, 1)) == values{3, 2, 1, 6, 5, 4});
  CHECK(host(B::gather(x, 1, std::vector<std::int64_t>{2, -1, 0, 2})) == values{3, 0, 1, 3, 6, 0, 4, 6});
  CHECK(host(B::scatter_add(x, 1, std::vector<std::int64_t>{1, -1, 1}, 3)) == values{0, 4, 0, 0, 10, 0});
}

TEST_CASE("matrix products by hand") {
  const auto x = of({2, 3}, {1, 2, 3, 4, 5, 6}), y = of({3, 2}, {1, 0, 0, 1, 1, 1});
  CHECK(host(B::matmul(x, y, false, false)) == values{4, 5, 10, 11});
  CHECK(host(B::matmul(x, x, false, true)) == values{14, 32, 32, 77});
  CHECK(host(B::matmul(y, y, true, false)) == values{2, 1, 1, 2});
  CHECK(host(B::matmul(y, x, true, true)) == values{4, 10, 5, 11});
}

TEST_CASE("convolutions by hand") {
  const auto x = of({1, 1, 3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  const auto corner = of({1, 1, 2, 2}, {1, 2, 3, 4});  // not symmetric: a flipped kernel would show
  CHECK(host(B::conv2d(x, corner, {})) == values{37, 47, 67, 77});
  CHECK(host(B::conv2d(x, corner, {.stride_h = 2, .stride_w = 2, .pad_h = 1, .pad_w = 1})) == values{4, 18, 36, 77});
  const auto mixed = of({1, 2, 1, 2}, {1, 2, 10, 20});
  CHECK(host(B::conv2d(mixed, of({3, 2, 1, 1}, {1, 0, 0, 1, 2, 1}), {})) == values{1, 2, 10, 20, 12, 24});
  CHECK(host(B::conv2d_input_grad(of({1, 1, 1, 1}, {5}), corner, {}, {1, 1, 2, 2})) == values{5, 10, 15, 20});
  CHECK(host(B::conv2d_input_grad(of({1, 1, 1, 2}, {1, 10}), of({1, 1, 1, 2}, {1, 2}), {}, {1, 1, 1, 3})) ==
        values{1, 12, 20});
  CHECK(host(B::conv2d_weight_grad(x, of({1, 1, 2, 2}, {1, 0, 0, 1}), {}, {1, 1, 2, 2})) == values{6, 8, 12, 14});
}

TEST_CASE("resampling by hand") {
  const auto x = of({1, 1, 2, 4}, {1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(host(B::avg_pool(x, {})) == values{3.5, 5.5});
  // Padding counts: the corner window holds one pixel and three zeros.
  CHECK(host(B::avg_pool(of({1, 1, 1, 1}, {8}), {.pad_h = 1, .pad_w = 1})) == values{2});
  CHECK(host(B::avg_unpool(of({1, 1, 1, 2}, {4, 8}), {}, {1, 1, 2, 4})) == values{1, 1, 2, 2, 1, 1, 2, 2});
  CHECK(host(B::upsample_nearest(of({1, 1, 1, 2}, {1, 2}), 2)) == values{1, 1, 2, 2, 1, 1, 2, 2});
  CHECK(host(B::sum_pool(x, 2)) == values{14, 22});
  CHECK(host(B::max_pool(x, {})) == values{6, 8});
  CHECK(host(B::max_pool(of({1, 1, 1, 1}, {-3}), {.pad_h = 1, .pad_w = 1})) == values{-3});
  const auto ties = of({1, 1, 2, 2}, {5, 5, 5, 5}), places = of({1, 1, 2, 2}, {0, 1, 2, 3});
  CHECK(host(B::max_pool_gather(places, ties, {})) == values{0});
  CHECK(host(B::max_pool_scatter(of({1, 1, 1, 1}, {9}), ties, {})) == values{9, 0, 0, 0});
  // Overlapping windows share a maximum, which then gets both gradients.
  const auto peak = of({1, 1, 1, 3}, {0, 7, 0});
  CHECK(host(B::max_pool_scatter(of({1, 1, 1, 2}, {1, 2}), peak, {1, 2, 1, 1, 0, 0})) == values{0, 3, 0});
}

TEST_CASE("updates by hand") {
  auto p = of({1}, {1}), m = of({1}, {0.5}), v = of({1}, {4});
  // m = 0.5 0.5 + 0.5 1 = 0.75; v = 0.75 4 + 0.25 1 = 3.25
  B::adam(p, m, v, of({1}, {1}), {0.1, 0.5, 0.75, 0.0, 0.75, 0.8125});
  CHECK(host(m) == values{0.75});
  CHECK(host(v) == values{3.25});
  CHECK(host(p)[0] == Approx(1 - 0.1 * 1 / 2).epsilon(1e-15));
  auto average = of({2}, {1, 2});
  const auto kept = average;
  B::ema(average, of({2}, {5, 10}), 0.75);
  CHECK(host(average) == values{2, 4});
  CHECK(host(kept) == values{1, 2});
}

TEST_CASE("every adjoint pair satisfies <A x, y> = <x, A' y>") {
  const shape dims{2, 6, 7, 9};
  const auto x = noise(dims, 0);
  const auto adjoint = [&](const tensor& forward, const std::function<tensor(const tensor&)>& back) {
    const auto y = noise(B::shape_of(forward), 1);
    const auto returned = back(y);
    CHECK(B::shape_of(returned) == dims);
    CHECK(dot(forward, y) == Approx(dot(x, returned)).epsilon(1e-12).margin(1e-12));
  };
  adjoint(B::sum(x, {0, 3}), [&](const tensor& y) { return B::broadcast_to(y, dims); });
  adjoint(B::slice(x, 2, 1, 5), [&](const tensor& y) { return B::pad(y, 2, 1, 2); });
  adjoint(B::flip(x, 1), [&](const tensor& y) { return B::flip(y, 1); });
  const std::vector<std::int64_t> index = {4, -1, 0, 4, 8};
  adjoint(B::gather(x, 3, index), [&](const tensor& y) { return B::scatter_add(y, 3, index, 9); });
  adjoint(B::permute(x, std::vector<int>{3, 0, 1, 2}), [&](const tensor& y) {
    return B::permute(y, std::vector<int>{1, 2, 3, 0});
  });
  adjoint(B::upsample_nearest(x, 3), [&](const tensor& y) { return B::sum_pool(y, 3); });

  const pool2d_params pool{.kernel_h = 3, .kernel_w = 2, .stride_h = 2, .stride_w = 1, .pad_h = 1, .pad_w = 1};
  adjoint(B::avg_pool(x, pool), [&](const tensor& y) { return B::avg_unpool(y, pool, dims); });
  const auto other = noise(dims, 2);
  adjoint(B::max_pool_gather(x, other, pool), [&](const tensor& y) { return B::max_pool_scatter(y, other, pool); });

  for (const conv2d_params& params : {conv2d_params{}, conv2d_params{1, 1, 1, 1}, conv2d_params{2, 3, 1, 2}}) {
    const shape kernel{4, 6, 3, 5};
    const auto w = noise(kernel, 3);
    const auto forward = B::conv2d(x, w, params);
    adjoint(forward, [&](const tensor& y) { return B::conv2d_input_grad(y, w, params, dims); });
    const auto y = noise(B::shape_of(forward), 1);
    CHECK(dot(forward, y) == Approx(dot(w, B::conv2d_weight_grad(x, y, params, kernel))).epsilon(1e-12));
  }
}

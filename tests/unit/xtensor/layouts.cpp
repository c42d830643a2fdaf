// Blocked and dense tensors give the same results; layouts are kept where they can be; reorders are counted.
#include <synthmed/backends/xtensor.hpp>

#include <vector>

#include <synthmed/random/distributions.hpp>
#include <synthmed/random/key.hpp>

#include <support/catch.hpp>

using namespace synthmed;
using B = xtensor_backend<float>;
using xtensor::layout;
using tensor = B::tensor;

namespace {

tensor noise(const shape& dims, int stream = 0) {
  std::vector<float> values(static_cast<std::size_t>(dims.elements()));
  fill_normal(key(5).fold(stream), std::span(values));
  return B::from_host(dims, values);
}

tensor blocked(const tensor& x) { return B::to_layout(x, layout::blocked); }

std::vector<float> values(const tensor& x) {
  std::vector<float> out(static_cast<std::size_t>(x.elements()));
  B::to_host(x, out);
  return out;
}

double distance(const tensor& a, const tensor& b) {
  REQUIRE(a.dims() == b.dims());
  const auto left = values(a), right = values(b);
  double apart = 0, size = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    apart += (double(left[i]) - double(right[i])) * (double(left[i]) - double(right[i]));
    size += double(right[i]) * double(right[i]);
  }
  return apart == 0 ? 0 : std::sqrt(apart / size);
}

// f of blocked tensors equals f of dense ones; the result lies as it should.
template <class F>
void agree(const char* what, layout expected, F f, const shape& dims = {2, 32, 6, 10}) {
  INFO(what);
  const tensor x = noise(dims, 0), y = noise(dims, 1);
  const tensor wanted = f(x, y), got = f(blocked(x), blocked(y));
  CHECK(distance(got, wanted) < 2e-7);
  CHECK(B::layout_of(got) == expected);
}

}  // namespace

TEST_CASE("a tensor goes to blocks and back") {
  for (const shape& dims : {shape{2, 16, 1, 1}, shape{1, 48, 5, 7}, shape{3, 32, 16, 16}, shape{2, 16, 33, 31}}) {
    const tensor x = noise(dims), y = blocked(x);
    CHECK(B::layout_of(y) == layout::blocked);
    CHECK(values(y) == values(x));
    CHECK(values(B::to_layout(y, layout::dense)) == values(x));
    // Element [n, c, h, w] lies at [n][c / 16][h][w][c % 16].
    const auto c = dims[1] - 1, h = dims[2] - 1;
    const auto place = ((c / 16 * dims[2] + h) * dims[3]) * 16 + c % 16;
    CHECK(y.data()[place] == values(x)[static_cast<std::size_t>((c * dims[2] + h) * dims[3])]);
  }
}

TEST_CASE("nothing is ever padded: shapes without whole blocks of channels stay dense") {
  for (const shape& dims :
       {shape{2, 1, 4, 4}, shape{2, 24, 4, 4}, shape{1, 513, 4, 4}, shape{16, 16}, shape{2, 16, 3, 4, 5}})
    CHECK(B::layout_of(blocked(noise(dims))) == layout::dense);
}

TEST_CASE("elementwise results agree and stay blocked") {
  agree("add", layout::blocked, [](const tensor& x, const tensor& y) { return B::add(x, y); });
  agree("div", layout::blocked, [](const tensor& x, const tensor& y) { return B::div(x, y); });
  agree("exp", layout::blocked, [](const tensor& x, const tensor&) { return B::exp(x); });
  agree("select", layout::blocked, [](const tensor& x, const tensor& y) { return B::select(B::greater(x, y), x, y); });
  agree("leaky_relu", layout::blocked, [](const tensor& x, const tensor&) { return B::leaky_relu(x, 0.2f); });
  agree("leaky_relu_gradient", layout::blocked,
        [](const tensor& x, const tensor& y) { return B::leaky_relu_gradient(x, y, 0.5f, 0.2f); });
  agree("pixel_norm", layout::blocked, [](const tensor& x, const tensor&) { return B::pixel_norm(x, 1e-8f); });
  agree("bias_leaky_relu", layout::blocked,
        [](const tensor& x, const tensor&) { return B::bias_leaky_relu(x, noise({32}, 2), 0.5f, 0.2f); });
}

TEST_CASE("a result takes the first operand's layout") {
  const tensor x = noise({2, 16, 4, 4}), y = noise({2, 16, 4, 4}, 1);
  CHECK(B::layout_of(B::add(x, blocked(y))) == layout::dense);
  CHECK(B::layout_of(B::add(blocked(x), y)) == layout::blocked);
  CHECK(values(B::sub(blocked(x), y)) == values(B::sub(x, y)));
  CHECK(values(B::sub(x, blocked(y))) == values(B::sub(x, y)));
  // A constant has both layouts at once.
  B::reset_reorders();
  CHECK(B::layout_of(B::mul(B::full({2, 16, 4, 4}, 2), blocked(y))) == layout::blocked);
  CHECK(B::layout_of(B::mul(B::full({2, 16, 4, 4}, 2), y)) == layout::dense);
  CHECK(B::reorders().activations == 1);  // blocked(y)
}

TEST_CASE("reductions and broadcasts agree over every set of axes") {
  const std::vector<axes> every = {{},  {0},    {1},    {0, 1},    {2},    {0, 2},    {1, 2},    {0, 1, 2},
                                   {3}, {0, 3}, {1, 3}, {0, 1, 3}, {2, 3}, {0, 2, 3}, {1, 2, 3}, {0, 1, 2, 3}};
  for (const axes& over : every) {
    const layout kept = over.contains(1) ? layout::dense : layout::blocked;
    for (const shape& dims : {shape{2, 32, 6, 10}, shape{3, 16, 40, 33}, shape{1, 48, 1, 5}}) {
      agree(
          "max", kept, [&](const tensor& x, const tensor&) { return B::max(x, over); }, dims);
      const tensor x = B::abs(noise(dims));
      CHECK(distance(B::sum(blocked(x), over), B::sum(x, over)) < 1e-6);
      const tensor small = noise(reduced(dims, over), 3);
      CHECK(values(B::broadcast_to(blocked(small), dims)) == values(B::broadcast_to(small, dims)));
    }
  }
}

TEST_CASE("moves agree, and stay blocked when every cut lies between blocks") {
  agree("slice n", layout::blocked, [](const tensor& x, const tensor&) { return B::slice(x, 0, 1, 2); });
  agree("slice c at blocks", layout::blocked, [](const tensor& x, const tensor&) { return B::slice(x, 1, 16, 32); });
  agree("slice c", layout::dense, [](const tensor& x, const tensor&) { return B::slice(x, 1, 0, 3); });
  agree("slice h", layout::blocked, [](const tensor& x, const tensor&) { return B::slice(x, 2, 1, 4); });
  agree("slice w", layout::blocked, [](const tensor& x, const tensor&) { return B::slice(x, 3, 2, 9); });
  agree("pad c by blocks", layout::blocked, [](const tensor& x, const tensor&) { return B::pad(x, 1, 16, 32); });
  agree("pad c", layout::dense, [](const tensor& x, const tensor&) { return B::pad(x, 1, 0, 1); });
  agree("pad w", layout::blocked, [](const tensor& x, const tensor&) { return B::pad(x, 3, 1, 2); });
  agree("concat c", layout::blocked, [](const tensor& x, const tensor& y) {
    return B::concat(std::vector<tensor>{x, y}, 1);
  });
  agree("concat n", layout::blocked, [](const tensor& x, const tensor& y) {
    return B::concat(std::vector<tensor>{x, y}, 0);
  });
  agree("concat one channel more", layout::dense, [](const tensor& x, const tensor&) {
    return B::concat(std::vector<tensor>{x, noise({2, 1, 6, 10})}, 1);
  });
  agree("flip w", layout::blocked, [](const tensor& x, const tensor&) { return B::flip(x, 3); });
  agree("flip c", layout::dense, [](const tensor& x, const tensor&) { return B::flip(x, 1); });
  agree("gather n", layout::blocked, [](const tensor& x, const tensor&) {
    return B::gather(x, 0, std::vector<std::int64_t>{1, -1, 0});
  });
  agree("scatter_add h", layout::blocked, [](const tensor& x, const tensor&) {
    return B::scatter_add(x, 2, std::vector<std::int64_t>{0, 2, 2, -1, 1, 0}, 3);
  });
  agree("permute", layout::dense, [](const tensor& x, const tensor&) {
    return B::permute(x, std::vector<int>{2, 0, 3, 1});
  });
  agree("reshape", layout::dense, [](const tensor& x, const tensor&) { return B::reshape(x, {2, 1920}); });
}

TEST_CASE("channels cut out of a dense tensor are blocked where they can be") {
  const tensor x = noise({2, 33, 4, 4});
  CHECK(B::layout_of(B::slice(x, 1, 0, 32)) == B::conv_layout());
  CHECK(B::layout_of(B::slice(x, 1, 0, 33 - 2)) == layout::dense);
  CHECK(values(B::slice(x, 1, 1, 33)) == values(B::to_layout(B::slice(x, 1, 1, 33), layout::dense)));
}

TEST_CASE("pooling agrees and stays blocked") {
  const pool2d_params overlapping{3, 3, 2, 2, 1, 1}, plain{};
  for (const auto& pool : {plain, overlapping}) {
    agree("avg_pool", layout::blocked, [&](const tensor& x, const tensor&) { return B::avg_pool(x, pool); });
    agree("max_pool", layout::blocked, [&](const tensor& x, const tensor&) { return B::max_pool(x, pool); });
    agree("max_pool_gather", layout::blocked,
          [&](const tensor& x, const tensor& y) { return B::max_pool_gather(x, y, pool); });
    agree("avg_unpool", layout::blocked,
          [&](const tensor& x, const tensor&) { return B::avg_unpool(B::avg_pool(x, pool), pool, x.dims()); });
    agree("max_pool_scatter", layout::blocked,
          [&](const tensor& x, const tensor& y) { return B::max_pool_scatter(B::max_pool(x, pool), y, pool); });
  }
  agree("upsample_nearest", layout::blocked, [](const tensor& x, const tensor&) { return B::upsample_nearest(x, 2); });
  agree("sum_pool", layout::blocked, [](const tensor& x, const tensor&) { return B::sum_pool(x, 2); });
}

TEST_CASE("convolutions take either layout and give the same bytes") {
  const conv2d_params same{1, 1, 1, 1};
  const tensor x = noise({2, 32, 12, 12}), w = noise({16, 32, 3, 3}, 1);
  CHECK(values(B::conv2d(blocked(x), w, same)) == values(B::conv2d(x, w, same)));
  const tensor g = noise({2, 16, 12, 12}, 2);
  CHECK(values(B::conv2d_input_grad(blocked(g), w, same, x.dims())) ==
        values(B::conv2d_input_grad(g, w, same, x.dims())));
  CHECK(values(B::conv2d_weight_grad(blocked(x), g, same, w.dims())) ==
        values(B::conv2d_weight_grad(x, blocked(g), same, w.dims())));
}

TEST_CASE("the update family keeps the parameter's layout") {
  tensor p = noise({16, 16, 3, 3}), m = B::full(p.dims(), 0), v = m;
  tensor q = blocked(p), n = blocked(m), u = blocked(v);
  const tensor g = noise(p.dims(), 1);
  const adam_step<float> step{1e-3f, 0.5f, 0.99f, 1e-8f, 0.5f, 0.01f};
  B::adam(p, m, v, g, step);
  B::adam(q, n, u, g, step);
  CHECK(values(p) == values(q));
  CHECK(B::layout_of(q) == layout::blocked);
  CHECK(values(u) == values(v));
}

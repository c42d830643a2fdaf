// Every primitive and composite that has a derivative, with inputs: what gradients are checked on.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include <synthmed/ops/ops.hpp>
#include <synthmed/random/distributions.hpp>
#include <synthmed/testing/gradcheck.hpp>

namespace synthmed::testing {

/// Standard normal values.
[[nodiscard]] inline host_tensor normal_input(std::string_view name, const shape& dims) {
  host_tensor x{dims, std::vector<double>(static_cast<std::size_t>(dims.elements()))};
  fill_normal(key(29).fold(name), std::span(x.values));
  return x;
}
/// Values in [0.5, 2.5): for logarithms, roots and divisors.
[[nodiscard]] inline host_tensor positive_input(std::string_view name, const shape& dims) {
  host_tensor x{dims, std::vector<double>(static_cast<std::size_t>(dims.elements()))};
  fill_uniform(key(31).fold(name), std::span(x.values), 0.5, 2.5);
  return x;
}
/// Values of either sign at least 0.1 away from zero and from each other's absolute value: for kinks and maxima.
[[nodiscard]] inline host_tensor spread_input(std::string_view name, const shape& dims) {
  host_tensor x{dims, std::vector<double>(static_cast<std::size_t>(dims.elements()))};
  const auto order = permutation(key(37).fold(name), x.values.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    x.values[i] = (0.1 + 0.1 * static_cast<double>(order[i])) * (order[i] % 2 == 0 ? 1 : -1);
  return x;
}

namespace detail {
inline constexpr conv2d_params same{.stride_h = 1, .stride_w = 1, .pad_h = 1, .pad_w = 1};
inline constexpr conv2d_params strided{.stride_h = 2, .stride_w = 1, .pad_h = 0, .pad_w = 2};
inline constexpr pool2d_params overlapping{
    .kernel_h = 3, .kernel_w = 2, .stride_h = 2, .stride_w = 1, .pad_h = 1, .pad_w = 0};
}  // namespace detail

/// Calls visit(name, inputs, f) for every case; f(std::type_identity<D>{}, tensors) computes it on any backend D.
/// Shapes are not symmetric; strides and paddings differ by axis.
template <class Visit>
void for_each_differentiation_case(Visit&& visit) {
  using detail::overlapping, detail::same, detail::strided;
  // One line per case: `x` are the tensors, `Diff` the backend.
#define SYNTHMED_CASE(name, inputs, expression)                                           \
  visit(std::string(name), std::vector<host_tensor> inputs, [](auto tag, const auto& x) { \
    using Diff = typename decltype(tag)::type;                                            \
    return expression;                                                                    \
  })
#define SYNTHMED_LIST(...) \
  { __VA_ARGS__ }
  const auto n = [](const char* name, const shape& dims) { return normal_input(name, dims); };
  const auto p = [](const char* name, const shape& dims) { return positive_input(name, dims); };
  const auto s = [](const char* name, const shape& dims) { return spread_input(name, dims); };

  // elementwise
  SYNTHMED_CASE("add", SYNTHMED_LIST(n("a", {2, 3}), n("b", {2, 3})), Diff::add(x[0], x[1]));
  SYNTHMED_CASE("add, broadcast", SYNTHMED_LIST(n("a", {4, 1, 3}), n("b", {2, 1})), ops::add<Diff>(x[0], x[1]));
  SYNTHMED_CASE("sub", SYNTHMED_LIST(n("a", {2, 3}), n("b", {2, 3})), Diff::sub(x[0], x[1]));
  SYNTHMED_CASE("mul", SYNTHMED_LIST(n("a", {2, 3}), n("b", {2, 3})), Diff::mul(x[0], x[1]));
  SYNTHMED_CASE("mul, same operand", SYNTHMED_LIST(n("a", {2, 3})), Diff::mul(x[0], Diff::mul(x[0], x[0])));
  SYNTHMED_CASE("div", SYNTHMED_LIST(n("a", {2, 3}), p("b", {2, 3})), Diff::div(x[0], x[1]));
  SYNTHMED_CASE("add_scalar", SYNTHMED_LIST(n("a", {5})), Diff::mul(x[0], Diff::add_scalar(x[0], 3)));
  SYNTHMED_CASE("mul_scalar", SYNTHMED_LIST(n("a", {5})), Diff::mul(x[0], Diff::mul_scalar(x[0], -2)));
  SYNTHMED_CASE("exp", SYNTHMED_LIST(n("a", {2, 3})), Diff::exp(x[0]));
  SYNTHMED_CASE("log", SYNTHMED_LIST(p("a", {2, 3})), Diff::log(x[0]));
  SYNTHMED_CASE("sqrt", SYNTHMED_LIST(p("a", {2, 3})), Diff::sqrt(x[0]));
  SYNTHMED_CASE("tanh", SYNTHMED_LIST(n("a", {2, 3})), Diff::tanh(x[0]));
  SYNTHMED_CASE("sigmoid", SYNTHMED_LIST(n("a", {2, 3})), Diff::sigmoid(x[0]));
  SYNTHMED_CASE("abs", SYNTHMED_LIST(s("a", {2, 3})), Diff::mul(x[0], Diff::abs(x[0])));
  SYNTHMED_CASE("sign", SYNTHMED_LIST(s("a", {2, 3})), Diff::mul(x[0], Diff::sign(x[0])));
  SYNTHMED_CASE("leaky_mask", SYNTHMED_LIST(s("a", {2, 3})), Diff::mul(x[0], Diff::leaky_mask(x[0], 0.25)));
  SYNTHMED_CASE("greater", SYNTHMED_LIST(s("a", {2, 3}), n("b", {2, 3})),
                Diff::mul(x[1], Diff::greater(x[0], ops::zeros<Diff>({2, 3}))));
  SYNTHMED_CASE("select", SYNTHMED_LIST(s("a", {2, 3}), n("b", {2, 3}), n("c", {2, 3})),
                Diff::select(Diff::leaky_mask(x[0], 0), Diff::mul(x[0], x[1]), Diff::exp(x[2])));
  SYNTHMED_CASE("maximum", SYNTHMED_LIST(n("a", {2, 3}), n("b", {3})),
                ops::square<Diff>(ops::maximum<Diff>(x[0], x[1])));
  SYNTHMED_CASE("minimum", SYNTHMED_LIST(n("a", {2, 3}), n("b", {3})),
                ops::square<Diff>(ops::minimum<Diff>(x[0], x[1])));
  SYNTHMED_CASE("clamp", SYNTHMED_LIST(s("a", {2, 5})), ops::square<Diff>(ops::clamp<Diff>(x[0], -0.45, 0.55)));
  SYNTHMED_CASE("rsqrt", SYNTHMED_LIST(p("a", {2, 3})), ops::rsqrt<Diff>(x[0]));
  // reduce
  SYNTHMED_CASE("sum", SYNTHMED_LIST(n("a", {2, 3, 4})), ops::square<Diff>(Diff::sum(x[0], axes{0, 2})));
  SYNTHMED_CASE("mean", SYNTHMED_LIST(n("a", {2, 3, 4})), ops::square<Diff>(ops::mean<Diff>(x[0], {1})));
  SYNTHMED_CASE("max", SYNTHMED_LIST(s("a", {2, 3, 4})), ops::square<Diff>(Diff::max(x[0], axes{0, 2})));
  SYNTHMED_CASE("broadcast_to", SYNTHMED_LIST(n("a", {2, 1, 3})),
                ops::square<Diff>(Diff::broadcast_to(x[0], {2, 4, 3})));
  // layout
  SYNTHMED_CASE("reshape", SYNTHMED_LIST(n("a", {2, 3, 4})), ops::square<Diff>(Diff::reshape(x[0], {6, 4})));
  SYNTHMED_CASE("permute", SYNTHMED_LIST(n("a", {2, 3, 4, 5})),
                ops::square<Diff>(ops::permute<Diff>(x[0], {2, 0, 3, 1})));
  SYNTHMED_CASE("slice", SYNTHMED_LIST(n("a", {2, 5, 3})), ops::square<Diff>(Diff::slice(x[0], 1, 1, 4)));
  SYNTHMED_CASE("pad", SYNTHMED_LIST(n("a", {2, 3, 2})), ops::square<Diff>(Diff::pad(x[0], 1, 2, 1)));
  SYNTHMED_CASE("concat", SYNTHMED_LIST(n("a", {2, 3, 2}), n("b", {2, 1, 2}), n("c", {2, 2, 2})),
                ops::square<Diff>(ops::concat<Diff>({x[0], x[1], x[2]}, 1)));
  SYNTHMED_CASE("flip", SYNTHMED_LIST(n("a", {2, 3, 4})), ops::square<Diff>(Diff::flip(x[0], 2)));
  SYNTHMED_CASE("gather", SYNTHMED_LIST(n("a", {2, 4, 3})),
                ops::square<Diff>(ops::gather<Diff>(x[0], 1, {3, 0, -1, 3, 1})));
  SYNTHMED_CASE("scatter_add", SYNTHMED_LIST(n("a", {2, 4, 3})),
                ops::square<Diff>(Diff::scatter_add(x[0], 1, std::array<std::int64_t, 4>{4, 0, 4, 2}, 6)));
  // linear
  SYNTHMED_CASE("matmul", SYNTHMED_LIST(n("a", {3, 4}), n("b", {4, 2})), Diff::matmul(x[0], x[1], false, false));
  SYNTHMED_CASE("matmul, x transposed", SYNTHMED_LIST(n("a", {4, 3}), n("b", {4, 2})),
                Diff::matmul(x[0], x[1], true, false));
  SYNTHMED_CASE("matmul, y transposed", SYNTHMED_LIST(n("a", {3, 4}), n("b", {2, 4})),
                Diff::matmul(x[0], x[1], false, true));
  SYNTHMED_CASE("matmul, both transposed", SYNTHMED_LIST(n("a", {4, 3}), n("b", {2, 4})),
                Diff::matmul(x[0], x[1], true, true));
  SYNTHMED_CASE("linear", SYNTHMED_LIST(n("a", {3, 4}), n("b", {2, 4}), n("c", {2})),
                ops::linear<Diff>(x[0], x[1], x[2], 0.7));
  // convolution
  SYNTHMED_CASE("conv2d", SYNTHMED_LIST(n("a", {2, 3, 5, 4}), n("b", {2, 3, 3, 2})), Diff::conv2d(x[0], x[1], same));
  SYNTHMED_CASE("conv2d, strided", SYNTHMED_LIST(n("a", {2, 2, 6, 3}), n("b", {3, 2, 3, 4})),
                Diff::conv2d(x[0], x[1], strided));
  SYNTHMED_CASE("conv2d_input_grad", SYNTHMED_LIST(n("a", {2, 3, 2, 4}), n("b", {3, 2, 3, 4})),
                Diff::conv2d_input_grad(x[0], x[1], strided, shape{2, 2, 6, 3}));
  SYNTHMED_CASE("conv2d_weight_grad", SYNTHMED_LIST(n("a", {2, 2, 6, 3}), n("b", {2, 3, 2, 4})),
                Diff::conv2d_weight_grad(x[0], x[1], strided, shape{3, 2, 3, 4}));
  SYNTHMED_CASE("conv2d_transposed", SYNTHMED_LIST(n("a", {1, 2, 3, 2}), n("b", {2, 3, 2, 3})),
                ops::conv2d_transposed<Diff>(
                    x[0], x[1], conv2d_params{.stride_h = 2, .stride_w = 2, .pad_h = 0, .pad_w = 1}, 1, 0));
  SYNTHMED_CASE("conv2d_bias_leaky_relu", SYNTHMED_LIST(n("a", {2, 2, 4, 3}), n("b", {3, 2, 3, 3}), n("c", {3})),
                ops::conv2d_bias_leaky_relu<Diff>(x[0], x[1], x[2], same, 0.6, 0.2));
  SYNTHMED_CASE("upsampled_conv2d_bias_leaky_relu",
                SYNTHMED_LIST(n("a", {2, 2, 2, 3}), n("b", {3, 2, 3, 3}), n("c", {3})),
                ops::upsampled_conv2d_bias_leaky_relu<Diff>(x[0], x[1], x[2], 0.6, 0.2));
  SYNTHMED_CASE("conv2d with bias", SYNTHMED_LIST(n("a", {2, 2, 4, 3}), n("b", {3, 2, 3, 3}), n("c", {3})),
                ops::conv2d<Diff>(x[0], x[1], x[2], same));
  // resample
  SYNTHMED_CASE("avg_pool", SYNTHMED_LIST(n("a", {2, 2, 5, 4})), ops::square<Diff>(Diff::avg_pool(x[0], overlapping)));
  SYNTHMED_CASE("avg_unpool", SYNTHMED_LIST(n("a", {2, 2, 3, 3})),
                ops::square<Diff>(Diff::avg_unpool(x[0], overlapping, shape{2, 2, 5, 4})));
  SYNTHMED_CASE("upsample_nearest", SYNTHMED_LIST(n("a", {1, 2, 2, 3})),
                ops::square<Diff>(Diff::upsample_nearest(x[0], 3)));
  SYNTHMED_CASE("sum_pool", SYNTHMED_LIST(n("a", {1, 2, 4, 6})), ops::square<Diff>(Diff::sum_pool(x[0], 2)));
  SYNTHMED_CASE("max_pool", SYNTHMED_LIST(s("a", {2, 2, 5, 4})), ops::square<Diff>(Diff::max_pool(x[0], overlapping)));
  SYNTHMED_CASE("max_pool_gather", SYNTHMED_LIST(n("a", {2, 2, 5, 4}), s("b", {2, 2, 5, 4})),
                ops::square<Diff>(Diff::max_pool_gather(x[0], x[1], overlapping)));
  SYNTHMED_CASE("max_pool_scatter", SYNTHMED_LIST(n("a", {2, 2, 3, 3}), s("b", {2, 2, 5, 4})),
                ops::square<Diff>(Diff::max_pool_scatter(x[0], x[1], overlapping)));
  SYNTHMED_CASE("global_avg_pool", SYNTHMED_LIST(n("a", {2, 2, 3, 2})),
                ops::square<Diff>(ops::global_avg_pool<Diff>(x[0])));
  // activations, normalisations, losses
  SYNTHMED_CASE("leaky_relu", SYNTHMED_LIST(s("a", {2, 3})), ops::square<Diff>(ops::leaky_relu<Diff>(x[0], 0.2)));
  SYNTHMED_CASE("relu", SYNTHMED_LIST(s("a", {2, 3})), ops::square<Diff>(ops::relu<Diff>(x[0])));
  SYNTHMED_CASE("softplus", SYNTHMED_LIST(s("a", {2, 3})), ops::softplus<Diff>(x[0]));
  SYNTHMED_CASE("bias_leaky_relu", SYNTHMED_LIST(n("a", {2, 3, 2, 2}), n("b", {3})),
                ops::square<Diff>(ops::bias_leaky_relu<Diff>(x[0], x[1], 0.5, 0.2)));
  SYNTHMED_CASE("bias_leaky_relu, linear", SYNTHMED_LIST(n("a", {4, 3}), n("b", {3})),
                ops::square<Diff>(ops::bias_leaky_relu<Diff>(x[0], x[1], 1, 1)));
  SYNTHMED_CASE("pixel_norm", SYNTHMED_LIST(n("a", {2, 4, 2, 3})), ops::pixel_norm<Diff>(x[0], 1e-2));
  SYNTHMED_CASE("minibatch_stddev, strided", SYNTHMED_LIST(n("a", {4, 2, 2, 3})),
                ops::minibatch_stddev<Diff>(x[0], {.group = 2, .unbiased = false, .consecutive = false}));
  SYNTHMED_CASE("minibatch_stddev, seed", SYNTHMED_LIST(n("a", {6, 2, 2, 1})),
                ops::minibatch_stddev<Diff>(x[0], {.group = 3, .unbiased = true, .consecutive = true}));
  SYNTHMED_CASE("batch_norm", SYNTHMED_LIST(n("a", {2, 3, 2}), n("b", {3}), n("c", {3}), n("d", {3}), p("e", {3})),
                ops::batch_norm<Diff>(x[0], x[1], x[2], x[3], x[4], 1e-5));
  SYNTHMED_CASE("batch_norm_train", SYNTHMED_LIST(n("a", {3, 2, 2, 2}), n("b", {2}), n("c", {2})),
                ops::batch_norm_train<Diff>(x[0], x[1], x[2], 1e-2).y);
  SYNTHMED_CASE("batch_norm_train, leaky", SYNTHMED_LIST(n("a", {3, 2, 2, 2}), n("b", {2}), n("c", {2})),
                ops::square<Diff>(ops::batch_norm_train<Diff>(x[0], x[1], x[2], 1e-2, 0.25).y));
  SYNTHMED_CASE("log_softmax", SYNTHMED_LIST(n("a", {3, 4})), ops::log_softmax<Diff>(x[0], 1));
  SYNTHMED_CASE("softmax", SYNTHMED_LIST(n("a", {3, 4})), ops::softmax<Diff>(x[0], 1));
  SYNTHMED_CASE("cross_entropy", SYNTHMED_LIST(n("a", {3, 4})),
                ops::cross_entropy<Diff>(x[0], std::array<std::int64_t, 3>{2, 0, 3}));
  SYNTHMED_CASE("binary_cross_entropy", SYNTHMED_LIST(s("a", {2, 3}), p("b", {2, 3})),
                ops::binary_cross_entropy<Diff>(x[0], x[1]));
  SYNTHMED_CASE("mean_squared_error", SYNTHMED_LIST(n("a", {2, 3}), n("b", {3})),
                ops::mean_squared_error<Diff>(x[0], x[1]));
#undef SYNTHMED_LIST
#undef SYNTHMED_CASE
}

}  // namespace synthmed::testing

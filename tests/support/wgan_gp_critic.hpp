// A small critic with every layer of the study's one, and its WGAN-GP loss, on any differentiable backend.
// The same named weights and pictures give the same loss, so backends and oracles can be compared.
#pragma once

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <synthmed/core/differentiable.hpp>
#include <synthmed/ops/ops.hpp>
#include <synthmed/random/distributions.hpp>
#include <synthmed/testing/gradcheck.hpp>

namespace synthmed_test {

using synthmed::shape;
using synthmed::testing::host_tensor;

/// Weights, pictures and mixing factors on the host.
struct wgan_gp_problem {
  std::vector<std::pair<std::string, host_tensor>> weights;  ///< in the order in which wgan_gp_critic() takes them
  host_tensor real, fake;                                    ///< [4, 1, 8, 8]
  host_tensor mix;                                           ///< [4, 1, 1, 1], in [0, 1)
  double lambda = 10;
  double drift = 0.001;
};

inline wgan_gp_problem make_wgan_gp_problem(synthmed::key k = synthmed::key(1337), std::int64_t width = 3) {
  wgan_gp_problem out;
  const auto normal = [&](const std::string& name, const shape& dims) {
    host_tensor x{dims, std::vector<double>(static_cast<std::size_t>(dims.elements()))};
    synthmed::fill_normal(k.fold(name), std::span(x.values));
    return x;
  };
  const auto weight = [&](const std::string& name, const shape& dims) {
    out.weights.emplace_back(name, normal(name, dims));
  };
  weight("from_grey.weight", {width, 1, 1, 1}), weight("from_grey.bias", {width});
  weight("block.0.weight", {width, width, 3, 3}), weight("block.0.bias", {width});
  weight("block.1.weight", {width + 1, width, 3, 3}), weight("block.1.bias", {width + 1});
  weight("end.conv.weight", {width + 1, width + 2, 3, 3}), weight("end.conv.bias", {width + 1});
  weight("end.hidden.weight", {5, 16 * (width + 1)}), weight("end.hidden.bias", {5});
  weight("end.score.weight", {1, 5}), weight("end.score.bias", {1});
  out.real = normal("real", {4, 1, 8, 8});
  out.fake = normal("fake", {4, 1, 8, 8});
  out.mix = {{4, 1, 1, 1}, std::vector<double>(4)};
  synthmed::fill_uniform(k.fold("mix"), std::span(out.mix.values));
  return out;
}

/// Scores [n, 1] of pictures [n, 1, 8, 8]: 1x1 convolution, two 3x3 convolutions, average pooling, minibatch stddev,
/// 3x3 convolution and two linear layers, with leaky ReLU 0.2 between; every layer's output is scaled by
/// sqrt(2 / fan-in), bias included.
template <synthmed::differentiable_backend D>
typename D::tensor wgan_gp_critic(const std::vector<typename D::tensor>& w, typename D::tensor x) {
  namespace ops = synthmed::ops;
  const auto scale = [&](std::size_t i) {
    const shape dims = D::shape_of(w[i]);
    return std::sqrt(2.0 * static_cast<double>(dims[0]) / static_cast<double>(dims.elements()));
  };
  const synthmed::conv2d_params same{.stride_h = 1, .stride_w = 1, .pad_h = 1, .pad_w = 1};
  x = ops::conv2d_bias_leaky_relu<D>(x, w[0], w[1], {}, scale(0), 0.2);
  x = ops::conv2d_bias_leaky_relu<D>(x, w[2], w[3], same, scale(2), 0.2);
  x = ops::conv2d_bias_leaky_relu<D>(x, w[4], w[5], same, scale(4), 0.2);
  x = ops::avg_pool<D>(x);
  x = ops::minibatch_stddev<D>(x, {.group = 4, .unbiased = true, .consecutive = true});
  x = ops::conv2d_bias_leaky_relu<D>(x, w[6], w[7], same, scale(6), 0.2);
  x = ops::leaky_relu<D>(ops::linear<D>(ops::flatten<D>(x), w[8], w[9], scale(8)), 0.2);
  return ops::linear<D>(x, w[10], w[11], scale(10));
}

/// lambda * sum over samples of (|d scores / d x|_2 - 1)^2 at x = mix real + (1 - mix) fake.
template <synthmed::differentiable_backend D>
typename D::tensor wgan_gp_penalty(const std::vector<typename D::tensor>& w, const wgan_gp_problem& problem) {
  namespace ops = synthmed::ops;
  using synthmed::testing::to_tensor;
  const auto real = to_tensor<D>(problem.real), fake = to_tensor<D>(problem.fake), mix = to_tensor<D>(problem.mix);
  const auto x = D::parameter(ops::add<D>(fake, ops::mul<D>(mix, ops::sub<D>(real, fake))));
  const std::vector<typename D::tensor> wrt{x};
  const auto slope = D::grad(ops::sum<D>(wgan_gp_critic<D>(w, x)), wrt, synthmed::grad_options{.create_graph = true});
  const auto norm = ops::sqrt<D>(ops::sum<D>(ops::square<D>(slope[0]), {1, 2, 3}));
  return ops::mul_scalar<D>(ops::sum<D>(ops::square<D>(ops::add_scalar<D>(norm, -1))), problem.lambda);
}

/// The critic's whole loss: sum D(fake) - sum D(real) + penalty + drift * sum D(real)^2.
template <synthmed::differentiable_backend D>
typename D::tensor wgan_gp_loss(const std::vector<typename D::tensor>& w, const wgan_gp_problem& problem) {
  namespace ops = synthmed::ops;
  using synthmed::testing::to_tensor;
  const auto real = wgan_gp_critic<D>(w, to_tensor<D>(problem.real));
  const auto fake = wgan_gp_critic<D>(w, to_tensor<D>(problem.fake));
  const auto loss = ops::add<D>(ops::sum<D>(ops::sub<D>(fake, real)), wgan_gp_penalty<D>(w, problem));
  return ops::add<D>(loss, ops::mul_scalar<D>(ops::sum<D>(ops::square<D>(real)), problem.drift));
}

template <synthmed::differentiable_backend D>
std::vector<typename D::tensor> wgan_gp_parameters(const wgan_gp_problem& problem) {
  std::vector<typename D::tensor> w;
  for (const auto& [name, value] : problem.weights) w.push_back(D::parameter(synthmed::testing::to_tensor<D>(value)));
  return w;
}

/// The gradient of the penalty alone (or of the whole loss) by every weight, in the weights' order.
template <synthmed::differentiable_backend D>
std::vector<host_tensor> wgan_gp_gradients(const wgan_gp_problem& problem, bool whole_loss = false) {
  const auto w = wgan_gp_parameters<D>(problem);
  const auto loss = whole_loss ? wgan_gp_loss<D>(w, problem) : wgan_gp_penalty<D>(w, problem);
  std::vector<host_tensor> out;
  for (const auto& gradient : D::grad(loss, w, synthmed::grad_options{}))
    out.push_back(synthmed::testing::to_host_tensor<D>(gradient));
  return out;
}

/// |a - b|_2 / |b|_2; 0 when both are zero.
inline double relative_l2(const host_tensor& a, const host_tensor& b) {
  double apart = 0, norm = 0;
  for (std::size_t i = 0; i < b.values.size(); ++i) {
    apart += (a.values[i] - b.values[i]) * (a.values[i] - b.values[i]);
    norm += b.values[i] * b.values[i];
  }
  return apart == 0 ? 0 : std::sqrt(apart / norm);
}

}  // namespace synthmed_test

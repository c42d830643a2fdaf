// A small convolutional classifier trained for a few steps of Adam: the same key gives the same losses on every
// backend.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/nn/layers.hpp>
#include <synthmed/ops/ops.hpp>

namespace synthmed_test {

namespace nn = synthmed::nn;

/// 1 x 12 x 12 to three scores: convolutions with and without bias, leaky ReLU, pooling of both kinds, batch norm, a
/// residual block, pixel norm, minibatch stddev, dropout, a linear layer with equalized learning rate.
using small_net = nn::sequential<
    nn::chw{1, 12, 12}, nn::conv2d{.inputs = 1, .outputs = 6, .kernel = 3, .pad = 1, .initial = nn::initial::he_normal},
    nn::leaky_relu{0.2}, nn::avg_pool{},
    nn::conv2d_no_bias{.inputs = 6, .outputs = 8, .kernel = 3, .stride = 1, .pad = 1}, nn::batch_norm{.channels = 8},
    nn::relu{},
    nn::residual<nn::sequential<nn::chw{8, 6, 6}, nn::conv2d{.inputs = 8, .outputs = 8, .kernel = 3, .pad = 1},
                                nn::leaky_relu{0.1}, nn::pixel_norm{}>{}>{},
    nn::max_pool{}, nn::minibatch_stddev{{.group = 4}}, nn::dropout{0.25}, nn::flatten{},
    nn::linear{.inputs = 81, .outputs = 3, .initial = nn::initial::normal, .rate = nn::equalized::output}>;

/// The losses of `steps` steps of Adam (0.9, 0.999) on autodiff<B>, with a fresh batch of 8 pictures each.
template <synthmed::backend B>
std::vector<double> train_small_net(synthmed::key k = synthmed::key(2024), int steps = 20) {
  using D = synthmed::autodiff<B>;
  using scalar = typename B::scalar;
  namespace ops = synthmed::ops;
  constexpr small_net net;
  auto parameters = nn::init<D>(net, k.fold("init"));
  auto buffers = nn::initial_buffers<D>(net);
  auto first = nn::zeros_like<D>(parameters), second = nn::zeros_like<D>(parameters);

  std::vector<double> losses;
  for (int step = 1; step <= steps; ++step) {
    // Three textures: the label decides the frequency of the waves under the noise.
    std::vector<scalar> pictures(8 * 144);
    std::vector<std::int64_t> labels(8);
    synthmed::fill_normal(k.fold("noise").fold(step), std::span(pictures));
    for (std::size_t i = 0; i < labels.size(); ++i) {
      labels[i] = static_cast<std::int64_t>(i) % 3;
      for (std::size_t at = 0; at < 144; ++at)
        pictures[i * 144 + at] =
            static_cast<scalar>(0.5 * static_cast<double>(pictures[i * 144 + at]) +
                                std::sin(static_cast<double>(at % 12) * (0.5 + static_cast<double>(labels[i]))));
    }
    const auto x = D::from_host({8, 1, 12, 12}, pictures);
    auto result =
        nn::apply<D>(net, parameters, buffers, x, {.mode = nn::mode::train, .key = k.fold("dropout").fold(step)});
    buffers = result.buffers;
    auto loss = ops::cross_entropy<D>(result.y, labels);
    losses.push_back(static_cast<double>(ops::item<D>(loss)));
    auto gradients = parameters;
    nn::assign(gradients, D::grad(std::move(loss), nn::tensors(parameters)));
    const synthmed::adam_step<scalar> adam{.learning_rate = scalar(0.01),
                                           .beta1 = scalar(0.9),
                                           .beta2 = scalar(0.999),
                                           .epsilon = scalar(1e-8),
                                           .correction1 = static_cast<scalar>(1 - std::pow(0.9, step)),
                                           .correction2 = static_cast<scalar>(1 - std::pow(0.999, step))};
    nn::zip([&](const std::string&, auto& p, auto& m, auto& v, const auto& g) { D::adam(p, m, v, g, adam); },
            parameters, first, second, gradients);
  }
  return losses;
}

/// The losses of train_small_net() in double on the reference backend, as first computed with g++ 12: every backend is
/// compared with these (1e-8 relative in double, 1e-3 in float).
inline const std::vector<double>& small_net_losses() {
  static const std::vector<double> losses{
      3.1422067520424, 2.2786205794240, 0.9923877936303, 1.0252958135154, 0.8591728043937,
      0.3341710605566, 0.1472200476628, 0.0893517273053, 0.0963861212976, 0.2216025656956,
      0.1268489855796, 0.1922298746827, 0.1563492210091, 0.2621961350311, 0.3146471828383,
      0.0809637412841, 0.1095115439986, 0.2183336197572, 0.0692149030934, 0.0785199670806,
  };
  return losses;
}

}  // namespace synthmed_test

// The laws of the layer concept, as a function that returns what is broken. Any test framework can use it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <synthmed/core/differentiable.hpp>
#include <synthmed/nn/layers.hpp>
#include <synthmed/ops/ops.hpp>
#include <synthmed/testing/gradcheck.hpp>

namespace synthmed::testing {

/// Every broken law of a layer as a sentence, tried on samples of shape `in` (extents fixed) with batches of n on D.
/// Gradients are checked against central differences in evaluation: give D double, and few values.
template <differentiable_backend D, nn::layer L>
[[nodiscard]] std::vector<std::string> broken_layer_laws(const L& l, nn::chw in, std::int64_t n = 4,
                                                         bool check_gradients = true) {
  using tensor = typename D::tensor;
  std::vector<std::string> broken;
  const auto law = [&](bool holds, const auto&... pieces) {
    if (!holds) broken.push_back(sentence(pieces...));
  };
  law(l.accepts(in), "The layer accepts the shape ", in, " that it is tried on.");
  if (!broken.empty()) return broken;

  const auto same = [&](const auto& a, const auto& b) {
    bool equal = nn::size(a) == nn::size(b);
    if (equal)
      nn::zip(
          [&](const std::string&, const tensor& x, const tensor& y) {
            equal = equal && D::shape_of(x) == D::shape_of(y) && ops::to_host<D>(x) == ops::to_host<D>(y);
          },
          a, b);
    return equal;
  };
  const auto p = nn::init<D>(l, key(17));
  const auto b = nn::initial_buffers<D>(l);
  law(same(p, nn::init<D>(l, key(17))), "init gives the same values for the same key.");
  nn::for_each_parameter(p, [&](const std::string& name, const tensor& x) {
    law(D::requires_grad(x), "Parameter ", name, " requires gradients.");
  });
  nn::for_each_parameter(b, [&](const std::string& name, const tensor& x) {
    law(!D::requires_grad(x), "Buffer ", name, " has no gradient.");
  });

  // A vector may come as [n, c]; layers of pictures take [n, c, h, w].
  const tensor x = [&] {
    const tensor picture = ops::normal<D>(key(19), {n, in.c, in.h, in.w});
    if (in.h != 1 || in.w != 1) return picture;
    try {
      (void)nn::evaluate<D>(l, p, b, picture);
      return picture;
    } catch (const shape_error&) {
      return ops::flatten<D>(picture);
    }
  }();
  const auto evaluated = nn::apply<D>(l, p, b, x);
  const shape result = D::shape_of(evaluated.y);
  law(result[0] == n && nn::chw_of(result) == l.out(in), "out() says ", l.out(in), " and apply gives ", result, ".");
  law(same(evaluated.buffers, b), "Evaluation leaves the buffers as they are.");
  law(ops::to_host<D>(evaluated.y) == ops::to_host<D>(nn::evaluate<D>(l, p, b, x)), "Evaluation repeats its bytes.");

  const nn::context training{.mode = nn::mode::train, .key = key(23)};
  const auto trained = nn::apply<D>(l, p, b, x, training), again = nn::apply<D>(l, p, b, x, training);
  law(D::shape_of(trained.y) == result, "Training and evaluation give the same shape.");
  law(ops::to_host<D>(trained.y) == ops::to_host<D>(again.y) && same(trained.buffers, again.buffers),
      "Training is a function of its arguments and the key.");
  nn::for_each_parameter(trained.buffers, [&](const std::string& name, const tensor& value) {
    law(!D::requires_grad(value), "Buffer ", name, " has no gradient after training either.");
  });

  if (check_gradients) {
    std::vector<host_tensor> inputs{to_host_tensor<D>(x)};
    nn::for_each_parameter(p, [&](const std::string&, const tensor& v) { inputs.push_back(to_host_tensor<D>(v)); });
    const computation<D> compute = [&](const std::vector<tensor>& all) {
      auto own = p;
      nn::assign(own, std::vector<tensor>(all.begin() + 1, all.end()));
      return nn::evaluate<D>(l, own, b, all[0]);
    };
    const double worst = gradcheck<D>(compute, inputs);
    law(worst < 1e-6, "Gradients differ from central differences by ", worst, ".");
  }
  return broken;
}

}  // namespace synthmed::testing

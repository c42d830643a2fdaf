// All layers, and what holds them together.
#pragma once

#include <synthmed/nn/convolution.hpp>
#include <synthmed/nn/init.hpp>
#include <synthmed/nn/layer.hpp>
#include <synthmed/nn/normalization.hpp>
#include <synthmed/nn/parameters.hpp>
#include <synthmed/nn/residual.hpp>
#include <synthmed/nn/sequential.hpp>
#include <synthmed/nn/stateless.hpp>

namespace synthmed::nn {

// Free functions, so that generic code needs no `template` keyword: nn::apply<B>(network, ...).

template <backend B, layer L>
[[nodiscard]] parameters_of<L, B> init(const L& l, synthmed::key k) {
  return l.template init<B>(k);
}
template <backend B, layer L>
[[nodiscard]] buffers_of<L, B> initial_buffers(const L& l) {
  return l.template initial_buffers<B>();
}
template <backend B, layer L>
[[nodiscard]] applied<B, buffers_of<L, B>> apply(const L& l, const parameters_of<L, B>& parameters,
                                                 const buffers_of<L, B>& buffers, const typename B::tensor& x,
                                                 const context& c = {}) {
  return l.template apply<B>(parameters, buffers, x, c);
}
/// The result in evaluation.
template <backend B, layer L>
[[nodiscard]] typename B::tensor evaluate(const L& l, const parameters_of<L, B>& parameters,
                                          const buffers_of<L, B>& buffers, const typename B::tensor& x) {
  return l.template apply<B>(parameters, buffers, x, context{}).y;
}

}  // namespace synthmed::nn

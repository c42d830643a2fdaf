// Conformance of the composites that a backend may override with one fused kernel. Without an override the composite
// itself is compared, so that the list of cases is the same for every backend.
#pragma once

#include <synthmed/ops/activation.hpp>
#include <synthmed/ops/convolution.hpp>
#include <synthmed/ops/overrides.hpp>
#include <synthmed/testing/conformance/convolution.hpp>
#include <synthmed/testing/conformance/engine.hpp>

namespace synthmed::conformance {

/// pixel_norm as core/backend.hpp defines it, or X's own.
template <backend X>
[[nodiscard]] typename X::tensor pixel_normalized(const typename X::tensor& x, typename X::scalar epsilon) {
  if constexpr (fuses_pixel_norm<X>) {
    return X::pixel_norm(x, epsilon);
  } else {
    const shape dims = X::shape_of(x);
    const auto mean = X::mul_scalar(X::sum(X::mul(x, x), axes{1}), 1 / static_cast<typename X::scalar>(dims[1]));
    return X::div(x, X::broadcast_to(X::sqrt(X::add_scalar(mean, epsilon)), dims));
  }
}

template <backend B>
void fused_cases(case_list<B>& cases) {
  const std::vector<shape> images = {{1, 1, 1, 1},   {2, 1, 5, 7},  {2, 16, 4, 4},  {3, 24, 5, 3},
                                     {2, 513, 4, 4}, {2, 32, 1, 1}, {4, 32, 40, 33}};

  cases.add("fused/leaky_relu", [=](checker<B>& check) {
    for (const shape& dims :
         {shape{}, shape{5}, shape{3, 7}, shape{0}, shape{2, 3, 5}, shape{2, 16, 4, 4}, shape{4, 24, 40, 33}})
      for (const double slope : {0.25, 0.0})
        check.exact(sentence("leaky_relu slope ", slope), {noise(dims)}, [=]<class X>(on<X>, const tensors<X>& x) {
          return ops::leaky_relu<X>(x[0], typename X::scalar(slope));
        });
  });
  cases.add("fused/bias_leaky_relu", [=](checker<B>& check) {
    for (const shape& dims : images)
      for (const auto& [scale, slope] : {std::pair{1.0, 0.25}, {0.75, 0.25}, {1.5, 1.0}, {1.0, 0.0}})
        check.close(sentence("bias_leaky_relu scale ", scale, " slope ", slope), {noise(dims, 0), noise({dims[1]}, 1)},
                    [scale = scale, slope = slope]<class X>(on<X>, const tensors<X>& x) {
                      return ops::bias_leaky_relu<X>(x[0], x[1], typename X::scalar(scale), typename X::scalar(slope));
                    });
    check.close("bias_leaky_relu of a matrix", {noise({5, 24}, 0), noise({24}, 1)},
                []<class X>(on<X>, const tensors<X>& x) {
                  return ops::bias_leaky_relu<X>(x[0], x[1], typename X::scalar(0.5), typename X::scalar(0.25));
                });
  });
  cases.add("fused/conv2d_bias_leaky_relu", [](checker<B>& check) {
    for (const auto& problem : convolution_problems())
      for (const auto& [scale, slope] : {std::pair{0.75, 0.25}, {1.0, 1.0}})
        check.close(sentence("conv2d_bias_leaky_relu scale ", scale, " slope ", slope),
                    {noise(problem.x, 0), noise(problem.weight, 1), noise({problem.weight[0]}, 2)},
                    [&, scale = scale, slope = slope]<class X>(on<X>, const tensors<X>& x) {
                      return ops::conv2d_bias_leaky_relu<X>(x[0], x[1], x[2], problem.params, typename X::scalar(scale),
                                                            typename X::scalar(slope));
                    });
  });
  cases.add("fused/pixel_norm", [=](checker<B>& check) {
    for (const shape& dims : images)
      check.close("pixel_norm", {noise(dims)}, []<class X>(on<X>, const tensors<X>& x) {
        return pixel_normalized<X>(x[0], typename X::scalar(0.5));
      });
  });
}

}  // namespace synthmed::conformance

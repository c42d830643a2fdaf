// Conformance of the composites that a backend may override with one fused kernel. Without an override the composite
// itself is compared, so that the list of cases is the same for every backend.
#pragma once

#include <synthmed/ops/activation.hpp>
#include <synthmed/ops/convolution.hpp>
#include <synthmed/ops/normalization.hpp>
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

/// The gradients of batch norm with a leaky ReLU from X's primitives, or X's own kernel.
template <backend X>
[[nodiscard]] batch_norm_gradients<typename X::tensor> batch_norm_gradients_of(const typename X::tensor& output_grad,
                                                                               const typename X::tensor& x,
                                                                               const typename X::tensor& gamma,
                                                                               const typename X::tensor& beta,
                                                                               typename X::scalar slope) {
  const auto made = ops::batch_norm_train<X>(x, gamma, beta, 0.25);
  if constexpr (fuses_batch_norm_leaky_relu_gradient<X>) {
    return X::batch_norm_leaky_relu_gradient(output_grad, x, gamma, beta, made.mean, made.variance,
                                             typename X::scalar(0.25), slope);
  } else {
    const shape dims = X::shape_of(x);
    shape one = dims;
    for (int axis = 0; axis < dims.rank(); ++axis) one = one.with(axis, axis == 1 ? dims[1] : 1);
    const axes others = axes::broadcast(one, dims);
    const auto wide = [&](const auto& v) { return X::broadcast_to(X::reshape(v, one), dims); };
    const auto share = static_cast<typename X::scalar>(dims[1]) / static_cast<typename X::scalar>(dims.elements());
    const auto root = X::sqrt(X::add_scalar(made.variance, typename X::scalar(0.25)));
    const auto standard = X::div(X::sub(x, wide(made.mean)), wide(root));
    const auto before = X::add(X::mul(standard, wide(gamma)), wide(beta));
    const auto inner = slope == 1 ? output_grad : X::mul(output_grad, X::leaky_mask(before, slope));
    const auto to_gamma = X::sum(X::mul(inner, standard), others), to_beta = X::sum(inner, others);
    const auto along = X::mul(standard, wide(X::mul_scalar(to_gamma, share)));
    const auto centred = X::sub(X::sub(inner, wide(X::mul_scalar(to_beta, share))), along);
    return {X::mul(centred, wide(X::div(gamma, root))), X::reshape(to_gamma, {dims[1]}),
            X::reshape(to_beta, {dims[1]})};
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
      for (const auto& [scale, slope] : {std::pair{0.75, 0.25}, {1.0, 1.0}, {1.0, 0.0}})
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
  // y, mean and variance in one row, and the three gradients in another.
  const auto row = []<class X>(on<X>, std::initializer_list<typename X::tensor> parts) {
    std::vector<typename X::tensor> flat;
    for (const auto& part : parts) flat.push_back(X::reshape(part, {X::shape_of(part).elements()}));
    return X::concat(std::span<const typename X::tensor>(flat), 0);
  };
  const std::vector<shape> batches = {{6, 3},        {2, 1, 5, 7},   {2, 16, 4, 4},  {3, 24, 5, 3},
                                      {2, 32, 1, 1}, {2, 5, 70, 71}, {3, 32, 40, 33}};
  cases.add("fused/batch_norm_leaky_relu", [=](checker<B>& check) {
    for (const shape& dims : batches)
      for (const double slope : {1.0, 0.25, 0.0})
        check.close(sentence("batch_norm_leaky_relu slope ", slope),
                    {noise(dims), noise_within({dims[1]}, 0.5, 2, 1), noise({dims[1]}, 2)},
                    [=]<class X>(on<X> where, const tensors<X>& x) {
                      const auto made = ops::batch_norm_train<X>(x[0], x[1], x[2], 0.25, slope);
                      return row(where, {made.y, made.mean, made.variance});
                    });
  });
  cases.add("fused/batch_norm_leaky_relu_gradient", [=](checker<B>& check) {
    for (const shape& dims : batches)
      for (const double slope : {1.0, 0.25})
        check.close(sentence("batch_norm_leaky_relu_gradient slope ", slope),
                    {noise(dims, 3), noise(dims), noise_within({dims[1]}, 0.5, 2, 1), noise({dims[1]}, 2)},
                    [=]<class X>(on<X> where, const tensors<X>& x) {
                      const auto g = batch_norm_gradients_of<X>(x[0], x[1], x[2], x[3], typename X::scalar(slope));
                      return row(where, {g.x, g.gamma, g.beta});
                    });
  });
}

}  // namespace synthmed::conformance

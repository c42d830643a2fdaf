// Derivatives of the fused kernels that a backend may bring: forward one kernel, backward operations of the set.
#pragma once

#include <synthmed/autodiff/tape.hpp>
#include <synthmed/ops/overrides.hpp>

namespace synthmed::tape {

template <class B, class D>
struct fused_rules {
  using tensor = traced_tensor<B>;
  using scalar = typename B::scalar;

  static tensor leaky_relu(const tensor& x, scalar slope) requires fuses_leaky_relu<B> {
    return record_keeping_output<B, D>(B::leaky_relu(x.value(), slope), {&x}, [slope](auto& step) {
      step.give(0, [&] { return before_activation(step, 1, slope); });
    });
  }

  static tensor leaky_relu_gradient(const tensor& gradient, const tensor& output, scalar scale,
                                    scalar slope) requires fuses_leaky_relu_gradient<B> {
    return record<B, D>(B::leaky_relu_gradient(gradient.value(), output.value(), scale, slope), {&gradient},
                        [out = tensor(output.value()), scale, slope](auto& step) {
                          step.give(0, [&] { return D::leaky_relu_gradient(step.gradient(), out, scale, slope); });
                        });
  }

  static tensor bias_leaky_relu(const tensor& x, const tensor& bias, scalar scale,
                                scalar slope) requires fuses_bias_leaky_relu<B> {
    return record_keeping_output<B, D>(B::bias_leaky_relu(x.value(), bias.value(), scale, slope), {&x, &bias},
                                       [scale, slope](auto& step) {
                                         const tensor inner = before_activation(step, scale, slope);
                                         step.give(0, [&] { return inner; });
                                         step.give(1, [&] { return per_channel(inner); });
                                       });
  }

  static tensor conv2d_bias_leaky_relu(const tensor& x, const tensor& weight, const tensor& bias,
                                       const conv2d_params& params, scalar scale,
                                       scalar slope) requires fuses_conv2d_bias_leaky_relu<B> {
    return record_keeping_output<B, D>(
        B::conv2d_bias_leaky_relu(x.value(), weight.value(), bias.value(), params, scale, slope), {&x, &weight, &bias},
        [image = kept_for(weight, x), kernel = kept_for(x, weight), params, scale, slope,
         image_dims = B::shape_of(x.value()), kernel_dims = B::shape_of(weight.value())](auto& step) {
          const tensor inner = before_activation(step, scale, slope);
          step.give(0, [&] { return D::conv2d_input_grad(inner, kernel, params, image_dims); });
          step.give(1, [&] { return D::conv2d_weight_grad(image, inner, params, kernel_dims); });
          step.give(2, [&] { return per_channel(inner); });
        });
  }

  // y = x r with r = 1 / sqrt(m + epsilon), m the mean of x^2 over the channels: dx = r (g - y mean(g y)).
  static tensor pixel_norm(const tensor& x, scalar epsilon) requires fuses_pixel_norm<B> {
    return record_keeping_output<B, D>(B::pixel_norm(x.value(), epsilon), {&x}, [x, epsilon](auto& step) {
      step.give(0, [&] {
        const shape dims = B::shape_of(x.value());
        const scalar share = scalar(1) / static_cast<scalar>(dims[1]);
        const tensor y = step.output();
        const auto mean = [&](const tensor& t) { return D::mul_scalar(D::sum(t, {1}), share); };
        const tensor root = D::sqrt(D::add_scalar(mean(D::mul(x, x)), epsilon));
        const tensor along = D::broadcast_to(mean(D::mul(step.gradient(), y)), dims);
        return D::div(D::sub(step.gradient(), D::mul(y, along)), D::broadcast_to(root, dims));
      });
    });
  }

  /// Gradients go through y only. A gradient that nobody will differentiate is one kernel, where there is one.
  static batch_norm_values<tensor> batch_norm_leaky_relu(const tensor& x, const tensor& gamma, const tensor& beta, scalar epsilon,
                                                         scalar slope) requires fuses_batch_norm_leaky_relu<B> {
    auto made = B::batch_norm_leaky_relu(x.value(), gamma.value(), beta.value(), epsilon, slope);
    auto y = record<B, D>(
        std::move(made.y), {&x, &gamma, &beta},
        [x, gamma, beta, mean = made.mean, variance = made.variance, epsilon, slope](auto& step) {
          if constexpr (fuses_batch_norm_leaky_relu_gradient<B>) {
            if (paused<B> > 0) {
              auto g = B::batch_norm_leaky_relu_gradient(step.gradient().value(), x.value(), gamma.value(), beta.value(), mean,
                                                         variance, epsilon, slope);
              step.give(0, [&] { return tensor(std::move(g.x)); });
              step.give(1, [&] { return tensor(std::move(g.gamma)); });
              step.give(2, [&] { return tensor(std::move(g.beta)); });
              return;
            }
          }
          batch_norm_back(step, x, gamma, beta, epsilon, slope);
        });
    return {std::move(y), tensor(std::move(made.mean)), tensor(std::move(made.variance))};
  }

 private:
  // With s = (x - mean) / root and i the gradient before the activation: dbeta = sum i, dgamma = sum i s,
  // dx = gamma / root (i - mean of i - s mean of i s).
  template <class Step>
  static void batch_norm_back(Step& step, const tensor& x, const tensor& gamma, const tensor& beta, scalar epsilon, scalar slope) {
    const shape dims = B::shape_of(x.value());
    shape one = dims;
    for (int axis = 0; axis < dims.rank(); ++axis) one = one.with(axis, axis == 1 ? dims[1] : 1);
    const axes others = axes::broadcast(one, dims);
    const scalar share = static_cast<scalar>(dims[1]) / static_cast<scalar>(dims.elements());
    const auto wide = [&](const tensor& t) { return D::broadcast_to(t, dims); };
    const auto mean = [&](const tensor& t) { return D::mul_scalar(D::sum(t, others), share); };
    const tensor centred = D::sub(x, wide(mean(x)));
    const tensor root = D::sqrt(D::add_scalar(mean(D::mul(centred, centred)), epsilon));
    const tensor standard = D::div(centred, wide(root)), weight = D::reshape(gamma, one);
    tensor inner = step.gradient();
    if (slope != 1) {
      const tensor before = D::add(D::mul(standard, wide(weight)), wide(D::reshape(beta, one)));
      inner = D::mul(inner, D::leaky_mask(before, slope));
    }
    const tensor to_gamma = D::sum(D::mul(inner, standard), others), to_beta = D::sum(inner, others);
    step.give(0, [&] {
      const tensor level = D::sub(inner, wide(D::mul_scalar(to_beta, share)));
      return D::mul(D::sub(level, D::mul(standard, wide(D::mul_scalar(to_gamma, share)))), wide(D::div(weight, root)));
    });
    step.give(1, [&] { return D::reshape(to_gamma, {dims[1]}); });
    step.give(2, [&] { return D::reshape(to_beta, {dims[1]}); });
  }

  // The gradient of scale (x + bias) from that of leaky_relu(scale (x + bias)). As slope >= 0 and scale > 0, the
  // output has the sign of what went in, so the mask is read from the output and the input need not be kept.
  template <class Step>
  static tensor before_activation(Step& step, scalar scale, scalar slope) {
    if constexpr (fuses_leaky_relu_gradient<B>) {
      if (slope != 1) return D::leaky_relu_gradient(step.gradient(), step.output(), scale, slope);
    }
    const tensor masked = slope == 1 ? step.gradient() : D::mul(step.gradient(), D::leaky_mask(step.output(), slope));
    return scale == 1 ? masked : D::mul_scalar(masked, scale);
  }

  static tensor per_channel(const tensor& gradient) {
    const shape dims = B::shape_of(gradient.value());
    shape bias = dims;
    for (int axis = 0; axis < dims.rank(); ++axis) bias = bias.with(axis, axis == 1 ? dims[1] : 1);
    return D::reshape(D::sum(gradient, axes::broadcast(bias, dims)), {dims[1]});
  }
};

}  // namespace synthmed::tape

// Update family: Adam and exponential averages in one pass over memory each, in place when nobody else holds it.
#pragma once

#include <cstdint>

#include <synthmed/backends/xtensor/copy.hpp>
#include <synthmed/backends/xtensor/simd.hpp>
#include <synthmed/core/backend.hpp>

namespace synthmed::xtensor {

struct update {
  static void adam(tensor& parameter, tensor& first, tensor& second, const tensor& gradient,
                   const adam_step<float>& step) {
    const layout order = parameter.order();
    first = in_layout(first, order);
    second = in_layout(second, order);
    const tensor source = in_layout(gradient, order);
    float *const p = parameter.own(), *const m = first.own(), *const v = second.own();
    const float* const g = source.data();
    // -learning_rate (m / c1) / (sqrt(v / c2) + epsilon) with the corrections folded into two factors.
    const pack beta1(step.beta1), keep1(1.0f - step.beta1), beta2(step.beta2), keep2(1.0f - step.beta2);
    const pack rate(step.learning_rate / step.correction1), root(1.0f / step.correction2), epsilon(step.epsilon);
    kernel_for(parameter.elements(), grain / 4, [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; i += width) {
        const pack gradient_here = load(g + i);
        const pack mean = xsimd::fma(beta1, load(m + i), keep1 * gradient_here);
        const pack square = xsimd::fma(beta2, load(v + i), keep2 * gradient_here * gradient_here);
        store(m + i, mean);
        store(v + i, square);
        store(p + i, load(p + i) - rate * mean / (xsimd::sqrt(square * root) + epsilon));
      }
    });
  }

  static void ema(tensor& average, const tensor& x, float decay) {
    const tensor source = in_layout(x, average.order());
    float* const to = average.own();
    const float* const from = source.data();
    const pack old(decay), fresh(1.0f - decay);
    map(
        average.elements(), to, [=](pack a, pack b) { return xsimd::fma(old, a, fresh * b); }, to, from);
  }
};

}  // namespace synthmed::xtensor

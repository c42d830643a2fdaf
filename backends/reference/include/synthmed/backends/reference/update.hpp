// Update family of the reference backend: optimizer steps, in place unless the values are shared.
#pragma once

#include <cmath>
#include <cstdint>

#include <synthmed/backends/reference/dense.hpp>
#include <synthmed/core/backend.hpp>

namespace synthmed::reference {

template <class Scalar>
struct update {
  using tensor = dense<Scalar>;

  static void adam(tensor& parameter, tensor& first, tensor& second, const tensor& gradient,
                   const adam_step<Scalar>& step) {
    Scalar* const p = parameter.own();
    Scalar* const m = first.own();
    Scalar* const v = second.own();
    const Scalar* const g = gradient.data();
    for (std::int64_t i = 0; i < parameter.elements(); ++i) {
      m[i] = step.beta1 * m[i] + (1 - step.beta1) * g[i];
      v[i] = step.beta2 * v[i] + (1 - step.beta2) * g[i] * g[i];
      p[i] -= step.learning_rate * (m[i] / step.correction1) / (std::sqrt(v[i] / step.correction2) + step.epsilon);
    }
  }

  static void ema(tensor& average, const tensor& x, Scalar decay) {
    Scalar* const a = average.own();
    for (std::int64_t i = 0; i < average.elements(); ++i) a[i] = decay * a[i] + (1 - decay) * x.data()[i];
  }
};

}  // namespace synthmed::reference

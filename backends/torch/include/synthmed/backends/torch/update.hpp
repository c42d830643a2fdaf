// Update family of the torch backends: never recorded, in place unless the storage is shared.
#pragma once

#include <synthmed/backends/torch/library.hpp>

#include <synthmed/core/backend.hpp>

namespace synthmed::libtorch {

template <class Scalar>
struct update {
  using tensor = at::Tensor;

  static void adam(tensor& parameter, tensor& first, tensor& second, const tensor& gradient,
                   const adam_step<Scalar>& step) {
    kernels::run("adam", [&] {
      own(parameter);
      own(first);
      own(second);
      first.mul_(step.beta1).add_(gradient, 1 - step.beta1);
      second.mul_(step.beta2).addcmul_(gradient, gradient, 1 - step.beta2);
      const tensor divisor = second.div(step.correction2).sqrt_().add_(step.epsilon);
      parameter.addcdiv_(first, divisor, -step.learning_rate / step.correction1);
    });
  }
  static void ema(tensor& average, const tensor& x, Scalar decay) {
    kernels::run("ema", [&] {
      own(average);
      average.mul_(decay).add_(x, 1 - decay);
    });
  }

 private:
  // Copies, views and what autograd saved all show in one of the two counts; a broadcast repeats its elements.
  static void own(tensor& x) {
    if (x.use_count() == 1 && x.storage().use_count() == 1 && x.is_contiguous()) return;
    x = x.detach().clone(at::MemoryFormat::Contiguous).requires_grad_(x.requires_grad());
  }
};

}  // namespace synthmed::libtorch

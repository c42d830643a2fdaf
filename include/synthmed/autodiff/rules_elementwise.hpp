// Derivatives of the elementwise primitives. Every rule is written in D's own operations, so it can be differentiated.
#pragma once

#include <synthmed/autodiff/tape.hpp>

namespace synthmed::tape {

template <class B, class D>
struct elementwise_rules {
  using tensor = traced_tensor<B>;
  using scalar = typename B::scalar;

  static tensor add(const tensor& x, const tensor& y) {
    return record<B, D>(B::add(x.value(), y.value()), {&x, &y}, [](auto& step) {
      step.give(0, [&] { return step.gradient(); });
      step.give(1, [&] { return step.gradient(); });
    });
  }
  static tensor sub(const tensor& x, const tensor& y) {
    return record<B, D>(B::sub(x.value(), y.value()), {&x, &y}, [](auto& step) {
      step.give(0, [&] { return step.gradient(); });
      step.give(1, [&] { return D::mul_scalar(step.gradient(), -1); });
    });
  }
  static tensor mul(const tensor& x, const tensor& y) {
    return record<B, D>(B::mul(x.value(), y.value()), {&x, &y},
                        [left = kept_for(y, x), right = kept_for(x, y)](auto& step) {
                          step.give(0, [&] { return D::mul(step.gradient(), right); });
                          step.give(1, [&] { return D::mul(step.gradient(), left); });
                        });
  }
  static tensor div(const tensor& x, const tensor& y) {
    return record_keeping_output<B, D>(B::div(x.value(), y.value()), {&x, &y}, [y](auto& step) {
      const tensor share = D::div(step.gradient(), y);
      step.give(0, [&] { return share; });
      step.give(1, [&] { return D::mul_scalar(D::mul(share, step.output()), -1); });
    });
  }
  static tensor add_scalar(const tensor& x, scalar s) {
    return record<B, D>(B::add_scalar(x.value(), s), {&x},
                        [](auto& step) { step.give(0, [&] { return step.gradient(); }); });
  }
  static tensor mul_scalar(const tensor& x, scalar s) {
    return record<B, D>(B::mul_scalar(x.value(), s), {&x},
                        [s](auto& step) { step.give(0, [&] { return D::mul_scalar(step.gradient(), s); }); });
  }
  static tensor exp(const tensor& x) {
    return record_keeping_output<B, D>(B::exp(x.value()), {&x}, [](auto& step) {
      step.give(0, [&] { return D::mul(step.gradient(), step.output()); });
    });
  }
  static tensor log(const tensor& x) {
    return record<B, D>(B::log(x.value()), {&x},
                        [x](auto& step) { step.give(0, [&] { return D::div(step.gradient(), x); }); });
  }
  static tensor sqrt(const tensor& x) {
    return record_keeping_output<B, D>(B::sqrt(x.value()), {&x}, [](auto& step) {
      step.give(0, [&] { return D::mul_scalar(D::div(step.gradient(), step.output()), scalar(0.5)); });
    });
  }
  static tensor tanh(const tensor& x) {
    return record_keeping_output<B, D>(B::tanh(x.value()), {&x}, [](auto& step) {
      step.give(0, [&] {
        const tensor y = step.output();
        return D::mul(step.gradient(), D::add_scalar(D::mul_scalar(D::mul(y, y), -1), 1));
      });
    });
  }
  static tensor sigmoid(const tensor& x) {
    return record_keeping_output<B, D>(B::sigmoid(x.value()), {&x}, [](auto& step) {
      step.give(0, [&] {
        const tensor y = step.output();
        return D::mul(step.gradient(), D::sub(y, D::mul(y, y)));
      });
    });
  }
  static tensor abs(const tensor& x) {
    return record<B, D>(B::abs(x.value()), {&x},
                        [x](auto& step) { step.give(0, [&] { return D::mul(step.gradient(), D::sign(x)); }); });
  }
  // Piecewise constant: the derivative is zero wherever there is one, so the results are constants.
  static tensor sign(const tensor& x) { return tensor(B::sign(x.value())); }
  static tensor leaky_mask(const tensor& x, scalar slope) { return tensor(B::leaky_mask(x.value(), slope)); }
  static tensor greater(const tensor& x, const tensor& y) { return tensor(B::greater(x.value(), y.value())); }
  static tensor select(const tensor& mask, const tensor& yes, const tensor& no) {
    return record<B, D>(B::select(mask.value(), yes.value(), no.value()), {&yes, &no},
                        [mask = tensor(mask.value())](auto& step) {
                          const tensor nothing = D::full(B::shape_of(mask.value()), 0);
                          step.give(0, [&] { return D::select(mask, step.gradient(), nothing); });
                          step.give(1, [&] { return D::select(mask, nothing, step.gradient()); });
                        });
  }
};

}  // namespace synthmed::tape

// The laws of GAN losses, as a function that returns what is broken. Any test framework can use it.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include <synthmed/ops/ops.hpp>
#include <synthmed/testing/gradcheck.hpp>
#include <synthmed/train/loss.hpp>

namespace synthmed::testing {

/// Every broken law of a loss as a sentence, tried on small pictures with a smooth score. Give D double.
template <differentiable_backend D, train::loss L>
  requires train::loss_on<L, D>
[[nodiscard]] std::vector<std::string> broken_loss_laws(const L& l) {
  using tensor = typename D::tensor;
  std::vector<std::string> broken;
  const auto law = [&](bool holds, const auto&... pieces) {
    if (!holds) broken.push_back(sentence(pieces...));
  };
  const auto mean_of = [](const tensor& x) { return ops::reshape<D>(ops::mean<D>(x, {1, 2, 3}), {D::shape_of(x)[0], 1}); };
  // tanh of a filter, summed: its slope changes from pixel to pixel, as a penalty needs.
  const auto scored = [&](const tensor& x, const tensor& weights) {
    return ops::reshape<D>(ops::sum<D>(ops::tanh<D>(ops::mul<D>(x, weights)), {1, 2, 3}), {D::shape_of(x)[0], 1});
  };
  const shape dims{3, 1, 2, 2};
  const auto real = ops::normal<D>(key(1), dims), fake = ops::normal<D>(key(2), dims);
  const train::loss_context here{key(3), 0};
  const auto weights = D::parameter(ops::normal<D>(key(4), {1, 1, 2, 2}));
  const auto score = [&](const tensor& x) { return scored(x, weights); };
  const auto number = [](const tensor& x) { return static_cast<double>(ops::item<D>(x)); };

  const auto terms = l.template discriminator<D>(score, real, fake, here);
  law(D::shape_of(terms.loss).elements() == 1, "The discriminator's loss is one number.");
  if (!broken.empty()) return broken;
  law(D::requires_grad(terms.loss), "The discriminator's loss has history.");
  law(!D::requires_grad(terms.real) && !D::requires_grad(terms.fake) && !D::requires_grad(terms.penalty),
      "What is only reported has no history.");
  law(std::abs(number(terms.real) - number(ops::mean<D>(score(real)))) < 1e-12 &&
          std::abs(number(terms.fake) - number(ops::mean<D>(score(fake)))) < 1e-12,
      "`real` and `fake` are mean scores.");
  (void)l.template discriminator<D>(score, fake, real, {key(5), 1});
  law(number(l.template discriminator<D>(score, real, fake, here).loss) == number(terms.loss),
      "The discriminator's loss depends on its arguments alone.");
  const auto own = l.template generator<D>(score, fake, here);
  law(D::shape_of(own).elements() == 1, "The generator's loss is one number.");
  law(number(l.template generator<D>(score, fake, here)) == number(own), "The generator's loss depends on its arguments alone.");

  // Scores that are a little higher for bright pictures: real ones are very bright, so that no penalty hides it.
  const auto bright = ops::add_scalar<D>(ops::mul_scalar<D>(real, 0.1), 20), dark = ops::add_scalar<D>(bright, -40);
  const auto slope = D::parameter(D::full({1, 1}, 0.1));
  const auto by_brightness = [&](const tensor& x) { return ops::mul<D>(mean_of(x), slope); };
  const auto steeper = D::grad(l.template discriminator<D>(by_brightness, bright, dark, here).loss, std::vector<tensor>{slope},
                               grad_options{});
  law(number(ops::sum<D>(steeper[0])) < 0, "The discriminator's loss falls when real pictures score higher than generated ones.");
  const auto made = D::parameter(dark);
  const auto uphill = D::grad(l.template generator<D>(by_brightness, made, here), std::vector<tensor>{made}, grad_options{});
  law(number(ops::sum<D>(uphill[0])) < 0, "The generator's loss falls when its pictures score higher.");

  const computation<D> critics = [&](const std::vector<tensor>& x) {
    return l.template discriminator<D>([&](const tensor& pictures) { return scored(pictures, x[0]); }, real, fake, here).loss;
  };
  const double worst = gradcheck<D>(critics, {to_host_tensor<D>(weights)});
  law(worst < 1e-6, "The gradient of the discriminator's loss differs from central differences by ", worst, ".");
  const computation<D> generators = [&](const std::vector<tensor>& x) { return l.template generator<D>(score, x[0], here); };
  const double generator_worst = gradcheck<D>(generators, {to_host_tensor<D>(fake)});
  law(generator_worst < 1e-6, "The gradient of the generator's loss differs from central differences by ", generator_worst, ".");
  return broken;
}

}  // namespace synthmed::testing

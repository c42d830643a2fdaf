// Conformance of the update family: the numbers of a step, and that no other tensor sees it.
#pragma once

#include <synthmed/testing/conformance/engine.hpp>
#include <synthmed/testing/conformance/storage.hpp>

namespace synthmed::conformance {

/// Step t of Adam with the given settings, as optimizers make it.
template <class Scalar>
[[nodiscard]] adam_step<Scalar> adam_settings(int t, double beta1, double beta2) {
  return {Scalar(0.001),
          Scalar(beta1),
          Scalar(beta2),
          Scalar(1e-8),
          static_cast<Scalar>(1 - std::pow(beta1, t)),
          static_cast<Scalar>(1 - std::pow(beta2, t))};
}

template <backend B>
void update_cases(case_list<B>& cases) {
  using scalar = typename B::scalar;

  auto shapes = usual_shapes();
  shapes.push_back({32, 16, 17, 11});  // large enough to be shared out among threads

  // x[0] has a second owner inside the checker, so these steps work on copies; add_scalar makes a tensor of our own.
  for (const bool shared : {true, false}) {
    const std::string owner = shared ? ", storage shared" : ", in place";
    cases.add("update/adam" + owner, [=](checker<B>& check) {
      for (const shape& dims : shapes)
        for (const double beta1 : {0.9, 0.0})
          check.close(sentence("adam beta1 ", beta1),
                      {noise(dims, 0), noise(dims, 1), noise_within(dims, 0.5, 1.5, 2), noise(dims, 3)},
                      [=]<class X>(on<X>, const tensors<X>& x) {
                        tensors<X> state(x.begin(), x.begin() + 3);
                        if (!shared)
                          for (auto& part : state) part = X::add_scalar(part, 0);
                        for (int t = 3; t < 6; ++t)
                          X::adam(state[0], state[1], state[2], x[3],
                                  adam_settings<typename X::scalar>(t, beta1, 0.99));
                        return state;
                      });
    });
    cases.add("update/ema" + owner, [=](checker<B>& check) {
      for (const shape& dims : shapes)
        check.close("ema", {noise(dims, 0), noise(dims, 1)}, [=]<class X>(on<X>, const tensors<X>& x) {
          auto average = shared ? x[0] : X::add_scalar(x[0], 0);
          for (int t = 0; t < 3; ++t) X::ema(average, x[1], typename X::scalar(0.75));
          return average;
        });
    });
  }

  // A gradient of zero with fresh moments moves nothing: no 0 / 0.
  cases.add("update/adam of a zero gradient", [](checker<B>& check) {
    auto parameter = B::full({5}, 2), first = B::full({5}, 0), second = B::full({5}, 0);
    B::adam(parameter, first, second, B::full({5}, 0), adam_settings<scalar>(1, 0.9, 0.99));
    check.expect(download<B>(parameter) == std::vector<scalar>(5, 2), "adam moved a parameter whose gradient is zero.");
  });

  // Many results may share their storage with x; a step on them must not show in x, nor a step on x in them.
  cases.add("update/no other tensor sees a step", [](checker<B>& check) {
    using tensor = typename B::tensor;
    const auto whole = counting({2, 16, 2, 3});
    const std::vector<std::pair<std::string, tensor (*)(const tensor&)>> makers = {
        {"copy", [](const tensor& x) { return x; }},
        {"reshape",
         [](const tensor& x) {
           return B::reshape(x, {2, 96});
         }},
        {"reshape to itself",
         [](const tensor& x) {
           return B::reshape(x, {2, 16, 2, 3});
         }},
        {"permute",
         [](const tensor& x) {
           return B::permute(x, std::vector<int>{0, 1, 3, 2});
         }},
        {"permute by nothing",
         [](const tensor& x) {
           return B::permute(x, std::vector<int>{0, 1, 2, 3});
         }},
        {"slice", [](const tensor& x) { return B::slice(x, 0, 0, 1); }},
        {"slice of everything", [](const tensor& x) { return B::slice(x, 0, 0, 2); }},
        {"pad by nothing", [](const tensor& x) { return B::pad(x, 0, 0, 0); }},
        {"concat of one", [](const tensor& x) { return B::concat(std::vector<tensor>{x}, 0); }},
        {"flip of one", [](const tensor& x) { return B::flip(B::slice(x, 0, 0, 1), 0); }},
        {"broadcast_to",
         [](const tensor& x) {
           return B::broadcast_to(B::slice(x, 0, 0, 1), {4, 16, 2, 3});
         }},
        {"broadcast_to itself",
         [](const tensor& x) {
           return B::broadcast_to(x, {2, 16, 2, 3});
         }},
        {"sum over nothing", [](const tensor& x) { return B::sum(x, axes{}); }},
        {"max over nothing", [](const tensor& x) { return B::max(x, axes{}); }},
        {"add_scalar 0", [](const tensor& x) { return B::add_scalar(x, 0); }},
        {"mul_scalar 1", [](const tensor& x) { return B::mul_scalar(x, 1); }},
        {"abs", [](const tensor& x) { return B::abs(x); }},
        {"select", [](const tensor& x) { return B::select(x, x, x); }},
        {"upsample_nearest by 1", [](const tensor& x) { return B::upsample_nearest(x, 1); }},
        {"sum_pool by 1", [](const tensor& x) { return B::sum_pool(x, 1); }},
    };
    for (const auto& [name, make] : makers) {
      tensor x = upload<B>(whole);
      const auto before = download<B>(x);
      tensor derived = make(x);
      auto expected = download<B>(derived);
      const auto values = expected;

      B::ema(derived, B::full(B::shape_of(derived), 8), scalar(0.5));
      for (scalar& value : expected) value = (value + 8) / 2;
      check.expect(download<B>(x) == before, sentence("ema on the result of ", name, " changed its operand."));
      check.expect(download<B>(derived) == expected, sentence("ema on the result of ", name, " gives wrong values."));

      derived = make(x);
      B::ema(x, B::full(whole.dims, 8), scalar(0.5));
      check.expect(download<B>(derived) == values, sentence("ema on the operand of ", name, " changed its result."));

      x = upload<B>(whole);
      derived = make(x);
      auto first = B::full(B::shape_of(derived), 0), second = first;  // the moments share their storage, too
      const auto gradient = first;
      B::adam(derived, first, second, B::full(B::shape_of(derived), 1), adam_settings<scalar>(1, 0.9, 0.99));
      check.expect(download<B>(x) == before, sentence("adam on the result of ", name, " changed its operand."));
      check.expect(download<B>(gradient) == std::vector<scalar>(values.size(), 0), "adam changed a copy of a moment.");
      check.expect(download<B>(first) != download<B>(second), "adam wrote both moments into one storage.");
    }
  });
}

}  // namespace synthmed::conformance

// Conformance of the reduce family.
#pragma once

#include <synthmed/testing/conformance/engine.hpp>
#include <synthmed/testing/conformance/storage.hpp>

namespace synthmed::conformance {

template <backend B>
void reduce_cases(case_list<B>& cases) {
  struct reduction {
    shape dims;
    axes over;
  };
  const std::vector<reduction> reductions = {
      {{}, {}},
      {{7}, {0}},
      {{7}, {}},
      {{3, 5}, {0}},
      {{3, 5}, {1}},
      {{4, 513}, {0, 1}},
      {{2, 3, 5}, {1}},
      {{2, 3, 5}, {0, 2}},
      {{2, 16, 5, 7}, {0, 2, 3}},  // a bias gradient, a batch norm
      {{2, 24, 4, 4}, {1}},        // pixel norm
      {{2, 16, 4, 4}, {1, 2, 3}},  // the gradient penalty's norm
      {{1, 513, 4, 4}, {2, 3}},    // global pooling
      {{2, 1, 6, 6}, {1}},         // an axis of extent 1
      {{4, 2, 3, 2, 3}, {0, 2}},   // minibatch stddev groups
      {{2, 2, 1, 3, 2, 2}, {0, 1, 5}},
      {{8, 16, 33, 31}, {0, 2, 3}},  // large enough to be shared out among threads
      {{8, 16, 33, 31}, {0, 1, 2, 3}},
      {{8, 16, 33, 31}, {1}},
      {{8, 16, 33, 31}, {3}},
  };

  cases.add("reduce/sum", [=](checker<B>& check) {
    for (const auto& [dims, over] : reductions)
      check.close("sum", {noise_within(dims, 0.25, 1.25)},
                  [over = over]<class X>(on<X>, const tensors<X>& x) { return X::sum(x[0], over); });
  });
  cases.add("reduce/sum of nothing is zero", [](checker<B>& check) {
    check.exact("sum over 0", {noise({0, 3})},
                []<class X>(on<X>, const tensors<X>& x) { return X::sum(x[0], axes{0}); });
    check.exact("sum over 1", {noise({0, 3})},
                []<class X>(on<X>, const tensors<X>& x) { return X::sum(x[0], axes{1}); });
  });
  cases.add("reduce/max", [=](checker<B>& check) {
    for (const auto& [dims, over] : reductions)
      check.exact("max", {noise(dims)},
                  [over = over]<class X>(on<X>, const tensors<X>& x) { return X::max(x[0], over); });
    check.exact("max of negatives", {noise_within({3, 4}, -9, -8)},
                []<class X>(on<X>, const tensors<X>& x) { return X::max(x[0], axes{1}); });
  });
  cases.add("reduce/broadcast_to", [=](checker<B>& check) {
    for (const auto& [dims, over] : reductions)
      check.exact(sentence("broadcast_to ", dims, " of"), {noise(reduced(dims, over))},
                  [dims = dims]<class X>(on<X>, const tensors<X>& x) { return X::broadcast_to(x[0], dims); });
    check.exact("broadcast_to an empty shape", {noise({1, 3})}, []<class X>(on<X>, const tensors<X>& x) {
      return X::broadcast_to(x[0], {0, 3});
    });
  });
  // Results of broadcasts and permutations often are views inside; they must still count as ordinary tensors.
  cases.add("reduce/of results that repeat or permute", [](checker<B>& check) {
    check.close("sum(broadcast_to)", {noise({2, 1, 1, 3})}, []<class X>(on<X>, const tensors<X>& x) {
      return X::sum(X::broadcast_to(x[0], {2, 16, 5, 3}), axes{0, 3});
    });
    check.close("sum(permute)", {noise({2, 16, 3, 5})}, []<class X>(on<X>, const tensors<X>& x) {
      return X::sum(X::permute(x[0], std::vector<int>{1, 0, 3, 2}), axes{1, 2});
    });
  });
  cases.add("reduce/count_nonfinite", [](checker<B>& check) {
    constexpr double infinite = std::numeric_limits<double>::infinity();
    for (const shape& dims : usual_shapes()) {
      host_array x = noise(dims);
      std::int64_t wanted = 0;
      for (std::size_t i = 0; i < x.values.size(); i += 3, ++wanted)
        x.values[i] = wanted % 3 == 0   ? infinite
                      : wanted % 3 == 1 ? -infinite
                                        : std::numeric_limits<double>::quiet_NaN();
      const std::int64_t found = B::count_nonfinite(upload<B>(x)), none = B::count_nonfinite(upload<B>(noise(dims)));
      check.expect(found == wanted,
                   sentence("count_nonfinite of ", dims, " gives ", found, ", expected ", wanted, "."));
      check.expect(none == 0, sentence("count_nonfinite of finite ", dims, " gives ", none, ", expected 0."));
    }
    // The sum of these overflows, though each of them is finite.
    const auto large = B::full({8}, std::numeric_limits<typename B::scalar>::max());
    check.expect(B::count_nonfinite(large) == 0, "count_nonfinite counts large finite numbers.");
  });
}

}  // namespace synthmed::conformance

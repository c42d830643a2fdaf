// Conformance of the storage family: values come back as they went in, and nothing is shared with the host.
#pragma once

#include <synthmed/testing/conformance/engine.hpp>

namespace synthmed::conformance {

/// Shapes of every rank, odd and even, with one channel, blocks of 16, a multiple of 8, and 513; and empty ones.
[[nodiscard]] inline std::vector<shape> usual_shapes() {
  return {{},
          {1},
          {7},
          {0},
          {3, 5},
          {4, 16},
          {0, 3},
          {2, 513},
          {2, 3, 5},
          {2, 0, 3},
          {2, 1, 5, 7},
          {2, 16, 4, 6},
          {3, 24, 5, 4},
          {1, 513, 4, 4},
          {2, 32, 1, 1},
          {2, 3, 2, 3, 2},
          {2, 2, 1, 3, 2, 2}};
}

template <backend B>
void storage_cases(case_list<B>& cases) {
  using scalar = typename B::scalar;

  cases.add("storage/from_host and to_host", [](checker<B>& check) {
    for (const shape& dims : usual_shapes())
      check.exact("from_host, to_host", {noise(dims)}, []<class X>(on<X>, const tensors<X>& x) { return x[0]; });
  });

  cases.add("storage/from_host copies", [](checker<B>& check) {
    std::vector<scalar> values = {1, 2, 3, 4, 5, 6};
    const auto x = B::from_host({2, 3}, values);
    for (scalar& value : values) value = 0;
    check.expect(download<B>(x) == std::vector<scalar>{1, 2, 3, 4, 5, 6},
                 "from_host kept the caller's memory: changing it later changed the tensor.");
  });

  cases.add("storage/special values pass through", [](checker<B>& check) {
    constexpr double infinite = std::numeric_limits<double>::infinity();
    const host_array special{{5}, {infinite, -infinite, std::numeric_limits<double>::quiet_NaN(), 0.0, -0.0}};
    check.exact("from_host, to_host", {special}, []<class X>(on<X>, const tensors<X>& x) { return x[0]; });
  });

  cases.add("storage/shape_of", [](checker<B>& check) {
    for (const shape& dims : usual_shapes()) {
      const shape found = B::shape_of(upload<B>(noise(dims)));
      check.expect(found == dims, sentence("shape_of gives ", found, ", expected ", dims, "."));
    }
  });

  cases.add("storage/full", [](checker<B>& check) {
    for (const shape& dims : usual_shapes())
      check.exact(sentence("full ", dims), {},
                  [&]<class X>(on<X>, const tensors<X>&) { return X::full(dims, typename X::scalar(-1.5)); });
  });

  cases.add("storage/tensors are values", [](checker<B>& check) {
    auto x = B::full({2, 2}, 3);
    const auto copy = x;
    x = B::full({3}, 4);
    check.expect(B::shape_of(copy) == shape{2, 2} && download<B>(copy) == std::vector<scalar>(4, 3),
                 "A copy of a tensor changed when the other one was assigned to.");
    typename B::tensor later;
    later = copy;
    check.expect(download<B>(later) == std::vector<scalar>(4, 3),
                 "A default-constructed tensor could not be assigned to.");
  });

  cases.add("storage/synchronize and name", [](checker<B>& check) {
    const auto x = B::full({4}, 1);
    B::synchronize();
    check.expect(!B::name().empty(), "name() is empty; reports need it.");
    check.expect(download<B>(x) == std::vector<scalar>(4, 1), "synchronize() lost work that was under way.");
  });
}

}  // namespace synthmed::conformance

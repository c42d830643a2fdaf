// Conformance of the layout family: every element must arrive, exactly, where it belongs.
#pragma once

#include <synthmed/testing/conformance/engine.hpp>
#include <synthmed/testing/conformance/storage.hpp>

namespace synthmed::conformance {

template <backend B>
void layout_cases(case_list<B>& cases) {
  cases.add("layout/reshape", [](checker<B>& check) {
    const std::vector<std::pair<shape, shape>> pairs = {{{}, {1, 1}},
                                                        {{6}, {2, 3}},
                                                        {{2, 16, 3, 5}, {2, 240}},
                                                        {{2, 240}, {2, 16, 3, 5}},
                                                        {{2, 16, 4, 4}, {32, 16}},
                                                        {{0, 3}, {3, 0}},
                                                        {{4, 3, 2, 2}, {2, 2, 3, 4}},
                                                        {{1, 513, 4, 4}, {513, 16}},
                                                        {{2, 32, 3, 3}, {2, 2, 16, 9}},
                                                        {{16}, {1, 16, 1, 1}},
                                                        {{1}, {}}};
    for (const auto& [from, to] : pairs)
      check.exact(sentence("reshape to ", to, " of"), {noise(from)},
                  [to = to]<class X>(on<X>, const tensors<X>& x) { return X::reshape(x[0], to); });
    check.exact("reshape(permute)", {noise({2, 16, 3, 5})}, []<class X>(on<X>, const tensors<X>& x) {
      return X::reshape(X::permute(x[0], std::vector<int>{0, 2, 3, 1}), {30, 16});
    });
  });

  cases.add("layout/permute", [](checker<B>& check) {
    const std::vector<std::pair<shape, std::vector<int>>> pairs = {{{5}, {0}},
                                                                   {{3, 5}, {1, 0}},
                                                                   {{2, 3, 5}, {2, 0, 1}},
                                                                   {{2, 16, 3, 5}, {0, 2, 3, 1}},
                                                                   {{2, 16, 3, 5}, {1, 0, 2, 3}},
                                                                   {{2, 24, 3, 5}, {0, 1, 3, 2}},
                                                                   {{2, 513, 3, 2}, {3, 2, 1, 0}},
                                                                   {{2, 3, 2, 3, 4}, {0, 3, 1, 4, 2}},
                                                                   {{2, 2, 1, 3, 2, 2}, {5, 3, 1, 0, 2, 4}},
                                                                   {{0, 3}, {1, 0}}};
    for (const auto& [dims, order] : pairs)
      check.exact("permute", {noise(dims)},
                  [order = order]<class X>(on<X>, const tensors<X>& x) { return X::permute(x[0], order); });
  });

  const std::vector<shape> lines = {{7},           {4, 6},        {2, 5, 3},      {3, 16, 5, 7},
                                    {2, 32, 4, 4}, {2, 24, 3, 4}, {1, 513, 2, 2}, {2, 3, 2, 3, 4}};

  cases.add("layout/slice", [=](checker<B>& check) {
    for (const shape& dims : lines)
      for (int axis = 0; axis < dims.rank(); ++axis) {
        const std::int64_t extent = dims[axis];
        for (const auto& [first, last] : {std::pair{std::int64_t{0}, extent},
                                          {std::int64_t{0}, extent / 2},
                                          {extent / 2, extent},
                                          {extent - 1, extent},
                                          {std::int64_t{0}, std::int64_t{0}}})
          check.exact(sentence("slice axis ", axis, " from ", first, " to ", last, " of"), {noise(dims)},
                      [axis, first = first, last = last]<class X>(on<X>, const tensors<X>& x) {
                        return X::slice(x[0], axis, first, last);
                      });
      }
  });

  cases.add("layout/pad", [=](checker<B>& check) {
    for (const shape& dims : lines)
      for (int axis = 0; axis < dims.rank(); ++axis)
        for (const auto& [before, after] :
             {std::pair<std::int64_t, std::int64_t>{0, 0}, {1, 0}, {0, 2}, {16, 16}, {3, 1}})
          check.exact(sentence("pad axis ", axis, " by ", before, " and ", after, " of"), {noise(dims)},
                      [axis, before = before, after = after]<class X>(on<X>, const tensors<X>& x) {
                        return X::pad(x[0], axis, before, after);
                      });
  });

  cases.add("layout/concat", [=](checker<B>& check) {
    for (const shape& dims : lines)
      for (int axis = 0; axis < dims.rank(); ++axis)
        check.exact(sentence("concat axis ", axis, " of"),
                    {noise(dims, 0), noise(dims.with(axis, 3), 1), noise(dims.with(axis, 16), 2)},
                    [axis]<class X>(on<X>, const tensors<X>& x) { return X::concat(x, axis); });
    const auto joined = [](int axis) {
      return [axis]<class X>(on<X>, const tensors<X>& x) { return X::concat(x, axis); };
    };
    check.exact("concat of one", {noise({2, 16, 3, 3})}, joined(1));
    check.exact("concat of equal blocks", {noise({2, 32, 3, 3}, 0), noise({2, 16, 3, 3}, 1)}, joined(1));
    check.exact("concat with one more channel", {noise({4, 512, 4, 4}, 0), noise({4, 1, 4, 4}, 1)}, joined(1));
    check.exact("concat with an empty part", {noise({2, 0, 3, 3}, 0), noise({2, 16, 3, 3}, 1)}, joined(1));
  });

  cases.add("layout/flip", [=](checker<B>& check) {
    for (const shape& dims : lines)
      for (int axis = 0; axis < dims.rank(); ++axis)
        check.exact(sentence("flip axis ", axis, " of"), {noise(dims)},
                    [axis]<class X>(on<X>, const tensors<X>& x) { return X::flip(x[0], axis); });
  });

  // -1 stands for zeros; repeats, the order and the length are free.
  const std::vector<std::vector<std::int64_t>> places = {{0}, {1, 0}, {-1, 1, 1, -1, 0, 1, 0}, {-1, -1}, {}};

  cases.add("layout/gather", [=](checker<B>& check) {
    for (const shape& dims : lines)
      for (int axis = 0; axis < dims.rank(); ++axis) {
        if (dims[axis] < 2) continue;
        for (const auto& index : places)
          check.exact(sentence("gather axis ", axis, ", ", index.size(), " places of"), {noise(dims)},
                      [axis, index]<class X>(on<X>, const tensors<X>& x) { return X::gather(x[0], axis, index); });
        std::vector<std::int64_t> backwards;
        for (std::int64_t i = dims[axis]; i-- > 0;) backwards.push_back(i);
        check.exact(
            sentence("gather axis ", axis, " backwards of"), {noise(dims)},
            [axis, backwards]<class X>(on<X>, const tensors<X>& x) { return X::gather(x[0], axis, backwards); });
      }
  });
  cases.add("layout/gather does not multiply by zero", [](checker<B>& check) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    check.exact("gather past a NaN", {{{3}, {nan, 2, nan}}}, []<class X>(on<X>, const tensors<X>& x) {
      return X::gather(x[0], 0, std::vector<std::int64_t>{-1, 1, -1});
    });
  });

  cases.add("layout/scatter_add", [=](checker<B>& check) {
    for (const shape& dims : lines)
      for (int axis = 0; axis < dims.rank(); ++axis)
        for (const auto& index : places)
          check.close(
              sentence("scatter_add axis ", axis, " of"),
              {noise(dims.with(axis, static_cast<std::int64_t>(index.size())))},
              [axis, index]<class X>(on<X>, const tensors<X>& x) { return X::scatter_add(x[0], axis, index, 5); });
    // Many rows onto few: the sums of a gradient through a gather, large enough to be shared out among threads.
    std::vector<std::int64_t> many(600);
    for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<std::int64_t>(i * i % 7) - 1;
    check.close("scatter_add many onto few", {noise_within({600, 80}, 0.5, 1.5)},
                [many]<class X>(on<X>, const tensors<X>& x) { return X::scatter_add(x[0], 0, many, 6); });
  });

  cases.add("layout/chained", [](checker<B>& check) {
    check.exact("slice(concat(flip, pad))", {noise({2, 16, 4, 6}, 0), noise({2, 8, 4, 6}, 1)},
                []<class X>(on<X>, const tensors<X>& x) {
                  const tensors<X> parts = {X::flip(x[0], 3), X::pad(x[1], 1, 4, 4)};
                  return X::slice(X::concat(parts, 1), 1, 5, 29);
                });
    check.exact("elementwise on permuted, sliced and repeated tensors", {noise({5, 16, 3}), noise({3, 16, 1}, 1)},
                []<class X>(on<X>, const tensors<X>& x) {
                  const auto turned = X::permute(x[0], std::vector<int>{2, 1, 0});
                  return X::greater(turned, X::broadcast_to(x[1], {3, 16, 5}));
                });
  });
}

}  // namespace synthmed::conformance

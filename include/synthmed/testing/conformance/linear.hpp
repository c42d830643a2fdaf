// Conformance of the linear family.
#pragma once

#include <synthmed/testing/conformance/engine.hpp>

namespace synthmed::conformance {

template <backend B>
void linear_cases(case_list<B>& cases) {
  for (const auto& [turn_x, turn_y] : {std::pair{false, false}, {false, true}, {true, false}, {true, true}})
    cases.add(sentence("linear/matmul", turn_x ? ", x transposed" : "", turn_y ? ", y transposed" : ""),
              [turn_x = turn_x, turn_y = turn_y](checker<B>& check) {
                struct extents {
                  std::int64_t m, k, n;
                };
                const std::vector<extents> products = {{1, 1, 1},    {1, 16, 5},  {4, 24, 1},  {3, 5, 7},
                                                       {16, 16, 16}, {2, 513, 6}, {7, 3, 513}, {65, 130, 33},
                                                       {0, 3, 2},    {2, 3, 0},   {96, 64, 80},
                                                       {8, 530, 7},  {17, 512, 9}};
                for (const auto& [m, k, n] : products)
                  check.close(
                      "matmul",
                      {noise(turn_x ? shape{k, m} : shape{m, k}, 0), noise(turn_y ? shape{n, k} : shape{k, n}, 1)},
                      [turn_x, turn_y]<class X>(on<X>, const tensors<X>& x) {
                        return X::matmul(x[0], x[1], turn_x, turn_y);
                      });
              });
  cases.add("linear/matmul over nothing is zero", [](checker<B>& check) {
    check.exact("matmul", {noise({2, 0}), noise({0, 3})},
                []<class X>(on<X>, const tensors<X>& x) { return X::matmul(x[0], x[1], false, false); });
  });
  cases.add("linear/matmul of permuted and repeated tensors", [](checker<B>& check) {
    check.close(
        "matmul(permute, broadcast_to)", {noise({5, 7}, 0), noise({5, 1}, 1)}, []<class X>(on<X>, const tensors<X>& x) {
          return X::matmul(X::permute(x[0], std::vector<int>{1, 0}), X::broadcast_to(x[1], {5, 6}), false, false);
        });
  });
}

}  // namespace synthmed::conformance

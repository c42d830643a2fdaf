// Conformance of the resample family: pooling, nearest-neighbour upsampling and their adjoints.
#pragma once

#include <synthmed/testing/conformance/engine.hpp>

namespace synthmed::conformance {

struct pooling_problem {
  shape x;
  pool2d_params params = {};
};

[[nodiscard]] inline std::vector<pooling_problem> pooling_problems() {
  const pool2d_params half{};
  const pool2d_params stem{.kernel_h = 3, .kernel_w = 3, .stride_h = 2, .stride_w = 2, .pad_h = 1, .pad_w = 1};
  const pool2d_params smooth{.kernel_h = 3, .kernel_w = 3, .stride_h = 1, .stride_w = 1, .pad_h = 1, .pad_w = 1};
  return {
      {{1, 1, 2, 2}, half},
      {{2, 1, 6, 8}, half},
      {{2, 16, 8, 8}, half},
      {{2, 16, 7, 5}, half},  // the last row and column are left out
      {{3, 24, 6, 4}, half},
      {{1, 513, 4, 4}, half},
      {{2, 16, 9, 8}, stem},
      {{2, 3, 12, 7}, stem},
      {{2, 16, 6, 7}, smooth},
      {{2, 24, 5, 5}, smooth},
      {{2, 16, 8, 8}, {.kernel_h = 8, .kernel_w = 8, .stride_h = 1, .stride_w = 1}},  // the whole image
      {{1, 5, 17, 17}, {.kernel_h = 5, .kernel_w = 5, .stride_h = 3, .stride_w = 3}},
      {{1, 2, 6, 9}, {.kernel_h = 1, .kernel_w = 3, .stride_h = 2, .stride_w = 1, .pad_h = 0, .pad_w = 1}},
      {{4, 16, 40, 40}, half},  // large enough to be shared out among threads
  };
}

template <backend B>
void resample_cases(case_list<B>& cases) {
  const auto label = [](const char* name, const pooling_problem& p) {
    return sentence(name, " window ", p.params.kernel_h, " x ", p.params.kernel_w, " stride ", p.params.stride_h, " x ",
                    p.params.stride_w, " padding ", p.params.pad_h, " x ", p.params.pad_w, " of");
  };

  cases.add("resample/avg_pool", [=](checker<B>& check) {
    for (const auto& problem : pooling_problems())
      check.close(label("avg_pool", problem), {noise(problem.x)},
                  [&]<class X>(on<X>, const tensors<X>& x) { return X::avg_pool(x[0], problem.params); });
  });
  cases.add("resample/avg_unpool", [=](checker<B>& check) {
    for (const auto& problem : pooling_problems())
      check.close(label("avg_unpool", problem), {noise(pool2d_shape(problem.x, problem.params))},
                  [&]<class X>(on<X>, const tensors<X>& x) { return X::avg_unpool(x[0], problem.params, problem.x); });
  });

  cases.add("resample/max_pool", [=](checker<B>& check) {
    for (const auto& problem : pooling_problems()) {
      const auto pooled = [&]<class X>(on<X>, const tensors<X>& x) { return X::max_pool(x[0], problem.params); };
      check.exact(label("max_pool", problem), {noise(problem.x)}, pooled);
      // All below zero: the zeros of a padding would win.
      check.exact(label("max_pool of negatives", problem), {noise_within(problem.x, -9, -8)}, pooled);
    }
  });
  cases.add("resample/max_pool_gather", [=](checker<B>& check) {
    for (const auto& problem : pooling_problems()) {
      const auto gathered = [&]<class X>(on<X>, const tensors<X>& x) {
        return X::max_pool_gather(x[0], x[1], problem.params);
      };
      check.exact(label("max_pool_gather", problem), {counting(problem.x), noise(problem.x)}, gathered);
      check.exact(label("max_pool_gather of itself", problem), {noise(problem.x)},
                  [&]<class X>(on<X>, const tensors<X>& x) { return X::max_pool_gather(x[0], x[0], problem.params); });
      check.exact(label("max_pool_gather with ties", problem), {counting(problem.x), noise_of_integers(problem.x, 2)},
                  gathered);
      check.exact(label("max_pool_gather of equal values", problem),
                  {counting(problem.x), noise_of_integers(problem.x, 1)}, gathered);
    }
  });
  cases.add("resample/max_pool_scatter", [=](checker<B>& check) {
    for (const auto& problem : pooling_problems()) {
      const shape pooled = pool2d_shape(problem.x, problem.params);
      const auto scattered = [&]<class X>(on<X>, const tensors<X>& x) {
        return X::max_pool_scatter(x[0], x[1], problem.params);
      };
      check.close(label("max_pool_scatter", problem), {noise(pooled, 0), noise(problem.x, 1)}, scattered);
      check.close(label("max_pool_scatter with ties", problem), {noise(pooled, 0), noise_of_integers(problem.x, 2, 1)},
                  scattered);
    }
  });

  const auto blocks = [](const shape& small, std::int64_t factor) {
    return small.with(2, small[2] * factor).with(3, small[3] * factor);
  };
  const std::vector<shape> images = {{1, 1, 1, 1},  {2, 1, 3, 5},   {2, 16, 4, 4},
                                     {3, 24, 3, 2}, {1, 513, 2, 2}, {2, 32, 17, 16}};

  cases.add("resample/upsample_nearest", [=](checker<B>& check) {
    for (const shape& dims : images)
      for (const std::int64_t factor : {1, 2, 3, 4})
        check.exact(sentence("upsample_nearest by ", factor, " of"), {noise(dims)},
                    [factor]<class X>(on<X>, const tensors<X>& x) { return X::upsample_nearest(x[0], factor); });
  });
  cases.add("resample/sum_pool", [=](checker<B>& check) {
    for (const shape& dims : images)
      for (const std::int64_t factor : {1, 2, 3, 4})
        check.close(sentence("sum_pool by ", factor, " of"), {noise(blocks(dims, factor))},
                    [factor]<class X>(on<X>, const tensors<X>& x) { return X::sum_pool(x[0], factor); });
  });
}

}  // namespace synthmed::conformance

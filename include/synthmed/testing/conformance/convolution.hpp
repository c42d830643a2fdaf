// Conformance of the convolution family: the three bilinear maps, on the shapes that real networks have and on odd
// ones.
#pragma once

#include <synthmed/testing/conformance/engine.hpp>

namespace synthmed::conformance {

struct convolution_problem {
  shape x, weight;
  conv2d_params params = {};
};

/// From one channel to 513, strides 1 and 2, odd and even extents, kernels up to the whole image.
[[nodiscard]] inline std::vector<convolution_problem> convolution_problems() {
  const conv2d_params plain{}, same{.pad_h = 1, .pad_w = 1},
      halving{.stride_h = 2, .stride_w = 2, .pad_h = 1, .pad_w = 1};
  return {
      {{1, 1, 3, 3}, {1, 1, 3, 3}, plain},
      {{2, 1, 5, 7}, {16, 1, 3, 3}, same},
      {{2, 3, 6, 6}, {16, 3, 3, 3}, same},
      {{2, 16, 8, 8}, {16, 16, 3, 3}, same},
      {{3, 24, 9, 6}, {16, 24, 3, 3}, same},
      {{2, 16, 7, 5}, {24, 16, 3, 3}, same},
      {{2, 513, 4, 4}, {16, 513, 3, 3}, same},  // after minibatch stddev
      {{1, 16, 4, 4}, {513, 16, 3, 3}, same},
      {{2, 16, 4, 4}, {32, 16, 4, 4}, plain},                     // a critic's last convolution
      {{2, 16, 1, 1}, {16, 16, 4, 4}, {.pad_h = 3, .pad_w = 3}},  // a generator's first
      {{2, 16, 12, 12}, {1, 16, 1, 1}, plain},                    // to one channel
      {{2, 1, 12, 12}, {32, 1, 1, 1}, plain},                     // from one channel
      {{2, 48, 37, 29}, {3, 48, 1, 1}, plain},                    // to a coloured picture
      {{2, 3, 37, 29}, {48, 3, 1, 1}, plain},                     // from one
      {{1, 16, 8, 8}, {24, 16, 3, 3}, halving},
      {{2, 16, 9, 7}, {32, 16, 3, 3}, halving},
      {{2, 3, 13, 12},
       {8, 3, 7, 7},
       {.stride_h = 2, .stride_w = 2, .pad_h = 3, .pad_w = 3}},         // a residual network's stem
      {{2, 16, 6, 7}, {32, 16, 1, 1}, {.stride_h = 2, .stride_w = 2}},  // its shortcut: some pixels are never read
      {{2, 16, 8, 8}, {16, 16, 2, 2}, {.stride_h = 2, .stride_w = 2}},  // upsampling in a U-Net, as the adjoint
      {{2, 24, 5, 9}, {16, 24, 1, 7}, {.pad_h = 0, .pad_w = 3}},
      {{2, 24, 9, 5}, {16, 24, 7, 1}, {.pad_h = 3, .pad_w = 0}},
      {{2, 16, 7, 7}, {16, 16, 5, 5}, {.pad_h = 2, .pad_w = 2}},
      {{1, 2, 6, 7}, {3, 2, 2, 3}, {.stride_h = 2, .stride_w = 1, .pad_h = 0, .pad_w = 1}},
      {{1, 2, 8, 9}, {3, 2, 3, 2}, {.stride_h = 3, .stride_w = 2, .pad_h = 1, .pad_w = 0}},
      {{4, 32, 24, 20}, {32, 32, 3, 3}, same},  // large enough to be shared out among threads, and for Winograd
  };
}

template <backend B>
void convolution_cases(case_list<B>& cases) {
  const auto label = [](const char* name, const convolution_problem& p) {
    return sentence(name, " stride ", p.params.stride_h, " x ", p.params.stride_w, " padding ", p.params.pad_h, " x ",
                    p.params.pad_w, " of");
  };
  cases.add("convolution/conv2d", [=](checker<B>& check) {
    for (const auto& problem : convolution_problems())
      check.close(label("conv2d", problem), {noise(problem.x, 0), noise(problem.weight, 1)},
                  [&]<class X>(on<X>, const tensors<X>& x) { return X::conv2d(x[0], x[1], problem.params); });
  });
  cases.add("convolution/conv2d_input_grad", [=](checker<B>& check) {
    for (const auto& problem : convolution_problems())
      check.close(label("conv2d_input_grad", problem),
                  {noise(conv2d_shape(problem.x, problem.weight, problem.params), 0), noise(problem.weight, 1)},
                  [&]<class X>(on<X>, const tensors<X>& x) {
                    return X::conv2d_input_grad(x[0], x[1], problem.params, problem.x);
                  });
  });
  cases.add("convolution/conv2d_weight_grad", [=](checker<B>& check) {
    for (const auto& problem : convolution_problems())
      check.close(label("conv2d_weight_grad", problem),
                  {noise(problem.x, 0), noise(conv2d_shape(problem.x, problem.weight, problem.params), 1)},
                  [&]<class X>(on<X>, const tensors<X>& x) {
                    return X::conv2d_weight_grad(x[0], x[1], problem.params, problem.weight);
                  });
  });
  cases.add("convolution/of permuted and repeated tensors", [](checker<B>& check) {
    const conv2d_params same{.pad_h = 1, .pad_w = 1};
    check.close("conv2d(permute, flip)", {noise({2, 6, 5, 16}, 0), noise({16, 16, 3, 3}, 1)},
                [=]<class X>(on<X>, const tensors<X>& x) {
                  return X::conv2d(X::permute(x[0], std::vector<int>{0, 3, 1, 2}), X::flip(x[1], 3), same);
                });
    check.close("conv2d_weight_grad(broadcast_to, slice)", {noise({2, 16, 1, 1}, 0), noise({2, 32, 5, 5}, 1)},
                [=]<class X>(on<X>, const tensors<X>& x) {
                  return X::conv2d_weight_grad(X::broadcast_to(x[0], {2, 16, 5, 5}), X::slice(x[1], 1, 8, 24), same,
                                               {16, 16, 3, 3});
                });
  });
}

}  // namespace synthmed::conformance

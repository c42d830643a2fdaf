// LibTorch's own autograd in the words of the differentiable_backend concept.
#pragma once

#include <synthmed/backends/torch/library.hpp>

#include <torch/csrc/autograd/autograd.h>

#include <span>
#include <vector>

#include <synthmed/core/differentiable.hpp>

namespace synthmed::libtorch {

struct differentiation {
  using tensor = at::Tensor;
  using no_grad = c10::NoGradGuard;

  static tensor parameter(const tensor& x) { return x.detach().requires_grad_(); }
  static tensor constant(const tensor& x) { return x.detach(); }
  static tensor detach(const tensor& x) { return x.detach(); }
  static bool requires_grad(const tensor& x) { return x.requires_grad(); }

  static std::vector<tensor> grad(const tensor& y, std::span<const tensor> wrt, const grad_options& options) {
    return checked("grad", [&] {
      std::vector<tensor> asked;
      for (const tensor& x : wrt)
        if (y.requires_grad() && x.requires_grad()) asked.push_back(x);
      std::vector<tensor> found;
      // The graph stays, so that y can be differentiated again; it goes when the last tensor that needs it goes.
      if (!asked.empty()) found = torch::autograd::grad({y}, asked, {}, true, options.create_graph, true);

      std::vector<tensor> gradients;
      std::size_t next = 0;
      for (const tensor& x : wrt) {
        const bool was_asked = y.requires_grad() && x.requires_grad();
        const tensor gradient = was_asked ? found[next++] : tensor();
        gradients.push_back(gradient.defined() ? gradient : x.detach().new_zeros(x.sizes()));
      }
      return gradients;
    });
  }
};

}  // namespace synthmed::libtorch

// autodiff<B>: gradients of any order on any backend B.
//
// A tensor of autodiff<B> is a tensor of B and, when it depends on a parameter, the node that made it. Every rule is
// written in autodiff<B>'s own operations, over primitives that are closed under differentiation, so the gradient of a
// gradient needs no further code. This is what a gradient penalty (WGAN-GP) needs.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <synthmed/autodiff/rules_bilinear.hpp>
#include <synthmed/autodiff/rules_elementwise.hpp>
#include <synthmed/autodiff/rules_fused.hpp>
#include <synthmed/autodiff/rules_layout.hpp>
#include <synthmed/autodiff/rules_resample.hpp>
#include <synthmed/autodiff/tape.hpp>
#include <synthmed/core/differentiable.hpp>
#include <synthmed/error.hpp>

namespace synthmed {

template <backend B>
class autodiff : public tape::elementwise_rules<B, autodiff<B>>,
                 public tape::reduce_rules<B, autodiff<B>>,
                 public tape::layout_rules<B, autodiff<B>>,
                 public tape::linear_rules<B, autodiff<B>>,
                 public tape::convolution_rules<B, autodiff<B>>,
                 public tape::resample_rules<B, autodiff<B>>,
                 public tape::fused_rules<B, autodiff<B>> {
 public:
  using base = B;
  using tensor = tape::traced_tensor<B>;
  using scalar = typename B::scalar;
  using work_scope = work_scope_of<B>;

  // ---- between B and autodiff<B> ----------------------------------------------------------------------------------
  /// A constant with a base tensor's values.
  static tensor wrap(typename B::tensor value) { return tensor(std::move(value)); }
  /// The values, without history.
  static const typename B::tensor& unwrap(const tensor& x) { return x.value(); }

  // ---- storage ----------------------------------------------------------------------------------------------------
  static tensor from_host(const shape& dims, std::span<const scalar> values) {
    return tensor(B::from_host(dims, values));
  }
  static void to_host(const tensor& x, std::span<scalar> out) { B::to_host(x.value(), out); }
  static shape shape_of(const tensor& x) { return B::shape_of(x.value()); }
  static tensor full(const shape& dims, scalar value) { return tensor(B::full(dims, value)); }
  static void synchronize() { B::synchronize(); }
  static std::string name() { return "autodiff on " + B::name(); }

  // ---- update: outside differentiation. A parameter stays one, but a new one: nothing made earlier depends on it. ---
  static void adam(tensor& parameter, tensor& first, tensor& second, const tensor& gradient,
                   const adam_step<scalar>& step) {
    B::adam(parameter.value(), first.value(), second.value(), gradient.value(), step);
    renew(parameter), renew(first), renew(second);
  }
  static void ema(tensor& average, const tensor& x, scalar decay) {
    B::ema(average.value(), x.value(), decay);
    renew(average);
  }

  // ---- gradients --------------------------------------------------------------------------------------------------
  /// A leaf of which gradients can be asked.
  static tensor parameter(const tensor& x) { return tensor(x.value(), tape::make_leaf<B>(B::shape_of(x.value()))); }
  /// The same values without history.
  static tensor constant(const tensor& x) { return tensor(x.value()); }
  static tensor detach(const tensor& x) { return tensor(x.value()); }
  static bool requires_grad(const tensor& x) { return x.requires_grad(); }

  /// While one lives, this thread records nothing. They nest.
  class no_grad {
   public:
    no_grad() { ++tape::paused<B>; }
    ~no_grad() { --tape::paused<B>; }
    no_grad(const no_grad&) = delete;
    no_grad& operator=(const no_grad&) = delete;
  };

  /// d y / d wrt[i] for a y with one element; zeros of wrt[i]'s shape where y does not depend on it. Gradients are
  /// added up in an order fixed by how y was computed. A y that is moved in (`grad(std::move(loss), wrt)`) lets go of
  /// what the forward pass kept as the backward pass goes along; otherwise it lives as long as y does. Throws
  /// shape_error when y has not one element; argument_error when create_graph meets an operation whose rule gives first
  /// derivatives only.
  static std::vector<tensor> grad(tensor y, std::span<const tensor> wrt, const grad_options& options = {}) {
    const shape result = B::shape_of(y.value());
    if (result.elements() != 1)
      throw shape_error(
          sentence("grad needs a y with one element (a loss), got shape ", result, "; sum or average it first."));
    std::vector<tensor> gradients(wrt.size());
    std::vector<bool> found(wrt.size(), false);
    if (y.requires_grad()) {
      std::optional<no_grad> quiet;
      if (!options.create_graph) quiet.emplace();
      const auto root = y.made_by().get();
      tape::adjoints<B> all;
      auto order = wanted_nodes(y.made_by(), wrt, all);
      if (!order.empty()) all[root] = {true, true, full(result, 1)};
      y = tensor{};
      while (!order.empty()) {
        const auto at = std::move(order.back());  // the last reference, unless someone else still holds the node
        order.pop_back();
        auto adjoint = std::move(all.extract(at.get()).mapped());
        if (!adjoint.present) continue;
        for (std::size_t i = 0; i < wrt.size(); ++i)
          if (wrt[i].made_by() == at) gradients[i] = adjoint.sum, found[i] = true;
        if (options.create_graph && at->first_order_only)
          throw argument_error(sentence("grad with create_graph needs rules that can be differentiated again, but `",
                                        at->first_order_only, "` has first derivatives only."));
        at->backward(at, std::move(adjoint.sum), all);
      }
    }
    for (std::size_t i = 0; i < wrt.size(); ++i)
      if (!found[i]) gradients[i] = full(B::shape_of(wrt[i].value()), 0);
    return gradients;
  }
  static std::vector<tensor> grad(tensor y, std::initializer_list<tensor> wrt, const grad_options& options = {}) {
    return grad(std::move(y), std::span<const tensor>(wrt.begin(), wrt.size()), options);
  }

  // ---- operations of one's own ------------------------------------------------------------------------------------
  /// An operation with a rule of one's own: value was computed from the inputs with B's kernels; rule(step) calls
  /// step.give(i, f) with the gradient of input i, written in autodiff<B>'s operations, so any order works.
  template <class Rule>
  static tensor operation(typename B::tensor value, std::initializer_list<const tensor*> inputs, Rule rule) {
    return tape::record<B, autodiff>(std::move(value), inputs, std::move(rule));
  }

  /// An operation whose rule runs on B's kernels: rule(gradient) returns one base tensor per input. It has first
  /// derivatives only; grad(create_graph) through it throws argument_error with the operation's name.
  template <class Rule>
  static tensor first_order_operation(const char* name, typename B::tensor value,
                                      std::initializer_list<const tensor*> inputs, Rule rule) {
    return tape::record<B, autodiff>(std::move(value), std::span(inputs.begin(), inputs.size()),
                                     {.first_order_only = name},
                                     [rule = std::move(rule), count = inputs.size()](auto& step) {
                                       const std::vector<typename B::tensor> gradients = rule(step.gradient().value());
                                       for (std::size_t i = 0; i < count; ++i)
                                         step.give(i, [&] { return tensor(gradients[i]); });
                                     });
  }

 private:
  using node = tape::node<B>;

  static void renew(tensor& x) {
    if (x.requires_grad()) x = parameter(x);
  }

  /// The nodes between the root and wrt, oldest first; marks them in `all`. Iterative: graphs may be deep.
  static std::vector<std::shared_ptr<node>> wanted_nodes(const std::shared_ptr<node>& root, std::span<const tensor> wrt,
                                                         tape::adjoints<B>& all) {
    std::vector<std::shared_ptr<node>> reached{root};
    all.try_emplace(root.get());
    for (std::size_t next = 0; next < reached.size(); ++next) {
      const auto at = reached[next];
      for (const auto& input : at->inputs)
        if (input && all.try_emplace(input.get()).second) reached.push_back(input);
    }
    std::sort(reached.begin(), reached.end(), [](const auto& a, const auto& b) { return a->number < b->number; });
    for (const auto& x : wrt)
      if (const auto at = all.find(x.made_by().get()); at != all.end()) at->second.wanted = true;
    std::vector<std::shared_ptr<node>> order;
    for (auto& at : reached) {
      bool& wanted = all.at(at.get()).wanted;
      for (const auto& input : at->inputs) wanted = wanted || (input && all.at(input.get()).wanted);
      if (wanted) order.push_back(std::move(at));
    }
    return order;
  }
};

}  // namespace synthmed

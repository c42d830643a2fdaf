// The tape: values that remember how they were made. There is no global tape; a result owns the nodes it came from.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include <synthmed/core/backend.hpp>
#include <synthmed/error.hpp>

namespace synthmed::tape {

/// Base of all nodes. Letting go of a long chain must not recurse once per node, so a node that is let go while another
/// one is being destroyed waits in a list.
class disposable {
 public:
  disposable() = default;
  disposable(const disposable&) = delete;
  disposable& operator=(const disposable&) = delete;
  virtual ~disposable() = default;

  struct dispose {
    void operator()(disposable* dead) const noexcept {
      dead->next_ = waiting_;
      waiting_ = dead;
      if (busy_) return;
      busy_ = true;
      while (waiting_) delete std::exchange(waiting_, waiting_->next_);
      busy_ = false;
    }
  };

 private:
  disposable* next_ = nullptr;
  static inline thread_local disposable* waiting_ = nullptr;
  static inline thread_local bool busy_ = false;
};

template <class B>
class node;

/// A tensor of B and, when it depends on a parameter, the node that made it.
template <class B>
class traced_tensor {
 public:
  traced_tensor() = default;
  explicit traced_tensor(typename B::tensor value) : value_(std::move(value)) {}
  traced_tensor(typename B::tensor value, std::shared_ptr<node<B>> made_by)
      : value_(std::move(value)), node_(std::move(made_by)) {}

  [[nodiscard]] const typename B::tensor& value() const noexcept { return value_; }
  [[nodiscard]] typename B::tensor& value() noexcept { return value_; }
  [[nodiscard]] const std::shared_ptr<node<B>>& made_by() const noexcept { return node_; }
  [[nodiscard]] bool requires_grad() const noexcept { return node_ != nullptr; }

 private:
  typename B::tensor value_;
  std::shared_ptr<node<B>> node_;
};

/// What a node keeps of a backward pass: whether a gradient is wanted, and the sum of those that came.
template <class B>
struct adjoint {
  bool wanted = false;
  bool present = false;
  traced_tensor<B> sum;
};

template <class B>
using adjoints = std::unordered_map<const node<B>*, adjoint<B>>;

/// One rule at work: the gradient of the node's output, and where those of its inputs go.
template <class B, class D>
class step {
 public:
  step(const std::shared_ptr<node<B>>& at, traced_tensor<B> gradient, adjoints<B>& all)
      : at_(at), gradient_(std::move(gradient)), all_(all) {}

  [[nodiscard]] const traced_tensor<B>& gradient() const noexcept { return gradient_; }
  /// The node's own result; only for nodes recorded with keep_output.
  [[nodiscard]] traced_tensor<B> output() const { return traced_tensor<B>(at_->output, at_); }
  /// Whether the gradient of this input is asked for.
  [[nodiscard]] bool wants(std::size_t input) const {
    const auto found = at_->inputs[input] ? all_.find(at_->inputs[input].get()) : all_.end();
    return found != all_.end() && found->second.wanted;
  }
  /// Adds f() to the input's gradient; f is not called when nobody wants it.
  template <class F>
  void give(std::size_t input, F&& f) {
    if (!wants(input)) return;
    auto& to = all_.find(at_->inputs[input].get())->second;
    to.sum = to.present ? D::add(to.sum, f()) : f();
    to.present = true;
  }

 private:
  const std::shared_ptr<node<B>>& at_;
  traced_tensor<B> gradient_;
  adjoints<B>& all_;
};

/// How a tensor was made. Numbers grow with time, so every input is older than its result.
template <class B>
class node : public disposable {
 public:
  explicit node(shape result) : dims(result) {}

  const std::uint64_t number = next_number_.fetch_add(1, std::memory_order_relaxed);
  shape dims;
  std::vector<std::shared_ptr<node>> inputs;  ///< empty pointers where no gradient is needed; none at a parameter
  typename B::tensor output;                  ///< only when the rule asked for it
  const char* first_order_only = nullptr;     ///< the operation's name when its rule cannot be differentiated

  /// Gives gradients to the inputs. Parameters have no rule. `all` belongs to the pass.
  virtual void backward(const std::shared_ptr<node>& /*self*/, traced_tensor<B> /*gradient*/,
                        adjoints<B>& /*all*/) const {}

 private:
  static inline std::atomic<std::uint64_t> next_number_{0};
};

template <class B, class D, class Rule>
class node_with_rule final : public node<B> {
 public:
  node_with_rule(shape result, Rule rule) : node<B>(result), rule_(std::move(rule)) {}
  void backward(const std::shared_ptr<node<B>>& self, traced_tensor<B> gradient, adjoints<B>& all) const override {
    step<B, D> at(self, std::move(gradient), all);
    rule_(at);
  }

 private:
  Rule rule_;
};

template <class B>
[[nodiscard]] std::shared_ptr<node<B>> make_leaf(const shape& dims) {
  return std::shared_ptr<node<B>>(new node<B>(dims), disposable::dispose{});
}

/// How many no_grad scopes this thread is in.
template <class B>
inline thread_local int paused = 0;

/// What record() is told beside the rule.
struct record_options {
  bool keep_output = false;                ///< the rule reads step.output()
  const char* first_order_only = nullptr;  ///< name of an operation whose rule is not made of D's operations
};

/// A result with its rule, a callable of step<B, D>&. The rule is dropped when no input requires gradients or this
/// thread is in a no_grad scope.
template <class B, class D, class Rule>
[[nodiscard]] traced_tensor<B> record(typename B::tensor value, std::span<const traced_tensor<B>* const> inputs,
                                      record_options options, Rule rule) {
  bool needed = false;
  if (paused<B> == 0)
    for (const auto* input : inputs) needed = needed || input->requires_grad();
  if (!needed) return traced_tensor<B>(std::move(value));
  std::shared_ptr<node<B>> made(new node_with_rule<B, D, Rule>(B::shape_of(value), std::move(rule)),
                                disposable::dispose{});
  made->inputs.reserve(inputs.size());
  for (const auto* input : inputs) made->inputs.push_back(input->made_by());
  if (options.keep_output) made->output = value;
  made->first_order_only = options.first_order_only;
  return traced_tensor<B>(std::move(value), std::move(made));
}

template <class B, class D, class Rule>
[[nodiscard]] traced_tensor<B> record(typename B::tensor value, std::initializer_list<const traced_tensor<B>*> inputs,
                                      Rule rule) {
  return record<B, D>(std::move(value), std::span(inputs.begin(), inputs.size()), record_options{}, std::move(rule));
}

template <class B, class D, class Rule>
[[nodiscard]] traced_tensor<B> record_keeping_output(typename B::tensor value,
                                                     std::initializer_list<const traced_tensor<B>*> inputs, Rule rule) {
  return record<B, D>(std::move(value), std::span(inputs.begin(), inputs.size()), record_options{.keep_output = true},
                      std::move(rule));
}

/// x for a rule that reads it only when `other` needs a gradient; else nothing, so that no memory is held.
template <class B>
[[nodiscard]] traced_tensor<B> kept_for(const traced_tensor<B>& other, const traced_tensor<B>& x) {
  return other.requires_grad() && paused<B> == 0 ? x : traced_tensor<B>{};
}

}  // namespace synthmed::tape

// The differentiable_backend concept: a backend that also gives gradients, of any order.
#pragma once

#include <concepts>
#include <span>
#include <vector>

#include <synthmed/core/backend.hpp>

namespace synthmed {

/// How grad() works.
struct grad_options {
  /// Record the computation of the gradients themselves, so that they can be differentiated again (a gradient
  /// penalty needs it). Costs memory: everything that the backward pass touched stays alive. Default off.
  bool create_graph = false;
};

/// A backend whose tensors remember how they were made.
///   parameter(x)    a leaf with x's values of which gradients can be asked
///   constant(x), detach(x)   the same values without history
///   requires_grad(x)  whether x depends on a parameter
///   no_grad         while an object of this type lives, this thread records nothing
///   grad(y, wrt, options)   d y / d wrt[i] for a y with one element; zeros where y does not depend on wrt[i]
/// Laws (testing/differentiable_laws.hpp): grad is linear in y; grad of a detached tensor is zero; values are the same
/// with and without recording; grad(create_graph) has the values of grad().
template <class D>
concept differentiable_backend = backend<D> && requires(const typename D::tensor& x,
                                                        std::span<const typename D::tensor> wrt,
                                                        const grad_options& options) {
  { D::parameter(x) } -> std::same_as<typename D::tensor>;
  { D::constant(x) } -> std::same_as<typename D::tensor>;
  { D::detach(x) } -> std::same_as<typename D::tensor>;
  { D::requires_grad(x) } -> std::same_as<bool>;
  requires std::default_initializable<typename D::no_grad>;
  { D::grad(x, wrt, options) } -> std::same_as<std::vector<typename D::tensor>>;
};

}  // namespace synthmed

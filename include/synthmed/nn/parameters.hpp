// Walking the tensors of a network by name: what optimizers, averages, checkpoints and counters need.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/hana/accessors.hpp>
#include <boost/hana/concept/struct.hpp>
#include <boost/hana/core/to.hpp>
#include <boost/hana/define_struct.hpp>
#include <boost/hana/first.hpp>
#include <boost/hana/for_each.hpp>
#include <boost/hana/second.hpp>
#include <boost/hana/string.hpp>
#include <boost/hana/tuple.hpp>

#include <synthmed/core/differentiable.hpp>
#include <synthmed/error.hpp>
#include <synthmed/nn/layer.hpp>

namespace synthmed::nn {

// A tree of tensors is one of: nothing<tensor>; a struct declared with BOOST_HANA_DEFINE_STRUCT whose members are
// tensors or trees and which has a member type `tensor`; parts<...>, the trees of a container's layers; or
// repeated<...>, many trees of one type. A part with an empty name adds nothing to the names below it.

/// The trees of a container's layers; Names::at(i) is the name of part i.
template <class Tensor, class Names, class... Trees>
struct parts {
  using tensor = Tensor;
  boost::hana::tuple<Trees...> trees;

  template <std::size_t I>
  [[nodiscard]] auto& get() noexcept {
    return boost::hana::at_c<I>(trees);
  }
  template <std::size_t I>
  [[nodiscard]] const auto& get() const noexcept {
    return boost::hana::at_c<I>(trees);
  }
};

/// Count trees of one type, walked by a loop: a network of a hundred equal steps costs the compiler one. Names::at(i) is
/// the name of tree i.
template <class Tensor, class Names, class Tree, std::size_t Count>
struct repeated {
  using tensor = Tensor;
  std::array<Tree, Count> trees;
};

namespace detail {

template <class Tree>
inline constexpr bool is_nothing = false;
template <class Tensor>
inline constexpr bool is_nothing<nothing<Tensor>> = true;
template <class Tree>
inline constexpr bool is_parts = false;
template <class Tensor, class Names, class... Trees>
inline constexpr bool is_parts<parts<Tensor, Names, Trees...>> = true;

// Whether a tree is known to hold no tensor.
template <class Tree>
inline constexpr bool is_empty = is_nothing<Tree>;
template <class Tensor, class Names, class... Trees>
inline constexpr bool is_empty<parts<Tensor, Names, Trees...>> = (is_empty<Trees> && ...);

template <class Tree>
inline constexpr bool is_repeated = false;
template <class Tensor, class Names, class Tree, std::size_t Count>
inline constexpr bool is_repeated<repeated<Tensor, Names, Tree, Count>> = true;

template <class Tensor, class Names, class Tree, std::size_t Count, class Visit>
void for_each_part(repeated<Tensor, Names, Tree, Count>& tree, Visit&& visit) {
  for (std::size_t i = 0; i < Count; ++i) visit(std::string(Names::at(i)), tree.trees[i]);
}
template <class Tensor, class Names, class Tree, std::size_t Count, class Visit>
void for_each_part(const repeated<Tensor, Names, Tree, Count>& tree, Visit&& visit) {
  for (std::size_t i = 0; i < Count; ++i) visit(std::string(Names::at(i)), tree.trees[i]);
}
template <class Tensor, class Names, class... Trees, class Visit>
void for_each_part(parts<Tensor, Names, Trees...>& tree, Visit&& visit) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (visit(std::string(Names::at(I)), boost::hana::at_c<I>(tree.trees)), ...);
  }
  (std::index_sequence_for<Trees...>{});
}
template <class Tensor, class Names, class... Trees, class Visit>
void for_each_part(const parts<Tensor, Names, Trees...>& tree, Visit&& visit) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (visit(std::string(Names::at(I)), boost::hana::at_c<I>(tree.trees)), ...);
  }
  (std::index_sequence_for<Trees...>{});
}

template <class Tree, class F>
void walk(const std::string& path, Tree& tree, F& f) {
  using plain = std::remove_const_t<Tree>;
  const auto below = [&](const std::string& name) {
    return path.empty() ? name : name.empty() ? path : path + "." + name;
  };
  if constexpr (is_nothing<plain>) {
    (void)below;
  } else if constexpr (is_parts<plain> || is_repeated<plain>) {
    for_each_part(tree, [&](const std::string& name, auto& part) { walk(below(name), part, f); });
  } else if constexpr (boost::hana::Struct<plain>::value) {
    boost::hana::for_each(boost::hana::accessors<plain>(), [&](auto accessor) {
      walk(below(boost::hana::to<const char*>(boost::hana::first(accessor))), boost::hana::second(accessor)(tree), f);
    });
  } else {
    // A tensor type that is itself called `tensor` is no tree.
    static_assert(
        !requires { typename plain::tensor; requires !std::same_as<typename plain::tensor, plain>; },
        "synthmed: declare this tree of tensors with BOOST_HANA_DEFINE_STRUCT so that it can be walked.");
    f(path, tree);
  }
}

}  // namespace detail

/// Calls f(name, tensor) for every tensor of a tree of parameters or buffers, in a fixed order. Names are paths such as
/// "0.weight" or "down.conv.bias". The tensor is a reference, constant when the tree is.
template <class Tree, class F>
void for_each_parameter(Tree&& tree, F&& f) {
  detail::walk(std::string(), tree, f);
}

/// The names of a tree's tensors, in order.
template <class Tree>
[[nodiscard]] std::vector<std::string> names(const Tree& tree) {
  std::vector<std::string> out;
  for_each_parameter(tree, [&](const std::string& name, const auto&) { out.push_back(name); });
  return out;
}

/// The tensors of a tree, in order (cheap copies).
template <class Tree>
[[nodiscard]] std::vector<typename Tree::tensor> tensors(const Tree& tree) {
  std::vector<typename Tree::tensor> out;
  for_each_parameter(tree, [&](const std::string&, const auto& x) { out.push_back(x); });
  return out;
}

/// How many tensors a tree has.
template <class Tree>
[[nodiscard]] std::size_t size(const Tree& tree) {
  std::size_t count = 0;
  for_each_parameter(tree, [&](const std::string&, const auto&) { ++count; });
  return count;
}

/// How many numbers a tree holds on backend B.
template <backend B, class Tree>
[[nodiscard]] std::int64_t count(const Tree& tree) {
  std::int64_t total = 0;
  for_each_parameter(tree, [&](const std::string&, const auto& x) { total += B::shape_of(x).elements(); });
  return total;
}

/// Replaces the tensors of a tree, in order. Throws argument_error for another number of tensors.
template <class Tree>
void assign(Tree& tree, const std::vector<typename Tree::tensor>& values) {
  if (values.size() != size(tree))
    throw argument_error(sentence("A tree of ", size(tree), " tensors cannot take ", values.size(), "."));
  std::size_t i = 0;
  for_each_parameter(tree, [&](const std::string&, auto& x) { x = values[i++]; });
}

/// Calls f(name, a, b, ...) for the tensors of trees with the same structure, one from each: parameters, their
/// gradients and moments; also trees of different backends. Throws argument_error when their numbers differ.
template <class F, class First, class... Rest>
void zip(F&& f, First& first, Rest&... rest) {
  const auto pointers = []<class Tree>(Tree& tree) {
    using tensor = std::conditional_t<std::is_const_v<Tree>, const typename Tree::tensor, typename Tree::tensor>;
    std::vector<tensor*> out;
    for_each_parameter(tree, [&](const std::string&, auto& x) { out.push_back(&x); });
    return out;
  };
  const auto others = std::make_tuple(pointers(rest)...);
  std::apply(
      [&](const auto&... list) {
        const std::size_t expected = size(first);
        if (((list.size() != expected) || ...))
          throw argument_error("Trees that are walked together need the same number of tensors.");
        std::size_t i = 0;
        for_each_parameter(first, [&](const std::string& name, auto& x) {
          f(name, x, *list[i]...);
          ++i;
        });
      },
      others);
}

/// A tree of type Target with f(tensor) in the place of every tensor: `map<parameters_of<L, D>>(weights, D::wrap)`.
template <class Target, class Tree, class F>
[[nodiscard]] Target map(const Tree& tree, F&& f) {
  Target out{};
  zip([&](const std::string&, const auto& from, auto& to) { to = f(from); }, tree, out);
  return out;
}

/// Zeros of every tensor's shape on backend B: the moments of an optimizer that has not stepped yet.
template <backend B, class Tree>
[[nodiscard]] Tree zeros_like(const Tree& tree) {
  return map<Tree>(tree, [](const auto& x) { return B::full(B::shape_of(x), 0); });
}

/// The same tree as trained parameters: leaves of which gradients can be asked.
template <differentiable_backend D, class Tree>
[[nodiscard]] Tree trainable(const Tree& tree) {
  return map<Tree>(tree, [](const auto& x) { return D::parameter(x); });
}

/// The same tree without history: a network that is only run.
template <differentiable_backend D, class Tree>
[[nodiscard]] Tree frozen(const Tree& tree) {
  return map<Tree>(tree, [](const auto& x) { return D::detach(x); });
}

}  // namespace synthmed::nn

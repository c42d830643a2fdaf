// Trees of tensors in safetensors files: the parts of a checkpoint, written and read by name, strictly.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/io/safetensors.hpp>
#include <synthmed/nn/init.hpp>
#include <synthmed/nn/parameters.hpp>
#include <synthmed/ops/storage.hpp>

namespace synthmed::train {

/// Adds every tensor of a tree under `prefix`.name, in the backend's own precision.
template <backend B, class Tree>
void add_tree(safetensors_writer& file, const std::string& prefix, const Tree& tree) {
  nn::for_each_parameter(tree, [&](const std::string& name, const typename B::tensor& x) {
    const auto values = ops::to_host<B>(x);
    file.add<typename B::scalar>(prefix + "." + name, B::shape_of(x), values);
  });
}

/// Fills a tree from `prefix`.name. Throws format_error, which names the first tensor that is missing and the first of
/// another shape or precision and counts the rest, and leaves the tree as it was.
template <backend B, class Tree>
void read_tree(const safetensors& file, const std::string& prefix, Tree& tree) {
  constexpr auto expected = sizeof(typename B::scalar) == 4 ? element_type::f32 : element_type::f64;
  std::string first_missing, first_other;
  std::size_t missing = 0, other = 0;
  std::vector<typename B::tensor> values;
  nn::for_each_parameter(tree, [&](const std::string& name, const typename B::tensor& x) {
    const std::string full = prefix + "." + name;
    if (!file.contains(full)) {
      if (missing++ == 0) first_missing = full;
      return;
    }
    const auto& entry = file.at(full);
    if (!(entry.dims == B::shape_of(x)) || entry.type != expected) {
      if (other++ == 0)
        first_other = sentence(full, " is ", to_string(entry.type), " ", entry.dims, ", expected ", to_string(expected),
                               " ", B::shape_of(x));
      return;
    }
    const auto host = file.values<typename B::scalar>(full);
    values.push_back(nn::make_parameter<B>(entry.dims, std::span<const typename B::scalar>(host)));
  });
  if (missing + other > 0) {
    std::string problems;
    if (missing > 0)
      problems = first_missing + " is missing" + (missing > 1 ? sentence(", as are ", missing - 1, " more") : "");
    if (other > 0)
      problems += (missing > 0 ? "; " : "") + first_other + (other > 1 ? sentence(", and ", other - 1, " more") : "");
    throw format_error(sentence(file.source(), " does not fit the network: ", problems, "."));
  }
  nn::assign(tree, values);
}

}  // namespace synthmed::train

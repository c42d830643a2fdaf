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

/// Fills a tree from `prefix`.name. Throws format_error, naming every tensor that is missing or has another shape or
/// precision, and leaves the tree as it was.
template <backend B, class Tree>
void read_tree(const safetensors& file, const std::string& prefix, Tree& tree) {
  constexpr auto expected = sizeof(typename B::scalar) == 4 ? element_type::f32 : element_type::f64;
  std::string problems;
  std::vector<typename B::tensor> values;
  nn::for_each_parameter(tree, [&](const std::string& name, const typename B::tensor& x) {
    const std::string full = prefix + "." + name;
    if (!file.contains(full)) {
      problems += sentence(problems.empty() ? "" : "; ", full, " is missing");
      return;
    }
    const auto& entry = file.at(full);
    if (!(entry.dims == B::shape_of(x)) || entry.type != expected) {
      problems += sentence(problems.empty() ? "" : "; ", full, " is ", to_string(entry.type), " ", entry.dims,
                           ", expected ", to_string(expected), " ", B::shape_of(x));
      return;
    }
    const auto host = file.values<typename B::scalar>(full);
    values.push_back(nn::make_parameter<B>(entry.dims, std::span<const typename B::scalar>(host)));
  });
  if (!problems.empty()) throw format_error(sentence("The file does not fit the network: ", problems, "."));
  nn::assign(tree, values);
}

}  // namespace synthmed::train

// What an oracle's program writes: tensors and trees of any backend in a safetensors file, in the backend's precision.
#pragma once

#include <string>

#include <synthmed/io/safetensors.hpp>
#include <synthmed/nn/parameters.hpp>
#include <synthmed/ops/storage.hpp>

namespace synthmed_oracle {

/// Adds one tensor.
template <synthmed::backend B>
void record(synthmed::safetensors_writer& file, const std::string& name, const typename B::tensor& x) {
  const auto values = synthmed::ops::to_host<B>(x);
  file.add<typename B::scalar>(name, B::shape_of(x), values);
}

/// Adds every tensor of a tree of parameters or buffers as `prefix`.name.
template <synthmed::backend B, class Tree>
void record_tree(synthmed::safetensors_writer& file, const std::string& prefix, const Tree& tree) {
  synthmed::nn::for_each_parameter(
      tree, [&](const std::string& name, const auto& x) { record<B>(file, prefix + "." + name, x); });
}

}  // namespace synthmed_oracle

// A network in evaluation mode as work.
#pragma once

#include <string>

#include <synthmed/ops/ops.hpp>
#include <synthmed/train/checkpoint.hpp>

#include "work.hpp"

namespace bench_training {

/// Outputs of one batch again and again. `tree` is the name of the weights in the worker's file, as the trainer of this
/// network has it; `buffers` that of the running statistics.
template <class B, class Net>
work inference(const std::string& name, const std::string& tree, const std::string& buffers_tree,
               const synthmed::shape& extents) {
  const auto make = [=] {
    const synthmed::key root(2);
    const auto weights = Net{}.template init<B>(root.fold("weights"));
    const auto buffers = Net{}.template initial_buffers<B>();
    const auto pictures = synthmed::ops::normal<B>(root.fold("pictures"), extents);
    return running{
        .images = extents[0],
        .describe =
            [=](synthmed::safetensors_writer& out) {
              synthmed::train::add_tree<B>(out, tree, weights);
              synthmed::train::add_tree<B>(out, buffers_tree, buffers);
              const auto values = synthmed::ops::to_host<B>(pictures);
              out.add<typename B::scalar>("pictures", extents, values);
            },
        .step =
            [=] {
              const auto y = Net{}.template apply<B>(weights, buffers, pictures, {}).y;
              const auto square = synthmed::ops::mean<B>(synthmed::ops::square<B>(y));
              return std::vector<figure>{{"mean_square", static_cast<double>(synthmed::ops::item<B>(square))}};
            }};
  };
  return {name, make};
}

}  // namespace bench_training

// ResNet-18 training and inference as work, pictures of 224 x 224.
#pragma once

#include <memory>

#include <synthmed/models/resnet.hpp>
#include <synthmed/train/classifier_trainer.hpp>
#include <synthmed/train/learning_rate.hpp>

#include "inference.hpp"
#include "work.hpp"

namespace bench_training {

using resnet18 = synthmed::models::resnet<synthmed::models::resnet18_options(1000)>;

template <class D>
work resnet_training(const std::string& name, std::int64_t count) {
  const auto make = [count] {
    using trainer = synthmed::train::classifier_trainer<D, resnet18, synthmed::train::constant_rate>;
    const synthmed::key root(3);
    auto run = std::make_shared<trainer>(root, synthmed::train::constant_rate(1e-3, 1'000'000));
    auto seen = std::make_shared<synthmed::batch>();
    seen->extents = {count, 3, 224, 224};
    const auto values = synthmed::ops::to_host<D>(synthmed::ops::normal<D>(root.fold("pictures"), seen->extents));
    seen->pixels.assign(values.begin(), values.end());
    for (std::int64_t i = 0; i < count; ++i) seen->labels.push_back(static_cast<int>(31 * i % 1000));
    return running{.images = count,
                   .describe =
                       [run, seen](synthmed::safetensors_writer& out) {
                         run->write(out);
                         out.add<float>("pictures", seen->extents, seen->pixels);
                         const std::vector<std::int64_t> labels(seen->labels.begin(), seen->labels.end());
                         out.add<std::int64_t>("labels", {seen->extents[0]}, labels);
                       },
                   .step = [run, seen] { return std::vector<figure>{{"loss", run->step(*seen).loss}}; }};
  };
  return {name, make};
}

template <class D, class B>
std::vector<work> resnet_works() {
  return {resnet_training<D>("resnet18-224-train", 32),
          inference<B, resnet18>("resnet18-224-infer", "weights", "buffers", {32, 3, 224, 224})};
}

}  // namespace bench_training

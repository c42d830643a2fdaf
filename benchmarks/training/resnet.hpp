// ResNet-18 training and inference as work, pictures of 224 x 224.
#pragma once

#include <memory>

#include <synthmed/models/resnet.hpp>
#include <synthmed/train/classifier_trainer.hpp>
#include <synthmed/train/learning_rate.hpp>

#include "work.hpp"

namespace bench_training {

template <class D>
work resnet_training(const std::string& name, std::int64_t count) {
  const auto make = [count] {
    using net = synthmed::models::resnet<synthmed::models::resnet18_options(1000)>;
    using trainer = synthmed::train::classifier_trainer<D, net, synthmed::train::constant_rate>;
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

template <class B>
work resnet_inference(const std::string& name, std::int64_t count) {
  const auto make = [count] {
    using net = synthmed::models::resnet<synthmed::models::resnet18_options(1000)>;
    const synthmed::key root(3);
    const auto weights = net{}.template init<B>(root.fold("init"));
    const auto buffers = net{}.template initial_buffers<B>();
    const auto pictures = synthmed::ops::normal<B>(root.fold("pictures"), {count, 3, 224, 224});
    return running{.images = count,
                   .describe =
                       [=](synthmed::safetensors_writer& out) {
                         synthmed::train::add_tree<B>(out, "weights", weights);
                         synthmed::train::add_tree<B>(out, "buffers", buffers);
                         const auto values = synthmed::ops::to_host<B>(pictures);
                         out.add<typename B::scalar>("pictures", B::shape_of(pictures), values);
                       },
                   .step =
                       [=] {
                         const auto y = net{}.template apply<B>(weights, buffers, pictures, {}).y;
                         return std::vector<figure>{
                             {"mean_square", static_cast<double>(synthmed::ops::item<B>(
                                                 synthmed::ops::mean<B>(synthmed::ops::square<B>(y))))}};
                       }};
  };
  return {name, make};
}

template <class D, class B>
std::vector<work> resnet_works() {
  return {resnet_training<D>("resnet18-224-train", 32), resnet_inference<B>("resnet18-224-infer", 32)};
}

}  // namespace bench_training

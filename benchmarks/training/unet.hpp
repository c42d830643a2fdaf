// U-Net training and inference as work, pictures of 256 x 256.
#pragma once

#include <algorithm>
#include <memory>

#include <synthmed/models/vessel_unet.hpp>
#include <synthmed/train/learning_rate.hpp>
#include <synthmed/train/segmenter_trainer.hpp>

#include "inference.hpp"
#include "work.hpp"

namespace bench_training {

/// Base 32, depth 4.
inline constexpr synthmed::models::vessel_unet_options<5> large_unet{.channels = {32, 64, 128, 256, 512},
                                                                     .image_channels = 3};

template <class D, class Scalar = typename D::scalar>
std::vector<float> floats_of(const typename D::tensor& x) {
  const auto values = synthmed::ops::to_host<D>(x);
  return {values.begin(), values.end()};
}

template <class D, auto Options>
work unet_training(const std::string& name, std::int64_t batch) {
  const auto make = [batch] {
    using net = synthmed::models::vessel_unet<Options>;
    using trainer = synthmed::train::segmenter_trainer<D, net, synthmed::train::constant_rate>;
    const synthmed::key root(2);
    auto run = std::make_shared<trainer>(net{}, root, synthmed::train::constant_rate(1e-3, 1'000'000), "benchmark",
                                         synthmed::train::segmenter_training{.loss = {.cross_entropy = 1, .dice = 0}});
    const synthmed::shape pictures{batch, net::image_channels, 256, 256}, truth{batch, 1, 256, 256};
    auto seen = std::make_shared<synthmed::patch_batch>();
    seen->extents = pictures;
    seen->pixels = floats_of<D>(synthmed::ops::normal<D>(root.fold("pictures"), pictures));
    seen->truth = floats_of<D>(synthmed::ops::uniform<D>(root.fold("truth"), truth));
    for (auto& t : seen->truth) t = t < 0.1f ? 1.0f : 0.0f;
    seen->field.assign(seen->truth.size(), 1.0f);
    return running{.images = batch,
                   .describe =
                       [run, seen, truth](synthmed::safetensors_writer& out) {
                         run->write(out);
                         out.add<float>("pictures", seen->extents, seen->pixels);
                         out.add<float>("truth", truth, seen->truth);
                       },
                   .step =
                       [run, seen] {
                         return std::vector<figure>{{"loss", run->step(*seen).loss}};
                       }};
  };
  return {name, make};
}

template <class B, auto Options>
work unet_inference(const std::string& name) {
  using net = synthmed::models::vessel_unet<Options>;
  return inference<B, net>(name, "segmenter", "segmenter.buffers", {4, net::image_channels, 256, 256});
}

template <class D, class B>
std::vector<work> unet_works() {
  return {unet_training<D, large_unet>("unet-256-train", 4), unet_inference<B, large_unet>("unet-256-infer"),
          unet_training<D, synthmed::models::small_unet>("unet-small-256-train", 4),
          unet_inference<B, synthmed::models::small_unet>("unet-small-256-infer")};
}

}  // namespace bench_training

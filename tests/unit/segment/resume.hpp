// A tiny U-Net's training, and the check that it goes on from a file to the same bytes.
#pragma once

#include <support/catch.hpp>

#include <string>

#include <synthmed/data/patches.hpp>
#include <synthmed/models/vessel_unet.hpp>
#include <synthmed/parallel.hpp>
#include <synthmed/train/learning_rate.hpp>
#include <synthmed/train/segmenter_trainer.hpp>
#include <unit/data/scratch.hpp>

namespace synthmed_test {

inline constexpr synthmed::models::vessel_unet_options<2> tiny_unet{.channels = {4, 6}, .dropout = 0.1};

template <class D>
struct tiny_trainer {
  using network = synthmed::models::vessel_unet<tiny_unet>;
  using type = synthmed::train::segmenter_trainer<D, network, synthmed::train::cosine_rate>;

  static type make(std::int64_t steps) {
    return type(network{}, synthmed::key(1), synthmed::train::cosine_rate({.peak = 2e-2, .steps = steps, .warm_up = 1}),
                "tiny", {.optimizer = {.weight_decay = 1e-4}});
  }
  /// Where the picture is bright there is a vessel.
  static synthmed::patch_source patches() {
    auto image = noise(3, 24, 24);
    auto truth = image;
    for (auto& v : truth.pixels()) v = v > 128 ? 255 : 0;
    return synthmed::patch_source(
        {{image, truth, {}}}, synthmed::key(2),
        {.size = 8, .batch = 4, .degrees = 0, .zoom = 0, .brightness = 0, .contrast = 0, .gamma = 0});
  }
};

template <class Trainer>
std::string bytes_of(const Trainer& t) {
  synthmed::safetensors_writer file;
  t.write(file);
  return file.bytes();
}

/// Steps 0 to 5 at once, and 0 to 2, a file, 3 to 5 in a new trainer: with 2 threads and with 4.
template <class D>
void goes_on_to_the_same_bytes() {
  using trainer = tiny_trainer<D>;
  const auto patches = trainer::patches();
  const auto advance = [&](auto& t, int steps) {
    for (int i = 0; i < steps; ++i) (void)t.step(patches.at(static_cast<std::uint64_t>(t.next_step())));
  };
  const int before = synthmed::threads();
  for (const int count : {2, 4}) {
    synthmed::set_threads(count);
    auto whole = trainer::make(8), first = trainer::make(8);
    advance(whole, 6);
    advance(first, 3);
    const std::string middle = bytes_of(first);
    auto second = trainer::make(8);
    second.read(synthmed::safetensors::parse(middle, "middle"));
    CHECK(second.next_step() == 3);
    CHECK(bytes_of(second) == middle);
    advance(second, 3);
    CHECK(bytes_of(second) == bytes_of(whole));
    CHECK(bytes_of(second) != middle);

    // Another network's file changes nothing.
    synthmed::safetensors_writer other;
    other.add<std::int64_t>("next_step", {1}, std::vector<std::int64_t>{1});
    const auto kept = bytes_of(second);
    CHECK(contains(
        message_of<synthmed::format_error>([&] { second.read(synthmed::safetensors::parse(other.bytes(), "other")); }),
        "segmenter.in.conv0.weight is missing"));
    CHECK(bytes_of(second) == kept);
  }
  synthmed::set_threads(before);
}

}  // namespace synthmed_test

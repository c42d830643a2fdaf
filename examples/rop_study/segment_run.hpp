// rop_study segment on a backend: training and running a U-Net. One unit per backend instantiates it.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/io/file.hpp>
#include <synthmed/models/vessel_unet.hpp>
#include <synthmed/train/learning_rate.hpp>
#include <synthmed/train/segmenter_trainer.hpp>

#include "segment.hpp"

namespace rop_study {

/// A U-Net of the given options on backend B.
template <class B, auto Options>
class unet_on final : public unet {
  using D = synthmed::autodiff<B>;
  using network = synthmed::models::vessel_unet<Options>;
  using trainer = synthmed::train::segmenter_trainer<D, network, synthmed::train::cosine_rate>;
  /// Only our own shape is trained; a trainer for the other one would double what this unit takes to compile.
  static constexpr bool trains = Options.batch_norm;

 public:
  bool train([[maybe_unused]] const segment_settings& s, [[maybe_unused]] const synthmed::patch_source& patches,
             [[maybe_unused]] const std::string& data) override {
    if constexpr (trains) {
      auto made = trainer_of(s);
      const training_place place{s.training.common.out / "unet", "segment", B::name(), data};
      const auto end = train_in(s.training, place, made,
                                [&](std::int64_t step) { return patches.at(static_cast<std::uint64_t>(step)); });
      parameters_ = plain<synthmed::nn::parameters_of<network, B>>(made.parameters());
      buffers_ = plain<synthmed::nn::buffers_of<network, B>>(made.buffers());
      return end.next_step == made.total_steps();
    } else {
      throw synthmed::argument_error("retina-unet's shape is only run with weights that are there, never trained.");
    }
  }

  stage_cost cost([[maybe_unused]] const segment_settings& s,
                  [[maybe_unused]] const synthmed::patch_source& patches) override {
    stage_cost said{.stage = "U-Net"};
    if constexpr (trains) {
      auto made = trainer_of(s);
      said.steps = std::min(s.training.steps.value_or(made.total_steps()), made.total_steps());
      said.disk_bytes = checkpoint_disk(made);
      // A trial trainer of more steps than a measurement makes.
      trainer trial(network{}, synthmed::key(0), synthmed::train::cosine_rate({.peak = s.rate, .steps = 10'000}),
                    "trial");
      const auto batch = patches.at(0);
      said.seconds = static_cast<double>(said.steps) * seconds_per_call([&] { (void)trial.step(batch); });
      said.memory_bytes = static_cast<double>(synthmed::train::peak_memory());
    }
    return said;
  }

  void read(const std::filesystem::path& file) override {
    if constexpr (!Options.batch_norm) {
      if (is_retina_unet(file)) {
        const std::string bytes = synthmed::read_file(file);
        std::vector<float> numbers(bytes.size() / sizeof(float));
        std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(float));
        parameters_ = synthmed::models::unet_from_numbers<B, Options>(numbers, true);
        return;
      }
    }
    const auto stored = synthmed::safetensors::read(file);
    synthmed::train::read_tree<B>(stored, "segmenter", parameters_);
    synthmed::train::read_tree<B>(stored, "segmenter.buffers", buffers_);
  }

  void write(const std::filesystem::path& file) const override {
    synthmed::safetensors_writer out;
    synthmed::train::add_tree<B>(out, "segmenter", parameters_);
    synthmed::train::add_tree<B>(out, "segmenter.buffers", buffers_);
    out.set_metadata("network", name());
    out.write(file);
  }

  std::vector<float> probabilities(const synthmed::models::picture_view& picture,
                                   const segment_settings& s) const override {
    return s.patches ? synthmed::models::segment_windows<B>(network{}, parameters_, buffers_, picture, s.windows)
                     : synthmed::models::segment_whole<B>(network{}, parameters_, buffers_, picture);
  }

 private:
  static const char* name() { return Options.batch_norm ? "small_unet" : "retina_unet"; }

  static trainer trainer_of(const segment_settings& s) {
    const std::string about = synthmed::sentence(name(), ", patches of ", s.patch.size, " px, batch ", s.patch.batch,
                                                 ", seed ", s.training.common.seed);
    return trainer(
        network{}, synthmed::key(s.training.common.seed).fold("segment"),
        synthmed::train::cosine_rate({.peak = s.rate, .steps = s.train_steps, .warm_up = s.train_steps / 50}), about,
        {.loss = s.loss, .optimizer = {.weight_decay = 1e-4}});
  }

  template <class Target, class Tree>
  static Target plain(const Tree& tree) {
    return synthmed::nn::map<Target>(tree, [](const auto& x) { return D::unwrap(x); });
  }

  synthmed::nn::parameters_of<network, B> parameters_ = network{}.template init<B>(synthmed::key(0));
  synthmed::nn::buffers_of<network, B> buffers_ = network{}.template initial_buffers<B>();
};

template <class B>
std::unique_ptr<unet> make_unet(bool retina) {
  if (retina) return std::make_unique<unet_on<B, synthmed::models::retina_unet>>();
  return std::make_unique<unet_on<B, synthmed::models::small_unet>>();
}

}  // namespace rop_study

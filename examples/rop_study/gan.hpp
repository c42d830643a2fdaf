// What the parts of `rop_study gan` and `rop_study synthesize` share: a run's plan, and the engine that a backend provides.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <synthmed/data/loader.hpp>
#include <synthmed/data/picture.hpp>
#include <synthmed/random/key.hpp>
#include <synthmed/train/diff_augment.hpp>
#include <synthmed/train/pgan_recipes.hpp>

#include "training.hpp"

namespace rop_study {

/// The named networks: quick (to 64 px, one convolution per stage), small (to 64 px, two), full (the study's channels, to 512 px).
enum class gan_network { quick, small, full };
[[nodiscard]] std::string to_string(gan_network network);
[[nodiscard]] gan_network network_of(const std::string& name);

/// What the networks minimise: the study's WGAN-GP, or the non-saturating loss with the R1 penalty.
enum class gan_loss { wgan_gp, ns_r1 };
[[nodiscard]] std::string to_string(gan_loss loss);
[[nodiscard]] gan_loss loss_of(const std::string& name);

/// Any schedule of a GAN: a recipe's, or a preset's own.
class gan_schedule {
 public:
  using settings = synthmed::train::growth;

  template <synthmed::train::schedule S>
    requires(!std::same_as<S, gan_schedule>)
  explicit gan_schedule(S plan) : total_(plan.total_steps()), at_([plan = std::move(plan)](std::int64_t step) { return plan.at(step); }) {}

  [[nodiscard]] settings at(std::int64_t step) const { return at_(step); }
  [[nodiscard]] std::int64_t total_steps() const noexcept { return total_; }

 private:
  std::int64_t total_;
  std::function<settings(std::int64_t)> at_;
};

/// What a network is, beside its weights, and how it is trained.
struct gan_design {
  gan_network network = gan_network::quick;
  synthmed::train::recipe recipe = synthmed::train::recipe::synthmed;  ///< whose protocol: networks, schedule, pixel values
  gan_loss loss = gan_loss::wgan_gp;                                    ///< does not matter to a trained network
  friend bool operator==(const gan_design&, const gan_design&) = default;
};

/// Trained networks, to be asked: pictures are grey values in [-1, 1] as the networks have them, row by row.
struct gan_view {
  std::int64_t resolution = 4;  ///< pixels along an edge
  /// Pictures of the averaged generator from latents [n, latent].
  std::function<std::vector<float>(std::span<const float> latents)> sample;
  /// The critic's score of each picture on its own.
  std::function<std::vector<float>(std::span<const float> pictures)> score;
};

/// One training run.
struct gan_task {
  gan_schedule plan;
  synthmed::key key{0};
  std::string about{};                                          ///< class, data, seed: kept in checkpoints
  training_place place{};
  std::function<synthmed::batch(std::int64_t)> batches{};       ///< the batch of a step
  std::filesystem::path init_from{};                            ///< a checkpoint to begin with; empty: random weights
  synthmed::train::diff_augment augmentation{};                 ///< of what the critic sees
  std::function<void(const gan_view&, bool stage_ended)> show{};///< after a stage, and where the run stops
  std::filesystem::path generator{};                            ///< file of the averaged generator, written with each show
  std::vector<std::pair<std::string, std::string>> notes{};     ///< metadata of that file
};

/// What an engine knows of a stage before it is trained.
struct gan_cost {
  std::int64_t resolution = 4, steps = 0;
  double seconds_per_step = 0;
  bool measured = false;  ///< false: from the arithmetic of a smaller stage
};

/// The networks of a design on a backend. Safe from several threads where the backend is.
class gan_engine {
 public:
  virtual ~gan_engine() = default;
  [[nodiscard]] virtual std::string backend() const = 0;
  [[nodiscard]] virtual std::int64_t latent() const = 0;
  [[nodiscard]] virtual std::int64_t largest() const = 0;  ///< resolution
  /// Trains to the end, --steps, --time-limit or Ctrl-C, as train_in() does.
  virtual synthmed::train::run_result train(const training_options& options, const gan_task& task) const = 0;
  /// The networks of a file that train() wrote; score is empty. Throws format_error for a file of another network.
  [[nodiscard]] virtual gan_view open(const std::filesystem::path& generator) const = 0;
  /// Cost of each stage of a schedule, and bytes on the disk of its checkpoints.
  [[nodiscard]] virtual std::vector<gan_cost> costs(const gan_schedule& plan, double& disk) const = 0;
};

/// Engines by backend. Throws argument_error for a design that is not compiled in.
[[nodiscard]] std::unique_ptr<gan_engine> xtensor_gan(const gan_design& design);
[[nodiscard]] std::unique_ptr<gan_engine> torch_gan(const gan_design& design, const std::string& device);
[[nodiscard]] std::unique_ptr<gan_engine> gan_on(const std::string& backend, const std::string& device, const gan_design& design);
// The full network is a unit of its own.
[[nodiscard]] std::unique_ptr<gan_engine> xtensor_full_gan(const gan_design& design);
[[nodiscard]] std::unique_ptr<gan_engine> torch_full_gan(const gan_design& design);

}  // namespace rop_study

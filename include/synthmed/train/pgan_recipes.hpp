// Three named ways to train a progressive GAN, which differ in policies only: the published study's, the paper's, ours.
// Loss and optimiser are the same for all (gan_training's defaults); the study's sums are means under Adam.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/models/pgan.hpp>
#include <synthmed/train/progressive_schedule.hpp>

namespace synthmed::train {

/// What a run is like; docs/gan.md compares them line by line.
enum class recipe {
  seed,      ///< the published study's code with its counters, for tests of equivalence
  paper,     ///< Karras et al. (2018) on one GPU
  synthmed,  ///< ours: the paper's networks, the study's budget in images, every batch whole, every fade to its end
};

[[nodiscard]] constexpr std::string_view to_string(recipe r) noexcept {
  return r == recipe::seed ? "seed" : r == recipe::paper ? "paper" : "synthmed";
}

/// The recipe of a name. Throws argument_error for another name.
[[nodiscard]] inline recipe recipe_named(std::string_view name) {
  for (const auto r : {recipe::seed, recipe::paper, recipe::synthmed})
    if (name == to_string(r)) return r;
  throw argument_error(sentence("A recipe is seed, paper or synthmed, got \"", name, "\"."));
}

/// The options of a recipe's networks; channels[i] belongs to 4 * 2^i px.
template <recipe R, std::size_t Stages>
[[nodiscard]] constexpr models::pgan_options<Stages> networks_of(const std::array<std::int64_t, Stages>& channels,
                                                                 std::int64_t latent = 512,
                                                                 std::int64_t image_channels = 1) {
  auto options =
      R == recipe::seed ? models::seed_options(channels) : models::pgan_options<Stages>{.channels = channels};
  options.latent = latent;
  options.image_channels = image_channels;
  return options;
}

/// Our schedule to `resolution` px, 8 to 512: the study's planned pictures per resolution (768 thousand at 4 px, 1.5
/// million to 128 px, 768 and 192 thousand at 256 and 512 px) times `share`, the first fifth of them fading; batches of
/// 16, at 256 px 8, at 512 px 4; the average by images; the rate falls to a tenth over the last 30 % of the last stage.
/// Throws argument_error for another resolution, or a share that leaves a stage without a batch.
[[nodiscard]] inline progressive_schedule synthmed_schedule(std::int64_t resolution, double share = 1) {
  if (!(share > 0)) throw argument_error(sentence("A share of the study's pictures is above 0, got ", share, "."));
  std::vector<growth_stage> stages;
  for (std::int64_t r = 4; r <= resolution && r <= 512; r *= 2) {
    const std::int64_t batch = r <= 128 ? 16 : r == 256 ? 8 : 4;
    const double planned = r == 4 ? 768'000 : r <= 128 ? 1'536'000 : r == 256 ? 768'000 : 192'000;
    const auto images = static_cast<std::int64_t>(planned * share) / batch * batch;
    stages.push_back({.resolution = r, .images = images, .fade_images = r == 4 ? 0 : images / 5, .batch = batch});
  }
  if (stages.empty() || stages.back().resolution != resolution)
    throw argument_error(sentence("This schedule goes to 4, 8, ... or 512 px, got ", resolution, "."));
  const double half_life = std::min(11'000.0, std::max(1.0, static_cast<double>(stages.back().images) / 12));
  return progressive_schedule(std::move(stages), {.average_half_life = half_life, .final_rate = 0.1});
}

/// A schedule of any recipe, so that one trainer serves them all.
class recipe_schedule {
 public:
  using settings = growth;

  /// To `resolution` px. `images` is the size of the training set, which the study's counters depend on; `share` scales
  /// our budget. Each is ignored by the other recipes. Throws argument_error as the recipe's own schedule does.
  recipe_schedule(recipe r, std::int64_t resolution, std::int64_t images, double share = 1)
      : plan_(made(r, resolution, images, share)) {}

  [[nodiscard]] growth at(std::int64_t step) const {
    return std::visit([&](const auto& plan) { return plan.at(step); }, plan_);
  }
  [[nodiscard]] std::int64_t total_steps() const {
    return std::visit([](const auto& plan) { return plan.total_steps(); }, plan_);
  }

 private:
  using plans = std::variant<progressive_schedule, seed_schedule>;

  static plans made(recipe r, std::int64_t resolution, std::int64_t images, double share) {
    if (r == recipe::paper) return paper_schedule(resolution);
    if (r == recipe::synthmed) return synthmed_schedule(resolution, share);
    std::int64_t scales = 1;
    while (scales < 8 && (std::int64_t{4} << (scales - 1)) < resolution) ++scales;
    if ((std::int64_t{4} << (scales - 1)) != resolution)
      throw argument_error(sentence("The study's schedule goes to 4, 8, ... or 512 px, got ", resolution, "."));
    return seed_schedule(images, scales);
  }

  plans plan_;
};
static_assert(explain_schedule<recipe_schedule>());

/// Probabilities that a loaded picture is flipped.
struct recipe_flips {
  double horizontal = 0.5;  ///< left-right: also makes a right eye a left one
  double vertical = 0;      ///< upside down; the study has it, the others have not
};
[[nodiscard]] constexpr recipe_flips flips_of(recipe r) noexcept { return {0.5, r == recipe::seed ? 0.5 : 0.0}; }

}  // namespace synthmed::train

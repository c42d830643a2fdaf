// Schedules of progressive growing: which resolution, how far faded in, which batch, at every step.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/train/schedule.hpp>

namespace synthmed::train {

/// What one step of a progressive GAN is told.
struct growth {
  std::int64_t stage = 0;       ///< 0 is the lowest resolution
  std::int64_t resolution = 4;  ///< pixels along an edge
  /// Weight of the new block, from 0 (only the one below) to 1 (fully grown). Stage 0 is always 1.
  /// The study's code calls 1 - fade its alpha.
  double fade = 1;
  std::int64_t batch = 16;
  double learning_rate = 1e-3;
  double average_decay = 0.999;   ///< of the generator's moving average, for this step
  bool starts_stage = false;      ///< the first step of its stage: a new block comes in
  bool resets_optimizer = false;  ///< Adam's moments start from zero before this step
  bool resets_average = false;    ///< the average starts as a copy of the generator before this step
  friend bool operator==(const growth&, const growth&) = default;
};

/// One resolution of a schedule that counts images.
struct growth_stage {
  std::int64_t resolution = 4;
  std::int64_t images = 600'000;       ///< real images shown at this resolution, the fade included
  std::int64_t fade_images = 300'000;  ///< of these, while the new block fades in; ignored at the first stage
  std::int64_t batch = 16;
};

/// How a progressive schedule is made from its stages.
struct progressive_options {
  double learning_rate = 1e-3;
  /// The generator's average forgets half of what it knew after this many images, whatever the batch.
  /// Ignored when average_per_step is not 0.
  double average_half_life = 11'000;
  /// A fixed decay per step instead, as Karras et al. (2018) have it (0.999). 0: by images.
  double average_per_step = 0;
  /// Adam's moments are dropped when a stage begins and when its fade ends (Karras et al. 2018).
  bool resets_optimizer = true;
  /// The average starts as a copy of the generator when a stage begins (the study).
  bool resets_average = false;
  /// The stage of the networks that the first of the schedule's belongs to: a run that starts grown, as fine-tuning at
  /// a fixed resolution does. The first one never fades in.
  std::int64_t first_stage = 0;
  /// The learning rate falls linearly to this share of itself over the last `decay_share` of the last stage. 1:
  /// constant.
  double final_rate = 1;
  double decay_share = 0.3;
};

/// Progressive growing counted in images: every batch is whole, and the fade of a stage runs from 1 / fade steps to 1.
class progressive_schedule {
 public:
  using settings = growth;

  /// Throws argument_error for no stage, resolutions that do not double, or counts that leave a stage without a step.
  explicit progressive_schedule(std::vector<growth_stage> stages, progressive_options options = {})
      : stages_(std::move(stages)), options_(options) {
    if (stages_.empty()) throw argument_error("A progressive schedule needs at least one stage.");
    if (!(options_.average_half_life > 0) || options_.average_per_step < 0 || options_.average_per_step >= 1)
      throw argument_error(sentence("An average needs a half life above 0 or a decay per step in [0, 1), got ",
                                    options_.average_half_life, " and ", options_.average_per_step, "."));
    if (options_.first_stage < 0)
      throw argument_error(sentence("A schedule's first_stage is at least 0, got ", options_.first_stage, "."));
    std::int64_t first = 0;
    for (std::size_t i = 0; i < stages_.size(); ++i) {
      const auto& s = stages_[i];
      if (i > 0 && s.resolution != 2 * stages_[i - 1].resolution)
        throw argument_error(
            sentence("Each stage doubles the resolution: ", s.resolution, " follows ", stages_[i - 1].resolution, "."));
      if (s.batch < 1 || s.images < s.batch || (i > 0 && (s.fade_images < 0 || s.fade_images > s.images)))
        throw argument_error(sentence("The stage at ", s.resolution,
                                      " px needs a batch of at least 1, at least one batch of "
                                      "images, and no more images in its fade; got batch ",
                                      s.batch, ", ", s.images, " images, ", s.fade_images, " in the fade."));
      first_step_.push_back(first);
      first += s.images / s.batch;
    }
    first_step_.push_back(first);
  }

  [[nodiscard]] std::int64_t total_steps() const noexcept { return first_step_.back(); }

  [[nodiscard]] growth at(std::int64_t step) const {
    if (step < 0 || step >= total_steps())
      throw argument_error(sentence("Step ", step, " lies outside a schedule of ", total_steps(), " steps."));
    const auto after = std::upper_bound(first_step_.begin(), first_step_.end(), step);
    const auto i = static_cast<std::size_t>(after - first_step_.begin()) - 1;
    const auto& s = stages_[i];
    const std::int64_t in_stage = step - first_step_[i];
    const std::int64_t fade_steps = i == 0 ? 0 : s.fade_images / s.batch;
    growth g;
    g.stage = options_.first_stage + static_cast<std::int64_t>(i);
    g.resolution = s.resolution;
    g.fade = in_stage + 1 >= fade_steps ? 1.0 : static_cast<double>(in_stage + 1) / static_cast<double>(fade_steps);
    g.batch = s.batch;
    g.learning_rate = options_.learning_rate * rate(i, in_stage);
    g.average_decay = options_.average_per_step > 0
                          ? options_.average_per_step
                          : std::exp2(-static_cast<double>(s.batch) / options_.average_half_life);
    g.starts_stage = in_stage == 0;
    g.resets_optimizer =
        options_.resets_optimizer && step > 0 && (in_stage == 0 || (fade_steps > 0 && in_stage == fade_steps));
    g.resets_average = options_.resets_average && step > 0 && in_stage == 0;
    return g;
  }

  [[nodiscard]] const std::vector<growth_stage>& stages() const noexcept { return stages_; }

 private:
  [[nodiscard]] double rate(std::size_t stage, std::int64_t in_stage) const {
    if (stage + 1 < stages_.size() || options_.final_rate == 1) return 1;
    const double done =
        static_cast<double>(in_stage) / static_cast<double>(stages_[stage].images / stages_[stage].batch);
    const double into = (done - (1 - options_.decay_share)) / options_.decay_share;
    return into <= 0 ? 1.0 : 1 + into * (options_.final_rate - 1);
  }

  std::vector<growth_stage> stages_;
  progressive_options options_;
  std::vector<std::int64_t> first_step_;
};

/// Karras et al. 2018 on one GPU: 600 thousand images stable and 600 thousand fading per resolution, batches from 128
/// down to 4, average 0.999 per step. Resolutions 4 ... `resolution`, a power of two up to 512.
[[nodiscard]] inline progressive_schedule paper_schedule(std::int64_t resolution) {
  static constexpr std::int64_t batches[] = {128, 128, 128, 64, 32, 16, 8, 4};
  std::vector<growth_stage> stages;
  for (std::int64_t r = 4; r <= resolution && stages.size() < std::size(batches); r *= 2)
    stages.push_back({.resolution = r,
                      .images = r == 4 ? 600'000 : 1'200'000,
                      .fade_images = r == 4 ? 0 : 600'000,
                      .batch = batches[stages.size()]});
  if (stages.empty() || stages.back().resolution != resolution)
    throw argument_error(sentence("The paper's schedule goes to 4, 8, ... or 512 px, got ", resolution, "."));
  return progressive_schedule(std::move(stages), {.average_per_step = 0.999});
}

/// The published study's schedule, with its counters. Its trainer counts ceil(images / batch) iterations an epoch but
/// skips the incomplete batch, so fewer steps are made than planned; and its alpha moves only when the counter meets a
/// multiple of 32 on a step that is made. One at() step is one step that is made.
class seed_schedule {
 public:
  using settings = growth;
  static constexpr std::int64_t alpha_jumps = 600;
  static constexpr std::int64_t alpha_every = 32;

  /// For a training set of `images` pictures and `scales` resolutions from 4 px (8: to 512 px).
  /// Throws argument_error when a batch does not fit into the pictures: the study's trainer would then run to its end
  /// without one update.
  explicit seed_schedule(std::int64_t images, std::int64_t scales = 8) : images_(images) {
    if (scales < 1 || scales > 8)
      throw argument_error(sentence("The study's schedule has 1 to 8 scales, got ", scales, "."));
    double alpha = 1;  // the study's own running difference
    for (std::int64_t j = 0; j < alpha_jumps; ++j, alpha -= 1.0 / static_cast<double>(alpha_jumps))
      alpha_.push_back(alpha);
    alpha_.push_back(0);
    first_step_.push_back(0);
    for (std::int64_t scale = 0; scale < scales; ++scale) {
      if (images < batch(scale))
        throw argument_error(
            sentence("The study's schedule needs at least one batch of ", batch(scale), " images, got ", images, "."));
      first_step_.push_back(first_step_.back() + steps_at(scale));
    }
  }

  [[nodiscard]] std::int64_t total_steps() const noexcept { return first_step_.back(); }

  /// The planned iterations of a scale.
  [[nodiscard]] static constexpr std::int64_t planned(std::int64_t scale) noexcept {
    return scale == 0 ? 48'000 : 96'000;
  }
  [[nodiscard]] static constexpr std::int64_t batch(std::int64_t scale) noexcept {
    return scale < 6 ? 16 : scale == 6 ? 8 : 2;
  }

  /// The steps that are made at a scale.
  [[nodiscard]] std::int64_t steps_at(std::int64_t scale) const noexcept {
    const std::int64_t full = images_ / batch(scale), slots = slots_at(scale);
    return planned(scale) / slots * full + std::min(full, planned(scale) % slots);
  }

  [[nodiscard]] growth at(std::int64_t step) const {
    if (step < 0 || step >= total_steps())
      throw argument_error(sentence("Step ", step, " lies outside a schedule of ", total_steps(), " steps."));
    const auto after = std::upper_bound(first_step_.begin(), first_step_.end(), step);
    const std::int64_t scale = after - first_step_.begin() - 1;
    const std::int64_t in_stage = step - first_step_[static_cast<std::size_t>(scale)];
    growth g;
    g.stage = scale;
    g.resolution = std::int64_t{4} << scale;
    g.fade = scale == 0 ? 1.0 : 1.0 - alpha_at(scale, counter(scale, in_stage));
    g.batch = batch(scale);
    g.starts_stage = in_stage == 0;
    g.resets_optimizer = g.resets_average = in_stage == 0 && scale > 0;
    return g;
  }

  /// The trainer's iteration counter at a step of a scale.
  [[nodiscard]] std::int64_t counter(std::int64_t scale, std::int64_t in_stage) const noexcept {
    const std::int64_t full = images_ / batch(scale);
    return in_stage / full * slots_at(scale) + in_stage % full;
  }

 private:
  [[nodiscard]] std::int64_t slots_at(std::int64_t scale) const noexcept {
    return (images_ + batch(scale) - 1) / batch(scale);
  }
  /// The value of the last jump that fell on a step that was made.
  [[nodiscard]] double alpha_at(std::int64_t scale, std::int64_t count) const {
    const std::int64_t full = images_ / batch(scale), slots = slots_at(scale);
    std::int64_t jump = std::min(alpha_jumps, count / alpha_every);
    while (jump > 0 && jump * alpha_every % slots >= full) --jump;
    return alpha_[static_cast<std::size_t>(jump)];
  }

  std::int64_t images_;
  std::vector<double> alpha_;
  std::vector<std::int64_t> first_step_;
};

static_assert(explain_schedule<progressive_schedule>() && explain_schedule<seed_schedule>());

}  // namespace synthmed::train

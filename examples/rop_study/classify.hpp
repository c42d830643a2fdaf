// What the parts of `rop_study classify` share: a run's recipe, and the engine that a backend provides.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <synthmed/random/key.hpp>
#include <synthmed/train/classification.hpp>

#include "training.hpp"

namespace rop_study {

/// The named networks, for grey maps and three grades.
enum class classifier_network { small, resnet18 };
[[nodiscard]] std::string to_string(classifier_network network);

/// How a classifier is trained and used: what a preset chooses and every flag can change.
struct classifier_recipe {
  classifier_network network = classifier_network::small;
  int size = 0;              ///< side of the maps; 0: as they are, all the same
  int floor = 0;             ///< values below become 0
  std::int64_t steps = 700;  ///< 0: as many as `epochs` need
  std::int64_t epochs = 0;   ///< passes over as many maps as there are; ignored with steps
  std::int64_t batch = 32;
  double learning_rate = 2e-3;
  bool cosine = true;          ///< the rate falls as half a cosine; else it stays
  double weight_decay = 1e-2;  ///< decoupled (AdamW); 0 is Adam
  double label_smoothing = .1;
  double degrees = 20;               ///< of the augmentation's rotations
  double shift = .04;                ///< of its shifts, as a share of the side
  std::int64_t validate_every = 50;  ///< steps; 0: once an epoch
  std::int64_t patience = 0;
  synthmed::train::selection_measure measure = synthmed::train::selection_measure::macro_auc;
  bool reload_best = true;
  synthmed::train::flip_averaging flips = synthmed::train::flip_averaging::both;
};

/// A trained classifier, to be asked.
struct classifier_view {
  std::function<synthmed::train::classification(const synthmed::train::picture_sequence&,
                                                synthmed::train::flip_averaging)>
      classify;
  std::function<synthmed::feature_matrix(const synthmed::train::picture_sequence&)> features;
};

/// One training run.
struct classifier_task {
  classifier_recipe recipe;  ///< with steps and validate_every filled in
  synthmed::key key{0};
  std::string about;  ///< arm, seed, data: kept in checkpoints
  training_place place;
  std::function<synthmed::batch(std::int64_t)> batches;  ///< the batch of a step
  synthmed::train::picture_sequence validation;
  std::filesystem::path init;                              ///< weights to begin with; empty: random ones
  std::filesystem::path model;                             ///< file that the trained network is written to
  std::vector<std::pair<std::string, std::string>> notes;  ///< metadata of that file
};

/// What came of a run.
struct classifier_outcome {
  std::int64_t next_step = 0;
  bool done = false;  ///< false: stopped before its end, with a checkpoint
  std::int64_t best_step = -1;
  double best_value = 0;
  classifier_view trained;  ///< of a run that is done
};

/// The networks of a backend.
class classifier_engine {
 public:
  virtual ~classifier_engine() = default;
  [[nodiscard]] virtual std::string backend() const = 0;
  [[nodiscard]] virtual std::int64_t parameters() const = 0;
  /// Trains to the end, --steps, --time-limit or Ctrl-C, as train_in() does.
  virtual classifier_outcome train(const training_options& options, const classifier_task& task) const = 0;
  /// The network of a file that train() wrote. Throws format_error for a file of another network.
  [[nodiscard]] virtual classifier_view open(const std::filesystem::path& model) const = 0;
  /// What a whole run costs, measured on a few steps with maps of that size.
  [[nodiscard]] virtual stage_cost cost(const classifier_recipe& recipe, std::int64_t side) const = 0;
};

[[nodiscard]] std::unique_ptr<classifier_engine> xtensor_classifier(classifier_network network);
[[nodiscard]] std::unique_ptr<classifier_engine> torch_classifier(classifier_network network,
                                                                  const std::string& device);

}  // namespace rop_study

// The engine of `rop_study classify` for any backend and network. Included by one unit per backend.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/models/small_resnet.hpp>
#include <synthmed/models/weights.hpp>
#include <synthmed/train/classifier_trainer.hpp>
#include <synthmed/train/learning_rate.hpp>

#include "classify.hpp"

namespace rop_study {

/// What a classifier's file says of itself.
inline constexpr const char* classifier_format = "synthmed classifier 1";

template <class D, class Network>
class classifier_engine_on : public classifier_engine {
  using base = synthmed::train::classifier_trainer<D, Network, synthmed::train::cosine_rate>;
  using parameters_type = typename base::parameters;
  using buffers_type = typename base::buffers;

  /// A classifier's trainer, named, so that a checkpoint tells its arm, data and seed.
  class trainer : public base {
   public:
    template <class... Arguments>
    explicit trainer(std::string about, Arguments&&... arguments)
        : base(std::forward<Arguments>(arguments)...), about_(std::move(about)) {}
    [[nodiscard]] std::string identity() const { return base::identity() + "; " + about_; }

   private:
    std::string about_;
  };

 public:
  explicit classifier_engine_on(classifier_network network) : network_(network) {}

  [[nodiscard]] std::string backend() const override { return D::name(); }
  [[nodiscard]] std::int64_t parameters() const override {
    return synthmed::nn::count<D>(fresh(synthmed::key(0)).first);
  }

  classifier_outcome train(const training_options& options, const classifier_task& task) const override {
    auto [weights, running] = fresh(task.key.fold("init"));
    if (!task.init.empty()) read_initial(task.init, weights, running);
    trainer run(task.about, task.key, rate_of(task.recipe), training_of(task.recipe), task.validation,
                std::move(weights), std::move(running));
    const auto store = open_run(options, task.place, run);
    synthmed::batch seen;
    const auto result = train_in(options, task.place, store, run, [&](std::int64_t step) -> const synthmed::batch& {
      seen = task.batches(step);
      return seen;
    });
    classifier_outcome out{.next_step = result.next_step,
                           .done = run.done(),
                           .best_step = run.best_step(),
                           .best_value = run.best_value(),
                           .trained = {}};
    if (run.done()) {
      write(task.model, run.weights(), run.running(), task.notes);
      if (!task.recipe.reload_best && run.best_step() >= 0) {
        auto best = task.model;
        write(best.replace_filename("best.safetensors"), run.best_weights(), run.best_running(), task.notes);
      }
      out.trained = view_of(run.weights(), run.running());
    }
    return out;
  }

  [[nodiscard]] classifier_view open(const std::filesystem::path& path) const override {
    const auto file = synthmed::safetensors::read(path);
    const auto stored = [&](const std::string& name) {
      const auto found = file.metadata().find(name);
      return found == file.metadata().end() ? std::string("nothing") : found->second;
    };
    if (stored("format") != classifier_format || stored("network") != to_string(network_))
      throw synthmed::format_error(synthmed::sentence(path.string(), " holds \"", stored("format"), "\", network \"",
                                                      stored("network"), "\"; expected \"", classifier_format,
                                                      "\", network \"", to_string(network_), "\"."));
    auto [weights, running] = fresh(synthmed::key(0));
    synthmed::models::load_weights<D>(file, weights, running);
    return view_of(weights, running);
  }

  [[nodiscard]] stage_cost cost(const classifier_recipe& recipe, std::int64_t side) const override {
    auto [weights, running] = fresh(synthmed::key(1));
    auto plan = recipe;
    plan.steps = 1 << 20;
    trainer run("a measurement", synthmed::key(1), rate_of(plan), training_of(plan),
                synthmed::train::picture_sequence{}, std::move(weights), std::move(running));
    synthmed::batch made;
    made.extents = {recipe.batch, 1, side, side};
    made.pixels.resize(static_cast<std::size_t>(recipe.batch * side * side));
    synthmed::fill_uniform(synthmed::key(2), std::span(made.pixels));
    made.labels.assign(static_cast<std::size_t>(recipe.batch), 0);
    const double seconds = seconds_per_call([&] { (void)run.step(made); }, 0.5);
    return {.stage = {},
            .steps = recipe.steps,
            .seconds = seconds * static_cast<double>(recipe.steps),
            .memory_bytes = static_cast<double>(synthmed::train::peak_memory()),
            .disk_bytes = checkpoint_disk(run)};
  }

 private:
  static std::pair<parameters_type, buffers_type> fresh(synthmed::key k) {
    return {Network{}.template init<D>(k), Network{}.template initial_buffers<D>()};
  }

  static synthmed::train::cosine_rate rate_of(const classifier_recipe& r) {
    return synthmed::train::cosine_rate(
        {.peak = r.learning_rate, .steps = r.steps, .last = r.cosine ? 0 : r.learning_rate});
  }
  static synthmed::train::classifier_training training_of(const classifier_recipe& r) {
    return {.adam = {.weight_decay = r.weight_decay},
            .label_smoothing = r.label_smoothing,
            .validate_every = r.validate_every,
            .measure = r.measure,
            .patience = r.patience,
            .reload_best = r.reload_best};
  }

  /// A file's weights: as they are, or torchvision's for colour and a thousand classes, whose last layer stays random.
  static void read_initial(const std::filesystem::path& path, parameters_type& weights, buffers_type& running) {
    const auto file = synthmed::safetensors::read(path);
    synthmed::models::weights_options how;
    if (file.contains("fc.weight") && file.at("fc.weight").dims[0] != Network::classes) how.kept = {"fc."};
    if (file.contains("conv1.weight") && file.at("conv1.weight").dims.rank() == 4 &&
        file.at("conv1.weight").dims[1] == 3)
      how.summed = {"conv1.weight"};
    synthmed::models::load_weights<D>(file, weights, running, how);
  }

  void write(const std::filesystem::path& path, const parameters_type& weights, const buffers_type& running,
             const std::vector<std::pair<std::string, std::string>>& notes) const {
    synthmed::safetensors_writer file;
    synthmed::models::add_weights<D>(file, weights, running);
    file.set_metadata("format", classifier_format);
    file.set_metadata("network", to_string(network_));
    for (const auto& [name, value] : notes) file.set_metadata(name, value);
    file.write(path);
  }

  static classifier_view view_of(const parameters_type& weights, const buffers_type& running) {
    auto trained =
        std::make_shared<std::pair<parameters_type, buffers_type>>(synthmed::nn::frozen<D>(weights), running);
    return {.classify =
                [trained](const synthmed::train::picture_sequence& pictures, synthmed::train::flip_averaging flips) {
                  const typename D::no_grad quiet;
                  return synthmed::train::classify<D, Network>(trained->first, trained->second, pictures, flips);
                },
            .features =
                [trained](const synthmed::train::picture_sequence& pictures) {
                  const typename D::no_grad quiet;
                  return synthmed::train::extract_features<D, Network>(trained->first, trained->second, pictures);
                }};
  }

  classifier_network network_;
};

/// The engine of a named network on D.
template <class D>
[[nodiscard]] std::unique_ptr<classifier_engine> make_classifier(classifier_network network) {
  if (network == classifier_network::small)
    return std::make_unique<classifier_engine_on<D, synthmed::models::small_resnet<3>>>(network);
  return std::make_unique<classifier_engine_on<D, synthmed::models::resnet18<3, 1>>>(network);
}

}  // namespace rop_study

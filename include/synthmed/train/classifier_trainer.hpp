// Trains a classifier: cross-entropy under Adam, validation, early stopping, and the best weights reloaded at the end.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <synthmed/core/differentiable.hpp>
#include <synthmed/data/loader.hpp>
#include <synthmed/error.hpp>
#include <synthmed/io/safetensors.hpp>
#include <synthmed/models/classifier.hpp>
#include <synthmed/ops/ops.hpp>
#include <synthmed/train/adam.hpp>
#include <synthmed/train/checkpoint.hpp>
#include <synthmed/train/classification.hpp>
#include <synthmed/train/schedule.hpp>

namespace synthmed::train {

/// How a classifier is trained, beside its learning rate.
struct classifier_training {
  adam_options adam{};
  /// The target is 1 - this for the true class, and this / classes is added for each; in [0, 1).
  double label_smoothing = 0;
  /// Steps between looks at the validation pictures; the last step is always followed by one. Ignored without pictures.
  std::int64_t validate_every = 100;
  /// What is measured then. A larger value is better; of equal ones the first counts.
  selection_measure measure = selection_measure::macro_auc;
  /// Training ends after this many looks in a row without a better value. 0: never early.
  std::int64_t patience = 0;
  /// When training ends, the weights with the best value are taken back. false: the last weights stay, as in the
  /// published study, which saved the best ones and never read them.
  bool reload_best = true;
};

/// What one step did.
struct classifier_step {
  std::int64_t step = 0;  ///< the step that was made, counted from 0
  std::int64_t images = 0;
  double loss = 0;      ///< mean over the batch
  double accuracy = 0;  ///< share of the batch that was called right, in training mode
  double learning_rate = 0;
  /// The measure on the validation pictures after this step, and the best one so far; NaN before the first look.
  /// Between looks `validation` is the last one.
  double validation = std::numeric_limits<double>::quiet_NaN();
  double best = std::numeric_limits<double>::quiet_NaN();

  template <class F>
  void for_each_value(F&& f) const {
    f("loss", loss);
    f("accuracy", accuracy);
    f("learning_rate", learning_rate);
    if (!std::isnan(validation)) f("validation", validation);
    if (!std::isnan(best)) f("best", best);
  }
};

/// A trainer (train/trainer.hpp) of any classifier on any differentiable backend. Rate is a schedule of learning rates
/// (train/learning_rate.hpp). Two trainers made from equal arguments make the same steps on equal batches, byte for
/// byte, on one backend and machine; dropout is a function of key and step.
template <differentiable_backend D, models::classifier Network, schedule Rate>
requires std::same_as<typename Rate::settings, double>
class classifier_trainer {
 public:
  static_assert(models::explain_classifier_on<Network, D>());
  using batch = synthmed::batch;
  using report = classifier_step;
  using tensor = typename D::tensor;
  using parameters = nn::parameters_of<Network, D>;
  using buffers = nn::buffers_of<Network, D>;

  /// Starts from random weights. Without validation pictures training runs to its end and keeps the last weights.
  /// Throws argument_error for options out of range.
  classifier_trainer(key k, Rate rate, classifier_training options = {}, picture_sequence validation = {})
      : classifier_trainer(k, std::move(rate), options, std::move(validation),
                           Network{}.template init<D>(k.fold("init")), Network{}.template initial_buffers<D>()) {}

  /// Starts from given weights.
  classifier_trainer(key k, Rate rate, classifier_training options, picture_sequence validation, parameters weights,
                     buffers running)
      : key_(k),
        rate_(std::move(rate)),
        options_(options),
        validation_(std::move(validation)),
        weights_(std::move(weights)),
        buffers_(std::move(running)),
        best_weights_(weights_),
        best_buffers_(buffers_),
        moments_(weights_) {
    const auto& o = options_;
    if (!(o.label_smoothing >= 0 && o.label_smoothing < 1) || o.validate_every < 1 || o.patience < 0)
      throw argument_error(
          sentence("Training a classifier needs label smoothing in [0, 1), a positive number of steps "
                   "between validations and a patience of at least 0, got ",
                   o.label_smoothing, ", ", o.validate_every, " and ", o.patience, "."));
  }

  [[nodiscard]] std::int64_t next_step() const noexcept { return next_; }
  /// How many steps the run has. It falls to next_step() when early stopping ends the run.
  [[nodiscard]] std::int64_t total_steps() const noexcept { return stopped_ ? next_ : rate_.total_steps(); }
  [[nodiscard]] bool done() const noexcept { return next_ >= total_steps(); }

  /// The weights as they are now: after the last step the ones to use.
  [[nodiscard]] const parameters& weights() const noexcept { return weights_; }
  [[nodiscard]] const buffers& running() const noexcept { return buffers_; }
  /// The best value on the validation pictures, and the step after which it was found; NaN and -1 before the first
  /// look.
  [[nodiscard]] double best_value() const noexcept { return best_value_; }
  [[nodiscard]] std::int64_t best_step() const noexcept { return best_step_; }
  [[nodiscard]] const parameters& best_weights() const noexcept { return best_weights_; }
  [[nodiscard]] const buffers& best_running() const noexcept { return best_buffers_; }

  /// Network, options and learning rates in words.
  [[nodiscard]] std::string identity() const {
    const auto& o = options_;
    const std::int64_t total = rate_.total_steps();
    std::string rates;
    for (const std::int64_t step : {std::int64_t{0}, total / 4, total / 2, total - 1})
      rates += sentence(rates.empty() ? "" : " ", rate_.at(step));
    return sentence("classifier of ", Network::classes, " classes and ", Network::image_channels, " channels with ",
                    nn::count<D>(weights_), " parameters; ", total, " steps at rates ", rates, "; Adam ", o.adam.beta1,
                    " ", o.adam.beta2, " ", o.adam.epsilon, ", weight decay ", o.adam.weight_decay,
                    o.adam.decays_vectors ? "" : " of matrices", "; label smoothing ", o.label_smoothing, "; ",
                    to_string(o.measure), " of ", validation_.size, " pictures every ", o.validate_every,
                    " steps, patience ", o.patience, o.reload_best ? ", best reloaded" : ", last kept");
  }

  /// One step on pictures [n, image_channels, h, w] with their labels. Throws argument_error when the run is over, for
  /// a pixel that is not finite and for a label that is no class; shape_error for pictures that do not fit;
  /// diverged_error, naming the step, when loss or gradients are not finite. The trainer is then as it was.
  report step(const batch& seen) {
    if (done()) throw argument_error(sentence("The training ended after ", next_, " steps."));
    const auto x = detail::pictures_of<D>(seen, Network::image_channels);
    const auto target = targets(seen);
    auto result = Network{}.template apply<D>(weights_, buffers_, x,
                                              {.mode = nn::mode::train, .key = key_.fold("step").fold(next_)});
    report made{.step = next_, .images = seen.extents[0], .learning_rate = rate_.at(next_)};
    made.accuracy = share_right(result.y, seen.labels);
    auto loss = ops::cross_entropy<D>(result.y, target);
    made.loss = static_cast<double>(ops::item<D>(loss));
    const auto gradients = D::grad(std::move(loss), nn::tensors(weights_), grad_options{});
    require_finite(gradients, made.loss);
    moments_.update(weights_, gradients, made.learning_rate, options_.adam);
    buffers_ = std::move(result.buffers);
    ++next_;
    if (validation_.size > 0 && (next_ % options_.validate_every == 0 || next_ == rate_.total_steps())) validate();
    made.validation = last_value_;
    made.best = best_value_;
    return made;
  }

  /// Everything that a step depends on.
  void write(safetensors_writer& file) const {
    add_tree<D>(file, "weights", weights_);
    add_tree<D>(file, "buffers", buffers_);
    add_tree<D>(file, "best.weights", best_weights_);
    add_tree<D>(file, "best.buffers", best_buffers_);
    moments_.write(file, "adam");
    const std::int64_t counts[] = {next_, best_step_, without_gain_, stopped_ ? 1 : 0};
    file.add<std::int64_t>("counts", {4}, counts);
    const double values[] = {last_value_, best_value_};
    file.add<double>("values", {2}, values);
  }

  /// Goes on from what write() wrote. Throws format_error for what does not fit; the trainer is then as it was.
  void read(const safetensors& file) {
    const auto counts = file.values<std::int64_t>("counts");
    const auto values = file.values<double>("values");
    if (counts.size() != 4 || values.size() != 2 || counts[0] < 0 || counts[0] > rate_.total_steps())
      throw format_error("The file does not hold a step of this training.");
    auto weights = weights_, best_weights = best_weights_;
    auto running = buffers_, best_buffers = best_buffers_;
    auto moments = moments_;
    read_tree<D>(file, "weights", weights);
    read_tree<D>(file, "best.weights", best_weights);
    read_tree<D>(file, "buffers", running);
    read_tree<D>(file, "best.buffers", best_buffers);
    moments.read(file, "adam");
    weights_ = std::move(weights);
    best_weights_ = std::move(best_weights);
    buffers_ = nn::frozen<D>(running);
    best_buffers_ = nn::frozen<D>(best_buffers);
    moments_ = std::move(moments);
    next_ = counts[0];
    best_step_ = counts[1];
    without_gain_ = counts[2];
    stopped_ = counts[3] != 0;
    last_value_ = values[0];
    best_value_ = values[1];
  }

 private:
  /// Labels as smoothed probabilities [n, classes].
  [[nodiscard]] tensor targets(const batch& seen) const {
    const std::vector<std::int64_t> labels(seen.labels.begin(), seen.labels.end());
    const auto hard = ops::one_hot<D>(labels, Network::classes);
    if (options_.label_smoothing == 0) return hard;
    using scalar = typename D::scalar;
    return D::add_scalar(D::mul_scalar(hard, static_cast<scalar>(1 - options_.label_smoothing)),
                         static_cast<scalar>(options_.label_smoothing / static_cast<double>(Network::classes)));
  }

  [[nodiscard]] static double share_right(const tensor& logits, const std::vector<int>& labels) {
    const auto values = ops::to_host<D>(logits);
    const auto classes = static_cast<std::ptrdiff_t>(Network::classes);
    double right = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const auto row = values.begin() + static_cast<std::ptrdiff_t>(i) * classes;
      right += std::max_element(row, row + classes) - row == labels[i];
    }
    return right / static_cast<double>(labels.size());
  }

  void require_finite(const std::vector<tensor>& gradients, double loss) const {
    std::int64_t bad = 0;
    for (const auto& g : gradients) bad += D::count_nonfinite(g);
    if (bad > 0 || !std::isfinite(loss))
      throw diverged_error(
          sentence("At step ", next_, " the classifier's loss is ", loss, " and ", bad,
                   " numbers of its gradient are not finite; train with a lower learning rate, or from an "
                   "earlier checkpoint."));
  }

  /// Looks at the validation pictures, keeps the best weights, ends the run when patience is over.
  void validate() {
    {
      const typename D::no_grad quiet;
      last_value_ = measured(options_.measure, classify<D, Network>(weights_, buffers_, validation_));
    }
    if (best_step_ < 0 || last_value_ > best_value_) {
      best_value_ = last_value_;
      best_step_ = next_ - 1;
      best_weights_ = weights_;
      best_buffers_ = buffers_;
      without_gain_ = 0;
    } else {
      ++without_gain_;
      stopped_ = options_.patience > 0 && without_gain_ >= options_.patience;
    }
    if (done() && options_.reload_best) {
      weights_ = best_weights_;
      buffers_ = best_buffers_;
    }
  }

  key key_;
  Rate rate_;
  classifier_training options_;
  picture_sequence validation_;
  parameters weights_;
  buffers buffers_;
  parameters best_weights_;
  buffers best_buffers_;
  adam_moments<D, parameters> moments_;
  std::int64_t next_ = 0, best_step_ = -1, without_gain_ = 0;
  double last_value_ = std::numeric_limits<double>::quiet_NaN(), best_value_ = last_value_;
  bool stopped_ = false;
};

}  // namespace synthmed::train

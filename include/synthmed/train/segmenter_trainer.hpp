// Trains a segmenter on patches: everything is a function of key, schedule and batches, and goes on from a file exactly.
#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <synthmed/core/differentiable.hpp>
#include <synthmed/data/patches.hpp>
#include <synthmed/error.hpp>
#include <synthmed/models/segmenter.hpp>
#include <synthmed/train/adam.hpp>
#include <synthmed/train/checkpoint.hpp>
#include <synthmed/train/schedule.hpp>
#include <synthmed/train/segmentation_loss.hpp>
#include <synthmed/train/trainer.hpp>

namespace synthmed::train {

/// How a segmenter is trained, beside its learning rate.
struct segmenter_training {
  segmentation_loss loss{};
  adam_options optimizer{};
};

/// What one step did.
struct segmenter_step {
  std::int64_t step = 0;       ///< the step that was made, counted from 0
  std::int64_t images = 0;     ///< patches that it was shown
  double rate = 0;             ///< the learning rate
  double loss = 0;             ///< what was minimised
  double cross_entropy = 0, dice = 0;  ///< its parts before their weights; dice is 1 - Dice
  template <class F>
  void for_each_value(F&& f) const {
    f(std::string_view("learning_rate"), rate);
    f(std::string_view("loss"), loss);
    f(std::string_view("cross_entropy"), cross_entropy);
    f(std::string_view("dice_loss"), dice);
  }
};

/// Parameters, buffers, Adam's moments and the number of the next step: all there is to a run beside key, schedule and
/// data. Models `trainer`. Segmenters of two classes train on the batch's truth as the share of class 1.
template <differentiable_backend D, models::segmenter_on<D> S, schedule Schedule>
  requires(std::convertible_to<typename Schedule::settings, double> && S::classes == 2)
class segmenter_trainer {
 public:
  using tensor = typename D::tensor;
  using batch = patch_batch;
  using report = segmenter_step;

  /// `about` says what the network is, for identity(). Fresh parameters from k; assign parameters() to start elsewhere.
  segmenter_trainer(S net, key k, Schedule plan, std::string about, segmenter_training options = {})
      : net_(std::move(net)),
        key_(k),
        schedule_(std::move(plan)),
        about_(std::move(about)),
        options_(options),
        parameters_(net_.template init<D>(k.fold("segmenter"))),
        buffers_(net_.template initial_buffers<D>()),
        moments_(parameters_) {}

  [[nodiscard]] std::int64_t next_step() const noexcept { return next_; }
  [[nodiscard]] std::int64_t total_steps() const noexcept { return schedule_.total_steps(); }
  [[nodiscard]] const nn::parameters_of<S, D>& parameters() const noexcept { return parameters_; }
  [[nodiscard]] const nn::buffers_of<S, D>& buffers() const noexcept { return buffers_; }

  [[nodiscard]] std::string identity() const {
    return sentence("segmenter ", about_, ", ", nn::count<D>(parameters_), " parameters; cross-entropy ",
                    options_.loss.cross_entropy, ", dice ", options_.loss.dice, "; Adam ", options_.optimizer.beta1, ", ",
                    options_.optimizer.beta2, ", decay ", options_.optimizer.weight_decay, "; ", schedule_.total_steps(),
                    " steps, rate ", static_cast<double>(schedule_.at(0)), " to ",
                    static_cast<double>(schedule_.at(schedule_.total_steps() - 1)));
  }

  /// One step. Throws shape_error for patches that do not fit the network, argument_error when the run is over, and
  /// diverged_error, naming the step, when the loss or a gradient is not finite: load a checkpoint before going on.
  report step(const batch& b) {
    if (next_ >= total_steps()) throw argument_error(sentence("The schedule ends after ", total_steps(), " steps."));
    const shape dims = b.extents, one = dims.with(1, 1);
    const auto count = static_cast<std::size_t>(one.elements());
    if (dims.rank() != 4 || b.truth.size() != count || b.field.size() != count)
      throw shape_error(sentence("A batch of patches ", dims, " needs ", count, " numbers of truth and field, got ",
                                 b.truth.size(), " and ", b.field.size(), "."));
    const auto upload = [](const shape& s, const std::vector<float>& values) {
      if constexpr (std::same_as<typename D::scalar, float>)
        return D::from_host(s, values);
      else
        return D::from_host(s, std::vector<typename D::scalar>(values.begin(), values.end()));
    };
    const auto vessel = upload(one, b.truth);
    const auto truth = ops::concat<D>({ops::add_scalar<D>(ops::neg<D>(vessel), 1), vessel}, 1);
    const nn::context training{.mode = nn::mode::train, .key = key_.fold("step").fold(next_)};
    auto seen = net_.template apply<D>(parameters_, buffers_, upload(dims, b.pixels), training);
    auto terms = loss_of<D>(options_.loss, seen.y, truth, upload(one, b.field));
    report made{.step = next_, .images = dims[0], .rate = static_cast<double>(schedule_.at(next_)),
                .loss = static_cast<double>(ops::item<D>(terms.loss)),
                .cross_entropy = static_cast<double>(ops::item<D>(terms.cross_entropy)),
                .dice = static_cast<double>(ops::item<D>(terms.dice))};
    const auto gradients = D::grad(std::move(terms.loss), nn::tensors(parameters_), grad_options{});
    std::int64_t bad = 0;
    for (const auto& g : gradients) bad += D::count_nonfinite(g);
    if (bad > 0 || !std::isfinite(made.loss))
      throw diverged_error(sentence("At step ", next_, " the segmenter's loss is ", made.loss, " and ", bad,
                                    " numbers of its gradient are not finite; train with a lower learning rate, or from an "
                                    "earlier checkpoint."));
    moments_.update(parameters_, gradients, made.rate, options_.optimizer);
    buffers_ = std::move(seen.buffers);
    ++next_;
    return made;
  }

  void write(safetensors_writer& file) const {
    add_tree<D>(file, "segmenter", parameters_);
    add_tree<D>(file, "segmenter.buffers", buffers_);
    moments_.write(file, "adam");
    const std::int64_t counts[] = {next_};
    file.add<std::int64_t>("next_step", {1}, counts);
  }

  void read(const safetensors& file) {
    const auto next = file.values<std::int64_t>("next_step");
    if (next.size() != 1 || next[0] < 0 || next[0] > total_steps())
      throw format_error(sentence("The file holds no step of a schedule of ", total_steps(), " steps."));
    auto p = parameters_;
    auto b = buffers_;
    auto m = moments_;
    read_tree<D>(file, "segmenter", p);
    read_tree<D>(file, "segmenter.buffers", b);
    m.read(file, "adam");
    parameters_ = std::move(p);
    buffers_ = nn::frozen<D>(b);
    moments_ = std::move(m);
    next_ = next[0];
  }

 private:
  S net_;
  key key_;
  Schedule schedule_;
  std::string about_;
  segmenter_training options_;
  nn::parameters_of<S, D> parameters_;
  nn::buffers_of<S, D> buffers_;
  adam_moments<D, nn::parameters_of<S, D>> moments_;
  std::int64_t next_ = 0;
};

}  // namespace synthmed::train

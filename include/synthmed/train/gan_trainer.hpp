// Trains a GAN, growing or not: one critic step and one generator step per call, everything a function of key and step.
#pragma once

#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <synthmed/core/differentiable.hpp>
#include <synthmed/error.hpp>
#include <synthmed/models/discriminator.hpp>
#include <synthmed/models/generator.hpp>
#include <synthmed/models/progressive.hpp>
#include <synthmed/train/adam.hpp>
#include <synthmed/train/augmentation.hpp>
#include <synthmed/train/checkpoint.hpp>
#include <synthmed/train/loss.hpp>
#include <synthmed/train/progressive_schedule.hpp>
#include <synthmed/train/trainer.hpp>
#include <synthmed/train/wgan_gp.hpp>

namespace synthmed::train {

/// How a GAN is trained, beside its schedule.
template <class Loss = wgan_gp, class Augmentation = unaugmented>
struct gan_training {
  Loss loss{};                  ///< what both networks minimise
  Augmentation augmentation{};  ///< of real and generated pictures before the critic sees them
  adam_options adam{.beta1 = 0, .beta2 = 0.99};  ///< of both networks; the rate is the schedule's
};

/// What one step did.
struct gan_step {
  std::int64_t step = 0;    ///< the step that was made, counted from 0
  std::int64_t images = 0;  ///< real pictures that it was shown
  growth settings{};        ///< what the schedule said
  double critic_loss = 0, generator_loss = 0;
  double score_real = 0, score_fake = 0;  ///< mean scores in the critic's step
  double penalty = 0;                     ///< the gradient penalty in the critic's loss; 0 at steps without one

  template <class F>
  void for_each_value(F&& f) const {
    const auto say = [&](std::string_view name, double value) { f(name, value); };
    say("resolution", static_cast<double>(settings.resolution));
    say("fade", settings.fade);
    say("learning_rate", settings.learning_rate);
    say("critic_loss", critic_loss);
    say("generator_loss", generator_loss);
    say("score_real", score_real);
    say("score_fake", score_fake);
    say("penalty", penalty);
  }
};

namespace detail {

/// A number for all that a schedule says: another plan has another one.
template <schedule Schedule>
[[nodiscard]] std::uint64_t fingerprint(const Schedule& plan) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  const auto mix = [&](auto value) {
    hash = (hash ^ std::bit_cast<std::uint64_t>(value)) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 29;
  };
  for (std::int64_t step = 0; step < plan.total_steps(); ++step) {
    const growth g = plan.at(step);
    for (const std::int64_t n : {g.stage, g.resolution, g.batch}) mix(n);
    for (const double x : {g.fade, g.learning_rate, g.average_decay}) mix(x);
    mix(static_cast<std::int64_t>(g.resets_optimizer) + 2 * static_cast<std::int64_t>(g.resets_average));
  }
  return hash;
}

/// What a network says of itself, else the number of its parameters.
template <class Net, backend B, class Tree>
[[nodiscard]] std::string network_identity(const Tree& weights) {
  if constexpr (requires { { Net::identity() } -> std::convertible_to<std::string>; })
    return Net::identity();
  else
    return sentence(nn::count<B>(weights), " numbers in ", nn::size(weights), " tensors");
}

}  // namespace detail

/// Networks, the generator's moving average, Adam's moments, and the number of the next step: all there is to a run
/// beside key, schedule, options and data. Two trainers with equal ones make the same steps, byte for byte, on one
/// backend and machine. Networks that grow take a schedule of their stages; others one whose only stage is 0.
///
/// Random numbers of step s come from k = key.fold("step").fold(s): the critic's fakes from k.fold("critic latents"), the
/// generator's from k.fold("generator latents"), augmentations from k.fold("augment real"), ("augment fake") and
/// ("augment generated"), the loss's own from k.
template <differentiable_backend D, class Generator, class Discriminator, schedule Schedule, class Loss = wgan_gp,
          class Augmentation = unaugmented>
  requires std::same_as<typename Schedule::settings, growth>
class gan_trainer {
  static_assert(models::explain_generator_on<Generator, D>() && models::explain_discriminator_on<Discriminator, D>());
  static_assert(explain_loss_on<Loss, D>() && explain_augmentation_on<Augmentation, D>());
  static_assert(Generator::image_channels == Discriminator::image_channels,
                "synthmed: the discriminator of a GAN takes pictures of as many channels as its generator makes.");
  static_assert(models::stages_of<Generator>() == models::stages_of<Discriminator>(),
                "synthmed: the networks of a GAN grow through the same number of stages.");

 public:
  using generator = Generator;
  using critic = Discriminator;
  using tensor = typename D::tensor;
  using batch = tensor;     ///< real pictures [batch, channels, r, r] of the schedule's batch and resolution, in [-1, 1]
  using report = gan_step;  ///< what a step tells
  using options_type = gan_training<Loss, Augmentation>;
  using generator_weights = nn::parameters_of<Generator, D>;
  using critic_weights = nn::parameters_of<Discriminator, D>;

  /// Throws argument_error when the schedule has stages or resolutions that the networks have not.
  gan_trainer(key k, Schedule plan, options_type options = {})
      : key_(k),
        schedule_(std::move(plan)),
        fingerprint_(detail::fingerprint(schedule_)),
        options_(std::move(options)),
        generator_(Generator{}.template init<D>(k.fold("generator"))),
        critic_(Discriminator{}.template init<D>(k.fold("critic"))),
        average_(nn::frozen<D>(generator_)),
        generator_moments_(generator_),
        critic_moments_(critic_) {
    for (const std::int64_t step : {std::int64_t{0}, schedule_.total_steps() - 1}) {
      const auto g = schedule_.at(step);
      if (g.stage >= models::stages_of<Generator>())
        throw argument_error(sentence("The schedule grows to stage ", g.stage, " (", g.resolution,
                                      " px), but the networks end at stage ", models::stages_of<Generator>() - 1, "."));
      if constexpr (models::progressive<Generator>)
        if (Generator::resolution(g.stage) != g.resolution)
          throw argument_error(sentence("The schedule has ", g.resolution, " px at stage ", g.stage, ", the networks ",
                                        Generator::resolution(g.stage), " px; set the schedule's first_stage."));
    }
  }

  [[nodiscard]] std::int64_t next_step() const noexcept { return next_; }
  [[nodiscard]] std::int64_t total_steps() const { return schedule_.total_steps(); }
  [[nodiscard]] bool done() const { return next_ >= schedule_.total_steps(); }
  [[nodiscard]] std::int64_t stage(std::int64_t step) const { return schedule_.at(step).stage; }
  [[nodiscard]] const Schedule& plan() const noexcept { return schedule_; }

  /// The trained generator, its moving average, which pictures are drawn from, and the discriminator.
  [[nodiscard]] const generator_weights& trained() const noexcept { return generator_; }
  [[nodiscard]] const generator_weights& average() const noexcept { return average_; }
  [[nodiscard]] const critic_weights& judge() const noexcept { return critic_; }

  /// One critic step and one generator step on real pictures, which fade in as the generator's do. Throws shape_error for
  /// other pictures, argument_error when the run is over, and diverged_error, naming the step, when a loss or gradient is
  /// not finite: load a checkpoint before going on.
  gan_step step(const tensor& real) {
    if (done()) throw argument_error(sentence("The schedule ends after ", schedule_.total_steps(), " steps."));
    [[maybe_unused]] const work_scope_of<D> working{};
    const growth g = schedule_.at(next_);
    const shape expected{g.batch, Generator::image_channels, g.resolution, g.resolution};
    if (!(D::shape_of(real) == expected))
      throw shape_error(sentence("Step ", next_, " needs pictures ", expected, ", got ", D::shape_of(real), "."));
    const models::grown at{g.stage, g.fade};
    const key here = key_.fold("step").fold(next_);
    if (g.resets_optimizer) {
      generator_moments_ = adam_moments<D, generator_weights>(generator_);
      critic_moments_ = adam_moments<D, critic_weights>(critic_);
    }
    if (g.resets_average) average_ = nn::frozen<D>(generator_);

    gan_step said{.step = next_, .images = g.batch, .settings = g};
    const auto critic_gradients = critic_step(here, real, at, said);
    require_finite(critic_gradients, said.critic_loss, "critic");
    update<Discriminator>(critic_, critic_moments_, at, critic_gradients, g.learning_rate);
    const auto generator_gradients = generator_step(here, at, g.batch, said);
    require_finite(generator_gradients, said.generator_loss, "generator");
    update<Generator>(generator_, generator_moments_, at, generator_gradients, g.learning_rate);
    const auto averages = models::in_use<Generator>(average_, at);
    const auto now = models::in_use<Generator>(std::as_const(generator_), at);
    for (std::size_t i = 0; i < averages.size(); ++i)
      D::ema(*averages[i], D::detach(*now[i]), static_cast<typename D::scalar>(g.average_decay));
    ++next_;
    return said;
  }

  /// Pictures [n, channels, r, r] of the averaged generator, grown as at the given step, from latents [n, latent].
  [[nodiscard]] tensor sample(const tensor& latents, std::int64_t step) const {
    const typename D::no_grad quiet;
    return D::detach(models::apply_grown<D>(Generator{}, average_, latents, grown_at(step)));
  }

  /// The critic's scores [n, 1] of pictures, grown as at the given step.
  [[nodiscard]] tensor score(const tensor& pictures, std::int64_t step) const {
    const typename D::no_grad quiet;
    return D::detach(models::apply_grown<D>(Discriminator{}, critic_, pictures, grown_at(step)));
  }

  /// Networks, options and schedule in words: a checkpoint that says something else belongs to another run.
  [[nodiscard]] std::string identity() const {
    const auto& o = options_.adam;
    return sentence("generator: ", detail::network_identity<Generator, D>(generator_),
                    "; critic: ", detail::network_identity<Discriminator, D>(critic_), "; loss: ", options_.loss.identity(),
                    "; augmentation: ", options_.augmentation.identity(), "; Adam ", o.beta1, " ", o.beta2, " ", o.epsilon,
                    o.weight_decay != 0 ? sentence(" weight decay ", o.weight_decay) : std::string(), "; schedule of ",
                    schedule_.total_steps(), " steps, ", fingerprint_);
  }

  /// Adds everything that step() depends on beside what the constructor was given.
  void write(safetensors_writer& file) const {
    add_tree<D>(file, "generator", generator_);
    add_tree<D>(file, "critic", critic_);
    add_tree<D>(file, "average", average_);
    generator_moments_.write(file, "generator");
    critic_moments_.write(file, "critic");
    file.add<std::int64_t>("next_step", {1}, std::vector<std::int64_t>{next_});
  }

  /// Goes on where write() was. Throws format_error, saying what differs; this trainer is then as it was.
  void read(const safetensors& file) {
    const auto step = file.values<std::int64_t>("next_step");
    if (step.size() != 1 || step[0] < 0 || step[0] > schedule_.total_steps())
      throw format_error(sentence("The file does not hold a step of this schedule of ", schedule_.total_steps(), " steps."));
    auto found = networks_in(file);
    auto gm = generator_moments_;
    auto cm = critic_moments_;
    gm.read(file, "generator");
    cm.read(file, "critic");
    take(std::move(found));
    generator_moments_ = std::move(gm);
    critic_moments_ = std::move(cm);
    next_ = step[0];
  }

  /// A warm start: generator, critic and average of another run's checkpoint, with this run's own schedule and fresh
  /// moments. Throws format_error, naming what differs, when its networks have other shapes; argument_error when this run
  /// has made a step.
  void init_from(const safetensors& file) {
    if (next_ != 0) throw argument_error(sentence("A run takes over other networks before its first step, not after ", next_, "."));
    take(networks_in(file));
  }

 private:
  struct networks {
    generator_weights generator;
    critic_weights critic;
    generator_weights average;
  };

  [[nodiscard]] networks networks_in(const safetensors& file) const {
    networks found{generator_, critic_, average_};
    read_tree<D>(file, "generator", found.generator);
    read_tree<D>(file, "critic", found.critic);
    read_tree<D>(file, "average", found.average);
    found.average = nn::frozen<D>(found.average);
    return found;
  }
  void take(networks found) {
    generator_ = std::move(found.generator);
    critic_ = std::move(found.critic);
    average_ = std::move(found.average);
  }

  [[nodiscard]] models::grown grown_at(std::int64_t step) const {
    const growth g = schedule_.at(step);
    return {g.stage, g.fade};
  }

  static tensor faded_in(const tensor& real, const models::grown& at) {
    if (at.stage == 0 || at.fade >= 1) return real;
    return models::blended<D>(ops::upsample_nearest<D>(ops::avg_pool<D>(real), 2), real, at.fade);
  }

  [[nodiscard]] tensor generated(const key& latents, std::int64_t n, const models::grown& at) const {
    return models::apply_grown<D>(Generator{}, generator_, ops::normal<D>(latents, {n, Generator::latent}), at);
  }

  std::vector<tensor> critic_step(key here, const tensor& real, const models::grown& at, gan_step& said) {
    const auto& augment = options_.augmentation;
    tensor fake;
    {
      const typename D::no_grad quiet;
      fake = generated(here.fold("critic latents"), said.images, at);
      if (!(D::shape_of(fake) == D::shape_of(real)))
        throw shape_error(sentence("The generator makes pictures ", D::shape_of(fake), ", the schedule asks for ",
                                   D::shape_of(real), "."));
      fake = augment.template apply<D>(fake, here.fold("augment fake"));
    }
    const auto shown = augment.template apply<D>(faded_in(real, at), here.fold("augment real"));
    const auto score = [&](const tensor& x) { return models::apply_grown<D>(Discriminator{}, critic_, x, at); };
    auto terms = options_.loss.template discriminator<D>(score, shown, fake, loss_context{here, next_});
    said.critic_loss = static_cast<double>(ops::item<D>(terms.loss));
    said.score_real = static_cast<double>(ops::item<D>(terms.real));
    said.score_fake = static_cast<double>(ops::item<D>(terms.fake));
    said.penalty = static_cast<double>(ops::item<D>(terms.penalty));
    return D::grad(std::move(terms.loss), values_of(models::in_use<Discriminator>(critic_, at)), grad_options{});
  }

  std::vector<tensor> generator_step(key here, const models::grown& at, std::int64_t n, gan_step& said) {
    // Frozen, so that no time goes into the critic's weight gradients.
    const auto judge = nn::frozen<D>(critic_);
    const auto score = [&](const tensor& x) { return models::apply_grown<D>(Discriminator{}, judge, x, at); };
    const auto fake = options_.augmentation.template apply<D>(generated(here.fold("generator latents"), n, at),
                                                              here.fold("augment generated"));
    auto loss = options_.loss.template generator<D>(score, fake, loss_context{here, next_});
    said.generator_loss = static_cast<double>(ops::item<D>(loss));
    return D::grad(std::move(loss), values_of(models::in_use<Generator>(generator_, at)), grad_options{});
  }

  template <class Net, class Tree>
  void update(Tree& weights, adam_moments<D, Tree>& moments, const models::grown& at, const std::vector<tensor>& gradients,
              double rate) {
    moments.update(models::in_use<Net>(weights, at), models::in_use<Net>(moments.first, at),
                   models::in_use<Net>(moments.second, at), gradients, rate, options_.adam);
  }

  static std::vector<tensor> values_of(const std::vector<tensor*>& pointers) {
    std::vector<tensor> out;
    for (const auto* x : pointers) out.push_back(*x);
    return out;
  }

  void require_finite(const std::vector<tensor>& gradients, double loss, const char* who) const {
    std::int64_t bad = 0;
    for (const auto& g : gradients) bad += D::count_nonfinite(g);
    if (bad > 0 || !std::isfinite(loss))
      throw diverged_error(sentence("At step ", next_, " the ", who, "'s loss is ", loss, " and ", bad,
                                    " numbers of its gradient are not finite; train with a lower learning rate, or from an "
                                    "earlier checkpoint."));
  }

  key key_;
  Schedule schedule_;
  std::uint64_t fingerprint_;
  options_type options_;
  generator_weights generator_;
  critic_weights critic_;
  generator_weights average_;
  adam_moments<D, generator_weights> generator_moments_;
  adam_moments<D, critic_weights> critic_moments_;
  std::int64_t next_ = 0;
};

}  // namespace synthmed::train

// Trains a progressive GAN: one critic step and one generator step per call, everything a function of key and step.
#pragma once

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <synthmed/core/differentiable.hpp>
#include <synthmed/error.hpp>
#include <synthmed/models/pgan.hpp>
#include <synthmed/train/checkpoint.hpp>
#include <synthmed/train/progressive_schedule.hpp>
#include <synthmed/train/wgan_gp.hpp>

namespace synthmed::train {

/// How a progressive GAN is trained, beside its schedule.
struct pgan_training {
  wgan_gp loss{};
  double beta1 = 0;
  double beta2 = 0.99;
  double epsilon = 1e-8;
};

/// What one step did.
struct pgan_step {
  std::int64_t step = 0;  ///< the step that was made, counted from 0
  growth settings{};
  double critic_loss = 0, generator_loss = 0;
  double score_real = 0, score_fake = 0;  ///< mean scores in the critic's step
  double penalty = 0;
};

/// Networks, their moving average, Adam's moments, and the number of the next step: all there is to a run beside key,
/// schedule and data. Two trainers with equal ones make the same steps, byte for byte, on one backend and machine.
template <differentiable_backend D, auto Options, schedule Schedule>
  requires std::same_as<typename Schedule::settings, growth>
class pgan_trainer {
 public:
  using generator = models::pgan_generator<Options>;
  using critic = models::pgan_critic<Options>;
  using tensor = typename D::tensor;

  /// Throws argument_error when the schedule has more stages than the networks.
  pgan_trainer(key k, Schedule plan, pgan_training options = {})
      : key_(k),
        schedule_(std::move(plan)),
        options_(options),
        generator_(generator{}.template init<D>(k.fold("generator"))),
        critic_(critic{}.template init<D>(k.fold("critic"))),
        average_(nn::frozen<D>(generator_)),
        generator_moments_(generator_),
        critic_moments_(critic_) {
    const auto last = schedule_.at(schedule_.total_steps() - 1);
    if (last.stage >= static_cast<std::int64_t>(generator::stages))
      throw argument_error(sentence("The schedule grows to stage ", last.stage, " (", last.resolution,
                                    " px), but the networks end at stage ", generator::stages - 1, "."));
  }

  [[nodiscard]] std::int64_t next_step() const noexcept { return next_; }
  [[nodiscard]] bool done() const noexcept { return next_ >= schedule_.total_steps(); }
  [[nodiscard]] const Schedule& plan() const noexcept { return schedule_; }

  /// One critic step and one generator step on `real` [batch, channels, r, r] of the schedule's batch and resolution.
  /// Real pictures fade in as the generator's do. Throws shape_error for other pictures, argument_error when the run is
  /// over, and diverged_error, naming the step, when a loss or gradient is not finite: load a checkpoint before going on.
  pgan_step step(const tensor& real) {
    if (done()) throw argument_error(sentence("The schedule ends after ", schedule_.total_steps(), " steps."));
    const growth g = schedule_.at(next_);
    const shape expected{g.batch, Options.image_channels, g.resolution, g.resolution};
    if (!(D::shape_of(real) == expected))
      throw shape_error(sentence("Step ", next_, " needs pictures ", expected, ", got ", D::shape_of(real), "."));
    const models::grown at{g.stage, g.fade};
    const key here = key_.fold("step").fold(next_);
    if (g.resets_optimizer) {
      generator_moments_ = moments<typename generator::template parameters<D>>(generator_);
      critic_moments_ = moments<typename critic::template parameters<D>>(critic_);
    }
    if (g.resets_average) average_ = nn::frozen<D>(generator_);

    pgan_step report{.step = next_, .settings = g};
    const auto shown = faded_in(real, at);
    auto critic_gradients = critic_step(here, shown, at, report);
    require_finite(critic_gradients, report.critic_loss, "critic");
    critic_moments_.apply(critic::in_use(critic_, at), critic::in_use(critic_moments_.first, at),
                          critic::in_use(critic_moments_.second, at), critic_gradients, g.learning_rate, options_);
    auto generator_gradients = generator_step(here, at, g.batch, report);
    require_finite(generator_gradients, report.generator_loss, "generator");
    generator_moments_.apply(generator::in_use(generator_, at), generator::in_use(generator_moments_.first, at),
                             generator::in_use(generator_moments_.second, at), generator_gradients, g.learning_rate,
                             options_);
    const auto averages = generator::in_use(average_, at);
    const auto trained = generator::in_use(std::as_const(generator_), at);
    for (std::size_t i = 0; i < averages.size(); ++i)
      D::ema(*averages[i], D::detach(*trained[i]), static_cast<typename D::scalar>(g.average_decay));
    ++next_;
    return report;
  }

  /// Pictures [n, channels, r, r] of the averaged generator, grown as at the given step, from latents [n, latent].
  [[nodiscard]] tensor sample(const tensor& latents, std::int64_t step) const {
    const growth g = schedule_.at(step);
    return D::detach(generator{}.template apply<D>(average_, latents, {g.stage, g.fade}));
  }

  /// Writes everything that step() depends on, atomically. `about` is stored and compared on load: say there what the
  /// run is (data set, class, recipe). Throws io_error.
  void save(const std::filesystem::path& path, const std::string& about) const {
    safetensors_writer file;
    add_tree<D>(file, "generator", generator_);
    add_tree<D>(file, "critic", critic_);
    add_tree<D>(file, "average", average_);
    add_tree<D>(file, "generator.first", generator_moments_.first);
    add_tree<D>(file, "generator.second", generator_moments_.second);
    add_tree<D>(file, "critic.first", critic_moments_.first);
    add_tree<D>(file, "critic.second", critic_moments_.second);
    const std::int64_t counts[] = {next_, generator_moments_.steps, critic_moments_.steps};
    file.add<std::int64_t>("counts", {3}, counts);
    file.set_metadata("format", format);
    file.set_metadata("run", identity(about));
    file.set_metadata("backend", D::name());
    file.write(path);
  }

  /// Continues where a saved run was. Throws format_error, saying what differs, when the file is damaged or belongs to
  /// another run; this trainer is then as it was.
  void load(const std::filesystem::path& path, const std::string& about) {
    const auto file = safetensors::read(path);
    const auto stored = [&](const std::string& name) {
      const auto found = file.metadata().find(name);
      return found == file.metadata().end() ? std::string("nothing") : found->second;
    };
    if (stored("format") != format)
      throw format_error(sentence(path.string(), " has checkpoint format ", stored("format"), ", expected ", format, "."));
    if (stored("run") != identity(about))
      throw format_error(sentence(path.string(), " belongs to another run: it says \"", stored("run"), "\", this run is \"",
                                  identity(about), "\"."));
    const auto counts = file.values<std::int64_t>("counts");
    if (counts.size() != 3 || counts[0] < 0 || counts[0] > schedule_.total_steps())
      throw format_error(sentence(path.string(), " does not hold a step of this schedule."));
    auto g = generator_;
    auto c = critic_;
    auto a = average_;
    auto gm = generator_moments_;
    auto cm = critic_moments_;
    read_tree<D>(file, "generator", g);
    read_tree<D>(file, "critic", c);
    read_tree<D>(file, "average", a);
    read_tree<D>(file, "generator.first", gm.first);
    read_tree<D>(file, "generator.second", gm.second);
    read_tree<D>(file, "critic.first", cm.first);
    read_tree<D>(file, "critic.second", cm.second);
    generator_ = std::move(g);
    critic_ = std::move(c);
    average_ = nn::frozen<D>(a);
    generator_moments_ = {nn::frozen<D>(gm.first), nn::frozen<D>(gm.second), counts[1]};
    critic_moments_ = {nn::frozen<D>(cm.first), nn::frozen<D>(cm.second), counts[2]};
    next_ = counts[0];
  }

 private:
  static constexpr const char* format = "synthmed pgan 1";

  template <class Tree>
  struct moments {
    Tree first, second;
    std::int64_t steps = 0;

    explicit moments(const Tree& like) : first(nn::zeros_like<D>(like)), second(nn::zeros_like<D>(like)) {}
    moments(Tree f, Tree s, std::int64_t n) : first(std::move(f)), second(std::move(s)), steps(n) {}

    void apply(const std::vector<tensor*>& parameters, const std::vector<tensor*>& m, const std::vector<tensor*>& v,
               const std::vector<tensor>& gradients, double rate, const pgan_training& o) {
      using scalar = typename D::scalar;
      ++steps;
      const auto t = static_cast<double>(steps);
      const adam_step<scalar> how{.learning_rate = static_cast<scalar>(rate), .beta1 = static_cast<scalar>(o.beta1),
                                  .beta2 = static_cast<scalar>(o.beta2), .epsilon = static_cast<scalar>(o.epsilon),
                                  .correction1 = static_cast<scalar>(1 - std::pow(o.beta1, t)),
                                  .correction2 = static_cast<scalar>(1 - std::pow(o.beta2, t))};
      for (std::size_t i = 0; i < parameters.size(); ++i) D::adam(*parameters[i], *m[i], *v[i], gradients[i], how);
    }
  };

  [[nodiscard]] static std::string identity(const std::string& about) {
    std::string channels;
    for (const auto c : Options.channels) channels += sentence(channels.empty() ? "" : "-", c);
    return sentence("channels ", channels, ", latent ", Options.latent, ", image channels ", Options.image_channels, "; ", about);
  }

  static tensor faded_in(const tensor& real, const models::grown& at) {
    if (at.stage == 0 || at.fade >= 1) return real;
    return models::detail::faded<D>(ops::upsample_nearest<D>(ops::avg_pool<D>(real), 2), real, at.fade);
  }

  std::vector<tensor> critic_step(key here, const tensor& real, const models::grown& at, pgan_step& report) {
    const std::int64_t n = D::shape_of(real)[0];
    tensor fake;
    {
      const typename D::no_grad quiet;
      fake = generator{}.template apply<D>(generator_, ops::normal<D>(here.fold("critic latents"), {n, Options.latent}), at);
    }
    const auto mix = ops::uniform<D>(here.fold("mix"), {n, 1, 1, 1});
    const auto score = [&](const tensor& x) { return critic{}.template apply<D>(critic_, x, at); };
    auto terms = critic_loss<D>(options_.loss, score, real, fake, mix);
    report.critic_loss = static_cast<double>(ops::item<D>(terms.loss));
    report.score_real = static_cast<double>(ops::item<D>(terms.real));
    report.score_fake = static_cast<double>(ops::item<D>(terms.fake));
    report.penalty = static_cast<double>(ops::item<D>(terms.penalty));
    return D::grad(std::move(terms.loss), values_of(critic::in_use(critic_, at)), grad_options{});
  }

  std::vector<tensor> generator_step(key here, const models::grown& at, std::int64_t n, pgan_step& report) {
    // Frozen, so that no time goes into the critic's weight gradients.
    const auto judge = nn::frozen<D>(critic_);
    const auto fake =
        generator{}.template apply<D>(generator_, ops::normal<D>(here.fold("generator latents"), {n, Options.latent}), at);
    auto loss = generator_loss<D>([&](const tensor& x) { return critic{}.template apply<D>(judge, x, at); }, fake);
    report.generator_loss = static_cast<double>(ops::item<D>(loss));
    return D::grad(std::move(loss), values_of(generator::in_use(generator_, at)), grad_options{});
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
  pgan_training options_;
  typename generator::template parameters<D> generator_;
  typename critic::template parameters<D> critic_;
  typename generator::template parameters<D> average_;
  moments<typename generator::template parameters<D>> generator_moments_;
  moments<typename critic::template parameters<D>> critic_moments_;
  std::int64_t next_ = 0;
};

}  // namespace synthmed::train

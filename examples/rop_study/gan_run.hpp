// The engine of `rop_study gan` for any backend: one trainer type per network. Included by one unit per backend.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/models/pgan.hpp>
#include <synthmed/train/checkpoint.hpp>
#include <synthmed/train/gan_trainer.hpp>
#include <synthmed/train/nonsaturating_r1.hpp>
#include <synthmed/train/pgan_recipes.hpp>

#include "gan.hpp"

namespace rop_study {

/// Channels of the quick network: 4 to 64 px.
inline constexpr std::array<std::int64_t, 5> gan_quick_channels{64, 64, 48, 32, 16};

/// Either loss as one type, so that a network's trainer is compiled once.
class study_loss {
 public:
  /// R1's weight and how often it is taken were measured (docs/gan.md).
  explicit study_loss(gan_loss which = gan_loss::wgan_gp) {
    if (which == gan_loss::ns_r1) loss_ = synthmed::train::nonsaturating_r1{.gamma = 10, .every = 4};
  }

  template <synthmed::differentiable_backend D, class Score>
  [[nodiscard]] synthmed::train::critic_terms<D> discriminator(Score&& score, const typename D::tensor& real,
                                                               const typename D::tensor& fake,
                                                               const synthmed::train::loss_context& context) const {
    return std::visit([&](const auto& l) { return l.template discriminator<D>(score, real, fake, context); }, loss_);
  }
  template <synthmed::differentiable_backend D, class Score>
  [[nodiscard]] typename D::tensor generator(Score&& score, const typename D::tensor& fake,
                                             const synthmed::train::loss_context& context) const {
    return std::visit([&](const auto& l) { return l.template generator<D>(score, fake, context); }, loss_);
  }
  [[nodiscard]] std::string identity() const {
    return std::visit([](const auto& l) { return l.identity(); }, loss_);
  }

 private:
  std::variant<synthmed::train::wgan_gp, synthmed::train::nonsaturating_r1> loss_;
};

/// A GAN's trainer, named, so that a checkpoint tells its class, data and seed.
template <class D, auto Options>
class named_gan : public synthmed::train::gan_trainer<D, synthmed::models::pgan_generator<Options>,
                                                      synthmed::models::pgan_critic<Options>, gan_schedule, study_loss,
                                                      synthmed::train::diff_augment> {
 public:
  using base =
      synthmed::train::gan_trainer<D, synthmed::models::pgan_generator<Options>, synthmed::models::pgan_critic<Options>,
                                   gan_schedule, study_loss, synthmed::train::diff_augment>;
  named_gan(synthmed::key k, gan_schedule plan, study_loss loss, const synthmed::train::diff_augment& augmentation,
            std::string about)
      : base(k, std::move(plan), {.loss = std::move(loss), .augmentation = augmentation}), about_(std::move(about)) {}
  [[nodiscard]] std::string identity() const { return base::identity() + "; " + about_; }

 private:
  std::string about_;
};

/// What a generator's file says of itself.
inline constexpr const char* generator_format = "synthmed generator 1";

template <class D, auto Options>
class gan_engine_on : public gan_engine {
  using trainer = named_gan<D, Options>;
  using generator = synthmed::models::pgan_generator<Options>;
  using tensor = typename D::tensor;

 public:
  explicit gan_engine_on(gan_loss loss) : loss_(loss) {}
  [[nodiscard]] std::string backend() const override { return D::name(); }
  [[nodiscard]] std::int64_t latent() const override { return Options.latent; }
  [[nodiscard]] std::int64_t largest() const override { return generator::resolution(generator::stages - 1); }

  synthmed::train::run_result train(const training_options& options, const gan_task& task) const override {
    namespace train = synthmed::train;
    trainer run(task.key, task.plan, study_loss(loss_), task.augmentation, task.about);
    const auto store = open_run(options, task.place, run);
    if (run.next_step() == 0 && !task.init_from.empty()) run.init_from(train::checkpoint_store::read(task.init_from));
    tensor shown;
    const auto batches = [&](std::int64_t step) -> const tensor& {
      const auto made = task.batches(step);
      shown = D::from_host(made.extents, std::vector<typename D::scalar>(made.pixels.begin(), made.pixels.end()));
      return shown;
    };
    const auto show = [&](std::int64_t step, bool stage_ended) {
      write_generator(run, step, task);
      if (task.show) task.show(view_of(run, step), stage_ended);
    };
    // Killed between a stage's checkpoint and its page: the page is drawn now.
    if (const auto next = run.next_step(); next > 0 && (run.done() || run.stage(next) != run.stage(next - 1)))
      show(next - 1, true);
    return train_in(options, task.place, store, run, batches,
                    train::sample_grid([&](const train::grid_moment& m) { show(m.step, m.stage_ended); }));
  }

  [[nodiscard]] gan_view open(const std::filesystem::path& path) const override {
    const auto file = synthmed::safetensors::read(path);
    const auto stored = [&](const std::string& name) {
      const auto found = file.metadata().find(name);
      return found == file.metadata().end() ? std::string("nothing") : found->second;
    };
    if (stored("format") != generator_format || stored("network") != generator::identity())
      throw synthmed::format_error(synthmed::sentence(path.string(), " holds \"", stored("format"), "\", network \"",
                                                      stored("network"), "\"; expected \"", generator_format, "\", \"",
                                                      generator::identity(), "\"."));
    auto weights =
        std::make_shared<synthmed::nn::parameters_of<generator, D>>(generator{}.template init<D>(synthmed::key(0)));
    synthmed::train::read_tree<D>(file, "generator", *weights);
    const std::int64_t stage = std::stoll(stored("stage"));
    const double fade = std::stod(stored("fade"));
    return {
        .resolution = generator::resolution(stage),
        .sample =
            [weights, stage, fade](std::span<const float> latents) {
              const typename D::no_grad quiet;
              return host(synthmed::models::apply_grown<D>(generator{}, *weights, latents_of(latents), {stage, fade}));
            },
        .score = {}};
  }

  [[nodiscard]] std::vector<gan_cost> costs(const gan_schedule& plan, double& disk) const override {
    std::vector<gan_cost> out;
    for (std::int64_t step = 0; step < plan.total_steps(); ++step)
      if (const auto g = plan.at(step); out.empty() || out.back().resolution != g.resolution)
        out.push_back({.resolution = g.resolution, .steps = 1});
      else
        ++out.back().steps;
    double per_operation = 0;
    std::int64_t first = 0;
    for (auto& cost : out) {
      const auto g = plan.at(first);
      const double operations = static_cast<double>(g.batch) * operations_at(g.stage);
      if (per_operation * operations < 1) {
        const gan_schedule only([g] {
          synthmed::train::growth settled = g;
          settled.fade = 1;
          settled.starts_stage = settled.resets_optimizer = settled.resets_average = false;
          return constant_plan{settled};
        }());
        trainer run(synthmed::key(1), only, study_loss(loss_), {}, "a measurement");
        if (disk == 0) disk = checkpoint_disk(run);
        const auto pictures =
            synthmed::ops::uniform<D>(synthmed::key(2), {g.batch, Options.image_channels, g.resolution, g.resolution});
        cost.seconds_per_step = seconds_per_call([&] { (void)run.step(pictures); }, 0.3);
        cost.measured = true;
        per_operation = cost.seconds_per_step / operations;
      } else {
        cost.seconds_per_step = per_operation * operations;
      }
      first += cost.steps;
    }
    return out;
  }

 private:
  /// One step's settings over and over.
  struct constant_plan {
    using settings = synthmed::train::growth;
    settings g;
    [[nodiscard]] settings at(std::int64_t) const { return g; }
    [[nodiscard]] std::int64_t total_steps() const { return 1 << 20; }
  };

  /// Multiplications of a generator's and a critic's pass per picture, up to a factor.
  static double operations_at(std::int64_t stage) {
    double sum = 0;
    for (std::int64_t s = 0; s <= stage; ++s) {
      const auto i = static_cast<std::size_t>(s);
      const double pixels = static_cast<double>(generator::resolution(s) * generator::resolution(s));
      const auto own = static_cast<double>(Options.channels[i]),
                 below = static_cast<double>(Options.channels[s == 0 ? 0 : i - 1]);
      sum += 9 * pixels * own * (below + (Options.convolutions == 2 ? own : 0));
    }
    return sum;
  }

  static tensor latents_of(std::span<const float> latents) {
    return D::from_host({static_cast<std::int64_t>(latents.size()) / Options.latent, Options.latent},
                        std::vector<typename D::scalar>(latents.begin(), latents.end()));
  }
  static std::vector<float> host(const tensor& x) {
    const auto values = synthmed::ops::to_host<D>(x);
    return {values.begin(), values.end()};
  }

  static gan_view view_of(const trainer& run, std::int64_t step) {
    const std::int64_t side = run.plan().at(step).resolution;
    return {
        .resolution = side,
        .sample = [&run, step](std::span<const float> latents) { return host(run.sample(latents_of(latents), step)); },
        .score =
            [&run, step, side](std::span<const float> pictures) {
              std::vector<float> out;
              const auto area = static_cast<std::size_t>(Options.image_channels * side * side);
              // One at a time: the batch's standard deviation must tell nothing about a picture.
              for (std::size_t at = 0; at + area <= pictures.size(); at += area) {
                const auto one = pictures.subspan(at, area);
                const auto x = D::from_host({1, Options.image_channels, side, side},
                                            std::vector<typename D::scalar>(one.begin(), one.end()));
                out.push_back(static_cast<float>(synthmed::ops::item<D>(run.score(x, step))));
              }
              return out;
            }};
  }

  static void write_generator(const trainer& run, std::int64_t step, const gan_task& task) {
    const auto g = run.plan().at(step);
    synthmed::safetensors_writer file;
    synthmed::train::add_tree<D>(file, "generator", run.average());
    file.set_metadata("format", generator_format);
    file.set_metadata("network", generator::identity());
    file.set_metadata("stage", std::to_string(g.stage));
    file.set_metadata("fade", synthmed::sentence(g.fade));
    for (const auto& [name, value] : task.notes) file.set_metadata(name, value);
    file.write(task.generator);
  }

  gan_loss loss_;
};

/// The quick and the small network, for the recipes synthmed and paper.
template <class D>
[[nodiscard]] std::unique_ptr<gan_engine> small_engine(const gan_design& design) {
  using namespace synthmed::models;
  using synthmed::train::networks_of, synthmed::train::recipe;
  if (design.network == gan_network::quick)
    return std::make_unique<gan_engine_on<D, quick_options(gan_quick_channels)>>(design.loss);
  return std::make_unique<gan_engine_on<D, networks_of<recipe::synthmed>(small_channels)>>(design.loss);
}

/// The study's channels to 512 px; the study's own network for the recipe seed.
template <class D>
[[nodiscard]] std::unique_ptr<gan_engine> full_engine(const gan_design& design) {
  using namespace synthmed::models;
  using synthmed::train::networks_of, synthmed::train::recipe;
  if (design.recipe == recipe::seed)
    return std::make_unique<gan_engine_on<D, networks_of<recipe::seed>(full_channels)>>(design.loss);
  return std::make_unique<gan_engine_on<D, networks_of<recipe::synthmed>(full_channels)>>(design.loss);
}

}  // namespace rop_study

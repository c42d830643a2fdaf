// What the PGAN oracle's program writes, for one differentiable backend: networks with their gradients, and a run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <oracle/record.hpp>
#include <synthmed/models/pgan.hpp>
#include <synthmed/ops/ops.hpp>
#include <synthmed/train/pgan_trainer.hpp>

namespace synthmed_oracle {

using namespace synthmed;

/// The study's network with few channels; multiples of 16, so that Winograd's transform applies from 8 px on.
inline constexpr auto seed = [] {
  auto o = models::seed_options(std::array<std::int64_t, 3>{16, 16, 16});
  o.latent = 16;
  return o;
}();

/// Three steps each at 4, 8 and 16 px, the first two at a resolution while it fades in; batches of two groups, of one
/// group that is no multiple of four, and of two. As in the study, each resolution starts with fresh moments and
/// average.
struct three_steps_each {
  using settings = train::growth;
  [[nodiscard]] std::int64_t total_steps() const { return 9; }
  [[nodiscard]] train::growth at(std::int64_t step) const {
    constexpr double fades[] = {1, 1, 1, 0.2, 0.6, 1, 0.3, 0.7, 1};
    constexpr std::int64_t batches[] = {8, 6, 2};
    const std::int64_t stage = step / 3;
    const bool starts = step % 3 == 0;
    return {.stage = stage,
            .resolution = std::int64_t{4} << stage,
            .fade = fades[step],
            .batch = batches[stage],
            .learning_rate = 1e-3,
            .average_decay = 0.999,
            .starts_stage = starts,
            .resets_optimizer = starts && stage > 0,
            .resets_average = starts && stage > 0};
  }
};

/// A tree with random values, biases too.
template <differentiable_backend D, class Tree>
[[nodiscard]] Tree randomised(const Tree& like, key k) {
  Tree out = like;
  nn::for_each_parameter(
      out, [&](const std::string& name, auto& x) { x = D::parameter(ops::normal<D>(k.fold(name), D::shape_of(x))); });
  return out;
}

/// The paper's form in colour, and the quick study's network.
inline constexpr models::pgan_options<3> paper{.channels = {6, 5, 4}, .latent = 7, .image_channels = 3};
inline constexpr auto quick = models::quick_options(std::array<std::int64_t, 3>{6, 5, 4}, 7);

/// networks_<what>.safetensors: weights; per resolution and fade inputs, results, and the gradients of their sum
/// weighted by random directions.
template <differentiable_backend D, auto Options>
void write_networks(const std::filesystem::path& folder, const std::string& what,
                    const std::vector<models::grown>& cases = {{0, 1}, {1, 0.3}, {1, 1}, {2, 0.6}, {2, 1}}) {
  using generator = models::pgan_generator<Options>;
  using critic = models::pgan_critic<Options>;
  safetensors_writer file;
  const auto g = randomised<D>(generator{}.template init<D>(key(1)), key(2));
  const auto c = randomised<D>(critic{}.template init<D>(key(3)), key(4));
  record_tree<D>(file, "generator", g);
  record_tree<D>(file, "critic", c);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto& at = cases[i];
    const std::string name = "case" + std::to_string(i);
    const std::int64_t n = 8, r = std::int64_t{4} << at.stage;
    const double grown[] = {static_cast<double>(at.stage), at.fade};
    file.add<double>(name + ".grown", {2}, grown);
    const auto record_case = [&]<class Net>(Net, const auto& tree, const std::string& which, const shape& input) {
      const key here = key(5).fold(which).fold(static_cast<std::int64_t>(i));
      const auto x = D::parameter(ops::normal<D>(here.fold("input"), input));
      const auto y = Net{}.template apply<D>(tree, x, at);
      const auto direction = ops::normal<D>(here.fold("direction"), D::shape_of(y));
      auto wrt = nn::tensors(tree);
      wrt.push_back(x);
      const auto gradients = D::grad(ops::sum<D>(D::mul(y, direction)), wrt, grad_options{});
      record<D>(file, name + "." + which + ".input", x);
      record<D>(file, name + "." + which + ".direction", direction);
      record<D>(file, name + "." + which + ".result", y);
      record<D>(file, name + "." + which + ".input_gradient", gradients.back());
      const auto names = nn::names(tree);
      for (std::size_t j = 0; j < names.size(); ++j)
        record<D>(file, name + "." + which + ".gradient." + names[j], gradients[j]);
    };
    record_case(generator{}, g, "generator", {n, Options.latent});
    record_case(critic{}, c, "critic", {n, Options.image_channels, r, r});
  }
  file.write(folder / ("networks_" + what + ".safetensors"));
}

/// run_<what>_<k>.safetensors: the trainer's checkpoint after k steps; batch_<what>_<k>.safetensors: what step k was
/// given and drew (by the keys that pgan_trainer documents), what it was set to, and what it reported.
template <differentiable_backend D>
void write_run(const std::filesystem::path& folder, const std::string& what) {
  const key run(7);
  train::pgan_trainer<D, seed, three_steps_each> trainer(run, {});
  const auto save = [&] {
    safetensors_writer file;
    trainer.write(file);
    file.write(folder / ("run_" + what + "_" + std::to_string(trainer.next_step()) + ".safetensors"));
  };
  save();
  while (trainer.next_step() < three_steps_each{}.total_steps()) {
    const std::int64_t step = trainer.next_step();
    const auto g = three_steps_each{}.at(step);
    const key here = run.fold("step").fold(step);
    safetensors_writer file;
    const auto real = ops::mul_scalar<D>(
        ops::normal<D>(key(8).fold(step), {g.batch, seed.image_channels, g.resolution, g.resolution}), 0.5);
    record<D>(file, "real", real);
    record<D>(file, "critic_latents", ops::normal<D>(here.fold("critic latents"), {g.batch, seed.latent}));
    record<D>(file, "mix", ops::uniform<D>(here.fold("mix"), {g.batch, 1, 1, 1}));
    record<D>(file, "generator_latents", ops::normal<D>(here.fold("generator latents"), {g.batch, seed.latent}));
    const auto report = trainer.step(real);
    const auto number = [&](const std::string& name, double value) {
      file.add<double>(name, {}, std::vector<double>{value});
    };
    number("stage", static_cast<double>(g.stage));
    number("fade", g.fade);
    number("learning_rate", g.learning_rate);
    number("average_decay", g.average_decay);
    number("starts_stage", g.starts_stage ? 1 : 0);
    number("critic_loss", report.critic_loss);
    number("generator_loss", report.generator_loss);
    number("score_real", report.score_real);
    number("score_fake", report.score_fake);
    number("penalty", report.penalty);
    file.write(folder / ("batch_" + what + "_" + std::to_string(step) + ".safetensors"));
    save();
  }
}

}  // namespace synthmed_oracle

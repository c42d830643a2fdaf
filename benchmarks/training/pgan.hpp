// PGAN iterations as work: a critic step with gradient penalty and a generator step at one resolution, without fade.
#pragma once

#include <memory>
#include <string>

#include <synthmed/models/pgan.hpp>
#include <synthmed/train/gan_trainer.hpp>

#include "work.hpp"

namespace bench_training {

/// Every step at one stage.
struct one_stage {
  using settings = synthmed::train::growth;
  std::int64_t stage = 0, batch = 16;
  [[nodiscard]] static std::int64_t total_steps() { return 1'000'000; }
  [[nodiscard]] settings at(std::int64_t) const {
    settings g;
    g.stage = stage;
    g.resolution = std::int64_t{4} << stage;
    g.batch = batch;
    g.learning_rate = 1e-3;
    return g;
  }
};

inline constexpr synthmed::models::pgan_options<5> small_networks{.channels = synthmed::models::small_channels};
inline constexpr synthmed::models::pgan_options<7> full_networks{.channels = {512, 512, 512, 512, 256, 128, 64}};

template <class D, auto Options>
work pgan_work(const std::string& name, std::int64_t stage, std::int64_t batch) {
  const auto make = [stage, batch] {
    using trainer = synthmed::train::gan_trainer<D, synthmed::models::pgan_generator<Options>,
                                                 synthmed::models::pgan_critic<Options>, one_stage>;
    using scalar = typename D::scalar;
    const synthmed::key root(1);
    auto run = std::make_shared<trainer>(root, one_stage{stage, batch});
    const std::int64_t side = std::int64_t{4} << stage;
    const synthmed::shape pictures{batch, 1, side, side};
    // One batch again and again: where pictures come from is not what is timed.
    const auto real = synthmed::ops::add_scalar<D>(
        synthmed::ops::mul_scalar<D>(synthmed::ops::uniform<D>(root.fold("real"), pictures), 2), -1);
    return running{
        .images = batch,
        .describe =
            [run, real, root, pictures](synthmed::safetensors_writer& out) {
              run->write(out);
              const auto add = [&](const char* what, const auto& x) {
                const auto values = synthmed::ops::to_host<D>(x);
                out.add<scalar>(what, D::shape_of(x), values);
              };
              const auto first = root.fold("step").fold(std::int64_t{0});
              const std::int64_t n = pictures[0];
              add("real", real);
              add("critic_latents", synthmed::ops::normal<D>(first.fold("critic latents"), {n, Options.latent}));
              add("generator_latents", synthmed::ops::normal<D>(first.fold("generator latents"), {n, Options.latent}));
              add("mix", synthmed::ops::uniform<D>(first.fold("mix"), {n, 1, 1, 1}));
            },
        .step =
            [run, real] {
              const auto r = run->step(real);
              return std::vector<figure>{
                  {"critic_loss", r.critic_loss}, {"generator_loss", r.generator_loss}, {"penalty", r.penalty}};
            }};
  };
  return {name, make};
}

template <class D>
std::vector<work> small_pgan_works() {
  std::vector<work> out;
  for (std::int64_t stage = 1; stage < 5; ++stage)
    out.push_back(pgan_work<D, small_networks>("pgan-small-" + std::to_string(4 << stage), stage, 16));
  return out;
}

template <class D>
std::vector<work> full_pgan_works() {
  std::vector<work> out;
  const std::int64_t batches[] = {16, 16, 16, 4, 4, 2, 2};  // by stage: memory and patience
  for (std::int64_t stage = 1; stage < 7; ++stage)
    out.push_back(pgan_work<D, full_networks>("pgan-full-" + std::to_string(4 << stage), stage, batches[stage]));
  return out;
}

}  // namespace bench_training

// GAN during a fade, U-Net with batch norm and dropout, classifier with validation: run(a); write; read; run(b) equals
// run(a + b) in every byte, on a backend, at 2 and 4 threads, also when run(a) is ended by kill -9.
#pragma once

#include <support/catch.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/models/small_resnet.hpp>
#include <synthmed/models/vessel_unet.hpp>
#include <synthmed/parallel.hpp>
#include <synthmed/testing/trainer_laws.hpp>
#include <synthmed/train/classifier_trainer.hpp>
#include <synthmed/train/learning_rate.hpp>
#include <synthmed/train/pgan_trainer.hpp>
#include <synthmed/train/run.hpp>
#include <synthmed/train/segmenter_trainer.hpp>

#include "tiny_trainer.hpp"

namespace synthmed_test {

using namespace synthmed;

/// Numbers in [0, 1) that depend on the step alone.
inline std::vector<float> noise(std::int64_t step, const shape& dims) {
  std::vector<float> out(static_cast<std::size_t>(dims.elements()));
  fill_uniform(key(77).fold(step), std::span<float>(out));
  return out;
}

/// Eleven steps in two stages; step 5, where the run is cut, is in the fade.
template <backend B, std::int64_t Width>
struct gan_case {
  using D = autodiff<B>;
  static constexpr models::pgan_options<2> networks{.channels = {Width, Width / 2}, .latent = 8};
  static constexpr std::int64_t cut = 5, steps = 11;
  train::progressive_schedule plan{{{.resolution = 4, .images = 12, .fade_images = 0, .batch = 4},
                                    {.resolution = 8, .images = 32, .fade_images = 16, .batch = 4}}};

  auto make() const { return train::pgan_trainer<D, networks, train::progressive_schedule>(key(1), plan); }
  auto batch(std::int64_t step) const {
    const auto g = plan.at(std::min(step, plan.total_steps() - 1));
    const shape dims{g.batch, 1, g.resolution, g.resolution};
    return D::from_host(dims, noise(step, dims));
  }
};

template <backend B, std::int64_t Width, std::int64_t Side>
struct segmenter_case {
  using D = autodiff<B>;
  using net = models::vessel_unet<models::vessel_unet_options<2>{.channels = {Width, 2 * Width}, .dropout = 0.2}>;
  static constexpr std::int64_t cut = 2, steps = 6;

  auto make() const {
    return train::segmenter_trainer<D, net, train::constant_rate>(net{}, key(2), {1e-3, steps}, "tiny U-Net");
  }
  patch_batch batch(std::int64_t step) const {
    patch_batch b;
    b.extents = {2, 1, Side, Side};
    b.pixels = noise(step, b.extents);
    b.truth = b.pixels;
    for (auto& v : b.truth) v = v > 0.8F ? 1.0F : 0.0F;
    b.field.assign(b.truth.size(), 1.0F);
    return b;
  }
};

/// Looks at validation pictures after every second step, so the cut lies between two looks.
template <backend B, std::int64_t Width, std::int64_t Side>
struct classifier_case {
  using D = autodiff<B>;
  using net = models::resnet<models::small_classifier_options(3, {Width, Width, 2 * Width})>;
  static constexpr std::int64_t cut = 3, steps = 6;

  auto make() const {
    const train::picture_sequence validation{.size = 4, .read = [](std::uint64_t i) {
                                               synthmed::batch one;
                                               one.extents = {1, 1, Side, Side};
                                               one.pixels = noise(100 + static_cast<std::int64_t>(i), one.extents);
                                               one.labels = {static_cast<int>(i % 3)};
                                               return one;
                                             }};
    return train::classifier_trainer<D, net, train::constant_rate>(
        key(3), {1e-2, steps}, {.validate_every = 2, .measure = train::selection_measure::accuracy}, validation);
  }
  synthmed::batch batch(std::int64_t step) const {
    synthmed::batch b;
    b.extents = {4, 1, Side, Side};
    b.pixels = noise(step, b.extents);
    b.labels = {0, 1, 2, static_cast<int>(step % 3)};
    return b;
  }
};

/// The law at 2 and at 4 threads.
template <class Case>
void check_resumes(const Case& c) {
  for (const int count : {2, 4}) {
    set_threads(count);
    INFO(count << " threads");
    CHECK(testing::broken_trainer_law([&] { return c.make(); }, [&](std::int64_t step) { return c.batch(step); },
                                      Case::cut, Case::steps - Case::cut) == "");
  }
  set_threads(1);
}

/// What a process does that check_killed() starts: trains slowly, with a checkpoint after every step.
template <class Case>
void train_until_killed(const Case& c) {
  const char* const folder = std::getenv("SYNTHMED_CHILD_FOLDER");
  const char* const count = std::getenv("SYNTHMED_CHILD_THREADS");
  if (folder == nullptr || count == nullptr) return;
  set_threads(std::atoi(count));
  struct slow : train::quiet_observer {
    train::verdict on_step(const train::step_event&) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      return train::verdict::go_on;
    }
  };
  const train::checkpoint_store store(folder);
  auto t = c.make();
  train::run(
      t, [&](std::int64_t step) { return c.batch(step); }, {.store = &store, .checkpoint_steps = 1}, slow{});
}

/// Starts `child` (the name of a test of this program that calls train_until_killed) as a process of its own, kills it
/// with SIGKILL once the cut is reached, goes on here, and compares with a run in one piece.
template <class Case>
void check_killed(const Case& c, const std::string& child) {
  const auto batches = [&](std::int64_t step) { return c.batch(step); };
  for (const int count : {2, 4}) {
    INFO(count << " threads");
    const run_folder at("killed_trainer");
    const std::string folder = (at / "run").string(), threads_text = std::to_string(count);
    const pid_t process = ::fork();
    REQUIRE(process >= 0);
    if (process == 0) {
      ::setenv("SYNTHMED_CHILD_FOLDER", folder.c_str(), 1);
      ::setenv("SYNTHMED_CHILD_THREADS", threads_text.c_str(), 1);
      ::dup2(::open("/dev/null", O_WRONLY), STDOUT_FILENO);
      ::execl("/proc/self/exe", "test_resume", child.c_str(), static_cast<char*>(nullptr));
      ::_exit(127);
    }
    const auto reached = [&] {
      if (!std::filesystem::exists(folder)) return false;
      for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.path().extension() == ".safetensors" &&
            entry.path().filename() >= "checkpoint-" + std::string(8, '0') + std::to_string(Case::cut))
          return true;
      return false;
    };
    int status = 0;
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (!reached() && std::chrono::steady_clock::now() < give_up && ::waitpid(process, &status, WNOHANG) == 0)
      ::usleep(1000);
    ::kill(process, SIGKILL);
    ::waitpid(process, &status, 0);
    CHECK(WIFSIGNALED(status));  // it was training, not done

    set_threads(count);
    const train::checkpoint_store store(folder);
    auto resumed = c.make(), whole = c.make();
    REQUIRE(store.resume(resumed).has_value());
    CHECK(resumed.next_step() >= Case::cut);
    train::run(resumed, batches, {.store = &store});
    train::run(whole, batches, {});
    CHECK(testing::detail::trainer_bytes(resumed) == testing::detail::trainer_bytes(whole));
  }
  set_threads(1);
}

}  // namespace synthmed_test

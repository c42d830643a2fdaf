// The smallest trainer with a state worth resuming: gradient descent with momentum on a parabola, in stages of four
// steps.
#pragma once

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include <synthmed/error.hpp>
#include <synthmed/io/safetensors.hpp>
#include <synthmed/train/trainer.hpp>

namespace synthmed_test {

class tiny_trainer {
 public:
  using batch = double;
  struct report {
    std::int64_t step = 0;
    double loss = 0, weight = 0;
    std::int64_t images = 8;
    template <class F>
    void for_each_value(F&& f) const {
      f("loss", loss);
      f("weight", weight);
    }
  };

  explicit tiny_trainer(std::string identity = "parabola, rate 0.05", std::int64_t steps = 20, std::size_t ballast = 0)
      : identity_(std::move(identity)), steps_(steps), ballast_(ballast, 1.0F) {}

  [[nodiscard]] std::int64_t next_step() const { return next_; }
  [[nodiscard]] std::int64_t total_steps() const { return steps_; }
  [[nodiscard]] std::int64_t stage(std::int64_t step) const { return step / 4; }
  [[nodiscard]] std::string identity() const { return identity_; }
  [[nodiscard]] double weight() const { return weight_; }

  report step(const double& target) {
    if (next_ >= steps_) throw synthmed::argument_error("The run is over.");
    const double slope = weight_ - target;
    if (!std::isfinite(slope))
      throw synthmed::diverged_error(synthmed::sentence("At step ", next_, " 1 number of the gradient is not finite."));
    velocity_ = 0.9 * velocity_ + slope;
    weight_ -= 0.05 * velocity_;
    return {next_++, slope * slope / 2, weight_};
  }

  void write(synthmed::safetensors_writer& file) const {
    const double state[] = {weight_, velocity_};
    file.add<double>("state", {2}, state);
    file.add<std::int64_t>("next", {1}, std::vector<std::int64_t>{next_});
    file.add<float>("ballast", {static_cast<std::int64_t>(ballast_.size())}, ballast_);
  }
  void read(const synthmed::safetensors& file) {
    const auto state = file.values<double>("state");
    const auto next = file.values<std::int64_t>("next");
    weight_ = state.at(0);
    velocity_ = state.at(1);
    next_ = next.at(0);
  }

 private:
  std::string identity_;
  std::int64_t steps_, next_ = 0;
  double weight_ = 0, velocity_ = 0;
  std::vector<float> ballast_;  // makes checkpoints as large as a test wants them
};

static_assert(synthmed::train::explain_trainer<tiny_trainer>());

inline double target_of(std::int64_t step) { return std::sin(static_cast<double>(step)); }

/// A temporary folder that goes with the test.
class run_folder {
 public:
  explicit run_folder(const std::string& name)
      : path_(std::filesystem::temp_directory_path() / ("synthmed_runs_" + name + "_" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~run_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  run_folder(const run_folder&) = delete;
  run_folder& operator=(const run_folder&) = delete;
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace synthmed_test

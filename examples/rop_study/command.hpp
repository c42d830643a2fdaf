// What the subcommands of rop_study share: their registration, the options every one takes, progress on the terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace rop_study {

/// Options of every subcommand (design: one set of flags for all).
struct common_options {
  std::filesystem::path out = "rop_study_out";
  std::uint64_t seed = 1337;
  int threads = 0;  ///< 0: as OMP_NUM_THREADS says, else all cores
  bool dry_run = false;
};

/// Adds --out, --seed, --threads and --dry-run to a subcommand.
void add_common(CLI::App& command, common_options& options);

/// Applies --threads; call it first in a subcommand's callback.
void apply(const common_options& options);

/// One line on stderr that is rewritten at most ten times a second: done/total, rate, time left. On a pipe it prints
/// a line at most every ten seconds instead. Nothing of it goes to stdout.
class progress {
 public:
  progress(std::string what, std::string unit, std::uint64_t total);
  ~progress();
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;
  void done(std::uint64_t count);  ///< thread-safe only under the caller's lock

 private:
  void print(bool last);
  std::string what_, unit_;
  std::uint64_t total_, done_ = 0;
  bool terminal_;
  std::chrono::steady_clock::time_point start_, printed_;
};

// Each subcommand lives in a unit of its own name and is registered in main.cpp.
void add_prepare(CLI::App& app);
void add_segment(CLI::App& app);  ///< only where a backend for training is
void add_gan(CLI::App& app);  ///< only where the xtensor backend is
void add_classify(CLI::App& app);  ///< only where a backend for training is
void add_score(CLI::App& app);  ///< only where a backend for training is
void add_synthesize(CLI::App& app);
void add_compare(CLI::App& app);
void add_fid(CLI::App& app);
void add_umap(CLI::App& app);
void add_privacy(CLI::App& app);
void add_arm(CLI::App& app);
void add_all(CLI::App& app);
void add_report(CLI::App& app);
void add_release(CLI::App& app);

}  // namespace rop_study

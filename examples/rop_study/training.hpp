// What the subcommands of rop_study that train share: their flags, the files and observers of a run, the dry-run table.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <synthmed/train/observers.hpp>
#include <synthmed/train/run.hpp>

#include "command.hpp"

namespace rop_study {

/// How large a study is; every subcommand says what it makes of it.
enum class preset { smoke, quick, demo, study };
[[nodiscard]] std::string to_string(preset p);

/// Maps per step of a generator where --batch says nothing: those of the published recipes, or fewer for minutes on a
/// processor. A class needs at least so many training maps.
[[nodiscard]] inline std::int64_t default_gan_batch(std::string_view recipe, std::string_view preset_name) {
  return recipe != "synthmed" || preset_name == "study" ? 16 : 8;
}

/// Flags of every subcommand that trains (design: one set for all), beside common_options.
struct training_options {
  common_options common;
  preset size = preset::quick;
  std::string backend = "xtensor";  ///< "xtensor" or "torch"
  std::string device = "cpu";       ///< "cpu", "cuda" or "cuda:N"; only the torch backend leaves the CPU
  std::optional<std::int64_t>
      steps{};  ///< stop when so many steps are made, with a checkpoint (0: of the first weights)
  bool resume = false;
  double time_limit = 0;       ///< minutes for the whole command; 0: none
  bool deterministic = false;  ///< LibTorch refuses kernels whose bytes do not repeat

  // As the command line has them; apply() reads them.
  std::string preset_name = "quick";
};

/// Adds --preset, --backend, --device, --steps, --resume, --time-limit, --deterministic and common_options' flags.
void add_training(CLI::App& command, training_options& options);

/// Checks the flags, applies --threads and prepares the process for --deterministic; call it first in a subcommand's
/// callback. Throws argument_error, in a sentence, for a preset, backend or device there is not, and for a CUDA device
/// with the xtensor backend.
void apply(training_options& options);

/// LibTorch's part of --deterministic, in a unit of that backend.
void torch_refuses_unrepeatable_kernels();

/// Where a run is, what it is called, and what its checkpoints depend on beside the trainer.
struct training_place {
  std::filesystem::path folder;  ///< gets checkpoint-<step>.safetensors, log.jsonl, tensorboard/
  std::string what;              ///< opens the line of progress: "gan plus"
  std::string backend;           ///< B::name()
  std::string data;              ///< hash of the data (data/content_hash.hpp)
  int keep = 2;                  ///< checkpoints that stay on disk
};

/// Seconds since the program began.
[[nodiscard]] double seconds_since_start();

/// One line on stderr: "rop_study: warning: ...".
void warn(const std::string& text);

/// The line of progress on stderr, rewritten on a terminal, else one every ten seconds.
[[nodiscard]] synthmed::train::text_sink progress_sink();
[[nodiscard]] synthmed::train::progress_options progress_of(const std::string& what);

/// The checkpoints of a place. With --resume the newest intact one is read into the trainer (if there is one, else the
/// run begins); without it the folder must hold none. Warnings go to stderr.
template <synthmed::train::trainer T>
[[nodiscard]] synthmed::train::checkpoint_store open_run(const training_options& options, const training_place& place,
                                                         T& trainer) {
  const synthmed::train::checkpoint_store store(place.folder,
                                                {.keep = place.keep,
                                                 .data = place.data,
                                                 .backend = place.backend,
                                                 .about = synthmed::sentence("seed ", options.common.seed)});
  if (options.resume)
    (void)store.resume(trainer, warn);
  else
    store.require_empty();
  return store;
}

/// Trains with the standard files and observers until the end, --steps, --time-limit or Ctrl-C; `more` are observers of
/// the subcommand's own. batches(step) gives the batch of a step. Hold an interrupt_guard around it.
template <synthmed::train::trainer T, class Batches, class... Observers>
synthmed::train::run_result train_in(const training_options& options, const training_place& place,
                                     const synthmed::train::checkpoint_store& store, T& trainer, Batches&& batches,
                                     Observers&&... more) {
  namespace train = synthmed::train;
  const auto lock = store.lock();  // before a log is cut
  const std::int64_t next = trainer.next_step();
  train::json_lines log(place.folder / "log.jsonl", next);
  train::tensorboard scalars(place.folder / "tensorboard", next);
  train::progress_line line(progress_sink(), progress_of(place.what));
  if (options.steps == 0) {
    if (next == 0) store.write(trainer);
    return {next, train::run_end::step_limit};
  }
  // What is left of the command's time, at least enough for one step: 0 would be no limit.
  train::time_limit limit(options.time_limit > 0 ? std::max(1e-9, 60 * options.time_limit - seconds_since_start())
                                                 : 0.0);
  return train::run(trainer, std::forward<Batches>(batches), {.steps = options.steps.value_or(0), .store = &store}, log,
                    scalars, line, train::divergence_stop{}, limit, std::forward<Observers>(more)...);
}

/// Both together.
template <synthmed::train::trainer T, class Batches, class... Observers>
synthmed::train::run_result train_in(const training_options& options, const training_place& place, T& trainer,
                                     Batches&& batches, Observers&&... more) {
  const auto store = open_run(options, place, trainer);
  return train_in(options, place, store, trainer, std::forward<Batches>(batches), std::forward<Observers>(more)...);
}

/// True when a command of several runs should begin no further one: Ctrl-C was pressed, or --time-limit is over.
[[nodiscard]] bool stop_asked(const training_options& options);

/// A stage as --dry-run shows it. What is not known is left out of the table and out of the sums.
struct stage_cost {
  std::string stage;  ///< "gan plus, 32 px"
  std::int64_t steps = 0;
  std::optional<double> seconds{};
  std::optional<double> memory_bytes{};  ///< the peak while it runs
  std::optional<double> disk_bytes{};    ///< what stays on the disk
};

/// The table of --dry-run: a row per stage, and a last one with the sum of time and disk and the largest memory.
[[nodiscard]] std::string dry_run_table(const std::string& title, const std::vector<stage_cost>& stages);

/// Seconds per call of a step, measured: one call that does not count, then calls until `seconds` have passed.
template <class Step>
[[nodiscard]] double seconds_per_call(Step&& step, double seconds = 0.5) {
  using clock = std::chrono::steady_clock;
  step();
  const auto began = clock::now();
  for (int calls = 1;; ++calls) {
    step();
    const double passed = std::chrono::duration<double>(clock::now() - began).count();
    if (passed >= seconds || calls >= 1000) return passed / calls;
  }
}

/// Bytes that a trainer's checkpoints hold on the disk, the one being written among them.
template <synthmed::train::trainer T>
[[nodiscard]] double checkpoint_disk(const T& trainer, int keep = 2) {
  synthmed::safetensors_writer file;
  trainer.write(file);
  return static_cast<double>(keep + 1) * static_cast<double>(file.bytes().size());
}

}  // namespace rop_study

// The shared flags of the subcommands that train, and the table of --dry-run.
#include "training.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>

#include <unistd.h>

#include <CLI/CLI.hpp>

#include <synthmed/error.hpp>

namespace rop_study {

namespace {

using synthmed::argument_error;
using synthmed::sentence;

constexpr std::array<const char*, 4> preset_names{"smoke", "quick", "demo", "study"};
const auto began = std::chrono::steady_clock::now();

constexpr bool has_xtensor =
#ifdef ROP_STUDY_XTENSOR
    true;
#else
    false;
#endif
constexpr bool has_torch =
#ifdef ROP_STUDY_TORCH
    true;
#else
    false;
#endif

std::string text_of(const char* format, double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}

std::string readable_bytes(double bytes) {
  if (bytes < 1e6) return text_of("%.0f kB", bytes / 1e3);
  if (bytes < 1e9) return text_of("%.1f MB", bytes / 1e6);
  return text_of("%.2f GB", bytes / 1e9);
}

template <class Show>
std::string shown(const std::optional<double>& value, Show show) {
  return value ? show(*value) : std::string("-");
}

}  // namespace

std::string to_string(preset p) { return preset_names[static_cast<std::size_t>(p)]; }

void add_training(CLI::App& command, training_options& options) {
  add_common(command, options.common);
  command.add_option("--preset", options.preset_name, "Size of the study: smoke, quick, demo or study")
      ->capture_default_str();
  command.add_option("--backend", options.backend, "What computes: xtensor or torch")->capture_default_str();
  command.add_option("--device", options.device, "Where: cpu, cuda or cuda:N (torch)")->capture_default_str();
  command.add_option(
      "--steps", options.steps,
      "Stop when so many steps are made, with a checkpoint; 0: the first weights (default: the whole run)");
  command.add_flag("--resume", options.resume, "Continue from the newest intact checkpoint in --out");
  command.add_option("--time-limit", options.time_limit, "Minutes for this command; then it stops with a checkpoint");
  command.add_flag("--deterministic", options.deterministic,
                   "LibTorch refuses kernels whose bytes do not repeat (xtensor's always do)");
}

void apply(training_options& options) {
  apply(options.common);
  const auto found = std::find(preset_names.begin(), preset_names.end(), options.preset_name);
  if (found == preset_names.end())
    throw argument_error(
        sentence("There is no preset \"", options.preset_name, "\"; the presets are smoke, quick, demo and study."));
  options.size = static_cast<preset>(found - preset_names.begin());
  if (options.backend != "xtensor" && options.backend != "torch")
    throw argument_error(sentence("There is no backend \"", options.backend, "\"; --backend is xtensor or torch."));
  if ((options.backend == "xtensor" && !has_xtensor) || (options.backend == "torch" && !has_torch))
    throw argument_error(
        sentence("This program was built without the ", options.backend, " backend; use --backend ",
                 options.backend == "xtensor" ? "torch" : "xtensor", ", or build it ",
                 options.backend == "xtensor" ? "where xtensor" : "with -DSYNTHMED_STUDY_TORCH=ON where LibTorch",
                 " is installed."));
  const bool cuda = options.device == "cuda" || options.device.starts_with("cuda:");
  if (!cuda && options.device != "cpu")
    throw argument_error(sentence("There is no device \"", options.device, "\"; --device is cpu, cuda or cuda:N."));
  if (cuda && options.backend != "torch")
    throw argument_error(sentence("The ", options.backend, " backend computes on the CPU; --device ", options.device,
                                  " needs --backend torch."));
  if (options.steps && *options.steps < 0)
    throw argument_error(sentence("--steps is at least 0, got ", *options.steps, "."));
  if (!(options.time_limit >= 0))
    throw argument_error(sentence("--time-limit is positive, got ", options.time_limit, "."));
  // cuBLAS reads it once, before its first call.
  if (cuda && options.deterministic) ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
#ifdef ROP_STUDY_TORCH
  if (options.backend == "torch" && options.deterministic) torch_refuses_unrepeatable_kernels();
#endif
}

double seconds_since_start() { return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count(); }

void warn(const std::string& text) { std::fprintf(stderr, "rop_study: warning: %s\n", text.c_str()); }

synthmed::train::text_sink progress_sink() {
  return [](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); };
}

synthmed::train::progress_options progress_of(const std::string& what) {
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  return {.what = what, .seconds = terminal ? 0.1 : 10.0, .rewrite = terminal};
}

bool stop_asked(const training_options& options) {
  return synthmed::train::interrupt_guard::requested() ||
         (options.time_limit > 0 && seconds_since_start() >= 60 * options.time_limit);
}

std::string dry_run_table(const std::string& title, const std::vector<stage_cost>& stages) {
  std::vector<std::array<std::string, 5>> rows{{"stage", "steps", "time", "memory", "disk"}};
  stage_cost all{.stage = "all"};
  const auto add = [](std::optional<double>& sum, const std::optional<double>& part) {
    if (part) sum = sum.value_or(0) + *part;
  };
  for (const auto& s : stages) {
    rows.push_back({s.stage, std::to_string(s.steps), shown(s.seconds, synthmed::train::readable_time),
                    shown(s.memory_bytes, readable_bytes), shown(s.disk_bytes, readable_bytes)});
    all.steps += s.steps;
    add(all.seconds, s.seconds);
    add(all.disk_bytes, s.disk_bytes);
    if (s.memory_bytes) all.memory_bytes = std::max(all.memory_bytes.value_or(0), *s.memory_bytes);
  }
  rows.push_back({all.stage, std::to_string(all.steps), shown(all.seconds, synthmed::train::readable_time),
                  shown(all.memory_bytes, readable_bytes), shown(all.disk_bytes, readable_bytes)});
  std::array<std::size_t, 5> width{};
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) width[i] = std::max(width[i], row[i].size());
  std::string text = title + '\n';
  for (const auto& row : rows) {
    text += row[0] + std::string(width[0] - row[0].size(), ' ');
    for (std::size_t i = 1; i < row.size(); ++i) text += std::string(2 + width[i] - row[i].size(), ' ') + row[i];
    text += '\n';
  }
  return text;
}

}  // namespace rop_study

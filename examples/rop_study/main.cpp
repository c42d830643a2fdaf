// rop_study: the study of Coyner et al. 2022 as one program with subcommands.
#include <cstdio>
#include <exception>

#include <unistd.h>

#include <CLI/CLI.hpp>

#include <synthmed/error.hpp>
#include <synthmed/parallel.hpp>
#include <synthmed/version.hpp>

#include "command.hpp"

namespace rop_study {

void add_common(CLI::App& command, common_options& options) {
  command.add_option("--out", options.out, "Folder for everything that is written")->capture_default_str();
  command.add_option("--seed", options.seed, "Seed of every random number")->capture_default_str();
  command.add_option("--threads", options.threads, "Threads (default: OMP_NUM_THREADS or all cores)");
  command.add_flag("--dry-run", options.dry_run, "Say time, memory and disk, and do nothing");
}

void apply(const common_options& options) {
  if (options.threads != 0) synthmed::set_threads(options.threads);
}

progress::progress(std::string what, std::string unit, std::uint64_t total)
    : what_(std::move(what)),
      unit_(std::move(unit)),
      total_(total),
      terminal_(::isatty(STDERR_FILENO) == 1),
      start_(std::chrono::steady_clock::now()),
      printed_(start_) {}

progress::~progress() { print(true); }

void progress::done(std::uint64_t count) {
  done_ = count;
  const auto since = std::chrono::steady_clock::now() - printed_;
  if (since > (terminal_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(10000))) print(false);
}

void progress::print(bool last) {
  printed_ = std::chrono::steady_clock::now();
  const double seconds = std::chrono::duration<double>(printed_ - start_).count();
  const double rate = seconds > 0 ? static_cast<double>(done_) / seconds : 0.0;
  std::fprintf(stderr, "%s%s: %llu/%llu %s, %.1f %s/s", terminal_ ? "\r" : "", what_.c_str(),
               static_cast<unsigned long long>(done_), static_cast<unsigned long long>(total_), unit_.c_str(), rate,
               unit_.c_str());
  if (last)
    std::fprintf(stderr, ", %.1f s        \n", seconds);
  else
    std::fprintf(stderr, ", %.0f s left   %s", rate > 0 ? static_cast<double>(total_ - done_) / rate : 0.0,
                 terminal_ ? "" : "\n");
}

}  // namespace rop_study

int main(int argc, char** argv) {
  CLI::App app{"rop_study: synthetic retinal vessel maps for plus disease (Coyner et al. 2022), end to end"};
  app.set_version_flag("--version", SYNTHMED_VERSION);
  app.require_subcommand(1);
  rop_study::add_prepare(app);
#ifdef ROP_STUDY_TRAINS
  rop_study::add_segment(app);
  rop_study::add_gan(app);
  rop_study::add_classify(app);
  rop_study::add_synthesize(app);
  rop_study::add_score(app);
#endif
  rop_study::add_compare(app);
  rop_study::add_umap(app);
  rop_study::add_fid(app);
  rop_study::add_privacy(app);
  rop_study::add_arm(app);
  rop_study::add_all(app);
  rop_study::add_report(app);
  rop_study::add_release(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::RuntimeError& problem) {
    return problem.get_exit_code();  // a subcommand's own: 130 after Ctrl-C
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : 2;
  } catch (const synthmed::error& problem) {
    std::fprintf(stderr, "rop_study: %s\n", problem.what());
    return 2;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "rop_study: unexpected: %s\n", problem.what());
    return 1;
  }
  return 0;
}

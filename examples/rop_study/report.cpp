// rop_study report: results.json and report.html from what a study's stages left in its folder.
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include <synthmed/io/file.hpp>

#include "command.hpp"
#include "report.hpp"
#include "results.hpp"

namespace rop_study {

namespace {

void run(const common_options& options) {
  apply(options);
  if (options.dry_run) {
    std::printf("Would compute results.json, study_files/ and report.html in %s.\n", options.out.c_str());
    return;
  }
  const auto settings = read_settings(options.out);
  const auto results = make_results(options.out);
  const std::string page = report_page(options.out, settings, results);
  write_study_files(options.out, settings);
  synthmed::write_file(options.out / "results.json", results.dump(1) + "\n");
  synthmed::write_file(options.out / "report.html", page);
  for (const auto& line : results["findings"]) std::printf("%s\n", line.get<std::string>().c_str());
  std::printf("written: %s\n", (options.out / "report.html").c_str());
}

}  // namespace

void add_report(CLI::App& app) {
  auto* const command = app.add_subcommand("report", "Compute results.json and report.html of a study's folder again");
  auto options = std::make_shared<common_options>();
  add_common(*command, *options);
  command->footer("Example:\n  rop_study report --out study-quick");
  command->callback([options] { run(*options); });
}

}  // namespace rop_study

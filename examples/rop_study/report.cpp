// rop_study report: results.json and report.html from what a study's stages left in its folder.
#include "report.hpp"

#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include <synthmed/io/file.hpp>

#include "command.hpp"
#include "results.hpp"

namespace rop_study {

nlohmann::ordered_json write_report(const std::filesystem::path& study) {
  const auto settings = read_settings(study);
  auto results = make_results(study);
  const std::string page = report_page(study, settings, results);
  write_study_files(study, settings);
  synthmed::write_file(study / "results.json", results.dump(1) + "\n");
  synthmed::write_file(study / "report.html", page);
  return results;
}

void add_report(CLI::App& app) {
  auto* const command = app.add_subcommand("report", "Compute results.json and report.html of a study's folder again");
  auto options = std::make_shared<common_options>();
  options->out = "study";
  add_common(*command, *options);
  command->footer("Example:\n  rop_study report --out study-quick");
  command->callback([options] {
    apply(*options);
    if (options->dry_run) {
      std::printf("Would compute results.json, study_files/ and report.html in %s.\n", options->out.c_str());
      return;
    }
    const auto results = write_report(options->out);
    for (const auto& line : results["findings"]) std::printf("%s\n", line.get<std::string>().c_str());
    std::printf("report: %s\n", (options->out / "report.html").c_str());
  });
}

}  // namespace rop_study

// rop_study release: the synthetic set packed for sharing, with its data card and the audit's verdict; refused when
// flagged.
#include <algorithm>
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include <synthmed/data/manifest.hpp>
#include <synthmed/error.hpp>
#include <synthmed/io/file.hpp>
#include <synthmed/io/hash.hpp>
#include <synthmed/version.hpp>

#include "command.hpp"
#include "report_parts.hpp"
#include "results.hpp"

namespace rop_study {

namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using synthmed::argument_error;
using synthmed::sentence;

constexpr const char* in_so_many_words = "I know that the audit flagged this set";

struct release_options {
  common_options common;
  fs::path study;
  std::string anyway;
};

std::string data_card(const ordered_json& r, const ordered_json& audit, const synthmed::manifest& set,
                      const std::vector<std::size_t>& counts, const std::string& caution) {
  std::string out = sentence("# Synthetic retinal vessel maps\n\n", set.records.size(),
                             " pictures made by generators, one per class: ");
  for (std::size_t c = 0; c < counts.size(); ++c) out += sentence(c ? ", " : "", counts[c], " ", set.classes[c]);
  out += ".\n";
  const auto in_bold = [&](const std::string& notice) { out += sentence("\n**", notice, "**\n"); };
  if (r["disclaimer"].is_string()) in_bold(r["disclaimer"]);
  if (r["preset"] == "smoke") in_bold(smoke_sentence);
  if (!caution.empty()) in_bold(caution);
  out += "\n| | |\n|---|---|\n";
  const auto row = [&](const std::string& what, const std::string& value) {
    out += sentence("| ", what, " | ", value, " |\n");
  };
  row("learned from", sentence(r["arms"]["real"]["training"]["maps"].get<std::size_t>(),
                               " real maps; source: ", r["data"]["source"].get<std::string>()));
  row("population", r["population"]);
  row("made by", sentence(r["program"].get<std::string>(), ", preset ", r["preset"].get<std::string>(), ", seed ",
                          r["seed"].get<std::uint64_t>()));
  const std::string positive = r["positive"];
  if (r["maps"].contains("synthetic") && r["maps"]["synthetic"]["pixel_sd_ratio"].is_number())
    row("against the real maps learned from", "these " + variety_text(r["maps"]["synthetic"]));
  if (const auto& test = r["arms"]["synthetic"]["test"]; test.is_object()) {
    row("tested on", sentence(test["images"].get<std::size_t>(), " real maps (", test["positives"].get<std::size_t>(),
                              " ", positive, ") of ", test["subjects"].get<std::size_t>(), " other subjects"));
    row(sentence("AUC-ROC of ", positive, " there, trained on this set"), with_interval(test["auc_roc"]));
    row("the same, trained on the real maps", with_interval(r["arms"]["real"]["test"]["auc_roc"]));
  }
  row("privacy audit", audit["flagged"].get<bool>() ? "FLAGGED" : audit_text(audit));
  out += sentence("\n## What the audit says\n\n", audit["verdict"].get<std::string>(), "\n");
  for (const auto& w : audit["warnings"]) out += sentence("- ", w.get<std::string>(), "\n");
  return out +
         "\n## Use\n\nFor training and teaching; never for the diagnosis of a person. Classes are those the generators "
         "were asked for, read by nobody. "
         "Vessel maps are no anonymous representation of a patient, and a synthetic set can carry what its training "
         "set carried.\n\n"
         "## Files\n\n`manifest.csv` (image, label, subject = the picture itself, split), pictures by class, "
         "`audit.json`, `SHA256SUMS`. "
         "Latents and generators are left out: with them a picture could be traced and varied.\n";
}

void run(const release_options& o) {
  apply(o.common);
  const fs::path results_file = o.study / "results.json", set_folder = o.study / "synthetic";
  if (!fs::exists(results_file))
    throw synthmed::io_error(
        fs::exists(o.study / "study.json")
            ? sentence("The study in ", o.study.string(), " is not finished; go on with rop_study all --resume --out ",
                       o.study.string(), ".")
            : sentence(o.study.string(), " holds no study; name the folder that rop_study all --out wrote."));
  const auto r = read_json(results_file);
  const auto settings = read_settings(o.study);
  const auto set = synthmed::read_manifest(set_folder / "manifest.csv");
  if (!r.contains("schema") || r["schema"] != "synthmed-results")
    throw synthmed::format_error(sentence(results_file.string(), " is no results.json of a study."));
  if (!r["privacy"]["synthetic"].is_object())
    throw argument_error(sentence("The set of ", o.study.string(),
                                  " was not audited (privacy.synthetic is missing), so it cannot be released."));
  const auto& audit = r["privacy"]["synthetic"];
  const auto hash = synthmed::sha256_file(set_folder / "manifest.csv");
  if (!r["provenance"]["sha256"].contains("synthetic/manifest.csv") ||
      r["provenance"]["sha256"]["synthetic/manifest.csv"] != hash)
    throw argument_error(sentence("The set in ", set_folder.string(), " is not the one that ", results_file.string(),
                                  " speaks of; run rop_study all --resume first."));
  const bool flagged = audit["flagged"].get<bool>();
  if (flagged && o.anyway != in_so_many_words)
    throw argument_error(sentence("The privacy audit flags this set: ", audit["verdict"].get<std::string>(),
                                  " It is not released, unless you say --anyway \"", in_so_many_words, "\"."));
  if (fs::exists(o.common.out))
    throw argument_error(sentence(o.common.out.string(), " is there already; choose another --out."));
  std::vector<std::size_t> counts(set.classes.size(), 0);
  for (const auto& record : set.records)
    if (record.label >= 0) ++counts.at(static_cast<std::size_t>(record.label));
  if (o.common.dry_run) {
    std::printf("Would pack %zu pictures into %s.\n", set.records.size(), o.common.out.c_str());
    return;
  }
  fs::path folder = o.common.out;
  folder += ".partial";
  fs::remove_all(folder);
  synthmed::make_folder(folder);
  std::vector<std::string> files;
  const auto keep = [&](const fs::path& file, const std::string& content) {
    synthmed::make_folder((folder / file).parent_path());
    synthmed::write_file(folder / file, content);
    files.push_back(sentence(synthmed::sha256(content), "  ", file.generic_string()));
  };
  synthmed::manifest packed = set;
  for (auto& record : packed.records) {
    const fs::path file = map_of(set, record);
    record.image = fs::path(set.classes.at(static_cast<std::size_t>(record.label))) / file.filename();
    record.more.clear();  // nothing of how it was made: no latent, no place on this machine
    keep(record.image, synthmed::read_file(file));
  }
  keep("manifest.csv", synthmed::to_csv(synthmed::to_table(packed)));
  // What the training records are called stays here: names may be patients'.
  ordered_json shared_audit = audit;
  for (auto& pair : shared_audit["closest"]) pair.erase("train");
  keep("audit.json", shared_audit.dump(1) + "\n");
  keep("README.md", data_card(r, audit, set, counts, caution_of(settings, r, "test")));
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.substr(66) < b.substr(66); });
  std::string sums;
  for (const auto& line : files) sums += line + "\n";
  synthmed::write_file(folder / "SHA256SUMS", sums);
  std::error_code failed;
  fs::rename(folder, o.common.out, failed);
  if (failed)
    throw synthmed::io_error(
        sentence("The release is in ", folder.string(), ", but cannot be renamed: ", failed.message(), "."));
  std::printf("%zu pictures, audit %s: %s\n", set.records.size(), flagged ? "FLAGGED" : audit_text(audit).c_str(),
              o.common.out.c_str());
}

}  // namespace

void add_release(CLI::App& app) {
  auto* const command = app.add_subcommand("release", "Pack the synthetic set of a study for sharing, with its audit");
  const auto options = std::make_shared<release_options>();
  options->common.out = "release";
  add_common(*command, options->common);
  command->add_option("study", options->study, "Folder of the study")->required();
  command->add_option("--anyway", options->anyway,
                      sentence("Release a flagged set: the words \"", in_so_many_words, "\""));
  command->footer("Example:\n  rop_study release study-quick --out release");
  command->callback([options] { run(*options); });
}

}  // namespace rop_study

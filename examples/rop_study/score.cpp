// rop_study score: what trained classifiers say of maps, graded or not.
#include <algorithm>
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include <synthmed/data/labels.hpp>
#include <synthmed/io/csv.hpp>
#include <synthmed/io/file.hpp>
#include <synthmed/io/safetensors.hpp>

#include "classify_maps.hpp"

namespace rop_study {

namespace {

namespace fs = std::filesystem;
using synthmed::argument_error;
using synthmed::format_error;
using synthmed::sentence;

struct score_settings {
  common_options common;
  std::vector<std::string> models;
  fs::path maps;
  std::string split, backend = "xtensor", device = "cpu", flips = "both";
};

/// What a classifier's file says about the maps that it reads.
struct reading {
  classifier_network network;
  int side, floor;
};

reading reading_of(const fs::path& model) {
  const auto file = synthmed::safetensors::read(model);
  const auto stored = [&](const char* name) -> std::string {
    const auto found = file.metadata().find(name);
    if (found == file.metadata().end())
      throw format_error(sentence(model.string(), " does not say its ", name,
                                  "; it is no model.safetensors of `rop_study classify`."));
    return found->second;
  };
  try {
    const int side = std::stoi(stored("side")),
              floor = std::stoi(stored("floor"));  // which other networks' files do not have
    return {classifier_named(stored("network")), side, floor};
  } catch (const std::logic_error&) {  // of stoi
    throw format_error(sentence(model.string(), " has a side or a floor that is no number."));
  }
}

void run(const score_settings& s) {
  const auto flips = flips_named(s.flips);
  const fs::path table_file = s.common.out / "scores.csv";
  if (fs::exists(table_file))
    throw argument_error(sentence(table_file.string(), " is there already; choose another --out or remove it."));
  map_list list;
  add_maps(list, s.maps, s.split, map_grades::any);
  if (list.size() == 0)
    throw argument_error(
        sentence("There is no map", s.split.empty() ? "" : " of split " + s.split, " in ", s.maps.string(), "."));
  const auto classes = synthmed::plus_disease_classes();
  if (s.common.dry_run) {
    std::printf("dry run: %zu maps, %zu classifiers; a second or less per thousand maps and classifier\n", list.size(),
                s.models.size());
    return;
  }

  std::vector<double> mean(list.size() * classes.size(), 0);
  for (const auto& model : s.models) {
    const auto how = reading_of(model);
    const auto engine = classifier_on(s.backend, s.device, how.network);
    const auto said = engine->open(model).classify(in_order(read_maps(list, how.side, how.floor), 64), flips);
    for (std::size_t i = 0; i < mean.size(); ++i)
      mean[i] += std::clamp(said.probabilities[i], 0.0, 1.0) / static_cast<double>(s.models.size());
  }

  std::vector<std::string> header{"image_path", "subject", "label", "prediction"};
  for (const auto& known : classes) header.push_back("p_" + known.name);
  synthmed::csv_table table(header);
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto row = std::span(mean).subspan(i * classes.size(), classes.size());
    const auto call = static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
    std::vector<std::string> cells{list.ids[i], list.subjects[i],
                                   list.labels[i] < 0 ? "" : classes[static_cast<std::size_t>(list.labels[i])].name,
                                   classes[call].name};
    for (const double p : row) cells.push_back(synthmed::csv_number(p));
    table.add_row(std::move(cells));
    if (list.size() <= 40)
      std::printf("%-40s %-8s called %-8s normal %.3f, pre-plus %.3f, plus %.3f\n", list.ids[i].c_str(),
                  list.labels[i] < 0 ? "-" : classes[static_cast<std::size_t>(list.labels[i])].name.c_str(),
                  classes[call].name.c_str(), row[0], row[1], row[2]);
  }
  synthmed::make_folder(s.common.out);
  synthmed::write_csv(table_file, table);
  std::printf("%zu map%s: %s\n", list.size(), list.size() == 1 ? "" : "s", table_file.c_str());
}

}  // namespace

void add_score(CLI::App& app) {
  auto* const command = app.add_subcommand("score", "Ask trained classifiers about vessel maps, graded or not");
  const auto settings = std::make_shared<score_settings>();
  auto& s = *settings;
  add_common(*command, s.common);
  command->add_option("--model", s.models, "model.safetensors of `rop_study classify`; of several the mean is taken")
      ->required()
      ->allow_extra_args(false)
      ->check(CLI::ExistingFile);
  command->add_option("--maps", s.maps, "Folder with manifest.csv: rvm/ of segment, data/ of prepare, a synthetic set")
      ->required();
  command->add_option("--split", s.split, "Only the maps of this split");
  command->add_option("--average-flips", s.flips, "Ask about flipped copies too: none, horizontal or both")
      ->capture_default_str();
  command->add_option("--backend", s.backend, "What computes: xtensor or torch")->capture_default_str();
  command->add_option("--device", s.device, "Where: cpu, cuda or cuda:N (torch)")->capture_default_str();
  command->footer(
      "Example:\n  rop_study score --model study/cnn/real/seed_1/model.safetensors --maps mine/rvm --out scores\n"
      "Writes OUT/scores.csv: a row per map with the probability of each grade. The maps must show what the training "
      "maps\n"
      "showed: the same frame around the disc, made by a like segmenter. No diagnosis.");
  command->callback([settings] {
    apply(settings->common);
    run(*settings);
  });
}

}  // namespace rop_study

// rop_study arm: sets of vessel maps made from others, for the study's controls: selections, and a machine that copies.
#include <cmath>
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include <synthmed/data/augment.hpp>
#include <synthmed/data/manifest.hpp>
#include <synthmed/imaging/read.hpp>
#include <synthmed/imaging/write.hpp>
#include <synthmed/random/distributions.hpp>

#include "command.hpp"
#include "study_folder.hpp"

namespace rop_study {

namespace {

namespace fs = std::filesystem;
using synthmed::argument_error;
using synthmed::manifest;
using synthmed::sentence;

struct arm_options {
  common_options common;
  fs::path data, like;
  std::vector<std::string> splits;
  double degrees = 3, noise = 0.02;
};

manifest maps_in(const arm_options& o) {
  if (fs::exists(o.common.out) && !fs::is_empty(o.common.out))
    throw argument_error(sentence(o.common.out.string(), " is there already; choose another --out or remove it."));
  return synthmed::read_manifest(o.data / "manifest.csv");
}

/// A manifest that names maps where they are.
void select(const arm_options& o) {
  const manifest from = maps_in(o);
  manifest chosen;
  chosen.classes = from.classes;
  std::vector<std::size_t> wanted(from.classes.size(), from.records.size());
  if (!o.like.empty()) {
    const auto like = synthmed::read_manifest(o.like / "manifest.csv");
    for (std::size_t c = 0; c < wanted.size(); ++c) wanted[c] = 0;
    for (const auto& r : like.records)
      if (r.split == "train" && r.label >= 0) ++wanted.at(static_cast<std::size_t>(r.label));
  }
  for (const auto& r : from.records) {
    if (!o.splits.empty() && std::find(o.splits.begin(), o.splits.end(), r.split) == o.splits.end()) continue;
    if (r.label >= 0 && wanted.at(static_cast<std::size_t>(r.label))-- == 0) {
      ++wanted.at(static_cast<std::size_t>(r.label));
      continue;
    }
    synthmed::manifest_record record;
    record.image = fs::relative(fs::absolute(map_of(from, r)), fs::absolute(o.common.out));
    record.label = r.label;
    record.subject = r.subject;
    record.split = o.like.empty() ? r.split : "train";
    record.kind = "rvm";
    chosen.records.push_back(std::move(record));
  }
  if (chosen.records.empty()) throw argument_error(sentence("No map of ", o.data.string(), " is selected."));
  std::printf("%zu of %zu maps\n", chosen.records.size(), from.records.size());
  if (o.common.dry_run) return;
  synthmed::make_folder(o.common.out);
  synthmed::write_manifest(o.common.out / "manifest.csv", chosen);
}

/// The control that every privacy audit must flag: training maps drawn with replacement, turned a little, with noise.
void copier(const arm_options& o) {
  const manifest from = maps_in(o);
  if (!(o.noise >= 0 && o.noise <= 1)) throw argument_error(sentence("--noise lies in [0, 1], got ", o.noise, "."));
  manifest made;
  made.folder = o.common.out;
  made.classes = from.classes;
  const synthmed::flips_and_rotation turn({.horizontal = 0, .vertical = 0, .degrees = o.degrees});
  for (std::size_t c = 0; c < from.classes.size(); ++c) {
    std::vector<const synthmed::manifest_record*> members;
    for (const auto& r : from.records)
      if (r.split == "train" && r.label == static_cast<int>(c)) members.push_back(&r);
    const std::string& name = from.classes[c];
    if (!o.common.dry_run && !members.empty()) synthmed::make_folder(o.common.out / name);
    for (std::size_t i = 0; i < members.size(); ++i) {
      synthmed::manifest_record record;
      record.image = fs::path(name) / sentence("copy-", name, "-", i, ".png");
      record.label = static_cast<int>(c);
      record.subject = record.image.stem().string();
      record.split = "train";
      record.kind = "rvm";
      if (!o.common.dry_run) {
        const synthmed::key k =
            synthmed::key(o.common.seed).fold("copier").fold(name).fold(static_cast<std::int64_t>(i));
        synthmed::random_stream draw(k.fold("draw"));
        const auto& source = *members[static_cast<std::size_t>(draw.below(static_cast<std::uint32_t>(members.size())))];
        auto map = turn(synthmed::read_picture(map_of(from, source), {.colour = synthmed::picture_colour::grey}),
                        k.fold("turn"));
        for (auto& v : map.pixels())
          v = static_cast<std::uint8_t>(std::clamp(std::lround(v + 255 * o.noise * draw.normal()), 0l, 255l));
        synthmed::write_png(o.common.out / record.image, map);
      }
      made.records.push_back(std::move(record));
    }
  }
  std::printf("%zu copies\n", made.records.size());
  if (!o.common.dry_run) synthmed::write_manifest(o.common.out / "manifest.csv", made);
}

}  // namespace

void add_arm(CLI::App& app) {
  auto* const command = app.add_subcommand("arm", "Make sets of maps for the study's controls");
  command->require_subcommand(1);
  const auto options = std::make_shared<arm_options>();
  const auto common = [&](CLI::App& one) {
    add_common(one, options->common);
    one.add_option("--data", options->data, "Folder with maps and a manifest.csv")->required();
  };
  auto* const chosen = command->add_subcommand("select", "A manifest of some maps, where they are");
  common(*chosen);
  chosen->add_option("--splits", options->splits, "Of these splits, as train,val (default: all)")->delimiter(',');
  chosen->add_option("--like", options->like,
                     "As many of each class as this folder has training maps, all as split train");
  chosen->callback([options] {
    apply(options->common);
    select(*options);
  });
  auto* const copies =
      command->add_subcommand("copier", "Training maps again, turned a little and with noise: what an audit must flag");
  common(*copies);
  copies->add_option("--degrees", options->degrees, "Largest angle")->capture_default_str();
  copies->add_option("--noise", options->noise, "Standard deviation of the noise, of the range of values")
      ->capture_default_str();
  copies->callback([options] {
    apply(options->common);
    copier(*options);
  });
}

}  // namespace rop_study

// rop_study synthesize: synthetic vessel maps from trained GANs, with what is needed to draw the same ones again.
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <synthmed/data/manifest.hpp>
#include <synthmed/imaging/write.hpp>
#include <synthmed/io/safetensors.hpp>
#include <synthmed/parallel.hpp>
#include <synthmed/random/distributions.hpp>

#include "gan.hpp"
#include "gan_maps.hpp"
#include "study_folder.hpp"

namespace rop_study {

namespace {

namespace fs = std::filesystem;
using synthmed::argument_error;
using synthmed::format_error;
using synthmed::sentence;

struct synthesize_settings {
  common_options common;
  std::string backend = "xtensor", device = "cpu";
  fs::path gan;
  std::string counts = "as-train";
  std::int64_t times = 1, strips = 4;
  bool validation = false;
};

/// A class of gan.json, and how many maps of it to draw.
struct class_count {
  std::string name;
  std::int64_t train = 0, validation = 0;
};

std::int64_t whole(const std::string& text, const std::string& what) {
  std::size_t used = 0;
  long long value = -1;
  try {
    value = std::stoll(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used == 0 || used != text.size() || value < 0 || value > 10'000'000)
    throw argument_error(sentence(what, " is a number of pictures up to 10000000, got \"", text, "\"."));
  return value;
}

/// --counts: as-train, one number for every class, or class=number,...; a class that is not named gets none.
std::vector<class_count> counts_of(const synthesize_settings& s, const nlohmann::ordered_json& gan) {
  std::vector<class_count> out;
  for (const auto& c : gan.at("classes")) {
    class_count n{.name = c.at("name").get<std::string>()};
    if (s.counts == "as-train") n.train = c.at("train").get<std::int64_t>();
    if (s.validation) n.validation = c.at("val").get<std::int64_t>();
    out.push_back(std::move(n));
  }
  if (s.counts != "as-train") {
    if (s.counts.find('=') == std::string::npos) {
      for (auto& n : out) n.train = whole(s.counts, "--counts");
    } else {
      for (std::size_t at = 0; at <= s.counts.size();) {
        const auto end = std::min(s.counts.find(',', at), s.counts.size());
        const std::string part = s.counts.substr(at, end - at);
        const auto equals = part.find('=');
        const auto found =
            std::find_if(out.begin(), out.end(), [&](const auto& n) { return n.name == part.substr(0, equals); });
        if (equals == std::string::npos || found == out.end())
          throw argument_error(sentence("--counts is as-train, a number, or class=number,... with the classes of ",
                                        s.gan.string(), "; got \"", part, "\"."));
        found->train = whole(part.substr(equals + 1), "--counts " + part.substr(0, equals));
        at = end + 1;
      }
    }
  }
  for (auto& n : out) {
    n.train *= s.times;
    n.validation *= s.times;
  }
  return out;
}

/// Eight steps from each of the first latents to the next.
std::vector<float> walk(std::span<const float> latents, std::int64_t latent, std::int64_t strips) {
  constexpr std::int64_t steps = 8;
  std::vector<float> out;
  const auto width = static_cast<std::size_t>(latent);
  for (std::int64_t strip = 0; strip < strips; ++strip)
    for (std::int64_t step = 0; step < steps; ++step) {
      const auto a = latents.subspan(static_cast<std::size_t>(2 * strip) * width, width);
      const auto b = latents.subspan(static_cast<std::size_t>(2 * strip + 1) * width, width);
      const float share = static_cast<float>(step) / static_cast<float>(steps - 1);
      for (std::size_t i = 0; i < width; ++i) out.push_back((1 - share) * a[i] + share * b[i]);
    }
  return out;
}

void run(const synthesize_settings& s) {
  if (s.times < 1) throw argument_error(sentence("--times is at least 1, got ", s.times, "."));
  if (s.strips < 0) throw argument_error(sentence("--strips is not negative, got ", s.strips, "."));
  const auto gan = read_json(s.gan / "gan.json");
  std::vector<class_count> counts;
  gan_design design;
  try {
    design = {.network = network_of(gan.at("network").get<std::string>()),
              .recipe = synthmed::train::recipe_named(gan.at("recipe").get<std::string>())};
    counts = counts_of(s, gan);
  } catch (const nlohmann::json::exception& problem) {
    throw format_error(
        sentence((s.gan / "gan.json").string(), " is no file of `rop_study gan`: ", problem.what(), "."));
  }
  const auto engine = gan_on(s.backend, s.device, design);
  std::int64_t all = 0;
  for (const auto& n : counts) all += n.train + n.validation;
  if (all == 0) throw argument_error("There is nothing to draw: all counts are 0.");
  for (const auto& n : counts)
    if (n.train + n.validation > 0 && !fs::exists(s.gan / n.name / "generator.safetensors"))
      throw argument_error(sentence("There is no ", (s.gan / n.name / "generator.safetensors").string(),
                                    "; train class ", n.name,
                                    " with `rop_study gan` first, or leave it out of --counts."));
  if (s.common.dry_run) {
    for (const auto& n : counts)
      std::printf("%s: %lld maps to train with, %lld to validate with\n", n.name.c_str(),
                  static_cast<long long>(n.train), static_cast<long long>(n.validation));
    return;
  }

  std::vector<gan_view> views(counts.size());  // all of them read before anything is written
  for (std::size_t label = 0; label < counts.size(); ++label)
    if (counts[label].train + counts[label].validation > 0)
      views[label] = engine->open(s.gan / counts[label].name / "generator.safetensors");

  const fs::path out = s.common.out;
  synthmed::manifest made;
  made.folder = out;
  synthmed::safetensors_writer latents_file;
  progress shown("synthesize", "maps", static_cast<std::uint64_t>(all));
  std::uint64_t done = 0;
  for (std::size_t label = 0; label < counts.size(); ++label) {
    const auto& n = counts[label];
    made.classes.push_back(n.name);
    const std::int64_t count = n.train + n.validation;
    if (count == 0) continue;
    const auto& view = views[label];
    // At least as many latents as the strips walk between; the file holds those of the pictures.
    const std::int64_t latent = engine->latent(), needed = std::max(count, 2 * s.strips);
    std::vector<float> latents(static_cast<std::size_t>(needed * latent));
    synthmed::fill_normal<float>(synthmed::key(s.common.seed).fold("synthesize").fold(n.name), latents);
    const std::span<const float> used = std::span(latents).first(static_cast<std::size_t>(count * latent));
    latents_file.add<float>(n.name, {count, latent}, used);
    const auto maps = maps_drawn(view, used, latent, design.recipe);

    synthmed::make_folder(out / n.name);
    const auto digits = std::max<std::size_t>(4, std::to_string(count).size());
    const auto id_of = [&](std::int64_t i) {
      std::string number = std::to_string(i);
      return sentence("synthetic-", n.name, "-", std::string(digits - std::min(digits, number.size()), '0'), number);
    };
    synthmed::parallel_for(count, 8, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i)
        synthmed::write_png(out / n.name / (id_of(i) + ".png"), maps[static_cast<std::size_t>(i)]);
    });
    for (std::int64_t i = 0; i < count; ++i) {
      synthmed::manifest_record record;
      record.image = fs::path(n.name) / (id_of(i) + ".png");
      record.label = n.name == unlabelled_class ? -1 : static_cast<int>(label);
      record.subject = id_of(i);
      record.split = i < n.train ? "train" : "val";
      record.kind = "rvm";
      made.records.push_back(std::move(record));
    }
    synthmed::write_png(out / sentence("contact_", n.name, ".png"),
                        page_of(std::span(maps).first(std::min<std::size_t>(maps.size(), 40))));
    if (s.strips > 0)
      synthmed::write_png(out / sentence("interpolation_", n.name, ".png"),
                          page_of(maps_drawn(view, walk(latents, latent, s.strips), latent, design.recipe)));
    shown.done(done += static_cast<std::uint64_t>(count));
  }
  latents_file.set_metadata("seed", std::to_string(s.common.seed));
  latents_file.set_metadata("format", "synthmed latents 1");
  latents_file.write(out / "latents.safetensors");
  // Last, so that a folder with a manifest is whole.
  synthmed::write_manifest(out / "manifest.csv", made);
}

}  // namespace

void add_synthesize(CLI::App& app) {
  auto* const command = app.add_subcommand("synthesize", "Draw synthetic vessel maps from trained GANs");
  auto settings = std::make_shared<synthesize_settings>();
  auto& s = *settings;
  add_common(*command, s.common);
  command->add_option("--gan", s.gan, "Folder OUT/gan of `rop_study gan`")->required();
  command
      ->add_option("--counts", s.counts,
                   "as-train (as many as the real training maps of each class), a number, or class=number,...")
      ->capture_default_str();
  command->add_option("--times", s.times, "So many times the counts")->capture_default_str();
  command->add_flag("--validation", s.validation,
                    "Also as many as the real validation maps, split val (the study's variant)");
  command->add_option("--strips", s.strips, "Rows of pictures between two latents, per class")->capture_default_str();
  command->add_option("--backend", s.backend, "What computes: xtensor or torch")->capture_default_str();
  command->add_option("--device", s.device, "Where: cpu, cuda or cuda:N (torch)")->capture_default_str();
  command->footer(
      "Example:\n  rop_study synthesize --gan study/gan --out study/synthetic\n"
      "Writes OUT/CLASS/*.png, manifest.csv, latents.safetensors, contact_CLASS.png, interpolation_CLASS.png.");
  command->callback([settings] {
    apply(settings->common);
    run(*settings);
  });
}

}  // namespace rop_study

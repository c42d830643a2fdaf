// Pictures, curves and the map of a study's report.
#include "report_parts.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <unordered_map>

#include <synthmed/imaging/contact_sheet.hpp>
#include <synthmed/imaging/read.hpp>
#include <synthmed/imaging/resize.hpp>
#include <synthmed/imaging/write.hpp>
#include <synthmed/io/csv.hpp>
#include <synthmed/metrics/inference.hpp>
#include <synthmed/report/explorer.hpp>
#include <synthmed/report/plot.hpp>

namespace rop_study {

namespace fs = std::filesystem;
namespace plot = synthmed::plot;
namespace report = synthmed::report;
using nlohmann::ordered_json;
using synthmed::picture;
using synthmed::sentence;

namespace {

picture grey_picture(const fs::path& path) {
  return synthmed::read_picture(path, {.colour = synthmed::picture_colour::grey});
}

/// Vessel maps are faint when small: the square root of a value is shown.
picture brightened(picture p) {
  for (auto& v : p.pixels()) v = static_cast<std::uint8_t>(std::lround(std::sqrt(v / 255.0) * 255));
  return p;
}

picture enlarged(const picture& p, int side) {
  return synthmed::fitted(
      p, {.height = side,
          .width = side,
          .how = synthmed::fit::pad,
          .with = p.height() > side ? synthmed::interpolation::area : synthmed::interpolation::bilinear});
}

std::string inline_picture(const picture& p, const std::string& alt, bool sharp = false) {
  return report::image(synthmed::encode_png(p, 9), alt, p.width(), p.height(), sharp);
}

/// Evenly chosen places of n things, at most `most`.
std::vector<std::size_t> spread(std::size_t n, std::size_t most) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < std::min(n, most); ++i) out.push_back(i * n / std::min(n, most));
  return out;
}

/// A log's values by name, averaged over at most 240 bins of steps.
struct curves_of_log {
  std::map<std::string, plot::curve> curves;
};

curves_of_log read_log(const fs::path& path) {
  std::vector<ordered_json> lines;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    auto j = ordered_json::parse(line, nullptr, false);
    if (j.is_object() && j.contains("step")) lines.push_back(std::move(j));
  }
  curves_of_log out;
  const std::size_t bins = std::min<std::size_t>(lines.size(), 240);
  for (std::size_t b = 0; b < bins; ++b) {
    std::map<std::string, std::pair<double, double>> sums;
    const std::size_t begin = b * lines.size() / bins, end = (b + 1) * lines.size() / bins;
    for (std::size_t i = begin; i < end; ++i)
      for (const auto& [name, value] : lines[i].items())
        if (name != "step" && name != "stage" && value.is_number()) {
          sums[name].first += value.get<double>();
          sums[name].second += 1;
        }
    for (const auto& [name, sum] : sums) {
      auto& c = out.curves[name];
      c.name = name;
      c.x.push_back(lines[(begin + end) / 2].at("step").get<double>());
      c.y.push_back(sum.first / sum.second);
    }
  }
  return out;
}

/// One plot of the named values of a log, those that are there.
std::string log_figure(const fs::path& path, const std::string& title, const std::vector<std::string>& wanted,
                       const std::string& caption) {
  if (!fs::exists(path)) return "";
  const auto log = read_log(path);
  std::vector<plot::curve> curves;
  for (const auto& [name, curve] : log.curves)
    if (std::any_of(wanted.begin(), wanted.end(), [&](const auto& w) {
          return name == w || (w.ends_with('*') && name.find(w.substr(0, w.size() - 1)) != std::string::npos);
        }))
      curves.push_back(curve);
  if (curves.empty()) return "";
  return report::figure(plot::training(curves, {.title = title, .width = 480, .y_label = "value"}), caption);
}

}  // namespace

std::string rounded(const ordered_json& value, int digits) {
  if (!value.is_number()) return "\xE2\x80\x93";
  char text[40];
  std::snprintf(text, sizeof text, "%.*f", digits, value.get<double>());
  return text[0] == '-' && std::strtod(text, nullptr) == 0 ? text + 1 : text;
}

std::string with_interval(const ordered_json& e, int digits) {
  if (!e.is_object()) return "\xE2\x80\x93";
  const auto &low = e.at("low"), &high = e.at("high");
  if (!low.is_number() || !high.is_number() || high.get<double>() - low.get<double>() < 1e-12)
    return rounded(e.at("value"), digits) + " (no interval)";
  return sentence(rounded(e.at("value"), digits), " (", rounded(e.at("low"), digits), " to ",
                  rounded(e.at("high"), digits), ")");
}

std::string p_text(const ordered_json& p) {
  if (!p.is_number()) return "\xE2\x80\x93";
  const double x = p.get<double>();
  return x < 1e-4 ? std::string("< 0.0001") : rounded(p, 4);
}

std::string sample_figures(const fs::path& study, const study_settings& settings) {
  std::vector<map_set> sets;
  for (const auto& arm : settings.arms)
    for (const auto& set : arm.maps)
      if (std::none_of(sets.begin(), sets.end(), [&](const auto& s) { return s.name == set.name; }))
        sets.push_back(set);
  const std::map<std::string, std::string> words{{"rvm", "real"},
                                                 {"synthetic", "synthetic"},
                                                 {"fresh", "fresh phantom"},
                                                 {"copier", "copies"},
                                                 {"exact", "exact"}};
  std::string out;
  std::map<std::string, synthmed::manifest> manifests;
  for (const auto& set : sets)
    if (fs::exists(study / set.path / "manifest.csv"))
      manifests.emplace(set.name, synthmed::read_manifest(study / set.path / "manifest.csv"));
  if (manifests.empty()) return out;
  const auto& classes = manifests.begin()->second.classes;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    std::vector<std::string> figures;
    for (const auto& set : sets) {
      const auto found = manifests.find(set.name);
      if (found == manifests.end()) continue;
      std::vector<const synthmed::manifest_record*> members;
      for (const auto& r : found->second.records)
        if (r.split == "train" && r.label == static_cast<int>(c)) members.push_back(&r);
      std::vector<picture> tiles;
      for (const auto i : spread(members.size(), 16))
        tiles.push_back(enlarged(brightened(grey_picture(map_of(found->second, *members[i]))), 64));
      if (tiles.empty()) continue;
      const auto word = words.contains(set.name) ? words.at(set.name) : set.name;
      const auto page = synthmed::contact_sheet(tiles, {}, {.columns = 4, .height = 64, .width = 64, .gap = 3});
      figures.push_back(report::figure(
          inline_picture(page, sentence(tiles.size(), " vessel maps, ", word, ", class ", classes[c])),
          sentence(word, ", ", classes[c], ": ", tiles.size(), " of ", members.size(), " training maps")));
    }
    out += sentence("<h3>", report::escaped(classes[c]), "</h3>\n", report::beside(figures, true));
  }
  return out +
         report::paragraph(
             "Chosen evenly over each set, not by eye; faint vessels are shown brighter (square root of the value).",
             "muted");
}

std::string segmentation_figures(const fs::path& study, const synthmed::manifest& data,
                                 const synthmed::manifest& maps) {
  (void)study;
  std::unordered_map<std::string, const synthmed::manifest_record*> made;
  for (const auto& r : maps.records) made.emplace(r.image.stem().string(), &r);
  std::vector<picture> tiles;
  std::vector<const synthmed::manifest_record*> members;
  for (const auto& r : data.records)
    if (r.split == "test" && r.kind == "fundus" && made.contains(r.image.stem().string()) && r.more.contains("rvm"))
      members.push_back(&r);
  std::size_t columns = 2;
  for (const auto i : spread(members.size(), 6)) {
    const auto& r = *members[i];
    const auto truth = data.locate(r.more.at("rvm")), result = map_of(maps, *made.at(r.image.stem().string()));
    if (!fs::exists(truth) || truth == result) continue;
    const auto photograph = data.locate(r.image);
    if (fs::exists(photograph)) {
      tiles.push_back(synthmed::read_picture(photograph));
      columns = 3;
    }
    tiles.push_back(enlarged(brightened(grey_picture(truth)), 160));
    tiles.push_back(enlarged(brightened(grey_picture(result)), 160));
  }
  if (tiles.empty() || tiles.size() % columns != 0) return "";
  const auto page =
      synthmed::contact_sheet(tiles, {}, {.columns = 6, .height = 160, .width = columns == 3 ? 213 : 160, .gap = 4});
  return report::figure(
      inline_picture(page,
                     sentence(columns == 3 ? "Photographs, true" : "True", " vessel maps and segmented vessel maps of ",
                              tiles.size() / columns, " test pictures")),
      columns == 3
          ? "In threes: photograph, true vessel map, and what the segmenter made of the photograph. Test pictures, "
            "chosen evenly."
          : "In pairs: true vessel map, and what the segmenter made of the photograph. Test pictures, chosen evenly.");
}

std::string training_figures(const fs::path& study, const study_settings& settings,
                             const std::vector<std::string>& classes) {
  std::vector<std::string> figures;
  const auto add = [&](std::string f) {
    if (!f.empty()) figures.push_back(std::move(f));
  };
  add(log_figure(study / "unet" / "log.jsonl", "Segmenter", {"loss", "*loss"},
                 "Loss of the segmenter over its steps."));
  if (fs::is_directory(study / "gan")) {
    std::vector<fs::path> runs;
    for (const auto& entry : fs::directory_iterator(study / "gan")) runs.push_back(entry.path());
    // The warm-up, which the classes start from, then these in their order.
    const auto place = [&](const fs::path& run) {
      return run.filename() == "warm-up" ? -1
                                         : std::find(classes.begin(), classes.end(), run.filename()) - classes.begin();
    };
    std::sort(runs.begin(), runs.end(),
              [&](const auto& a, const auto& b) { return std::pair(place(a), a) < std::pair(place(b), b); });
    for (const auto& run : runs)
      add(log_figure(run / "log.jsonl", "Generator and critic, " + run.filename().string(),
                     {"critic_loss", "generator_loss", "score_real", "score_fake"},
                     sentence("Losses and scores of the adversarial training, ", run.filename().string(), ".")));
  }
  for (const auto& arm : settings.arms)
    add(log_figure(cnn_folder(study, arm.name, settings.cnn_seeds.front()) / "log.jsonl", "Classifier, " + arm.name,
                   {"loss", "*loss", "accuracy*", "val*"}, sentence("First classifier trained on ", arm.title, ".")));
  return figures.empty()
             ? ""
             : report::beside(figures) +
                   report::paragraph(
                       "Each point is a mean over neighbouring steps; every step stands in the log.jsonl files.",
                       "muted");
}

std::string umap_figure(const fs::path& study, const synthmed::manifest& maps) {
  if (!fs::exists(study / "umap" / "embedding.csv") || !fs::exists(study / "umap" / "transform.csv")) return "";
  struct source {
    const synthmed::manifest* manifest;
    const synthmed::manifest_record* record;
    std::size_t group;
  };
  std::optional<synthmed::manifest> synthetic;
  if (fs::exists(study / "synthetic" / "manifest.csv"))
    synthetic = synthmed::read_manifest(study / "synthetic" / "manifest.csv");
  std::unordered_map<std::string, source> of_name;
  for (const auto& r : maps.records)
    of_name.emplace(r.image.stem().string(), source{&maps, &r, r.split == "train" ? 0u : 2u});
  if (synthetic)
    for (const auto& r : synthetic->records) of_name.emplace(r.image.stem().string(), source{&*synthetic, &r, 1u});
  report::explorer_points p;
  p.classes = maps.classes;
  p.groups = {"real, training", "synthetic", "real, held out"};
  std::vector<std::pair<fs::path, std::array<double, 2>>> files;
  std::vector<picture> tiles;
  constexpr int side = 32;
  for (const char* table_name : {"embedding.csv", "transform.csv"}) {
    const auto table = synthmed::read_csv(study / "umap" / table_name);
    const auto id = table.column("id"), x = table.column("x"), y = table.column("y");
    for (const auto i : spread(table.rows(), 900)) {
      const auto it = of_name.find(fs::path(table.at(i, id)).stem().string());
      if (it == of_name.end() || it->second.record->label < 0) continue;
      p.x.push_back(table.number(i, x));
      p.y.push_back(table.number(i, y));
      p.class_of.push_back(static_cast<std::size_t>(it->second.record->label));
      p.group_of.push_back(it->second.group);
      p.names.push_back(sentence(p.groups[it->second.group], ", ", p.classes[p.class_of.back()], ": ", it->first));
      tiles.push_back(enlarged(brightened(grey_picture(map_of(*it->second.manifest, *it->second.record))), side));
    }
  }
  if (tiles.empty()) return "";
  p.side = side;
  p.columns = 40;
  const int rows = (static_cast<int>(tiles.size()) + p.columns - 1) / p.columns;
  picture sheet(rows * side, p.columns * side);
  for (std::size_t i = 0; i < tiles.size(); ++i)
    for (int y = 0; y < side; ++y)
      for (int x = 0; x < side; ++x)
        sheet.at(static_cast<int>(i) / p.columns * side + y, static_cast<int>(i) % p.columns * side + x) =
            tiles[i].at(y, x);
  p.sprite = synthmed::encode_png(sheet, 9);
  return report::explorer(p,
                          "UMAP of the features of the first real-trained classifier: fitted on real training maps, "
                          "all others placed on it. "
                          "Colour is the class, shape the set. Distances between far clusters mean nothing; how far "
                          "near ones can be trusted stands in the table.",
                          "UMAP of real and synthetic vessel maps");
}

std::string curve_figures(const fs::path& study, const study_settings& settings, const std::string& set,
                          const synthmed::manifest& maps, const ordered_json& results) {
  std::vector<plot::curve> roc, pr;
  double prevalence = 0;
  for (const auto& arm : settings.arms) {
    const auto predictions = read_arm(study, settings, arm.name, set, maps);
    if (predictions.seeds.empty()) return "";
    // The seed whose AUC is the middle one stands for the arm; the numbers are means over all.
    const auto& figures = results["arms"][arm.name][set];
    const auto per_seed = figures["auc_roc"]["per_seed"].get<std::vector<double>>();
    std::vector<std::size_t> order(per_seed.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return per_seed[a] < per_seed[b]; });
    const auto& t = predictions.seeds[order[(order.size() - 1) / 2]];
    const std::size_t positive = t.class_named(settings.positive);
    const synthmed::ranked_scores ranked(t.column(positive), t.is_class(positive));
    prevalence = static_cast<double>(ranked.table().positives) / static_cast<double>(t.cases());
    const auto plan = synthmed::resampling::subjects(t.clusters());
    const synthmed::bootstrap_options options{.replicates = std::min<std::size_t>(settings.replicates, 500),
                                              .seed = synthmed::key(settings.seed).fold("bands")};
    const auto drawn = [&](std::vector<plot::curve>& into, const char* key, auto&& band, auto&& plain) {
      const std::string name = sentence(arm.name, ": ", with_interval(figures[key]));
      try {
        auto b = band(ranked, plan, options);
        into.push_back({name, std::move(b.x), std::move(b.y), std::move(b.low), std::move(b.high)});
      } catch (const synthmed::argument_error&) {  // hardly any resample holds both classes
        into.push_back(plain(name));
      }
    };
    drawn(
        roc, "auc_roc", [](const auto&... a) { return synthmed::roc_band(a...); },
        [&](const std::string& name) {
          plot::curve c{name};
          for (const auto& point : synthmed::roc_curve(ranked.table())) {
            c.x.push_back(1 - point.specificity);
            c.y.push_back(point.sensitivity);
          }
          return c;
        });
    drawn(
        pr, "auc_pr", [](const auto&... a) { return synthmed::pr_band(a...); },
        [&](const std::string& name) {
          plot::curve c{name};
          for (const auto& point : synthmed::pr_curve(ranked.table())) {
            c.x.push_back(point.recall);
            c.y.push_back(point.precision);
          }
          return c;
        });
  }
  const std::string title =
      sentence(settings.positive, " against the rest, ", set, " set, population: ", settings.population_name);
  return report::beside(
      {report::figure(plot::roc(roc, {.title = "ROC: " + title}),
                      sentence("ROC curves on the ", set,
                               " set. Each arm is drawn by its classifier of middle AUC; bands: 95 %, subjects "
                               "resampled. Numbers are means over seeds. Population: ",
                               settings.population, ".")),
       report::figure(plot::precision_recall(pr, prevalence, {.title = "Precision and recall: " + title}),
                      sentence("Precision-recall curves on the ", set,
                               " set; average precision. Population: ", settings.population, "."))});
}

std::string confusion_figures(const study_settings& settings, const std::string& set, const ordered_json& results) {
  std::vector<std::string> figures;
  for (const auto& arm : settings.arms) {
    const auto& figures_of_arm = results["arms"][arm.name][set];
    if (figures_of_arm.is_null()) return "";
    const auto& c = figures_of_arm["confusion"];
    plot::confusion_counts table{c["classes"].get<std::vector<std::string>>(), {}};
    for (const auto& row : c["per_seed"][0])
      for (const auto& cell : row) table.counts.push_back(cell.get<std::int64_t>());
    figures.push_back(
        report::figure(plot::confusion(table, {.title = arm.name, .width = 340}),
                       sentence("First classifier trained on ", arm.title, ", ", set, " set. Accuracy over seeds ",
                                with_interval(figures_of_arm["three_classes"]["accuracy"]), ", kappa ",
                                with_interval(figures_of_arm["three_classes"]["kappa"]), ".")));
  }
  return sentence("<h3>", set, " set</h3>\n", report::beside(figures));
}

std::string failure_figures(const fs::path& study, const study_settings& settings, const synthmed::manifest& maps) {
  std::unordered_map<std::string, const synthmed::manifest_record*> of_name;
  for (const auto& r : maps.records) of_name.emplace(r.image.stem().string(), &r);
  std::vector<std::string> figures;
  for (const auto& arm : settings.arms) {
    auto first = settings;
    first.cnn_seeds.resize(1);
    const auto predictions = read_arm(study, first, arm.name, "test", maps);
    if (predictions.seeds.empty()) return "";
    const auto& t = predictions.seeds.front();
    std::vector<std::pair<double, std::size_t>> wrong;
    for (std::size_t i = 0; i < t.cases(); ++i)
      if (t.truth[i] != t.call[i])
        wrong.emplace_back(-t.probabilities[i * t.classes.size() + static_cast<std::size_t>(t.call[i])], i);
    std::sort(wrong.begin(), wrong.end());
    std::vector<picture> tiles;
    std::vector<std::string> captions;
    std::string alt = sentence("Surest mistakes of the classifier trained on ", arm.title, ":");
    for (std::size_t k = 0; k < std::min<std::size_t>(wrong.size(), 8); ++k) {
      const std::size_t i = wrong[k].second;
      tiles.push_back(
          enlarged(brightened(grey_picture(map_of(maps, *of_name.at(fs::path(t.id[i]).stem().string())))), 120));
      const auto &said = t.classes[static_cast<std::size_t>(t.call[i])],
                 &truth = t.classes[static_cast<std::size_t>(t.truth[i])];
      captions.push_back(sentence(truth, ">", said));
      alt += sentence(k ? "; " : " ", truth, " called ", said);
    }
    if (tiles.empty()) continue;
    figures.push_back(report::figure(
        inline_picture(synthmed::contact_sheet(tiles, captions, {.columns = 4, .height = 120, .width = 120}), alt),
        sentence(arm.name, ": ", wrong.size(), " of ", t.cases(), " wrong; the ", tiles.size(),
                 " surest (truth > what was said).")));
  }
  return figures.empty() ? "" : report::beside(figures);
}

std::string pair_figures(const fs::path& study, const ordered_json& audit, const std::string& set,
                         const synthmed::manifest& maps) {
  if (!audit.is_object() || !audit.contains("closest")) return "";
  const fs::path folder = set == "fresh_phantom" ? "fresh" : set;  // the arm's name and its folder
  std::unordered_map<std::string, fs::path> file_of;
  for (const auto& r : maps.records) file_of.emplace(r.image.stem().string(), map_of(maps, r));
  std::vector<picture> tiles;
  std::vector<std::string> captions;
  for (const auto& pair : audit["closest"]) {
    if (tiles.size() >= 12) break;
    const auto real = file_of.find(fs::path(pair["train"].get<std::string>()).stem().string());
    const fs::path made = study / folder / pair["synthetic"].get<std::string>();
    if (real == file_of.end() || !fs::exists(made)) continue;
    tiles.push_back(enlarged(brightened(grey_picture(made)), 96));
    tiles.push_back(enlarged(brightened(grey_picture(real->second)), 96));
    captions.push_back(sentence(rounded(pair["distance"], 3), pair["duplicate"].get<bool>() ? " copy" : ""));
    captions.emplace_back("training");
  }
  if (tiles.empty()) return "";
  return report::figure(
      inline_picture(synthmed::contact_sheet(tiles, captions, {.columns = 4, .height = 96, .width = 96}),
                     sentence("The closest pairs of a ", set, " map and a training map, with their distances")),
      sentence("Closest pairs, ", set, ": left the shared map with its distance, right the nearest training map."));
}

}  // namespace rop_study

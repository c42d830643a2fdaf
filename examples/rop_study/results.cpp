// results.json put together from a study's folder.
#include "results.hpp"

#include <cmath>
#include <ctime>
#include <fstream>
#include <thread>

#include <synthmed/data/flow.hpp>
#include <synthmed/error.hpp>
#include <synthmed/imaging/read.hpp>
#include <synthmed/io/csv.hpp>
#include <synthmed/io/hash.hpp>
#include <synthmed/parallel.hpp>
#include <synthmed/version.hpp>

#include "feature_input.hpp"
#include "stages.hpp"

namespace rop_study {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using synthmed::format_error;
using synthmed::sentence;

map_statistics measure_maps(const synthmed::manifest& m, const std::string& split) {
  map_statistics out;
  out.classes.resize(m.classes.size());
  std::vector<std::vector<double>> sum(m.classes.size()), squares(m.classes.size());
  int height = 0, width = 0;
  for (const auto& record : m.records) {
    if (record.split != split || record.label < 0) continue;
    const auto file = map_of(m, record);
    const auto map = synthmed::read_picture(file, {.colour = synthmed::picture_colour::grey});
    if (height == 0) height = map.height(), width = map.width();
    if (map.height() != height || map.width() != width)
      throw format_error(sentence(file.string(), " is ", map.height(), " x ", map.width(),
                                  ", other maps of its set are ", height, " x ", width, "; prepare them to one size."));
    const auto c = static_cast<std::size_t>(record.label);
    sum[c].resize(map.bytes(), 0);
    squares[c].resize(map.bytes(), 0);
    double total = 0;
    for (std::size_t i = 0; i < map.bytes(); ++i) {
      const double v = map.pixels()[i] / 255.0;
      sum[c][i] += v;
      squares[c][i] += v * v;
      total += v;
    }
    out.names.push_back(record.image.stem().string());
    out.labels.push_back(record.label);
    out.density.push_back(total / static_cast<double>(map.bytes()));
    ++out.classes[c].maps;
  }
  for (std::size_t c = 0; c < out.classes.size(); ++c) {
    auto& k = out.classes[c];
    k.brightness = k.pixel_sd = std::nan("");
    const auto n = static_cast<double>(k.maps), pixels = static_cast<double>(sum[c].size());
    if (k.maps == 0) continue;
    double mean = 0, sd = 0;
    for (std::size_t i = 0; i < sum[c].size(); ++i) {
      mean += sum[c][i] / n;
      sd += std::sqrt(std::max(0.0, (squares[c][i] - sum[c][i] * sum[c][i] / n) / std::max(1.0, n - 1)));
    }
    k.brightness = mean / pixels;
    if (k.maps > 1) k.pixel_sd = sd / pixels;
  }
  return out;
}

namespace {

/// The picture checks that collapsed generators fail: variety and brightness of a set against the real training maps.
ordered_json variety_json(const map_statistics& real, const map_statistics& made,
                          const std::vector<std::string>& classes) {
  ordered_json out;
  double sd_ratio = 0, worst = 0;
  int counted = 0;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const auto &r = real.classes[c], &m = made.classes[c];
    const double ratio = m.pixel_sd / r.pixel_sd, bright = m.brightness / r.brightness;
    out["by_class"][classes[c]] = {
        {"maps", m.maps}, {"pixel_sd_ratio", number(ratio)}, {"brightness_ratio", number(bright)}};
    if (!std::isfinite(ratio) || !std::isfinite(bright)) continue;
    sd_ratio += ratio;
    worst = std::max(worst, std::fabs(bright - 1));
    ++counted;
  }
  out["pixel_sd_ratio"] = counted > 0 ? ordered_json(sd_ratio / counted) : ordered_json(nullptr);
  out["worst_brightness_difference"] = counted > 0 ? ordered_json(worst) : ordered_json(nullptr);
  out["looks_collapsed"] = counted > 0 && (sd_ratio / counted < variety_bar || worst > brightness_bar);
  out["rule"] = "looks collapsed: pixel-sd ratio below 0.80, or a class whose mean brightness differs by more than 8 %";
  return out;
}

/// A JSON file of a stage without the places of its inputs, which differ from folder to folder.
ordered_json without_paths(ordered_json j) {
  if (j.is_object()) {
    j.erase("path");
    for (auto& [name, value] : j.items()) value = without_paths(std::move(value));
  } else if (j.is_array()) {
    for (auto& value : j) value = without_paths(std::move(value));
  }
  return j;
}

ordered_json optional_json(const fs::path& path) {
  return fs::exists(path) ? without_paths(read_json(path)) : ordered_json(nullptr);
}

/// The reports of a kind ("fidelity", "privacy"), by set; classes in folders below a set.
ordered_json reports_json(const fs::path& study, const std::string& kind) {
  ordered_json out = ordered_json::object();
  const fs::path folder = study / kind;
  if (!fs::is_directory(folder)) return out;
  std::vector<fs::path> sets;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_directory()) sets.push_back(entry.path());
  std::sort(sets.begin(), sets.end());
  for (const auto& set : sets) {
    if (!fs::exists(set / (kind + ".json"))) continue;
    auto j = without_paths(read_json(set / (kind + ".json")));
    std::vector<fs::path> classes;
    for (const auto& entry : fs::directory_iterator(set))
      if (entry.is_directory() && fs::exists(entry.path() / (kind + ".json"))) classes.push_back(entry.path());
    std::sort(classes.begin(), classes.end());
    for (const auto& c : classes) j["by_class"][c.filename().string()] = without_paths(read_json(c / (kind + ".json")));
    out[set.filename().string()] = std::move(j);
  }
  return out;
}

ordered_json flow_json(const synthmed::manifest& m) {
  const auto table = synthmed::flow_table(m);
  ordered_json rows = ordered_json::array();
  for (std::size_t r = 0; r < table.rows(); ++r) {
    ordered_json row;
    for (std::size_t c = 0; c < table.columns(); ++c) row[table.header()[c]] = table.at(r, c);
    rows.push_back(row);
  }
  return rows;
}

/// What the published study says, for the eye only: other data, other size, other machines.
ordered_json published_json() {
  return {
      {"source", "Coyner et al., Ophthalmology Science 2022, PMID 36249693; i-ROP cohort, 5842 images of 963 infants"},
      {"test_auc_roc", {{"real", 0.934}, {"synthetic", 0.971}}},
      {"test_delong",
       {{"z", -2.7292}, {"p", 0.006348}, {"difference_low", -0.06347495}, {"difference_high", -0.01041297}}},
      {"expert_set",
       {{"real",
         {{"accuracy", 0.93}, {"low", 0.8611}, {"high", 0.9714}, {"kappa", 0.7009}, {"counts", {{83, 5}, {2, 10}}}}},
        {"synthetic",
         {{"accuracy", 0.98}, {"low", 0.9296}, {"high", 0.9976}, {"kappa", 0.9216}, {"counts", {{84, 1}, {1, 14}}}}}}},
      {"not_published", "numeric Frechet distances, nearest-neighbour distances, the segmenter's training set"}};
}

std::string processor() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

std::string now_utc() {
  const std::time_t now = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&now));
  return text;
}

/// Labels as the study's files number them, 1 to k.
std::string numbered(int label) { return std::to_string(label + 1); }

}  // namespace

void write_study_files(const fs::path& study, const study_settings& s) {
  const auto real = synthmed::read_manifest(study / "rvm" / "manifest.csv");
  const fs::path folder = study / "study_files";
  synthmed::make_folder(folder);
  for (const std::string arm : {"real", "synthetic"})
    for (const auto& [set, name] : {std::pair<std::string, std::string>{"test", "test_data"}, {"expert", "set_100"}}) {
      if (std::none_of(s.arms.begin(), s.arms.end(), [&](const auto& a) { return a.name == arm; })) continue;
      auto first = s;
      first.cnn_seeds.resize(1);
      const auto p = read_arm(study, first, arm, set, real);
      if (p.seeds.empty()) continue;
      const auto& t = p.seeds.front();
      std::vector<std::string> header{"image_path", "label", "prediction"};
      for (std::size_t c = 0; c < t.classes.size(); ++c) header.push_back(std::to_string(c + 1));
      synthmed::csv_table table(header);
      for (std::size_t i = 0; i < t.cases(); ++i) {
        std::vector<std::string> row{t.id[i], numbered(t.truth[i]), numbered(t.call[i])};
        for (std::size_t c = 0; c < t.classes.size(); ++c)
          row.push_back(synthmed::csv_number(t.probabilities[i * t.classes.size() + c]));
        table.add_row(std::move(row));
      }
      synthmed::write_csv(folder / (arm + "_" + name + "_probabilities.csv"), table);
    }
  for (const auto& [from, to] :
       {std::pair{"embedding.csv", "train_locations.csv"}, {"transform.csv", "synth_locations.csv"}}) {
    const fs::path path = study / "umap" / from;
    if (!fs::exists(path)) continue;
    const auto map = synthmed::read_csv(path);
    synthmed::csv_table table({"V1", "V2"});
    const auto x = map.column("x"), y = map.column("y");
    for (std::size_t r = 0; r < map.rows(); ++r) table.add_row({map.at(r, x), map.at(r, y)});
    synthmed::write_csv(folder / to, table);
  }
}

ordered_json make_results(const fs::path& study) {
  const auto s = read_settings(study);
  const auto real = synthmed::read_manifest(study / "rvm" / "manifest.csv");
  const auto data = synthmed::read_manifest(study / "data" / "manifest.csv", {.check_files = false});

  std::map<std::string, map_statistics> maps;
  for (const auto& arm : s.arms)
    for (const auto& set : arm.maps)
      if (!maps.contains(set.name)) {
        const auto m = set.path == "rvm" ? real : synthmed::read_manifest(study / set.path / "manifest.csv");
        maps.emplace(set.name, measure_maps(m, "train"));
      }
  for (const auto& arm : s.arms)
    for (const char* set : test_sets) {
      const std::string name = sentence(arm.tested.generic_string(), " ", set);
      if (maps.contains(name)) continue;
      maps.emplace(
          name,
          measure_maps(arm.tested == "rvm" ? real : synthmed::read_manifest(study / arm.tested / "manifest.csv"), set));
    }

  auto judged = judge_arms(study, s, real, maps);
  ordered_json out;
  out["schema"] = "synthmed-results";
  out["schema_version"] = results_version;
  out["program"] = sentence("rop_study ", SYNTHMED_VERSION);
  out["disclaimer"] = s.phantom ? ordered_json(phantom_sentence) : ordered_json(nullptr);
  out["preset"] = s.preset;
  out["seed"] = s.seed;
  out["backend"] = s.backend;
  out["device"] = s.device;
  out["population"] = s.population;
  out["positive"] = s.positive;
  out["classes"] = real.classes;
  out["population_name"] = s.population_name;
  out["findings"] = ordered_json::array();  // filled in last
  out["data"] = {{"source", s.data}, {"flow", flow_json(data)}, {"excluded", data.excluded.size()}};
  out["options"] = s.options;
  out["deviations"] = ordered_json::array();
  for (const auto& d : s.deviations)
    out["deviations"].push_back({{"option", d.option}, {"published", d.published}, {"here", d.here}, {"why", d.why}});
  out["arms"] = std::move(judged.arms);
  out["tests"] = std::move(judged.tests);
  out["baseline_density"] = std::move(judged.baseline_density);
  out["generator_seeds"] = std::move(judged.generators);
  out["segmentation"] = nullptr;
  if (const auto figures = optional_json(study / "rvm" / "segmentation.json");
      figures.is_object() && figures.contains("test")) {
    out["segmentation"] = {{"split", "test"},
                           {"pixels_counted", figures.value("field", std::string("inside the field of view"))}};
    out["segmentation"].update(figures["test"]);
  }
  const auto real_maps = maps.find("rvm");
  out["maps"] = ordered_json::object();
  for (const auto& arm : s.arms)
    for (const auto& [name, path] : arm.maps)
      if (real_maps != maps.end() && name != "rvm" && arm.tested == "rvm" && !out["maps"].contains(name))
        out["maps"][name] = variety_json(real_maps->second, maps.at(name), real.classes);
  out["fidelity"] = reports_json(study, "fidelity");
  out["privacy"] = reports_json(study, "privacy");
  for (const char* set : {"synthetic", "fresh_phantom", "copier"})
    if (!out["privacy"].contains(set)) out["privacy"][set] = nullptr;
  out["umap"] = optional_json(study / "umap" / "umap.json");
  out["published"] = published_json();

  const auto records = read_stages(study);
  double total = 0;
  out["timing"] = {{"total_seconds", 0.0}, {"stages", ordered_json::object()}};
  out["memory"] = {{"peak_mib", peak_mib(records)}, {"stages", ordered_json::object()}};
  for (const auto& r : records) {
    total += r.seconds;
    out["timing"]["stages"][r.name] = r.seconds;
    out["memory"]["stages"][r.name] = r.peak_mib;
  }
  out["timing"]["total_seconds"] = elapsed_seconds(records);
  out["timing"]["sum_of_stages_seconds"] = total;

  auto& p = out["provenance"];
  p["version"] = SYNTHMED_VERSION;
  p["sha256"] = ordered_json::object();
  for (const char* file : {"study.json", "data/manifest.csv", "rvm/manifest.csv", "synthetic/manifest.csv",
                           "fresh/manifest.csv", "copier/manifest.csv"})
    if (fs::exists(study / file)) p["sha256"][file] = synthmed::sha256_file(study / file);
  p["run"] = {{"finished", now_utc()},
              {"processor", processor()},
              {"cores", std::thread::hardware_concurrency()},
              {"compiler", sentence(
#ifdef __clang__
                               "clang "
#else
                               "g++ "
#endif
                               ,
                               __VERSION__)},
              {"commands", ordered_json::object()}};
  for (const auto& r : records) p["run"]["commands"][r.name] = r.arguments;
  out["findings"] = findings_of(s, out);
  return out;
}

ordered_json without_volatile(ordered_json results) {
  results.erase("timing");
  results.erase("memory");
  if (results.contains("provenance")) results["provenance"].erase("run");
  return results;
}

}  // namespace rop_study

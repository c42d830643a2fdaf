// Reading and writing what a study's folder holds.
#include "study_folder.hpp"

#include <charconv>
#include <unordered_map>

#include <synthmed/error.hpp>
#include <synthmed/io/file.hpp>

namespace rop_study {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using synthmed::format_error;
using synthmed::sentence;

ordered_json read_json(const fs::path& path) {
  try {
    return ordered_json::parse(synthmed::read_file(path, std::uint64_t{1} << 28));
  } catch (const ordered_json::exception& problem) {
    throw format_error(sentence(path.string(), " is no JSON that can be read: ", problem.what(), "."));
  }
}

std::string settings_text(const study_settings& s) {
  ordered_json j;
  j["format"] = "synthmed study 1";
  j["preset"] = s.preset;
  j["seed"] = s.seed;
  j["backend"] = s.backend;
  j["device"] = s.device;
  j["data"] = s.data;
  j["phantom"] = s.phantom;
  j["population"] = s.population;
  j["population_name"] = s.population_name;
  j["positive"] = s.positive;
  j["arms"] = ordered_json::array();
  for (const auto& arm : s.arms) {
    ordered_json maps = ordered_json::array();
    for (const auto& set : arm.maps) maps.push_back({{"name", set.name}, {"path", set.path.generic_string()}});
    j["arms"].push_back(
        {{"name", arm.name}, {"title", arm.title}, {"maps", maps}, {"tested", arm.tested.generic_string()}});
  }
  j["cnn_seeds"] = s.cnn_seeds;
  j["validation"] = s.own_validation ? "study" : "subject";
  j["replicates"] = s.replicates;
  j["margin"] = s.margin;
  j["deviations"] = ordered_json::array();
  for (const auto& d : s.deviations)
    j["deviations"].push_back({{"option", d.option}, {"published", d.published}, {"here", d.here}, {"why", d.why}});
  j["options"] = s.options;
  return j.dump(2) + "\n";
}

study_settings read_settings(const fs::path& study) {
  const fs::path path = study / "study.json";
  const auto j = read_json(path);
  try {
    if (j.at("format") != "synthmed study 1")
      throw format_error(sentence(path.string(), " has the format \"", j.at("format").get<std::string>(),
                                  "\"; this program reads \"synthmed study 1\"."));
    study_settings s;
    s.preset = j.at("preset");
    s.seed = j.at("seed");
    s.backend = j.at("backend");
    s.device = j.at("device");
    s.data = j.at("data");
    s.phantom = j.at("phantom");
    s.population = j.at("population");
    s.population_name = j.value("population_name", s.population_name);
    s.positive = j.at("positive");
    for (const auto& a : j.at("arms")) {
      study_arm arm{a.at("name"), a.at("title"), {}, fs::path(a.value("tested", std::string("rvm")))};
      for (const auto& set : a.at("maps"))
        arm.maps.push_back({set.at("name"), fs::path(set.at("path").get<std::string>())});
      s.arms.push_back(std::move(arm));
    }
    s.cnn_seeds = j.at("cnn_seeds").get<std::vector<int>>();
    s.own_validation = j.value("validation", std::string("subject")) == "study";
    s.replicates = j.at("replicates");
    s.margin = j.at("margin");
    for (const auto& d : j.at("deviations"))
      s.deviations.push_back({d.at("option"), d.at("published"), d.at("here"), d.at("why")});
    s.options = j.at("options");
    if (s.arms.empty() || s.cnn_seeds.empty())
      throw format_error(sentence(path.string(), " names no arm or no seed of a classifier."));
    return s;
  } catch (const ordered_json::exception& problem) {
    throw format_error(sentence(path.string(), " is no study of this version: ", problem.what(), "."));
  }
}

fs::path map_of(const synthmed::manifest& m, const synthmed::manifest_record& record) {
  const auto it = record.more.find("rvm");
  if (it != record.more.end() && !it->second.empty()) return m.locate(it->second);
  if (record.kind != "fundus") return m.locate(record.image);
  throw format_error(
      sentence(record.image.string(), " in ", m.folder.string(), " has no vessel map (column \"rvm\")."));
}

arm_predictions read_arm(const fs::path& study, const study_settings& settings, const std::string& arm,
                         const std::string& set, const synthmed::manifest& real) {
  arm_predictions out{arm, set, {}, {}};
  // Pictures are known by their file's name: the tables may name the photograph or the map.
  std::unordered_map<std::string, const synthmed::manifest_record*> record_of;
  for (const auto& record : real.records)
    if (record.split == set) record_of.emplace(record.image.stem().string(), &record);
  if (record_of.empty()) return out;
  for (const int seed : settings.cnn_seeds) {
    const fs::path path = cnn_folder(study, arm, seed) / ("probabilities_" + set + ".csv");
    auto table = synthmed::read_predictions(path);
    if (table.id.empty()) throw format_error(sentence(path.string(), " has no column \"image_path\"."));
    if (table.cases() != record_of.size())
      throw format_error(sentence(path.string(), " holds ", table.cases(), " cases; the ", set,
                                  " split of the real maps has ", record_of.size(), "."));
    std::vector<std::string> subjects;
    for (std::size_t i = 0; i < table.cases(); ++i) {
      const auto it = record_of.find(fs::path(table.id[i]).stem().string());
      if (it == record_of.end())
        throw format_error(
            sentence(path.string(), " holds ", table.id[i], ", which is not in the ", set, " split of the real maps."));
      subjects.push_back(it->second->subject);
      table.id[i] = it->second->image.generic_string();  // one name, whichever of its pictures was classified
    }
    if (table.subject.empty()) table.subject = std::move(subjects);
    if (out.seeds.empty())
      for (const auto& id : table.id) {
        const auto& more = record_of.at(fs::path(id).stem().string())->more;
        const auto weight = more.find("weight");
        double value = 0;
        if (weight == more.end() || weight->second.empty()) break;
        const char *begin = weight->second.data(), *end = begin + weight->second.size();
        if (const auto [at, failed] = std::from_chars(begin, end, value);
            failed != std::errc{} || at != end || !(value >= 0))
          throw format_error(sentence(id, " has the weight \"", weight->second,
                                      "\" in the manifest of the real maps; expected a number of at least 0."));
        out.weights.push_back(value);
      }
    out.seeds.push_back(out.seeds.empty() ? std::move(table) : synthmed::aligned(out.seeds.front(), std::move(table)));
  }
  if (!out.seeds.empty() && out.weights.size() != out.seeds.front().cases()) out.weights.clear();
  return out;
}

}  // namespace rop_study

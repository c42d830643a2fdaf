// What a study found, in sentences.
#include <cmath>
#include <cstdio>

#include "results.hpp"

namespace rop_study {

using nlohmann::ordered_json;
using synthmed::sentence;

namespace {

std::string digits(const ordered_json& value, int places = 3) {
  if (!value.is_number()) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", places, value.get<double>());
  return text;
}

std::string interval_text(const ordered_json& e) {
  return e.at("low").is_null()
             ? digits(e.at("value")) + " (no interval)"
             : sentence(digits(e.at("value")), " (", digits(e.at("low")), " to ", digits(e.at("high")), ")");
}

/// "-0.012 (-0.040 to 0.016)"
std::string difference_text(const ordered_json& d) {
  return d["low"].is_number()
             ? sentence(digits(d["difference"]), " (", digits(d["low"]), " to ", digits(d["high"]), ")")
             : digits(d["difference"]);
}

std::string arm_sentence(const study_settings& s, const study_arm& arm, const ordered_json& r) {
  const auto& figures = r["arms"][arm.name]["test"];
  const auto& base = r["baseline_density"][arm.name]["test"];
  const auto& auc = figures["auc_roc"];
  std::string line =
      sentence("Trained on ", arm.title, ", tested on ", figures["images"].get<std::size_t>(),
               arm.tested == "rvm" ? " real maps of " : " exact maps of ", figures["subjects"].get<std::size_t>(),
               " new subjects (population: ", s.population_name, "): AUC-ROC of ", s.positive, " ", interval_text(auc));
  if (auc["seed_sd"].is_number())
    line += sentence(", sd over ", auc["per_seed"].size(), " trainings ", digits(auc["seed_sd"]));
  if (const auto& natural = figures["auc_roc_natural"]; natural.is_object())
    line += sentence("; weighted back to natural prevalence ", interval_text(natural));
  if (!base.is_null()) {
    line += sentence("; density alone ", interval_text(base["auc_roc"]));
    if (!base["classifier_beats_density"].is_null() && !base["classifier_beats_density"].get<bool>())
      line += ", which this classifier does not beat: it has not been shown to use shape";
  }
  return line + ".";
}

/// What a paired difference means, beyond its number.
std::string meaning(const ordered_json& t) {
  const auto& d = t["auc_roc"]["delong_clustered"];
  const std::string first = t["first"], second = t["second"];
  const bool known = d["low"].is_number();
  if (!known) return "";
  const double low = d["low"], high = d["high"];
  if (first == "synthetic" && second == "copier" && low <= 0)
    return sentence("; the generator does not beat a machine that copies its training maps",
                    high < 0 ? "" : ", within this interval");
  if (first == "fresh_phantom")
    return low <= 0 && high >= 0
               ? "; fresh maps of other subjects teach as much as the real ones, within this interval"
               : "; fresh maps of other subjects do not teach the same as the real ones, which they should";
  if (first == "real_exact") return "; this is what segmentation costs";
  return "";
}

}  // namespace

std::vector<std::string> findings_of(const study_settings& s, const ordered_json& r) {
  std::vector<std::string> out;
  for (const auto& arm : s.arms)
    if (r["arms"][arm.name]["test"].is_object()) out.push_back(arm_sentence(s, arm, r));
  for (const auto& t : r["tests"]) {
    const std::string first = t["first"], second = t["second"];
    if (t["set"] != "test" || (first != "synthetic" && first != "fresh_phantom" && first != "real_exact" &&
                               first != "synthetic_study_validation"))
      continue;
    out.push_back(sentence("AUC-ROC of ", first, " minus ", second, ", on the same pictures: ",
                           difference_text(t["auc_roc"]["delong_clustered"]), meaning(t), "."));
  }
  if (const auto& g = r["generator_seeds"]; g.is_object())
    out.push_back(sentence("Over ", g["auc_roc"].size(), " trainings of the generators the synthetic arm's AUC-ROC is ",
                           digits(g["mean"]), " with sd ", digits(g["sd"]), "."));
  if (r["maps"].contains("synthetic")) {
    const auto& m = r["maps"]["synthetic"];
    if (m["pixel_sd_ratio"].is_number())
      out.push_back(sentence(
          "Synthetic maps vary ", digits(m["pixel_sd_ratio"], 2),
          " times as much as real ones (bar: at least 0.80), and the brightness of the class that differs most is ",
          digits(100 * m["worst_brightness_difference"].get<double>(), 1), " % off (bar: at most 8 %): ",
          m["looks_collapsed"].get<bool>() ? "a bar is missed, as by generators that have collapsed."
                                           : "both bars are met."));
  }
  return out;
}

}  // namespace rop_study

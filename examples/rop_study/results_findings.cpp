// What a study found, in sentences.
#include <algorithm>

#include "report_parts.hpp"
#include "results.hpp"

namespace rop_study {

using nlohmann::ordered_json;
using synthmed::sentence;

namespace {

/// "-0.012 (-0.040 to 0.016)"
std::string difference_text(const ordered_json& d) {
  return d["low"].is_number()
             ? sentence(rounded(d["difference"]), " (", rounded(d["low"]), " to ", rounded(d["high"]), ")")
             : rounded(d["difference"]);
}

std::string arm_sentence(const study_settings& s, const study_arm& arm, const ordered_json& r) {
  const auto& figures = r["arms"][arm.name]["test"];
  const auto& base = r["baseline_density"][arm.name]["test"];
  const auto& auc = figures["auc_roc"];
  std::string line =
      sentence("Trained on ", arm.title, ", tested on ", figures["images"].get<std::size_t>(),
               arm.tested == "rvm" ? " real maps of " : " exact maps of ", figures["subjects"].get<std::size_t>(),
               " new subjects (population: ", s.population_name, "): AUC-ROC of ", s.positive, " ", with_interval(auc));
  if (auc["seed_sd"].is_number())
    line += sentence(", sd over ", auc["per_seed"].size(), " trainings ", rounded(auc["seed_sd"]));
  if (const auto& natural = figures["auc_roc_natural"]; natural.is_object())
    line += sentence("; weighted back to natural prevalence ", with_interval(natural));
  if (!base.is_null()) {
    const auto& best = base["best"];
    line += sentence("; density alone, learned from the same maps, ", with_interval(base["auc_roc"]));
    if (best["learned_from"] != arm.name)
      line += sentence(", and from the ", best["learned_from"].get<std::string>(), " arm's, ",
                       with_interval(best["auc_roc"]));
    if (base["classifier_beats_density"].is_boolean() && !base["classifier_beats_density"].get<bool>())
      line += sentence(best["learned_from"] == arm.name ? ", which this classifier does not beat"
                                                        : ", the better of which this classifier does not beat",
                       ": it has not been shown to use shape");
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

std::string caution_of(const study_settings& s, const ordered_json& r, const std::string& set) {
  std::size_t subjects = enough_subjects, undefined = 0;
  for (const auto& arm : s.arms)
    if (const auto& a = r["arms"][arm.name][set]; a.is_object()) {
      subjects = std::min(subjects, a["subjects"].get<std::size_t>());
      undefined = std::max(undefined, a["auc_roc"].value("undefined_resamples", std::size_t{0}));
    }
  if (subjects >= enough_subjects) return "";
  std::string out = sentence("Only ", subjects, subjects == 1 ? " subject" : " subjects", " in the ", set,
                             " set: intervals and p-values are rough below ", enough_subjects,
                             " and may be far too narrow and too small");
  if (undefined > 0)
    out +=
        sentence("; ", undefined, " of ", s.replicates, " resamples of subjects held one class only and were left out");
  return out + ".";
}

std::string variety_text(const ordered_json& m) {
  const double ratio = m["pixel_sd_ratio"], brightness = m["worst_brightness_difference"];
  const bool varied = ratio >= variety_bar, bright = brightness <= brightness_bar;
  return sentence("vary ", rounded(ratio, 2), " times as much as real ones (bar: at least ", rounded(variety_bar, 2),
                  "), and the brightness of the class that differs most is ", rounded(100 * brightness, 1),
                  " % off (bar: at most ", rounded(100 * brightness_bar, 0), " %): ",
                  varied && bright ? "both bars are met"
                  : varied         ? "the bar of brightness is missed"
                  : bright         ? "the bar of variety is missed, as by generators that have collapsed"
                                   : "both bars are missed, that of variety as by generators that have collapsed");
}

std::string audit_text(const ordered_json& audit) {
  if (audit["flagged"].get<bool>()) return "flagged";
  const auto& least = audit["detectable_auc"];
  return least.is_number() && least.get<double>() < 1
             ? sentence("not flagged; an attack with an AUC below ", rounded(least), " would probably have been missed")
             : std::string("not flagged; with so few subjects hardly any attack could have been found");
}

std::vector<std::string> findings_of(const study_settings& s, const ordered_json& r) {
  std::vector<std::string> out;
  if (const auto caution = caution_of(s, r, "test"); !caution.empty()) out.push_back(caution);
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
                           rounded(g["mean"]), " with sd ", rounded(g["sd"]), "."));
  if (r["maps"].contains("synthetic"))
    if (const auto& m = r["maps"]["synthetic"]; m["pixel_sd_ratio"].is_number())
      out.push_back(sentence("Synthetic maps ", variety_text(m), "."));
  for (const auto& [set, audit] : r["privacy"].items())
    if (audit.is_object()) out.push_back(sentence("Privacy audit, ", set, ": ", audit_text(audit), "."));
  return out;
}

}  // namespace rop_study

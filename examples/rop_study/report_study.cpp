// The page of a study's report: its sections, tables and checklist.
#include <algorithm>
#include <cmath>
#include <set>

#include <synthmed/report/page.hpp>
#include <synthmed/version.hpp>

#include "report.hpp"
#include "report_parts.hpp"
#include "results.hpp"

namespace rop_study {

namespace fs = std::filesystem;
namespace report = synthmed::report;
using nlohmann::ordered_json;
using synthmed::sentence;

namespace {

const ordered_json& at(const ordered_json& j, const std::string& key) {
  static const ordered_json none;
  return j.is_object() && j.contains(key) ? j[key] : none;
}

std::string flow_section(const ordered_json& results) {
  report::table t{
      sentence("Pictures and subjects by split. Source: ", results["data"]["source"].get<std::string>()), {}, {}};
  for (const auto& row : results["data"]["flow"]) {
    std::vector<std::string> cells;
    for (const auto& [name, value] : row.items()) {
      if (t.rows.empty()) t.header.push_back(name);
      cells.push_back(value.get<std::string>());
    }
    t.rows.push_back(std::move(cells));
  }
  report::table training{"What each arm's classifier learns from", {"arm", "maps"}, {}};
  for (const auto& c : results["classes"]) training.header.push_back(c.get<std::string>());
  training.header.emplace_back("sets");
  for (const auto& [name, arm] : results["arms"].items()) {
    std::vector<std::string> row{name, std::to_string(arm["training"]["maps"].get<std::size_t>())};
    for (const auto& c : results["classes"])
      row.push_back(std::to_string(arm["training"][c.get<std::string>()].get<std::size_t>()));
    std::string sets;
    for (const auto& s : arm["training"]["sets"]) sets += (sets.empty() ? "" : ", ") + s.get<std::string>();
    row.push_back(sets);
    training.rows.push_back(std::move(row));
  }
  return report::to_html(t) + report::to_html(training) +
         report::paragraph(
             "Splits divide subjects, never the pictures of one. Generators and segmenters see training subjects only; "
             "validation "
             "subjects choose each classifier's best step; test and expert subjects are seen by nothing before the "
             "end.");
}

/// Leaves out the columns of natural prevalence where none is known, as of pictures that no phantom drew.
void drop_unknown_natural(report::table& t) {
  for (std::size_t c = t.header.size(); c-- > 1;) {
    if (!t.header[c].ends_with("natural prevalence") ||
        std::any_of(t.rows.begin(), t.rows.end(), [&](const auto& row) { return row[c] != "\xE2\x80\x93"; }))
      continue;
    const auto column = static_cast<std::ptrdiff_t>(c);
    t.header.erase(t.header.begin() + column);
    for (auto& row : t.rows) row.erase(row.begin() + column);
  }
}

std::string performance_tables(const ordered_json& results) {
  std::string out;
  if (results.value("population_name", std::string()).ends_with("enriched"))
    out += report::paragraph(
        "Two populations stand side by side. Enriched, wholly or by half: the pictures as they were drawn, with many "
        "eyes next to a cut between classes, which are hard. "
        "Natural: the same pictures weighted back to how often their severity occurs (importance weights of the "
        "phantom), which is easier. An AUC of one cannot be held "
        "against an AUC of the other.");
  for (const char* set : test_sets) {
    report::table areas{"",
                        {"arm", "n (positive; subjects)", "AUC-ROC", "sd over trainings", "each training",
                         "AUC-ROC, natural prevalence", "AUC-ROC any disease", "any disease, natural prevalence",
                         "AUC-PR (average precision)", "AUC-PR (ROCR)"},
                        {}};
    report::table calls{"",
                        {"arm", "sensitivity", "specificity", "kappa, binary", "accuracy, 3 classes",
                         "balanced accuracy", "kappa, quadratic", "Brier"},
                        {}};
    for (const auto& [name, arm] : results["arms"].items()) {
      const auto& a = arm[set];
      if (a.is_null()) continue;
      const std::string population = a["population"];
      std::string seeds;
      for (const auto& x : a["auc_roc"]["per_seed"]) seeds += (seeds.empty() ? "" : ", ") + rounded(x);
      areas.caption = sentence(
          "Areas under curves, ", set, " set, of ", results["positive"].get<std::string>(),
          " against the rest and of any disease against none. Population, where nothing else is said: ", population,
          ". Estimator: ", a["method"].get<std::string>(), ".");
      calls.caption =
          sentence("Calls and calibration, ", set, " set. Population: ", population,
                   ". A case is called by its most probable class; kappa, quadratic: three classes, weighted. No "
                   "interval stands where every resample of subjects gives the same figure.");
      areas.rows.push_back({name,
                            sentence(a["images"].get<std::size_t>(), " (", a["positives"].get<std::size_t>(), "; ",
                                     a["subjects"].get<std::size_t>(), ")"),
                            with_interval(a["auc_roc"]), rounded(a["auc_roc"]["seed_sd"], 4), seeds,
                            with_interval(at(a, "auc_roc_natural")), with_interval(a["auc_roc_any_disease"]),
                            with_interval(at(a, "auc_roc_any_disease_natural")), with_interval(a["auc_pr"]),
                            with_interval(a["auc_pr_rocr"])});
      calls.rows.push_back({name, with_interval(a["binary"]["sensitivity"]), with_interval(a["binary"]["specificity"]),
                            with_interval(a["binary"]["kappa"]), with_interval(a["three_classes"]["accuracy"]),
                            with_interval(a["three_classes"]["balanced_accuracy"]),
                            with_interval(a["three_classes"]["kappa_quadratic"]), with_interval(a["brier"])});
    }
    drop_unknown_natural(areas);
    if (!areas.rows.empty())
      out += sentence("<h3>", set, " set</h3>\n", report::to_html(areas), report::to_html(calls));
  }
  if (const auto& g = at(results, "generator_seeds"); g.is_object()) {
    report::table seeds{"The synthetic arm by training of the generators: what another seed of theirs changes",
                        {"arm", "AUC-ROC, mean over classifiers"},
                        {}};
    for (std::size_t i = 0; i < g["arms"].size(); ++i) seeds.rows.push_back({g["arms"][i], rounded(g["auc_roc"][i])});
    seeds.rows.push_back({"standard deviation", rounded(g["sd"], 4)});
    out += report::to_html(seeds);
  }
  report::table base{
      "Density alone: a logistic regression on the mean of a map, learned from the arm's own training maps. The better "
      "of this and of the same learned from the real arm's maps is what a classifier must beat: one that does not has "
      "not been shown to use shape.",
      {"arm", "set", "AUC-ROC of density, own maps", "the better, learned from", "its AUC-ROC",
       "classifier minus the better", "p", "beats density"},
      {}};
  for (const auto& [name, sets] : results["baseline_density"].items())
    for (const auto& [set, b] : sets.items()) {
      if (b.is_null()) continue;
      const auto& best = b["best"];
      const auto& d = best["classifier_minus_density"];
      base.rows.push_back({name, set, with_interval(b["auc_roc"]), best["learned_from"], with_interval(best["auc_roc"]),
                           sentence(rounded(d["difference"]), " (", rounded(d["low"]), " to ", rounded(d["high"]), ")"),
                           p_text(d["p"]),
                           b["classifier_beats_density"].is_null()     ? "not defined"
                           : b["classifier_beats_density"].get<bool>() ? "yes"
                                                                       : "no"});
      base.marked.push_back(b["classifier_beats_density"].is_boolean() && !b["classifier_beats_density"].get<bool>());
    }
  if (!base.rows.empty()) out += "<h3>Density baseline</h3>\n" + report::to_html(base);
  return out;
}

/// The first thing to read: each arm's main figures on the test set.
std::string glance_table(const ordered_json& results) {
  const std::string positive = results["positive"],
                    population = results.value("population_name", results["population"].get<std::string>());
  report::table t{sentence("At a glance: classifiers on the test set. AUC-ROC, mean over trainings, with 95 % "
                           "intervals over subjects; population: ",
                           population,
                           ", where nothing else is said. Density alone is learned from the arm's own maps; a "
                           "classifier beats it where it beats what they or the real arm's maps teach, whichever is "
                           "higher, else it has not been shown to use shape."),
                  {"trained on", sentence("AUC-ROC, ", positive), sentence(positive, ", natural prevalence"),
                   "AUC-ROC, any disease", sentence("density alone, ", positive), "classifier beats density"},
                  {}};
  for (const auto& [name, arm] : results["arms"].items()) {
    const auto& a = arm["test"];
    if (a.is_null()) continue;
    const auto& base = results["baseline_density"][name]["test"];
    const auto& beats = at(base, "classifier_beats_density");
    t.rows.push_back({arm["title"], with_interval(a["auc_roc"]), with_interval(at(a, "auc_roc_natural")),
                      with_interval(a["auc_roc_any_disease"]), with_interval(at(base, "auc_roc")),
                      beats.is_boolean() ? beats.get<bool>() ? "yes" : "no" : "\xE2\x80\x93"});
  }
  drop_unknown_natural(t);
  return t.rows.empty() ? "" : report::to_html(t);
}

std::string tests_table(const ordered_json& results) {
  report::table t{
      "Differences of mean AUC-ROC on the same pictures, paired. DeLong clustered by subject (Obuchowski 1997) is the "
      "test to read; the unclustered one is what was published. "
      "Population: that of the pictures as they are. Holm adjusts for the number of comparisons on a set. Equivalence: "
      "two one-sided tests against the margin fixed beforehand.",
      {"first minus second", "set", "difference", "p, clustered", "p, Holm", "p, unclustered", "bootstrap by subject",
       "AUC-PR difference", "McNemar exact p per seed", "equivalent"},
      {}};
  const auto with = [](const ordered_json& d) {
    return d.is_null() ? std::string("\xE2\x80\x93")
                       : sentence(rounded(d["difference"]), " (", rounded(d["low"]), " to ", rounded(d["high"]), ")");
  };
  for (const auto& x : results["tests"]) {
    const auto& roc = x["auc_roc"];
    std::string mcnemar;
    for (const auto& m : x["mcnemar_per_seed"]) mcnemar += (mcnemar.empty() ? "" : ", ") + p_text(m["exact_p"]);
    t.rows.push_back({sentence(x["first"].get<std::string>(), " minus ", x["second"].get<std::string>()), x["set"],
                      with(roc["delong_clustered"]), p_text(roc["delong_clustered"]["p"]), p_text(x["holm_p"]),
                      p_text(roc["delong"]["p"]), with(roc["bootstrap"]), with(x["auc_pr"]), mcnemar,
                      x["equivalence"].is_null()
                          ? "\xE2\x80\x93"
                          : sentence(x["equivalence"]["shown"].get<bool>() ? "shown" : "not shown", " (margin ",
                                     rounded(x["equivalence"]["margin"], 2), ")")});
  }
  return report::to_html(t);
}

/// The figures of the segmentation; where there are none, why.
std::string segmentation_table(const ordered_json& segmentation, const study_settings& settings,
                               const synthmed::manifest& data) {
  if (!segmentation.is_object()) {
    if (std::none_of(data.records.begin(), data.records.end(), [](const auto& r) { return r.kind == "fundus"; }))
      return report::paragraph("The vessel maps came with the data; nothing was segmented here.");
    const std::string weights = settings.options.value("unet.weights", "none");
    return report::paragraph(sentence("Segmented with ",
                                      weights == "none" ? "a U-Net trained here" : "the weights " + weights,
                                      "; no test photograph has a drawn map to judge it by."));
  }
  report::table t{"Segmentation of test photographs inside the field of view", {"figure", "value"}, {}};
  for (const auto& [name, value] : segmentation.items()) {
    if (value.is_object() && value.contains("value") && value.contains("low"))
      t.rows.push_back({name, with_interval(value, 4)});
    else if (value.is_object() && value.contains("value"))
      t.rows.push_back({name, rounded(value["value"], 4)});
    else if (value.is_number_integer())
      t.rows.push_back({name, std::to_string(value.get<std::int64_t>())});
    else if (value.is_number())
      t.rows.push_back({name, rounded(value, 4)});
    else if (value.is_string())
      t.rows.push_back({name, value.get<std::string>()});
  }
  return report::to_html(t);
}

std::string fidelity_tables(const ordered_json& results) {
  report::table variety{
      "Variety and brightness against the real training maps, by class. Bars: the ratio of pixel standard deviations "
      "at least 0.80 (mean over classes), the mean brightness of every class within 8 %. "
      "A generator that has collapsed fails here while its AUC may still look fair. Copies are turned and so blurred a "
      "little, which takes away from their pixels' deviation.",
      {"set", "class", "maps", "pixel sd, ratio", "brightness, ratio", "within the bars"},
      {}};
  for (const auto& [name, m] : results["maps"].items()) {
    for (const auto& [c, k] : m["by_class"].items()) {
      const bool known = k["brightness_ratio"].is_number() && k["pixel_sd_ratio"].is_number();
      const bool within = known && std::fabs(k["brightness_ratio"].get<double>() - 1) <= brightness_bar &&
                          k["pixel_sd_ratio"].get<double>() >= variety_bar;
      variety.rows.push_back({name, c, std::to_string(k["maps"].get<std::size_t>()), rounded(k["pixel_sd_ratio"], 2),
                              rounded(k["brightness_ratio"], 3),
                              !known   ? "\xE2\x80\x93"
                              : within ? "yes"
                                       : "no"});
      variety.marked.push_back(known && !within);
    }
    variety.rows.push_back(
        {name, "all", "", rounded(m["pixel_sd_ratio"], 2),
         m["worst_brightness_difference"].is_null()
             ? "\xE2\x80\x93"
             : sentence("at most ", rounded(100 * m["worst_brightness_difference"].get<double>(), 1), " % off"),
         m["looks_collapsed"].get<bool>() ? "no" : "yes"});
    variety.marked.push_back(m["looks_collapsed"].get<bool>());
  }
  std::string out = variety.rows.empty() ? "" : report::to_html(variety);
  report::table t{
      "Distance from the real training maps, of all classes and of each, with intervals by subject and, as a floor, "
      "real against real at equal size",
      {"set", "metric", "value", "n", "floor (real)", "at floor size"},
      {}};
  const auto add = [&](const std::string& set, const ordered_json& f) {
    const std::string n =
        sentence(at(f["reference"], "rows").is_number() ? f["reference"]["rows"].get<std::size_t>() : 0, " / ",
                 at(f["candidate"], "rows").is_number() ? f["candidate"]["rows"].get<std::size_t>() : 0);
    const auto floor_of = [&](const char* key) {
      const auto& x = at(at(f, "floor"), key);
      return std::pair(x.is_null() ? std::string("\xE2\x80\x93")
                                   : sentence(rounded(x["real_mean"], 4), " \xC2\xB1 ", rounded(x["real_sd"], 4)),
                       x.is_null() ? std::string("\xE2\x80\x93") : rounded(x["candidate_mean"], 4));
    };
    for (const auto& [key, where] : {std::pair{"frechet", "frechet"}, {"kid", "kid"}}) {
      if (!at(f, where).is_object()) continue;
      const auto [real, made] = floor_of(key);
      t.rows.push_back({set, at(f[where], "metric").is_string() ? f[where]["metric"].get<std::string>() : key,
                        f[where].contains("low") ? with_interval(f[where], 4) : rounded(f[where]["value"], 4), n, real,
                        made});
    }
    if (at(f, "prdc").is_object())
      for (const char* key : {"precision", "recall", "density", "coverage"})
        if (at(f["prdc"], key).is_object()) {
          const auto [real, made] = floor_of(key);
          t.rows.push_back({set, key, with_interval(f["prdc"][key]), n, real, made});
        }
  };
  for (const auto& [set, f] : results["fidelity"].items()) {
    add(set, f);
    for (const auto& [c, of_class] : at(f, "by_class").items()) add(sentence(set, ", ", c), of_class);
  }
  if (!t.rows.empty()) out += report::to_html(t);
  std::set<std::string> notes;
  for (const auto& [set, f] : results["fidelity"].items())
    for (const auto& note : at(f, "notes")) notes.insert(note.get<std::string>());
  if (!notes.empty()) out += report::list({notes.begin(), notes.end()});
  return out.empty() ? report::paragraph("No fidelity was measured.") : out;
}

std::string privacy_section(const fs::path& study, const ordered_json& results, const synthmed::manifest& maps) {
  std::string out;
  report::table t{
      "Membership inference: can training maps be told from held-out ones by the set that would be shared? AUC one "
      "half: no better than chance.",
      {"set", "attack", "AUC", "lower 99 % limit (Holm)", "true positives at 1 % false ones", "exceeds"},
      {}};
  report::table verdicts{
      at(results["privacy"], "fresh_phantom").is_object()
          ? "Verdicts. The copying machine must be flagged and the fresh phantom must not: otherwise the audit shows "
            "nothing."
          : "Verdicts. The copying machine must be flagged: otherwise the audit shows nothing.",
      {"set", "flagged", "duplicates", "closer to training than to held-out", "smallest AUC that would be found"},
      {}};
  std::string pairs, words;
  for (const auto& [set, audit] : results["privacy"].items()) {
    if (audit.is_null()) continue;
    verdicts.rows.push_back({set, audit["flagged"].get<bool>() ? "flagged" : "not flagged",
                             std::to_string(audit["duplicates"]["count"].get<std::size_t>()),
                             with_interval(audit["dcr_share"]), rounded(audit["detectable_auc"])});
    verdicts.marked.push_back(audit["flagged"].get<bool>());
    for (const auto& a : audit["attacks"]) {
      t.rows.push_back({set, a["name"], with_interval(a["auc"]), rounded(a["lower_limit"]),
                        with_interval(a["tpr_at_1_percent_fpr"]), a["exceeds"].get<bool>() ? "yes" : "no"});
      t.marked.push_back(a["exceeds"].get<bool>());
    }
    words += sentence("<h3>", report::escaped(set), "</h3>\n", report::paragraph(audit["verdict"].get<std::string>()));
    std::vector<std::string> warnings;
    for (const auto& w : audit["warnings"]) warnings.push_back(w.get<std::string>());
    if (!warnings.empty()) words += report::list(warnings);
    pairs += pair_figures(study, audit, set, maps);
  }
  if (verdicts.rows.empty()) return report::paragraph("No audit was made.");
  return report::to_html(verdicts) + words + report::to_html(t) + "<h3>Worst pairs</h3>\n" +
         sentence("<div class=\"beside\">", pairs, "</div>\n");
}

std::string published_section(const ordered_json& results) {
  const auto& p = results["published"];
  report::table t{p["source"].get<std::string>(),
                  {"quantity", "trained on real", "trained on synthetic"},
                  {{"test AUC-ROC, plus against the rest", rounded(p["test_auc_roc"]["real"]),
                    rounded(p["test_auc_roc"]["synthetic"])},
                   {"set of 100, accuracy (exact interval)",
                    with_interval({{"value", p["expert_set"]["real"]["accuracy"]},
                                   {"low", p["expert_set"]["real"]["low"]},
                                   {"high", p["expert_set"]["real"]["high"]}}),
                    with_interval({{"value", p["expert_set"]["synthetic"]["accuracy"]},
                                   {"low", p["expert_set"]["synthetic"]["low"]},
                                   {"high", p["expert_set"]["synthetic"]["high"]}})},
                   {"set of 100, kappa", rounded(p["expert_set"]["real"]["kappa"], 4),
                    rounded(p["expert_set"]["synthetic"]["kappa"], 4)}}};
  return sentence(
      "<div class=\"aside\">",
      report::paragraph(
          "Other data, other sizes: these numbers stand here to be known, not to be compared digit by digit. An "
          "earlier run of the same "
          "study found .987 and .988 (p = .79): the published difference lies within what training again changes."),
      report::to_html(t),
      report::paragraph(sentence("Paired DeLong as published: Z = ", rounded(p["test_delong"]["z"], 4),
                                 ", p = ", rounded(p["test_delong"]["p"], 6),
                                 ". Not published: ", p["not_published"].get<std::string>(), "."),
                        "muted"),
      "</div>\n");
}

std::string provenance_section(const ordered_json& results) {
  const auto& p = results["provenance"];
  const auto& run = at(p, "run");
  report::table t{"How this came to be", {"what", "value"}, {}};
  const auto add = [&](const std::string& name, const std::string& value) { t.rows.push_back({name, value}); };
  add("program", results["program"]);
  add("preset, seed", sentence(results["preset"].get<std::string>(), ", ", results["seed"].get<std::uint64_t>()));
  add("backend, device", sentence(results["backend"].get<std::string>(), ", ", results["device"].get<std::string>()));
  for (const char* key : {"finished", "processor", "compiler"})
    if (at(run, key).is_string()) add(key, run[key]);
  if (at(run, "cores").is_number()) add("cores", std::to_string(run["cores"].get<int>()));
  add("time of all stages", rounded(results["timing"]["total_seconds"], 1) + " s");
  add("peak memory", rounded(results["memory"]["peak_mib"], 0) + " MiB");
  for (const auto& [file, hash] : p["sha256"].items()) add("SHA-256 of " + file, hash);
  std::string out = report::to_html(t);
  report::table stages{"Stages", {"stage", "seconds", "peak MiB", "command"}, {}};
  for (const auto& [name, seconds] : results["timing"]["stages"].items()) {
    std::string command = "rop_study";
    for (const auto& word : at(at(run, "commands"), name)) command += " " + word.get<std::string>();
    stages.rows.push_back({name, rounded(seconds, 1), rounded(results["memory"]["stages"][name], 0), command});
  }
  if (!stages.rows.empty()) out += report::details("Time, memory and command of every stage", report::to_html(stages));
  report::table options{"Options", {"option", "value"}, {}};
  for (const auto& [name, value] : results["options"].items())
    options.rows.push_back({name, value.is_string() ? value.get<std::string>() : value.dump()});
  if (!options.rows.empty()) out += report::details("Every named option", report::to_html(options));
  return out;
}

std::string checklist_section(bool phantom) {
  struct topic {
    const char *name, *question, *anchor, *where;
  };
  const topic topics[] = {
      {"Data", "Where do the pictures come from, how many, who was left out?", "flow", "Data flow"},
      {"Population", "About whom are the figures? Enriched or natural?", "performance", "Every number"},
      {"Splits", "Is any subject in two splits?", "flow", "Data flow"},
      {"Reference standard", "Who labelled, and how?", "flow",
       phantom ? "Data flow; the label is the majority of three simulated graders" : "Data flow"},
      {"Model", "Which networks, which protocol, what differs from the published one?", "deviations", "Deviations"},
      {"Training", "Steps, losses, choice of the best step", "training", "Training"},
      {"Segmentation", "How good are the vessel maps?", "segmentation", "Segmentation"},
      {"Metrics", "Which estimator stands behind each number?", "performance", "Every number"},
      {"Uncertainty", "Intervals clustered by subject; several trainings; multiplicity", "tests", "Paired tests"},
      {"Baseline", "What does the simplest rule reach?", "performance", "Every number: density baseline"},
      {"Calibration", "Are probabilities what they say?", "performance",
       "Every number: Brier score; ECE in results.json"},
      {"Failure cases", "What is got wrong?", "failures", "Failure cases"},
      {"Fidelity", "How close are synthetic pictures, in which feature space, against which floor?", "fidelity",
       "Fidelity"},
      {"Privacy", "Was leakage attacked, not only distances shown? Do controls behave?", "privacy", "Privacy"},
      {"Sharing", "What may be shared, and with which card?", "privacy", "Privacy; rop_study release"},
      {"Reproducibility", "Seed, versions, hardware, hashes", "provenance", "Provenance"},
      {"Limits", "What does this not show?", "found", "What was found"},
  };
  std::string out =
      "<div class=\"wide\" role=\"group\" tabindex=\"0\" aria-label=\"Table: reporting "
      "checklist\"><table><caption><span>By "
      "topic, after CLAIM 2024, STARD-AI and TRIPOD+AI; their item numbers "
      "are not reproduced.</span></caption>\n<thead><tr><th scope=\"col\">topic</th><th scope=\"col\">question</th><th "
      "scope=\"col\">answered in</th></tr></thead><tbody>\n";
  for (const auto& t : topics)
    out += sentence("<tr><th scope=\"row\">", t.name, "</th><td>", t.question, "</td><td><a href=\"#", t.anchor, "\">",
                    t.where, "</a></td></tr>\n");
  return out + "</tbody></table></div>\n";
}

}  // namespace

std::string report_page(const fs::path& study, const study_settings& settings, const ordered_json& results) {
  const auto maps = synthmed::read_manifest(study / "rvm" / "manifest.csv");
  const auto data = synthmed::read_manifest(study / "data" / "manifest.csv", {.check_files = false});
  report::page page(sentence("Synthetic vessel maps, preset ", settings.preset),
                    sentence("One generator per class learns from real vessel maps; a classifier that learned from "
                             "synthetic maps alone is compared with one that learned from "
                             "real ones, on real maps of other subjects. Data: ",
                             settings.data, ". Population: ", settings.population, "."));
  if (settings.phantom) page.warning(phantom_sentence);
  if (settings.preset == "smoke") page.warning(smoke_sentence);
  std::vector<std::string> cautions;
  for (const char* set : test_sets)
    if (const auto caution = caution_of(settings, results, set); !caution.empty()) {
      cautions.push_back(caution);
      page.warning(caution);
    }

  // What an arm reached stands in the table above the findings, the cautions under the title.
  std::vector<std::string> findings;
  for (const auto& f : results["findings"])
    if (const auto text = f.get<std::string>();
        !text.starts_with("Trained on ") && std::find(cautions.begin(), cautions.end(), text) == cautions.end())
      findings.push_back(text);
  page.section("found", "What was found", glance_table(results) + report::list(findings));
  page.section("flow", "Data flow", flow_section(results));
  page.section("samples", "Real and synthetic maps", sample_figures(study, settings));
  std::string cost;
  for (const auto& t : results["tests"])
    if (t["set"] == "test" && t["first"] == "real_exact" && t["second"] == "real") {
      const auto& d = t["auc_roc"]["delong_clustered"];
      cost = report::paragraph(
          sentence("What segmentation costs: a classifier of the exact maps has an AUC-ROC that differs by ",
                   rounded(d["difference"]), " (", rounded(d["low"]), " to ", rounded(d["high"]),
                   ") from that of the segmented maps, on the same pictures (population: ",
                   results["population_name"].get<std::string>(), ")."));
    }
  page.section(
      "segmentation", "Segmentation",
      segmentation_table(results["segmentation"], settings, data) + cost + segmentation_figures(study, data, maps));
  page.section("training", "Training", training_figures(study, settings, maps.classes));
  const auto map = umap_figure(study, maps);
  std::string quality;
  if (results["umap"].is_object()) {
    report::table t{"How far the map can be trusted: 1 is perfect", {"figure", "fitted", "placed"}, {}};
    const auto &fitted = at(results["umap"], "quality"), &placed = at(at(results["umap"], "transform"), "quality");
    for (const auto& [name, value] : fitted.items())
      t.rows.push_back({name, rounded(value), rounded(at(placed, name))});
    quality = report::to_html(t);
  }
  page.section("umap", "Feature map", map.empty() ? report::paragraph("No map was made.") : map + quality);
  std::string curves, confusions;
  for (const std::string set : test_sets) {
    curves += curve_figures(study, settings, set, maps, results);
    confusions += confusion_figures(settings, set, results);
  }
  page.section("curves", "ROC and precision-recall", curves);
  page.section("confusion", "Confusion matrices", confusions);
  page.section("performance", "Every number", performance_tables(results));
  page.section("tests", "Paired tests", (cautions.empty() ? "" : report::list(cautions)) + tests_table(results));
  page.section("failures", "Failure cases", failure_figures(study, settings, maps));
  page.section("fidelity", "Fidelity", fidelity_tables(results));
  page.section("privacy", "Privacy", privacy_section(study, results, maps));
  report::table deviations{
      "What was done otherwise than in the published study", {"option", "published", "here", "why"}, {}};
  for (const auto& d : settings.deviations) deviations.rows.push_back({d.option, d.published, d.here, d.why});
  page.section("deviations", "Deviations from the published protocol",
               deviations.rows.empty() ? report::paragraph("None.") : report::to_html(deviations));
  page.section("published", "The published figures", published_section(results));
  page.section("provenance", "Provenance", provenance_section(results));
  page.section("checklist", "Reporting checklist", checklist_section(settings.phantom));
  return page.finish();
}

}  // namespace rop_study

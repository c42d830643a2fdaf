// The figures of rop_study compare as JSON and as a table for the terminal.
#include <cmath>
#include <cstdio>
#include <filesystem>

#include <synthmed/version.hpp>

#include "compare.hpp"

namespace rop_study {

using nlohmann::ordered_json;
using namespace synthmed;

namespace {

/// What is not finite has no number in JSON.
ordered_json number(double x) { return std::isfinite(x) ? ordered_json(x) : ordered_json(nullptr); }

ordered_json interval(const estimate& e) {
  return {{"value", number(e.value)}, {"low", number(e.low)}, {"high", number(e.high)}};
}

ordered_json confusion_json(const comparison& c, const model_figures& m) {
  const auto o = m.confusion.overall();
  ordered_json rows = ordered_json::array(), classes = ordered_json::object();
  for (std::size_t i = 0; i < c.classes.size(); ++i) {
    ordered_json row = ordered_json::array();
    for (std::size_t j = 0; j < c.classes.size(); ++j) row.push_back(m.confusion.at(i, j));
    rows.push_back(row);
    const auto s = m.confusion.of_class(i);
    classes[c.classes[i]] = {
        {"sensitivity", number(s.sensitivity)},
        {"sensitivity_wilson", {number(s.sensitivity_wilson.low), number(s.sensitivity_wilson.high)}},
        {"specificity", number(s.specificity)},
        {"specificity_wilson", {number(s.specificity_wilson.low), number(s.specificity_wilson.high)}},
        {"ppv", number(s.ppv)},
        {"npv", number(s.npv)},
        {"precision", number(s.precision)},
        {"recall", number(s.recall)},
        {"f1", number(s.f1)},
        {"prevalence", number(s.prevalence)},
        {"detection_rate", number(s.detection_rate)},
        {"detection_prevalence", number(s.detection_prevalence)},
        {"balanced_accuracy", number(s.balanced_accuracy)},
        {"false_negative_rate", number(s.false_negative_rate)},
        {"false_positive_rate", number(s.false_positive_rate)},
        {"false_discovery_rate", number(s.false_discovery_rate)},
        {"false_omission_rate", number(s.false_omission_rate)},
        {"positive_likelihood_ratio", number(s.positive_likelihood_ratio)},
        {"negative_likelihood_ratio", number(s.negative_likelihood_ratio)},
        {"diagnostic_odds_ratio", number(s.diagnostic_odds_ratio)},
        {"mcc", number(s.mcc)}};
  }
  const auto kappa = m.confusion.weighted_kappa(kappa_weights::none);
  return {{"rows", "prediction"},
          {"columns", "truth"},
          {"classes", c.classes},
          {"counts", rows},
          {"accuracy",
           {{"value", o.accuracy},
            {"low", o.accuracy_low},
            {"high", o.accuracy_high},
            {"method", "Clopper-Pearson"},
            {"resampled", {number(m.accuracy.low), number(m.accuracy.high)}}}},
          {"no_information_rate", o.no_information_rate},
          {"p_accuracy_above_nir", o.accuracy_p},
          {"kappa", interval(kappa)},
          {"kappa_linear", interval(m.confusion.weighted_kappa(kappa_weights::linear))},
          {"kappa_quadratic", interval(m.kappa_quadratic)},
          {"mcnemar_p", number(o.mcnemar_p)},
          {"balanced_accuracy", number(o.balanced_accuracy)},
          {"mcc", number(o.mcc)},
          {"f1_macro", number(m.confusion.f1_macro())},
          {"f1_weighted", number(m.confusion.f1_weighted())},
          {"by_class", classes}};
}

ordered_json model_json(const comparison& c, const model_figures& m) {
  const char* drawn = c.has_subjects ? "bootstrap by subject" : "stratified bootstrap";
  ordered_json out;
  out["file"] = m.file;
  out["auc_roc"] = {{"value", m.clustered.value},
                    {"low", number(m.clustered.low)},
                    {"high", number(m.clustered.high)},
                    {"standard_error", number(m.clustered.standard_error)},
                    {"method", c.has_subjects ? "DeLong, clustered by subject (Obuchowski 1997)" : "DeLong"},
                    {"unclustered", {{"low", number(m.naive.low)}, {"high", number(m.naive.high)}}}};
  out["auc_pr"] = interval(m.pr);
  out["auc_pr"]["estimator"] = name(c.settings.estimator);
  out["auc_pr"]["method"] = drawn;
  out["confusion"] = confusion_json(c, m);
  out["sensitivity"] = interval(m.sensitivity);
  out["specificity"] = interval(m.specificity);
  out["sensitivity"]["method"] = out["specificity"]["method"] = drawn;
  out["youden"] = {{"threshold", number(m.youden.threshold)},
                   {"sensitivity", m.youden.sensitivity},
                   {"specificity", m.youden.specificity}};
  out["calibration"] = {
      {"brier", m.brier},
      {"log_loss", number(m.log_loss)},
      {"ece", m.ece},
      {"mce", m.mce},
      {"bins", 10},
      {"intercept", m.calibration.converged ? number(m.calibration.intercept) : ordered_json(nullptr)},
      {"slope", m.calibration.converged ? number(m.calibration.slope) : ordered_json(nullptr)}};
  out["multiclass"] = {
      {"auc_macro", number(m.macro_auc)}, {"auc_weighted", number(m.weighted_auc)}, {"hand_till", number(m.hand_till)}};
  return out;
}

ordered_json test_json(const bootstrap_test& t, const char* method) {
  return {{"difference", t.difference}, {"statistic", number(t.statistic)}, {"p", number(t.p)}, {"low", number(t.low)},
          {"high", number(t.high)},     {"undefined", t.undefined},         {"method", method}};
}

ordered_json margin_json(const margin_test& t) {
  return {{"margin", t.margin}, {"p", t.p}, {"low", t.low}, {"high", t.high}, {"shown", t.shown}};
}

/// Four digits; zero has no sign.
std::string fixed(double x) {
  char text[64];
  std::snprintf(text, sizeof text, "%.4f", x);
  return text == std::string("-0.0000") ? "0.0000" : text;
}

std::string with_limits(double value, double low, double high) {
  return fixed(value) + (std::isnan(low) ? " (no interval)" : " (" + fixed(low) + " to " + fixed(high) + ")");
}

std::string p_value(double p) {
  char text[32];
  if (std::isnan(p)) return "not defined";
  if (p >= 1e-4) return fixed(p);
  std::snprintf(text, sizeof text, "%.2g", p);
  return text;
}

}  // namespace

std::vector<std::string> short_names(const comparison& c) {
  namespace fs = std::filesystem;
  if (c.models.size() != 2 || c.models[0].file == c.models[1].file) {
    std::vector<std::string> names;
    for (const auto& m : c.models) names.push_back(fs::path(m.file).filename().string());
    return names;
  }
  const auto parts = [](const std::string& file) {
    const fs::path path(file);
    return std::vector<fs::path>(path.begin(), path.end());
  };
  auto a = parts(c.models[0].file), b = parts(c.models[1].file);
  for (; a.size() > 1 && b.size() > 1 && a.front() == b.front(); a.erase(a.begin())) b.erase(b.begin());
  for (; a.size() > 1 && b.size() > 1 && a.back() == b.back(); a.pop_back()) b.pop_back();
  const auto joined = [](const std::vector<fs::path>& path) {
    fs::path out;
    for (const auto& part : path) out /= part;
    return out.generic_string();
  };
  return {joined(a), joined(b)};
}

ordered_json to_json(const comparison& c) {
  ordered_json out;
  out["program"] = "rop_study compare";
  out["version"] = SYNTHMED_VERSION;
  out["positive"] = c.settings.positive;
  out["cases"] = c.cases;
  out["positives"] = c.positives;
  out["subjects"] = c.has_subjects ? ordered_json(c.subjects) : ordered_json(nullptr);
  out["seed"] = c.settings.seed;
  out["replicates"] = c.settings.replicates;
  out["level"] = 0.95;
  out["models"] = ordered_json::array();
  for (const auto& m : c.models) out["models"].push_back(model_json(c, m));
  if (c.difference) {
    const auto& d = *c.difference;
    out["delong"] = {{"difference", d.naive.difference},
                     {"z", number(d.naive.statistic)},
                     {"p", number(d.naive.p)},
                     {"low", number(d.naive.low)},
                     {"high", number(d.naive.high)}};
    out["delong_clustered"] = {{"difference", d.clustered.difference}, {"z", number(d.clustered.statistic)},
                               {"p", number(d.clustered.p)},           {"low", number(d.clustered.low)},
                               {"high", number(d.clustered.high)},     {"clusters", d.clustered.clusters}};
    out["bootstrap"] = test_json(d.stratified, "stratified by class, as pROC's roc.test after set.seed(seed)");
    const char* drawn = c.has_subjects ? "by subject" : "stratified by class";
    out["bootstrap_clustered"] = test_json(d.by_subject, drawn);
    out["bootstrap_auc_pr"] = test_json(d.pr_by_subject, drawn);
    out["bootstrap_auc_pr"]["estimator"] = name(c.settings.estimator);
    out["permutation"] = {{"difference", d.permutation.difference},
                          {"p", d.permutation.p},
                          {"method", "midranks of the two models exchanged within subjects"}};
    out["mcnemar"] = {{"only_first_right", d.mcnemar.only_first},
                      {"only_second_right", d.mcnemar.only_second},
                      {"both_right", d.mcnemar.both},
                      {"both_wrong", d.mcnemar.neither},
                      {"statistic", number(d.mcnemar.corrected.statistic)},
                      {"p", number(d.mcnemar.corrected.p)},
                      {"exact_p", number(d.mcnemar.exact_p)}};
    if (!d.holm.empty())
      out["holm"] = {{"delong_clustered", d.holm[0]}, {"bootstrap_auc_pr", d.holm[1]}, {"mcnemar_exact", d.holm[2]}};
    if (d.equivalence) out["equivalence"] = margin_json(*d.equivalence);
    if (d.noninferiority) out["noninferiority_of_first"] = margin_json(*d.noninferiority);
  }
  out["notes"] = c.notes;
  return out;
}

std::string to_text(const comparison& c) {
  std::string out;
  const auto line = [&](std::string_view what, const std::vector<std::string>& values) {
    char text[256];
    std::snprintf(text, sizeof text, "%-26.*s", static_cast<int>(what.size()), what.data());
    out += text;
    for (const auto& v : values) {
      std::snprintf(text, sizeof text, "  %-28.28s", v.c_str());
      out += text;
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    out += '\n';
  };
  const auto each = [&](std::string_view what, auto&& f) {
    std::vector<std::string> values;
    for (const auto& m : c.models) values.push_back(f(m));
    line(what, values);
  };
  out += sentence(c.positives, " of ", c.cases, " cases are \"", c.settings.positive, "\"",
                  c.has_subjects ? sentence(", ", c.subjects, " subjects") : std::string(), "; 95 % limits, ",
                  c.settings.replicates, " resamples, seed ", c.settings.seed, "\n\n");
  auto names = short_names(c);
  for (auto& name : names)  // the end of a long path says more than its start
    if (name.size() > 28) name = "..." + name.substr(name.size() - 25);
  line("", names);
  each("AUC-ROC",
       [](const model_figures& m) { return with_limits(m.clustered.value, m.clustered.low, m.clustered.high); });
  each(sentence("AUC-PR ", name(c.settings.estimator)),
       [](const model_figures& m) { return with_limits(m.pr.value, m.pr.low, m.pr.high); });
  each("accuracy (exact)", [](const model_figures& m) {
    const auto o = m.confusion.overall();
    return with_limits(o.accuracy, o.accuracy_low, o.accuracy_high);
  });
  each("P[Acc > NIR]", [](const model_figures& m) { return p_value(m.confusion.overall().accuracy_p); });
  each("sensitivity",
       [](const model_figures& m) { return with_limits(m.sensitivity.value, m.sensitivity.low, m.sensitivity.high); });
  each("specificity",
       [](const model_figures& m) { return with_limits(m.specificity.value, m.specificity.low, m.specificity.high); });
  each("kappa", [](const model_figures& m) {
    const auto k = m.confusion.weighted_kappa(kappa_weights::none);
    return with_limits(k.value, k.low, k.high);
  });
  each("kappa, quadratic weights", [](const model_figures& m) {
    return with_limits(m.kappa_quadratic.value, m.kappa_quadratic.low, m.kappa_quadratic.high);
  });
  each("Brier score", [](const model_figures& m) { return p_value(m.brier); });
  each("ECE, 10 bins", [](const model_figures& m) { return p_value(m.ece); });
  for (const auto& m : c.models) {
    out += "\nconfusion of " + m.file + " (rows: prediction, columns: truth)\n";
    std::vector<std::string> header;
    const auto cells = [&](const std::string& first, const std::vector<std::string>& row) {
      char text[64];
      std::snprintf(text, sizeof text, "  %-12.12s", first.c_str());
      out += text;
      for (const auto& cell : row) {
        std::snprintf(text, sizeof text, " %9.9s", cell.c_str());
        out += text;
      }
      out += '\n';
    };
    cells("", c.classes);
    for (std::size_t i = 0; i < c.classes.size(); ++i) {
      std::vector<std::string> row;
      for (std::size_t j = 0; j < c.classes.size(); ++j) row.push_back(std::to_string(m.confusion.at(i, j)));
      cells(c.classes[i], row);
    }
  }
  if (c.difference) {
    const auto& d = *c.difference;
    out += "\ndifference of the first and the second\n";
    const auto test = [&](std::string_view what, double statistic, double p, double low, double high) {
      char text[160];
      std::snprintf(text, sizeof text, "  %-32.*s z %8s   p %s   (%s to %s)\n", static_cast<int>(what.size()),
                    what.data(), fixed(statistic).c_str(), p_value(p).c_str(), fixed(low).c_str(), fixed(high).c_str());
      out += text;
    };
    if (c.has_subjects)
      test("AUC-ROC, DeLong by subject", d.clustered.statistic, d.clustered.p, d.clustered.low, d.clustered.high);
    test("AUC-ROC, DeLong", d.naive.statistic, d.naive.p, d.naive.low, d.naive.high);
    test("AUC-ROC, bootstrap as pROC", d.stratified.statistic, d.stratified.p, d.stratified.low, d.stratified.high);
    if (c.has_subjects)
      test("AUC-ROC, bootstrap by subject", d.by_subject.statistic, d.by_subject.p, d.by_subject.low,
           d.by_subject.high);
    test("AUC-PR, bootstrap", d.pr_by_subject.statistic, d.pr_by_subject.p, d.pr_by_subject.low, d.pr_by_subject.high);
    out +=
        "  bootstrap: z and p by the resamples' standard deviation, as pROC; limits are the resamples' quantiles, so "
        "near 0 the two may disagree\n";
    out += "  permutation p " + p_value(d.permutation.p) + ", McNemar exact p " + p_value(d.mcnemar.exact_p) + "\n";
    if (d.equivalence)
      out += sentence("  equivalence within ", d.equivalence->margin, ": p ", p_value(d.equivalence->p),
                      d.equivalence->shown ? ", shown\n" : ", not shown\n");
  }
  if (!c.notes.empty()) out += "\n";
  for (const auto& n : c.notes) out += "note: " + n + "\n";
  return out;
}

}  // namespace rop_study

// rop_study compare: one or two classifiers judged on the same cases, with subject-clustered limits on every number.
#include <cmath>
#include <cstdio>
#include <limits>
#include <memory>
#include <utility>

#include <CLI/CLI.hpp>

#include <synthmed/io/csv.hpp>
#include <synthmed/io/file.hpp>
#include <synthmed/report/plot.hpp>

#include "command.hpp"
#include "compare.hpp"

namespace rop_study {

namespace {

using synthmed::csv_number;
using synthmed::sentence;

struct compare_options : common_options {
  std::filesystem::path first, second;
  std::string positive, estimator = "average_precision";
  std::size_t replicates = 2000;
  double margin = 0;
};

std::string cell(double x) { return std::isfinite(x) ? csv_number(x) : std::string(); }

std::string figures_csv(const comparison& c) {
  synthmed::csv_table t({"model", "quantity", "value", "low", "high"});
  for (const auto& m : c.models) {
    const auto add = [&](const std::string& what, double value, double low, double high) {
      t.add_row({m.file, what, cell(value), cell(low), cell(high)});
    };
    const double none = std::numeric_limits<double>::quiet_NaN();
    const auto o = m.confusion.overall();
    add("auc_roc", m.clustered.value, m.clustered.low, m.clustered.high);
    add("auc_roc_unclustered", m.naive.value, m.naive.low, m.naive.high);
    add(sentence("auc_pr_", synthmed::name(c.settings.estimator)), m.pr.value, m.pr.low, m.pr.high);
    add("accuracy", o.accuracy, o.accuracy_low, o.accuracy_high);
    add("no_information_rate", o.no_information_rate, none, none);
    add("p_accuracy_above_nir", o.accuracy_p, none, none);
    add("sensitivity", m.sensitivity.value, m.sensitivity.low, m.sensitivity.high);
    add("specificity", m.specificity.value, m.specificity.low, m.specificity.high);
    const auto k = m.confusion.weighted_kappa(synthmed::kappa_weights::none);
    add("kappa", k.value, k.low, k.high);
    add("kappa_quadratic", m.kappa_quadratic.value, m.kappa_quadratic.low, m.kappa_quadratic.high);
    add("mcnemar_p", o.mcnemar_p, none, none);
    add("mcc", o.mcc, none, none);
    add("brier", m.brier, none, none);
    add("log_loss", m.log_loss, none, none);
    add("ece_10", m.ece, none, none);
    add("auc_macro", m.macro_auc, none, none);
    add("hand_till", m.hand_till, none, none);
  }
  return to_csv(t);
}

std::string curves_csv(const comparison& c, synthmed::curve_band model_figures::*which, const char* x, const char* y) {
  synthmed::csv_table t({"model", x, y, "low", "high"});
  for (const auto& m : c.models) {
    const auto& b = m.*which;
    for (std::size_t i = 0; i < b.x.size(); ++i)
      t.add_row({m.file, cell(b.x[i]), cell(b.y[i]), cell(b.low[i]), cell(b.high[i])});
  }
  return to_csv(t);
}

/// Name and content of every file, made before the first is written.
std::vector<std::pair<std::string, std::string>> files_of(const comparison& c) {
  namespace plot = synthmed::plot;
  std::vector<plot::curve> roc, pr;
  std::vector<plot::calibration_series> reliability;
  const auto label = [](const std::string& name, const char* what, double value, double low, double high) {
    char text[96];
    if (std::isfinite(low))
      std::snprintf(text, sizeof text, ": %s %.3f (%.3f to %.3f)", what, value, low, high);
    else
      std::snprintf(text, sizeof text, ": %s %.3f", what, value);
    return name + text;
  };
  const auto names = short_names(c);
  for (std::size_t i = 0; i < c.models.size(); ++i) {
    const auto& m = c.models[i];
    const auto& name = names[i];
    roc.push_back({label(name, "AUC", m.clustered.value, m.clustered.low, m.clustered.high), m.roc.x, m.roc.y,
                   m.roc.low, m.roc.high});
    const auto& p = m.precision_recall;
    pr.push_back({label(name, "AUC-PR", m.pr.value, m.pr.low, m.pr.high), p.x, p.y, p.low, p.high});
    plot::calibration_series series;
    series.name = label(name, "ECE", m.ece, std::nan(""), std::nan(""));
    for (const auto& bin : m.reliability) {
      series.predicted.push_back(bin.predicted);
      series.observed.push_back(bin.observed);
      series.low.push_back(bin.low);
      series.high.push_back(bin.high);
      series.count.push_back(bin.cases);
    }
    reliability.push_back(std::move(series));
  }
  const double prevalence = static_cast<double>(c.positives) / static_cast<double>(c.cases);
  const std::string of = sentence("\"", c.settings.positive, "\" against the rest");
  std::vector<std::pair<std::string, std::string>> files{
      {"comparison.csv", figures_csv(c)},
      {"roc.csv", curves_csv(c, &model_figures::roc, "false_positive_rate", "sensitivity")},
      {"pr.csv", curves_csv(c, &model_figures::precision_recall, "recall", "precision")},
      {"roc.svg", plot::roc(roc, {.title = "ROC, " + of})},
      {"pr.svg", plot::precision_recall(pr, prevalence, {.title = "Precision and recall, " + of})},
      {"calibration.svg", plot::calibration(reliability, {.title = "Calibration, " + of})}};
  for (std::size_t i = 0; i < c.models.size(); ++i) {
    plot::confusion_counts table{c.classes, {}};
    for (std::size_t p = 0; p < c.classes.size(); ++p)
      for (std::size_t t = 0; t < c.classes.size(); ++t) table.counts.push_back(c.models[i].confusion.at(p, t));
    files.emplace_back(sentence("confusion_", i + 1, ".svg"), plot::confusion(table, {.title = names[i]}));
  }
  files.emplace_back("comparison.json", to_json(c).dump(2) + "\n");
  return files;
}

void run(const compare_options& options) {
  apply(options);
  if (options.replicates < 10)
    throw synthmed::argument_error(sentence("--replicates is at least 10, got ", options.replicates, "."));
  if (options.seed > 0xFFFFFFFFu)
    throw synthmed::argument_error(
        sentence("--seed is at most 4294967295 here, as R's set.seed; got ", options.seed, "."));
  compare_settings settings{.positive = options.positive,
                            .seed = options.seed,
                            .replicates = options.replicates,
                            .estimator = synthmed::pr_estimator_named(options.estimator),
                            .margin = {}};
  if (options.margin != 0) {
    if (!(options.margin > 0))
      throw synthmed::argument_error(sentence("--margin is positive, got ", options.margin, "."));
    settings.margin = options.margin;
  }
  std::vector<synthmed::prediction_table> tables{synthmed::read_predictions(options.first)};
  if (!options.second.empty())
    tables.push_back(synthmed::aligned(tables[0], synthmed::read_predictions(options.second)));
  if (options.dry_run) {
    std::printf(
        "compare: %zu model(s), %zu cases, %zu classes, %zu resamples; would write comparison.json, 3 CSV and %zu "
        "SVG files to %s\n",
        tables.size(), tables[0].cases(), tables[0].classes.size(), options.replicates, 3 + tables.size(),
        options.out.c_str());
    return;
  }
  const auto result = compare_models(tables, settings);
  const auto files = files_of(result);
  synthmed::make_folder(options.out);
  for (const auto& [name, content] : files) synthmed::write_file(options.out / name, content);
  std::fputs(to_text(result).c_str(), stdout);
  std::printf("\nwritten: %s\n", (options.out / "comparison.json").c_str());
}

}  // namespace

void add_compare(CLI::App& app) {
  auto* command = app.add_subcommand("compare", "Judge one or two classifiers on the same cases (CSV of predictions)");
  auto options = std::make_shared<compare_options>();
  add_common(*command, *options);
  command
      ->add_option("first", options->first,
                   "CSV: label,prediction,p1..pk[,subject] (or columns 1..k); of a study "
                   "cnn/ARM/seed_K/probabilities_test.csv")
      ->required();
  command->add_option("second", options->second, "The second classifier on the same cases");
  command->add_option("--positive", options->positive, "The class that is looked for (default: the last)");
  command->add_option("--replicates", options->replicates, "Resamples of every bootstrap")->capture_default_str();
  command
      ->add_option("--pr-estimator", options->estimator,
                   "Area under precision-recall: average_precision, trapezoid, davis_goadrich, rocr, mlmetrics")
      ->capture_default_str();
  command->add_option("--margin", options->margin, "Margin in AUC for equivalence and non-inferiority tests");
  command->callback([options] { run(*options); });
}

}  // namespace rop_study

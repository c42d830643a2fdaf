// What rop_study compare computes from one or two tables of predictions, before anything is written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <synthmed/metrics/calibration.hpp>
#include <synthmed/metrics/confusion.hpp>
#include <synthmed/metrics/inference.hpp>
#include <synthmed/metrics/pr.hpp>
#include <synthmed/metrics/predictions.hpp>

namespace rop_study {

struct compare_settings {
  std::string positive;  ///< class name; empty: the last class
  std::uint64_t seed = 1337;
  std::size_t replicates = 2000;
  synthmed::pr_estimator estimator = synthmed::pr_estimator::average_precision;
  std::optional<double> margin;  ///< of equivalence in AUC, fixed before looking
};

/// One model's figures for the positive class against the rest, and for all classes.
struct model_figures {
  std::string file;
  synthmed::auc_estimate naive, clustered;
  synthmed::estimate pr;
  std::size_t pr_undefined = 0;
  synthmed::confusion_matrix confusion;
  synthmed::estimate kappa_quadratic, sensitivity, specificity, accuracy;  ///< limits: subjects (or cases) resampled
  double brier = 0, log_loss = 0, ece = 0, mce = 0;
  synthmed::recalibration calibration;
  synthmed::roc_point youden;
  double macro_auc = 0, weighted_auc = 0, hand_till = 0;  ///< NaN where a class has no cases
  synthmed::curve_band roc, precision_recall;
  std::vector<synthmed::calibration_bin> reliability;
};

/// Tests of the first model against the second.
struct model_difference {
  synthmed::auc_difference naive, clustered;
  synthmed::bootstrap_test stratified, by_subject, pr_by_subject;
  synthmed::permutation_test permutation;
  synthmed::mcnemar_metric::result mcnemar;
  std::vector<double> holm;  ///< of clustered AUC, AUC-PR by subject, McNemar
  std::optional<synthmed::margin_test> equivalence, noninferiority;
};

struct comparison {
  compare_settings settings;
  std::size_t positive = 0, cases = 0, positives = 0, subjects = 0;
  bool has_subjects = false;
  std::vector<std::string> classes;
  std::vector<model_figures> models;
  std::optional<model_difference> difference;
  std::vector<std::string> notes;  ///< what the reader must know, one sentence each
};

/// Everything, from one or two tables. Throws synthmed::error; writes nothing.
comparison compare_models(const std::vector<synthmed::prediction_table>& tables, const compare_settings& settings);

/// What the models are called in tables and figures: of two files' paths the parts that differ, of one the last.
std::vector<std::string> short_names(const comparison& c);

/// comparison.json.
nlohmann::ordered_json to_json(const comparison& c);

/// The table for the terminal.
std::string to_text(const comparison& c);

}  // namespace rop_study

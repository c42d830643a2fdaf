// The precision-recall curve and its area, by named estimators: they differ, by up to 0.07 on tied scores.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/roc.hpp>
#include <synthmed/metrics/scores.hpp>

namespace synthmed {

/// How the area under a precision-recall curve is computed. The name belongs beside every number.
enum class pr_estimator {
  /// Sum of (R_n - R_{n-1}) P_n over the distinct scores: no interpolation (scikit-learn, yardstick). The default.
  average_precision,
  /// Trapezoids through the points and (recall 0, precision 1): scikit-learn's auc(recall, precision). Too optimistic.
  trapezoid,
  /// The integral of the achievable curve (Davis and Goadrich 2006; Boyd et al. 2013; Keilwagen et al. 2014).
  davis_goadrich,
  /// What ROCR 1.0-11 prints as "aucpr", index shift included: for comparison with published numbers only.
  rocr,
  /// What MLmetrics 1.1 (and through it caret's prSummary) prints: trapezoids from the first point on.
  mlmetrics
};

[[nodiscard]] constexpr std::string_view name(pr_estimator estimator) noexcept {
  switch (estimator) {
    case pr_estimator::average_precision:
      return "average_precision";
    case pr_estimator::trapezoid:
      return "trapezoid";
    case pr_estimator::davis_goadrich:
      return "davis_goadrich";
    case pr_estimator::rocr:
      return "rocr";
    default:
      return "mlmetrics";
  }
}

/// The estimator of a name. Throws argument_error that lists the names.
[[nodiscard]] inline pr_estimator pr_estimator_named(std::string_view text) {
  for (const auto e : {pr_estimator::average_precision, pr_estimator::trapezoid, pr_estimator::davis_goadrich,
                       pr_estimator::rocr, pr_estimator::mlmetrics})
    if (name(e) == text) return e;
  throw argument_error(sentence("There is no precision-recall estimator \"", text,
                                "\"; there are average_precision, trapezoid, davis_goadrich, rocr and mlmetrics."));
}

/// One point of a precision-recall curve: cases with score >= threshold are called positive.
struct pr_point {
  double threshold = 0;
  double recall = 0;
  double precision = 0;
};

/// One point per distinct score, by falling threshold. Throws argument_error without positive cases.
[[nodiscard]] inline std::vector<pr_point> pr_curve(const tie_table& table) {
  if (table.positives == 0)
    throw argument_error(
        sentence("A precision-recall curve needs positive cases, got none among ", table.negatives, "."));
  std::vector<pr_point> curve;
  curve.reserve(table.ties.size());
  std::int64_t tp = 0, fp = 0;
  for (const auto& t : table.ties) {
    if (t.positives + t.negatives == 0) continue;
    tp += t.positives;
    fp += t.negatives;
    curve.push_back({t.score, static_cast<double>(tp) / static_cast<double>(table.positives),
                     static_cast<double>(tp) / static_cast<double>(tp + fp)});
  }
  return curve;
}

namespace detail {

inline double average_precision(const tie_table& table) {
  double sum = 0;
  std::int64_t tp = 0, fp = 0;
  for (const auto& t : table.ties) {
    tp += t.positives;
    fp += t.negatives;
    if (t.positives > 0)
      sum += static_cast<double>(t.positives) * (static_cast<double>(tp) / static_cast<double>(tp + fp));
  }
  return sum / static_cast<double>(table.positives);
}

/// Trapezoids through the curve; `start` is the precision given to recall 0, NaN for no point there.
inline double pr_trapezoids(const tie_table& table, double start) {
  double area = 0, recall = 0, precision = start;
  for (const auto& point : pr_curve(table)) {
    if (!std::isnan(precision)) area += (point.recall - recall) * (point.precision + precision) / 2;
    recall = point.recall;
    precision = point.precision;
  }
  return area;
}

/// Between two points, false positives grow linearly with true positives; precision is integrated over recall exactly.
inline double davis_goadrich(const tie_table& table) {
  double area = 0;
  std::int64_t tp = 0, fp = 0;
  for (const auto& t : table.ties) {
    if (t.positives > 0) {
      const double rise = static_cast<double>(t.positives), slope = 1 + static_cast<double>(t.negatives) / rise;
      const double x0 = static_cast<double>(tp), all = static_cast<double>(tp + fp);
      // Integral over x in (0, rise) of (x0 + x) / (all + slope x).
      if (tp + fp == 0)
        area += rise / slope;
      else
        area += rise / slope + (x0 - all / slope) / slope * std::log1p(slope * rise / all);
    }
    tp += t.positives;
    fp += t.negatives;
  }
  return area / static_cast<double>(table.positives);
}

/// ROCR's rule, rebuilt from its behaviour: per count of true positives the fewest false positives; where true
/// positives jump by more than two, interpolated points are put in, at places counted without those put in before.
inline double rocr_aucpr(const tie_table& table) {
  std::vector<double> tp{0}, fp{0};
  double hits = 0, alarms = 0;
  for (const auto& t : table.ties) {
    if (t.positives + t.negatives == 0) continue;
    hits += static_cast<double>(t.positives);
    alarms += static_cast<double>(t.negatives);
    if (t.positives > 0) {
      tp.push_back(hits);
      fp.push_back(alarms);
    }
  }
  const double total = static_cast<double>(table.positives);
  std::vector<double> precision(tp.size(), 1.0), recall(tp.size(), 0.0);
  for (std::size_t i = 1; i < tp.size(); ++i) {
    precision[i] = tp[i] / (tp[i] + fp[i]);
    recall[i] = tp[i] / total;
  }
  for (std::size_t i = 0; i + 1 < tp.size(); ++i) {
    const double rise = tp[i + 1] - tp[i];
    if (!(rise > 2)) continue;
    const double skew = (fp[i + 1] - fp[i]) / rise;
    std::vector<double> more_precision, more_recall;
    for (double x = 1; x <= rise; ++x) {
      more_precision.push_back((tp[i] + x) / (tp[i] + fp[i] + x + skew * x));
      more_recall.push_back((tp[i] + x) / total);
    }
    const auto at = static_cast<std::ptrdiff_t>(i + 1);  // the shift by earlier insertions is missing, as in ROCR
    precision.insert(precision.begin() + at, more_precision.begin(), more_precision.end());
    recall.insert(recall.begin() + at, more_recall.begin(), more_recall.end());
  }
  double area = 0;
  for (std::size_t i = 1; i < recall.size(); ++i)
    area += (recall[i] - recall[i - 1]) * (precision[i] + precision[i - 1]) / 2;
  return area;
}

}  // namespace detail

/// Area under the precision-recall curve. Throws argument_error without positive cases.
[[nodiscard]] inline double auc_pr(const tie_table& table, pr_estimator estimator = pr_estimator::average_precision) {
  if (table.positives == 0)
    throw argument_error(sentence("The area under a precision-recall curve needs positive cases, got none among ",
                                  table.negatives, "."));
  switch (estimator) {
    case pr_estimator::trapezoid:
      return detail::pr_trapezoids(table, 1.0);
    case pr_estimator::davis_goadrich:
      return detail::davis_goadrich(table);
    case pr_estimator::rocr:
      return detail::rocr_aucpr(table);
    case pr_estimator::mlmetrics:
      return detail::pr_trapezoids(table, std::nan(""));
    default:
      return detail::average_precision(table);
  }
}

/// The same from scores and labels 0/1.
[[nodiscard]] inline double auc_pr(std::span<const double> scores, std::span<const int> labels,
                                   pr_estimator estimator = pr_estimator::average_precision) {
  return auc_pr(ranked_scores(scores, labels).table(), estimator);
}

/// auc_pr as a function object, for score_metric and the bootstrap.
struct auc_pr_of {
  pr_estimator estimator = pr_estimator::average_precision;
  [[nodiscard]] double operator()(const tie_table& table) const { return auc_pr(table, estimator); }
};

/// Area under the precision-recall curve as a metric.
using auc_pr_metric = score_metric<auc_pr_of>;

}  // namespace synthmed

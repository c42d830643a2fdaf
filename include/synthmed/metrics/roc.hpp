// The ROC curve: points, area, partial area, operating points; and the area as a metric.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/metric.hpp>
#include <synthmed/metrics/scores.hpp>

namespace synthmed {

/// One point of a ROC curve: cases with score >= threshold are called positive (score <= threshold where the scores
/// were ranked lower_is_positive; the infinities then change their signs).
struct roc_point {
  double threshold = 0;    ///< the lowest score called positive; +inf for the point (0, 0)
  double midpoint = 0;     ///< halfway to the next lower score, pROC's threshold; -inf for the point (1, 1)
  double sensitivity = 0;  ///< true positives / positives
  double specificity = 0;  ///< true negatives / negatives
};

/// All points from (sensitivity 0, specificity 1) to (1, 0), one per distinct score and the start.
/// Throws argument_error unless both classes are there.
[[nodiscard]] inline std::vector<roc_point> roc_curve(const tie_table& table) {
  detail::require_both_classes(table, "A ROC curve");
  // Scores that fall along the table speak for the positive class where they are high.
  const bool falling = table.ties.size() < 2 || table.ties.front().score > table.ties.back().score;
  const double inf = (falling ? 1 : -1) * std::numeric_limits<double>::infinity();
  std::vector<roc_point> curve{{inf, inf, 0, 1}};
  std::int64_t tp = 0, fp = 0;
  for (const auto& t : table.ties) {
    if (t.positives + t.negatives == 0) continue;
    tp += t.positives;
    fp += t.negatives;
    curve.push_back({t.score, -inf, static_cast<double>(tp) / static_cast<double>(table.positives),
                     static_cast<double>(table.negatives - fp) / static_cast<double>(table.negatives)});
  }
  for (std::size_t i = 1; i + 1 < curve.size(); ++i)
    curve[i].midpoint = (curve[i].threshold + curve[i + 1].threshold) / 2;
  return curve;
}

/// Area under the ROC curve: P[positive scores higher] + P[tie] / 2 (Mann-Whitney), from exact 64-bit counts.
/// Throws argument_error unless both classes are there.
[[nodiscard]] inline double auc(const tie_table& table) {
  detail::require_both_classes(table, "The area under a ROC curve");
  std::int64_t twice = 0, above = 0;  // `above`: positives with a higher score
  for (const auto& t : table.ties) {
    twice += t.negatives * (2 * above + t.positives);
    above += t.positives;
  }
  return static_cast<double>(twice) / 2 / (static_cast<double>(table.positives) * static_cast<double>(table.negatives));
}

/// The same from scores and labels 0/1.
[[nodiscard]] inline double auc(std::span<const double> scores, std::span<const int> labels) {
  return auc(ranked_scores(scores, labels).table());
}

/// Which range a partial area is cut out of.
struct partial_auc_options {
  enum class axis { specificity, sensitivity };
  axis of = axis::specificity;  ///< the axis that is limited
  double from = 0.9;            ///< one end of the range, in [0, 1]
  double to = 1.0;              ///< the other end; the order of the two does not matter
  /// McClish's (1989) rescaling to 0.5 = chance, 1 = perfect; what scikit-learn's max_fpr and pROC's
  /// partial.auc.correct give. Areas below chance come out below 0.5 (pROC prints NA there).
  bool corrected = false;
};

/// Area of the part of a ROC curve (linear between points) that lies over a range of specificity (or sensitivity).
/// Throws argument_error for an empty range or one class only.
[[nodiscard]] inline double partial_auc(const tie_table& table, const partial_auc_options& options = {}) {
  const double low = std::min(options.from, options.to), high = std::max(options.from, options.to);
  if (!(low >= 0 && high <= 1 && low < high))
    throw argument_error(
        sentence("A partial area needs a range inside [0, 1], got ", options.from, " to ", options.to, "."));
  const auto curve = roc_curve(table);
  const bool over_specificity = options.of == partial_auc_options::axis::specificity;
  // Integrate y dx: x = false positive rate, y = sensitivity; or x = sensitivity, y = specificity.
  const double a = over_specificity ? 1 - high : low, b = over_specificity ? 1 - low : high;
  double area = 0;
  for (std::size_t i = 1; i < curve.size(); ++i) {
    const double x0 = over_specificity ? 1 - curve[i - 1].specificity : curve[i - 1].sensitivity;
    const double x1 = over_specificity ? 1 - curve[i].specificity : curve[i].sensitivity;
    const double y0 = over_specificity ? curve[i - 1].sensitivity : curve[i - 1].specificity;
    const double y1 = over_specificity ? curve[i].sensitivity : curve[i].specificity;
    const double from = std::max(a, x0), to = std::min(b, x1);
    if (!(from < to)) continue;
    const double slope = (y1 - y0) / (x1 - x0);
    area += (to - from) * (y0 + slope * ((from + to) / 2 - x0));
  }
  if (!options.corrected) return area;
  const double chance = over_specificity ? (b * b - a * a) / 2 : (b - a) - (b * b - a * a) / 2;
  return (1 + (area - chance) / ((b - a) - chance)) / 2;
}

/// The point with the largest Youden index sensitivity + specificity - 1; of several, the one with the highest
/// sensitivity (pROC's first).
[[nodiscard]] inline roc_point youden(const tie_table& table) {
  const auto curve = roc_curve(table);
  // Integer cross-multiplication would be exact; the tolerance makes equal indices equal in double.
  roc_point best = curve.back();
  for (auto point = curve.rbegin(); point != curve.rend(); ++point)
    if (point->sensitivity + point->specificity > best.sensitivity + best.specificity + 1e-14) best = *point;
  return best;
}

/// The most specific point whose sensitivity is at least `wanted`.
[[nodiscard]] inline roc_point at_sensitivity(const tie_table& table, double wanted) {
  if (!(wanted >= 0 && wanted <= 1)) throw argument_error(sentence("A sensitivity lies in [0, 1], got ", wanted, "."));
  for (const auto& point : roc_curve(table))
    if (point.sensitivity >= wanted) return point;
  throw argument_error("The table's counts do not add up to its totals.");
}

/// The most sensitive point whose specificity is at least `wanted`.
[[nodiscard]] inline roc_point at_specificity(const tie_table& table, double wanted) {
  if (!(wanted >= 0 && wanted <= 1)) throw argument_error(sentence("A specificity lies in [0, 1], got ", wanted, "."));
  const auto curve = roc_curve(table);
  for (auto point = curve.rbegin(); point != curve.rend(); ++point)
    if (point->specificity >= wanted) return *point;
  throw argument_error("The table's counts do not add up to its totals.");
}

/// What one case brings to a metric of binary scores.
struct scored_case {
  double score = 0;
  int label = 0;  ///< 1 = positive, 0 = negative
};

/// A metric over scored cases, from any function of a tie_table: it keeps the cases and sorts them in value().
/// `score_metric<auc_of>`, `score_metric<average_precision_of>`. A NaN score or a label other than 0 and 1 throws
/// argument_error in update(); value() throws what the function throws (as for one class only).
template <class Function>
class score_metric {
 public:
  using observation = scored_case;

  score_metric() = default;
  explicit score_metric(Function function) : function_(std::move(function)) {}

  void update(const observation& seen) {
    if (std::isnan(seen.score)) throw argument_error("A score is not a number (NaN).");
    if (seen.label != 0 && seen.label != 1)
      throw argument_error(sentence("A binary label is 0 or 1, got ", seen.label, "."));
    scores_.push_back(seen.score);
    labels_.push_back(seen.label);
  }
  void merge(const score_metric& part) {
    if (&part == this) return merge(score_metric(part));
    scores_.insert(scores_.end(), part.scores_.begin(), part.scores_.end());
    labels_.insert(labels_.end(), part.labels_.begin(), part.labels_.end());
  }
  [[nodiscard]] auto value() const { return function_(ranked_scores(scores_, labels_).table()); }

  [[nodiscard]] std::span<const double> scores() const noexcept { return scores_; }
  [[nodiscard]] std::span<const int> labels() const noexcept { return labels_; }

 private:
  Function function_{};
  std::vector<double> scores_;
  std::vector<int> labels_;
};

/// auc as a function object, for score_metric and the bootstrap.
struct auc_of {
  [[nodiscard]] double operator()(const tie_table& table) const { return auc(table); }
};

/// partial_auc as a function object.
struct partial_auc_of {
  partial_auc_options options{};
  [[nodiscard]] double operator()(const tie_table& table) const { return partial_auc(table, options); }
};

/// Area under the ROC curve as a metric.
using auc_metric = score_metric<auc_of>;

}  // namespace synthmed

// Confusion matrices of k classes with everything caret prints, and more: MCC, weighted kappa with interval, likelihood
// ratios, intervals per rate.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/inference/interval.hpp>
#include <synthmed/metrics/inference/special.hpp>

namespace synthmed {

/// Statistics of the whole table. NaN where a statistic is not defined.
struct overall_statistics {
  double accuracy = 0;
  double accuracy_low = 0, accuracy_high = 0;  ///< exact (Clopper-Pearson), level 0.95
  double no_information_rate = 0;              ///< share of the largest true class
  double accuracy_p = 1;                       ///< P[Acc > NIR]: exact one-sided binomial test
  double kappa = 0;                            ///< Cohen's, unweighted
  /// McNemar's test for 2 classes (continuity-corrected), Bowker's symmetry test for more. NaN as soon as one symmetric
  /// pair of cells is 0 and 0, which caret prints as NA.
  double mcnemar_p = 1;
  double mcnemar_statistic = 0, mcnemar_df = 1;
  double balanced_accuracy = 0;  ///< mean recall of the classes that occur
  double mcc = 0;                ///< Matthews' correlation, Gorodkin's (2004) form for k classes; 0 when undefined
};

/// Statistics of one class against the rest. NaN where a denominator is 0.
struct class_statistics {
  std::int64_t true_positives = 0, false_positives = 0, false_negatives = 0, true_negatives = 0;
  double sensitivity = 0, specificity = 0;
  double ppv = 0, npv = 0;  ///< by Bayes' rule from sensitivity, specificity and the prevalence
  double precision = 0, recall = 0, f1 = 0;
  double prevalence = 0;  ///< of the data, or the one that was given
  double detection_rate = 0, detection_prevalence = 0;
  double balanced_accuracy = 0;
  // beyond caret
  double false_negative_rate = 0, false_positive_rate = 0, false_discovery_rate = 0, false_omission_rate = 0;
  double positive_likelihood_ratio = 0, negative_likelihood_ratio = 0, diagnostic_odds_ratio = 0;
  double mcc = 0;
  estimate sensitivity_wilson, specificity_wilson;  ///< level 0.95; NaN limits without cases
};

/// How far off a disagreement of ordered classes is.
enum class kappa_weights { none, linear, quadratic };

/// Counts of predictions against the truth. Rows are predictions, columns the truth, as caret prints them; a table with
/// the truth in rows must be transposed first (users of caret trip over this). A model of `metric`: the observation is
/// one case's {predicted, truth}, value() is overall().
class confusion_matrix {
 public:
  struct observation {
    int predicted = 0;
    int truth = 0;
  };

  /// An empty table of `classes` classes, numbered from 0. Throws argument_error below 2.
  explicit confusion_matrix(std::size_t classes = 2) : k_(classes), counts_(classes * classes, 0) {
    if (classes < 2) throw argument_error(sentence("A confusion matrix needs at least 2 classes, got ", classes, "."));
  }

  /// A table from its rows: rows[prediction][truth]. Throws argument_error unless square with counts >= 0.
  [[nodiscard]] static confusion_matrix from_rows(const std::vector<std::vector<std::int64_t>>& rows) {
    confusion_matrix out(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].size() != rows.size())
        throw argument_error(
            sentence("Row ", i, " of a confusion matrix of ", rows.size(), " classes has ", rows[i].size(), " cells."));
      for (std::size_t j = 0; j < rows.size(); ++j) {
        if (rows[i][j] < 0) throw argument_error(sentence("A count is not negative, got ", rows[i][j], "."));
        out.counts_[i * rows.size() + j] = rows[i][j];
      }
    }
    return out;
  }

  void update(const observation& seen) {
    if (seen.predicted < 0 || seen.truth < 0 || static_cast<std::size_t>(seen.predicted) >= k_ ||
        static_cast<std::size_t>(seen.truth) >= k_)
      throw argument_error(sentence("Classes are numbered from 0 to ", k_ - 1, ", got prediction ", seen.predicted,
                                    " and truth ", seen.truth, "."));
    ++counts_[static_cast<std::size_t>(seen.predicted) * k_ + static_cast<std::size_t>(seen.truth)];
  }
  void merge(const confusion_matrix& part) {
    if (part.k_ != k_) throw argument_error(sentence("Tables of ", k_, " and ", part.k_, " classes cannot be merged."));
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += part.counts_[i];
  }
  [[nodiscard]] overall_statistics value() const { return overall(); }

  [[nodiscard]] std::size_t classes() const noexcept { return k_; }
  [[nodiscard]] std::int64_t at(std::size_t predicted, std::size_t truth) const {
    if (predicted >= k_ || truth >= k_) throw argument_error(sentence("There are classes 0 to ", k_ - 1, " only."));
    return counts_[predicted * k_ + truth];
  }
  [[nodiscard]] std::int64_t total() const noexcept {
    return sum([](std::size_t, std::size_t) { return true; });
  }
  [[nodiscard]] std::int64_t predicted_as(std::size_t c) const noexcept {
    return sum([c](std::size_t i, std::size_t) { return i == c; });
  }
  [[nodiscard]] std::int64_t truly(std::size_t c) const noexcept {
    return sum([c](std::size_t, std::size_t j) { return j == c; });
  }

  /// Throws argument_error for an empty table.
  [[nodiscard]] overall_statistics overall() const {
    const std::int64_t n = required_total();
    const std::int64_t right = sum([](std::size_t i, std::size_t j) { return i == j; });
    overall_statistics out;
    const auto exact = clopper_pearson(right, n);
    out.accuracy = exact.value;
    out.accuracy_low = exact.low;
    out.accuracy_high = exact.high;
    std::int64_t largest = 0;
    double recalls = 0, occurring = 0;
    for (std::size_t c = 0; c < k_; ++c) {
      const auto truth = truly(c);
      largest = std::max(largest, truth);
      if (truth == 0) continue;
      recalls += ratio(at(c, c), truth);
      ++occurring;
    }
    out.no_information_rate = ratio(largest, n);
    out.accuracy_p = binomial_survival(right, n, out.no_information_rate);
    out.kappa = weighted_kappa(kappa_weights::none).value;
    out.balanced_accuracy = recalls / occurring;
    out.mcc = mcc();
    symmetry(out);
    return out;
  }

  /// One class against the rest. `prevalence` replaces the data's in PPV and NPV (a screening population's, for
  /// example). Throws argument_error for an empty table or a class that is not there.
  [[nodiscard]] class_statistics of_class(std::size_t c, std::optional<double> prevalence = std::nullopt) const {
    const std::int64_t n = required_total();
    class_statistics out;
    out.true_positives = at(c, c);
    out.false_positives = predicted_as(c) - out.true_positives;
    out.false_negatives = truly(c) - out.true_positives;
    out.true_negatives = n - out.true_positives - out.false_positives - out.false_negatives;
    const auto tp = out.true_positives, fp = out.false_positives, fn = out.false_negatives, tn = out.true_negatives;
    if (prevalence) detail::require_probability(*prevalence, "A prevalence");
    out.sensitivity = out.recall = ratio(tp, tp + fn);
    out.specificity = ratio(tn, tn + fp);
    out.precision = ratio(tp, tp + fp);
    out.f1 = 2 * out.precision * out.recall / (out.precision + out.recall);  // NaN for 0 and 0, as in caret
    out.prevalence = prevalence ? *prevalence : ratio(tp + fn, n);
    const double p = out.prevalence, sens = out.sensitivity, spec = out.specificity;
    out.ppv = sens * p / (sens * p + (1 - spec) * (1 - p));
    out.npv = spec * (1 - p) / ((1 - sens) * p + spec * (1 - p));
    out.detection_rate = ratio(tp, n);
    out.detection_prevalence = ratio(tp + fp, n);
    out.balanced_accuracy = (sens + spec) / 2;
    out.false_negative_rate = ratio(fn, tp + fn);
    out.false_positive_rate = ratio(fp, tn + fp);
    out.false_discovery_rate = ratio(fp, tp + fp);
    out.false_omission_rate = ratio(fn, tn + fn);
    out.positive_likelihood_ratio = sens / out.false_positive_rate;
    out.negative_likelihood_ratio = out.false_negative_rate / spec;
    out.diagnostic_odds_ratio =
        (static_cast<double>(tp) * static_cast<double>(tn)) / (static_cast<double>(fp) * static_cast<double>(fn));
    out.mcc = collapsed(c).mcc();
    const estimate undefined{std::nan(""), std::nan(""), std::nan("")};
    out.sensitivity_wilson = tp + fn > 0 ? wilson(tp, tp + fn) : undefined;
    out.specificity_wilson = tn + fp > 0 ? wilson(tn, tn + fp) : undefined;
    return out;
  }

  /// The 2 x 2 table of one class (second, index 1) against the rest.
  [[nodiscard]] confusion_matrix collapsed(std::size_t c) const {
    confusion_matrix out(2);
    for (std::size_t i = 0; i < k_; ++i)
      for (std::size_t j = 0; j < k_; ++j) out.counts_[(i == c ? 2u : 0u) + (j == c ? 1u : 0u)] += at(i, j);
    return out;
  }

  /// Cohen's kappa with the large-sample interval of Fleiss, Cohen and Everitt (1969). Weights are agreement weights
  /// 1 - |i - j| / (k - 1) (linear) or 1 - (i - j)^2 / (k - 1)^2 (quadratic), for classes in order.
  /// NaN when all cases lie in one cell's row and column (chance agreement is complete).
  [[nodiscard]] estimate weighted_kappa(kappa_weights weights, double level = 0.95) const {
    const auto n = static_cast<double>(required_total());
    std::vector<double> row(k_, 0.0), column(k_, 0.0);
    for (std::size_t i = 0; i < k_; ++i) {
      row[i] = static_cast<double>(predicted_as(i)) / n;
      column[i] = static_cast<double>(truly(i)) / n;
    }
    const auto w = [&](std::size_t i, std::size_t j) {
      const double far = std::fabs(static_cast<double>(i) - static_cast<double>(j)) / static_cast<double>(k_ - 1);
      return weights == kappa_weights::none     ? (i == j ? 1.0 : 0.0)
             : weights == kappa_weights::linear ? 1 - far
                                                : 1 - far * far;
    };
    double observed = 0, chance = 0;
    std::vector<double> row_mean(k_, 0.0), column_mean(k_, 0.0);
    for (std::size_t i = 0; i < k_; ++i)
      for (std::size_t j = 0; j < k_; ++j) {
        observed += w(i, j) * static_cast<double>(at(i, j)) / n;
        chance += w(i, j) * row[i] * column[j];
        row_mean[i] += w(i, j) * column[j];
        column_mean[j] += w(i, j) * row[i];
      }
    const double kappa = (observed - chance) / (1 - chance);
    double sum = 0;
    for (std::size_t i = 0; i < k_; ++i)
      for (std::size_t j = 0; j < k_; ++j) {
        const double part = w(i, j) - (row_mean[i] + column_mean[j]) * (1 - kappa);
        sum += static_cast<double>(at(i, j)) / n * part * part;
      }
    const double bend = kappa - chance * (1 - kappa);
    const double variance = (sum - bend * bend) / (n * (1 - chance) * (1 - chance));
    return normal_interval(kappa, std::sqrt(std::max(0.0, variance)), level);
  }

  /// Matthews' correlation coefficient; 0 when all predictions or all truths are of one class (as scikit-learn).
  [[nodiscard]] double mcc() const {
    const auto n = static_cast<double>(required_total());
    double right = 0, cross = 0, rows = 0, columns = 0;
    for (std::size_t c = 0; c < k_; ++c) {
      const auto predicted = static_cast<double>(predicted_as(c)), truth = static_cast<double>(truly(c));
      right += static_cast<double>(at(c, c));
      cross += predicted * truth;
      rows += predicted * predicted;
      columns += truth * truth;
    }
    const double scale = std::sqrt((n * n - rows) * (n * n - columns));
    return scale > 0 ? (right * n - cross) / scale : 0.0;
  }

  /// F1 averaged over classes: plainly (macro) or by how often each occurs (weighted). A class without predictions and
  /// without truths counts 0, as in scikit-learn.
  [[nodiscard]] double f1_macro() const { return f1_mean(false); }
  [[nodiscard]] double f1_weighted() const { return f1_mean(true); }

 private:
  template <class Select>
  [[nodiscard]] std::int64_t sum(Select&& select) const noexcept {
    std::int64_t out = 0;
    for (std::size_t i = 0; i < k_; ++i)
      for (std::size_t j = 0; j < k_; ++j)
        if (select(i, j)) out += counts_[i * k_ + j];
    return out;
  }
  [[nodiscard]] std::int64_t required_total() const {
    const auto n = total();
    if (n == 0) throw argument_error("A confusion matrix without cases has no statistics.");
    return n;
  }
  [[nodiscard]] static double ratio(std::int64_t a, std::int64_t b) noexcept {
    return b == 0 ? std::nan("") : static_cast<double>(a) / static_cast<double>(b);
  }
  void symmetry(overall_statistics& out) const {
    out.mcnemar_df = static_cast<double>(k_ * (k_ - 1) / 2);
    double x = 0;
    for (std::size_t i = 0; i < k_; ++i)
      for (std::size_t j = 0; j < i; ++j) {
        const auto b = static_cast<double>(at(i, j)), c = static_cast<double>(at(j, i));
        // The continuity correction belongs to two classes only, and vanishes at b = c.
        const double gap = k_ == 2 ? std::max(0.0, std::fabs(b - c) - 1) : std::fabs(b - c);
        x += b + c > 0 ? gap * gap / (b + c) : std::nan("");
      }
    out.mcnemar_statistic = x;
    out.mcnemar_p = std::isnan(x) ? x : chi_squared_survival(x, out.mcnemar_df);
  }
  [[nodiscard]] double f1_mean(bool weighted) const {
    const auto n = static_cast<double>(required_total());
    double out = 0;
    for (std::size_t c = 0; c < k_; ++c) {
      const auto both = predicted_as(c) + truly(c);
      const double f1 = both == 0 ? 0.0 : 2 * ratio(at(c, c), both);
      out += f1 * (weighted ? static_cast<double>(truly(c)) / n : 1 / static_cast<double>(k_));
    }
    return out;
  }

  std::size_t k_;
  std::vector<std::int64_t> counts_;
};

}  // namespace synthmed

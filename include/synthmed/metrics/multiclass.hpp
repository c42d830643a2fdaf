// Metrics of k-class probabilities: one-versus-rest averages, Hand and Till's AUC, Brier score, log loss.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/pr.hpp>
#include <synthmed/metrics/roc.hpp>
#include <synthmed/metrics/scores.hpp>

namespace synthmed {

/// Probabilities (or scores) of k classes for n cases, with the true class of each. Views; checked.
class class_scores {
 public:
  /// `scores` is row-major n x classes. Throws argument_error for wrong sizes, NaN, or a class that is not there.
  class_scores(std::span<const double> scores, std::span<const int> truth, std::size_t classes)
      : scores_(scores), truth_(truth), k_(classes) {
    if (classes < 2 || scores.size() != truth.size() * classes || truth.empty())
      throw argument_error(sentence("Scores of ", classes, " classes for ", truth.size(), " cases need ",
                                    truth.size() * classes, " numbers (at least 2 classes, 1 case), got ",
                                    scores.size(), "."));
    for (std::size_t i = 0; i < truth.size(); ++i)
      if (truth[i] < 0 || static_cast<std::size_t>(truth[i]) >= classes)
        throw argument_error(
            sentence("Case ", i, ": classes are numbered from 0 to ", classes - 1, ", got ", truth[i], "."));
    for (std::size_t i = 0; i < scores.size(); ++i)
      if (std::isnan(scores[i])) throw argument_error(sentence("Score of case ", i / classes, " is not a number."));
  }

  [[nodiscard]] std::size_t cases() const noexcept { return truth_.size(); }
  [[nodiscard]] std::size_t classes() const noexcept { return k_; }
  [[nodiscard]] std::span<const int> truth() const noexcept { return truth_; }
  [[nodiscard]] double at(std::size_t i, std::size_t c) const noexcept { return scores_[i * k_ + c]; }

  /// One class against the rest.
  [[nodiscard]] ranked_scores against_rest(std::size_t c) const {
    std::vector<double> s(cases());
    std::vector<int> y(cases());
    for (std::size_t i = 0; i < cases(); ++i) {
      s[i] = at(i, c);
      y[i] = static_cast<std::size_t>(truth_[i]) == c;
    }
    return ranked_scores(s, y);
  }
  /// All n k decisions in one pool (micro average).
  [[nodiscard]] ranked_scores pooled() const {
    std::vector<int> y(cases() * k_, 0);
    for (std::size_t i = 0; i < cases(); ++i) y[i * k_ + static_cast<std::size_t>(truth_[i])] = 1;
    return ranked_scores(scores_, y);
  }
  /// The class with the highest score of each case; of several, the first.
  [[nodiscard]] std::vector<int> calls() const {
    std::vector<int> out(cases());
    for (std::size_t i = 0; i < cases(); ++i) {
      const auto row = scores_.subspan(i * k_, k_);
      out[i] = static_cast<int>(std::max_element(row.begin(), row.end()) - row.begin());
    }
    return out;
  }

 private:
  std::span<const double> scores_;
  std::span<const int> truth_;
  std::size_t k_;
};

/// How one-versus-rest values are joined.
enum class averaging {
  macro,     ///< plain mean over classes
  weighted,  ///< weighted by how often each class occurs
  micro      ///< one pool of all n k decisions
};

/// A function of a tie_table (auc_of, auc_pr_of), averaged over one-versus-rest problems. Throws argument_error where
/// it is not defined for a class (none or all of the cases).
template <class Function>
[[nodiscard]] double one_versus_rest(const class_scores& scores, Function function, averaging how = averaging::macro) {
  if (how == averaging::micro) return function(scores.pooled().table());
  double sum = 0;
  for (std::size_t c = 0; c < scores.classes(); ++c) {
    const auto ranked = scores.against_rest(c);
    const double weight = how == averaging::weighted
                              ? static_cast<double>(ranked.table().positives) / static_cast<double>(scores.cases())
                              : 1 / static_cast<double>(scores.classes());
    sum += weight * function(ranked.table());
  }
  return sum;
}

/// Hand and Till's (2001) M: the mean over pairs of classes of the two one-versus-one AUCs; pROC's multiclass.roc and
/// scikit-learn's "ovo" macro. Throws argument_error when a class has no cases.
[[nodiscard]] inline double hand_till(const class_scores& scores) {
  const std::size_t k = scores.classes();
  double sum = 0;
  for (std::size_t a = 0; a < k; ++a)
    for (std::size_t b = 0; b < k; ++b) {
      if (a == b) continue;
      std::vector<double> s;
      std::vector<int> y;
      for (std::size_t i = 0; i < scores.cases(); ++i) {
        const auto c = static_cast<std::size_t>(scores.truth()[i]);
        if (c != a && c != b) continue;
        s.push_back(scores.at(i, a));
        y.push_back(c == a);
      }
      sum += auc(s, y);
    }
  return sum / static_cast<double>(k * (k - 1));
}

/// Mean over cases of the sum over classes of (probability - indicator)^2, in [0, 2] (Brier 1950, the original form).
[[nodiscard]] inline double brier_multiclass(const class_scores& scores) {
  double sum = 0;
  for (std::size_t i = 0; i < scores.cases(); ++i)
    for (std::size_t c = 0; c < scores.classes(); ++c) {
      const double gap = scores.at(i, c) - (static_cast<std::size_t>(scores.truth()[i]) == c ? 1.0 : 0.0);
      sum += gap * gap;
    }
  return sum / static_cast<double>(scores.cases());
}

/// Mean of -log of the probability given to the true class, clipped to [clip, 1 - clip].
[[nodiscard]] inline double log_loss_multiclass(const class_scores& scores, double clip = 1e-15) {
  double sum = 0;
  for (std::size_t i = 0; i < scores.cases(); ++i)
    sum -= std::log(std::clamp(scores.at(i, static_cast<std::size_t>(scores.truth()[i])), clip, 1 - clip));
  return sum / static_cast<double>(scores.cases());
}

/// P[the case of the higher grade has the higher score] over pairs of different grades, ties one half: the concordance
/// of an ordinal grade (normal < pre-plus < plus) with a severity score.
[[nodiscard]] inline double ordinal_concordance(std::span<const double> severity, std::span<const int> grade) {
  if (severity.size() != grade.size())
    throw argument_error(
        sentence("Every case needs a severity and a grade, got ", severity.size(), " and ", grade.size(), "."));
  double concordant = 0, pairs = 0;
  const int highest = grade.empty() ? 0 : *std::max_element(grade.begin(), grade.end());
  const int lowest = grade.empty() ? 0 : *std::min_element(grade.begin(), grade.end());
  for (int low = lowest; low <= highest; ++low)
    for (int high = low + 1; high <= highest; ++high) {
      std::vector<double> s;
      std::vector<int> y;
      for (std::size_t i = 0; i < grade.size(); ++i)
        if (grade[i] == low || grade[i] == high) {
          s.push_back(severity[i]);
          y.push_back(grade[i] == high);
        }
      const ranked_scores ranked(s, y);
      if (ranked.table().positives == 0 || ranked.table().negatives == 0) continue;
      const double count =
          static_cast<double>(ranked.table().positives) * static_cast<double>(ranked.table().negatives);
      concordant += count * auc(ranked.table());
      pairs += count;
    }
  if (!(pairs > 0)) throw argument_error("A concordance needs cases of at least two grades.");
  return concordant / pairs;
}

}  // namespace synthmed

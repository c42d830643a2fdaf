// The area under a ROC curve of weighted cases: a sample that was enriched, led back to the population it came from.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/inference/bootstrap.hpp>

namespace synthmed {

/// Scores of cases that stand for different shares of a population. Ranked once; an AUC of any resample is then O(n).
class weighted_ranking {
 public:
  /// Labels are 0 or 1; weights are not negative and finite (importance weights: density wanted over density sampled,
  /// up to a factor). Throws argument_error where lengths differ, a value is out of range, or a class has no weight.
  weighted_ranking(std::span<const double> scores, std::span<const int> labels, std::span<const double> weights)
      : scores_(scores.begin(), scores.end()),
        weights_(weights.begin(), weights.end()),
        labels_(labels.begin(), labels.end()) {
    if (labels.size() != scores.size() || weights.size() != scores.size())
      throw argument_error(sentence("A weighted AUC needs a label and a weight for every score, got ", scores.size(),
                                    " scores, ", labels.size(), " labels and ", weights.size(), " weights."));
    for (std::size_t i = 0; i < scores.size(); ++i) {
      if (!(weights[i] >= 0) || std::isinf(weights[i]))
        throw argument_error(sentence("Case ", i, " of a weighted AUC has the weight ", weights[i],
                                      "; expected a finite one of at least 0."));
      if (std::isnan(scores[i]))
        throw argument_error(sentence("Case ", i, " of a weighted AUC has a score that is no number."));
      if (labels[i] != 0 && labels[i] != 1)
        throw argument_error(
            sentence("Case ", i, " of a weighted AUC has the label ", labels[i], "; labels are 0 and 1."));
    }
    order_.resize(scores.size());
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::sort(order_.begin(), order_.end(),
              [&](auto a, auto b) { return scores_[a] != scores_[b] ? scores_[a] < scores_[b] : a < b; });
    if (std::isnan(auc({}))) throw argument_error("A weighted AUC needs cases of both classes whose weight is not 0.");
  }

  [[nodiscard]] std::size_t size() const noexcept { return scores_.size(); }

  /// The share of pairs, by the product of their weights, in which the positive case has the higher score (ties one
  /// half). `times`: how often each case occurs; empty: once. NaN where a class has no weight.
  [[nodiscard]] double auc(multiplicities times) const {
    if (!times.empty() && times.size() != size())
      throw argument_error(
          sentence("A resample of ", size(), " cases needs as many multiplicities, got ", times.size(), "."));
    double below = 0, positives = 0, won = 0;
    for (std::size_t i = 0; i < order_.size();) {
      double tied[2] = {0, 0};
      const double score = scores_[order_[i]];
      for (; i < order_.size() && scores_[order_[i]] == score; ++i) {
        const auto c = order_[i];
        tied[labels_[c]] += weights_[c] * (times.empty() ? 1.0 : static_cast<double>(times[c]));
      }
      won += tied[1] * (below + tied[0] / 2);
      below += tied[0];
      positives += tied[1];
    }
    return below > 0 && positives > 0 ? won / (below * positives) : std::nan("");
  }

  /// How many equally weighted cases would say as much (Kish): (sum of weights)^2 / sum of squared weights.
  [[nodiscard]] double effective_size() const {
    double sum = 0, squares = 0;
    for (const double w : weights_) {
      sum += w;
      squares += w * w;
    }
    return sum * sum / squares;
  }

 private:
  std::vector<double> scores_, weights_;
  std::vector<int> labels_;
  std::vector<std::size_t> order_;
};

/// The weighted AUC as a statistic for bootstrap() and replicated(). `ranking` must outlive it.
[[nodiscard]] inline auto weighted_auc_statistic(const weighted_ranking& ranking) {
  return [&ranking] { return [&ranking](multiplicities times) -> double { return ranking.auc(times); }; };
}

}  // namespace synthmed

// Scores with binary labels, sorted once: what every ROC, precision-recall and bootstrap computation starts from.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include <synthmed/error.hpp>

namespace synthmed {

/// How many negatives and positives share one score.
struct tie {
  double score = 0;
  std::int64_t negatives = 0;
  std::int64_t positives = 0;
  friend bool operator==(const tie&, const tie&) = default;
};

/// Distinct scores from the highest to the lowest, with integer counts: curves and areas are functions of it alone, so
/// they do not depend on the order of the cases.
struct tie_table {
  std::vector<tie> ties;
  std::int64_t negatives = 0;
  std::int64_t positives = 0;
};

/// Which end of the scores speaks for the positive class. pROC's default is to choose by the medians, which makes AUCs
/// of at least one half by construction; here the direction is stated.
enum class direction { higher_is_positive, lower_is_positive };

/// Scores and labels of n cases (label 1 = positive, 0 = negative), checked and sorted once.
/// Throws argument_error for different lengths, a NaN score (infinities are scores) or a label other than 0 and 1.
class ranked_scores {
 public:
  ranked_scores(std::span<const double> scores, std::span<const int> labels,
                direction toward = direction::higher_is_positive)
      : group_(scores.size()), label_(labels.begin(), labels.end()) {
    if (scores.size() != labels.size())
      throw argument_error(sentence("Every case needs one score and one label, got ", scores.size(), " scores and ",
                                    labels.size(), " labels."));
    for (std::size_t i = 0; i < scores.size(); ++i) {
      if (std::isnan(scores[i])) throw argument_error(sentence("Score ", i, " is not a number (NaN)."));
      if (labels[i] != 0 && labels[i] != 1)
        throw argument_error(sentence("A binary label is 0 or 1, got ", labels[i], " for case ", i, "."));
    }
    // Values travel with their index: a sort that stays in the cache, half the time of one through the index.
    struct entry {
      double score;
      std::uint32_t index;
    };
    if (scores.size() > 0xFFFFFFFFu) throw argument_error("At most 4294967295 cases can be ranked.");
    std::vector<entry> sorted(scores.size());
    const double sign = toward == direction::higher_is_positive ? 1.0 : -1.0;
    for (std::size_t i = 0; i < scores.size(); ++i) sorted[i] = {sign * scores[i], static_cast<std::uint32_t>(i)};
    std::sort(sorted.begin(), sorted.end(), [](const entry& a, const entry& b) { return a.score > b.score; });
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      if (i == 0 || sorted[i].score != sorted[i - 1].score) table_.ties.push_back({sign * sorted[i].score, 0, 0});
      const std::size_t at = sorted[i].index;
      group_[at] = static_cast<std::uint32_t>(table_.ties.size() - 1);
      ++(label_[at] ? table_.ties.back().positives : table_.ties.back().negatives);
    }
    for (const auto& t : table_.ties) {
      table_.negatives += t.negatives;
      table_.positives += t.positives;
    }
  }

  [[nodiscard]] std::size_t size() const noexcept { return group_.size(); }
  [[nodiscard]] const tie_table& table() const noexcept { return table_; }
  /// The place of each case's score among the distinct ones, 0 = highest.
  [[nodiscard]] std::span<const std::uint32_t> groups() const noexcept { return group_; }
  [[nodiscard]] std::span<const std::uint8_t> labels() const noexcept { return label_; }

  /// The table of a resample in which case i occurs multiplicity[i] times; scores that no longer occur stay with zero
  /// counts. Writes into `out`, so that a bootstrap allocates nothing.
  void resampled(std::span<const std::uint32_t> multiplicity, tie_table& out) const {
    if (multiplicity.size() != size())
      throw argument_error(
          sentence("A resample of ", size(), " cases needs as many multiplicities, got ", multiplicity.size(), "."));
    out.ties.resize(table_.ties.size());
    for (std::size_t g = 0; g < out.ties.size(); ++g) out.ties[g] = {table_.ties[g].score, 0, 0};
    std::int64_t count[2] = {0, 0};
    for (std::size_t i = 0; i < size(); ++i) {
      auto& t = out.ties[group_[i]];
      const auto times = static_cast<std::int64_t>(multiplicity[i]);
      (label_[i] ? t.positives : t.negatives) += times;
      count[label_[i]] += times;
    }
    out.negatives = count[0];
    out.positives = count[1];
  }

 private:
  std::vector<std::uint32_t> group_;
  std::vector<std::uint8_t> label_;
  tie_table table_;
};

namespace detail {
/// Both classes or a sentence.
inline void require_both_classes(const tie_table& t, const char* what) {
  if (t.positives == 0 || t.negatives == 0)
    throw argument_error(sentence(what, " needs positive and negative cases, got ", t.positives, " positive and ",
                                  t.negatives, " negative."));
}
}  // namespace detail

}  // namespace synthmed

// Inference on areas under ROC curves: DeLong, DeLong and Clarke-Pearson (1988) by Sun and Xu's fast algorithm (2014),
// and its subject-clustered form (Obuchowski 1997).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/inference/interval.hpp>
#include <synthmed/metrics/roc.hpp>

namespace synthmed {

/// The structural components of one AUC: for each case the share of the other class that it beats (ties one half).
struct auc_placements {
  double auc = 0;
  std::vector<double> positives;  ///< per positive case, in the order of the cases
  std::vector<double> negatives;  ///< per negative case, in the order of the cases
};

/// O(n log n) with the sort in `ranked`, O(n) from there. Throws argument_error unless both classes are there.
[[nodiscard]] inline auc_placements placements(const ranked_scores& ranked) {
  const auto& table = ranked.table();
  detail::require_both_classes(table, "The area under a ROC curve");
  const std::size_t groups = table.ties.size();
  const double m = static_cast<double>(table.positives), n = static_cast<double>(table.negatives);
  std::vector<double> of_positive(groups), of_negative(groups);
  std::int64_t positives_above = 0, negatives_above = 0;
  for (std::size_t g = 0; g < groups; ++g) {
    const auto& t = table.ties[g];
    of_positive[g] = static_cast<double>(2 * (table.negatives - negatives_above) - t.negatives) / 2 / n;
    of_negative[g] = static_cast<double>(2 * positives_above + t.positives) / 2 / m;
    positives_above += t.positives;
    negatives_above += t.negatives;
  }
  auc_placements out;
  out.auc = auc(table);
  out.positives.reserve(static_cast<std::size_t>(table.positives));
  out.negatives.reserve(static_cast<std::size_t>(table.negatives));
  for (std::size_t i = 0; i < ranked.size(); ++i) {
    const auto g = ranked.groups()[i];
    if (ranked.labels()[i])
      out.positives.push_back(of_positive[g]);
    else
      out.negatives.push_back(of_negative[g]);
  }
  return out;
}

namespace detail {

/// Covariance of two samples with divisor n - 1 about the given means; NaN for fewer than two values.
inline double centred_covariance(std::span<const double> a, double mean_a, std::span<const double> b, double mean_b) {
  if (a.size() < 2) return std::nan("");
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - mean_a) * (b[i] - mean_b);
  return sum / static_cast<double>(a.size() - 1);
}

/// The same cases in the same order, or a sentence.
inline void require_same_cases(const ranked_scores& first, const ranked_scores& second, const char* what) {
  if (first.size() != second.size() ||
      !std::equal(first.labels().begin(), first.labels().end(), second.labels().begin()))
    throw argument_error(sentence(what,
                                  " needs the same cases with the same labels in the same order from both models, "
                                  "got ",
                                  first.size(), " and ", second.size(),
                                  " cases; use the unpaired test for different cases."));
}

}  // namespace detail

/// DeLong's covariance of two AUCs on the same cases; of one with itself, its variance.
/// NaN with a single positive or negative case.
[[nodiscard]] inline double delong_covariance(const auc_placements& a, const auc_placements& b) {
  if (a.positives.size() != b.positives.size() || a.negatives.size() != b.negatives.size())
    throw argument_error("A covariance of two AUCs needs the same cases from both models.");
  return detail::centred_covariance(a.positives, a.auc, b.positives, b.auc) / static_cast<double>(a.positives.size()) +
         detail::centred_covariance(a.negatives, a.auc, b.negatives, b.auc) / static_cast<double>(a.negatives.size());
}

/// An AUC with its standard error and limits.
struct auc_estimate {
  double value = 0;
  double standard_error = 0;
  double low = 0;  ///< clipped to [0, 1]; NaN with a single positive or negative case
  double high = 0;
  std::int64_t positives = 0, negatives = 0;
};

/// AUC with DeLong's interval (pROC's ci.auc). A perfect curve has the interval [1, 1]: say so, it is no certainty.
[[nodiscard]] inline auc_estimate delong(const ranked_scores& ranked, double level = 0.95) {
  const auto p = placements(ranked);
  const double se = std::sqrt(delong_covariance(p, p));
  const double reach = detail::two_sided_z(level) * se;
  return {p.auc,
          se,
          std::isnan(se) ? se : std::max(0.0, p.auc - reach),
          std::isnan(se) ? se : std::min(1.0, p.auc + reach),
          ranked.table().positives,
          ranked.table().negatives};
}

/// A difference of two AUCs and its test.
struct auc_difference {
  double first = 0, second = 0;  ///< the two AUCs
  double difference = 0;         ///< first - second
  double standard_error = 0;
  double low = 0, high = 0;  ///< of the difference
  double statistic = 0;      ///< z (paired, clustered, bootstrap) or t (unpaired)
  double df = 0;             ///< degrees of freedom of t; 0 for z
  double p = 1;
  std::int64_t clusters = 0;  ///< subjects, for clustered tests; else 0
};

namespace detail {
inline auc_difference z_test(double first, double second, double variance, double level, alternative side) {
  auc_difference out;
  out.first = first;
  out.second = second;
  out.difference = first - second;
  out.standard_error = std::sqrt(std::max(0.0, variance));
  if (std::isnan(variance)) out.standard_error = variance;
  // Identical curves have no difference and no variance: z = 0, as in pROC.
  out.statistic = out.difference == 0 && !(out.standard_error > 0) ? 0.0 : out.difference / out.standard_error;
  out.p = normal_p(out.statistic, side);
  const double reach = two_sided_z(level) * out.standard_error;
  out.low = out.difference - reach;
  out.high = out.difference + reach;
  return out;
}
}  // namespace detail

/// Two models on the same cases (DeLong 1988; pROC's roc.test(method = "delong", paired = TRUE)).
/// Throws argument_error unless the cases agree and both classes are there.
[[nodiscard]] inline auc_difference delong_paired(const ranked_scores& first, const ranked_scores& second,
                                                  alternative side = alternative::two_sided, double level = 0.95) {
  detail::require_same_cases(first, second, "A paired comparison");
  const auto a = placements(first), b = placements(second);
  const double variance = delong_covariance(a, a) + delong_covariance(b, b) - 2 * delong_covariance(a, b);
  return detail::z_test(a.auc, b.auc, variance, level, side);
}

/// Two models on different cases: t with Welch-Satterthwaite degrees of freedom, n = cases + controls (as pROC).
[[nodiscard]] inline auc_difference delong_unpaired(const ranked_scores& first, const ranked_scores& second,
                                                    alternative side = alternative::two_sided, double level = 0.95) {
  const auto a = placements(first), b = placements(second);
  const double va = delong_covariance(a, a), vb = delong_covariance(b, b);
  auto out = detail::z_test(a.auc, b.auc, va + vb, level, side);
  if (!(out.standard_error > 0)) return out;
  out.df = (va + vb) * (va + vb) /
           (va * va / static_cast<double>(first.size() - 1) + vb * vb / static_cast<double>(second.size() - 1));
  switch (side) {
    case alternative::less:
      out.p = student_cdf(out.statistic, out.df);
      break;
    case alternative::greater:
      out.p = student_cdf(-out.statistic, out.df);
      break;
    default:
      out.p = student_two_sided(out.statistic, out.df);
  }
  const double reach = student_quantile(0.5 + level / 2, out.df) * out.standard_error;
  out.low = out.difference - reach;
  out.high = out.difference + reach;
  return out;
}

/// Which subject each case belongs to, as numbers 0 ... count() - 1 in order of first appearance. Images, eyes and
/// visits of one infant are one subject; ignoring that makes intervals too narrow.
class cluster_index {
 public:
  template <class Id>
  explicit cluster_index(std::span<const Id> ids) : of_(ids.size()) {
    std::unordered_map<Id, std::uint32_t> seen;
    for (std::size_t i = 0; i < ids.size(); ++i)
      of_[i] = seen.emplace(ids[i], static_cast<std::uint32_t>(seen.size())).first->second;
    count_ = seen.size();
  }
  template <class Id>
  explicit cluster_index(const std::vector<Id>& ids) : cluster_index(std::span<const Id>(ids)) {}

  /// Every case its own subject.
  [[nodiscard]] static cluster_index singletons(std::size_t cases) {
    cluster_index out;
    out.of_.resize(cases);
    for (std::size_t i = 0; i < cases; ++i) out.of_[i] = static_cast<std::uint32_t>(i);
    out.count_ = cases;
    return out;
  }

  [[nodiscard]] std::size_t size() const noexcept { return of_.size(); }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] std::uint32_t operator[](std::size_t i) const noexcept { return of_[i]; }
  [[nodiscard]] std::span<const std::uint32_t> values() const noexcept { return of_; }

 private:
  cluster_index() = default;
  std::vector<std::uint32_t> of_;
  std::size_t count_ = 0;
};

namespace detail {

/// Per subject: the sums of its centred placements, and whether it has cases of a class.
struct cluster_sums {
  double auc = 0;
  std::vector<double> positive, negative;
  std::int64_t m = 0, n = 0;                          // cases per class
  std::int64_t with_positive = 0, with_negative = 0;  // subjects that have some
};

inline cluster_sums sum_clusters(const ranked_scores& ranked, const cluster_index& clusters) {
  if (clusters.size() != ranked.size())
    throw argument_error(
        sentence("Every case needs a subject, got ", ranked.size(), " cases and ", clusters.size(), " subjects."));
  const auto p = placements(ranked);
  cluster_sums out;
  out.auc = p.auc;
  out.m = ranked.table().positives;
  out.n = ranked.table().negatives;
  out.positive.assign(clusters.count(), 0);
  out.negative.assign(clusters.count(), 0);
  std::vector<std::uint8_t> has(clusters.count(), 0);
  std::size_t next[2] = {0, 0};
  for (std::size_t i = 0; i < ranked.size(); ++i) {
    const auto c = clusters[i];
    if (ranked.labels()[i]) {
      out.positive[c] += p.positives[next[1]++] - p.auc;
      has[c] |= 2u;
    } else {
      out.negative[c] += p.negatives[next[0]++] - p.auc;
      has[c] |= 1u;
    }
  }
  for (const auto h : has) {
    out.with_positive += (h & 2u) != 0;
    out.with_negative += (h & 1u) != 0;
  }
  return out;
}

inline double clustered_covariance(const cluster_sums& a, const cluster_sums& b) {
  const auto pp = static_cast<double>(a.with_positive), nn = static_cast<double>(a.with_negative);
  const auto all = static_cast<double>(a.positive.size());
  const auto m = static_cast<double>(a.m), n = static_cast<double>(a.n);
  if (a.with_positive < 2 || a.with_negative < 2) return std::nan("");
  double s10 = 0, s01 = 0, s11 = 0;
  for (std::size_t i = 0; i < a.positive.size(); ++i) {
    s10 += a.positive[i] * b.positive[i];
    s01 += a.negative[i] * b.negative[i];
    s11 += a.positive[i] * b.negative[i] + b.positive[i] * a.negative[i];
  }
  return pp / ((pp - 1) * m) * s10 / m + nn / ((nn - 1) * n) * s01 / n + all / (all - 1) * s11 / (m * n);
}

}  // namespace detail

/// AUC with a subject-clustered interval (Obuchowski, Biometrics 53, 1997). Equals delong() when every case is its own
/// subject. NaN limits with fewer than two subjects that have positive, or negative, cases.
[[nodiscard]] inline auc_estimate delong_clustered(const ranked_scores& ranked, const cluster_index& clusters,
                                                   double level = 0.95) {
  const auto sums = detail::sum_clusters(ranked, clusters);
  const double variance = detail::clustered_covariance(sums, sums);
  const double se = std::isnan(variance) ? variance : std::sqrt(std::max(0.0, variance));
  const double reach = detail::two_sided_z(level) * se;
  return {sums.auc,
          se,
          std::isnan(se) ? se : std::max(0.0, sums.auc - reach),
          std::isnan(se) ? se : std::min(1.0, sums.auc + reach),
          sums.m,
          sums.n};
}

/// The subject-clustered covariance of two AUCs on the same cases (Obuchowski 1997).
[[nodiscard]] inline double delong_clustered_covariance(const ranked_scores& first, const ranked_scores& second,
                                                        const cluster_index& clusters) {
  detail::require_same_cases(first, second, "A clustered covariance");
  return detail::clustered_covariance(detail::sum_clusters(first, clusters), detail::sum_clusters(second, clusters));
}

/// Two models on the same cases, clustered by subject.
[[nodiscard]] inline auc_difference delong_paired_clustered(const ranked_scores& first, const ranked_scores& second,
                                                            const cluster_index& clusters,
                                                            alternative side = alternative::two_sided,
                                                            double level = 0.95) {
  detail::require_same_cases(first, second, "A paired comparison");
  const auto a = detail::sum_clusters(first, clusters), b = detail::sum_clusters(second, clusters);
  const double variance =
      detail::clustered_covariance(a, a) + detail::clustered_covariance(b, b) - 2 * detail::clustered_covariance(a, b);
  auto out = detail::z_test(a.auc, b.auc, variance, level, side);
  out.clusters = static_cast<std::int64_t>(clusters.count());
  return out;
}

/// What one model brings for one case to paired_auc: score, label and subject (-1: a subject of its own).
struct scored_subject_case {
  double score = 0;
  int label = 0;
  std::int64_t subject = -1;
};

/// Two AUCs on the same cases as a paired_metric; value() is the (clustered) paired DeLong test.
class paired_auc {
 public:
  using observation = scored_subject_case;

  void update(const observation& first, const observation& second) {
    if (first.label != second.label || first.subject != second.subject)
      throw argument_error("Both models must bring the same case: equal label and equal subject.");
    first_.update({first.score, first.label});
    second_.update({second.score, second.label});
    subjects_.push_back(first.subject);
  }
  void merge(const paired_auc& part) {
    const std::vector<std::int64_t> more = part.subjects_;
    first_.merge(part.first_);
    second_.merge(part.second_);
    subjects_.insert(subjects_.end(), more.begin(), more.end());
  }
  [[nodiscard]] auc_difference value() const {
    auto ids = subjects_;
    std::int64_t own = -1;  // each case without a subject becomes one of its own
    for (auto& id : ids)
      if (id < 0) id = own--;
    return delong_paired_clustered(ranked_scores(first_.scores(), first_.labels()),
                                   ranked_scores(second_.scores(), second_.labels()), cluster_index(ids));
  }

 private:
  auc_metric first_, second_;
  std::vector<std::int64_t> subjects_;
};

}  // namespace synthmed

// Membership-inference attacks: can records of the training set be told from held-out ones by looking at the synthetic
// set?
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/features.hpp>
#include <synthmed/metrics/inference/bootstrap.hpp>
#include <synthmed/metrics/inference/delong.hpp>
#include <synthmed/metrics/inference/tests.hpp>
#include <synthmed/metrics/neighbours.hpp>
#include <synthmed/metrics/scores.hpp>

namespace synthmed {

/// The scores an attack gives to training (member) and held-out (non-member) records: higher speaks for membership.
struct attack_scores {
  std::string name;
  std::vector<double> train, holdout;
};

/// -distance to the nearest synthetic record (GAN-Leaks, full black box; Chen et al. 2020).
[[nodiscard]] inline attack_scores distance_attack(feature_view train, feature_view holdout, feature_view synthetic) {
  attack_scores out{"distance", {}, {}};
  const auto score = [&](feature_view x) {
    const auto table = nearest_neighbours(x, synthetic, 1);
    std::vector<double> scores(x.rows());
    for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = -table.distances(i)[0];
    return scores;
  };
  out.train = score(train);
  out.holdout = score(holdout);
  return out;
}

namespace detail {

/// Distance of each row to its k-th nearest row of other subjects; fewer than k such rows: to the farthest of them.
[[nodiscard]] inline std::vector<double> distance_to_other_subjects(feature_view rows, const cluster_index& subjects,
                                                                    std::size_t k) {
  std::vector<double> best(rows.rows() * k, std::numeric_limits<double>::infinity());
  for_each_distance(rows, rows, [&](std::size_t q, std::size_t first, std::span<const double> squared) {
    double* const own = best.data() + q * k;
    for (std::size_t lane = 0; lane < squared.size(); ++lane) {
      if (!(squared[lane] < own[k - 1]) || subjects[first + lane] == subjects[q]) continue;
      std::size_t place = k - 1;
      for (; place > 0 && squared[lane] < own[place - 1]; --place) own[place] = own[place - 1];
      own[place] = squared[lane];
    }
  });
  std::vector<double> out(rows.rows());
  for (std::size_t q = 0; q < out.size(); ++q)
    for (std::size_t place = 0; place < k; ++place)
      if (std::isfinite(best[q * k + place])) out[q] = std::sqrt(best[q * k + place]);
  return out;
}

}  // namespace detail

/// The density ratio of DOMIAS (van Breugel et al. 2023) with k-nearest-neighbour densities: log of the distance to the
/// k-th real record of another subject, minus log of the distance to the k-th synthetic one. Real means training
/// and held-out together, so that without leakage both sets' scores have one distribution. A synthetic set that is
/// dense where real records are not speaks for a memorised record; closeness in dense regions does not.
[[nodiscard]] inline attack_scores density_attack(feature_view train, feature_view holdout, feature_view synthetic,
                                                  const cluster_index& subjects, std::size_t k = 3) {
  const auto pool = stack_rows(train, holdout);
  const std::size_t used = std::min(k, synthetic.rows());
  const auto table = nearest_neighbours(pool, synthetic, used);
  const auto real = detail::distance_to_other_subjects(pool, subjects, used);
  attack_scores out{"density", {}, {}};
  for (std::size_t i = 0; i < pool.rows(); ++i) {
    constexpr double least = 1e-300;  // a record on top of k synthetic ones: the highest score there is
    const double score = std::log(std::max(real[i], least)) - std::log(std::max(table.distances(i)[used - 1], least));
    (i < train.rows() ? out.train : out.holdout).push_back(score);
  }
  return out;
}

/// Monte Carlo (Hilprecht et al. 2019): the share of synthetic records within epsilon, the median over all real records
/// of the distance to the nearest synthetic one.
[[nodiscard]] inline attack_scores monte_carlo_attack(feature_view train, feature_view holdout,
                                                      feature_view synthetic) {
  const auto pool = stack_rows(train, holdout);
  const auto table = nearest_neighbours(pool, synthetic, 1);
  const double epsilon = quantile(table.distance, 0.5);
  std::vector<double> inside(pool.rows());
  for_each_distance(pool, synthetic, [&](std::size_t q, std::size_t, std::span<const double> squared) {
    for (const double value : squared) inside[q] += std::sqrt(value) <= epsilon;
  });
  attack_scores out{"monte_carlo", {}, {}};
  for (std::size_t i = 0; i < pool.rows(); ++i)
    (i < train.rows() ? out.train : out.holdout).push_back(inside[i] / static_cast<double>(synthetic.rows()));
  return out;
}

/// What an attack achieves.
struct attack_result {
  std::string name;
  attack_scores scores;    ///< what was judged
  auc_estimate auc;        ///< area under its ROC curve, with the subject-clustered 95 % interval (Obuchowski 1997)
  auc_estimate auc_naive;  ///< the same, records taken as independent (DeLong)
  double p = 1;            ///< one-sided, AUC > 1/2, clustered; not below what the number of subjects allows
  double holm_p = 1;       ///< p adjusted for the number of attacks (Holm 1979)
  double lower_limit = 0;  ///< the AUC's lower limit at the step's share of 1 - confidence
  bool exceeds = false;    ///< holm_p < 1 - confidence: the limit exceeds 1/2
  estimate tpr;  ///< share of training records recognised when at most 1 % of held-out ones are taken for them,
                 ///< with a percentile interval over resampled subjects
};

namespace detail {

/// Sensitivity at the lowest threshold that at most `rate` of the negatives exceed.
[[nodiscard]] inline double sensitivity_at_rate(const tie_table& table, double rate) {
  if (table.positives == 0 || table.negatives == 0) return std::nan("");
  const double allowed = rate * static_cast<double>(table.negatives) * (1 + 1e-12);
  std::int64_t hits = 0, mistakes = 0;
  for (const auto& t : table.ties) {
    mistakes += t.negatives;
    if (static_cast<double>(mistakes) > allowed) break;
    hits += t.positives;
  }
  return static_cast<double>(hits) / static_cast<double>(table.positives);
}

/// 1 / (a + b choose a): the smallest p-value that a perfect separation of a and b subjects can have.
[[nodiscard]] inline double smallest_p(double a, double b) {
  return std::exp(std::lgamma(a + 1) + std::lgamma(b + 1) - std::lgamma(a + b + 1));
}

}  // namespace detail

/// Options of judge_attacks().
struct attack_options {
  double confidence = 0.99;       ///< of the lower limits that decide, one-sided, over all attacks together (Holm)
  double false_positives = 0.01;  ///< at which the true positive rate is reported
  std::size_t replicates = 1000;  ///< resamples for the true positive rate's interval
  key seed = key(1337);
};

/// Judges several attacks together. `subjects` has one entry per record, training first, then held out; no subject may
/// be in both sets. Throws argument_error for scores whose number is not that of the records, or a NaN among them.
[[nodiscard]] inline std::vector<attack_result> judge_attacks(std::span<const attack_scores> attacks,
                                                              const cluster_index& subjects, std::size_t train_rows,
                                                              const attack_options& options = {}) {
  std::vector<attack_result> out;
  std::vector<double> p;
  std::vector<std::uint8_t> seen(subjects.count());
  double train_subjects = 0, holdout_subjects = 0;
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    const std::uint8_t side = i < train_rows ? 1 : 2;
    if ((seen[subjects[i]] | side) == 3)
      throw argument_error(sentence("Record ", i - train_rows,
                                    " of the held-out set is of a subject that the training set has too; "
                                    "membership can only be judged between sets without common subjects."));
    if (seen[subjects[i]] == 0) (side == 1 ? train_subjects : holdout_subjects) += 1;
    seen[subjects[i]] = side;
  }
  for (const auto& attack : attacks) {
    if (attack.train.size() != train_rows || attack.train.size() + attack.holdout.size() != subjects.size())
      throw argument_error(sentence("The attack \"", attack.name, "\" scores ", attack.train.size(), " training and ",
                                    attack.holdout.size(), " held-out records; expected ", train_rows, " and ",
                                    subjects.size() - train_rows, "."));
    std::vector<double> scores = attack.train;
    scores.insert(scores.end(), attack.holdout.begin(), attack.holdout.end());
    std::vector<int> labels(scores.size());
    std::fill_n(labels.begin(), train_rows, 1);
    const ranked_scores ranked(scores, labels);
    attack_result result;
    result.name = attack.name;
    result.scores = attack;
    result.auc = delong_clustered(ranked, subjects);
    result.auc_naive = delong(ranked);
    const double se = result.auc.standard_error, above = result.auc.value - 0.5;
    if (se > 0)
      result.p = normal_p(above / se, alternative::greater);
    else if (se == 0 && above > 0)
      result.p = 0;
    result.p = std::max(result.p, detail::smallest_p(train_subjects, holdout_subjects));
    const auto replicates = bootstrap(
        resampling::subjects(subjects),
        table_statistic(ranked,
                        [&](const tie_table& t) { return detail::sensitivity_at_rate(t, options.false_positives); }),
        {.replicates = options.replicates, .seed = options.seed.fold(attack.name)});
    result.tpr = quantile_interval(replicates);
    p.push_back(result.p);
    out.push_back(std::move(result));
  }
  const auto adjusted = holm(p);
  std::vector<std::size_t> order(out.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::size_t left = out.size();  // Holm's divisor; it stays where the first attack fails
  for (const std::size_t i : order) {
    out[i].holm_p = adjusted[i];
    out[i].exceeds = adjusted[i] < 1 - options.confidence;
    const double z = normal_quantile(1 - (1 - options.confidence) / static_cast<double>(left));
    out[i].lower_limit =
        std::isnan(out[i].auc.standard_error) ? 0.0 : std::max(0.0, out[i].auc.value - z * out[i].auc.standard_error);
    if (out[i].exceeds) --left;
  }
  return out;
}

}  // namespace synthmed

// Weighted statistics for the phantom's acceptance table: AUC with an interval over subjects, a cross-validated
// logistic model, kappa and the intraclass correlation.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include <synthmed/parallel.hpp>
#include <synthmed/random/distributions.hpp>

namespace acceptance {

using values = std::vector<double>;

/// Area under the ROC curve of weighted cases; ties count half.
inline double auc_sorted(const values& x, const std::vector<char>& positive, const values& weight,
                         const std::vector<std::size_t>& order) {
  double below = 0, won = 0, positives = 0, negatives = 0;
  for (std::size_t i = 0; i < order.size();) {
    double tied_positive = 0, tied_negative = 0;
    std::size_t j = i;
    for (; j < order.size() && x[order[j]] == x[order[i]]; ++j)
      (positive[order[j]] ? tied_positive : tied_negative) += weight[order[j]];
    won += tied_positive * (below + .5 * tied_negative);
    below += tied_negative;
    positives += tied_positive;
    negatives += tied_negative;
    i = j;
  }
  return won / (positives * negatives);
}

inline std::vector<std::size_t> order_of(const values& x) {
  std::vector<std::size_t> order(x.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return x[a] < x[b]; });
  return order;
}

inline double auc(const values& x, const std::vector<char>& positive, const values& weight) {
  return auc_sorted(x, positive, weight, order_of(x));
}

struct interval {
  double value, low, high;
};

/// AUC with a percentile interval from 1000 bootstrap samples of subjects.
inline interval auc_interval(const values& x, const std::vector<char>& positive, const values& weight,
                             const std::vector<std::size_t>& subject, double level, synthmed::key k) {
  const auto order = order_of(x);
  const std::size_t subjects = *std::max_element(subject.begin(), subject.end()) + 1, rounds = 1000;
  values draws(rounds);
  synthmed::parallel_for(static_cast<std::int64_t>(rounds), 50, [&](std::int64_t begin, std::int64_t end) {
    for (auto round = begin; round < end; ++round) {
      synthmed::random_stream r(k.fold(round));
      values times(subjects), w(x.size());
      for (std::size_t i = 0; i < subjects; ++i) times[r.below(subjects)] += 1;
      for (std::size_t i = 0; i < x.size(); ++i) w[i] = weight[i] * times[subject[i]];
      draws[static_cast<std::size_t>(round)] = auc_sorted(x, positive, w, order);
    }
  });
  std::sort(draws.begin(), draws.end());
  const auto at = [&](double q) { return draws[static_cast<std::size_t>(q * static_cast<double>(rounds - 1))]; };
  return {auc_sorted(x, positive, weight, order), at(.5 * (1 - level)), at(1 - .5 * (1 - level))};
}

inline double weighted_mean(const values& x, const values& weight) {
  double sum = 0, total = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += weight[i] * x[i], total += weight[i];
  return sum / total;
}

/// Scores of a logistic model on standardised features, five folds by subject, iteratively reweighted least squares
/// with a faint ridge; every case is scored by the model that did not see its subject.
inline values logistic_scores(const std::vector<values>& features, const std::vector<char>& positive,
                              const values& weight, const std::vector<std::size_t>& subject) {
  const std::size_t n = positive.size(), d = features.size() + 1;
  std::vector<values> x(n, values(d, 1.0));
  for (std::size_t f = 0; f + 1 < d; ++f) {
    const double mean = weighted_mean(features[f], weight);
    double variance = 0, total = 0;
    for (std::size_t i = 0; i < n; ++i)
      variance += weight[i] * (features[f][i] - mean) * (features[f][i] - mean), total += weight[i];
    for (std::size_t i = 0; i < n; ++i) x[i][f + 1] = (features[f][i] - mean) / std::sqrt(variance / total);
  }
  values score(n);
  for (std::size_t fold = 0; fold < 5; ++fold) {
    values beta(d);
    for (int round = 0; round < 25; ++round) {
      std::vector<values> a(d, values(d + 1));
      for (std::size_t i = 0; i < d; ++i) a[i][i] = 1e-3, a[i][d] = -1e-3 * beta[i];
      for (std::size_t i = 0; i < n; ++i) {
        if (subject[i] % 5 == fold) continue;
        const double eta = std::inner_product(beta.begin(), beta.end(), x[i].begin(), 0.0),
                     p = 1 / (1 + std::exp(-eta));
        const double curvature = weight[i] * std::max(1e-6, p * (1 - p)),
                     residual = weight[i] * ((positive[i] ? 1 : 0) - p);
        for (std::size_t r = 0; r < d; ++r) {
          a[r][d] += residual * x[i][r];
          for (std::size_t c = 0; c < d; ++c) a[r][c] += curvature * x[i][r] * x[i][c];
        }
      }
      for (std::size_t i = 0; i < d; ++i) {
        for (std::size_t r = 0; r < d; ++r) {
          if (r == i) continue;
          const double factor = a[r][i] / a[i][i];
          for (std::size_t c = i; c <= d; ++c) a[r][c] -= factor * a[i][c];
        }
      }
      double moved = 0;
      for (std::size_t i = 0; i < d; ++i) {
        const double step = std::clamp(a[i][d] / a[i][i], -2.0, 2.0);
        beta[i] += step;
        moved = std::max(moved, std::abs(step));
      }
      if (moved < 1e-8) break;
    }
    for (std::size_t i = 0; i < n; ++i)
      if (subject[i] % 5 == fold) score[i] = std::inner_product(beta.begin(), beta.end(), x[i].begin(), 0.0);
  }
  return score;
}

/// Cohen's kappa of a weighted 3 x 3 table, disagreement growing with the power 1 (linear) or 2 (quadratic).
inline double kappa(const std::array<std::array<double, 3>, 3>& table, int power) {
  std::array<double, 3> rows{}, columns{};
  double total = 0, observed = 0, expected = 0;
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t c = 0; c < 3; ++c) rows[r] += table[r][c], columns[c] += table[r][c], total += table[r][c];
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t c = 0; c < 3; ++c) {
      const double apart = std::abs(static_cast<double>(r) - static_cast<double>(c)),
                   cost = power == 1 ? apart : apart * apart;
      observed += cost * table[r][c] / total;
      expected += cost * rows[r] * columns[c] / (total * total);
    }
  return 1 - observed / expected;
}

/// One-way intraclass correlation ICC(1) of weighted groups of unequal size.
inline double intraclass(const values& x, const std::vector<std::size_t>& group, const values& weight) {
  const std::size_t groups = *std::max_element(group.begin(), group.end()) + 1;
  values sum(groups), count(groups), w(groups);
  for (std::size_t i = 0; i < x.size(); ++i) sum[group[i]] += x[i], count[group[i]] += 1, w[group[i]] = weight[i];
  double within = 0, within_df = 0, mean = 0, total = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double m = sum[group[i]] / count[group[i]];
    within += weight[i] * (x[i] - m) * (x[i] - m);
    mean += weight[i] * x[i];
    total += weight[i];
  }
  mean /= total;
  double between = 0, cells = 0;
  for (std::size_t g = 0; g < groups; ++g) {
    if (count[g] == 0) continue;
    const double m = sum[g] / count[g];
    within_df += w[g] * (count[g] - 1);
    between += w[g] * (m - mean) * (m - mean);
    cells += w[g] / count[g];
  }
  double groups_weight = 0;
  for (std::size_t g = 0; g < groups; ++g) groups_weight += count[g] > 0 ? w[g] : 0;
  const double s2 = within / within_df, variance = between / groups_weight - s2 * cells / groups_weight;
  return variance / (variance + s2);
}

}  // namespace acceptance

// Tests around paired diagnoses: McNemar, Cochran-Mantel-Haenszel, permutation, equivalence and non-inferiority, Holm.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/inference/bootstrap.hpp>
#include <synthmed/metrics/inference/delong.hpp>
#include <synthmed/metrics/inference/interval.hpp>
#include <synthmed/metrics/inference/linear.hpp>
#include <synthmed/metrics/metric.hpp>
#include <synthmed/parallel.hpp>
#include <synthmed/random/distributions.hpp>

namespace synthmed {

/// A chi-squared statistic with its p-value; NaN where the test is not defined.
struct chi_squared_test {
  double statistic = 0;
  double df = 1;
  double p = 1;
};

/// McNemar's test on the two discordant counts, with continuity correction as R's mcnemar.test: (|b - c| - 1)^2 / (b +
/// c), 0 when b = c. NaN when both are 0.
[[nodiscard]] inline chi_squared_test mcnemar(std::int64_t b, std::int64_t c) {
  if (b < 0 || c < 0) throw argument_error(sentence("McNemar's test needs counts, got ", b, " and ", c, "."));
  if (b + c == 0) return {std::nan(""), 1, std::nan("")};
  const double gap = std::max(0.0, std::fabs(static_cast<double>(b - c)) - 1);
  const double x = gap * gap / static_cast<double>(b + c);
  return {x, 1, chi_squared_survival(x, 1)};
}

/// The exact form: two-sided binomial test of b among b + c at one half; 1 when both are 0.
[[nodiscard]] inline double mcnemar_exact(std::int64_t b, std::int64_t c) {
  if (b < 0 || c < 0) throw argument_error(sentence("McNemar's test needs counts, got ", b, " and ", c, "."));
  return std::min(1.0, 2 * binomial_cdf(std::min(b, c), b + c, 0.5));
}

/// Two models' calls on the same cases as a paired_metric; value() compares their correctness by McNemar's exact test.
class mcnemar_metric {
 public:
  struct observation {
    int predicted = 0;
    int truth = 0;
  };
  struct result {
    std::int64_t only_first = 0, only_second = 0;  ///< cases that one model alone got right
    std::int64_t both = 0, neither = 0;
    chi_squared_test corrected;
    double exact_p = 1;
  };

  void update(const observation& first, const observation& second) {
    if (first.truth != second.truth) throw argument_error("Both models must bring the same case: equal truth.");
    ++count_[first.predicted == first.truth][second.predicted == second.truth];
  }
  void merge(const mcnemar_metric& part) {
    for (int i = 0; i < 2; ++i)
      for (int j = 0; j < 2; ++j) count_[i][j] += part.count_[i][j];
  }
  [[nodiscard]] result value() const {
    return {count_[1][0],
            count_[0][1],
            count_[1][1],
            count_[0][0],
            mcnemar(count_[1][0], count_[0][1]),
            mcnemar_exact(count_[1][0], count_[0][1])};
  }

 private:
  std::int64_t count_[2][2] = {};
};

/// The generalised Cochran-Mantel-Haenszel test of association in I x J tables over K strata (Agresti 2002, section
/// 7.5.3), as R's mantelhaen.test for I or J > 2. Tables are row-major. Note that it asks whether rows and columns are
/// associated within strata; it does not compare two models (use McNemar or a paired bootstrap for that).
[[nodiscard]] inline chi_squared_test mantel_haenszel(std::span<const std::vector<std::int64_t>> strata,
                                                      std::size_t rows, std::size_t columns) {
  if (rows < 2 || columns < 2 || strata.empty())
    throw argument_error("A Mantel-Haenszel test needs at least one table of at least 2 x 2.");
  const std::size_t df = (rows - 1) * (columns - 1);
  std::vector<double> gap(df, 0.0), variance(df * df, 0.0);
  for (const auto& table : strata) {
    if (table.size() != rows * columns)
      throw argument_error(sentence("A stratum of ", rows, " x ", columns, " needs ", rows * columns, " counts, got ",
                                    table.size(), "."));
    std::vector<double> r(rows, 0.0), c(columns, 0.0);
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t j = 0; j < columns; ++j) {
        r[i] += static_cast<double>(table[i * columns + j]);
        c[j] += static_cast<double>(table[i * columns + j]);
      }
    const double n = std::accumulate(r.begin(), r.end(), 0.0);
    if (n < 2) throw argument_error("Every stratum of a Mantel-Haenszel test needs at least two cases.");
    for (std::size_t i = 0; i + 1 < rows; ++i)
      for (std::size_t j = 0; j + 1 < columns; ++j) {
        const std::size_t a = i * (columns - 1) + j;
        gap[a] += static_cast<double>(table[i * columns + j]) - r[i] * c[j] / n;
        for (std::size_t k = 0; k + 1 < rows; ++k)
          for (std::size_t l = 0; l + 1 < columns; ++l)
            variance[a * df + k * (columns - 1) + l] +=
                r[i] * ((i == k ? n : 0.0) - r[k]) * c[j] * ((j == l ? n : 0.0) - c[l]) / (n * n * (n - 1));
      }
  }
  const auto solved = detail::solve_spd(variance, gap, "A Mantel-Haenszel test needs no empty row or column.");
  const double x = std::inner_product(gap.begin(), gap.end(), solved.begin(), 0.0);
  return {x, static_cast<double>(df), chi_squared_survival(x, static_cast<double>(df))};
}

/// Settings of permutation_paired.
struct permutation_options {
  std::size_t replicates = 10000;
  key seed = key(1337);
  /// Compare midranks instead of scores (Bandos, Rockette and Gur 2005), so that two models whose scores have different
  /// scales can be exchanged. Turn it off only when both give calibrated probabilities.
  bool ranks = true;
};

/// A permutation test: how often exchanging gave at least the observed difference.
struct permutation_test {
  double difference = 0;
  double p = 1;  ///< (1 + count) / (1 + replicates), two-sided
};

/// Are two models on the same cases exchangeable? Each replicate exchanges the two models' scores of each subject with
/// probability one half. `function` is a function of a tie_table (auc_of, auc_pr_of). Throws argument_error.
template <class Function>
[[nodiscard]] permutation_test permutation_paired(std::span<const double> first, std::span<const double> second,
                                                  std::span<const int> labels, const cluster_index& clusters,
                                                  Function function, const permutation_options& options = {}) {
  if (first.size() != second.size() || clusters.size() != first.size())
    throw argument_error(sentence("A paired permutation needs two scores and a subject for every case, got ",
                                  first.size(), ", ", second.size(), " and ", clusters.size(), "."));
  const auto midranks = [](std::span<const double> scores, std::span<const int> y) {
    const ranked_scores ranked(scores, y);
    std::vector<double> middle;
    double seen = 0;
    for (const auto& t : ranked.table().ties) {
      const auto size = static_cast<double>(t.positives + t.negatives);
      middle.push_back(-(seen + (size + 1) / 2));
      seen += size;
    }
    std::vector<double> out;
    for (const auto g : ranked.groups()) out.push_back(middle[g]);
    return out;
  };
  const auto a = options.ranks ? midranks(first, labels) : std::vector<double>(first.begin(), first.end());
  const auto b = options.ranks ? midranks(second, labels) : std::vector<double>(second.begin(), second.end());
  const auto gap = [&](std::span<const double> x, std::span<const double> y) {
    return function(ranked_scores(x, labels).table()) - function(ranked_scores(y, labels).table());
  };
  permutation_test out;
  out.difference = gap(a, b);
  const double reach = std::fabs(out.difference) * (1 - 1e-12);
  const auto count = parallel_sum<std::int64_t>(static_cast<std::int64_t>(options.replicates), 64, 0,
                                                [&](std::int64_t begin, std::int64_t end) {
                                                  std::int64_t extreme = 0;
                                                  std::vector<double> x(a.size()), y(a.size());
                                                  std::vector<std::uint8_t> swap(clusters.count());
                                                  for (auto r = begin; r < end; ++r) {
                                                    random_stream stream(options.seed.fold(r));
                                                    for (auto& s : swap) s = stream.chance(0.5);
                                                    for (std::size_t i = 0; i < a.size(); ++i) {
                                                      x[i] = swap[clusters[i]] ? b[i] : a[i];
                                                      y[i] = swap[clusters[i]] ? a[i] : b[i];
                                                    }
                                                    extreme += std::fabs(gap(x, y)) >= reach;
                                                  }
                                                  return extreme;
                                                });
  out.p = static_cast<double>(1 + count) / static_cast<double>(1 + options.replicates);
  return out;
}

/// The verdict of a test against a margin. A p above 0.05 in a test of difference is no evidence of equality: this is.
struct margin_test {
  double difference = 0;
  double margin = 0;
  double p = 1;              ///< of the null hypothesis that the margin is exceeded
  double low = 0, high = 0;  ///< the interval of level 1 - 2 alpha, which lies inside the margin when shown
  bool shown = false;        ///< p < alpha
};

/// Equivalence: |difference| < margin, by two one-sided tests (Schuirmann 1987). The margin is fixed before looking.
[[nodiscard]] inline margin_test equivalence(double difference, double standard_error, double margin,
                                             double alpha = 0.05) {
  if (!(margin > 0)) throw argument_error(sentence("An equivalence margin is positive, got ", margin, "."));
  if (!(standard_error >= 0))
    throw argument_error(sentence("A standard error is not negative, got ", standard_error, "."));
  if (!(alpha > 0 && alpha < 0.5)) throw argument_error(sentence("alpha lies between 0 and 0.5, got ", alpha, "."));
  const auto one_sided = [&](double distance) {
    return standard_error > 0 ? normal_cdf(-distance / standard_error) : (distance > 0 ? 0.0 : 1.0);
  };
  const double p = std::max(one_sided(margin - difference), one_sided(margin + difference));
  const double reach = normal_quantile(1 - alpha) * standard_error;
  return {difference, margin, p, difference - reach, difference + reach, p < alpha};
}

/// Non-inferiority of the first: difference > -margin, where larger is better.
[[nodiscard]] inline margin_test noninferiority(double difference, double standard_error, double margin,
                                                double alpha = 0.05) {
  auto out = equivalence(difference, standard_error, margin, alpha);
  const double distance = margin + difference;
  out.p = standard_error > 0 ? normal_cdf(-distance / standard_error) : (distance > 0 ? 0.0 : 1.0);
  out.shown = out.p < alpha;
  return out;
}

/// P-values adjusted for their number (Holm 1979), in the given order, as R's p.adjust(method = "holm").
[[nodiscard]] inline std::vector<double> holm(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (const double value : p) detail::require_probability(value, "Every p-value of holm()");
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<double> adjusted(p.size());
  double largest = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    largest = std::max(largest, std::min(1.0, static_cast<double>(p.size() - i) * p[order[i]]));
    adjusted[order[i]] = largest;
  }
  return adjusted;
}

}  // namespace synthmed

// Calibration: Brier score, log loss, expected and maximal calibration error, calibration curve, intercept and slope.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/inference/interval.hpp>
#include <synthmed/metrics/roc.hpp>

namespace synthmed {

namespace detail {
inline void require_forecasts(std::span<const double> probabilities, std::span<const int> labels) {
  if (probabilities.size() != labels.size() || probabilities.empty())
    throw argument_error(
        sentence("Calibration needs one probability and one label per case and at least one case, got ",
                 probabilities.size(), " and ", labels.size(), "."));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (!(probabilities[i] >= 0 && probabilities[i] <= 1))
      throw argument_error(sentence("Case ", i, ": a probability lies in [0, 1], got ", probabilities[i], "."));
    if (labels[i] != 0 && labels[i] != 1)
      throw argument_error(sentence("A binary label is 0 or 1, got ", labels[i], " for case ", i, "."));
  }
}
}  // namespace detail

/// Mean of (probability - label)^2 (Brier 1950), in [0, 1].
[[nodiscard]] inline double brier(std::span<const double> probabilities, std::span<const int> labels) {
  detail::require_forecasts(probabilities, labels);
  double sum = 0;
  for (std::size_t i = 0; i < labels.size(); ++i)
    sum += (probabilities[i] - labels[i]) * (probabilities[i] - labels[i]);
  return sum / static_cast<double>(labels.size());
}

/// Mean of -log of the probability given to what happened, probabilities clipped to [clip, 1 - clip].
[[nodiscard]] inline double log_loss(std::span<const double> probabilities, std::span<const int> labels,
                                     double clip = 1e-15) {
  detail::require_forecasts(probabilities, labels);
  double sum = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const double p = std::clamp(probabilities[i], clip, 1 - clip);
    sum -= labels[i] ? std::log(p) : std::log1p(-p);
  }
  return sum / static_cast<double>(labels.size());
}

/// How probabilities are grouped.
enum class binning {
  equal_width,  ///< [0, 1/b), [1/b, 2/b), ..., and 1 alone in a last bin of its own (torchmetrics)
  equal_mass    ///< bins of equally many cases, equal probabilities kept together (adaptive ECE)
};

/// Settings of calibration_curve and calibration_error.
struct calibration_options {
  std::size_t bins = 10;
  binning by = binning::equal_width;
  double level = 0.95;  ///< of the Wilson interval of each bin's observed share
};

/// One bin of a calibration curve; empty bins are left out.
struct calibration_bin {
  std::int64_t cases = 0;
  double predicted = 0;  ///< mean probability
  double observed = 0;   ///< share of positives
  double low = 0, high = 0;
};

[[nodiscard]] inline std::vector<calibration_bin> calibration_curve(std::span<const double> probabilities,
                                                                    std::span<const int> labels,
                                                                    const calibration_options& options = {}) {
  detail::require_forecasts(probabilities, labels);
  if (options.bins < 1) throw argument_error("A calibration curve needs at least one bin.");
  const std::size_t n = labels.size(), bins = options.bins;
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  // By probability and label, so that sums do not depend on the order in which the cases came.
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return probabilities[a] != probabilities[b] ? probabilities[a] < probabilities[b] : labels[a] < labels[b];
  });
  std::vector<calibration_bin> curve;
  std::vector<double> sums;
  std::vector<std::int64_t> hits;
  std::size_t current = 0;
  double previous = -1;
  for (std::size_t rank = 0; rank < n; ++rank) {
    const double p = probabilities[order[rank]];
    std::size_t bin = current;
    if (options.by == binning::equal_width) {
      bin = static_cast<std::size_t>(p * static_cast<double>(bins));
      // The edge is i / bins as computed; the product above can land on the wrong side of it by one rounding.
      while (bin > 0 && p < static_cast<double>(bin) / static_cast<double>(bins)) --bin;
      while (bin < bins && p >= static_cast<double>(bin + 1) / static_cast<double>(bins)) ++bin;
    } else if (p != previous) {
      bin = rank * bins / n;
    }
    if (curve.empty() || bin != current) {
      curve.emplace_back();
      sums.push_back(0);
      hits.push_back(0);
    }
    current = bin;
    previous = p;
    ++curve.back().cases;
    sums.back() += p;
    hits.back() += labels[order[rank]];
  }
  for (std::size_t b = 0; b < curve.size(); ++b) {
    const auto share = wilson(hits[b], curve[b].cases, options.level);
    curve[b].predicted = sums[b] / static_cast<double>(curve[b].cases);
    curve[b].observed = share.value;
    curve[b].low = share.low;
    curve[b].high = share.high;
  }
  return curve;
}

/// How the gaps of the bins are joined.
enum class calibration_norm {
  l1,  ///< sum of share of cases times gap: the expected calibration error (ECE)
  l2,  ///< root of the sum of share times squared gap
  max  ///< the largest gap: the maximal calibration error (MCE)
};

/// Distance between predicted probability and observed share over bins (Guo et al. 2017). Biased upwards for few cases
/// and many bins; compare only at equal n and bins.
[[nodiscard]] inline double calibration_error(std::span<const double> probabilities, std::span<const int> labels,
                                              const calibration_options& options = {},
                                              calibration_norm norm = calibration_norm::l1) {
  double out = 0;
  for (const auto& bin : calibration_curve(probabilities, labels, options)) {
    const double gap = std::fabs(bin.predicted - bin.observed);
    const double share = static_cast<double>(bin.cases) / static_cast<double>(labels.size());
    if (norm == calibration_norm::max)
      out = std::max(out, gap);
    else
      out += share * (norm == calibration_norm::l1 ? gap : gap * gap);
  }
  return norm == calibration_norm::l2 ? std::sqrt(out) : out;
}

/// Recalibration of logit(p): logit P[positive] = intercept + slope logit(p), by maximum likelihood (Cox 1958). A
/// perfect forecaster has 0 and 1; a slope below 1 means overconfidence.
struct recalibration {
  double intercept = 0, slope = 1;
  double intercept_in_the_large = 0;  ///< the intercept with the slope fixed at 1
  bool converged = false;             ///< false when the classes are separable: there is no finite maximum
};

[[nodiscard]] inline recalibration recalibrate(std::span<const double> probabilities, std::span<const int> labels,
                                               double clip = 1e-15) {
  detail::require_forecasts(probabilities, labels);
  if (std::find(labels.begin(), labels.end(), 0) == labels.end() ||
      std::find(labels.begin(), labels.end(), 1) == labels.end())
    throw argument_error("Recalibration needs positive and negative cases.");
  std::vector<double> x(labels.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double p = std::clamp(probabilities[i], clip, 1 - clip);
    x[i] = std::log(p / (1 - p));
  }
  recalibration out;
  const auto log_likelihood = [&](double a, double b) {
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double z = labels[i] ? a + b * x[i] : -(a + b * x[i]);
      sum += z > 0 ? -std::log1p(std::exp(-z)) : z - std::log1p(std::exp(z));
    }
    return sum;
  };
  const auto newton = [&](double& a, double& b, bool slope) {
    double reached = log_likelihood(a, b);
    for (int step = 0; step < 100; ++step) {
      double ga = 0, gb = 0, haa = 0, hab = 0, hbb = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double p = 1 / (1 + std::exp(-(a + b * x[i]))), w = p * (1 - p), r = labels[i] - p;
        ga += r;
        gb += r * x[i];
        haa += w;
        hab += w * x[i];
        hbb += w * x[i] * x[i];
      }
      const double det = slope ? haa * hbb - hab * hab : haa;
      if (!(det > 1e-300) || haa < 1e-9) return false;  // fitted probabilities are all 0 or 1: separated
      double da = slope ? (hbb * ga - hab * gb) / det : ga / haa, db = slope ? (haa * gb - hab * ga) / det : 0.0;
      if (std::fabs(da) < 1e-10 * (1 + std::fabs(a)) && std::fabs(db) < 1e-10 * (1 + std::fabs(b))) return true;
      // Halving keeps a step from a far start from overshooting into saturation.
      double next = log_likelihood(a + da, b + db);
      for (int half = 0; half < 60 && !(next >= reached - 1e-12 * std::fabs(reached)); ++half) {
        da /= 2;
        db /= 2;
        next = log_likelihood(a + da, b + db);
      }
      a += da;
      b += db;
      reached = next;
    }
    return false;
  };
  double one = 1;
  const bool large = newton(out.intercept_in_the_large, one, false);
  out.converged = newton(out.intercept, out.slope, true) && large;
  return out;
}

/// The Brier score as a metric. Squares are added with Neumaier's compensation, so that order and parts change nothing
/// beyond 1e-15 relative.
class brier_metric {
 public:
  using observation = scored_case;

  void update(const observation& seen) {
    detail::require_forecasts({&seen.score, 1}, {&seen.label, 1});
    add((seen.score - seen.label) * (seen.score - seen.label));
    ++cases_;
  }
  void merge(const brier_metric& part) {
    const double sum = part.sum_, rest = part.rest_;
    cases_ += part.cases_;
    add(sum);
    add(rest);
  }
  [[nodiscard]] double value() const {
    if (cases_ == 0) throw argument_error("The Brier score needs at least one case.");
    return (sum_ + rest_) / static_cast<double>(cases_);
  }

 private:
  void add(double x) {
    const double t = sum_ + x;
    rest_ += std::fabs(sum_) >= std::fabs(x) ? (sum_ - t) + x : (x - t) + sum_;
    sum_ = t;
  }
  double sum_ = 0, rest_ = 0;
  std::int64_t cases_ = 0;
};

/// The expected calibration error as a metric: keeps the cases.
class calibration_error_metric {
 public:
  using observation = scored_case;

  explicit calibration_error_metric(calibration_options options = {}, calibration_norm norm = calibration_norm::l1)
      : options_(options), norm_(norm) {}

  void update(const observation& seen) {
    detail::require_forecasts({&seen.score, 1}, {&seen.label, 1});
    probabilities_.push_back(seen.score);
    labels_.push_back(seen.label);
  }
  void merge(const calibration_error_metric& part) {
    const auto p = part.probabilities_;
    const auto y = part.labels_;
    probabilities_.insert(probabilities_.end(), p.begin(), p.end());
    labels_.insert(labels_.end(), y.begin(), y.end());
  }
  [[nodiscard]] double value() const { return calibration_error(probabilities_, labels_, options_, norm_); }

 private:
  calibration_options options_;
  calibration_norm norm_;
  std::vector<double> probabilities_;
  std::vector<int> labels_;
};

}  // namespace synthmed

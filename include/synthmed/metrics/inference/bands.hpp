// Pointwise bootstrap bands of ROC and precision-recall curves, ready to be plotted.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include <synthmed/metrics/inference/bootstrap.hpp>
#include <synthmed/metrics/pr.hpp>
#include <synthmed/metrics/roc.hpp>
#include <synthmed/parallel.hpp>

namespace synthmed {

/// A curve with pointwise limits: y(x), and the quantiles of the resampled curves at the same x.
struct curve_band {
  std::vector<double> x, y, low, high;
};

namespace detail {

/// `height(table, x values, heights)` evaluates a resampled curve at every x.
template <class Height>
curve_band band(const ranked_scores& ranked, const resampling& plan, curve_band curve, const bootstrap_options& options,
                Height height) {
  require_level(options.level);
  const std::size_t points = curve.x.size();
  std::vector<std::vector<double>> heights(options.replicates);
  parallel_for(static_cast<std::int64_t>(options.replicates), 64, [&](std::int64_t begin, std::int64_t end) {
    std::vector<std::uint32_t> units, times;
    tie_table table;
    for (auto r = begin; r < end; ++r) {
      random_stream stream(options.seed.fold(r));
      plan.draw(stream, units, times);
      ranked.resampled(times, table);
      if (table.positives == 0 || table.negatives == 0) continue;
      auto& out = heights[static_cast<std::size_t>(r)];
      out.resize(points);
      height(table, curve.x, out);
    }
  });
  std::erase_if(heights, [](const auto& h) { return h.empty(); });
  if (heights.size() < 2) throw argument_error("A band needs at least 2 resamples with both classes.");
  curve.low.resize(points);
  curve.high.resize(points);
  parallel_for(static_cast<std::int64_t>(points), 16, [&](std::int64_t begin, std::int64_t end) {
    std::vector<double> at(heights.size());
    for (auto p = static_cast<std::size_t>(begin); p < static_cast<std::size_t>(end); ++p) {
      for (std::size_t r = 0; r < heights.size(); ++r) at[r] = heights[r][p];
      curve.low[p] = quantile(at, (1 - options.level) / 2);
      curve.high[p] = quantile(at, (1 + options.level) / 2);
    }
  });
  return curve;
}

}  // namespace detail

/// The ROC curve, x = 1 - specificity, with limits of the sensitivity at each x.
[[nodiscard]] inline curve_band roc_band(const ranked_scores& ranked, const resampling& plan,
                                         const bootstrap_options& options = {}) {
  curve_band curve;
  for (const auto& p : roc_curve(ranked.table())) {
    curve.x.push_back(1 - p.specificity);
    curve.y.push_back(p.sensitivity);
  }
  return detail::band(ranked, plan, std::move(curve), options,
                      [](const tie_table& t, const std::vector<double>& x, std::vector<double>& out) {
                        const auto n = static_cast<double>(t.negatives), m = static_cast<double>(t.positives);
                        double x0 = 0, y0 = 0, x1 = 0, y1 = 0;
                        std::int64_t tp = 0, fp = 0;
                        std::size_t g = 0;
                        for (std::size_t i = 0; i < x.size(); ++i) {
                          // The last segment that starts at or before x[i]; on a vertical one its upper end.
                          while (g < t.ties.size() && x1 <= x[i]) {
                            x0 = x1;
                            y0 = y1;
                            tp += t.ties[g].positives;
                            fp += t.ties[g].negatives;
                            x1 = static_cast<double>(fp) / n;
                            y1 = static_cast<double>(tp) / m;
                            ++g;
                          }
                          out[i] = x1 > x0 && x[i] < x1 ? y0 + (y1 - y0) * (x[i] - x0) / (x1 - x0) : y1;
                        }
                      });
}

/// The precision-recall curve, x = recall, with limits of the precision at each x (the precision at the first point
/// that reaches the recall).
[[nodiscard]] inline curve_band pr_band(const ranked_scores& ranked, const resampling& plan,
                                        const bootstrap_options& options = {}) {
  curve_band curve;
  for (const auto& p : pr_curve(ranked.table())) {
    if (p.recall == 0) continue;  // no case found yet: precision 0 for want of a number
    curve.x.push_back(p.recall);
    curve.y.push_back(p.precision);
    if (p.recall == 1) break;  // what follows only adds false alarms
  }
  return detail::band(ranked, plan, std::move(curve), options,
                      [](const tie_table& t, const std::vector<double>& x, std::vector<double>& out) {
                        std::int64_t tp = 0, fp = 0;
                        std::size_t g = 0;
                        for (std::size_t i = 0; i < x.size(); ++i) {
                          while (g < t.ties.size() && (tp == 0 || static_cast<double>(tp) <
                                                                      x[i] * static_cast<double>(t.positives) - 1e-9)) {
                            tp += t.ties[g].positives;
                            fp += t.ties[g].negatives;
                            ++g;
                          }
                          out[i] = static_cast<double>(tp) / static_cast<double>(tp + fp);
                        }
                      });
}

}  // namespace synthmed

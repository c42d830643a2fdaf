// The curve 1 / (1 + a d^(2b)) that stands for closeness in the plane: a and b from spread and min_dist.
#pragma once

#include <array>
#include <cmath>
#include <limits>

#include <synthmed/error.hpp>
#include <synthmed/metrics/umap/math.hpp>

namespace synthmed::umap_stages {

/// Parameters of the curve.
struct curve_parameters {
  double a = 0, b = 0;
};

/// The target that both fits approximate, at 300 places x from 0 to 3 spread: 1 below min_dist, then
/// exp(-(x - min_dist) / spread).
struct curve_target {
  static constexpr std::size_t places = 300;
  std::array<double, places> x{}, log_x{}, y{};

  /// Throws argument_error unless spread > 0 and 0 <= min_dist <= 3 spread.
  curve_target(double spread, double min_dist) {
    if (!(spread > 0) || !(spread <= 1e6))
      throw argument_error(sentence("UMAP's spread is positive and at most 1e6, got ", spread, "."));
    if (!(min_dist >= 0) || !(min_dist <= 3 * spread))
      throw argument_error(sentence("UMAP's min_dist lies between 0 and three times the spread (", 3 * spread,
                                    "), got ", min_dist, "."));
    for (std::size_t i = 0; i < places; ++i) {
      x[i] = 3.0 * spread * static_cast<double>(i) / static_cast<double>(places - 1);
      log_x[i] = i > 0 ? steady_log(x[i]) : 0;
      y[i] = x[i] < min_dist ? 1.0 : steady_exp(-(x[i] - min_dist) / spread);
    }
  }

  /// Sum of squared errors of a curve.
  [[nodiscard]] double error_of(curve_parameters p) const noexcept {
    double sum = 0;
    for (std::size_t i = 0; i < places; ++i) {
      const double r = 1.0 / std::fma(p.a, power(i, p.b), 1.0) - y[i];
      sum = std::fma(r, r, sum);
    }
    return sum;
  }

  /// x_i^(2b).
  [[nodiscard]] double power(std::size_t i, double b) const noexcept {
    return i > 0 ? steady_exp(2.0 * b * log_x[i])
                 : (b > 0   ? 0.0
                    : b < 0 ? std::numeric_limits<double>::infinity()
                            : 1.0);
  }
};

/// The least-squares fit that umap-learn and uwot make (Levenberg and Marquardt from a = b = 1), to about 1e-10.
/// Throws argument_error as curve_target does.
[[nodiscard]] inline curve_parameters fit_curve(double spread, double min_dist) {
  const curve_target target(spread, min_dist);
  curve_parameters best{1, 1};
  double error = target.error_of(best), damping = 1e-3;
  for (int step = 0; step < 500 && damping < 1e12; ++step) {
    double aa = 0, ab = 0, bb = 0, ga = 0, gb = 0;
    for (std::size_t i = 1; i < curve_target::places; ++i) {
      const double u = target.power(i, best.b), f = 1.0 / std::fma(best.a, u, 1.0), slope = -u * f * f;
      const double da = slope, db = slope * (2.0 * best.a * target.log_x[i]), r = f - target.y[i];
      aa = std::fma(da, da, aa), ab = std::fma(da, db, ab), bb = std::fma(db, db, bb);
      ga = std::fma(da, r, ga), gb = std::fma(db, r, gb);
    }
    const double paa = aa * (1.0 + damping), pbb = bb * (1.0 + damping);
    const double cross = ab * ab, determinant = std::fma(paa, pbb, -cross);
    const double cross_a = ab * gb, cross_b = ab * ga;
    const double step_a = -std::fma(pbb, ga, -cross_a) / determinant,
                 step_b = -std::fma(paa, gb, -cross_b) / determinant;
    const curve_parameters next{best.a + step_a, best.b + step_b};
    const double next_error =
        next.a > 0 && next.b > 0 ? target.error_of(next) : std::numeric_limits<double>::infinity();
    if (next_error <= error) {
      best = next;
      error = next_error;
      damping = damping * 0.1;
      if (std::abs(step_a) < 1e-11 * best.a && std::abs(step_b) < 1e-11 * best.b) break;
    } else {
      damping = damping * 10.0;
    }
  }
  return best;
}

/// The search that the R package umap makes: the best point of a 10 x 10 grid over a, b in [0, 20], then grids of three
/// steps' width around the best point, until the best point is the middle of its grid to 1e-8. It can end beside the
/// optimum: at min_dist 0.99 it gives (0.117185, 1.931870) where least squares gives (0.119305, 1.916390).
/// Throws argument_error as curve_target does.
[[nodiscard]] inline curve_parameters fit_curve_r_umap(double spread, double min_dist) {
  const curve_target target(spread, min_dist);
  double a_low = 0, a_high = 20, b_low = 0, b_high = 20;
  for (int depth = 0;; ++depth) {
    const double a_step = (a_high - a_low) / 9, b_step = (b_high - b_low) / 9;
    curve_parameters best{};
    double least = std::numeric_limits<double>::infinity();
    for (int j = 0; j < 10; ++j)
      for (int i = 0; i < 10; ++i) {
        const curve_parameters tried{std::fma(i, a_step, a_low), std::fma(j, b_step, b_low)};
        const double error = target.error_of(tried);
        if (error < least) least = error, best = tried;
      }
    const double off = std::abs(best.a - (a_low + a_high) / 2) + std::abs(best.b - (b_low + b_high) / 2);
    if (off <= 1e-8 || depth == 200) return best;
    a_low = std::fma(-1.5, a_step, best.a), a_high = std::fma(1.5, a_step, best.a);
    b_low = std::fma(-1.5, b_step, best.b), b_high = std::fma(1.5, b_step, best.b);
  }
}

}  // namespace synthmed::umap_stages

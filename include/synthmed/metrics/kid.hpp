// Kernel inception distance: the squared maximum mean discrepancy of two sets of features under a cubic kernel.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/features.hpp>
#include <synthmed/metrics/linalg.hpp>
#include <synthmed/metrics/metric.hpp>
#include <synthmed/random/distributions.hpp>
#include <synthmed/random/numpy_compat.hpp>

namespace synthmed {

namespace detail {

/// (x.y / d + 1)^3
[[nodiscard]] inline double cubic_kernel(double dot, double dimensions) {
  const double base = dot / dimensions + 1.0;
  return base * base * base;
}

/// The sum of k(x, y) over all pairs, block by block in a fixed order; with `self`, of a set with itself, over the
/// pairs of different rows only.
[[nodiscard]] inline double kernel_sum(feature_view x, feature_view y, bool self) {
  constexpr std::size_t block = 512;
  const std::size_t d = x.dimensions();
  double sum = 0;
  for (std::size_t i = 0; i < x.rows(); i += block)
    for (std::size_t j = 0; j < (self ? i + 1 : y.rows()); j += block) {
      const std::size_t m = std::min(block, x.rows() - i), n = std::min(block, y.rows() - j);
      const auto dots =
          linalg::product_transposed(x.values().subspan(i * d, m * d), m, y.values().subspan(j * d, n * d), n, d);
      double part = 0;
      for (std::size_t a = 0; a < m; ++a) {
        double line = 0;
        const std::size_t end = self && i == j ? a : n;  // the kernel is symmetric: one triangle, counted twice
        for (std::size_t b = 0; b < end; ++b) line += cubic_kernel(dots[a * n + b], static_cast<double>(d));
        part += line;
      }
      sum += self ? 2.0 * part : part;
    }
  return sum;
}

}  // namespace detail

/// The unbiased estimate of MMD^2 with k(x, y) = (x.y / d + 1)^3 over all rows of both sets (Binkowski et al. 2018;
/// Gretton et al. 2012, equation 3): deterministic, sizes may differ, may be negative, expectation 0 for equal
/// distributions at any n. O((n + m)^2 d) time, O((n + m) d) memory.
/// Throws shape_error for different widths, argument_error below two rows and for non-finite numbers.
[[nodiscard]] inline double kid(feature_view a, feature_view b) {
  require_same_dimensions(a, b);
  require_rows(a, 2, "KID", "first");
  require_rows(b, 2, "KID", "second");
  require_finite(a, "first");
  require_finite(b, "second");
  const double m = static_cast<double>(a.rows()), n = static_cast<double>(b.rows());
  return detail::kernel_sum(a, a, true) / (m * (m - 1)) + detail::kernel_sum(b, b, true) / (n * (n - 1)) -
         2.0 * detail::kernel_sum(a, b, false) / (m * n);
}

/// Who chooses the rows of a subset.
enum class subset_sampler {
  philox,       ///< the library's own keys
  numpy_legacy  ///< numpy.random.RandomState(seed).choice, first set first: torch-fidelity's numbers
};

/// Options of kid_subsets().
struct kid_subset_options {
  std::size_t subsets = 100;       ///< how many; torch-fidelity and torchmetrics take 100
  std::size_t subset_size = 1000;  ///< rows from each set, without replacement; larger than a set is an error
  std::uint64_t seed = 2020;       ///< torch-fidelity's default; only 32 bits with numpy_legacy
  subset_sampler sampler = subset_sampler::numpy_legacy;
};

/// KID over random subsets.
struct kid_subset_result {
  double mean = 0, sd = 0;     ///< sd with divisor `subsets` (ddof 0), as torch-fidelity prints it. It is no standard
                               ///< error: subsets overlap, and it does not shrink with their number
  std::vector<double> values;  ///< one per subset
};

/// The mean of kid() over random subsets of equal size. Throws argument_error for a size above a set's or below 2.
[[nodiscard]] inline kid_subset_result kid_subsets(feature_view a, feature_view b,
                                                   const kid_subset_options& options = {}) {
  require_same_dimensions(a, b);
  if (options.subsets == 0) throw argument_error("KID by subsets needs at least 1 subset, got 0.");
  if (options.subset_size < 2 || options.subset_size > std::min(a.rows(), b.rows()))
    throw argument_error(sentence("A KID subset takes between 2 and ", std::min(a.rows(), b.rows()),
                                  " rows (the smaller set has no more), got ", options.subset_size, "."));
  if (options.sampler == subset_sampler::numpy_legacy && options.seed > 0xFFFFFFFFu)
    throw argument_error(sentence("numpy's legacy generator takes a seed of 32 bits, got ", options.seed, "."));
  numpy_random_state legacy(static_cast<std::uint32_t>(options.seed));
  kid_subset_result out;
  for (std::size_t i = 0; i < options.subsets; ++i) {
    const auto choose = [&](feature_view from, const char* name) {
      if (options.sampler == subset_sampler::numpy_legacy) return legacy.choice(from.rows(), options.subset_size);
      auto order = permutation(key(options.seed).fold(name).fold(i), from.rows());
      order.resize(options.subset_size);
      return order;
    };
    const auto first = choose(a, "first"), second = choose(b, "second");
    out.values.push_back(kid(take_rows(a, first), take_rows(b, second)));
    out.mean += out.values.back();
  }
  out.mean /= static_cast<double>(options.subsets);
  for (const double value : out.values) out.sd += (value - out.mean) * (value - out.mean);
  out.sd = std::sqrt(out.sd / static_cast<double>(options.subsets));
  return out;
}

/// A set_metric that keeps every row of both sets and hands them to `Function(reference, candidate)`.
template <auto Function>
class stored_sets_metric {
 public:
  using observation = feature_view;

  /// Throws shape_error when the width differs from earlier batches.
  void update(set_side side, const feature_view& batch) {
    auto& set = side == set_side::reference ? reference_ : candidate_;
    if (batch.rows() == 0) return;
    if (set.dimensions == 0) set.dimensions = batch.dimensions();
    require_same_dimensions(set.view(), batch);
    set.values.insert(set.values.end(), batch.values().begin(), batch.values().end());
  }
  void merge(const stored_sets_metric& part) {
    const stored_sets_metric other = part;
    update(set_side::reference, other.reference_);
    update(set_side::candidate, other.candidate_);
  }
  [[nodiscard]] auto value() const { return Function(reference_.view(), candidate_.view()); }

 private:
  feature_matrix reference_, candidate_;
};

using kid_metric = stored_sets_metric<kid>;
static_assert(set_metric<kid_metric>);

}  // namespace synthmed

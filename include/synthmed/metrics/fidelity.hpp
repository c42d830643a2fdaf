// Fidelity in one call: Fréchet distance, KID, precision/recall/density/coverage of two sets, each with its interval
// and with the floor that real images have against real images at the same number.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/feature_source.hpp>
#include <synthmed/metrics/frechet.hpp>
#include <synthmed/metrics/inference/bootstrap.hpp>
#include <synthmed/metrics/kid.hpp>
#include <synthmed/metrics/prdc.hpp>
#include <synthmed/metrics/set_comparison.hpp>
#include <synthmed/random/distributions.hpp>

namespace synthmed {

/// One of the two sets: features, and for each row the subject it is of. Without subjects every row is its own.
struct feature_set {
  feature_view features;
  std::vector<std::string> subjects = {};

  /// The subjects as numbers. Throws argument_error when their number is not that of the rows.
  [[nodiscard]] cluster_index clusters() const {
    if (subjects.empty()) return cluster_index::singletons(features.rows());
    if (subjects.size() != features.rows())
      throw argument_error(
          sentence("Every row needs a subject, got ", subjects.size(), " subjects for ", features.rows(), " rows."));
    return cluster_index(subjects);
  }
};

/// Options of fidelity().
struct fidelity_options {
  std::size_t neighbours = 5;        ///< k of precision, recall, density and coverage
  std::size_t replicates = 200;      ///< bootstrap resamples for the intervals; 0: no intervals
  std::size_t floor_repeats = 20;    ///< random halvings of the reference for the floor; 0: no floor
  double level = 0.95;               ///< confidence level of the intervals
  key seed = key(1337);              ///< of resamples and halvings
  std::size_t infinity_points = 15;  ///< sizes of the line to infinite n; 0: no line
  /// KID over subsets besides, as torch-fidelity prints it; a subset size of 0: none.
  kid_subset_options kid_subsets = {.subset_size = 0};
  /// Told how many of all resampled comparisons are done, from the calling thread; may be empty.
  std::function<void(std::size_t done, std::size_t total)> on_progress = {};
};

/// A metric with its interval: value -/+ z times the bootstrap standard error, clipped to the metric's range. These
/// metrics are biased at finite n and a resample, having fewer different rows, is more so; percentiles would carry that
/// bias, so only the spread of the replicates is used. The interval is of what this metric yields at these n.
struct fidelity_estimate {
  double value = 0;
  double standard_error = 0;  ///< NaN without intervals
  double low = 0, high = 0;   ///< NaN without intervals
};

/// What equal sets would score. The reference is halved by subject, again and again: `real` compares half with half,
/// `candidate` compares one half with as many candidates. The same n on both sides, so the same bias: a candidate set
/// as good as real scores like `real`.
struct fidelity_floor {
  std::size_t n = 0;                                                 ///< rows in each set of a comparison
  std::size_t repeats = 0;                                           ///< halvings
  fidelity_values real_mean, real_sd, candidate_mean, candidate_sd;  ///< sd over halvings
};

/// Everything fidelity() finds.
struct fidelity_report {
  feature_source features = feature_source::named("unnamed");
  frechet_result frechet_parts;
  prdc_options prdc_settings;
  std::size_t n1 = 0, n2 = 0, dimensions = 0, subjects1 = 0, subjects2 = 0;
  fidelity_estimate frechet, kid, precision, recall, density, coverage;
  std::size_t replicates = 0;  ///< behind the intervals, 0: none
  double level = 0.95;
  std::optional<fidelity_floor> floor;
  std::optional<frechet_infinity_result> infinity;
  std::optional<kid_subset_result> kid_over_subsets;
  std::vector<std::string> notes;  ///< what a reader must know before comparing these numbers with others

  [[nodiscard]] const fidelity_estimate& operator[](std::size_t i) const {
    const fidelity_estimate* all[fidelity_values::count] = {&frechet, &kid, &precision, &recall, &density, &coverage};
    return *all[i];
  }
};

namespace detail {

/// Mean and standard deviation over repeats, member by member.
class running_values {
 public:
  void add(const fidelity_values& v) {
    for (std::size_t i = 0; i < fidelity_values::count; ++i) columns_[i].push_back(v[i]);
  }
  [[nodiscard]] double mean(std::size_t i) const {
    return std::accumulate(columns_[i].begin(), columns_[i].end(), 0.0) / static_cast<double>(columns_[i].size());
  }
  [[nodiscard]] double sd(std::size_t i) const {
    if (columns_[i].size() < 2) return std::nan("");
    double sum = 0;
    for (const double value : columns_[i]) sum += (value - mean(i)) * (value - mean(i));
    return std::sqrt(sum / static_cast<double>(columns_[i].size() - 1));
  }
  [[nodiscard]] fidelity_values means() const { return {mean(0), mean(1), mean(2), mean(3), mean(4), mean(5)}; }
  [[nodiscard]] fidelity_values sds() const { return {sd(0), sd(1), sd(2), sd(3), sd(4), sd(5)}; }

 private:
  std::vector<double> columns_[fidelity_values::count];
};

/// Rows in the order of their subjects after these were shuffled.
[[nodiscard]] inline std::vector<std::size_t> rows_by_shuffled_subject(const cluster_index& clusters, key k) {
  const auto order = permutation(k, clusters.count());
  std::vector<std::size_t> place(clusters.count());
  for (std::size_t i = 0; i < order.size(); ++i) place[order[i]] = i;
  std::vector<std::size_t> rows(clusters.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  std::stable_sort(rows.begin(), rows.end(),
                   [&](std::size_t a, std::size_t b) { return place[clusters[a]] < place[clusters[b]]; });
  return rows;
}

[[nodiscard]] inline fidelity_floor equal_size_floor(const set_comparison& compare, const cluster_index& reference,
                                                     const cluster_index& candidate, const fidelity_options& options) {
  const std::size_t n1 = reference.size(), all = compare.rows();
  fidelity_floor out;
  out.repeats = options.floor_repeats;
  out.n = std::min(n1 / 2, candidate.size());
  running_values real, synthetic;
  for (std::size_t repeat = 0; repeat < options.floor_repeats; ++repeat) {
    const key k = options.seed.fold("floor").fold(repeat);
    const auto rows = rows_by_shuffled_subject(reference, k.fold("reference"));
    const auto others = rows_by_shuffled_subject(candidate, k.fold("candidate"));
    std::vector<std::uint32_t> first(all), second(all), synth(all);
    // From both ends, so that at most one subject, in the middle, could be on both sides; its rows are left out there.
    for (std::size_t i = 0; i < out.n; ++i) {
      first[rows[i]] = 1;
      second[rows[n1 - 1 - i]] = 1;
      synth[n1 + others[i]] = 1;
    }
    const auto last_subject = reference[rows[out.n - 1]];
    for (std::size_t i = 0; i < n1; ++i)
      if (second[i] && reference[i] == last_subject) second[i] = 0;
    real.add(compare(first, second));
    synthetic.add(compare(first, synth));
    if (options.on_progress)
      options.on_progress(options.replicates + 2 * repeat + 2, options.replicates + 2 * options.floor_repeats);
  }
  out.real_mean = real.means();
  out.real_sd = real.sds();
  out.candidate_mean = synthetic.means();
  out.candidate_sd = synthetic.sds();
  return out;
}

}  // namespace detail

/// Compares `candidate` (synthetic) with `reference` (real). The values are exact and over all rows; intervals and
/// floor need at most set_comparison::row_limit rows together and are left out, with a note, above. Throws shape_error
/// for different widths, argument_error for fewer rows than the neighbours need or bad numbers.
[[nodiscard]] inline fidelity_report fidelity(const feature_set& reference, const feature_set& candidate,
                                              const feature_source& source, const fidelity_options& options = {}) {
  const feature_view a = reference.features, b = candidate.features;
  require_same_dimensions(a, b);
  if (source.is_inception() && a.dimensions() != 2048)
    throw argument_error(sentence("FID is defined on the 2048 pooled features of the Inception network, got ",
                                  a.dimensions(), " features."));
  const auto clusters_a = reference.clusters(), clusters_b = candidate.clusters();
  fidelity_report out;
  out.features = source;
  out.level = options.level;
  out.prdc_settings.neighbours = options.neighbours;
  out.frechet_parts = frechet_distance(a, b);
  const auto balls = prdc(a, b, out.prdc_settings);
  out.n1 = a.rows();
  out.n2 = b.rows();
  out.dimensions = a.dimensions();
  out.subjects1 = clusters_a.count();
  out.subjects2 = clusters_b.count();
  const fidelity_values values{out.frechet_parts.value, kid(a, b),     balls.precision, balls.recall,
                               balls.density,           balls.coverage};

  const bool small = a.rows() + b.rows() <= set_comparison::row_limit;
  if (!small && (options.replicates > 0 || options.floor_repeats > 0))
    out.notes.push_back(sentence("No intervals and no floor: they are computed for at most ", set_comparison::row_limit,
                                 " rows in both sets together, here there are ", a.rows() + b.rows(), "."));
  detail::running_values replicates;
  if (small && (options.replicates >= 2 || options.floor_repeats > 0)) {
    const auto pool = stack_rows(a, b);
    const set_comparison compare(pool, options.neighbours);
    if (options.replicates >= 2) {
      const auto plan_a = resampling::subjects(clusters_a), plan_b = resampling::subjects(clusters_b);
      std::vector<std::uint32_t> units, times, first(pool.rows()), second(pool.rows());
      for (std::size_t r = 0; r < options.replicates; ++r) {
        random_stream stream(options.seed.fold("bootstrap").fold(r));
        plan_a.draw(stream, units, times);
        std::copy(times.begin(), times.end(), first.begin());
        plan_b.draw(stream, units, times);
        std::copy(times.begin(), times.end(), second.begin() + static_cast<std::ptrdiff_t>(a.rows()));
        try {
          replicates.add(compare(first, second));
          ++out.replicates;
        } catch (const argument_error&) {
          // too few different rows were drawn for this k
        }
        if (options.on_progress) options.on_progress(r + 1, options.replicates + 2 * options.floor_repeats);
      }
      if (out.replicates < options.replicates)
        out.notes.push_back(sentence(options.replicates - out.replicates, " of ", options.replicates,
                                     " resamples had too few different rows and were left out."));
    }
    if (options.floor_repeats > 0) {
      if (std::min(a.rows() / 2, b.rows()) > options.neighbours + 1 && clusters_a.count() >= 4)
        out.floor = detail::equal_size_floor(compare, clusters_a, clusters_b, options);
      else
        out.notes.push_back("No floor: the reference is too small to be halved by subject.");
    }
  }
  fidelity_estimate* all[fidelity_values::count] = {&out.frechet, &out.kid,     &out.precision,
                                                    &out.recall,  &out.density, &out.coverage};
  for (std::size_t i = 0; i < fidelity_values::count; ++i) {
    const double nan = std::nan("");
    *all[i] = {values[i], nan, nan, nan};
    if (out.replicates < 2) continue;
    all[i]->standard_error = replicates.sd(i);
    const double reach = detail::two_sided_z(options.level) * all[i]->standard_error;
    const bool signed_range = i == 1, share = i == 2 || i == 3 || i == 5;
    all[i]->low = signed_range ? values[i] - reach : std::max(0.0, values[i] - reach);
    all[i]->high = share ? std::min(1.0, values[i] + reach) : values[i] + reach;
  }
  if (options.infinity_points >= 2 && b.rows() >= 20) {
    const auto order = permutation(options.seed.fold("infinity"), b.rows());
    out.infinity = frechet_infinity(a, take_rows(b, order), infinity_sizes(b.rows(), options.infinity_points));
  }
  if (options.kid_subsets.subset_size > 0) out.kid_over_subsets = kid_subsets(a, b, options.kid_subsets);
  if (out.frechet_parts.singular())
    out.notes.push_back(sentence("Fewer independent rows (", out.n1, " and ", out.n2, ") than the ", out.dimensions,
                                 " features plus one: the Fréchet distance is exact for these rows and biased upwards; "
                                 "compare it with the floor at equal n only."));
  if (!source.is_inception())
    out.notes.push_back(sentence("These are ", source.name(),
                                 " features, so the distance is no FID and cannot be "
                                 "compared with published FIDs."));
  if (reference.subjects.empty() || candidate.subjects.empty())
    out.notes.push_back(
        "Rows without subjects count as independent; intervals are too narrow when subjects have several images.");
  return out;
}

}  // namespace synthmed

// The laws of metric, paired_metric, set_metric and embedding as checks that any test framework can call.
#pragma once

#include <cmath>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/metric.hpp>
#include <synthmed/parallel.hpp>
#include <synthmed/random/distributions.hpp>

namespace synthmed::testing {

/// What a law check found: one sentence per broken law, empty when all hold.
struct law_report {
  std::vector<std::string> broken;
  [[nodiscard]] bool holds() const noexcept { return broken.empty(); }
  /// All sentences in one.
  [[nodiscard]] std::string words() const {
    std::string out;
    for (const auto& b : broken) out += b + "\n";
    return out;
  }
};

namespace detail {

inline bool near(double a, double b, double relative) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return a == b || std::fabs(a - b) <= relative * std::max(std::fabs(a), std::fabs(b));
}

/// `value` as a number, or "it throws argument_error", which a law may not change either.
template <class M, class Project>
std::pair<bool, double> outcome(const M& m, Project& project) {
  try {
    return {true, static_cast<double>(project(m.value()))};
  } catch (const argument_error&) {
    return {false, 0.0};
  }
}

template <class M, class Feed, class Project>
law_report check_merging(std::size_t count, const M& fresh, Feed&& feed, Project&& project, double relative) {
  law_report report;
  M whole = fresh;
  for (std::size_t i = 0; i < count; ++i) feed(whole, i);
  const auto expected = outcome(whole, project);
  const auto compare = [&](const M& got, const std::string& law) {
    const auto seen = outcome(got, project);
    if (seen.first != expected.first || (seen.first && !near(seen.second, expected.second, relative)))
      report.broken.push_back(sentence(law, ": got ", seen.first ? sentence(seen.second) : std::string("an error"),
                                       ", the whole gives ",
                                       expected.first ? sentence(expected.second) : std::string("an error"), "."));
  };
  for (const std::size_t parts : {std::size_t{2}, std::size_t{3}, std::size_t{7}}) {
    M merged = fresh;
    for (std::size_t p = 0; p < parts; ++p) {
      M part = fresh;
      for (std::size_t i = p * count / parts; i < (p + 1) * count / parts; ++i) feed(part, i);
      merged.merge(part);
    }
    compare(merged, sentence("Merging ", parts, " parts must equal the whole"));
  }
  for (std::uint64_t trial = 0; trial < 3; ++trial) {
    const auto order = permutation(key(trial).fold("metric laws"), count);
    M shuffled = fresh;
    for (const auto i : order) feed(shuffled, i);
    compare(shuffled, "The order of the observations must be irrelevant");
  }
  M with_nothing = whole;
  with_nothing.merge(fresh);
  compare(with_nothing, "Merging a fresh metric must change nothing");
  M from_nothing = fresh;
  from_nothing.merge(whole);
  compare(from_nothing, "A fresh metric must become what it merges");
  const M copy = whole;
  compare(copy, "A copy must have the same value");
  compare(whole, "value() must not change the metric");
  return report;
}

}  // namespace detail

/// Checks metric's laws on the given observations: parts, order, neutral element, value() without side effects.
/// `project` makes a number of the value; `relative` is the tolerance. Both sides throwing argument_error counts as
/// equal.
template <class M, class Project = std::identity>
[[nodiscard]] law_report check_metric_laws(std::span<const typename M::observation> observations, M fresh = M(),
                                           Project project = {}, double relative = 1e-12) {
  static_assert(explain_metric<M>());
  return detail::check_merging(
      observations.size(), fresh, [&](M& m, std::size_t i) { m.update(observations[i]); }, project, relative);
}

/// The same for paired metrics; and that exchanging the models turns the sign of `project(value)`, which must be a
/// difference (pass antisymmetric = false where it is not).
template <class M, class Project>
[[nodiscard]] law_report check_paired_metric_laws(std::span<const typename M::observation> first,
                                                  std::span<const typename M::observation> second, M fresh,
                                                  Project project, bool antisymmetric = true, double relative = 1e-12) {
  static_assert(explain_paired_metric<M>());
  auto report = detail::check_merging(
      first.size(), fresh, [&](M& m, std::size_t i) { m.update(first[i], second[i]); }, project, relative);
  if (antisymmetric) {
    M forward = fresh, backward = fresh;
    for (std::size_t i = 0; i < first.size(); ++i) {
      forward.update(first[i], second[i]);
      backward.update(second[i], first[i]);
    }
    const auto a = detail::outcome(forward, project), b = detail::outcome(backward, project);
    if (a.first != b.first || !detail::near(a.second, -b.second, relative))
      report.broken.push_back(
          sentence("Exchanging the models must turn the sign: got ", a.second, " and ", b.second, "."));
  }
  return report;
}

/// The same for set metrics; the two sets may differ in size.
template <class M, class Project = std::identity>
[[nodiscard]] law_report check_set_metric_laws(std::span<const typename M::observation> reference,
                                               std::span<const typename M::observation> candidate, M fresh = M(),
                                               Project project = {}, double relative = 1e-12) {
  static_assert(explain_set_metric<M>());
  const auto feed = [&](M& m, std::size_t i) {
    if (i < reference.size())
      m.update(set_side::reference, reference[i]);
    else
      m.update(set_side::candidate, candidate[i - reference.size()]);
  };
  return detail::check_merging(reference.size() + candidate.size(), fresh, feed, project, relative);
}

/// Checks an embedding's laws: a point transformed alone goes where it goes in a batch and in a reversed batch, and
/// neither fit nor transform depends on the number of threads (bytes are compared). Leaves the thread count at 1.
template <class E>
[[nodiscard]] law_report check_embedding_laws(const E& embedding, feature_view points, feature_view fresh) {
  static_assert(explain_embedding<E>());
  law_report report;
  const auto values = [](feature_view v) { return std::vector<double>(v.values().begin(), v.values().end()); };
  set_threads(1);
  const auto fitted = embedding.fit(points);
  const auto placed = fitted.coordinates();
  const auto coordinates = values(placed);
  const auto moved = fitted.transform(fresh);
  const auto batch = values(moved);
  const std::size_t d = fresh.rows() == 0 ? 0 : batch.size() / fresh.rows();
  if (feature_view(placed).rows() != points.rows())
    report.broken.push_back("coordinates() must have one row for every fitted point.");
  for (const int count : {2, 4}) {
    set_threads(count);
    const auto again = embedding.fit(points);
    const auto again_placed = again.coordinates();
    const auto again_moved = again.transform(fresh);
    if (values(again_placed) != coordinates)
      report.broken.push_back(sentence("fit must give the same bytes for 1 and ", count, " threads."));
    if (values(again_moved) != batch)
      report.broken.push_back(sentence("transform must give the same bytes for 1 and ", count, " threads."));
  }
  set_threads(1);
  std::vector<double> reversed_input;
  for (std::size_t i = fresh.rows(); i-- > 0;)
    reversed_input.insert(reversed_input.end(), fresh.row(i).begin(), fresh.row(i).end());
  const auto reversed_moved = fitted.transform(feature_view(reversed_input, fresh.dimensions()));
  const auto reversed = values(reversed_moved);
  for (std::size_t i = 0; i < fresh.rows(); ++i) {
    const auto alone_moved = fitted.transform(feature_view(fresh.row(i), fresh.dimensions()));
    const auto alone = values(alone_moved);
    const std::vector<double> in_batch(batch.begin() + static_cast<std::ptrdiff_t>(i * d),
                                       batch.begin() + static_cast<std::ptrdiff_t>((i + 1) * d));
    const auto back = static_cast<std::ptrdiff_t>((fresh.rows() - 1 - i) * d);
    const std::vector<double> in_reversed(reversed.begin() + back,
                                          reversed.begin() + back + static_cast<std::ptrdiff_t>(d));
    if (alone != in_batch || in_reversed != in_batch) {
      report.broken.push_back(
          sentence("Point ", i, " must go to the same place alone, in a batch and in another order."));
      break;
    }
  }
  return report;
}

}  // namespace synthmed::testing

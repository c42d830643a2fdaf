// The audit tested on the user's own records: does it find planted copies, and how often does it cry wolf?
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/privacy/audit.hpp>

namespace synthmed {

/// Copies planted at one strength of disguise.
struct canary_result {
  double jitter = 0;  ///< sd of the noise per feature, in shares of the median d(H, T) over sqrt(dimensions)
  std::size_t planted = 0, found = 0;
  bool flagged = false;     ///< whether the audit as a whole was flagged
  double distance_auc = 0;  ///< the distance attack's AUC with them
};

struct canary_options {
  std::size_t count = 10;  ///< copies planted, in place of as many synthetic records
  std::vector<double> jitters = {0, 0.01, 0.05, 0.1, 0.2, 0.5};  ///< see canary_result::jitter
  key seed = key(1337);
};

/// Replaces synthetic records by copies of random training records with noise and audits again: a working audit finds
/// the weakly disguised ones. Throws argument_error for more copies than there are synthetic or training records.
[[nodiscard]] inline std::vector<canary_result> plant_canaries(const privacy_inputs& inputs,
                                                               const privacy_options& audit = {},
                                                               const canary_options& options = {}) {
  const feature_view train = inputs.train.features;
  const std::size_t d = train.dimensions(), n = inputs.synthetic.rows();
  if (options.count == 0 || options.count > n || options.count > train.rows())
    throw argument_error(sentence("Between 1 and ", std::min(n, train.rows()), " canaries can be planted here, got ",
                                  options.count, "."));
  const double scale =
      quantile(privacy_distances::nearest(nearest_neighbours(inputs.holdout.features, train, 1)), 0.5) /
      std::sqrt(static_cast<double>(d));
  std::vector<canary_result> out;
  for (const double jitter : options.jitters) {
    // The same records and places at every strength.
    const auto sources = permutation(options.seed.fold("sources"), train.rows()),
               places = permutation(options.seed.fold("places"), n);
    random_stream noise(options.seed.fold("noise"));
    feature_matrix planted{{inputs.synthetic.values().begin(), inputs.synthetic.values().end()}, d};
    std::vector<bool> is_canary(n);
    for (std::size_t i = 0; i < options.count; ++i) {
      is_canary[places[i]] = true;
      for (std::size_t j = 0; j < d; ++j)
        planted.values[places[i] * d + j] = train.row(sources[i])[j] + jitter * scale * noise.normal();
    }
    privacy_inputs with = inputs;
    with.synthetic = planted;
    const auto report = privacy_audit(with, audit);
    canary_result result{jitter, options.count, 0, report.flagged, report.attacks.front().auc.value};
    for (const auto& pair : report.pairs) result.found += pair.duplicate && is_canary[pair.synthetic];
    out.push_back(result);
  }
  return out;
}

/// How often sets that share nothing are flagged.
struct false_flag_result {
  std::size_t draws = 0, flagged = 0, by_attack = 0, by_duplicate = 0;
  estimate rate;  ///< flagged / draws with its exact 95 % interval (Clopper-Pearson)
  std::size_t train = 0, holdout = 0, synthetic = 0;  ///< rows of the last draw
};

/// Splits records that no generator has seen by subject into three parts, again and again, and audits the third as if
/// it were synthetic: whatever is flagged there is a false alarm. Throws argument_error for fewer than six subjects.
[[nodiscard]] inline false_flag_result false_flags(const feature_set& unseen, std::size_t draws = 100,
                                                   const privacy_options& audit = {}, key seed = key(1337)) {
  const auto clusters = unseen.clusters();
  if (clusters.count() < 6)
    throw argument_error(
        sentence("False alarms are counted on thirds of at least 6 subjects, got ", clusters.count(), "."));
  false_flag_result out;
  for (std::size_t draw = 0; draw < draws; ++draw) {
    const auto order = permutation(seed.fold("thirds").fold(draw), clusters.count());
    std::vector<std::size_t> third(clusters.count());
    for (std::size_t i = 0; i < order.size(); ++i) third[order[i]] = i * 3 / order.size();
    std::vector<std::size_t> rows[3];
    std::vector<std::string> subjects[3];
    for (std::size_t i = 0; i < clusters.size(); ++i) {
      rows[third[clusters[i]]].push_back(i);
      subjects[third[clusters[i]]].push_back(std::to_string(clusters[i]));
    }
    const auto train = take_rows(unseen.features, rows[0]), holdout = take_rows(unseen.features, rows[1]),
               synthetic = take_rows(unseen.features, rows[2]);
    const auto report = privacy_audit({{train, subjects[0]}, {holdout, subjects[1]}, synthetic}, audit);
    ++out.draws;
    out.flagged += report.flagged;
    out.by_duplicate += report.duplicates > 0;
    out.by_attack += std::any_of(report.attacks.begin(), report.attacks.end(), [](const auto& a) { return a.exceeds; });
    out.train = train.rows();
    out.holdout = holdout.rows();
    out.synthetic = synthetic.rows();
  }
  out.rate = clopper_pearson(static_cast<std::int64_t>(out.flagged), static_cast<std::int64_t>(out.draws));
  return out;
}

}  // namespace synthmed

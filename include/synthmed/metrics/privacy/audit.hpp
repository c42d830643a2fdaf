// The privacy audit: distances, attacks and duplicates of a synthetic set in one report, with a rule fixed beforehand.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/fidelity.hpp>
#include <synthmed/metrics/privacy/attacks.hpp>
#include <synthmed/metrics/privacy/duplicates.hpp>
#include <synthmed/metrics/privacy/nearest.hpp>
#include <synthmed/random/distributions.hpp>

namespace synthmed {

/// What an audit looks at. Training and held-out records come from the same source; no subject is in both.
struct privacy_inputs {
  feature_set train, holdout;
  feature_view synthetic;
  /// Scores of the trained critic (discriminator) for every real record, where there is one: LOGAN (Hayes et al. 2019).
  std::optional<attack_scores> critic = std::nullopt;
};

/// Options of privacy_audit().
struct privacy_options {
  attack_options attacks = {};
  duplicate_options duplicates = {};
  std::size_t density_neighbours = 3;  ///< k of the density attack
};

/// What an audit finds.
struct privacy_report {
  std::size_t train_rows = 0, holdout_rows = 0, synthetic_rows = 0, dimensions = 0;
  std::size_t train_subjects = 0, holdout_subjects = 0;  ///< records, where a set names no subjects
  bool train_subjects_known = true, holdout_subjects_known = true;
  privacy_distances distances;
  dcr_share_result dcr;
  double authenticity = 0;
  double copying_z = 0;
  std::vector<attack_result> attacks;
  duplicate_limits limits;
  std::vector<nearest_pair> pairs;  ///< all synthetic records, closest to the training set first
  std::size_t exact_duplicates = 0, duplicates = 0;
  /// The rule: an attack whose Holm-adjusted, subject-clustered lower 99 % limit exceeds one half, or a duplicate.
  bool flagged = false;
  /// An attack of a smaller AUC than this is missed more than one time in five with so few subjects.
  double detectable_auc = 1;
  std::vector<std::string> warnings;

  /// One paragraph: what was tried, what was found, what it does not show.
  [[nodiscard]] std::string verdict() const {
    std::string tried, found;
    for (const auto& attack : attacks) tried += (tried.empty() ? "" : ", ") + attack.name;
    for (const auto& attack : attacks)
      if (attack.exceeds)
        found += sentence(found.empty() ? "" : "; ", "the ", attack.name,
                          " attack tells training from held-out records "
                          "(AUC ",
                          rounded(attack.auc.value), ", lower limit ", rounded(attack.lower_limit), ")");
    if (duplicates > 0)
      found += sentence(found.empty() ? "" : "; ", duplicates,
                        duplicates == 1 ? " synthetic record lies" : " synthetic records lie",
                        " closer to a training record than chance allows");
    std::string out = sentence("Tried: membership inference (", tried, ") on ", real_sets(),
                               ", and a search for duplicates among ", synthetic_rows, " synthetic records. ");
    if (flagged) return out + "Found: " + found + ". The set is flagged: look at the listed pairs before it is shared.";
    out += "Found: no attack whose lower 99 % limit exceeds 0.5 and no duplicate. ";
    if (std::isfinite(detectable_auc) && detectable_auc < 1)
      out += sentence("An attack with an AUC below ", rounded(detectable_auc), " would probably have been missed. ");
    else
      out += "With so few subjects hardly any attack could have been found. ";
    return out +
           "This is no proof of privacy: other features, attacks and attackers with more knowledge were not tried.";
  }

  /// "30 training and 20 held-out subjects"; records are not called subjects where nobody named these.
  [[nodiscard]] std::string real_sets() const {
    if (train_subjects_known && holdout_subjects_known)
      return sentence(train_subjects, " training and ", holdout_subjects, " held-out subjects");
    const auto of = [](bool known) { return known ? " subjects" : " records (subjects unknown)"; };
    return sentence(train_subjects, " training", of(train_subjects_known), " and ", holdout_subjects, " held-out",
                    of(holdout_subjects_known));
  }

 private:
  [[nodiscard]] static double rounded(double value) { return std::round(value * 1000) / 1000; }
};

/// Audits a synthetic set. `flagged` follows a rule that was fixed before looking (see privacy_report); its rate of
/// false alarms is measured in docs/metrics/privacy.md.
/// Throws argument_error when a subject is in both real sets, every held-out record is a training record, a set has
/// fewer than two rows or a number is not finite, shape_error for different widths.
[[nodiscard]] inline privacy_report privacy_audit(const privacy_inputs& inputs, const privacy_options& options = {}) {
  const feature_view train = inputs.train.features, holdout = inputs.holdout.features;
  privacy_report out;
  out.distances = measure_distances(train, holdout, inputs.synthetic);
  std::size_t shared = 0;
  for (std::size_t i = 0; i < holdout.rows(); ++i) shared += out.distances.holdout_to_train.distances(i)[0] == 0.0;
  if (shared == holdout.rows())
    throw argument_error(
        sentence("Every held-out record equals a training record in all features; a control set of other "
                 "records is needed."));
  if (shared > 0)
    out.warnings.push_back(sentence(shared, " of ", holdout.rows(),
                                    " held-out records equal a training record in every feature; if they are the same "
                                    "pictures, the sets overlap and attacks look weaker than they are."));
  out.train_rows = train.rows();
  out.holdout_rows = holdout.rows();
  out.synthetic_rows = inputs.synthetic.rows();
  out.dimensions = train.dimensions();
  out.train_subjects = inputs.train.clusters().count();
  out.holdout_subjects = inputs.holdout.clusters().count();
  out.train_subjects_known = !inputs.train.subjects.empty();
  out.holdout_subjects_known = !inputs.holdout.subjects.empty();
  out.dcr = dcr_share(out.distances);
  out.authenticity = synthmed::authenticity(out.distances);
  out.copying_z = synthmed::copying_z(out.distances);

  // A set without subjects gets one per row, under names that no subject of the other set can bear.
  std::vector<std::string> ids;
  const auto add = [&](const feature_set& set, const char* prefix) {
    for (std::size_t i = 0; i < set.features.rows(); ++i)
      ids.push_back(set.subjects.empty() ? sentence(prefix, i) : sentence("=", set.subjects[i]));
  };
  add(inputs.train, "t");
  add(inputs.holdout, "h");
  const cluster_index subjects(ids);
  std::vector<attack_scores> attacks{
      distance_attack(train, holdout, inputs.synthetic),
      density_attack(train, holdout, inputs.synthetic, subjects, options.density_neighbours),
      monte_carlo_attack(train, holdout, inputs.synthetic)};
  if (inputs.critic) attacks.push_back(*inputs.critic);
  out.attacks = judge_attacks(attacks, subjects, train.rows(), options.attacks);

  out.limits = duplicate_limits_of(out.distances, options.duplicates);
  out.pairs = nearest_pairs(out.distances, out.limits);
  for (const auto& pair : out.pairs) {
    out.exact_duplicates += pair.exact;
    out.duplicates += pair.duplicate;
  }
  out.flagged = out.duplicates > 0 ||
                std::any_of(out.attacks.begin(), out.attacks.end(), [](const auto& a) { return a.exceeds; });

  // Under no leakage an AUC over a and b independent subjects has variance (a + b + 1) / (12 a b).
  const auto a = static_cast<double>(out.train_subjects), b = static_cast<double>(out.holdout_subjects);
  const bool smaller_known =
      out.train_subjects <= out.holdout_subjects ? out.train_subjects_known : out.holdout_subjects_known;
  const double alpha = (1 - options.attacks.confidence) / static_cast<double>(out.attacks.size());
  out.detectable_auc =
      std::min(1.0, 0.5 + (normal_quantile(1 - alpha) + normal_quantile(0.8)) * std::sqrt((a + b + 1) / (12 * a * b)));
  if (detail::smallest_p(a, b) * static_cast<double>(out.attacks.size()) >= 1 - options.attacks.confidence)
    out.warnings.push_back(
        sentence("With ", out.real_sets(),
                 " no attack can reach the limit, whatever was memorised: an audit by attacks needs more."));
  else if (std::min(a, b) < 50)
    out.warnings.push_back(sentence("Only ", std::min(out.train_subjects, out.holdout_subjects),
                                    smaller_known ? " subjects" : " records (subjects unknown)",
                                    " in the smaller real set: intervals are "
                                    "rough below 50, and only attacks with an AUC above about ",
                                    std::round(out.detectable_auc * 100) / 100, " are likely to be found."));
  if (out.holdout_rows < 1000)
    out.warnings.push_back(sentence("The 0.1 % quantile of ", out.holdout_rows,
                                    " held-out distances is close to their minimum; ",
                                    "it is a quantile from 1000 held-out records on."));
  if (out.exact_duplicates > out.duplicates)
    out.warnings.push_back(
        sentence(out.exact_duplicates,
                 " synthetic records equal a training record in every feature, but held-out "
                 "records lie as close to training ones: these features cannot tell copies from coincidence."));
  if (inputs.train.subjects.empty() || inputs.holdout.subjects.empty())
    out.warnings.push_back(
        "Records without subjects count as independent: intervals are too narrow when subjects have several images.");
  return out;
}

}  // namespace synthmed

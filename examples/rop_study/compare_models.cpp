// The figures and tests of rop_study compare.
#include <algorithm>
#include <array>
#include <cmath>

#include "compare.hpp"

namespace rop_study {

using namespace synthmed;

namespace {

/// Accuracy, sensitivity and specificity of the calls from multiplicities.
enum class rate { accuracy, sensitivity, specificity };

auto call_rate(const prediction_table& t, std::size_t positive, rate which) {
  return [&t, positive, which] {
    return [&t, positive, which](multiplicities times) {
      double hit = 0, all = 0;
      for (std::size_t i = 0; i < times.size(); ++i) {
        const bool truly = static_cast<std::size_t>(t.truth[i]) == positive;
        const bool called = static_cast<std::size_t>(t.call[i]) == positive;
        if ((which == rate::sensitivity && !truly) || (which == rate::specificity && truly)) continue;
        all += times[i];
        if (which == rate::accuracy ? t.truth[i] == t.call[i] : truly == called) hit += times[i];
      }
      return all > 0 ? hit / all : std::nan("");
    };
  };
}

auto quadratic_kappa(const prediction_table& t) {
  return [&t] {
    return [&t](multiplicities times) {
      const std::size_t k = t.classes.size();
      std::vector<std::vector<std::int64_t>> rows(k, std::vector<std::int64_t>(k, 0));
      for (std::size_t i = 0; i < times.size(); ++i)
        rows[static_cast<std::size_t>(t.call[i])][static_cast<std::size_t>(t.truth[i])] += times[i];
      return confusion_matrix::from_rows(rows).weighted_kappa(kappa_weights::quadratic).value;
    };
  };
}

template <class F>
double or_nan(F&& f) {
  try {
    return f();
  } catch (const argument_error&) {
    return std::nan("");
  }
}

model_figures figures_of(const prediction_table& t, std::size_t positive, const resampling& plan,
                         const cluster_index& clusters, const compare_settings& settings) {
  model_figures m;
  m.file = t.source;
  const auto scores = t.column(positive);
  const auto labels = t.is_class(positive);
  const ranked_scores ranked(scores, labels);
  m.naive = delong(ranked);
  m.clustered = delong_clustered(ranked, clusters);
  const bootstrap_options options{.replicates = settings.replicates, .seed = key(settings.seed).fold("compare")};
  const auto limits = [&](auto&& statistic) { return quantile_interval(bootstrap(plan, statistic, options)); };
  const auto pr = bootstrap(plan, table_statistic(ranked, auc_pr_of{settings.estimator}), options);
  m.pr = quantile_interval(pr);
  m.pr_undefined = pr.undefined;
  m.confusion = confusion_matrix(t.classes.size());
  for (std::size_t i = 0; i < t.cases(); ++i) m.confusion.update({t.call[i], t.truth[i]});
  m.accuracy = limits(call_rate(t, positive, rate::accuracy));
  m.sensitivity = limits(call_rate(t, positive, rate::sensitivity));
  m.specificity = limits(call_rate(t, positive, rate::specificity));
  m.kappa_quadratic = limits(quadratic_kappa(t));
  m.brier = brier(scores, labels);
  m.log_loss = log_loss(scores, labels);
  m.ece = calibration_error(scores, labels);
  m.mce = calibration_error(scores, labels, {}, calibration_norm::max);
  m.calibration = recalibrate(scores, labels);
  m.reliability = calibration_curve(scores, labels);
  m.youden = youden(ranked.table());
  const auto all = t.scores();
  m.macro_auc = or_nan([&] { return one_versus_rest(all, auc_of{}); });
  m.weighted_auc = or_nan([&] { return one_versus_rest(all, auc_of{}, averaging::weighted); });
  m.hand_till = or_nan([&] { return hand_till(all); });
  auto band_options = options;
  band_options.replicates = std::min<std::size_t>(options.replicates, 1000);
  m.roc = roc_band(ranked, plan, band_options);
  m.precision_recall = pr_band(ranked, plan, band_options);
  return m;
}

model_difference difference_of(const prediction_table& a, const prediction_table& b, std::size_t positive,
                               const resampling& plan, const cluster_index& clusters,
                               const compare_settings& settings) {
  model_difference d;
  const auto labels = a.is_class(positive);
  const auto sa = a.column(positive), sb = b.column(positive);
  const ranked_scores ra(sa, labels), rb(sb, labels);
  d.naive = delong_paired(ra, rb);
  d.clustered = delong_paired_clustered(ra, rb, clusters);
  d.stratified = test_difference(
      proc_bootstrap(ra.labels(), table_difference(ra, rb, auc_of{}),
                     {.replicates = settings.replicates, .seed = static_cast<std::uint32_t>(settings.seed)}));
  const bootstrap_options options{.replicates = settings.replicates, .seed = key(settings.seed).fold("compare")};
  d.by_subject = test_difference(bootstrap(plan, table_difference(ra, rb, auc_of{}), options));
  d.pr_by_subject = test_difference(bootstrap(plan, table_difference(ra, rb, auc_pr_of{settings.estimator}), options));
  d.permutation =
      permutation_paired(sa, sb, labels, clusters, auc_of{},
                         {.replicates = settings.replicates, .seed = key(settings.seed).fold("permutation")});
  mcnemar_metric calls;
  for (std::size_t i = 0; i < a.cases(); ++i) calls.update({a.call[i], a.truth[i]}, {b.call[i], b.truth[i]});
  d.mcnemar = calls.value();
  const std::array<double, 3> p{d.clustered.p, d.pr_by_subject.p, d.mcnemar.exact_p};
  if (std::none_of(p.begin(), p.end(), [](double x) { return std::isnan(x); })) d.holm = holm(p);
  if (settings.margin && std::isfinite(d.clustered.standard_error)) {
    d.equivalence = equivalence(d.clustered.difference, d.clustered.standard_error, *settings.margin);
    d.noninferiority = noninferiority(d.clustered.difference, d.clustered.standard_error, *settings.margin);
  }
  return d;
}

}  // namespace

comparison compare_models(const std::vector<prediction_table>& tables, const compare_settings& settings) {
  const auto& first = tables.at(0);
  comparison c;
  c.settings = settings;
  c.classes = first.classes;
  c.positive = settings.positive.empty() ? first.classes.size() - 1 : first.class_named(settings.positive);
  c.settings.positive = first.classes[c.positive];
  c.cases = first.cases();
  c.has_subjects = !first.subject.empty() || (tables.size() > 1 && !tables[1].subject.empty());
  const auto& with_subjects = first.subject.empty() && tables.size() > 1 ? tables[1] : first;
  const auto clusters = with_subjects.clusters();
  c.subjects = c.has_subjects ? clusters.count() : 0;
  const auto labels = first.is_class(c.positive);
  c.positives = static_cast<std::size_t>(std::count(labels.begin(), labels.end(), 1));
  if (c.positives == 0 || c.positives == c.cases)
    throw argument_error(sentence(first.source, " needs cases of class \"", c.settings.positive,
                                  "\" and of other classes, got ", c.positives, " of ", c.cases, "."));
  const auto plan = c.has_subjects ? resampling::subjects(clusters) : resampling::stratified(labels);
  for (const auto& t : tables) {
    c.models.push_back(figures_of(t, c.positive, plan, clusters, settings));
    std::size_t other = 0, odd = 0;
    for (std::size_t i = 0; i < t.cases(); ++i) {
      const auto row = std::span(t.probabilities).subspan(i * t.classes.size(), t.classes.size());
      double sum = 0;
      for (const double p : row) sum += p;
      odd += std::fabs(sum - 1) > 0.01;
      other += row[static_cast<std::size_t>(t.call[i])] < *std::max_element(row.begin(), row.end());
    }
    if (odd > 0) c.notes.push_back(sentence(t.source, ": the probabilities of ", odd, " cases do not add up to 1."));
    if (other > 0)
      c.notes.push_back(sentence(t.source, ": ", other, " predictions are not the class of the largest probability."));
    if (c.models.back().naive.low == 1)
      c.notes.push_back(
          sentence(t.source, " separates the classes without error; ", "DeLong's interval [1, 1] is no certainty."));
    if (c.models.back().pr_undefined > 0)
      c.notes.push_back(
          sentence(t.source, ": ", c.models.back().pr_undefined, " resamples held no positive case and are left out."));
  }
  if (!c.has_subjects)
    c.notes.push_back(
        "There is no column \"subject\": every case counts as a subject of its own. Where one infant has "
        "several images, the intervals are too narrow. Of a study, cnn/ARM/seed_K/probabilities_test.csv names "
        "subjects.");
  if (tables.size() > 1) c.difference = difference_of(tables[0], tables[1], c.positive, plan, clusters, settings);
  return c;
}

}  // namespace rop_study

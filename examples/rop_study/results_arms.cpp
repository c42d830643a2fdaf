// Arms of a study judged on the same cases: figures over seeds with subject-clustered intervals, tests, density
// baseline.
#include <array>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include <synthmed/metrics/calibration.hpp>
#include <synthmed/metrics/confusion.hpp>
#include <synthmed/metrics/inference.hpp>
#include <synthmed/metrics/pr.hpp>

#include "feature_input.hpp"
#include "results.hpp"

namespace rop_study {

using nlohmann::ordered_json;
using namespace synthmed;

namespace {

/// One arm on one test set, ranked once.
struct judged {
  arm_predictions predictions;
  std::vector<ranked_scores> ranked, ranked_any;
  std::vector<weighted_ranking> natural, natural_any;  ///< empty where no importance weights are known
  [[nodiscard]] const prediction_table& first() const { return predictions.seeds.front(); }
};

judged judge(arm_predictions p, const std::string& positive) {
  judged out{std::move(p), {}, {}, {}, {}};
  const auto& weights = out.predictions.weights;
  for (const auto& t : out.predictions.seeds) {
    const std::size_t c = t.class_named(positive);
    out.ranked.emplace_back(t.column(c), t.is_class(c));
    // Any disease: everything but the first class.
    auto any = t.column(0);
    for (auto& x : any) x = 1 - x;
    auto labels = t.is_class(0);
    for (auto& y : labels) y = 1 - y;
    out.ranked_any.emplace_back(any, labels);
    if (weights.empty()) continue;
    out.natural.emplace_back(t.column(c), t.is_class(c), weights);
    const auto& ranks = out.ranked_any.back().table();
    if (ranks.positives > 0 && ranks.negatives > 0) out.natural_any.emplace_back(any, labels, weights);
  }
  return out;
}

template <class Function>
auto table_statistics(const std::vector<ranked_scores>& ranked, Function function) {
  std::vector<decltype(table_statistic(ranked.front(), function))> out;
  for (const auto& r : ranked) out.push_back(table_statistic(r, function));
  return out;
}

auto weighted_statistics(const std::vector<weighted_ranking>& rankings) {
  std::vector<decltype(weighted_auc_statistic(rankings.front()))> out;
  for (const auto& r : rankings) out.push_back(weighted_auc_statistic(r));
  return out;
}

/// A function of the confusion matrix of the calls, of each seed's table.
template <class Function>
auto confusion_statistics(const std::vector<prediction_table>& tables, Function function) {
  const auto one = [function](const prediction_table& t) {
    return [&t, function] {
      return [&t, function](multiplicities times) -> double {
        const std::size_t k = t.classes.size();
        std::vector<std::vector<std::int64_t>> rows(k, std::vector<std::int64_t>(k, 0));
        for (std::size_t i = 0; i < times.size(); ++i)
          rows[static_cast<std::size_t>(t.call[i])][static_cast<std::size_t>(t.truth[i])] += times[i];
        return function(confusion_matrix::from_rows(rows));
      };
    };
  };
  std::vector<decltype(one(tables.front()))> out;
  for (const auto& t : tables) out.push_back(one(t));
  return out;
}

/// The Brier score of the positive class's probability.
auto brier_statistics(const std::vector<prediction_table>& tables, std::size_t positive) {
  const auto one = [positive](const prediction_table& t) {
    std::vector<double> squares(t.cases());
    for (std::size_t i = 0; i < squares.size(); ++i) {
      const double gap = t.probabilities[i * t.classes.size() + positive] -
                         (static_cast<std::size_t>(t.truth[i]) == positive ? 1.0 : 0.0);
      squares[i] = gap * gap;
    }
    return [squares] {
      return [&squares](multiplicities times) -> double {
        double sum = 0, n = 0;
        for (std::size_t i = 0; i < times.size(); ++i) {
          sum += times[i] * squares[i];
          n += times[i];
        }
        return sum / n;
      };
    };
  };
  std::vector<decltype(one(tables.front()))> out;
  for (const auto& t : tables) out.push_back(one(t));
  return out;
}

ordered_json estimate_json(const replicated_estimate& e) {
  ordered_json per_seed = ordered_json::array();
  for (const double x : e.per_seed) per_seed.push_back(number(x));
  ordered_json out{{"value", number(e.value)},
                   {"low", number(e.low)},
                   {"high", number(e.high)},
                   {"seed_sd", number(e.seed_sd)},
                   {"per_seed", per_seed}};
  if (e.undefined > 0) out["undefined_resamples"] = e.undefined;
  return out;
}

ordered_json difference_json(const auc_difference& d, const char* method) {
  return {{"difference", number(d.difference)}, {"low", number(d.low)}, {"high", number(d.high)},
          {"statistic", number(d.statistic)},   {"p", number(d.p)},     {"method", method}};
}

template <class F>
double or_nan(F&& f) {
  try {
    return f();
  } catch (const argument_error&) {
    return std::nan("");
  }
}

bootstrap_options bootstrap_of(const study_settings& s) {
  return {.replicates = s.replicates, .seed = key(s.seed).fold("results")};
}

ordered_json set_json(const judged& a, const study_settings& s) {
  const auto& tables = a.predictions.seeds;
  const auto& first = a.first();
  const std::size_t positive = first.class_named(s.positive);
  const auto clusters = first.clusters();
  const auto plan = resampling::subjects(clusters);
  const auto options = bootstrap_of(s);
  const auto over_seeds = [&](const auto& makers) { return estimate_json(replicated(plan, makers, options)); };
  ordered_json out;
  out["images"] = first.cases();
  out["positives"] = a.ranked.front().table().positives;
  out["subjects"] = clusters.count();
  out["population"] = s.population;
  out["method"] = sentence("mean over ", tables.size(), " seeds; limits: 95 % quantiles over ", s.replicates,
                           " resamples of subjects");
  // Every AUC says of which population it is: the same ranking is easier or harder in another.
  const auto of_population = [](ordered_json e, const std::string& population) {
    e["population"] = population;
    return e;
  };
  const auto natural = [&](const std::vector<weighted_ranking>& rankings) {
    if (rankings.empty()) return ordered_json(nullptr);
    auto e = of_population(over_seeds(weighted_statistics(rankings)), "natural, by importance weights");
    e["effective_images"] = number(rankings.front().effective_size());
    return e;
  };
  out["auc_roc"] = of_population(over_seeds(table_statistics(a.ranked, auc_of{})), s.population_name);
  out["auc_roc_natural"] = natural(a.natural);
  out["auc_roc_clustered_delong"] = [&] {
    ordered_json list = ordered_json::array();
    for (const auto& r : a.ranked) {
      const auto e = delong_clustered(r, clusters);
      list.push_back({{"value", number(e.value)}, {"low", number(e.low)}, {"high", number(e.high)}});
    }
    return list;
  }();
  for (const auto& [name, estimator] :
       {std::pair{"auc_pr", pr_estimator::average_precision}, {"auc_pr_rocr", pr_estimator::rocr}}) {
    out[name] = of_population(over_seeds(table_statistics(a.ranked, auc_pr_of{estimator})), s.population_name);
    out[name]["estimator"] = synthmed::name(estimator);
    out[name]["prevalence"] =
        static_cast<double>(a.ranked.front().table().positives) / static_cast<double>(first.cases());
  }
  const auto& any = a.ranked_any.front().table();
  out["auc_roc_any_disease"] =
      any.positives > 0 && any.negatives > 0
          ? of_population(over_seeds(table_statistics(a.ranked_any, auc_of{})), s.population_name)
          : ordered_json(nullptr);
  out["auc_roc_any_disease_natural"] = natural(a.natural_any);
  const auto of_positive = [&](auto&& f) {
    return over_seeds(
        confusion_statistics(tables, [positive, f](const confusion_matrix& c) { return f(c.collapsed(positive)); }));
  };
  out["binary"] = {
      {"accuracy", of_positive([](const confusion_matrix& c) { return c.overall().accuracy; })},
      {"sensitivity", of_positive([](const confusion_matrix& c) { return c.of_class(1).sensitivity; })},
      {"specificity", of_positive([](const confusion_matrix& c) { return c.of_class(1).specificity; })},
      {"kappa", of_positive([](const confusion_matrix& c) { return c.weighted_kappa(kappa_weights::none).value; })}};
  const auto of_all = [&](auto&& f) { return over_seeds(confusion_statistics(tables, f)); };
  out["three_classes"] = {
      {"accuracy", of_all([](const confusion_matrix& c) { return c.overall().accuracy; })},
      {"balanced_accuracy", of_all([](const confusion_matrix& c) { return c.overall().balanced_accuracy; })},
      {"kappa", of_all([](const confusion_matrix& c) { return c.weighted_kappa(kappa_weights::none).value; })},
      {"kappa_quadratic",
       of_all([](const confusion_matrix& c) { return c.weighted_kappa(kappa_weights::quadratic).value; })}};
  if (const auto undefined = out["auc_roc"].value("undefined_resamples", std::size_t{0}); undefined > 0)
    out["method"] = sentence(out["method"].get<std::string>(), "; ", undefined,
                             " of them, with one class only, are left out of AUCs of ", s.positive);
  out["brier"] = over_seeds(brier_statistics(tables, positive));
  ordered_json ece = ordered_json::array(), counts = ordered_json::array(), exact = ordered_json::array();
  for (const auto& t : tables) {
    ece.push_back(number(calibration_error(t.column(positive), t.is_class(positive))));
    confusion_matrix c(t.classes.size());
    for (std::size_t i = 0; i < t.cases(); ++i) c.update({t.call[i], t.truth[i]});
    ordered_json rows = ordered_json::array();
    for (std::size_t i = 0; i < t.classes.size(); ++i) {
      ordered_json row = ordered_json::array();
      for (std::size_t j = 0; j < t.classes.size(); ++j) row.push_back(c.at(i, j));
      rows.push_back(row);
    }
    counts.push_back(rows);
    const auto o = c.collapsed(positive).overall();
    exact.push_back({{"accuracy", number(o.accuracy)},
                     {"low", number(o.accuracy_low)},
                     {"high", number(o.accuracy_high)},
                     {"no_information_rate", number(o.no_information_rate)},
                     {"p_accuracy_above_nir", number(o.accuracy_p)},
                     {"mcnemar_p", number(o.mcnemar_p)}});
  }
  out["ece_10_per_seed"] = ece;
  out["confusion"] = {{"rows", "prediction"}, {"columns", "truth"}, {"classes", first.classes}, {"per_seed", counts}};
  out["binary_exact_per_seed"] = exact;
  return out;
}

ordered_json mcnemar_json(const judged& a, const judged& b, std::size_t positive) {
  ordered_json list = ordered_json::array();
  for (std::size_t s = 0; s < std::min(a.predictions.seeds.size(), b.predictions.seeds.size()); ++s) {
    mcnemar_metric calls;
    const auto &x = a.predictions.seeds[s], &y = b.predictions.seeds[s];
    const auto is = [&](int c) { return static_cast<std::size_t>(c) == positive ? 1 : 0; };
    for (std::size_t i = 0; i < x.cases(); ++i)
      calls.update({is(x.call[i]), is(x.truth[i])}, {is(y.call[i]), is(y.truth[i])});
    const auto r = calls.value();
    list.push_back({{"only_first_right", r.only_first},
                    {"only_second_right", r.only_second},
                    {"statistic", number(r.corrected.statistic)},
                    {"p", number(r.corrected.p)},
                    {"exact_p", number(r.exact_p)}});
  }
  return list;
}

ordered_json test_json(const judged& a, const judged& b, const study_settings& s) {
  const auto clusters = a.first().clusters();
  const auto plan = resampling::subjects(clusters);
  const auto test = delong_replicated(a.ranked, b.ranked, clusters);
  const auto naive = delong_replicated(a.ranked, b.ranked, cluster_index::singletons(a.first().cases()));
  ordered_json out{{"set", a.predictions.set},
                   {"first", a.predictions.arm},
                   {"second", b.predictions.arm},
                   {"population", s.population_name}};
  out["auc_roc"] = {
      {"delong_clustered",
       difference_json(test, "DeLong, clustered by subject (Obuchowski 1997), of the means over seeds")},
      {"delong", difference_json(naive, "DeLong of the means over seeds, images as independent (as published)")}};
  const auto resampled = [&](auto function) {
    const auto first = mean_statistic(table_statistics(a.ranked, function)),
               second = mean_statistic(table_statistics(b.ranked, function));
    const auto both = [first, second] {
      return [x = first(), y = second()](multiplicities times) mutable -> double { return x(times) - y(times); };
    };
    const auto t = test_difference(bootstrap(plan, both, bootstrap_of(s)));
    return ordered_json{{"difference", number(t.difference)},
                        {"low", number(t.low)},
                        {"high", number(t.high)},
                        {"statistic", number(t.statistic)},
                        {"p", number(t.p)},
                        {"method", "bootstrap by subject of the means over seeds"}};
  };
  try {
    out["auc_roc"]["bootstrap"] = resampled(auc_of{});
    out["auc_pr"] = resampled(auc_pr_of{pr_estimator::average_precision});
  } catch (const argument_error&) {  // hardly any resample holds both classes
    out["auc_roc"]["bootstrap"] = out["auc_pr"] = nullptr;
  }
  out["mcnemar_per_seed"] = mcnemar_json(a, b, a.first().class_named(s.positive));
  out["equivalence"] = nullptr;
  if (std::isfinite(test.standard_error)) {
    const auto e = equivalence(test.difference, test.standard_error, s.margin);
    out["equivalence"] = {
        {"margin", e.margin}, {"p", number(e.p)}, {"low", number(e.low)}, {"high", number(e.high)}, {"shown", e.shown}};
  }
  return out;
}

void adjust(ordered_json& tests) {
  std::vector<double> p;
  std::vector<std::size_t> of;
  for (std::size_t i = 0; i < tests.size(); ++i) {
    const ordered_json value =
        tests[i]["auc_roc"]["delong_clustered"]["p"];  // a copy: a new key moves an object's others
    tests[i]["holm_p"] = nullptr;
    if (value.is_null()) continue;
    p.push_back(value.get<double>());
    of.push_back(i);
  }
  const auto adjusted = holm(p);
  for (std::size_t i = 0; i < of.size(); ++i) tests[of[i]]["holm_p"] = adjusted[i];
}

/// Logistic regression of the positive class on the logit of a map's density, learned from the arm's own training maps.
/// Where density separates those maps without error the regression has no finite solution, but its direction is known,
/// and the AUC asks for no more.
struct density_model {
  double intercept = 0, slope = 1;
  bool separated = false;
};

std::optional<density_model> learn_density(const std::vector<const map_statistics*>& sets, int positive) {
  std::vector<double> x;
  std::vector<int> y;
  for (const auto* set : sets)
    for (std::size_t i = 0; i < set->density.size(); ++i) {
      x.push_back(set->density[i]);
      y.push_back(set->labels[i] == positive);
    }
  try {
    const auto fit = recalibrate(x, y, 1e-6);
    if (fit.converged) return density_model{fit.intercept, fit.slope, false};
    return density_model{0, auc(x, y) < 0.5 ? -1.0 : 1.0, true};
  } catch (const argument_error&) {  // one class only
    return std::nullopt;
  }
}

/// What density alone reaches on an arm's test maps, as one model of it says.
struct density_judged {
  std::vector<ranked_scores> ranked;  ///< one, as the arms' classifiers have one per seed
  replicated_estimate auc;
};

density_judged judge_density(const density_model& model, const judged& arm, const map_statistics& test,
                             const study_settings& s) {
  std::unordered_map<std::string, double> density;
  for (std::size_t i = 0; i < test.names.size(); ++i) density.emplace(test.names[i], test.density[i]);
  const auto& t = arm.first();
  std::vector<double> scores(t.cases());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const double d = std::clamp(density.at(std::filesystem::path(t.id[i]).stem().string()), 1e-6, 1 - 1e-6);
    scores[i] = model.intercept + model.slope * std::log(d / (1 - d));
  }
  const auto labels = t.is_class(t.class_named(s.positive));
  density_judged out{{ranked_scores(scores, labels)}, {}};
  out.auc = replicated(resampling::subjects(t.clusters()), table_statistics(out.ranked, auc_of{}), bootstrap_of(s));
  return out;
}

/// Density as the arm's own maps teach it, and the better of that and of what the real arm's maps teach, which is what
/// a classifier must beat: maps that teach the wrong direction would make it easy.
ordered_json baseline_json(const density_model& own, const std::optional<density_model>& real, const judged& arm,
                           const map_statistics& test, const study_settings& s) {
  const auto clusters = arm.first().clusters();
  const auto auc_json = [](const replicated_estimate& e) {
    return ordered_json{{"value", number(e.value)}, {"low", number(e.low)}, {"high", number(e.high)}};
  };
  const auto gain_of = [&](const density_judged& density) {
    return delong_replicated(arm.ranked, density.ranked, clusters);
  };
  constexpr const char* method = "DeLong, clustered by subject, of the mean over seeds";
  const auto of_own = judge_density(own, arm, test, s);
  auto best = of_own;
  std::string learned_from = arm.predictions.arm;
  if (real)
    if (auto of_real = judge_density(*real, arm, test, s); of_real.auc.value > of_own.auc.value) {
      best = std::move(of_real);
      learned_from = "real";
    }
  const auto gain = gain_of(best);
  return {{"auc_roc", auc_json(of_own.auc)},
          {"separates_training_maps", own.separated},
          {"classifier_minus_density", difference_json(gain_of(of_own), method)},
          {"best",
           {{"learned_from", learned_from},
            {"auc_roc", auc_json(best.auc)},
            {"classifier_minus_density", difference_json(gain, method)}}},
          {"classifier_beats_density", std::isfinite(gain.low) ? ordered_json(gain.low > 0) : ordered_json(nullptr)}};
}

}  // namespace

arms_results judge_arms(const std::filesystem::path& study, const study_settings& s, const manifest& real,
                        const std::map<std::string, map_statistics>& maps) {
  arms_results out;
  out.tests = ordered_json::array();
  out.generators = nullptr;
  const int positive =
      static_cast<int>(std::find(real.classes.begin(), real.classes.end(), s.positive) - real.classes.begin());
  for (const auto& arm : s.arms) {
    auto& a = out.arms[arm.name];
    a["title"] = arm.title;
    std::size_t total = 0;
    std::vector<std::size_t> of_class(real.classes.size(), 0);
    for (const auto& set : arm.maps)
      for (std::size_t c = 0; c < of_class.size(); ++c) {
        of_class[c] += maps.at(set.name).classes[c].maps;
        total += maps.at(set.name).classes[c].maps;
      }
    a["training"]["maps"] = total;
    for (std::size_t c = 0; c < of_class.size(); ++c) a["training"][real.classes[c]] = of_class[c];
    for (const auto& set : arm.maps) a["training"]["sets"].push_back(set.name);
    for (const char* set : test_sets) a[set] = nullptr;
    out.baseline_density[arm.name] = {{"test", nullptr}, {"expert", nullptr}};
  }
  for (const std::string set : test_sets) {
    std::vector<judged> judged_arms;
    std::optional<density_model> real_density;
    for (const auto& arm : s.arms) {
      auto predictions = read_arm(study, s, arm.name, set, real);
      if (predictions.seeds.empty()) break;  // there is no such test set
      auto one = judge(std::move(predictions), s.positive);
      if (!judged_arms.empty() && one.first().id != judged_arms.front().first().id)
        throw format_error(sentence("The arms ", judged_arms.front().predictions.arm, " and ", arm.name,
                                    " list the pictures of the ", set,
                                    " split in different orders, so they cannot be compared picture by picture; "
                                    "classify them again from one manifest."));
      const auto& table = one.ranked.front().table();
      if (table.positives == 0 || table.negatives == 0)
        throw format_error(sentence("The ", set, " split needs pictures of class ", s.positive, " and of others, got ",
                                    table.positives, " and ", table.negatives, "."));
      out.arms[arm.name][set] = set_json(one, s);
      std::vector<const map_statistics*> learned_from;
      for (const auto& m : arm.maps) learned_from.push_back(&maps.at(m.name));
      const auto model = learn_density(learned_from, positive);
      if (arm.name == "real") real_density = model;
      if (model)
        out.baseline_density[arm.name][set] =
            baseline_json(*model, real_density, one, maps.at(arm.tested.generic_string() + " " + set), s);
      judged_arms.push_back(std::move(one));
    }
    if (judged_arms.empty()) continue;
    ordered_json tests = ordered_json::array();
    for (std::size_t i = 1; i < judged_arms.size(); ++i) tests.push_back(test_json(judged_arms[i], judged_arms[0], s));
    const auto find = [&](const char* name) -> const judged* {
      for (const auto& j : judged_arms)
        if (j.predictions.arm == name) return &j;
      return nullptr;
    };
    if (const auto* gan = find("synthetic"), *copier = find("copier"); gan != nullptr && copier != nullptr)
      tests.push_back(test_json(*gan, *copier, s));
    adjust(tests);
    for (auto& t : tests) out.tests.push_back(std::move(t));
  }
  // How far another training of the generators moves the figure: nothing that a resample of subjects could tell.
  ordered_json per_generator = ordered_json::array();
  std::vector<double> values;
  for (const auto& arm : s.arms)
    if ((arm.name == "synthetic" || arm.name.starts_with("synthetic_gan_")) && out.arms[arm.name]["test"].is_object()) {
      per_generator.push_back(arm.name);
      values.push_back(out.arms[arm.name]["test"]["auc_roc"]["value"].get<double>());
    }
  if (values.size() > 1)
    out.generators = {{"arms", per_generator},
                      {"auc_roc", values},
                      {"mean", std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size())},
                      {"sd", number(sample_sd(values))},
                      {"population", s.population_name}};
  return out;
}

}  // namespace rop_study

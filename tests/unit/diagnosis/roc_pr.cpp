// ROC and precision-recall: published values of pROC, ROCR, MLmetrics and scikit-learn.
#include "golden.hpp"

#include <synthmed/metrics/multiclass.hpp>
#include <synthmed/metrics/pr.hpp>
#include <synthmed/metrics/roc.hpp>

using namespace synthmed;

namespace {
// The estimators' values, measured with the reference packages (ROCR 1.0-11, scikit-learn 1.2.1, own quadrature).
struct expected_pr {
  double rocr, average_precision, trapezoid, davis_goadrich, mlmetrics;
};
void check_pr(const tie_table& t, const expected_pr& e) {
  CHECK_CLOSE(auc_pr(t, pr_estimator::rocr), e.rocr);
  CHECK_CLOSE(auc_pr(t), e.average_precision);
  CHECK_CLOSE(auc_pr(t, pr_estimator::trapezoid), e.trapezoid);
  CHECK_CLOSE(auc_pr(t, pr_estimator::davis_goadrich), e.davis_goadrich);
  CHECK_CLOSE(auc_pr(t, pr_estimator::mlmetrics), e.mlmetrics);
}
}  // namespace

TEST_CASE("areas of the golden sets", "[roc][pr]") {
  const golden::three_classes d;
  const golden::tied ties;
  const ranked_scores a(d.a2, d.plus), b(d.b2, d.plus), ta(ties.a, ties.y), tb(ties.b, ties.y);
  CHECK_CLOSE(auc(a.table()), golden::r("cls3.class2.auc_a"));
  CHECK_CLOSE(auc(b.table()), golden::r("cls3.class2.auc_b"));
  CHECK_CLOSE(auc(ta.table()), golden::r("ties.auc_a"));
  CHECK_CLOSE(auc(tb.table()), golden::r("ties.auc_b"));
  check_pr(a.table(), {golden::r("cls3.class2.rocr_aucpr_a"), 0.769536198526008, 0.76651588814544, 0.766583525343111,
                       golden::r("cls3.class2.mlmetrics_prauc_a")});
  check_pr(b.table(), {golden::r("cls3.class2.rocr_aucpr_b"), 0.849022054238927, 0.847396651479849, 0.847418286627311,
                       golden::r("cls3.class2.mlmetrics_prauc_b")});
  check_pr(ta.table(), {golden::r("ties.rocr_aucpr_a"), 0.657871188372756, 0.699737817041892, 0.689988610889089,
                        golden::r("ties.mlmetrics_prauc_a")});
  check_pr(tb.table(), {golden::r("ties.rocr_aucpr_b"), 0.430412230412230, 0.404330466830467, 0.407834286421125,
                        golden::r("ties.mlmetrics_prauc_b")});
  const auto& py = golden::python();
  for (const auto& [name, ranked] : {std::pair{"a", &a}, {"b", &b}}) {
    CHECK_CLOSE(auc(ranked->table()), py["cls3_class2"][name]["roc_auc"]);
    CHECK_CLOSE(auc_pr(ranked->table()), py["cls3_class2"][name]["average_precision"]);
    CHECK_CLOSE(auc_pr(ranked->table(), pr_estimator::trapezoid), py["cls3_class2"][name]["pr_auc_trapz"]);
    CHECK(pr_curve(ranked->table()).size() + 1 == py["cls3_class2"][name]["pr_points"].get<std::size_t>());
    CHECK_CLOSE(partial_auc(ranked->table(), {.from = 0.9, .to = 1, .corrected = true}),
                py["cls3_class2"][name]["auc_max_fpr_0_1"]);
  }
  for (const auto& [name, ranked] : {std::pair{"a", &ta}, {"b", &tb}}) {
    CHECK_CLOSE(auc_pr(ranked->table()), py["ties"][name]["average_precision"]);
    CHECK_CLOSE(auc_pr(ranked->table(), pr_estimator::trapezoid), py["ties"][name]["pr_auc_trapz"]);
    CHECK_CLOSE(partial_auc(ranked->table(), {.corrected = true}), py["ties"][name]["auc_max_fpr_0_1"]);
  }
}

TEST_CASE("partial areas and Youden's point as pROC's", "[roc]") {
  const golden::three_classes d;
  const golden::tied ties;
  const ranked_scores a(d.a2, d.plus), t(ties.a, ties.y);
  CHECK_CLOSE(partial_auc(a.table()), golden::r("cls3.class2.pauc_spec_0.9_1_a"));
  CHECK_CLOSE(partial_auc(a.table(), {.corrected = true}), golden::r("cls3.class2.pauc_spec_0.9_1_corrected_a"));
  CHECK_CLOSE(partial_auc(t.table()), golden::r("ties.pauc_spec_0.9_1_a"));
  CHECK_CLOSE(partial_auc(t.table(), {.corrected = true}), golden::r("ties.pauc_spec_0.9_1_corrected_a"));
  for (const auto& [name, table] : {std::pair{"cls3.class2", &a.table()}, {"ties", &t.table()}}) {
    const auto best = youden(*table);
    CHECK_CLOSE(best.midpoint, golden::r(std::string(name) + ".youden_a[threshold]"));
    CHECK_CLOSE(best.specificity, golden::r(std::string(name) + ".youden_a[specificity]"));
    CHECK_CLOSE(best.sensitivity, golden::r(std::string(name) + ".youden_a[sensitivity]"));
  }
}

TEST_CASE("a partial area over everything is the area, on both axes", "[roc]") {
  const golden::tied ties;
  const auto table = ranked_scores(ties.a, ties.y).table();
  using axis = partial_auc_options::axis;
  for (const auto of : {axis::specificity, axis::sensitivity}) {
    CHECK_CLOSE(partial_auc(table, {.of = of, .from = 0, .to = 1}), auc(table));
    CHECK_CLOSE(partial_auc(table, {.of = of, .from = 0, .to = 1, .corrected = true}), auc(table));
    CHECK_CLOSE(
        partial_auc(table, {.of = of, .from = 0, .to = 0.37}) + partial_auc(table, {.of = of, .from = 0.37, .to = 1}),
        auc(table));
  }
  CHECK_THROWS_AS(partial_auc(table, {.from = 0.5, .to = 0.5}), argument_error);
  CHECK_THROWS_AS(partial_auc(table, {.from = -0.1, .to = 0.5}), argument_error);
}

TEST_CASE("operating points", "[roc]") {
  const std::vector<double> s{0.1, 0.4, 0.35, 0.8, 0.6};
  const std::vector<int> y{0, 0, 1, 1, 1};
  const auto table = ranked_scores(s, y).table();
  const auto sure = at_sensitivity(table, 1.0);
  CHECK(sure.threshold == 0.35);
  CHECK(sure.specificity == 0.5);
  const auto strict = at_specificity(table, 1.0);
  CHECK(strict.threshold == 0.6);
  CHECK_CLOSE(strict.sensitivity, 2.0 / 3);
  CHECK(at_sensitivity(table, 0).threshold == std::numeric_limits<double>::infinity());
  CHECK_THROWS_AS(at_sensitivity(table, 1.5), argument_error);
}

TEST_CASE("low scores can speak for the positive class", "[roc]") {
  const std::vector<double> s{1, 2, 3, 4};
  const std::vector<int> y{1, 1, 0, 0};
  const auto curve = roc_curve(ranked_scores(s, y, direction::lower_is_positive).table());
  CHECK(curve.front().threshold == -std::numeric_limits<double>::infinity());
  CHECK(curve.back().midpoint == std::numeric_limits<double>::infinity());
  const auto best = youden(ranked_scores(s, y, direction::lower_is_positive).table());
  CHECK(best.threshold == 2);  // at most 2 is positive
  CHECK(best.midpoint == 2.5);
}

TEST_CASE("documented examples of other packages", "[roc][pr]") {
  const std::vector<int> y{0, 0, 1, 1};
  const std::vector<double> s{0.1, 0.4, 0.35, 0.8};
  CHECK_CLOSE(auc(s, y), 0.75);
  CHECK_CLOSE(auc_pr(s, y), 5.0 / 6);
  const std::vector<int> few{1, 1, 1, 0, 0, 0, 0, 0, 0, 0};
  std::vector<double> x(10, 0.0);
  x[0] = 5;
  CHECK_CLOSE(auc_pr(x, few), 0.5333333333333333);
  const std::vector<double> p{0, 0.5, 0.7, 0.8};
  const std::vector<int> z{0, 1, 1, 0};
  CHECK_CLOSE(auc_pr(p, z), 0.58333333333333333);
  CHECK(name(pr_estimator_named("davis_goadrich")) == "davis_goadrich");
  CHECK_THROWS_AS(pr_estimator_named("auc"), argument_error);
}

TEST_CASE("three classes: one against the rest, Hand and Till", "[multiclass]") {
  const golden::three_classes d;
  for (const auto& [which, raw] : {std::pair{"a", &d.a}, {"b", &d.b}}) {
    // scikit-learn wants rows that sum to one; four decimals do not.
    std::vector<double> p = *raw;
    for (std::size_t i = 0; i < p.size(); i += 3) {
      const double sum = p[i] + p[i + 1] + p[i + 2];
      for (std::size_t c = 0; c < 3; ++c) p[i + c] /= sum;
    }
    const class_scores scores(p, d.label, 3);
    const auto& py = golden::python()[std::string("cls3_multi_") + which];
    CHECK_CLOSE(one_versus_rest(scores, auc_of{}), py["roc_ovr_macro"]);
    CHECK_CLOSE(one_versus_rest(scores, auc_of{}, averaging::weighted), py["roc_ovr_weighted"]);
    CHECK_CLOSE(hand_till(scores), py["roc_ovo_macro"]);
    CHECK_CLOSE(one_versus_rest(scores, auc_pr_of{}), py["ap_macro"]);
    CHECK_CLOSE(one_versus_rest(scores, auc_pr_of{}, averaging::weighted), py["ap_weighted"]);
    CHECK_CLOSE(one_versus_rest(scores, auc_pr_of{}, averaging::micro), py["ap_micro"]);
    CHECK_CLOSE(brier_multiclass(scores), py["brier_multiclass_sum"]);
    CHECK_CLOSE(log_loss_multiclass(scores), py["log_loss"]);
  }
  CHECK_CLOSE(hand_till(class_scores(d.a, d.label, 3)), golden::r("cls3.proc_multiclass_auc_a"));
}

TEST_CASE("ordinal concordance of two grades is the area", "[multiclass]") {
  const golden::tied ties;
  CHECK_CLOSE(ordinal_concordance(ties.a, ties.y), auc(ties.a, ties.y));
  const std::vector<double> severity{1, 2, 2, 3};
  const std::vector<int> grade{0, 1, 2, 2};
  CHECK_CLOSE(ordinal_concordance(severity, grade), 4.5 / 5);
  CHECK_THROWS_AS(ordinal_concordance(severity, std::vector<int>{1, 1, 1, 1}), argument_error);
}

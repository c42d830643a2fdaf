// Confusion matrices: caret's numbers, scikit-learn's, and tables from the literature of the disease.
#include "golden.hpp"

#include <synthmed/metrics/confusion.hpp>
#include <synthmed/metrics/multiclass.hpp>

using namespace synthmed;

namespace {

using rows = std::vector<std::vector<std::int64_t>>;

void check_overall(const std::string& tag, const confusion_matrix& m) {
  const auto o = m.overall();
  const auto at = [&](const char* what) { return golden::r("caret." + tag + ".overall[" + what + "]"); };
  INFO(tag);
  CHECK_CLOSE(o.accuracy, at("Accuracy"));
  CHECK_CLOSE(o.kappa, at("Kappa"));
  CHECK_CLOSE(o.accuracy_low, at("AccuracyLower"), 1e-11);
  CHECK_CLOSE(o.accuracy_high, at("AccuracyUpper"), 1e-11);
  CHECK_CLOSE(o.no_information_rate, at("AccuracyNull"));
  CHECK_CLOSE(o.accuracy_p, at("AccuracyPValue"), 1e-10);  // R's own pbinom carries about 1e-12
  CHECK_CLOSE(o.mcnemar_p, at("McnemarPValue"), 1e-11);
}

void check_class(const std::string& key, const class_statistics& c) {
  const auto at = [&](const char* what) { return golden::r("caret." + key + "[" + what + "]"); };
  INFO(key);
  CHECK_CLOSE(c.sensitivity, at("Sensitivity"));
  CHECK_CLOSE(c.specificity, at("Specificity"));
  CHECK_CLOSE(c.ppv, at("Pos Pred Value"));
  CHECK_CLOSE(c.npv, at("Neg Pred Value"));
  CHECK_CLOSE(c.precision, at("Precision"));
  CHECK_CLOSE(c.recall, at("Recall"));
  CHECK_CLOSE(c.f1, at("F1"));
  CHECK_CLOSE(c.prevalence, at("Prevalence"));
  CHECK_CLOSE(c.detection_rate, at("Detection Rate"));
  CHECK_CLOSE(c.detection_prevalence, at("Detection Prevalence"));
  CHECK_CLOSE(c.balanced_accuracy, at("Balanced Accuracy"));
}

confusion_matrix called(const std::vector<double>& p, const std::vector<int>& label) {
  const class_scores scores(p, label, 3);
  const auto calls = scores.calls();
  confusion_matrix m(3);
  for (std::size_t i = 0; i < label.size(); ++i) m.update({calls[i], label[i]});
  return m;
}

}  // namespace

TEST_CASE("two-class tables as caret prints them, edge cases among them", "[confusion]") {
  // rows = prediction (No, Plus), columns = truth; the last number: which class is positive
  const std::vector<std::tuple<std::string, rows, std::size_t>> tables{
      {"seed_real_set100", {{83, 5}, {2, 10}}, 1}, {"seed_synth_set100", {{84, 1}, {1, 14}}, 1},
      {"caretdoc", {{231, 32}, {27, 54}}, 0},      {"perfect2", {{10, 0}, {0, 20}}, 1},
      {"neverplus", {{85, 15}, {0, 0}}, 1},        {"allwrong", {{0, 15}, {85, 0}}, 1}};
  for (const auto& [tag, table, positive] : tables) {
    const auto m = confusion_matrix::from_rows(table);
    check_overall(tag, m);
    check_class(tag + ".byClass", m.of_class(positive));
  }
  const auto doc = confusion_matrix::from_rows({{231, 32}, {27, 54}});
  check_class("caretdoc_prev25.byClass", doc.of_class(0, 0.25));
}

TEST_CASE("three-class tables of the study's history and of the golden set", "[confusion]") {
  const std::vector<std::pair<std::string, rows>> tables{{"seed_hist_real3", {{54, 25, 2}, {0, 6, 2}, {0, 0, 11}}},
                                                         {"seed_hist_synth3", {{54, 7, 0}, {0, 14, 0}, {0, 10, 15}}}};
  for (const auto& [tag, table] : tables) {
    const auto m = confusion_matrix::from_rows(table);
    check_overall(tag, m);
    std::size_t c = 0;
    for (const char* name : {"Normal", "PrePlus", "Plus"}) check_class(tag + ".byClass." + name, m.of_class(c++));
  }
  const golden::three_classes d;
  for (const auto& [tag, p] : {std::pair{"cls3_a", &d.a}, {"cls3_b", &d.b}}) {
    const auto m = called(*p, d.label);
    check_overall(tag, m);
    for (std::size_t c = 0; c < 3; ++c) check_class(std::string(tag) + ".byClass." + std::to_string(c), m.of_class(c));
  }
}

TEST_CASE("scikit-learn's averages of three classes", "[confusion]") {
  const golden::three_classes d;
  for (const auto& [which, p] : {std::pair{"a", &d.a}, {"b", &d.b}}) {
    const auto m = called(*p, d.label);
    const auto& py = golden::python()[std::string("cls3_multi_") + which];
    CHECK_CLOSE(m.overall().accuracy, py["accuracy"]);
    CHECK_CLOSE(m.overall().balanced_accuracy, py["balanced_accuracy"]);
    CHECK_CLOSE(m.weighted_kappa(kappa_weights::none).value, py["kappa"]);
    CHECK_CLOSE(m.weighted_kappa(kappa_weights::linear).value, py["kappa_linear"]);
    CHECK_CLOSE(m.weighted_kappa(kappa_weights::quadratic).value, py["kappa_quadratic"]);
    CHECK_CLOSE(m.mcc(), py["mcc"]);
    CHECK_CLOSE(m.f1_macro(), py["f1_macro"]);
    CHECK_CLOSE(m.f1_weighted(), py["f1_weighted"]);
  }
}

TEST_CASE("published tables of plus disease", "[confusion]") {
  // Printed with the truth in rows; kappa and accuracy do not mind the transposition.
  const auto three = confusion_matrix::from_rows({{632, 165, 1}, {7, 160, 17}, {1, 2, 49}});
  CHECK(three.overall().accuracy == Approx(0.813346).margin(5e-7));
  CHECK(three.weighted_kappa(kappa_weights::none).value == Approx(0.59666845).margin(5e-9));
  CHECK(three.weighted_kappa(kappa_weights::linear).value == Approx(0.65327670).margin(5e-9));
  CHECK(three.weighted_kappa(kappa_weights::quadratic).value == Approx(0.72747019).margin(5e-9));
  const auto plus = confusion_matrix::from_rows({{964, 18}, {3, 49}});
  CHECK(plus.overall().kappa == Approx(0.81293613).margin(5e-9));
  CHECK(three.collapsed(2).at(1, 1) == 49);
  CHECK(three.collapsed(2).overall().kappa == Approx(0.81293613).margin(5e-9));
}

TEST_CASE("caret's documented two-class table", "[confusion]") {
  const auto o = confusion_matrix::from_rows({{8, 1}, {2, 9}}).overall();
  CHECK_CLOSE(o.accuracy, 0.85);
  CHECK(o.accuracy_low == Approx(0.6211).margin(5e-5));
  CHECK(o.accuracy_high == Approx(0.9679).margin(5e-5));
  CHECK(o.accuracy_p == Approx(0.001288).margin(5e-7));
  CHECK_CLOSE(o.kappa, 0.7);
}

TEST_CASE("kappa's standard error is the delta method's", "[confusion]") {
  // Independent of the closed form: numerical gradient of kappa in the cell shares, multinomial covariance.
  const std::vector<std::vector<double>> p{{0.4, 0.05, 0.01}, {0.08, 0.2, 0.03}, {0.02, 0.06, 0.15}};
  const double n = 1000;
  rows table(3, std::vector<std::int64_t>(3));
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j) table[i][j] = std::llround(p[i][j] * n);
  for (const auto weights : {kappa_weights::none, kappa_weights::linear, kappa_weights::quadratic}) {
    const auto kappa = [&](const std::vector<double>& q) {
      double observed = 0, chance = 0;
      for (std::size_t i = 0; i < 3; ++i)
        for (std::size_t j = 0; j < 3; ++j) {
          const double far = std::fabs(double(i) - double(j)) / 2;
          const double w = weights == kappa_weights::none     ? double(i == j)
                           : weights == kappa_weights::linear ? 1 - far
                                                              : 1 - far * far;
          double r = 0, c = 0;
          for (std::size_t k = 0; k < 3; ++k) {
            r += q[i * 3 + k];
            c += q[k * 3 + j];
          }
          observed += w * q[i * 3 + j];
          chance += w * r * c;
        }
      return (observed - chance) / (1 - chance);
    };
    std::vector<double> q;
    for (const auto& row : p) q.insert(q.end(), row.begin(), row.end());
    double mean = 0, square = 0;
    for (std::size_t k = 0; k < 9; ++k) {
      auto up = q, down = q;
      up[k] += 1e-6;
      down[k] -= 1e-6;
      const double g = (kappa(up) - kappa(down)) / 2e-6;
      mean += q[k] * g;
      square += q[k] * g * g;
    }
    const double se = std::sqrt((square - mean * mean) / n);
    const auto got = confusion_matrix::from_rows(table).weighted_kappa(weights);
    CHECK_CLOSE((got.high - got.value) / 1.9599639845400545, se, 1e-6);
  }
}

TEST_CASE("rates beyond caret", "[confusion]") {
  const auto c = confusion_matrix::from_rows({{83, 5}, {2, 10}}).of_class(1);
  CHECK(c.true_positives == 10);
  CHECK(c.false_negatives == 5);
  CHECK_CLOSE(c.positive_likelihood_ratio, (10.0 / 15) / (2.0 / 85));
  CHECK_CLOSE(c.negative_likelihood_ratio, (5.0 / 15) / (83.0 / 85));
  CHECK_CLOSE(c.diagnostic_odds_ratio, 83.0);
  CHECK_CLOSE(c.false_discovery_rate, 2.0 / 12);
  CHECK_CLOSE(c.false_omission_rate, 5.0 / 88);
  CHECK_CLOSE(c.mcc, (10.0 * 83 - 2 * 5) / std::sqrt(12.0 * 15 * 85 * 88));
  CHECK_CLOSE(c.sensitivity_wilson.low, wilson(10, 15).low);
}

TEST_CASE("tables that are none are refused", "[confusion]") {
  CHECK_THROWS_AS(confusion_matrix(1), argument_error);
  CHECK_THROWS_AS(confusion_matrix(2).overall(), argument_error);
  CHECK_THROWS_AS(confusion_matrix::from_rows({{1, 2}, {3}}), argument_error);
  CHECK_THROWS_AS(confusion_matrix::from_rows({{1, -2}, {3, 4}}), argument_error);
  confusion_matrix m(3);
  CHECK_THROWS_AS(m.update({3, 0}), argument_error);
  CHECK_THROWS_AS(m.update({0, -1}), argument_error);
  CHECK_THROWS_AS(m.merge(confusion_matrix(2)), argument_error);
}

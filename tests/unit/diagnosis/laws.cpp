// The laws of metrics on our models, on wrong ones, and on inputs at the edges.
#include "golden.hpp"

#include <synthmed/metrics/calibration.hpp>
#include <synthmed/metrics/confusion.hpp>
#include <synthmed/metrics/inference/tests.hpp>
#include <synthmed/metrics/pr.hpp>
#include <synthmed/metrics/roc.hpp>
#include <synthmed/metrics/segmentation.hpp>
#include <synthmed/testing/metric_laws.hpp>

using namespace synthmed;
using namespace synthmed::testing;

namespace {
std::vector<scored_case> cases_of(const std::vector<double>& s, const std::vector<int>& y) {
  std::vector<scored_case> out;
  for (std::size_t i = 0; i < s.size(); ++i) out.push_back({s[i], y[i]});
  return out;
}
#define CHECK_LAWS(report)     \
  do {                         \
    const auto found = report; \
    INFO(found.words());       \
    CHECK(found.holds());      \
  } while (false)

/// Breaks the law of order: it keeps what it saw last.
struct last_seen {
  using observation = double;
  void update(const double& x) { last = x; }
  void merge(const last_seen& part) { last = part.last; }
  double value() const { return last; }
  double last = 0;
};
}  // namespace

TEST_CASE("merging parts is the whole and order is irrelevant", "[laws]") {
  const golden::tied t;
  const golden::three_classes d;
  const auto tied = cases_of(t.a, t.y), plus = cases_of(d.a2, d.plus);
  CHECK_LAWS(check_metric_laws<auc_metric>(tied));
  CHECK_LAWS(check_metric_laws<auc_metric>(plus));
  for (const auto e : {pr_estimator::average_precision, pr_estimator::trapezoid, pr_estimator::davis_goadrich,
                       pr_estimator::rocr, pr_estimator::mlmetrics})
    CHECK_LAWS(check_metric_laws(std::span<const scored_case>(tied), auc_pr_metric(auc_pr_of{e})));
  CHECK_LAWS(check_metric_laws(std::span<const scored_case>(plus), score_metric<partial_auc_of>()));
  CHECK_LAWS(check_metric_laws<brier_metric>(plus));
  CHECK_LAWS(check_metric_laws<calibration_error_metric>(plus));
  std::vector<confusion_matrix::observation> calls;
  for (std::size_t i = 0; i < d.label.size(); ++i) calls.push_back({static_cast<int>(i % 3), d.label[i]});
  CHECK_LAWS(check_metric_laws(std::span<const confusion_matrix::observation>(calls), confusion_matrix(3),
                               [](const overall_statistics& o) { return o.kappa; }));
  std::vector<std::uint8_t> a(600), b(600);
  std::vector<segmentation_counts::observation> pictures;
  std::vector<pixel_table::observation> maps;
  random_stream stream(key(9));
  for (std::size_t i = 0; i < a.size(); ++i) {
    a[i] = static_cast<std::uint8_t>(stream.below(256));
    b[i] = stream.chance(0.4);
  }
  for (std::size_t i = 0; i < 6; ++i) {
    pictures.push_back({std::span(a).subspan(100 * i, 100), std::span(b).subspan(100 * i, 100), {}});
    maps.push_back({std::span(a).subspan(100 * i, 100), std::span(b).subspan(100 * i, 100), {}});
  }
  CHECK_LAWS(check_metric_laws<segmentation_counts>(pictures));
  CHECK_LAWS(check_metric_laws<pixel_table>(maps, pixel_table(), [](const tie_table& x) { return auc(x); }));
}

TEST_CASE("paired metrics: laws and exchange", "[laws]") {
  const golden::three_classes d;
  std::vector<scored_subject_case> a, b;
  std::vector<mcnemar_metric::observation> ca, cb;
  for (std::size_t i = 0; i < d.plus.size(); ++i) {
    a.push_back({d.a2[i], d.plus[i], d.patient[i]});
    b.push_back({d.b2[i], d.plus[i], d.patient[i]});
    ca.push_back({d.a2[i] > 0.5, d.plus[i]});
    cb.push_back({d.b2[i] > 0.5, d.plus[i]});
  }
  CHECK_LAWS(
      check_paired_metric_laws<paired_auc>(a, b, paired_auc(), [](const auc_difference& t) { return t.statistic; }));
  CHECK_LAWS(check_paired_metric_laws<mcnemar_metric>(ca, cb, mcnemar_metric(), [](const mcnemar_metric::result& r) {
    return static_cast<double>(r.only_first - r.only_second);
  }));
  paired_auc whole;
  for (std::size_t i = 0; i < a.size(); ++i) whole.update(a[i], b[i]);
  CHECK_CLOSE(whole.value().statistic, delong_paired_clustered(ranked_scores(d.a2, d.plus), ranked_scores(d.b2, d.plus),
                                                               cluster_index(d.patient))
                                           .statistic);
  CHECK_THROWS_AS(whole.update({0.5, 1, 0}, {0.5, 0, 0}), argument_error);
}

TEST_CASE("the law check finds a metric that breaks a law", "[laws]") {
  const std::vector<double> x{1, 2, 3, 4, 5};
  const auto report = check_metric_laws<last_seen>(x);
  CHECK_FALSE(report.holds());
  CHECK(synthmed_test::contains(report.words(), "order"));
}

TEST_CASE("a metric merged with itself counts everything twice", "[laws]") {
  auc_metric m;
  for (const auto& c : {scored_case{0.1, 0}, {0.4, 0}, {0.35, 1}, {0.8, 1}}) m.update(c);
  m.merge(m);
  CHECK(m.scores().size() == 8);
  CHECK_CLOSE(m.value(), 0.75);
}

TEST_CASE("monotone transforms leave the areas alone", "[laws]") {
  const golden::tied t;
  const auto before = ranked_scores(t.a, t.y).table();
  auto scores = t.a;
  for (auto& s : scores) s = std::exp(3 * s) - 40;
  const auto after = ranked_scores(scores, t.y).table();
  CHECK(auc(before) == auc(after));
  CHECK(auc_pr(before) == auc_pr(after));
  CHECK(partial_auc(before) == partial_auc(after));
  for (auto& s : scores) s = -s;
  CHECK_CLOSE(auc(scores, t.y), 1 - auc(before));
  CHECK(auc(ranked_scores(scores, t.y, direction::lower_is_positive).table()) == auc(before));
}

TEST_CASE("perfect, reversed, constant and infinite scores have their documented values", "[laws]") {
  const std::vector<int> y{0, 0, 0, 1};
  const std::vector<double> perfect{1, 2, 3, 4}, reversed{4, 3, 2, 1}, flat(4, 7.0);
  const double inf = std::numeric_limits<double>::infinity();
  const std::vector<double> infinite{-inf, -inf, 0, inf};
  CHECK(auc(perfect, y) == 1);
  CHECK(auc(reversed, y) == 0);
  CHECK(auc(flat, y) == 0.5);
  CHECK(auc(infinite, y) == 1);
  CHECK(auc_pr(perfect, y) == 1);
  CHECK(auc_pr(flat, y) == 0.25);  // the prevalence
  CHECK(auc_pr(reversed, y) == 0.25);
  CHECK_CLOSE(auc_pr(flat, y, pr_estimator::davis_goadrich), 0.25);
  CHECK(roc_curve(ranked_scores(flat, y).table()).size() == 2);
}

TEST_CASE("one class, NaN, wrong labels and lengths are errors, never numbers", "[laws]") {
  const std::vector<double> s{0.1, 0.2};
  const std::vector<int> ones{1, 1}, zeros{0, 0};
  CHECK_THROWS_AS(auc(s, ones), argument_error);
  CHECK_THROWS_AS(auc(s, zeros), argument_error);
  CHECK(auc_pr(s, ones) == 1);
  CHECK_THROWS_AS(auc_pr(s, zeros), argument_error);
  CHECK_THROWS_AS(auc(std::vector<double>{}, std::vector<int>{}), argument_error);
  CHECK_THROWS_AS(auc(std::vector<double>{0.1, std::nan("")}, std::vector<int>{0, 1}), argument_error);
  CHECK_THROWS_AS(auc(s, std::vector<int>{0, 2}), argument_error);
  CHECK_THROWS_AS(auc(s, std::vector<int>{0}), argument_error);
  auc_metric m;
  CHECK_THROWS_AS(m.update({std::nan(""), 0}), argument_error);
  CHECK_THROWS_AS(m.update({0.5, 7}), argument_error);
  CHECK_THROWS_AS(m.value(), argument_error);
  const auto said = synthmed_test::message_of<argument_error>([&] { (void)auc(s, ones); });
  CHECK(synthmed_test::contains(said, "2 positive and 0 negative"));
}

// Prints our figures for a CSV file of y (0/1), a, b (two models' scores in [0, 1]) and cluster as "key,value" lines,
// for the scripts that compare them with reference packages.
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <synthmed/io/csv.hpp>
#include <synthmed/metrics/calibration.hpp>
#include <synthmed/metrics/confusion.hpp>
#include <synthmed/metrics/inference.hpp>
#include <synthmed/metrics/pr.hpp>

using namespace synthmed;

int main(int argc, char** argv) {
  try {
    if (argc != 2) throw argument_error("usage: diagnosis_oracle FILE.csv");
    const auto t = read_csv(argv[1]);
    std::vector<int> y;
    std::vector<double> a, b;
    for (std::size_t i = 0; i < t.rows(); ++i) {
      y.push_back(static_cast<int>(t.number(i, t.column("y"))));
      a.push_back(t.number(i, t.column("a")));
      b.push_back(t.number(i, t.column("b")));
    }
    const auto put = [](const char* name, double value) { std::printf("%s,%.17g\n", name, value); };
    const ranked_scores ra(a, y), rb(b, y);
    put("auc", auc(ra.table()));
    put("auc_max_fpr", partial_auc(ra.table(), {.from = 0.8, .to = 1, .corrected = true}));
    put("pauc_sens", partial_auc(ra.table(), {.of = partial_auc_options::axis::sensitivity, .from = 0.8, .to = 1}));
    put("average_precision", auc_pr(ra.table()));
    put("trapezoid", auc_pr(ra.table(), pr_estimator::trapezoid));
    put("brier", brier(a, y));
    put("log_loss", log_loss(a, y));
    const auto best = youden(ra.table());
    put("youden_sensitivity", best.sensitivity);
    put("youden_specificity", best.specificity);
    put("youden_threshold", best.midpoint);
    confusion_matrix m(2);
    for (std::size_t i = 0; i < y.size(); ++i) m.update({a[i] >= 0.5, y[i]});
    const auto o = m.overall();
    const auto c = m.of_class(1);
    put("accuracy", o.accuracy);
    put("accuracy_low", o.accuracy_low);
    put("accuracy_high", o.accuracy_high);
    put("nir", o.no_information_rate);
    put("accuracy_p", o.accuracy_p);
    put("kappa", o.kappa);
    put("mcnemar_p", o.mcnemar_p);
    put("mcc", o.mcc);
    put("balanced_accuracy", o.balanced_accuracy);
    put("sensitivity", c.sensitivity);
    put("specificity", c.specificity);
    put("ppv", c.ppv);
    put("npv", c.npv);
    put("f1", c.f1);
    const auto ci = delong(ra);
    put("delong_low", ci.low);
    put("delong_high", ci.high);
    const auto paired = delong_paired(ra, rb);
    put("paired_z", paired.statistic);
    put("paired_p", paired.p);
    const auto unpaired = delong_unpaired(ra, rb);
    put("unpaired_d", unpaired.statistic);
    put("unpaired_df", unpaired.df);
    put("unpaired_p", unpaired.p);
    const auto boot = test_difference(
        proc_bootstrap(ra.labels(), table_difference(ra, rb, auc_of{}), {.replicates = 300, .seed = 42}));
    put("bootstrap_d", boot.statistic);
    const auto limits =
        quantile_interval(proc_bootstrap(ra.labels(), table_statistic(ra, auc_of{}), {.replicates = 300, .seed = 42}));
    put("bootstrap_low", limits.low);
    put("bootstrap_high", limits.high);
    return 0;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "diagnosis_oracle: %s\n", problem.what());
    return 2;
  }
}

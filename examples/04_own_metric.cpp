// An own metric in a few lines: net benefit (Vickers and Elkin 2006), its laws checked, its limits by subject.
#include <cstdio>
#include <vector>

#include <synthmed/metrics/inference.hpp>
#include <synthmed/testing/metric_laws.hpp>

struct net_benefit {  // of calling everybody positive whose probability is at least `threshold`
  using observation = synthmed::scored_case;
  void update(const observation& seen) {
    ++cases;
    if (seen.score >= threshold) ++(seen.label == 1 ? hits : alarms);
  }
  void merge(const net_benefit& part) { cases += part.cases, hits += part.hits, alarms += part.alarms; }
  double value() const { return (hits - alarms * threshold / (1 - threshold)) / cases; }
  double threshold = 0.2, cases = 0, hits = 0, alarms = 0;
};
static_assert(synthmed::explain_metric<net_benefit>());  // says in a sentence what is missing

int main() {
  const std::vector<net_benefit::observation> eyes{{.9, 1}, {.8, 1}, {.7, 0}, {.4, 1},
                                                   {.3, 0}, {.2, 0}, {.1, 0}, {.1, 0}};
  const std::vector<int> infant{1, 1, 2, 2, 3, 3, 4, 4};
  const auto laws = synthmed::testing::check_metric_laws<net_benefit>(eyes);
  const auto plan = synthmed::resampling::subjects(synthmed::cluster_index(infant));
  const auto limits = synthmed::percentile_interval(bootstrap(plan, synthmed::metric_statistic<net_benefit>(eyes)));
  std::printf("laws hold: %s\nnet benefit %.4f, 95 %% limits by infant %.4f to %.4f\n", laws.holds() ? "yes" : "no",
              limits.value, limits.low, limits.high);
  return laws.holds() ? 0 : 1;
}

// An own schedule: a learning rate that warms up and falls along a cosine, printed as a table to plot.
#include <cmath>
#include <cstdio>

#include <synthmed/testing/schedule_laws.hpp>

struct warm_cosine {
  using settings = double;  // the learning rate is all that changes
  double peak = 1e-3;
  std::int64_t warm = 100, total = 1000;
  std::int64_t total_steps() const { return total; }
  double at(std::int64_t step) const {
    if (step < 0 || step >= total) throw synthmed::argument_error("warm_cosine was asked for a step outside its run.");
    if (step < warm) return peak * static_cast<double>(step + 1) / static_cast<double>(warm);
    return peak / 2 * (1 + std::cos(3.14159265358979 * static_cast<double>(step - warm) / static_cast<double>(total - warm)));
  }
};
static_assert(synthmed::train::explain_schedule<warm_cosine>());

int main() {
  const warm_cosine schedule;
  for (std::int64_t step = 0; step < schedule.total; step += 50) std::printf("%4d %.6f\n", static_cast<int>(step), schedule.at(step));
  return synthmed::testing::broken_schedule_law(schedule).empty() ? 0 : 1;
}

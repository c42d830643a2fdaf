// Ends a run whose numbers are no numbers any more.
#pragma once

#include <cmath>
#include <limits>
#include <string>

#include <synthmed/error.hpp>
#include <synthmed/train/observer.hpp>

namespace synthmed::train {

struct divergence_options {
  /// A value of a report beyond this, in either direction, counts as diverged too.
  double largest = std::numeric_limits<double>::infinity();
};

/// Throws diverged_error, naming step and values, when a step reports something that is not finite or too large, or a
/// positive "nonfinite_gradients". Nothing is zeroed or skipped: run() ends without a checkpoint of that step.
class divergence_stop : public quiet_observer {
 public:
  explicit divergence_stop(divergence_options options = {}) : options_(options) {}

  verdict on_step(const step_event& e) {
    std::string found;
    for (const auto& v : e.values) {
      const bool counted = v.name == "nonfinite_gradients";
      if (counted ? v.value > 0 : !(std::abs(v.value) <= options_.largest && std::isfinite(v.value)))
        found += sentence(found.empty() ? "" : ", ", v.name, " is ", v.value);
    }
    if (!found.empty())
      throw diverged_error(sentence("Step ", e.step, " diverged: ", found,
                                    "; train with a lower learning rate, or from an earlier checkpoint."));
    return verdict::go_on;
  }

 private:
  divergence_options options_;
};

static_assert(explain_observer<divergence_stop>());

}  // namespace synthmed::train

// Learning rates as schedules: constant, cosine with warm-up, in steps. Pure values: at(step) is the rate of that step.
#pragma once

#include <cmath>
#include <cstdint>

#include <synthmed/error.hpp>
#include <synthmed/train/schedule.hpp>

namespace synthmed::train {

namespace detail {

inline void check_rate(double rate, std::int64_t steps) {
  if (!(rate > 0) || !std::isfinite(rate) || steps < 1)
    throw argument_error(
        sentence("A learning rate is above 0 and lasts at least one step, got ", rate, " for ", steps, " steps."));
}
inline void check_step(std::int64_t step, std::int64_t steps) {
  if (step < 0 || step >= steps)
    throw argument_error(sentence("Step ", step, " lies outside a schedule of ", steps, " steps."));
}

}  // namespace detail

/// The same rate at every step.
class constant_rate {
 public:
  using settings = double;
  /// Throws argument_error for a rate that is not above 0, or no step.
  constant_rate(double rate, std::int64_t steps) : rate_(rate), steps_(steps) { detail::check_rate(rate, steps); }
  [[nodiscard]] std::int64_t total_steps() const noexcept { return steps_; }
  [[nodiscard]] double at(std::int64_t step) const {
    detail::check_step(step, steps_);
    return rate_;
  }

 private:
  double rate_;
  std::int64_t steps_;
};

/// Rises linearly to the peak over the warm-up (step 0 has peak / warm_up), then falls as half a cosine to `last`
/// (Loshchilov, Hutter 2017); without warm-up PyTorch's CosineAnnealingLR.
class cosine_rate {
 public:
  using settings = double;
  struct options {
    double peak = 1e-3;
    std::int64_t steps = 1;    ///< in all, the warm-up included
    std::int64_t warm_up = 0;  ///< of these, fewer than all
    double last = 0;           ///< what the fall ends at (one step after the last)
  };
  /// Throws argument_error for values out of range.
  explicit cosine_rate(const options& o) : o_(o) {
    detail::check_rate(o.peak, o.steps);
    if (o.warm_up < 0 || o.warm_up >= o.steps || !(o.last >= 0 && o.last <= o.peak))
      throw argument_error(sentence("A cosine rate needs a warm-up shorter than its ", o.steps,
                                    " steps and a last rate from 0 to its peak of ", o.peak, ", got ", o.warm_up,
                                    " and ", o.last, "."));
  }
  [[nodiscard]] std::int64_t total_steps() const noexcept { return o_.steps; }
  [[nodiscard]] double at(std::int64_t step) const {
    detail::check_step(step, o_.steps);
    if (step < o_.warm_up) return o_.peak * static_cast<double>(step + 1) / static_cast<double>(o_.warm_up);
    const double done = static_cast<double>(step - o_.warm_up) / static_cast<double>(o_.steps - o_.warm_up);
    return o_.last + (o_.peak - o_.last) * 0.5 * (1 + std::cos(3.14159265358979323846 * done));
  }

 private:
  options o_;
};

/// Multiplied by `factor` after every `every` steps.
class step_rate {
 public:
  using settings = double;
  struct options {
    double first = 1e-3;
    std::int64_t steps = 1;  ///< in all
    std::int64_t every = 1;  ///< steps with one rate
    double factor = 0.1;     ///< in (0, 1]
  };
  /// Throws argument_error for values out of range.
  explicit step_rate(const options& o) : o_(o) {
    detail::check_rate(o.first, o.steps);
    if (o.every < 1 || !(o.factor > 0 && o.factor <= 1))
      throw argument_error(sentence("A rate in steps changes after at least one step by a factor in (0, 1], got ",
                                    o.every, " and ", o.factor, "."));
  }
  [[nodiscard]] std::int64_t total_steps() const noexcept { return o_.steps; }
  [[nodiscard]] double at(std::int64_t step) const {
    detail::check_step(step, o_.steps);
    return o_.first * std::pow(o_.factor, static_cast<double>(step / o_.every));
  }

 private:
  options o_;
};

static_assert(explain_schedule<constant_rate>() && explain_schedule<cosine_rate>() && explain_schedule<step_rate>());

}  // namespace synthmed::train

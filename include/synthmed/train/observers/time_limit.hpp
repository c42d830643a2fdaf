// Ends a run after a time, with a checkpoint.
#pragma once

#include <synthmed/error.hpp>
#include <synthmed/train/observer.hpp>

namespace synthmed::train {

/// Stops the run after the first step that ends at or after `seconds` of this call of run(); 0 is no limit.
class time_limit : public quiet_observer {
 public:
  /// Throws argument_error for a negative time.
  explicit time_limit(double seconds) : seconds_(seconds) {
    if (!(seconds >= 0)) throw argument_error(sentence("A time limit is at least 0 s, got ", seconds, "."));
  }

  verdict on_step(const step_event& e) {
    reached_ = seconds_ > 0 && e.seconds >= seconds_;
    return reached_ ? verdict::stop : verdict::go_on;
  }
  [[nodiscard]] bool reached() const noexcept { return reached_; }

 private:
  double seconds_;
  bool reached_ = false;
};

static_assert(explain_observer<time_limit>());

}  // namespace synthmed::train

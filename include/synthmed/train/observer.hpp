// The observer concept: who watches a training run, and may stop it. The library itself never prints.
#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <string_view>
#include <type_traits>

namespace synthmed::train {

/// A number that a step reports.
struct named_value {
  std::string_view name;
  double value = 0;
};

/// A step that was just made.
struct step_event {
  std::int64_t step = 0;        ///< counted from 0, over the whole run, resumed or not
  std::int64_t first_step = 0;  ///< the first step that this call of run() made
  std::int64_t end_step = 0;    ///< where this call of run() stops: the step after its last one
  std::int64_t stage = 0;       ///< 0 for a trainer without stages
  std::int64_t images = 0;      ///< pictures that the step was shown; 0 when the trainer does not say
  double seconds = 0;           ///< wall-clock time since run() was called
  std::span<const named_value> values{};  ///< what the trainer reports, in its order; valid during the call

  /// The value of a name; NaN when the step does not report it.
  [[nodiscard]] double value(std::string_view name) const noexcept {
    for (const auto& v : values)
      if (v.name == name) return v.value;
    return std::numeric_limits<double>::quiet_NaN();
  }
};

/// A stage that ended, or the run that stops within one.
struct stage_event {
  std::int64_t stage = 0;
  std::int64_t step = 0;  ///< the last step that was made
  bool complete = true;   ///< false: the run stops here, before the stage's last step
};

/// A checkpoint that is about to be written.
struct checkpoint_event {
  std::int64_t next_step = 0;  ///< where a run goes on from it
  std::filesystem::path path{};
};

/// What an observer thinks of a step.
enum class verdict { go_on, stop };

/// Watches a run:
///   verdict on_step(const step_event&)          after every step; stop ends the run, with a checkpoint. An exception ends
///                                               it without: the last good checkpoint stays the newest
///   void on_stage(const stage_event&)           after a stage and its checkpoint, and when a run stops within a stage
///   void on_checkpoint(const checkpoint_event&) before a checkpoint is written: bring your files to disk, they may be
///                                               ahead of the checkpoint, never behind it
/// Laws (testing/observer_laws.hpp): an observer never changes what is trained; what it has written after
/// on_checkpoint(n) is cut back to the steps before n when the run is resumed there.
template <class O>
concept observer = requires(O& o, const step_event& step, const stage_event& stage, const checkpoint_event& checkpoint) {
  { o.on_step(step) } -> std::same_as<verdict>;
  { o.on_stage(stage) } -> std::same_as<void>;
  { o.on_checkpoint(checkpoint) } -> std::same_as<void>;
};

/// Base of observers that need not see everything: hides nothing, does nothing.
struct quiet_observer {
  verdict on_step(const step_event&) { return verdict::go_on; }
  void on_stage(const stage_event&) {}
  void on_checkpoint(const checkpoint_event&) {}
};

/// True when O is an observer; otherwise compilation stops at a sentence that says what it lacks.
template <class O>
consteval bool explain_observer() {
  static_assert(requires(O& o, const step_event& e) { { o.on_step(e) } -> std::same_as<verdict>; },
                "synthmed: this observer lacks `verdict on_step(const step_event&)` (inherit quiet_observer for the rest).");
  static_assert(requires(O& o, const stage_event& e) { { o.on_stage(e) } -> std::same_as<void>; },
                "synthmed: this observer lacks `void on_stage(const stage_event&)` (quiet_observer has one).");
  static_assert(requires(O& o, const checkpoint_event& e) { { o.on_checkpoint(e) } -> std::same_as<void>; },
                "synthmed: this observer lacks `void on_checkpoint(const checkpoint_event&)` (quiet_observer has one).");
  return observer<O>;
}

static_assert(explain_observer<quiet_observer>());

}  // namespace synthmed::train

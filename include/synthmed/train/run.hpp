// The training loop: steps until the end, a limit, Ctrl-C or an observer stops it, always with a checkpoint.
#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/train/checkpoint_store.hpp>
#include <synthmed/train/interrupt.hpp>
#include <synthmed/train/observer.hpp>
#include <synthmed/train/trainer.hpp>

namespace synthmed::train {

/// When a run stops and when it is written.
struct run_options {
  std::int64_t steps = 0;               ///< stop when this many steps are made in all, resumed ones among them; 0: all there are
  const checkpoint_store* store = nullptr;  ///< where checkpoints go; none are written without
  /// At most this long between checkpoints; longer where writing one takes more than a twentieth of it. 0: only at stages
  /// and at the end.
  double checkpoint_seconds = 60;
  std::int64_t checkpoint_steps = 0;    ///< also after every so many steps; 0: not
};

/// Why run() came back.
enum class run_end { finished, step_limit, interrupted, observer };

struct run_result {
  std::int64_t next_step = 0;
  run_end why = run_end::finished;
};

/// Makes steps from trainer.next_step() on; batches(step) gives the batch of any step. Stops after options.steps, on
/// Ctrl-C (while an interrupt_guard lives), and when an observer says so; a checkpoint is written then, at every end of a
/// stage, and from time to time. A step that throws (diverged_error among others) ends the run without a checkpoint: what
/// it left is not to be gone on from, and the last good checkpoint stays. Observers are called in their order.
/// Throws argument_error for negative options, and what trainer, batches, observers and store throw.
template <trainer T, class Batches, class... Observers>
  requires std::invocable<Batches&, std::int64_t> &&
           std::convertible_to<std::invoke_result_t<Batches&, std::int64_t>, const typename T::batch&> &&
           (observer<std::remove_cvref_t<Observers>> && ...)
run_result run(T& t, Batches&& batches, const run_options& options, Observers&&... observers) {
  if (options.steps < 0 || options.checkpoint_seconds < 0 || options.checkpoint_steps < 0)
    throw argument_error(sentence("A run's limits are not negative, got steps ", options.steps, ", checkpoint_seconds ",
                                  options.checkpoint_seconds, ", checkpoint_steps ", options.checkpoint_steps, "."));
  const auto lock = options.store != nullptr ? options.store->lock() : nullptr;
  using clock = std::chrono::steady_clock;
  const auto began = clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(clock::now() - began).count(); };
  const std::int64_t total = t.total_steps();
  const std::int64_t first = t.next_step(), end = options.steps > 0 ? std::min(options.steps, total) : total;
  const auto stage_of = [&](std::int64_t step) -> std::int64_t {
    if constexpr (staged_trainer<T>)
      return t.stage(step);
    else
      return static_cast<void>(step), 0;
  };

  std::int64_t written = first;
  double written_at = 0, pause = options.checkpoint_seconds;
  const auto checkpoint = [&] {
    const std::int64_t next = t.next_step();
    if (options.store == nullptr || next == written) return;
    const checkpoint_event event{next, options.store->path_of(next)};
    const double started = seconds();
    (observers.on_checkpoint(event), ...);
    options.store->write(t);
    written = next;
    written_at = seconds();
    pause = std::max(options.checkpoint_seconds, 20 * (written_at - started));
  };

  run_end why = end < total ? run_end::step_limit : run_end::finished;
  std::vector<named_value> values;
  bool in_stage = false;
  std::int64_t last_step = first - 1, stage = 0;
  while (t.next_step() < std::min<std::int64_t>(end, t.total_steps())) {  // a trainer may end early
    if (interrupt_guard::requested()) {
      why = run_end::interrupted;
      break;
    }
    stage = stage_of(t.next_step());
    const typename T::batch& batch = batches(t.next_step());
    bool stop = false;
    try {
      const auto report = t.step(batch);
      last_step = report.step;
      values.clear();
      report.for_each_value([&](std::string_view name, double value) { values.push_back({name, value}); });
      step_event event{.step = report.step, .first_step = first, .end_step = end, .stage = stage, .seconds = seconds(), .values = values};
      if constexpr (requires { report.images; }) event.images = static_cast<std::int64_t>(report.images);
      ((stop = observers.on_step(event) == verdict::stop || stop), ...);
    } catch (const diverged_error& problem) {
      if (written == 0) throw diverged_error(sentence(problem.what(), " No checkpoint was written before."));
      throw diverged_error(sentence(problem.what(), " The last good state is that before step ", written, "."));
    }

    const bool stage_ends = t.next_step() >= t.total_steps() || stage_of(t.next_step()) != stage;
    in_stage = !stage_ends;
    if (stage_ends || (options.checkpoint_seconds > 0 && seconds() - written_at >= pause) ||
        (options.checkpoint_steps > 0 && t.next_step() % options.checkpoint_steps == 0))
      checkpoint();
    if (stage_ends) (observers.on_stage(stage_event{stage, last_step, true}), ...);
    if (stop && t.next_step() < end) {
      why = run_end::observer;
      break;
    }
  }
  if (t.next_step() >= t.total_steps()) why = run_end::finished;
  checkpoint();
  if (in_stage) (observers.on_stage(stage_event{stage, last_step, false}), ...);
  return {t.next_step(), why};
}

}  // namespace synthmed::train

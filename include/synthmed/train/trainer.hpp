// The trainer concept: something that makes numbered steps, and can be written to a file and go on from it exactly.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace synthmed {

class safetensors;
class safetensors_writer;

namespace train {

namespace detail {

// What a report's for_each_value is called with.
struct value_probe {
  void operator()(std::string_view, double) const {}
};

}  // namespace detail

/// What one step did: `step` (the one that was made, counted from 0) and for_each_value(f), which calls
/// f(std::string_view name, double value) for every number worth logging, always in the same order. What was not measured
/// is left out; a value that is not finite says that training has diverged.
/// A report may also have `images`, how many pictures the step was shown.
template <class R>
concept step_report = requires(const R& r, detail::value_probe f) {
  { r.step } -> std::convertible_to<std::int64_t>;
  r.for_each_value(f);
};

/// Makes the steps of one training run.
///   batch, report           what a step takes, and what it tells (step_report)
///   next_step()             the step that step() makes next, counted from 0
///   total_steps()           how many steps the run has; it falls to next_step() when training ends early
///   identity()              network, options, schedule in words: a checkpoint of another identity is refused
///   step(batch)             makes one step; argument_error after the last one, diverged_error for what is not finite
///   write(writer), read(file)   everything that a step depends on: networks, buffers, averages, moments, counters;
///                           read() throws format_error for what does not fit and then leaves the trainer as it was
///   stage(step)             optional: the number of the stage (resolution, epoch, ...) that a step belongs to
/// Laws (testing/trainer_laws.hpp): run(a), write, read into a new trainer, run(b) gives the bytes of run(a + b).
template <class T>
concept trainer = requires(T& t, const T& c, const typename T::batch& b, safetensors_writer& out, const safetensors& in) {
  requires step_report<typename T::report>;
  { c.next_step() } -> std::convertible_to<std::int64_t>;
  { c.total_steps() } -> std::convertible_to<std::int64_t>;
  { c.identity() } -> std::convertible_to<std::string>;
  { t.step(b) } -> std::same_as<typename T::report>;
  c.write(out);
  t.read(in);
};

/// A trainer whose steps fall into stages.
template <class T>
concept staged_trainer = trainer<T> && requires(const T& c, std::int64_t step) {
  { c.stage(step) } -> std::convertible_to<std::int64_t>;
};

/// True when T is a trainer; otherwise compilation stops at a sentence that says what it lacks.
template <class T>
consteval bool explain_trainer() {
  static_assert(requires { typename T::batch; }, "synthmed: this trainer lacks the member type `batch`.");
  static_assert(requires { typename T::report; }, "synthmed: this trainer lacks the member type `report`.");
  static_assert(requires(const T& c) { { c.next_step() } -> std::convertible_to<std::int64_t>; },
                "synthmed: this trainer lacks `std::int64_t next_step() const`.");
  static_assert(requires(const T& c) { { c.total_steps() } -> std::convertible_to<std::int64_t>; },
                "synthmed: this trainer lacks `std::int64_t total_steps() const`.");
  static_assert(requires(const T& c) { { c.identity() } -> std::convertible_to<std::string>; },
                "synthmed: this trainer lacks `std::string identity() const`.");
  static_assert(requires(const T& c, safetensors_writer& out) { c.write(out); },
                "synthmed: this trainer lacks `void write(safetensors_writer&) const`.");
  static_assert(requires(T& t, const safetensors& in) { t.read(in); },
                "synthmed: this trainer lacks `void read(const safetensors&)`.");
  if constexpr (requires { typename T::batch; typename T::report; }) {
    using batch = typename T::batch;
    using report = typename T::report;
    static_assert(requires(const report& r) { { r.step } -> std::convertible_to<std::int64_t>; },
                  "synthmed: this trainer's `report` lacks the member `std::int64_t step`.");
    static_assert(requires(const report& r, detail::value_probe f) { r.for_each_value(f); },
                  "synthmed: this trainer's `report` lacks `void for_each_value(f) const`, which calls f(name, value).");
    static_assert(requires(T& t, const batch& b) { { t.step(b) } -> std::same_as<report>; },
                  "synthmed: this trainer lacks `report step(const batch&)`.");
  }
  return trainer<T>;
}

}  // namespace train
}  // namespace synthmed

// The schedule concept: what a training run does at each step, as a pure value.
#pragma once

#include <concepts>
#include <cstdint>

namespace synthmed::train {

/// A pure function from the number of a step to the settings of that step:
///   settings            what at() gives; equality-comparable
///   at(step)            for step in [0, total_steps()); throws argument_error outside
///   total_steps()       how many steps the run has
/// Laws (testing/schedule_laws.hpp): at() depends on its argument alone, in whatever order it is asked, so a schedule
/// can be plotted, tested, and resumed from a step number.
template <class S>
concept schedule = std::copyable<S> && requires(const S& s, std::int64_t step) {
  typename S::settings;
  requires std::equality_comparable<typename S::settings>;
  { s.at(step) } -> std::same_as<typename S::settings>;
  { s.total_steps() } -> std::same_as<std::int64_t>;
};

/// True when S is a schedule; otherwise compilation stops at a sentence that says what it lacks.
template <class S>
consteval bool explain_schedule() {
  static_assert(std::copyable<S>, "synthmed: a schedule must be copyable: it is a value.");
  static_assert(requires { typename S::settings; }, "synthmed: this schedule lacks the member type `settings`.");
  static_assert(requires(const S& s) { { s.total_steps() } -> std::same_as<std::int64_t>; },
                "synthmed: this schedule lacks `std::int64_t total_steps() const`.");
  if constexpr (requires { typename S::settings; }) {
    using settings = typename S::settings;
    static_assert(std::equality_comparable<settings>, "synthmed: this schedule's `settings` must have operator==.");
    static_assert(requires(const S& s, std::int64_t step) { { s.at(step) } -> std::same_as<settings>; },
                  "synthmed: this schedule lacks `settings at(std::int64_t step) const`.");
  }
  return schedule<S>;
}

}  // namespace synthmed::train

// The law of schedules: at() is a pure function of the step.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/random/distributions.hpp>
#include <synthmed/train/schedule.hpp>

namespace synthmed::testing {

/// Asks a schedule for steps forwards, shuffled and from a copy. Returns what is wrong, or an empty string.
template <train::schedule S>
[[nodiscard]] std::string broken_schedule_law(const S& s, std::int64_t checked = 200) {
  const std::int64_t total = s.total_steps();
  if (total < 1) return "total_steps() is not positive";
  std::vector<std::int64_t> steps;
  for (std::int64_t i = 0; i < checked; ++i) steps.push_back(i * total / checked);
  steps.push_back(total - 1);
  std::vector<typename S::settings> forwards;
  for (const auto step : steps) forwards.push_back(s.at(step));
  const S copy = s;
  for (const auto i : permutation(key(1), steps.size()))
    if (!(copy.at(steps[i]) == forwards[i])) return sentence("at(", steps[i], ") depends on what was asked before");
  for (const std::int64_t outside : {std::int64_t{-1}, total}) {
    try {
      (void)s.at(outside);
      return sentence("at(", outside, ") throws no argument_error, but lies outside ", total, " steps");
    } catch (const argument_error&) {
    }
  }
  return {};
}

}  // namespace synthmed::testing

// The laws of observers: a healthy run is never disturbed, and a log of a resumed run is that of one never stopped.
#pragma once

#include <array>
#include <cstdint>
#include <exception>
#include <string>
#include <type_traits>

#include <synthmed/error.hpp>
#include <synthmed/train/observer.hpp>

namespace synthmed::testing {

/// Plays the steps [first, last) of a healthy run to an observer as run() would: stages of six steps, a checkpoint at the
/// end of each, a stop after the last step. Ends early where the observer says stop.
template <train::observer O>
void play_run(O& o, std::int64_t first, std::int64_t last) {
  for (std::int64_t step = first; step < last; ++step) {
    const std::array<train::named_value, 3> values{
        {{"loss", 1.0 / static_cast<double>(step + 1)}, {"score", -0.5 * static_cast<double>(step)}, {"fade", 1.0}}};
    const bool stage_ends = (step + 1) % 6 == 0;
    const auto said = o.on_step({.step = step, .first_step = first, .end_step = last, .stage = step / 6, .images = 4,
                                 .seconds = 0.25 * static_cast<double>(step - first + 1), .values = values});
    const bool ends = step + 1 == last || said == train::verdict::stop;
    if (stage_ends || ends) {
      o.on_checkpoint({step + 1, "checkpoint.safetensors"});
      o.on_stage({step / 6, step, stage_ends});
    }
    if (ends) return;
  }
}

/// Plays a healthy run of 20 steps. Returns what is wrong, or an empty string.
template <train::observer O>
[[nodiscard]] std::string broken_observer_law(O& o) {
  try {
    play_run(o, 0, 20);
  } catch (const std::exception& problem) {
    return sentence("it throws on a healthy run: ", problem.what());
  }
  return {};
}

/// For observers that write a log. make(next_step) opens one for a run that goes on with next_step, each time at the same
/// place; content() gives what the log holds, as far as it is to be the same. Plays a run in one piece, then one that is
/// killed after step 9 and resumed with step 6. Returns what is wrong, or an empty string.
template <class Make, class Content>
  requires train::observer<std::invoke_result_t<Make&, std::int64_t>>
[[nodiscard]] std::string broken_log_law(Make&& make, Content&& content) {
  const auto play = [&](std::int64_t next, std::int64_t first, std::int64_t last) {
    auto o = make(next);
    play_run(o, first, last);
  };
  play(0, 0, 20);
  const auto whole = content();
  play(0, 0, 10);
  if (content() == whole) return "its log does not tell ten steps from twenty";
  play(6, 6, 20);
  return content() == whole ? "" : "the log of a resumed run differs from that of a run in one piece";
}

}  // namespace synthmed::testing

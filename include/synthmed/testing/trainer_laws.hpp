// The laws of trainers: run(a), write, read, run(b) gives the bytes of run(a + b).
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/io/safetensors.hpp>
#include <synthmed/train/trainer.hpp>

namespace synthmed::testing {

namespace detail {

template <train::trainer T>
[[nodiscard]] std::string trainer_bytes(const T& t) {
  safetensors_writer file;
  t.write(file);
  return file.bytes();
}

/// What a report says, as text whose equality is equality of all bits.
template <train::step_report R>
[[nodiscard]] std::string report_text(const R& report) {
  std::string text = sentence(static_cast<std::int64_t>(report.step), ":");
  report.for_each_value([&](std::string_view name, double value) { text += sentence(" ", name, "=", value); });
  return text;
}

}  // namespace detail

/// make() gives a new, untrained trainer, the same one each time; batches(step) the batch of a step. Makes a + b steps in
/// one piece and in two, on four trainers. Returns what is wrong, or an empty string.
template <class Make, class Batches>
  requires train::trainer<std::invoke_result_t<Make&>>
[[nodiscard]] std::string broken_trainer_law(Make&& make, Batches&& batches, std::int64_t a, std::int64_t b) {
  const auto bytes = [](const auto& t) { return detail::trainer_bytes(t); };
  auto whole = make();
  if (whole.next_step() != 0) return sentence("a new trainer begins with step ", whole.next_step(), ", not with step 0");
  if (a + b > whole.total_steps()) return sentence("the law needs ", a + b, " steps, the trainer has ", whole.total_steps());
  if (const auto other = make(); other.identity() != whole.identity() || bytes(other) != bytes(whole))
    return "two new trainers differ";

  std::vector<std::string> reports;
  std::string middle;
  for (std::int64_t step = 0; step < a + b; ++step) {
    if (step == a) middle = bytes(whole);
    const std::string identity = whole.identity();
    const auto report = whole.step(batches(step));
    if (report.step != step || whole.next_step() != step + 1)
      return sentence("step ", step, " reports itself as ", static_cast<std::int64_t>(report.step), ", and the next one as ",
                      whole.next_step());
    if (whole.identity() != identity) return sentence("step ", step, " changed the trainer's identity");
    reports.push_back(detail::report_text(report));
  }
  if (b == 0) middle = bytes(whole);
  if (a > 0 && middle == bytes(make())) return "steps change nothing of what is written";

  auto resumed = make();
  resumed.read(safetensors::parse(middle, "the written trainer"));
  if (resumed.next_step() != a) return sentence("after ", a, " steps and read(), the next step is ", resumed.next_step());
  if (bytes(resumed) != middle) return "write() after read() gives other bytes";
  for (std::int64_t step = a; step < a + b; ++step)
    if (const auto text = detail::report_text(resumed.step(batches(step))); text != reports[static_cast<std::size_t>(step)])
      return sentence("step ", step, " of the resumed trainer differs: \"", text, "\" instead of \"",
                      reports[static_cast<std::size_t>(step)], "\"");
  if (bytes(resumed) != bytes(whole)) return sentence("run(", a, "), write, read, run(", b, ") differs from run(", a + b, ")");

  // A file that lacks everything is refused, and nothing of the trainer is lost.
  try {
    resumed.read(safetensors::parse(safetensors_writer{}.bytes(), "an empty file"));
    return "read() takes a file that holds nothing";
  } catch (const format_error&) {
  }
  if (bytes(resumed) != bytes(whole)) return "read() of a file that does not fit has changed the trainer";
  if (resumed.next_step() >= resumed.total_steps()) {
    try {
      (void)resumed.step(batches(a + b));
      return "step() after the last step throws no argument_error";
    } catch (const argument_error&) {
    }
    if (bytes(resumed) != bytes(whole)) return "step() after the last step has changed the trainer";
  }
  return {};
}

}  // namespace synthmed::testing

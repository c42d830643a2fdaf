// One line of progress: steps, pictures per second, seconds per thousand pictures, time left, the peak of memory.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <sys/resource.h>

#include <synthmed/error.hpp>
#include <synthmed/train/observer.hpp>

namespace synthmed::train {

/// Where text goes: a terminal, a file, a test.
using text_sink = std::function<void(std::string_view)>;

struct progress_options {
  std::string what{};        ///< what is trained; opens the line
  double seconds = 0.1;      ///< at most one line in this time
  bool rewrite = true;       ///< each line takes the place of the one before ("\r"); false: a line of its own each
  double rate_seconds = 10;  ///< rates are averages over about this time
};

/// The largest memory that this process has used so far, in bytes.
[[nodiscard]] inline std::uint64_t peak_memory() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(std::max<long>(0, usage.ru_maxrss)) * 1024;
}

/// Seconds as a person reads them: "45 s", "12 min", "3 h 20 min", "2 d 3 h".
[[nodiscard]] inline std::string readable_time(double seconds) {
  if (!std::isfinite(seconds)) return "unknown";
  const auto s = static_cast<std::int64_t>(std::llround(std::max(0.0, seconds)));
  if (s < 120) return std::to_string(s) + " s";
  const std::int64_t minutes = (s + 30) / 60;
  if (minutes < 120) return std::to_string(minutes) + " min";
  if (minutes < 48 * 60) return std::to_string(minutes / 60) + " h " + std::to_string(minutes % 60) + " min";
  return std::to_string(minutes / 1440) + " d " + std::to_string(minutes % 1440 / 60) + " h";
}

/// Writes "gan plus: 300/1200 steps, stage 1, 412.3 images/s, 2.43 s/kimg, 3 min left, 512 MiB peak" to a sink. Rates
/// are of the last seconds, for the cost of a step changes with the stage; the time left takes the steps to come to be
/// as the last ones were. It asks no clock, the run's events tell the time.
class progress_line : public quiet_observer {
 public:
  progress_line(text_sink sink, progress_options options) : sink_(std::move(sink)), options_(std::move(options)) {}
  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;
  ~progress_line() {
    try {
      if (any_) show(true);
    } catch (...) {  // a sink that fails must not end the program while the run ends anyhow
    }
  }

  verdict on_step(const step_event& e) {
    const double passed = e.seconds - last_.seconds;
    const double keep = options_.rate_seconds > 0 ? std::exp(-passed / options_.rate_seconds) : 0;
    seconds_ = seconds_ * keep + passed;
    steps_ = steps_ * keep + 1;
    images_ = images_ * keep + static_cast<double>(e.images);
    last_ = e;
    last_.values = {};
    any_ = true;
    if (!shown_any_ || e.seconds - shown_ >= options_.seconds) show(false);
    return verdict::go_on;
  }

 private:
  void show(bool last) {
    shown_ = last_.seconds;
    shown_any_ = true;
    std::string line = sentence(options_.what, options_.what.empty() ? "" : ": ", last_.step + 1, "/", last_.end_step,
                                " steps, stage ", last_.stage);
    if (seconds_ > 0) {
      const double rate = images_ / seconds_;
      line += images_ > 0 ? number(", %.1f images/s", rate) + number(", %.2f s/kimg", 1000 / rate)
                          : number(", %.1f steps/s", steps_ / seconds_);
      if (last)
        line += ", " + readable_time(last_.seconds) + " in all";
      else
        line +=
            ", " + readable_time(static_cast<double>(last_.end_step - last_.step - 1) * seconds_ / steps_) + " left";
    }
    line += sentence(", ", peak_memory() >> 20, " MiB peak");
    const std::size_t width = line.size();
    if (options_.rewrite) {
      if (width < width_) line.append(width_ - width, ' ');  // wipes the rest of a longer line
      line.insert(0, 1, '\r');
    }
    width_ = width;
    if (last || !options_.rewrite) line += '\n';
    sink_(line);
  }

  [[nodiscard]] static std::string number(const char* format, double value) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), format, value);
    return text.data();
  }

  text_sink sink_;
  progress_options options_;
  step_event last_{};
  double seconds_ = 0, steps_ = 0, images_ = 0, shown_ = 0;
  bool any_ = false, shown_any_ = false;
  std::size_t width_ = 0;
};

static_assert(explain_observer<progress_line>());

}  // namespace synthmed::train

// Ctrl-C as a question: a training loop asks whether it was pressed, and ends after the step at hand.
#pragma once

#include <atomic>
#include <csignal>
#include <cstdint>
#include <ctime>

namespace synthmed::train {

namespace detail {

inline volatile std::sig_atomic_t interrupt_asked = 0;
inline std::atomic<std::int64_t> interrupt_when{0};  // milliseconds
inline std::atomic<int> interrupt_guards{0};
static_assert(std::atomic<std::int64_t>::is_always_lock_free, "a signal handler uses it");

inline void note_interrupt(int signal) {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  const std::int64_t now = std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
  if (interrupt_asked == 0) {
    interrupt_when = now;
    interrupt_asked = 1;
  } else if (now - interrupt_when >= 300) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
}

}  // namespace detail

/// While one lives, the first Ctrl-C (SIGINT) or SIGTERM is only noted, and run() ends with a checkpoint; the next one
/// ends the program at once. What comes within 0.3 s of the first counts as the same: a parent process often passes on
/// what the terminal has sent to both. Guards may be nested. A program makes one around its training; the library never
/// does.
class interrupt_guard {
 public:
  interrupt_guard() {
    if (detail::interrupt_guards.fetch_add(1) == 0) detail::interrupt_asked = 0;
    interrupt_ = std::signal(SIGINT, detail::note_interrupt);
    terminate_ = std::signal(SIGTERM, detail::note_interrupt);
  }
  interrupt_guard(const interrupt_guard&) = delete;
  interrupt_guard& operator=(const interrupt_guard&) = delete;
  ~interrupt_guard() {
    std::signal(SIGINT, interrupt_);
    std::signal(SIGTERM, terminate_);
    if (detail::interrupt_guards.fetch_sub(1) == 1) detail::interrupt_asked = 0;
  }

  /// Whether the user has asked to stop since the outermost guard was made. Always false without a guard.
  [[nodiscard]] static bool requested() noexcept { return detail::interrupt_asked != 0; }

 private:
  void (*interrupt_)(int);
  void (*terminate_)(int);
};

}  // namespace synthmed::train

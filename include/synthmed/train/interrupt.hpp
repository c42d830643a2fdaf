// Ctrl-C as a question: a training loop asks whether it was pressed, and ends after the step at hand.
#pragma once

#include <atomic>
#include <csignal>

namespace synthmed::train {

namespace detail {

inline volatile std::sig_atomic_t interrupt_asked = 0;
inline std::atomic<int> interrupt_guards{0};

inline void note_interrupt(int signal) {
  interrupt_asked = 1;
  std::signal(signal, SIG_DFL);
}

}  // namespace detail

/// While one lives, the first Ctrl-C (SIGINT) or SIGTERM is only noted, and run() ends with a checkpoint; the second one
/// ends the program at once. Guards may be nested. A program makes one around its training; the library never does.
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

// A trainer whose report has nothing to log.
#include <synthmed/train/trainer.hpp>

struct silent {
  using batch = double;
  struct report {
    std::int64_t step = 0;
#ifdef SYNTHMED_FIXED
    template <class F>
    void for_each_value(F&& f) const {
      f("loss", 1.0);
    }
#endif
  };
  std::int64_t next_step() const { return 0; }
  std::int64_t total_steps() const { return 10; }
  std::string identity() const { return "silent"; }
  report step(const double&) { return {}; }
  void write(synthmed::safetensors_writer&) const {}
  void read(const synthmed::safetensors&) {}
};
static_assert(synthmed::train::explain_trainer<silent>());

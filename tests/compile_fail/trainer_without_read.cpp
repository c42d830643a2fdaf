// A trainer that can be written and never read.
#include <synthmed/train/trainer.hpp>

struct forgetful {
  using batch = double;
  struct report {
    std::int64_t step = 0;
    template <class F>
    void for_each_value(F&& f) const {
      f("loss", 1.0);
    }
  };
  std::int64_t next_step() const { return 0; }
  std::int64_t total_steps() const { return 10; }
  std::string identity() const { return "forgetful"; }
  report step(const double&) { return {}; }
  void write(synthmed::safetensors_writer&) const {}
#ifdef SYNTHMED_FIXED
  void read(const synthmed::safetensors&) {}
#endif
};
static_assert(synthmed::train::explain_trainer<forgetful>());

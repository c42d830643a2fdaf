# Sentences of the training concepts.
synthmed_compile_fail(schedule_without_total schedule_without_total.cpp
  "synthmed: this schedule lacks `std::int64_t total_steps() const`.")

# Sentences of the training concepts.
synthmed_compile_fail(schedule_without_total schedule_without_total.cpp
  "synthmed: this schedule lacks `std::int64_t total_steps() const`.")
synthmed_compile_fail(trainer_without_read trainer_without_read.cpp
  "synthmed: this trainer lacks `void read(const safetensors&)`.")
synthmed_compile_fail(trainer_report_without_values trainer_report_without_values.cpp
  "synthmed: this trainer's `report` lacks `void for_each_value(f) const`, which calls f(name, value).")
synthmed_compile_fail(observer_without_verdict observer_without_verdict.cpp
  "synthmed: this observer lacks `verdict on_step(const step_event&)` (inherit quiet_observer for the rest).")
synthmed_compile_fail(loss_without_generator loss_without_generator.cpp
  "synthmed: this loss lacks `tensor generator<D>(score, const tensor& fake, const loss_context&) const`."
  INCLUDES "${PROJECT_SOURCE_DIR}/backends/reference/include")
synthmed_compile_fail(augmentation_without_identity augmentation_without_identity.cpp
  "synthmed: this augmentation lacks `std::string identity() const`, its name and strengths in words.")

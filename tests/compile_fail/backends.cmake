# Sentences of the backend concept.
synthmed_compile_fail(core_missing_operation core_missing_operation.cpp
  "synthmed: this backend lacks `static tensor matmul(const tensor& x, const tensor& y, bool transpose_x, bool transpose_y)`."
  INCLUDES "${PROJECT_SOURCE_DIR}/backends/reference/include")
synthmed_compile_fail(core_wrong_signature core_wrong_signature.cpp
  "synthmed: this backend's `sum` has another signature than `static tensor sum(const tensor& x, const axes& over)`."
  INCLUDES "${PROJECT_SOURCE_DIR}/backends/reference/include")
# The first sentence and, from the middle of the table, one that a compiler that stops early would not say.
synthmed_compile_fail(core_nothing_written core_nothing_written.cpp
  "synthmed: this backend lacks `static tensor mul(const tensor& x, const tensor& y)`."
  INCLUDES "${PROJECT_SOURCE_DIR}/backends/reference/include")

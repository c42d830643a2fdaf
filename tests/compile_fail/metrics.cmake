# Sentences of the metric concepts.
synthmed_compile_fail(metric_without_update metric_without_update.cpp
  "synthmed: a metric needs `void update(const observation&)`, which sees one case.")
synthmed_compile_fail(metric_without_merge metric_without_merge.cpp
  "synthmed: a metric needs `void merge(const M& part)`")
synthmed_compile_fail(metric_value_not_const metric_value_not_const.cpp
  "synthmed: a metric needs `value() const` that returns the result and does not change the metric.")
synthmed_compile_fail(metric_without_observation metric_without_observation.cpp
  "synthmed: a metric needs the member type `observation`")
synthmed_compile_fail(metric_paired_update metric_paired_update.cpp
  "synthmed: a paired metric needs `void update(const observation& first, const observation& second)`")
synthmed_compile_fail(metric_set_update metric_set_update.cpp
  "synthmed: a set metric needs `void update(set_side, const observation&)`")
synthmed_compile_fail(metric_embedding_transform metric_embedding_transform.cpp
  "synthmed: what an embedding's fit() returns needs `transform(feature_view) const`")

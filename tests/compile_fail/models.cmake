# Sentences of the concepts of networks.
synthmed_compile_fail(generator_without_latent generator_without_latent.cpp
  "synthmed: this generator lacks `static constexpr std::int64_t latent`, the numbers a picture is made of.")
synthmed_compile_fail(generator_with_buffers generator_with_buffers.cpp
  "synthmed: a generator's layers have no buffers; use pixel_norm in the place of batch_norm.")
synthmed_compile_fail(discriminator_without_apply discriminator_without_apply.cpp
  "synthmed: this discriminator lacks `tensor apply<B>(const parameters<B>&, const tensor& x) const`."
  INCLUDES "${PROJECT_SOURCE_DIR}/backends/reference/include")
synthmed_compile_fail(progressive_without_stage progressive_without_stage.cpp
  "synthmed: this progressive network lacks `stage<I>`, a layer for every stage.")
synthmed_compile_fail(segmenter_without_granularity segmenter_without_granularity.cpp
  "synthmed: this segmenter lacks `static constexpr std::int64_t granularity`, of which a picture's height and width must be multiples (1 when any size will do).")
synthmed_compile_fail(segmenter_fixed_size segmenter_fixed_size.cpp
  "synthmed: a segmenter accepts pictures whose height and width are known only when it runs.")
synthmed_compile_fail(feature_extractor_without_count feature_extractor_without_count.cpp
  "synthmed: this feature extractor lacks `static constexpr std::int64_t feature_count`.")
synthmed_compile_fail(feature_extractor_without_features feature_extractor_without_features.cpp
  "synthmed: this feature extractor lacks `tensor features<B>(const parameters<B>&, const buffers<B>&, const tensor& x) const`."
  INCLUDES "${PROJECT_SOURCE_DIR}/backends/reference/include")
synthmed_compile_fail(classifier_without_classes classifier_without_classes.cpp
  "synthmed: this classifier lacks `static constexpr std::int64_t classes`.")

# Sentences of the layer concept and of sequential.
synthmed_compile_fail(layer_does_not_fit layer_does_not_fit.cpp
  "synthmed: a layer of this sequential does not accept the channels, height and width that arrive at it")
synthmed_compile_fail(layer_without_accepts layer_without_accepts.cpp
  "synthmed: this layer lacks `constexpr bool accepts(chw) const`.")
synthmed_compile_fail(layer_without_apply layer_without_apply.cpp
  "synthmed: this layer lacks `applied<B, buffers<B>> apply<B>(const parameters<B>&, const buffers<B>&, const tensor& x, const context&) const`."
  INCLUDES "${PROJECT_SOURCE_DIR}/backends/reference/include")

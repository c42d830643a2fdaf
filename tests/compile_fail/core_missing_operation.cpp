// A backend that lacks a primitive: the matrix product.
#include <synthmed/backends/reference.hpp>
#include <synthmed/core/explain.hpp>

namespace parts = synthmed::reference;
struct lacking : parts::storage<float>, parts::elementwise<float>, parts::reduce<float>, parts::layout<float>,
#ifdef SYNTHMED_FIXED
                 parts::linear<float>,
#endif
                 parts::convolution<float>, parts::resample<float>, parts::update<float> {
  using scalar = float;
  using tensor = parts::dense<float>;
};
static_assert(synthmed::explain<lacking>());

// Exact resume of a segmenter's training on the xtensor backend.
#include "resume.hpp"

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/xtensor.hpp>

TEST_CASE("a segmenter's training that is written and read goes on to the same bytes, on the xtensor backend") {
  synthmed_test::goes_on_to_the_same_bytes<synthmed::autodiff<synthmed::xtensor_backend<float>>>();
}

#include <support/conformance_catch.hpp>

#include <synthmed/backends/xtensor.hpp>
#include <synthmed/backends/xtensor/engine_blas.hpp>

using namespace synthmed;

// The same backend without oneDNN: im2col and BLAS.
TEST_CASE("xtensor_backend<float, blas_engine> conforms") {
  synthmed_test::conforms<xtensor_backend<float, xtensor::blas_engine>>();
}

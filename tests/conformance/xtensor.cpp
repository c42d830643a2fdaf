#include <support/conformance_catch.hpp>

#include <synthmed/backends/xtensor.hpp>

using namespace synthmed;

// The engine that this build was configured with. oneDNN's weight gradients are cut up by the number of threads, so
// bytes are promised for one number of threads at a time.
TEST_CASE("xtensor_backend<float> conforms") { synthmed_test::conforms<xtensor_backend<float>>(); }

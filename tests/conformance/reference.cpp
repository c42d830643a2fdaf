#include <support/conformance_catch.hpp>

using namespace synthmed;

// In double the oracle meets itself: what is shown is that its bytes repeat and that its values are values.
TEST_CASE("reference_backend<float> conforms") {
  synthmed_test::conforms<reference_backend<float>>({.same_bytes_for_any_threads = true});
}
TEST_CASE("reference_backend<double> conforms") {
  synthmed_test::conforms<reference_backend<double>>({.same_bytes_for_any_threads = true});
}

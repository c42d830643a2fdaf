#include <support/cuda.hpp>

#include <support/conformance_catch.hpp>

using backend = synthmed::torch_backend<float>;

TEST_CASE("torch_backend<float> conforms") { synthmed_test::conforms<backend>(); }

TEST_CASE("torch_backend<float> conforms on CUDA") {
  synthmed_test::on_cuda<backend>([] { synthmed_test::conforms<backend>(); });
}

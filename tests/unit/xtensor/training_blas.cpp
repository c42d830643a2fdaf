#include "training.hpp"

#include <synthmed/backends/xtensor/engine_blas.hpp>

using namespace synthmed;

TEST_CASE("the penalty's weight gradients are right with BLAS") {
  synthmed_test::penalty_gradients_agree<xtensor_backend<float, xtensor::blas_engine>>();
}

TEST_CASE("twenty training steps repeat with BLAS") {
  synthmed_test::training_agrees<xtensor_backend<float, xtensor::blas_engine>>();
}

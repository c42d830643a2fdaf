// Exact resume of every trainer on the xtensor backend.
#include "real_trainers.hpp"

#include <synthmed/backends/xtensor.hpp>

using namespace synthmed_test;

namespace {

using B = synthmed::xtensor_backend<float>;
const gan_case<B, 32> gan{};
const segmenter_case<B, 16, 32> segmenter{};
const classifier_case<B, 16, 32> classifier{};

}  // namespace

TEST_CASE("xtensor: a GAN resumes in the middle of a fade to the same bytes") {
  check_resumes(gan);
  check_killed(gan, "xtensor: GAN to be killed");
}
TEST_CASE("xtensor: a U-Net resumes to the same bytes") {
  check_resumes(segmenter);
  check_killed(segmenter, "xtensor: U-Net to be killed");
}
TEST_CASE("xtensor: a classifier resumes between two validations to the same bytes") {
  check_resumes(classifier);
  check_killed(classifier, "xtensor: classifier to be killed");
}

TEST_CASE("xtensor: GAN to be killed", "[.]") { train_until_killed(gan); }
TEST_CASE("xtensor: U-Net to be killed", "[.]") { train_until_killed(segmenter); }
TEST_CASE("xtensor: classifier to be killed", "[.]") { train_until_killed(classifier); }

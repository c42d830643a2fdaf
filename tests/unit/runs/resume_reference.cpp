// Exact resume of every trainer on the reference backend.
#include "real_trainers.hpp"

#include <synthmed/backends/reference.hpp>

using namespace synthmed_test;

namespace {

using B = synthmed::reference_backend<float>;
const gan_case<B, 4> gan{};
const segmenter_case<B, 2, 8> segmenter{};
const classifier_case<B, 2, 12> classifier{};

}  // namespace

TEST_CASE("reference: a GAN resumes in the middle of a fade to the same bytes") {
  check_resumes(gan);
  check_killed(gan, "reference: GAN to be killed");
}
TEST_CASE("reference: a U-Net resumes to the same bytes") {
  check_resumes(segmenter);
  check_killed(segmenter, "reference: U-Net to be killed");
}
TEST_CASE("reference: a classifier resumes between two validations to the same bytes") {
  check_resumes(classifier);
  check_killed(classifier, "reference: classifier to be killed");
}

TEST_CASE("reference: GAN to be killed", "[.]") { train_until_killed(gan); }
TEST_CASE("reference: U-Net to be killed", "[.]") { train_until_killed(segmenter); }
TEST_CASE("reference: classifier to be killed", "[.]") { train_until_killed(classifier); }

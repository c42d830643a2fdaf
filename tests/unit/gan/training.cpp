// The policies within a GAN's trainer: exact resumption, and what the generator learns.
#include <support/catch.hpp>

#include <cmath>
#include <string>
#include <type_traits>
#include <vector>

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>
#include <synthmed/testing/trainer_laws.hpp>
#include <synthmed/train/diff_augment.hpp>
#include <synthmed/train/nonsaturating_r1.hpp>
#include <synthmed/train/pgan_trainer.hpp>

using namespace synthmed;
using namespace synthmed::train;
using synthmed_test::contains;
using synthmed_test::message_of;

namespace {

using B = autodiff<reference_backend<float>>;
constexpr models::pgan_options<2> options{.channels = {6, 5}, .latent = 8};
using gan = pgan_trainer<B, options, progressive_schedule, nonsaturating_r1, diff_augment>;

gan::options_type policies() { return {.loss = {.gamma = 1, .every = 4}, .augmentation = diff_augment::vessel_maps()}; }

}  // namespace

TEST_CASE("with lazy R1 and augmentation a trainer resumes exactly, within a fade and between penalties") {
  const auto make = [] {
    return gan(key(1),
               progressive_schedule({{.resolution = 4, .images = 12, .fade_images = 0, .batch = 4},
                                     {.resolution = 8, .images = 32, .fade_images = 24, .batch = 4}}),
               policies());
  };
  const auto batches = [](std::int64_t step) {
    const std::int64_t r = step < 3 ? 4 : 8;
    return B::mul_scalar(ops::normal<B>(key(9).fold(step), {4, 1, r, r}), 0.5f);
  };
  CHECK(testing::broken_trainer_law(make, batches, 6, 4) == "");
  auto other = policies();
  other.augmentation.cutout = 0;
  CHECK(gan(key(1), make().plan(), other).identity() != make().identity());
  other = policies();
  other.loss.every = 2;
  CHECK(gan(key(1), make().plan(), other).identity() != make().identity());
}

TEST_CASE("pictures of other channels, another batch or with NaN are refused, and the networks stay as they were") {
  gan t(key(1), progressive_schedule({{.resolution = 4, .images = 12, .fade_images = 0, .batch = 4}}), policies());
  const auto bytes = [&] {
    safetensors_writer file;
    t.write(file);
    return file.bytes();
  };
  const auto before = bytes();
  const auto refusal = [&]<class Error>(std::type_identity<Error>, const B::tensor& pictures) {
    return message_of<Error>([&] { (void)t.step(pictures); });
  };
  CHECK(contains(refusal(std::type_identity<shape_error>{}, B::full({4, 3, 4, 4}, 0)),
                 "needs pictures [4, 1, 4, 4], got [4, 3, 4, 4]"));
  CHECK(contains(refusal(std::type_identity<shape_error>{}, B::full({3, 1, 4, 4}, 0)), "got [3, 1, 4, 4]"));
  std::vector<float> values(64, 0.1f);
  values[20] = std::nanf("");
  const auto said = refusal(std::type_identity<diverged_error>{}, B::from_host({4, 1, 4, 4}, values));
  CHECK(contains(said, "At step 0 the critic's loss is nan"));
  CHECK((bytes() == before));
  CHECK(t.next_step() == 0);
}

TEST_CASE("the generator learns the pictures, not what augmentation does to them") {
  // Every real picture is one constant; what the critic sees of them has squares and edges of background.
  gan t(key(3),
        progressive_schedule({{.resolution = 4, .images = 3200, .fade_images = 0, .batch = 8}},
                             {.learning_rate = 5e-3, .average_half_life = 80}),
        policies());
  const auto real = B::full({8, 1, 4, 4}, 0.7f);
  const auto shown =
      ops::item<B>(ops::mean<B>(policies().augmentation.apply<B>(B::full({400, 1, 4, 4}, 0.7f), key(5))));
  REQUIRE(shown < 0.55f);
  while (!t.done()) (void)t.step(real);
  CHECK(ops::item<B>(ops::mean<B>(t.sample(ops::normal<B>(key(4), {64, 8}), 0))) == Approx(0.7f).margin(0.1));
}

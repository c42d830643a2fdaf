#include <support/catch.hpp>

#include <string>

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>
#include <synthmed/train/pgan_trainer.hpp>

using namespace synthmed;
using namespace synthmed::train;
using synthmed_test::contains;
using synthmed_test::message_of;

namespace {

using B = autodiff<reference_backend<float>>;
constexpr models::pgan_options<3> options{.channels = {6, 5, 4}, .latent = 8};
using gan = pgan_trainer<B, options, progressive_schedule>;

progressive_schedule plan() {
  return progressive_schedule({{.resolution = 4, .images = 12, .fade_images = 0, .batch = 4},
                               {.resolution = 8, .images = 32, .fade_images = 16, .batch = 4}});
}

// A batch of soft blobs, the same for the same step.
B::tensor reals(const gan& t) {
  const auto g = t.plan().at(t.next_step());
  return B::mul_scalar(ops::normal<B>(key(9).fold(t.next_step()), {g.batch, 1, g.resolution, g.resolution}), 0.5f);
}

void advance(gan& t, int steps) {
  for (int i = 0; i < steps; ++i) (void)t.step(reals(t));
}

std::string bytes_of(const gan& t) {
  safetensors_writer file;
  t.write(file);
  return file.bytes();
}

}  // namespace

TEST_CASE("a run that is saved and loaded during a fade goes on to the same bytes") {
  gan whole(key(1), plan());
  advance(whole, 11);
  gan first(key(1), plan());
  advance(first, 5);
  gan second(key(1), plan());
  second.read(safetensors::parse(bytes_of(first), "first"));
  CHECK(second.next_step() == 5);
  advance(second, 6);
  CHECK(second.done());
  CHECK(bytes_of(second) == bytes_of(whole));

  SECTION("and another key makes another run") {
    gan other(key(2), plan());
    advance(other, 11);
    CHECK(bytes_of(other) != bytes_of(whole));
  }
}

TEST_CASE("the same bytes with 1, 2 and 4 threads") {
  std::string expected;
  for (const int count : {1, 2, 4}) {
    set_threads(count);
    gan t(key(1), plan());
    advance(t, 6);
    const auto bytes = bytes_of(t);
    if (expected.empty()) expected = bytes;
    CHECK(bytes == expected);
  }
  set_threads(2);
}

TEST_CASE("a file of other networks or none is refused with the reason, and changes nothing") {
  gan t(key(1), plan());
  advance(t, 2);
  const auto file = safetensors::parse(bytes_of(t), "t");
  constexpr models::pgan_options<3> wider{.channels = {6, 5, 5}, .latent = 8};
  pgan_trainer<B, wider, progressive_schedule> wide(key(1), plan());
  CHECK(contains(message_of<format_error>([&] { wide.read(file); }),
                 "generator.block2.conv0.weight is F32 [4, 5, 3, 3]"));
  CHECK(contains(wide.identity(), "6-5-5"));
  gan short_one(key(1), progressive_schedule({{.resolution = 4, .images = 4, .batch = 4}}));
  const auto before = bytes_of(short_one);
  CHECK(contains(message_of<format_error>([&] { short_one.read(file); }), "schedule of 1 steps"));
  CHECK(bytes_of(short_one) == before);
}

TEST_CASE("what cannot be trained on is refused: wrong pictures, NaN, too many steps, too many stages") {
  gan t(key(1), plan());
  CHECK(contains(message_of<shape_error>([&] { (void)t.step(ops::zeros<B>({4, 1, 8, 8})); }), "[4, 1, 4, 4]"));
  auto values = ops::to_host<B>(reals(t));
  values[5] = std::numeric_limits<float>::quiet_NaN();
  CHECK(contains(message_of<diverged_error>([&] {
                   (void)t.step(ops::from_host<B>({4, 1, 4, 4}, values));
                 }),
                 "At step 0"));
  CHECK(t.next_step() == 0);
  advance(t, 11);
  CHECK_THROWS_AS(t.step(ops::zeros<B>({4, 1, 8, 8})), argument_error);
  CHECK_THROWS_AS((pgan_trainer<B, options, seed_schedule>(key(1), seed_schedule(16))), argument_error);
}

TEST_CASE("training moves the generator towards the data") {
  // Every real picture is one constant: the generator's mean must come near it.
  gan t(key(3), progressive_schedule({{.resolution = 4, .images = 1600, .fade_images = 0, .batch = 8}},
                                     {.learning_rate = 5e-3, .average_half_life = 80}));
  const auto z = ops::normal<B>(key(4), {16, 8});
  const auto mean = [&] { return ops::item<B>(ops::mean<B>(t.sample(z, 0))); };
  const float before = mean();
  while (!t.done()) (void)t.step(B::full({8, 1, 4, 4}, 0.7f));
  CHECK(std::abs(mean() - 0.7f) < 0.25f);
  CHECK(std::abs(mean() - 0.7f) < 0.5f * std::abs(before - 0.7f));
}

// Samplers, the cache, augmentation and the loader: the laws, and the same bytes for any number of threads.
#include <support/catch.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <memory>
#include <set>

#include <synthmed/data/augment.hpp>
#include <synthmed/data/loader.hpp>
#include <synthmed/data/sampler.hpp>
#include <synthmed/testing/dataset_laws.hpp>

#include "scratch.hpp"

using namespace synthmed;
using synthmed_test::contains;
using synthmed_test::message_of;
using synthmed_test::noise;

namespace {

memory_dataset some_pictures(std::size_t n, int side = 16) {
  std::vector<picture> pictures;
  std::vector<int> labels;
  for (std::size_t i = 0; i < n; ++i) {
    pictures.push_back(noise(i, side, side));
    labels.push_back(i % 10 == 0 ? 2 : i % 4 == 0 ? 1 : 0);
  }
  return {pictures, labels};
}

template <class A = no_augmentation>
auto make_loader(const std::shared_ptr<const picture_cache<memory_dataset>>& cache, const loader_options& options,
                 A augment = {}) {
  return std::make_unique<loader<memory_dataset, balanced_sampler, A>>(
      cache, balanced_sampler(labels_of(*cache), key(5)), augment, key(6), options);
}

struct broken_dataset {  // gives another picture each time it is asked
  mutable std::atomic<std::uint64_t> calls{0};
  broken_dataset() = default;
  [[nodiscard]] std::size_t size() const { return 2; }
  [[nodiscard]] picture image(std::size_t) const { return noise(calls++); }
  [[nodiscard]] int label(std::size_t) const { return -5; }
};

struct broken_sampler {  // forgets the position
  [[nodiscard]] std::size_t size() const { return 10; }
  void fill(std::uint64_t, std::span<std::size_t> out) const {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = i % 11;
  }
};

}  // namespace

TEST_CASE("The library's data sets keep the laws, and the laws catch those that do not") {
  const auto pictures = some_pictures(9);
  CHECK(testing::broken_dataset_laws(pictures).empty());
  CHECK(testing::broken_dataset_laws(picture_cache(pictures)).empty());
  CHECK(testing::broken_dataset_laws(picture_cache(pictures, {.bytes = 700})).empty());
  CHECK(testing::broken_dataset_laws(lazy_dataset(std::vector<int>(4, 1), [](std::size_t i) {
          return noise(i);
        })).empty());
  const auto broken = testing::broken_dataset_laws(broken_dataset{});
  CHECK(
      std::any_of(broken.begin(), broken.end(), [](auto& s) { return contains(s, "differs when it is read again"); }));
  CHECK(std::any_of(broken.begin(), broken.end(), [](auto& s) { return contains(s, "Label -5"); }));
  CHECK(std::any_of(broken.begin(), broken.end(), [](auto& s) { return contains(s, "must throw argument_error"); }));
}

TEST_CASE("The library's samplers keep the laws, and the laws catch those that do not") {
  const std::vector<int> labels{0, 0, 0, 1, 2, 0, no_label};
  for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{1} << 40}) {
    CHECK(testing::broken_sampler_laws(sequential_sampler(7), first).empty());
    CHECK(testing::broken_sampler_laws(shuffled_sampler(7, key(1)), first).empty());
    CHECK(testing::broken_sampler_laws(balanced_sampler(labels, key(1)), first).empty());
  }
  CHECK(testing::broken_sampler_laws(broken_sampler{}).size() == 2);
  CHECK_THROWS_AS(sequential_sampler(0), argument_error);
  CHECK_THROWS_AS(balanced_sampler(std::vector<int>{no_label}, key(1)), argument_error);
}

TEST_CASE("Each epoch of the shuffled sampler holds every picture once, in another order") {
  const shuffled_sampler order(50, key(3));
  std::vector<std::size_t> one(50), two(50);
  order.fill(0, one);
  order.fill(50, two);
  CHECK(one != two);
  CHECK(std::set(one.begin(), one.end()).size() == 50);
  CHECK(std::set(two.begin(), two.end()).size() == 50);
}

TEST_CASE("The balanced sampler draws classes equally often and their pictures too") {
  std::vector<int> labels(1000, 0);
  for (std::size_t i = 0; i < 30; ++i) labels[i] = 2;
  for (std::size_t i = 30; i < 150; ++i) labels[i] = 1;
  labels[999] = no_label;
  constexpr double n = 60000;
  std::vector<std::size_t> drawn(static_cast<std::size_t>(n));
  balanced_sampler(labels, key(9)).fill(0, drawn);
  std::array<double, 3> of_class{};
  std::vector<double> of_picture(1000);
  for (const auto i : drawn) {
    REQUIRE(labels[i] >= 0);
    ++of_class[static_cast<std::size_t>(labels[i])];
    ++of_picture[i];
  }
  // Five standard deviations of a binomial count.
  for (const double count : of_class) CHECK(std::abs(count - n / 3) < 5 * std::sqrt(n * 2 / 9));
  for (std::size_t i = 0; i < 30; ++i) CHECK(std::abs(of_picture[i] - n / 90) < 5 * std::sqrt(n / 90));
}

TEST_CASE("A pyramid halves by rounded means") {
  const picture p(2, 4, 1, std::vector<std::uint8_t>{0, 1, 10, 20, 2, 3, 30, 41});
  CHECK(halved(p).pixels()[0] == 2);   // 6 / 4 = 1.5
  CHECK(halved(p).pixels()[1] == 25);  // 101 / 4 = 25.25
  const auto levels = pyramid(noise(1, 64, 64, 3));
  REQUIRE(levels.size() == 5);
  CHECK(to_string(levels.back()) == "4 x 4 x 3");
  CHECK(levels[1] == halved(levels[0]));
  CHECK(pyramid(noise(1, 15, 16)).size() == 1);
  CHECK_THROWS_AS(halved(noise(1, 15, 16)), shape_error);
}

TEST_CASE("The cache reads each picture once, and within a budget still serves all of them") {
  auto reads = std::make_shared<std::atomic<int>>(0);
  const auto make = [reads](std::size_t i) {
    ++*reads;
    return noise(i);
  };
  const picture_cache all(lazy_dataset(std::vector<int>(20), make));
  for (int round = 0; round < 3; ++round)
    for (std::size_t i = 0; i < 20; ++i) CHECK(all.image(i) == noise(i));
  CHECK(*reads == 20);
  const picture_cache some(lazy_dataset(std::vector<int>(20), make), {.bytes = 5 * (256 + 64 + 16)});
  for (int round = 0; round < 3; ++round)
    for (std::size_t i = 0; i < 20; ++i) CHECK(some.image(i) == noise(i));
  CHECK(some.bytes() == 5 * (256 + 64 + 16));
  CHECK(some.decoded() == 5 + 3 * 15);
}

TEST_CASE("Batches hold the pictures, labels and values they say") {
  const auto cache = std::make_shared<const picture_cache<memory_dataset>>(some_pictures(40));
  const auto source = make_loader(cache, {.batch = 6, .height = 8, .width = 8, .workers = 0});
  const batch made = source->next();
  CHECK(made.extents == shape{6, 1, 8, 8});
  REQUIRE(made.indices.size() == 6);
  for (std::size_t j = 0; j < 6; ++j) {
    const picture level = halved(noise(made.indices[j]));
    CHECK(made.labels[j] == cache->label(made.indices[j]));
    for (std::size_t i = 0; i < 64; ++i)
      REQUIRE(made.pixels[j * 64 + i] == static_cast<float>(-1.0 + 2.0 * level.pixels()[i] / 255.0));
  }
  CHECK(root_values()[0] == -1.f);
  CHECK(root_values()[255] == 1.f);
  CHECK(linear_values(0, 1)[51] == .2f);
}

TEST_CASE("Colour pictures become planes") {
  const auto cache = std::make_shared<const picture_cache<memory_dataset>>(memory_dataset({noise(1, 4, 8, 3)}, {0}));
  const loader<memory_dataset, sequential_sampler, no_augmentation> source(
      cache, sequential_sampler(1), {}, key(1), {.batch = 1, .values = linear_values(0, 255), .workers = 0});
  const batch made = source.at(0);
  CHECK(made.extents == shape{1, 3, 4, 8});
  const picture p = noise(1, 4, 8, 3);
  for (int c = 0; c < 3; ++c) CHECK(made.pixels[static_cast<std::size_t>(c * 32 + 2 * 8 + 5)] == p.at(2, 5, c));
}

TEST_CASE("The same batches for any number of workers, any budget, and from any step on") {
  const flips_and_rotation augment;
  const auto full = std::make_shared<const picture_cache<memory_dataset>>(some_pictures(60));
  const auto tight =
      std::make_shared<const picture_cache<memory_dataset>>(some_pictures(60), cache_options{.bytes = 4000});
  const auto reference = make_loader(full, {.batch = 8, .workers = 0}, augment);
  std::vector<batch> expected;
  for (int i = 0; i < 30; ++i) expected.push_back(reference->next());
  CHECK(expected[0].pixels != expected[1].pixels);
  for (const int workers : {1, 2, 4}) {
    const auto source = make_loader(workers == 2 ? tight : full, {.batch = 8, .workers = workers, .ahead = 3}, augment);
    for (int i = 0; i < 30; ++i) {
      const batch made = source->next();
      REQUIRE(made.step == static_cast<std::uint64_t>(i));
      REQUIRE(made.indices == expected[static_cast<std::size_t>(i)].indices);
      REQUIRE(made.pixels == expected[static_cast<std::size_t>(i)].pixels);
    }
    source->seek(7);
    CHECK(source->step() == 7);
    CHECK(source->next().pixels == expected[7].pixels);
    CHECK(source->next().pixels == expected[8].pixels);
    CHECK(source->at(20).pixels == expected[20].pixels);
  }
}

TEST_CASE("A picture that cannot be read is said by next(), at its step, every time") {
  const auto data = lazy_dataset(std::vector<int>(4), [](std::size_t i) {
    if (i == 3) throw format_error("p3.png is not a readable picture.");
    return noise(i);
  });
  const auto cache = std::make_shared<const picture_cache<std::remove_const_t<decltype(data)>>>(data);
  loader<std::remove_const_t<decltype(data)>, sequential_sampler, no_augmentation> source(
      cache, sequential_sampler(4), {}, key(1), {.batch = 1, .workers = 2});
  for (int i = 0; i < 3; ++i) (void)source.next();
  CHECK_THROWS_AS(source.next(), format_error);
  CHECK(contains(message_of<format_error>([&] { (void)source.next(); }), "p3.png"));
  CHECK(source.step() == 3);
  source.seek(4);
  CHECK(source.next().indices == std::vector<std::size_t>{0});
}

TEST_CASE("A loader says what does not fit") {
  const auto cache = std::make_shared<const picture_cache<memory_dataset>>(some_pictures(4));
  CHECK_THROWS_AS(make_loader(cache, {.batch = 0}), argument_error);
  CHECK(contains(message_of<shape_error>([&] { (void)make_loader(cache, {.height = 12, .workers = 0})->next(); }),
                 "12 x 0"));
  const auto mixed =
      std::make_shared<const picture_cache<memory_dataset>>(memory_dataset({noise(1, 8, 8), noise(2, 8, 4)}, {0, 1}));
  CHECK(contains(message_of<shape_error>([&] { (void)make_loader(mixed, {.batch = 16, .workers = 0})->next(); }),
                 "one size"));
}

TEST_CASE("Augmentation is a function of its key, and flips are exact") {
  const picture p = noise(4, 6, 8, 3);
  const flips_and_rotation full;
  CHECK(full(p, key(1)) == full(p, key(1)));
  CHECK(!(full(p, key(1)) == full(p, key(2))));
  const picture across = flips_and_rotation({.horizontal = 1, .vertical = 0, .degrees = 0})(p, key(1));
  const picture down = flips_and_rotation({.horizontal = 0, .vertical = 1, .degrees = 0})(p, key(1));
  for (int y = 0; y < 6; ++y)
    for (int x = 0; x < 8; ++x)
      for (int c = 0; c < 3; ++c) {
        REQUIRE(across.at(y, 7 - x, c) == p.at(y, x, c));
        REQUIRE(down.at(5 - y, x, c) == p.at(y, x, c));
      }
  CHECK(flips_and_rotation({.horizontal = 0, .vertical = 0, .degrees = 0})(p, key(1)) == p);
  CHECK_THROWS_AS(flips_and_rotation({.horizontal = 1.5}), argument_error);
}

TEST_CASE("Rotations are about the centre, within the angle, to both sides") {
  // A dot 20 pixels right of the centre of a 65 x 65 picture moves along a circle.
  picture p(65, 65);
  for (int y = 31; y <= 33; ++y)
    for (int x = 51; x <= 53; ++x) p.at(y, x) = 255;
  const flips_and_rotation turn({.horizontal = 0, .vertical = 0, .degrees = 20});
  double least = 99, most = -99, sum = 0;
  for (int k = 0; k < 400; ++k) {
    const picture turned = turn(p, key(static_cast<std::uint64_t>(k)));
    double mass = 0, my = 0, mx = 0;
    for (int y = 0; y < 65; ++y)
      for (int x = 0; x < 65; ++x) {
        mass += turned.at(y, x);
        my += turned.at(y, x) * (y - 32);
        mx += turned.at(y, x) * (x - 32);
      }
    REQUIRE(mass > 0);
    REQUIRE(std::hypot(my / mass, mx / mass) == Approx(20).margin(.1));
    const double angle = std::atan2(my, mx) * 180 / 3.14159265358979;
    least = std::min(least, angle);
    most = std::max(most, angle);
    sum += angle;
  }
  CHECK(least >= -20.3);
  CHECK(least < -19);
  CHECK(most <= 20.3);
  CHECK(most > 19);
  CHECK(std::abs(sum / 400) < 5 * 40 / std::sqrt(12.0 * 400));
}

TEST_CASE("Shifts reach their share of the picture on every side, and change nothing else") {
  picture p(40, 80);
  for (int y = 18; y <= 22; ++y)
    for (int x = 38; x <= 42; ++x) p.at(y, x) = 200;
  const flips_and_rotation move({.horizontal = 0, .vertical = 0, .degrees = 0, .shift = .1});
  double left = 0, right = 0, up = 0, down = 0;
  for (int k = 0; k < 300; ++k) {
    const picture moved = move(p, key(static_cast<std::uint64_t>(k)));
    double mass = 0, my = 0, mx = 0;
    for (int y = 0; y < 40; ++y)
      for (int x = 0; x < 80; ++x) {
        mass += moved.at(y, x);
        my += moved.at(y, x) * (y - 20);
        mx += moved.at(y, x) * (x - 40);
      }
    REQUIRE(mass == Approx(25 * 200).epsilon(.01));
    left = std::min(left, mx / mass);
    right = std::max(right, mx / mass);
    up = std::min(up, my / mass);
    down = std::max(down, my / mass);
  }
  CHECK(left == Approx(-8).margin(.3));
  CHECK(right == Approx(8).margin(.3));
  CHECK(up == Approx(-4).margin(.2));
  CHECK(down == Approx(4).margin(.2));
  // The flips and angles of a key are the same with and without shifts: a shift of almost nothing shows it.
  const flips_and_rotation still({.shift = 1e-9}), plain;
  for (std::uint64_t k = 0; k < 8; ++k) CHECK(still(p, key(k)) == plain(p, key(k)));
  CHECK_THROWS_AS(flips_and_rotation({.shift = 1}), argument_error);
}

TEST_CASE("A flip and a rotation together are the rotation of the flipped picture") {
  // Smooth pictures, so that two bilinear paths agree but for rounding.
  picture p(64, 64);
  for (int y = 0; y < 64; ++y)
    for (int x = 0; x < 64; ++x)
      p.at(y, x) = static_cast<std::uint8_t>(128 + 100 * std::sin(x * .1) * std::cos(y * .13 + .5));
  const key k(12);
  const picture both = flips_and_rotation({.horizontal = 1, .vertical = 0, .degrees = 20})(p, k);
  const picture flipped = flips_and_rotation({.horizontal = 1, .vertical = 0, .degrees = 0})(p, k);
  const picture after = flips_and_rotation({.horizontal = 0, .vertical = 0, .degrees = 20})(flipped, k);
  int largest = 0;
  for (int y = 12; y < 52; ++y)
    for (int x = 12; x < 52; ++x) largest = std::max(largest, std::abs(int{both.at(y, x)} - int{after.at(y, x)}));
  CHECK(largest <= 2);
}

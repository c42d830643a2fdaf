#include <support/catch.hpp>

#include <algorithm>
#include <cmath>

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>
#include <synthmed/testing/augmentation_laws.hpp>
#include <synthmed/testing/gradcheck.hpp>
#include <synthmed/train/diff_augment.hpp>

using namespace synthmed;
using namespace synthmed::train;
using synthmed_test::contains;
using synthmed_test::message_of;
using B = reference_backend<double>;
using D = autodiff<B>;

namespace {

constexpr double background = -1;

std::vector<double> changed(const std::vector<double>& values, const shape& dims, const picture_change& how) {
  return ops::to_host<B>(diff_augment::changed<B>(ops::from_host<B>(dims, values), {how}, background));
}

diff_augment everything() {
  auto all = diff_augment::vessel_maps();
  all.probability = 0.8;
  all.opt_in = {.zoom = 0.2, .contrast = 0.3, .brightness = 0.2};
  return all;
}

}  // namespace

static_assert(explain_augmentation_on<diff_augment, D>());

TEST_CASE("differentiable augmentation keeps the laws of augmentations") {
  using sentences = std::vector<std::string>;
  CHECK(testing::broken_augmentation_laws<D>(diff_augment{}) == sentences{});  // nothing is on
  CHECK(testing::broken_augmentation_laws<D>(diff_augment::vessel_maps()) == sentences{});
  CHECK(testing::broken_augmentation_laws<D>(everything(), 6, 3) == sentences{});
}

TEST_CASE("each change does what it says") {
  const shape dims{1, 1, 2, 3};
  const std::vector<double> x{0.1, 0.2, 0.3, 0.4, 0.5, 0.6};
  using list = std::vector<double>;
  const auto same = [](const list& a, const list& b) {
    for (std::size_t i = 0; i < a.size(); ++i)
      if (std::abs(a[i] - b[i]) > 1e-12) return false;
    return a.size() == b.size();
  };
  CHECK(changed(x, dims, {}) == x);
  CHECK(same(changed(x, dims, {.flip_x = true}), {0.3, 0.2, 0.1, 0.6, 0.5, 0.4}));
  CHECK(same(changed(x, dims, {.flip_y = true}), {0.4, 0.5, 0.6, 0.1, 0.2, 0.3}));
  CHECK(same(changed(x, dims, {.dx = 1, .dy = -1}), {-1, 0.4, 0.5, -1, -1, -1}));
  CHECK(same(changed(x, dims, {.intensity = 0.5}), {-0.45, -0.4, -0.35, -0.3, -0.25, -0.2}));
  CHECK(same(changed(x, dims, {.contrast = 2}), {-0.15, 0.05, 0.25, 0.45, 0.65, 0.85}));
  CHECK(same(changed(x, dims, {.brightness = 0.5}), {0.6, 0.7, 0.8, 0.9, 1.0, 1.1}));
  CHECK(same(changed(x, dims, {.cut_top = 0, .cut_left = 1, .cut_side = 1}), {0.1, -1, 0.3, 0.4, 0.5, 0.6}));
  CHECK(same(changed(x, dims, {.cut_top = -1, .cut_left = -1, .cut_side = 2}), {-1, 0.2, 0.3, 0.4, 0.5, 0.6}));
  // A quarter turn takes the right to the bottom.
  const list square{1, 2, 3, 4, 5, 6, 7, 8, 9};
  CHECK(same(changed(square, {1, 1, 3, 3}, {.degrees = 90}), {7, 4, 1, 8, 5, 2, 9, 6, 3}));
  // Twice as large: half a pixel at a time from the middle.
  CHECK(same(changed(square, {1, 1, 3, 3}, {.zoom = 2}), {3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7}));
}

TEST_CASE("changes depend on key, picture and their own setting alone") {
  const auto all = everything();
  const auto a = all.changes(key(1), 64, 32, 32);
  CHECK(a == all.changes(key(1), 64, 32, 32));
  CHECK(a != all.changes(key(2), 64, 32, 32));
  const auto fewer = all.changes(key(1), 8, 32, 32);
  CHECK(std::equal(fewer.begin(), fewer.end(), a.begin()));
  auto without = all;
  without.cutout = without.opt_in.contrast = 0;
  const auto b = without.changes(key(1), 64, 32, 32);
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i].degrees == b[i].degrees);
    CHECK(a[i].dx == b[i].dx);
    CHECK(a[i].zoom == b[i].zoom);
    CHECK(b[i].cut_side == 0);
    CHECK(b[i].contrast == 1);
  }
}

TEST_CASE("strengths stay within their settings, kinds happen as often as asked, independently") {
  const auto all = everything();
  constexpr std::int64_t n = 4000;
  const auto drawn = all.changes(key(3), n, 32, 48);
  const auto share = [&](auto&& is) {
    return static_cast<double>(std::count_if(drawn.begin(), drawn.end(), is)) / static_cast<double>(n);
  };
  for (const auto& c : drawn) {
    CHECK(std::abs(c.degrees) <= 10);
    CHECK(std::abs(c.dx) <= 6);
    CHECK(std::abs(c.dy) <= 4);
    CHECK(std::abs(c.intensity - 1) <= 0.1);
    CHECK((c.zoom >= 1 / 1.2 - 1e-12 && c.zoom <= 1.2 + 1e-12));
    CHECK((c.cut_side == 0 || c.cut_side == 8));
  }
  // Four standard deviations of a share of 4000.
  const auto near = [](double p) { return Approx(p).margin(4 * std::sqrt(p * (1 - p) / n)); };
  CHECK(share([](const auto& c) { return c.degrees != 0; }) == near(0.8));
  CHECK(share([](const auto& c) { return c.flip_x; }) == near(0.4));
  CHECK(share([](const auto& c) { return c.cut_side > 0; }) == near(0.8));
  CHECK(share([](const auto& c) { return c.cut_side > 0 && c.degrees != 0; }) == near(0.64));
  CHECK(share([](const auto& c) { return c.flip_x && c.flip_y; }) == near(0.16));
  CHECK(share([](const auto& c) { return c.dx == 6; }) == near(0.8 / 13));
}

TEST_CASE("the list for vessel maps keeps widths and background") {
  const auto list = diff_augment::vessel_maps();
  CHECK(list.opt_in == diff_augment::opt_in_changes{});
  for (const auto& c : list.changes(key(4), 200, 32, 32)) {
    CHECK(c.zoom == 1);
    CHECK(c.contrast == 1);
    CHECK(c.brightness == 0);
  }
  const auto empty = B::full({16, 1, 8, 8}, background);
  for (const double value : ops::to_host<B>(list.apply<B>(empty, key(5)))) CHECK(value == Approx(background));
}

TEST_CASE("first and second derivatives of augmentation equal central differences") {
  const auto all = everything();
  // Squared, so that there is a second derivative; pictures of two channels that are not square.
  const auto f = [&](const std::vector<D::tensor>& x) { return ops::square<D>(all.apply<D>(x[0], key(6))); };
  const std::vector<testing::host_tensor> x{testing::to_host_tensor<B>(ops::normal<B>(key(7), {4, 2, 4, 6}))};
  const auto drawn = all.changes(key(6), 4, 4, 6);
  REQUIRE(std::any_of(drawn.begin(), drawn.end(), [](const auto& c) { return c.resamples(); }));
  REQUIRE(std::any_of(drawn.begin(), drawn.end(), [](const auto& c) { return c.cut_side > 0; }));
  CHECK(testing::gradcheck<D>(f, x) < 1e-7);
  CHECK(testing::gradgradcheck<D>(f, x) < 1e-6);
}

TEST_CASE("what leaks or cannot be is refused in a sentence, unless it is asked for") {
  const auto refusal = [](const diff_augment& wrong) {
    return message_of<argument_error>([&] { (void)wrong.changes(key(1), 1, 8, 8); });
  };
  CHECK(contains(refusal({.probability = 0.9}), "opt_in.leaks"));
  CHECK(contains(refusal({.degrees = 45}), "opt_in.leaks"));
  CHECK(contains(refusal({.translation = 0.5}), "translation in [0, 0.25], got 0.5"));
  CHECK(contains(refusal({.cutout = -0.1}), "cutout"));
  CHECK(contains(refusal({.intensity = std::nan("")}), "intensity"));
  CHECK_NOTHROW(diff_augment{.probability = 1, .degrees = 180, .opt_in = {.leaks = true}}.changes(key(1), 1, 8, 8));
  CHECK_THROWS_AS(diff_augment::vessel_maps().apply<B>(B::full({4, 4}, 0), key(1)), shape_error);
  CHECK(contains(diff_augment::vessel_maps().identity(),
                 "flips, rotation 10, translation 0.125, cutout 0.25, intensity 0.1"));
}

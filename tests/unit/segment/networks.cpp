// Segmenters: laws, inference over whole pictures and windows, errors.
#include <support/catch.hpp>

#include <cmath>
#include <numeric>

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>
#include <synthmed/models/segment.hpp>
#include <synthmed/models/vessel_unet.hpp>
#include <synthmed/testing/segmenter_laws.hpp>

#include "page_segmenter.hpp"

using namespace synthmed;
using synthmed_test::contains;
using synthmed_test::message_of;

namespace {

using B = reference_backend<double>;
using D = autodiff<B>;

constexpr models::vessel_unet_options<2> with_norm{.channels = {2, 3}};
constexpr models::vessel_unet_options<2> plain{
    .channels = {2, 3}, .batch_norm = false, .dropout = 0.2, .enlarged_first = true};

std::vector<float> noise(std::int64_t count) {
  std::vector<float> values(static_cast<std::size_t>(count));
  fill_uniform(key(5), std::span(values));
  return values;
}

}  // namespace

TEST_CASE("a U-Net, with batch norm and without, keeps the laws of a segmenter") {
  // Without biases a dead patch puts exact zeros on the kink of the next ReLU, where differences see the wrong slope;
  // these gradients are held against PyTorch's (tests/oracle/unet).
  for (const auto& broken : testing::broken_segmenter_laws<D>(models::vessel_unet<with_norm>{}, false))
    FAIL_CHECK(broken);
  for (const auto& broken : testing::broken_segmenter_laws<D>(models::vessel_unet<plain>{})) FAIL_CHECK(broken);
}

TEST_CASE("the segmenter of the concept's page keeps them too") {
  for (const auto& broken : testing::broken_segmenter_laws<D>(bright_pixels{})) FAIL_CHECK(broken);
}

TEST_CASE("the two networks have the parameters that are said") {
  CHECK(nn::count<B>(models::vessel_unet<models::small_unet>{}.init<B>(key(1))) == 487'730);
  CHECK(nn::count<B>(models::vessel_unet<models::retina_unet>{}.init<B>(key(1))) == 471'010);
  const auto names = nn::names(models::vessel_unet<with_norm>{}.init<B>(key(1)));
  CHECK(names.front() == "in.conv0.weight");
  CHECK(std::count(names.begin(), names.end(), "below.in.norm1.bias") == 1);
  CHECK(names.back() == "head.bias");
}

TEST_CASE("windows that do not overlap are the passes over the parts, and the batch does not matter") {
  const models::vessel_unet<plain> net{};
  const auto p = net.init<B>(key(2));
  const auto b = net.initial_buffers<B>();
  const auto pixels = noise(8 * 12);
  const auto tiles = models::segment_windows<B>(net, p, b, {pixels, 8, 12}, {.size = 4, .stride = 4, .batch = 4});
  std::vector<float> part;
  for (std::int64_t y = 4; y < 8; ++y)
    for (std::int64_t x = 8; x < 12; ++x) part.push_back(pixels[static_cast<std::size_t>(y * 12 + x)]);
  const auto alone = models::segment_whole<B>(net, p, b, {part, 4, 4});
  for (std::size_t y = 0; y < 4; ++y)
    for (std::size_t x = 0; x < 4; ++x) CHECK(tiles[(y + 4) * 12 + x + 8] == Approx(alone[y * 4 + x]).margin(1e-7));

  const auto view = models::picture_view{pixels, 8, 12};
  CHECK(models::segment_windows<B>(net, p, b, view, {.size = 4, .stride = 3, .batch = 1}) ==
        models::segment_windows<B>(net, p, b, view, {.size = 4, .stride = 3, .batch = 64}));
  // One window that covers the picture is a pass over the whole.
  CHECK(models::segment_windows<B>(net, p, b, view, {.size = 12, .stride = 12}).size() == 96);
}

TEST_CASE("overlapping windows are averaged over those that hold a pixel") {
  // bright_pixels looks at one pixel at a time, so every window says the same of it.
  const bright_pixels net{};
  const auto p = net.init<B>(key(2));
  const auto pixels = noise(7 * 9);
  const auto whole = models::segment_whole<B>(net, p, {}, {pixels, 7, 9});
  const auto windows = models::segment_windows<B>(net, p, {}, {pixels, 7, 9}, {.size = 4, .stride = 3, .batch = 2});
  REQUIRE(whole.size() == 63);
  for (std::size_t i = 0; i < whole.size(); ++i) CHECK(windows[i] == Approx(whole[i]).margin(1e-7));
}

TEST_CASE("pictures and windows that do not fit are refused in a sentence") {
  const models::vessel_unet<plain> net{};
  const auto p = net.init<B>(key(2));
  const auto b = net.initial_buffers<B>();
  const auto pixels = noise(64);
  CHECK(contains(message_of<shape_error>([&] {
                   (void)net.apply<B>(p, b, ops::zeros<B>({1, 1, 5, 4}), {});
                 }),
                 "h and w multiples of 2, got [1, 1, 5, 4]"));
  CHECK(contains(message_of<shape_error>([&] {
                   (void)models::segment_whole<B>(net, p, b, {pixels, 8, 7});
                 }),
                 "got 64 numbers for 1 x 8 x 7"));
  CHECK(contains(message_of<argument_error>([&] {
                   (void)models::segment_windows<B>(net, p, b, {pixels, 8, 8}, {.size = 7});
                 }),
                 "a multiple of 2"));
  CHECK(contains(message_of<argument_error>([&] {
                   (void)models::segment_windows<B>(net, p, b, {pixels, 8, 8}, {.size = 4, .stride = 0});
                 }),
                 "stride 0"));
  const std::vector<float> few(10);
  CHECK(contains(message_of<format_error>([&] { (void)models::unet_from_numbers<B, plain>(few, true); }),
                 "got 10 numbers"));
}

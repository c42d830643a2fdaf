// A GAN that is trained on few pictures is noticed by the monitor, and augmentation helps; prints the table of
// docs/gan.md.
#include <support/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/xtensor.hpp>
#include <synthmed/train/diff_augment.hpp>
#include <synthmed/train/observers/memorisation.hpp>
#include <synthmed/train/pgan_trainer.hpp>

using namespace synthmed;
using namespace synthmed::train;
using D = autodiff<xtensor_backend<float>>;

namespace {

constexpr auto options = models::quick_options(std::array<std::int64_t, 3>{32, 32, 16}, 32);
constexpr std::int64_t edge = 16, area = edge * edge;

/// Three soft bending strokes on a dark ground, values in [-1, 1].
std::vector<float> strokes(key k) {
  std::vector<float> out(area, -1);
  random_stream draw(k);
  for (int stroke = 0; stroke < 3; ++stroke) {
    double x = draw.uniform(3, 13), y = draw.uniform(3, 13), angle = draw.uniform(0, 6.283);
    const double bend = draw.uniform(-0.075, 0.075), width = draw.uniform(0.5, 1.1);
    for (int at = 0; at < 60; ++at, angle += bend) {
      x += 0.25 * std::cos(angle);
      y += 0.25 * std::sin(angle);
      const auto column = std::lround(x), row = std::lround(y);
      for (auto py = std::max(0L, row - 2); py <= std::min(edge - 1, row + 2); ++py)
        for (auto px = std::max(0L, column - 2); px <= std::min(edge - 1, column + 2); ++px) {
          const double apart = std::hypot(static_cast<double>(px) - x, static_cast<double>(py) - y);
          auto& pixel = out[static_cast<std::size_t>(py * edge + px)];
          pixel = std::max(pixel, static_cast<float>(2 * std::exp(-apart * apart / (1.2 * width * width)) - 1));
        }
    }
  }
  return out;
}

std::vector<float> pictures(const char* set, std::int64_t n) {
  std::vector<float> out;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto one = strokes(key(5).fold(set).fold(i));
    out.insert(out.end(), one.begin(), one.end());
  }
  return out;
}

/// Trains on n pictures and looks at the end.
memorisation_figures trained_on(std::int64_t n, const diff_augment& augment) {
  pgan_trainer<D, options, progressive_schedule, wgan_gp, diff_augment> gan(
      key(1),
      progressive_schedule({{.resolution = 8, .images = 6000, .fade_images = 0, .batch = 8},
                            {.resolution = edge, .images = 24000, .fade_images = 6000, .batch = 8}},
                           {.average_half_life = 1000, .first_stage = 1}),
      {.augmentation = augment});
  const auto training = pictures("training", n), held_out = pictures("held out", 256);
  while (!gan.done()) {
    const std::int64_t step = gan.next_step();
    random_stream draw(key(6).fold(step));
    std::vector<float> batch;
    for (int i = 0; i < 8; ++i) {
      const auto* const one = training.data() + draw.below(static_cast<std::uint64_t>(n)) * area;
      batch.insert(batch.end(), one, one + area);
    }
    auto x = D::from_host({8, 1, edge, edge}, batch);
    if (gan.plan().at(step).resolution < edge) x = ops::avg_pool<D>(x);
    (void)gan.step(x);
  }
  const auto figures = measure_memorisation(memorisation_sample_of<D>(
      gan, gan.next_step() - 1, ops::normal<D>(key(8), {256, options.latent}),
      D::from_host({n, 1, edge, edge}, training), D::from_host({256, 1, edge, edge}, held_out), 8));
  std::printf("%4lld pictures, %s: distance ratio %.2f, closest ratio %.2f, score gap %.2f\n",
              static_cast<long long>(n), augment.identity().c_str(), figures.distance_ratio, figures.closest_ratio,
              figures.score_gap);
  return figures;
}

}  // namespace

TEST_CASE("the monitor tells sixteen training pictures from a thousand, with augmentation and without") {
  const int threads_before = threads();
  set_threads(1);  // small networks are fastest so
  const diff_augment none{};
  const auto few = trained_on(16, none), helped = trained_on(16, diff_augment::vessel_maps()),
             many = trained_on(1024, none);
  CHECK(few.score_gap > 3);
  CHECK(std::abs(many.score_gap) < 0.5);
  CHECK(helped.score_gap < few.score_gap / 2);
  CHECK(few.distance_ratio < helped.distance_ratio - 0.1);
  CHECK(few.closest_ratio < 0.8);
  CHECK(helped.closest_ratio > 0.8);
  set_threads(threads_before);
}

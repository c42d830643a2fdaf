// Pictures: same bytes for any number of threads and any order, exact coverage, a closed disc, a clean field.
#include <support/catch.hpp>

#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

#include <synthmed/data/phantom.hpp>
#include <synthmed/parallel.hpp>

using namespace synthmed;

namespace {

double mean(const picture& p) {
  double sum = 0;
  for (const auto v : p.pixels()) sum += v;
  return sum / (255.0 * static_cast<double>(p.bytes()));
}

vessel straight(point2 from, point2 to, double width) {
  vessel v;
  for (int i = 0; i <= 50; ++i) {
    v.points.push_back(from + i / 50.0 * (to - from));
    v.width.push_back(width);
  }
  return v;
}

}  // namespace

TEST_CASE("an image has the same bytes alone, among others, and with 1, 2 and 4 threads") {
  const phantom_population population({.seed = 1, .images = 12, .enrichment = 1});
  const auto all = [&](int count) {
    set_threads(count);
    std::vector<phantom_image> images(12);
    std::vector<picture> crops(12);
    parallel_for(12, 1, [&](std::int64_t begin, std::int64_t end) {
      for (auto i = begin; i < end; ++i) {
        images[static_cast<std::size_t>(i)] = render(population, static_cast<std::size_t>(i));
        crops[static_cast<std::size_t>(i)] = vessel_map(population, static_cast<std::size_t>(i), {});
      }
    });
    return std::pair(images, crops);
  };
  const auto [one, one_crops] = all(1);
  for (const int count : {2, 4}) {
    const auto [many, crops] = all(count);
    for (std::size_t i = 0; i < 12; ++i) {
      CHECK(many[i].photograph == one[i].photograph);
      CHECK(many[i].vessels == one[i].vessels);
      CHECK(many[i].arteries == one[i].arteries);
      CHECK(many[i].veins == one[i].veins);
      CHECK(crops[i] == one_crops[i]);
    }
  }
  set_threads(2);
  // Alone: a population that ends with this very image, and no other picture drawn before it.
  const phantom_population alone({.seed = 1, .images = 8, .enrichment = 1});
  CHECK(render(alone, 7).photograph == one[7].photograph);
  const phantom_population other({.seed = 2, .images = 8, .enrichment = 1});
  CHECK_FALSE(render(other, 7).vessels == one[7].vessels);
}

TEST_CASE("parts that are off are not made, and do not change the others") {
  const phantom_population population({.images = 2});
  const phantom_image full = render(population, 1), map = render(population, 1, {.photograph = false, .masks = false});
  CHECK(map.photograph.empty());
  CHECK(map.arteries.empty());
  CHECK(map.field.empty());
  CHECK(map.vessels == full.vessels);
  CHECK(full.photograph.channels() == 3);
  CHECK(full.photograph.width() == 640);
  CHECK(full.photograph.height() == 480);
}

TEST_CASE("coverage is the share of a pixel that a vessel covers, also for vessels thinner than a pixel") {
  for (const double pixels : {.3, .8, 2.0, 5.5})
    for (const double turn : {0.0, .4, .785, 1.2}) {
      vessel_tree tree;
      const point2 along = heading(turn);
      tree.vessels.push_back(straight(-30.0 * along, 30.0 * along, pixels));
      const retina_view view{1, 50.3, 49.8, 1, 0, 1, 100, 100};
      double sum = 0;
      for (const float v : coverage(tree, vessel_kind::artery, view).values) sum += static_cast<double>(v);
      // Round ends add a little, up to pi / 4 width^2.
      CHECK(sum == Approx(60 * pixels + std::numbers::pi / 4 * pixels * pixels).epsilon(.01).margin(.5));
      CHECK(coverage(tree, vessel_kind::vein, view).values == plane(100, 100).values);
    }
  // A vessel along pixel borders covers whole pixels, and half of the next ones when it is shifted by half a pixel.
  vessel_tree tree;
  tree.vessels.push_back(straight({-40, 0}, {40, 0}, 4));
  const plane whole = coverage(tree, vessel_kind::artery, {1, 50, 50, 1, 0, 1, 100, 100});
  CHECK(whole.row(48)[50] == Approx(1).margin(1e-4));
  CHECK(whole.row(51)[50] == Approx(1).margin(1e-4));
  CHECK(whole.row(47)[50] == Approx(0).margin(1e-4));
  const plane half = coverage(tree, vessel_kind::artery, {1, 50, 50.5, 1, 0, 1, 100, 100});
  CHECK(half.row(48)[50] == Approx(.5).margin(1e-4));
  CHECK(half.row(52)[50] == Approx(.5).margin(1e-4));
}

TEST_CASE("of 120 images the disc is closed and the field is clean and not empty") {
  const phantom_population population({.seed = 1, .images = 120, .enrichment = 1});
  for (std::size_t i = 0; i < 120; ++i) {
    const phantom_image image = render(population, i, {.photograph = false, .masks = true});
    INFO(population.name(i));
    const int x = static_cast<int>(image.disc_x), y = static_cast<int>(image.disc_y);
    double centre = 0;
    for (int j = -1; j <= 1; ++j)
      for (int k = -1; k <= 1; ++k) centre += image.vessels.at(y + j, x + k) / (9 * 255.0);
    CHECK(centre > .85);
    double inside = 0, field = 0;
    bool outside = false, less = false;
    for (std::size_t p = 0; p < image.field.bytes(); ++p) {
      if (image.field.pixels()[p] == 0) {
        outside = outside || image.vessels.pixels()[p] != 0;
        continue;
      }
      ++field;
      inside += image.vessels.pixels()[p] / 255.0;
      less = less || image.vessels.pixels()[p] < std::max(image.arteries.pixels()[p], image.veins.pixels()[p]);
    }
    CHECK_FALSE(outside);
    CHECK_FALSE(less);
    CHECK(inside / field > .03);
    CHECK(inside / field < .16);
  }
}

TEST_CASE("a crop drawn at its own size is the crop of the frame") {
  const phantom_population population({.seed = 3, .images = 40});
  for (std::size_t i = 0; i < 40; i += 7) {
    const vessel_tree tree = bend_vessels(population, i).tree;
    const phantom_image frame = render(population, i, tree, {.photograph = false, .masks = false});
    const retina_view view = frame_view(population, i);
    const picture crop = vessel_map(population, i, tree, {.radius = 3, .size = 32});
    CHECK(crop.width() == 32);
    // The same square of the frame by brute force: 12 x 12 samples per pixel.
    const bool flip = view.mirror > 0;
    double error = 0;
    for (int y = 0; y < 32; ++y)
      for (int x = 0; x < 32; ++x) {
        double sum = 0;
        for (int j = 0; j < 12; ++j)
          for (int k = 0; k < 12; ++k) {
            const double fx = view.disc_x + (flip ? -1 : 1) * ((x + (k + .5) / 12) / 16 - 1) * 3 * view.scale;
            const double fy = view.disc_y + ((y + (j + .5) / 12) / 16 - 1) * 3 * view.scale;
            if (fx >= 0 && fy >= 0 && fx < 640 && fy < 480)
              sum += frame.vessels.at(static_cast<int>(fy), static_cast<int>(fx));
          }
        error += std::abs(sum / 144 - crop.at(y, x)) / (32 * 32);
      }
    INFO(population.name(i));
    CHECK(error < 2.5);
    CHECK(mean(crop) > .02);
  }
  CHECK_THROWS_AS(vessel_map(population, 0, {.radius = 0}), argument_error);
  CHECK_THROWS_AS(vessel_map(population, 0, {.size = 0}), argument_error);
  CHECK_THROWS_AS(render(population, 40), argument_error);
}

TEST_CASE("vessels are darker than what surrounds them, most of all in green, and the choroid is visible") {
  const phantom_population population({.seed = 2, .images = 24, .enrichment = 1, .sessions = {1, 0, 0, 0}});
  for (std::size_t i = 0; i < 24; i += 3) {
    const phantom_image image = render(population, i);
    INFO(population.name(i));
    double on = 0, off = 0, on_count = 0, off_count = 0, rough = 0;
    for (int y = 120; y < 360; ++y)
      for (int x = 160; x < 480; ++x) {
        const double dx = x - image.disc_x, dy = y - image.disc_y;
        if (dx * dx + dy * dy < 60 * 60) continue;
        const int green = image.photograph.at(y, x, 1);
        if (image.vessels.at(y, x) > 250) on += green, ++on_count;
        if (image.vessels.at(y, x) == 0 && image.vessels.at(y, x + 6) == 0) {
          off += green, ++off_count;
          rough += std::abs(green - image.photograph.at(y, x + 6, 1));
        }
      }
    REQUIRE(on_count > 100);
    CHECK(on / on_count < .93 * off / off_count);
    CHECK(rough / off_count > 1);
    for (int x = 0; x < 640; ++x) {
      // Outside of the field the photograph is black.
      if (image.field.at(0, x) == 0) REQUIRE(image.photograph.at(0, x, 0) == 0);
    }
  }
}

TEST_CASE("left eyes are mirrored: the fovea lies left of the disc in right eyes") {
  const phantom_population population({.seed = 2, .images = 30});
  for (std::size_t i = 0; i < 30; ++i) {
    const retina_view view = frame_view(population, i);
    const point2 p = view.pixel({3.76, .35});
    CHECK((p.x < view.disc_x) == (population.eyes()[population.image(i).eye].side == eye_side::right));
    const point2 back = view.retina(p);
    CHECK(back.x == Approx(3.76));
    CHECK(back.y == Approx(.35));
  }
}

TEST_CASE("a window of the frame is a part of the whole picture, and black beyond the frame") {
  const phantom_population population({.seed = 1, .images = 4, .enrichment = 1});
  const auto whole = render(population, 2);
  const auto part = render(population, 2, {.window = {.left = 500, .top = -20, .width = 160, .height = 120}});
  CHECK(part.disc_x == Approx(whole.disc_x - 500));
  REQUIRE(part.photograph.height() == 120);
  int differences = 0;
  for (int y = 0; y < 120; ++y)
    for (int x = 0; x < 160; ++x) {
      const int fy = y - 20, fx = x + 500;
      const bool inside = fy >= 0 && fx < 640;
      CHECK(part.field.at(y, x) == (inside ? whole.field.at(fy, fx) : 0));
      CHECK(std::abs(part.vessels.at(y, x) - (inside ? whole.vessels.at(fy, fx) : 0)) <= 1);
      if (y < 8 || x < 8 || y >= 112 || x >= 152) continue;
      for (int c = 0; c < 3; ++c)
        differences += std::abs(part.photograph.at(y, x, c) - (inside ? whole.photograph.at(fy, fx, c) : 0)) > 1;
    }
  CHECK(differences == 0);
}

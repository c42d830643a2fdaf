// Vessels: laws of forks, smoothness, no crossings within a kind, bends that stay with the eye.
#include <support/catch.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include <synthmed/data/phantom/measure.hpp>
#include <synthmed/parallel.hpp>

using namespace synthmed;

namespace {

/// A path along a circle of radius 1 with the given calibre.
vessel arc(double width, double length) {
  vessel v;
  v.trunk = true;
  for (double t = 0; t <= length; t += .01) {
    v.points.push_back({1 - std::cos(t), std::sin(t)});
    v.width.push_back(width);
  }
  return v;
}

}  // namespace

TEST_CASE("fork laws: Murray's calibres and Zamir's angles") {
  const auto [wide, narrow] = fork_widths(.1, .6, 2.6);
  CHECK(narrow / wide == Approx(.6));
  CHECK(std::pow(wide, 2.6) + std::pow(narrow, 2.6) == Approx(std::pow(.1, 2.6)));
  CHECK(fork_exponent({vessel_kind::artery, .1, wide, narrow, 0}) == Approx(2.6).margin(1e-9));
  // A symmetric fork opens by 2 x 37.5 degrees; the narrower a daughter, the more it alone turns.
  const auto even = fork_angles(1);
  CHECK(even[0] * 180 / std::numbers::pi == Approx(37.47).margin(.05));
  CHECK(even[0] == Approx(even[1]));
  const auto odd = fork_angles(.3);
  CHECK(odd[0] < .1);
  CHECK(odd[1] > 1.2);
}

TEST_CASE("measures know what they measure") {
  vessel_tree tree;
  tree.vessels.push_back(arc(.1, 1.5));
  // A quarter of a unit circle between chord lengths .5 and 1: arc 2 asin(.5) - 2 asin(.25), chord of the same angle.
  const double turn = 2 * std::asin(.5) - 2 * std::asin(.25);
  CHECK(arc_over_chord(tree.vessels[0], .5, 1) == Approx(turn / (2 * std::sin(turn / 2))).margin(1e-3));
  CHECK(std::isnan(arc_over_chord(tree.vessels[0], .5, 3)));
  CHECK(trunk_calibre(tree, vessel_kind::artery) == Approx(.1));
  CHECK(trunk_curvature(tree, vessel_kind::artery) == Approx(1).margin(1e-6));
  CHECK(tightest_bend(tree) == Approx(10).margin(1e-3));
  CHECK(own_kind_crossings(tree) == 0);
  vessel across = tree.vessels[0];
  for (std::size_t i = 0; i < across.points.size(); ++i) across.points[i] = {.1 + .006 * static_cast<double>(i), .8};
  tree.vessels.push_back(across);
  CHECK(own_kind_crossings(tree) == 1);
  tree.vessels[1].kind = vessel_kind::vein;
  CHECK(own_kind_crossings(tree) == 0);
}

TEST_CASE("the box dimension of a line is 1, of a plane 2") {
  picture line(256, 256), full(256, 256, 1, 255);
  for (int x = 0; x < 256; ++x) line.at(100, x) = 255;
  CHECK(box_dimension(line) == Approx(1));
  CHECK(box_dimension(full) == Approx(2));
  CHECK(std::isnan(box_dimension(picture(256, 256))));
}

TEST_CASE("of 120 images every vessel is smooth, none crosses its kind, and gross anatomy holds") {
  const phantom_population population({.seed = 1, .images = 120, .enrichment = 1});
  std::array<double, 3> tortuosity{}, calibre{}, count{};
  double exponents = 0, forks = 0;
  for (std::size_t i = 0; i < 120; ++i) {
    const vessel_session session = bend_vessels(population, i);
    const vessel_tree& tree = session.tree;
    INFO(population.name(i));
    CHECK(own_kind_crossings(tree) == 0);
    CHECK(tightest_bend(tree) >= curvature_radius_floor);
    CHECK(tree.vessels.size() > 30);
    CHECK(tree.vessels.size() < 260);
    int trunks = 0;
    for (std::size_t k = 0; k < tree.vessels.size(); ++k) {
      const vessel& v = tree.vessels[k];
      trunks += v.trunk;
      REQUIRE(v.points.size() == v.width.size());
      CHECK(v.parent < static_cast<int>(k));
      if (v.trunk) CHECK(norm(v.points[0]) <= .05);
      if (v.parent >= 0)
        CHECK(distance(v.points[0], tree.vessels[static_cast<std::size_t>(v.parent)].points.at(v.parent_point)) < 1e-9);
      const point2 fovea{population.eyes()[population.image(i).eye].fovea_x,
                         population.eyes()[population.image(i).eye].fovea_y};
      double nearest = 9;
      for (const point2 p : v.points) nearest = std::min(nearest, distance(p, fovea));
      CHECK(nearest > .25);
    }
    CHECK(trunks == 8);
    const auto label = static_cast<std::size_t>(population.image(i).label);
    const double t = cumulative_tortuosity(tree, vessel_kind::artery, 3);
    if (std::isnan(t)) continue;
    tortuosity[label] += t;
    calibre[label] += trunk_calibre(tree, vessel_kind::artery);
    ++count[label];
    for (const auto& f : tree.forks)
      if (f.kind == vessel_kind::artery) exponents += fork_exponent(f), ++forks;
  }
  for (std::size_t c = 0; c < 3; ++c) {
    REQUIRE(count[c] > 15);
    tortuosity[c] /= count[c];
    calibre[c] /= count[c];
    CHECK(calibre[c] > .060);
    CHECK(calibre[c] < .105);
  }
  CHECK(tortuosity[0] > 1.03);
  CHECK(tortuosity[0] < 1.14);
  CHECK(tortuosity[1] > tortuosity[0] + .02);
  CHECK(tortuosity[2] > tortuosity[1] + .02);
  CHECK(tortuosity[2] < 1.35);
  CHECK(exponents / forks == Approx(2.6).margin(.15));
}

TEST_CASE("the bends of an eye persist from session to session and belong to the eye alone") {
  const phantom_population population({.seed = 7, .images = 60, .enrichment = 1, .sessions = {0, 0, 0, 1}});
  // Correlation of the arteries' sideways displacement from the eye's unbent trunks, between two images.
  const auto displacement = [&](std::size_t image) {
    const vessel_tree anatomy = grow_vessels(population, population.image(image).eye);
    const vessel_tree bent = bend_vessels(population, image, anatomy).tree;
    std::vector<double> sideways;
    for (std::size_t k = 0; k < 4; ++k)
      for (std::size_t p = 12; p + 1 < std::min<std::size_t>(anatomy.vessels[k].points.size(), 60); ++p) {
        const point2 along = anatomy.vessels[k].points[p + 1] - anatomy.vessels[k].points[p - 1];
        sideways.push_back(cross(along, bent.vessels[k].points[2 * p] - anatomy.vessels[k].points[p]) / norm(along));
      }
    return sideways;
  };
  const auto correlation = [](const std::vector<double>& a, const std::vector<double>& b) {
    const std::size_t n = std::min(a.size(), b.size());
    double aa = 0, bb = 0, ab = 0;
    for (std::size_t i = 0; i < n; ++i) aa += a[i] * a[i], bb += b[i] * b[i], ab += a[i] * b[i];
    return ab / std::sqrt(aa * bb);
  };
  double lowest = 1, strangers = 0;
  for (std::size_t i = 0; i + 8 < 60; i += 4) {
    const auto first = displacement(i), last = displacement(i + 3), other = displacement(i + 8);
    lowest = std::min(lowest, correlation(first, last));
    strangers += correlation(first, other) / 13;
  }
  CHECK(lowest > .8);
  CHECK(std::abs(strangers) < .3);
}

TEST_CASE("more disease bends and widens the same vessels") {
  const phantom_population population({.seed = 9, .images = 200, .enrichment = 1, .sessions = {0, 0, 0, 1}});
  std::size_t pairs = 0, agree = 0;
  for (std::size_t i = 0; i + 3 < 200 && pairs < 25; i += 4) {
    const auto &a = population.image(i), &b = population.image(i + 3);
    if (a.eye != b.eye || std::abs(a.severity - b.severity) < .08) continue;
    const vessel_tree ta = bend_vessels(population, i).tree, tb = bend_vessels(population, i + 3).tree;
    CHECK((trunk_calibre(ta, vessel_kind::vein) < trunk_calibre(tb, vessel_kind::vein)) == (a.severity < b.severity));
    agree += (trunk_curvature(ta, vessel_kind::artery) < trunk_curvature(tb, vessel_kind::artery)) ==
             (a.severity < b.severity);
    ++pairs;
  }
  REQUIRE(pairs >= 10);
  CHECK(agree * 10 >= pairs * 8);
}

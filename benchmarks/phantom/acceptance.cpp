// Measures the phantom's acceptance table: anatomy, signal, leaks, repeatability and readers, on enriched populations
// of at least 3000 images of at least 500 subjects per seed, weighted back to the natural prevalence.
//   phantom_acceptance [images per seed] [markdown file] [csv file] [seeds...]
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <string>
#include <vector>

#include <synthmed/data/phantom.hpp>
#include <synthmed/data/phantom/measure.hpp>
#include <synthmed/io/csv.hpp>
#include <synthmed/parallel.hpp>

#include "statistics.hpp"

using namespace synthmed;
using acceptance::values;

namespace {

/// The picture shrunk by averaging over areas, as exact for fractional ratios.
picture shrunk(const picture& from, int width, int height) {
  picture out(height, width);
  const double sx = static_cast<double>(from.width()) / width, sy = static_cast<double>(from.height()) / height;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      double sum = 0;
      for (int j = static_cast<int>(y * sy); j < std::min(from.height(), static_cast<int>(std::ceil((y + 1) * sy)));
           ++j)
        for (int i = static_cast<int>(x * sx); i < std::min(from.width(), static_cast<int>(std::ceil((x + 1) * sx)));
             ++i)
          sum += from.at(j, i) * (std::min(j + 1.0, (y + 1) * sy) - std::max<double>(j, y * sy)) *
                 (std::min(i + 1.0, (x + 1) * sx) - std::max<double>(i, x * sx));
      out.at(y, x) = static_cast<std::uint8_t>(sum / (sx * sy) + .5);
    }
  return out;
}

/// The picture enlarged by a whole factor with Catmull-Rom interpolation, so that directions can be measured finely.
picture enlarged(const picture& from, int factor) {
  const auto weights = [](double t) -> std::array<double, 4> {
    return {.5 * (-t + 2 * t * t - t * t * t), .5 * (2 - 5 * t * t + 3 * t * t * t),
            .5 * (t + 4 * t * t - 3 * t * t * t), .5 * (t * t * t - t * t)};
  };
  picture out(from.height() * factor, from.width() * factor);
  for (int y = 0; y < out.height(); ++y)
    for (int x = 0; x < out.width(); ++x) {
      const double fy = (y + .5) / factor - .5, fx = (x + .5) / factor - .5;
      const int y0 = static_cast<int>(std::floor(fy)), x0 = static_cast<int>(std::floor(fx));
      const auto wy = weights(fy - y0), wx = weights(fx - x0);
      double sum = 0;
      for (int j = 0; j < 4; ++j)
        for (int i = 0; i < 4; ++i)
          sum += wy[static_cast<std::size_t>(j)] * wx[static_cast<std::size_t>(i)] *
                 from.at(std::clamp(y0 + j - 1, 0, from.height() - 1), std::clamp(x0 + i - 1, 0, from.width() - 1));
      out.at(y, x) = static_cast<std::uint8_t>(std::clamp(sum + .5, 0.0, 255.0));
    }
  return out;
}

/// What a picture tells without any network: vessel area, area over border (a calibre), and how much the direction of
/// the borders varies within neighbourhoods of 2, 4 and 8 pixels around (tortuosity).
std::array<double, 5> picture_features(const picture& map) {
  const int w = map.width(), h = map.height();
  double area = 0, border = 0;
  const auto size = static_cast<std::size_t>(w) * static_cast<std::size_t>(h);
  std::vector<double> strength(size), cosine(size), sine(size);
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) area += map.at(y, x) / 255.0;
  for (int y = 1; y + 1 < h; ++y)
    for (int x = 1; x + 1 < w; ++x) {
      const double gx = (map.at(y, x + 1) - map.at(y, x - 1)) / 510.0,
                   gy = (map.at(y + 1, x) - map.at(y - 1, x)) / 510.0;
      const double g2 = gx * gx + gy * gy;
      const auto i = static_cast<std::size_t>(y * w + x);
      border += std::sqrt(g2);
      strength[i] = g2;
      cosine[i] = gx * gx - gy * gy;  // twice the direction's angle, so that both borders of a vessel agree
      sine[i] = 2 * gx * gy;
    }
  // Sums over squares from running sums over rectangles.
  const auto summed = [&](const std::vector<double>& of) {
    std::vector<double> sums(static_cast<std::size_t>((w + 1) * (h + 1)));
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < w; ++x)
        sums[static_cast<std::size_t>((y + 1) * (w + 1) + x + 1)] =
            of[static_cast<std::size_t>(y * w + x)] + sums[static_cast<std::size_t>(y * (w + 1) + x + 1)] +
            sums[static_cast<std::size_t>((y + 1) * (w + 1) + x)] - sums[static_cast<std::size_t>(y * (w + 1) + x)];
    return sums;
  };
  const auto strengths = summed(strength), cosines = summed(cosine), sines = summed(sine);
  const auto variation = [&](int reach) {
    double spread = 0, total = 0;
    for (int y = reach; y + reach < h; ++y)
      for (int x = reach; x + reach < w; ++x) {
        const double here = strength[static_cast<std::size_t>(y * w + x)];
        if (here < 1e-4) continue;
        const auto square = [&](const std::vector<double>& sums) {
          const auto at = [&](int j, int i) { return sums[static_cast<std::size_t>(j * (w + 1) + i)]; };
          return at(y + reach + 1, x + reach + 1) - at(y - reach, x + reach + 1) - at(y + reach + 1, x - reach) +
                 at(y - reach, x - reach);
        };
        const double c = square(cosines), q = square(sines);
        spread += here * (1 - std::sqrt(c * c + q * q) / square(strengths));
        total += here;
      }
    return total > 0 ? spread / total : 0;
  };
  return {area / (w * h), border > 0 ? area / border : 0, variation(2), variation(4), variation(8)};
}

enum measure : std::size_t {
  artery_1,
  artery_2,
  artery_3,
  artery_4,
  vein_1,
  vein_2,
  vein_3,
  vein_4,
  artery_width,
  vein_width,
  artery_curvature,
  vein_curvature,
  density,
  map_density,
  box,
  branches,
  frame_first,
  frame_last = frame_first + 4,
  pole3_first,
  pole3_last = pole3_first + 4,
  pole4_first,
  pole4_last = pole4_first + 4,
  crossings,
  tightest,
  damped,
  shortened,
  disc_centre,
  measures
};

struct table {
  std::vector<std::string> key_, accepted_;
  std::map<std::string, std::vector<std::string>> value_;
  std::map<std::string, bool> passed_;
  void add(const std::string& name, const std::string& accepted, const std::string& value, bool passed) {
    if (value_.find(name) == value_.end()) {
      key_.push_back(name);
      accepted_.push_back(accepted);
      passed_[name] = true;
    }
    value_[name].push_back(value);
    passed_[name] = passed_[name] && passed;
  }
};

std::string text(double v, int digits = 3) {
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "%.*f", digits, v);
  return buffer;
}

void measure_seed(std::uint64_t seed, std::int64_t images, table& out, table& told) {
  phantom_options options;
  options.seed = seed;
  options.images = images;
  options.enrichment = 1;
  const phantom_population population(options);
  const auto n = population.images().size();
  std::vector<values> m(measures, values(n));
  std::vector<picture> small(n);
  std::vector<std::array<double, 24>> bearings(n);
  std::vector<std::vector<double>> exponents(n), angles(n);
  parallel_for(static_cast<std::int64_t>(n), 8, [&](std::int64_t begin, std::int64_t end) {
    for (auto at = begin; at < end; ++at) {
      const auto i = static_cast<std::size_t>(at);
      const vessel_session session = bend_vessels(population, i);
      const vessel_tree& tree = session.tree;
      for (std::size_t k = 0; k < 4; ++k) {
        m[artery_1 + k][i] = cumulative_tortuosity(tree, vessel_kind::artery, static_cast<double>(k + 1));
        m[vein_1 + k][i] = cumulative_tortuosity(tree, vessel_kind::vein, static_cast<double>(k + 1));
      }
      m[artery_width][i] = trunk_calibre(tree, vessel_kind::artery);
      m[vein_width][i] = trunk_calibre(tree, vessel_kind::vein);
      m[artery_curvature][i] = trunk_curvature(tree, vessel_kind::artery);
      m[vein_curvature][i] = trunk_curvature(tree, vessel_kind::vein);
      m[branches][i] = static_cast<double>(tree.vessels.size());
      m[crossings][i] = own_kind_crossings(tree);
      m[tightest][i] = tightest_bend(tree);
      m[damped][i] = session.damped;
      m[shortened][i] = session.shortened;
      for (const vessel_fork& f : tree.forks) {
        exponents[i].push_back(f.kind == vessel_kind::artery ? fork_exponent(f) : -fork_exponent(f));
        angles[i].push_back(f.angle * 180 / std::numbers::pi);
      }
      const phantom_image drawn = render(population, i, tree, {.photograph = false, .masks = true});
      double covered = 0, field = 0;
      for (std::size_t p = 0; p < drawn.field.bytes(); ++p)
        if (drawn.field.pixels()[p]) covered += drawn.vessels.pixels()[p] / 255.0, ++field;
      m[density][i] = covered / field;
      const auto dx = static_cast<int>(drawn.disc_x), dy = static_cast<int>(drawn.disc_y);
      double centre = 0;
      for (int y = dy - 1; y <= dy + 1; ++y)
        for (int x = dx - 1; x <= dx + 1; ++x) centre += drawn.vessels.at(y, x) / (9 * 255.0);
      m[disc_centre][i] = centre;
      const picture frame = shrunk(drawn.vessels, 256, 256);
      double kept = 0;
      for (const std::uint8_t v : frame.pixels()) kept += v >= 51;
      m[map_density][i] = kept / static_cast<double>(frame.bytes());
      m[box][i] = box_dimension(frame);
      small[i] = vessel_map(population, i, tree, {.radius = 3, .size = 32});
      const picture wide = vessel_map(population, i, tree, {.radius = 4, .size = 64});
      bearings[i] = trunk_bearings(tree);
      const auto f = picture_features(frame), s = picture_features(enlarged(small[i], 4)),
                 w = picture_features(enlarged(wide, 2));
      for (std::size_t k = 0; k < 5; ++k)
        m[frame_first + k][i] = f[k], m[pole3_first + k][i] = s[k], m[pole4_first + k][i] = w[k];
    }
  });

  values weight(n), one(n, 1.0);
  std::vector<std::size_t> subject(n), eye(n);
  std::vector<char> plus(n), any(n);
  for (std::size_t i = 0; i < n; ++i) {
    const phantom_record& r = population.images()[i];
    weight[i] = r.weight, subject[i] = r.subject, eye[i] = r.eye;
    plus[i] = r.label == diagnosis::plus, any[i] = r.label != diagnosis::normal;
  }
  // A trunk that leaves the retina early gives no value at 4 DD: take the population's mean for it.
  for (auto& column : m) {
    double sum = 0, count = 0;
    for (const double v : column)
      if (!std::isnan(v)) sum += v, ++count;
    for (double& v : column)
      if (std::isnan(v)) v = sum / count;
  }
  const auto class_mean = [&](std::size_t column, int label) {
    double sum = 0, total = 0;
    for (std::size_t i = 0; i < n; ++i)
      if (label < 0 || static_cast<int>(population.images()[i].label) == label)
        sum += weight[i] * m[column][i], total += weight[i];
    return sum / total;
  };
  const auto range = [&](const std::string& name, double low, double high, double v, int digits = 3) {
    out.add(name, text(low, digits) + " - " + text(high, digits), text(v, digits), v >= low && v <= high);
  };

  const auto counts = population.class_counts();
  out.add("images, subjects; normal / pre-plus / plus", ">= 3000, >= 500",
          std::to_string(n) + ", " + std::to_string(population.subjects().size()) + "; " + std::to_string(counts[0]) +
              " / " + std::to_string(counts[1]) + " / " + std::to_string(counts[2]),
          population.subjects().size() >= 500 && n >= 3000);
  const std::array<std::array<double, 2>, 4> normal{{{1.02, 1.06}, {1.05, 1.10}, {1.06, 1.11}, {1.06, 1.11}}};
  const std::array<std::array<double, 2>, 4> sick{{{1.07, 1.12}, {1.14, 1.21}, {1.17, 1.24}, {1.18, 1.26}}};
  const std::array<std::array<double, 2>, 4> vein{{{1.03, 1.06}, {1.07, 1.12}, {1.09, 1.13}, {1.10, 1.14}}};
  for (std::size_t k = 0; k < 4; ++k)
    range("1 arteries, normal, 0-" + std::to_string(k + 1) + " DD", normal[k][0], normal[k][1],
          class_mean(artery_1 + k, 0));
  for (std::size_t k = 0; k < 4; ++k)
    range("1 arteries, plus, 0-" + std::to_string(k + 1) + " DD", sick[k][0], sick[k][1], class_mean(artery_1 + k, 2));
  for (std::size_t k = 0; k < 4; ++k)
    range("1 veins, plus, 0-" + std::to_string(k + 1) + " DD", vein[k][0], vein[k][1], class_mean(vein_1 + k, 2));
  const char* names[] = {"normal", "pre-plus", "plus"};
  for (int c = 0; c < 3; ++c) {
    range(std::string("2 artery calibre, ") + names[c] + ", DD", .065, .100, class_mean(artery_width, c), 4);
    range(std::string("2 vein calibre, ") + names[c] + ", DD", .095, .145, class_mean(vein_width, c), 4);
  }
  range("2 artery / vein ratio", .62, .74, class_mean(artery_width, -1) / class_mean(vein_width, -1));
  range("2 artery calibre, plus over normal, %", 8, 18,
        100 * (class_mean(artery_width, 2) / class_mean(artery_width, 0) - 1), 1);
  range("2 vein calibre, plus over normal, %", 8, 18, 100 * (class_mean(vein_width, 2) / class_mean(vein_width, 0) - 1),
        1);
  values a, v;
  double angle = 0, forks = 0;
  for (std::size_t i = 0; i < n; ++i) {
    for (const double g : exponents[i]) (g > 0 ? a : v).push_back(std::abs(g));
    for (const double d : angles[i]) angle += d, ++forks;
  }
  const auto median = [](values& x) {
    std::nth_element(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(x.size() / 2), x.end());
    return x[x.size() / 2];
  };
  range("3 junction exponent, arteries (median)", 2.4, 2.8, median(a));
  range("3 junction exponent, veins (median)", 1.9, 2.3, median(v));
  range("3 angle between daughters, degrees", 65, 90, angle / forks, 1);
  for (int c = 0; c < 3; ++c)
    range(std::string("4 vessel density in the field, ") + names[c], .06, .13, class_mean(density, c), 4);
  for (int c = 0; c < 3; ++c)
    range(std::string("5 box dimension at 256 x 256, ") + names[c], 1.42, 1.58, class_mean(box, c));

  const auto signal = [&](const std::string& name, std::size_t column, double low, double high) {
    const auto r = acceptance::auc_interval(m[column], plus, weight, subject, .99, key(seed).fold(name));
    out.add("6 AUC plus, " + name, text(low, 2) + " - " + text(high, 2),
            text(r.value) + " (" + text(r.low) + " - " + text(r.high) + ")", r.value >= low && r.value <= high);
  };
  signal("artery arc/chord 0-4 DD", artery_4, .90, .96);
  signal("vein arc/chord 0-4 DD", vein_4, .80, .92);
  signal("artery calibre", artery_width, .70, .90);
  signal("vein calibre", vein_width, .70, .90);
  const auto nuisance = [&](const std::string& name, auto&& of) {
    values x(n);
    for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<double>(of(i));
    const auto r = acceptance::auc_interval(x, plus, weight, subject, .99, key(seed).fold(name));
    out.add("6 AUC plus, " + name + " (nuisance)", "interval holds .5, within .40 - .60",
            text(r.value) + " (" + text(r.low) + " - " + text(r.high) + ")",
            r.low <= .5 && r.high >= .5 && std::abs(r.value - .5) < .10);
  };
  const auto& e = population.eyes();
  const auto& s = population.subjects();
  const auto& im = population.images();
  nuisance("branch count", [&](std::size_t i) { return m[branches][i]; });
  nuisance("pigment", [&](std::size_t i) { return static_cast<int>(s[im[i].subject].pigment); });
  nuisance("disc size", [&](std::size_t i) { return e[im[i].eye].pixels_per_dd; });
  nuisance("glare", [&](std::size_t i) { return im[i].glare; });
  nuisance("haze", [&](std::size_t i) { return im[i].haze; });
  nuisance("vascular edge", [&](std::size_t i) { return std::min(99.0, e[im[i].eye].vascular_edge); });
  nuisance("eye side", [&](std::size_t i) { return static_cast<int>(e[im[i].eye].side); });
  nuisance("session", [&](std::size_t i) { return im[i].session; });

  out.add("(6 branch count without weights: plus / any)", "-",
          text(acceptance::auc(m[branches], plus, one)) + " / " + text(acceptance::auc(m[branches], any, one)), true);
  const std::vector<values> exact{m[artery_4],   m[vein_4],           m[artery_width],
                                  m[vein_width], m[artery_curvature], m[vein_curvature]};
  range("7 logistic on six exact measures, AUC plus", .96, .99,
        acceptance::auc(acceptance::logistic_scores(exact, plus, weight, subject), plus, weight));
  range("7 logistic on six exact measures, AUC any", .80, .92,
        acceptance::auc(acceptance::logistic_scores(exact, any, weight, subject), any, weight));
  out.add("(7 without weights: plus / any)", "-",
          text(acceptance::auc(acceptance::logistic_scores(exact, plus, one, subject), plus, one)) + " / " +
              text(acceptance::auc(acceptance::logistic_scores(exact, any, one, subject), any, one)),
          true);

  // Row 10: one eye in two sessions against two subjects; by where the trunks run, and by the pixels of the small map,
  // which the camera's roll moves.
  random_stream pairs(key(seed).fold("pairs"));
  values near_by_course, near_by_pixels;
  std::vector<char> same;
  const auto compare = [&](std::size_t i, std::size_t j) {
    double course = 0, pixels = 0;
    for (std::size_t p = 0; p < 24; ++p) course += std::pow(wrapped(bearings[i][p] - bearings[j][p]), 2);
    for (std::size_t p = 0; p < small[i].bytes(); ++p)
      pixels += std::pow(static_cast<double>(small[i].pixels()[p]) - static_cast<double>(small[j].pixels()[p]), 2);
    near_by_course.push_back(-course);
    near_by_pixels.push_back(-pixels);
  };
  for (std::size_t i = 0; i + 1 < n; ++i)
    if (im[i].eye == im[i + 1].eye) {
      compare(i, i + 1);
      same.push_back(1);
      std::size_t other = pairs.below(n);
      while (im[other].subject == im[i].subject) other = pairs.below(n);
      compare(i, other);
      same.push_back(0);
    }
  const values ones(same.size(), 1.0);
  range("10 same eye closer than other subjects, AUC, course of the trunks", .9, 1.0,
        acceptance::auc(near_by_course, same, ones));
  out.add("(10 the same, pixels of the 32-px map)", "-", text(acceptance::auc(near_by_pixels, same, ones)), true);
  values reading(n), true_severity(n);
  for (std::size_t i = 0; i < n; ++i) reading[i] = im[i].readings[0], true_severity[i] = im[i].severity;
  range("10 severity ICC of an eye, as one grader reads it", .7, .95, acceptance::intraclass(reading, eye, weight));
  out.add("(10 severity ICC before reading)", "-", text(acceptance::intraclass(true_severity, eye, weight)), true);

  // Row 11: on the composition of the expert set, 54 / 31 / 15.
  std::array<double, 3> share{.54, .31, .15}, mass{};
  for (std::size_t i = 0; i < n; ++i) mass[static_cast<std::size_t>(im[i].label)] += weight[i];
  double linear = 0, quadratic = 0;
  for (std::size_t g = 0; g < 8; ++g)
    for (std::size_t h = g + 1; h < 8; ++h) {
      std::array<std::array<double, 3>, 3> t{};
      for (std::size_t i = 0; i < n; ++i) {
        const auto c = static_cast<std::size_t>(im[i].label);
        t[static_cast<std::size_t>(im[i].experts[g])][static_cast<std::size_t>(im[i].experts[h])] +=
            weight[i] * share[c] / mass[c];
      }
      linear += acceptance::kappa(t, 1) / 28;
      quadratic += acceptance::kappa(t, 2) / 28;
    }
  range("11 experts, mean pairwise kappa, linear weights", .55, .80, linear);
  range("11 experts, mean pairwise kappa, quadratic weights", .55, .80, quadratic);

  auto study = populations_of(phantom_preset::study, seed).main;
  const phantom_population natural(study);
  const auto c = natural.class_counts();
  const double total = static_cast<double>(natural.images().size());
  range("13 normal, %, study preset", 80, 87, 100 * static_cast<double>(c[0]) / total, 1);
  range("13 pre-plus, %, study preset", 10, 17, 100 * static_cast<double>(c[1]) / total, 1);
  range("13 plus, %, study preset", 1.5, 4.5, 100 * static_cast<double>(c[2]) / total, 1);
  out.add("(13 images of the study preset)", "-", std::to_string(natural.images().size()), true);

  const auto sum = [&](std::size_t column) {
    double t = 0;
    for (const double x : m[column]) t += x;
    return t;
  };
  const double tight = *std::min_element(m[tightest].begin(), m[tightest].end());
  out.add("own-kind crossings, all images", "0", text(sum(crossings), 0), sum(crossings) == 0);
  out.add("tightest bend, radius / calibre", ">= " + text(curvature_radius_floor, 1), text(tight),
          tight >= curvature_radius_floor);
  range("vessel share of the disc's centre, smallest", .9, 1,
        *std::min_element(m[disc_centre].begin(), m[disc_centre].end()));
  out.add("(vessels per image; images with damping, %; cuts per 100 images)", "-",
          text(class_mean(branches, -1), 1) + "; " +
              text(100 *
                       static_cast<double>(
                           std::count_if(m[damped].begin(), m[damped].end(), [](double x) { return x > 0; })) /
                       static_cast<double>(n),
                   1) +
              "; " + text(100 * sum(shortened) / static_cast<double>(n), 1),
          true);

  // What a picture tells.
  const auto tell = [&](const std::string& name, std::size_t first) {
    const auto both = [&](const std::vector<values>& f) {
      return text(acceptance::auc(acceptance::logistic_scores(f, plus, weight, subject), plus, weight)) + " / " +
             text(acceptance::auc(acceptance::logistic_scores(f, any, weight, subject), any, weight));
    };
    told.add(name + ": density", "", both({m[first]}), true);
    told.add(name + ": calibre (area / border)", "", both({m[first + 1]}), true);
    told.add(name + ": tortuosity (spread of directions)", "", both({m[first + 2], m[first + 3], m[first + 4]}), true);
    told.add(name + ": density + calibre", "", both({m[first], m[first + 1]}), true);
    told.add(name + ": all", "", both({m[first], m[first + 1], m[first + 2], m[first + 3], m[first + 4]}), true);
  };
  told.add("exact: vessel density in the field", "",
           text(acceptance::auc(m[density], plus, weight)) + " / " + text(acceptance::auc(m[density], any, weight)),
           true);
  tell("256 squash", frame_first);
  tell("r 3 DD, 32 px", pole3_first);
  tell("r 4 DD, 64 px", pole4_first);
  told.add("exact: calibre of arteries and veins", "",
           text(acceptance::auc(acceptance::logistic_scores({m[artery_width], m[vein_width]}, plus, weight, subject),
                                plus, weight)) +
               " / " +
               text(acceptance::auc(acceptance::logistic_scores({m[artery_width], m[vein_width]}, any, weight, subject),
                                    any, weight)),
           true);
  told.add("exact: arc/chord of arteries and veins, 0-2 DD", "",
           text(acceptance::auc(acceptance::logistic_scores({m[artery_2], m[vein_2]}, plus, weight, subject), plus,
                                weight)) +
               " / " +
               text(acceptance::auc(acceptance::logistic_scores({m[artery_2], m[vein_2]}, any, weight, subject), any,
                                    weight)),
           true);
  told.add("exact: arc/chord of arteries and veins, 0-4 DD", "",
           text(acceptance::auc(acceptance::logistic_scores({m[artery_4], m[vein_4]}, plus, weight, subject), plus,
                                weight)) +
               " / " +
               text(acceptance::auc(acceptance::logistic_scores({m[artery_4], m[vein_4]}, any, weight, subject), any,
                                    weight)),
           true);
}

std::string markdown(const table& t, const std::vector<std::string>& seeds, bool verdict) {
  std::string out = verdict ? "| statistic | accept |" : "| from | ";
  for (const auto& s : seeds) out += (verdict ? " seed " : "seed ") + s + " |";
  out += verdict ? " verdict |\n|---|---|" : "\n|---|";
  for (std::size_t i = 0; i < seeds.size(); ++i) out += "---|";
  out += verdict ? "---|\n" : "\n";
  for (std::size_t i = 0; i < t.key_.size(); ++i) {
    out += "| " + t.key_[i] + " |" + (verdict ? " " + t.accepted_[i] + " |" : "");
    for (const auto& v : t.value_.at(t.key_[i])) out += " " + v + " |";
    out += verdict ? (t.accepted_[i] == "-" ? " |\n" : t.passed_.at(t.key_[i]) ? " yes |\n" : " **no** |\n") : "\n";
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) try {
  const std::int64_t images = argc > 1 ? std::atoll(argv[1]) : 3000;
  std::vector<std::string> seeds;
  for (int i = 4; i < argc; ++i) seeds.emplace_back(argv[i]);
  if (seeds.empty()) seeds = {"1", "2", "3"};
  table accepted, told;
  for (const auto& seed : seeds) measure_seed(std::stoull(seed), images, accepted, told);
  const std::string page =
      markdown(accepted, seeds, true) + "\nAUC plus vs rest / any vs normal:\n\n" + markdown(told, seeds, false);
  std::fputs(page.c_str(), stdout);
  if (argc > 2) write_file(argv[2], page);
  if (argc > 3) {
    csv_table csv({"statistic", "accept", "seed", "value"});
    for (const table* t : {&accepted, &told})
      for (std::size_t i = 0; i < t->key_.size(); ++i)
        for (std::size_t k = 0; k < seeds.size(); ++k)
          csv.add_row({t->key_[i], t->accepted_[i], seeds[k], t->value_.at(t->key_[i])[k]});
    write_csv(argv[3], csv);
  }
  for (const auto& [name, passed] : accepted.passed_)
    if (!passed) return 1;
  return 0;
} catch (const std::exception& problem) {
  std::fprintf(stderr, "%s\n", problem.what());
  return 2;
}

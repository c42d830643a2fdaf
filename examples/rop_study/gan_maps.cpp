// Maps of a GAN: values and pictures, pages, figures; the names of networks.
#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <numbers>

#include <synthmed/imaging/contact_sheet.hpp>
#include <synthmed/imaging/resize.hpp>
#include <synthmed/io/csv.hpp>
#include <synthmed/metrics/frechet.hpp>
#include <synthmed/metrics/kid.hpp>
#include <synthmed/parallel.hpp>

#include "gan_maps.hpp"

namespace rop_study {

namespace {

using synthmed::argument_error;
using synthmed::picture;
using synthmed::sentence;

constexpr std::array<const char*, 3> network_names{"quick", "small", "full"};
constexpr std::array<const char*, 2> loss_names{"wgan-gp", "ns-r1"};

/// Pixels in [0, 1], one row per picture, on thumbnails of one side.
std::vector<double> rows_of(std::span<const picture> pictures, int side) {
  const auto area = static_cast<std::size_t>(side) * static_cast<std::size_t>(side);
  std::vector<double> rows(pictures.size() * area);
  synthmed::parallel_for(static_cast<std::int64_t>(pictures.size()), 16, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      // A smaller picture is repeated pixel by pixel, so that what it lacks counts.
      const auto& p = pictures[i];
      picture shown(side, side, 1);
      if (p.height() > side) {
        shown = synthmed::fitted(
            p, {.height = side, .width = side, .how = synthmed::fit::squash, .with = synthmed::interpolation::area});
      } else {
        for (int y = 0; y < side; ++y)
          for (int x = 0; x < side; ++x) shown.at(y, x) = p.at(y * p.height() / side, x * p.width() / side);
      }
      for (std::size_t q = 0; q < area; ++q) rows[i * area + q] = static_cast<double>(shown.pixels()[q]) / 255;
    }
  });
  return rows;
}

/// Per row the mean strength of edges (central differences) in 4 x 4 cells by 8 directions without sign.
std::vector<double> edges_of(const std::vector<double>& rows, int side) {
  constexpr std::size_t cells = 4, bins = 8, width = cells * cells * bins;
  const auto n = static_cast<std::size_t>(side), area = n * n;
  std::vector<double> out(rows.size() / area * width);
  for (std::size_t i = 0; i < rows.size() / area; ++i) {
    const auto at = [&](std::size_t y, std::size_t x) { return rows[i * area + y * n + x]; };
    for (std::size_t y = 0; y < n; ++y)
      for (std::size_t x = 0; x < n; ++x) {
        const double across = at(y, std::min(x + 1, n - 1)) - at(y, x == 0 ? 0 : x - 1);
        const double down = at(std::min(y + 1, n - 1), x) - at(y == 0 ? 0 : y - 1, x);
        double angle = std::atan2(down, across);
        if (angle < 0) angle += std::numbers::pi;
        const auto bin =
            std::min(bins - 1, static_cast<std::size_t>(angle / std::numbers::pi * static_cast<double>(bins)));
        out[i * width + (y * cells / n * cells + x * cells / n) * bins + bin] +=
            std::hypot(across, down) * static_cast<double>(cells * cells) / static_cast<double>(area);
      }
  }
  return out;
}

struct moments {
  double mean = 0, contrast = 0, spread = 0, distance = 0;
};

moments moments_of(const std::vector<double>& rows, std::size_t area) {
  const std::size_t n = rows.size() / area;
  moments m;
  for (std::size_t q = 0; q < area; ++q) {
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < n; ++i) sum += rows[i * area + q];
    const double mean = sum / static_cast<double>(n);
    for (std::size_t i = 0; i < n; ++i) squares += (rows[i * area + q] - mean) * (rows[i * area + q] - mean);
    m.mean += mean;
    m.spread += std::sqrt(squares / static_cast<double>(n));
  }
  m.mean /= static_cast<double>(area);
  for (const double v : rows) m.contrast += (v - m.mean) * (v - m.mean);
  m.contrast = std::sqrt(m.contrast / static_cast<double>(rows.size()));
  m.spread /= static_cast<double>(area);
  const double sum =
      synthmed::parallel_sum(static_cast<std::int64_t>(n), 8, 0.0, [&](std::int64_t begin, std::int64_t end) {
        double part = 0;
        for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i)
          for (std::size_t j = 0; j < i; ++j) {
            double squares = 0;
            for (std::size_t q = 0; q < area; ++q) {
              const double d = rows[i * area + q] - rows[j * area + q];
              squares += d * d;
            }
            part += std::sqrt(squares);
          }
        return part;
      });
  m.distance = n > 1 ? sum / (static_cast<double>(n) * static_cast<double>(n - 1) / 2) : 0;
  return m;
}

}  // namespace

std::string to_string(gan_network network) { return network_names[static_cast<std::size_t>(network)]; }
gan_network network_of(const std::string& name) {
  const auto found = std::find(network_names.begin(), network_names.end(), name);
  if (found == network_names.end())
    throw argument_error(sentence("There is no network \"", name, "\"; --network is quick, small or full."));
  return static_cast<gan_network>(found - network_names.begin());
}

std::string to_string(gan_loss loss) { return loss_names[static_cast<std::size_t>(loss)]; }
gan_loss loss_of(const std::string& name) {
  const auto found = std::find(loss_names.begin(), loss_names.end(), name);
  if (found == loss_names.end())
    throw argument_error(sentence("There is no loss \"", name, "\"; --loss is wgan-gp or ns-r1."));
  return static_cast<gan_loss>(found - loss_names.begin());
}

std::unique_ptr<gan_engine> gan_on(const std::string& backend, const std::string& device, const gan_design& design) {
#ifdef ROP_STUDY_TORCH
  if (backend == "torch") return torch_gan(design, device);
#endif
#ifdef ROP_STUDY_XTENSOR
  if (backend == "xtensor") return xtensor_gan(design);
#endif
  throw argument_error(sentence("This program has no backend \"", backend, "\" for device ", device, "."));
}

synthmed::pixel_values values_of(synthmed::train::recipe recipe) {
  return recipe == synthmed::train::recipe::synthmed ? synthmed::root_values() : synthmed::linear_values();
}

std::vector<picture> pictures_of(std::span<const float> values, std::int64_t side, synthmed::train::recipe recipe) {
  const auto area = static_cast<std::size_t>(side * side);
  std::vector<picture> out;
  for (std::size_t at = 0; at + area <= values.size(); at += area) {
    picture p(static_cast<int>(side), static_cast<int>(side), 1);
    for (std::size_t q = 0; q < area; ++q) {
      const double share = std::clamp((static_cast<double>(values[at + q]) + 1) / 2, 0.0, 1.0);
      p.pixels()[q] = recipe == synthmed::train::recipe::seed ? static_cast<std::uint8_t>(255 * share)
                      : recipe == synthmed::train::recipe::paper
                          ? static_cast<std::uint8_t>(std::lround(255 * share))
                          : static_cast<std::uint8_t>(std::lround(255 * share * share));
    }
    out.push_back(std::move(p));
  }
  return out;
}

std::vector<picture> maps_drawn(const gan_view& view, std::span<const float> latents, std::int64_t latent,
                                synthmed::train::recipe recipe) {
  std::vector<picture> out;
  const auto portion = static_cast<std::size_t>(16 * latent);
  for (std::size_t at = 0; at < latents.size(); at += portion) {
    auto made =
        pictures_of(view.sample(latents.subspan(at, std::min(portion, latents.size() - at))), view.resolution, recipe);
    std::move(made.begin(), made.end(), std::back_inserter(out));
  }
  return out;
}

picture page_of(std::span<const picture> pictures) {
  std::vector<picture> shown;
  int side = 96;
  for (const auto& p : pictures) {
    side = std::max(96, p.height());
    picture lighter = p;
    for (auto& v : lighter.pixels())
      v = static_cast<std::uint8_t>(std::lround(255 * std::sqrt(static_cast<double>(v) / 255)));
    shown.push_back(std::move(lighter));
  }
  return synthmed::contact_sheet(shown, {}, {.columns = 8, .height = side, .width = side});
}

gan_figures compare_maps(std::span<const picture> real, std::span<const picture> synthetic) {
  if (real.size() < 2 || synthetic.size() < 2)
    throw argument_error(
        sentence("Maps are compared in sets of at least two, got ", real.size(), " and ", synthetic.size(), "."));
  const int side = std::min(32, real.front().height());
  const auto area = static_cast<std::size_t>(side) * static_cast<std::size_t>(side);
  const auto a = rows_of(real, side), b = rows_of(synthetic, side);
  const auto of_real = moments_of(a, area), of_synthetic = moments_of(b, area);
  const auto ratio = [](double x, double y) { return y > 0 ? x / y : 0.0; };
  const synthmed::feature_view x(a, area), y(b, area);
  const auto edges_a = edges_of(a, side), edges_b = edges_of(b, side);
  const synthmed::feature_view u(edges_a, edges_a.size() / real.size()), v(edges_b, edges_a.size() / real.size());
  return {.resolution = synthetic.front().height(),
          .real = static_cast<std::int64_t>(real.size()),
          .synthetic = static_cast<std::int64_t>(synthetic.size()),
          .frechet_edges = synthmed::frechet_distance(u, v).value,
          .kid_edges = synthmed::kid(u, v),
          .frechet_pixels = synthmed::frechet_distance(x, y).value,
          .kid_pixels = synthmed::kid(x, y),
          .brightness = ratio(of_synthetic.mean, of_real.mean),
          .contrast = ratio(of_synthetic.contrast, of_real.contrast),
          .spread = ratio(of_synthetic.spread, of_real.spread),
          .distance = ratio(of_synthetic.distance, of_real.distance)};
}

void note_figures(const std::filesystem::path& path, const gan_figures& f) {
  synthmed::csv_table table({"resolution", "real", "synthetic", "frechet_edges", "kid_edges", "frechet_pixels",
                             "kid_pixels", "brightness_ratio", "contrast_ratio", "spread_ratio", "distance_ratio",
                             "nearest_ratio", "closest_ratio", "critic_gap"},
                            path.string());
  if (std::filesystem::exists(path)) {
    const auto before = synthmed::read_csv(path);
    for (std::size_t r = 0; r < before.rows(); ++r)
      if (before.number(r, before.column("resolution")) < static_cast<double>(f.resolution)) {
        std::vector<std::string> cells;
        for (std::size_t c = 0; c < table.header().size(); ++c) cells.push_back(before.at(r, c));
        table.add_row(std::move(cells));
      }
  }
  const auto text = [](double x) { return synthmed::csv_number(x); };
  table.add_row({std::to_string(f.resolution), std::to_string(f.real), std::to_string(f.synthetic),
                 text(f.frechet_edges), text(f.kid_edges), text(f.frechet_pixels), text(f.kid_pixels),
                 text(f.brightness), text(f.contrast), text(f.spread), text(f.distance), text(f.nearest_ratio),
                 text(f.closest_ratio), text(f.critic_gap)});
  synthmed::write_csv(path, table);
}

}  // namespace rop_study

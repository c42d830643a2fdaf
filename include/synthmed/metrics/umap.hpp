// UMAP (McInnes, Healy and Melville 2018): few-dimensional maps of points, the same bytes for any number of threads,
// and a transform under which a point alone goes where it goes in a batch.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/metric.hpp>
#include <synthmed/metrics/neighbours.hpp>
#include <synthmed/metrics/umap/curve.hpp>
#include <synthmed/metrics/umap/descent.hpp>
#include <synthmed/metrics/umap/graph.hpp>
#include <synthmed/metrics/umap/layout.hpp>
#include <synthmed/metrics/umap/spectral.hpp>
#include <synthmed/random/key.hpp>

namespace synthmed {

/// Whose conventions a map follows where the packages differ.
enum class umap_profile {
  /// The Python package umap-learn: a and b by least squares, a start of extent 10 per axis, 500 epochs up to 10 000
  /// points and 200 above; new points start at the weighted mean of their k neighbours and walk at a quarter of the
  /// rate.
  umap_learn,
  /// The R package umap, which the study used: a and b by its grid search, a start whose first axis has a central
  /// 98 % range of 10, 200 epochs; new points count themselves among their k neighbours, start at the plain mean of
  /// the others and walk at the full rate for a third of the epochs.
  r_umap
};

/// How neighbours are found.
enum class umap_neighbours {
  automatic,   ///< exact up to 40 000 points, approximate above
  exact,       ///< brute force, n^2 distances
  approximate  ///< NN-descent: time little more than linear in n; finds 0.97 of them in normal clouds in 64 dimensions
};

/// Where the layout starts.
enum class umap_start {
  spectral,  ///< eigenvectors of the graph; keeps the large-scale order of the data
  random     ///< uniform in [-10, 10]; for comparison
};

/// Options of a map. Every field has a meaning of its own; none is a hint.
struct umap_options {
  /// Neighbours that make a point's surroundings, the point itself among them, 2 or more. Small values show fine
  /// structure, large ones the whole. Lowered to the number of points where there are fewer.
  std::size_t neighbours = 15;
  /// Coordinates of the map, 1 to 64.
  std::size_t dimensions = 2;
  /// How close points may lie in the map, 0 to 3 spread: small values give tight clusters. The study used 0.99.
  double min_dist = 0.1;
  /// Scale of the map: the distance over which closeness falls off.
  double spread = 1;
  /// Seed of the start's jitter, of the sampled pushes and of approximate neighbours.
  std::uint64_t seed = 42;
  /// Whose conventions to follow.
  umap_profile profile = umap_profile::umap_learn;
  /// Passes of the layout; 0 takes the profile's number. transform() makes a third of them, under umap_learn with 0
  /// here 100 of them (30 above 10 000 points).
  std::size_t epochs = 0;
  /// Step width of the first epoch; it falls linearly to 0.
  double learning_rate = 1;
  /// Points pushed away for each neighbour pulled. More separates clusters more and takes longer.
  std::size_t negatives = 5;
  /// Weight of the pushes.
  double repulsion = 1;
  /// The neighbour, counted from the nearest, up to which closeness is full; fractions interpolate. At least 1. Ignored
  /// for transform under umap_learn, whose new points have no full neighbour unless this is above 1.
  double local_connectivity = 1;
  /// 1 joins the two directions of an edge by fuzzy union, 0 by intersection; values between mix them.
  double mix = 1;
  /// How neighbours of the fitted points are found. transform() always searches exactly.
  umap_neighbours search = umap_neighbours::automatic;
  /// Where the layout starts.
  umap_start start = umap_start::spectral;
};

/// What fit() and transform() are doing.
enum class umap_stage { neighbours, graph, start, layout };

/// A step of the work: `done` of `total` units of a stage (epochs in the layout, 0 or 1 in the others).
struct umap_step {
  umap_stage stage;
  std::size_t done, total;
};

/// Anything that can be told about a step; called on the caller's thread, in order.
template <class P>
concept umap_observer = std::invocable<P&, const umap_step&>;

/// A fitted map. Cheap to copy: copies share what they hold and never change it, so any thread may use it.
class fitted_umap {
 public:
  /// The map of the fitted points, row i for point i: rows x dimensions.
  [[nodiscard]] const feature_matrix& coordinates() const noexcept { return state_->map; }

  /// Places new points among the fitted ones, which stay where they are. A pure function of the map and of each point:
  /// where a point goes depends neither on the other new points, nor on their order, nor on threads. Exact neighbours:
  /// n_new x n x d operations.
  /// Throws shape_error when the new points have another width, argument_error for numbers that are not finite.
  [[nodiscard]] feature_matrix transform(feature_view points) const;

  /// The options, with 0 epochs replaced by the number that was run and neighbours by the number that was used.
  [[nodiscard]] const umap_options& options() const noexcept { return state_->options; }
  /// The curve 1 / (1 + a d^(2b)).
  [[nodiscard]] umap_stages::curve_parameters curve() const noexcept { return state_->curve; }
  /// The fuzzy graph of the fitted points.
  [[nodiscard]] const umap_stages::sparse_graph& graph() const noexcept { return state_->graph; }
  /// Connected components of the graph.
  [[nodiscard]] std::size_t components() const noexcept { return state_->components; }
  /// True when the neighbours were searched exactly.
  [[nodiscard]] bool exact_neighbours() const noexcept { return state_->exact; }

 private:
  friend class umap;
  struct state {
    umap_options options;
    umap_stages::curve_parameters curve;
    umap_stages::sparse_graph graph;
    std::size_t components = 0;
    bool exact = true;
    std::vector<double> centre;  // of every feature, subtracted before anything else
    double step = 1;             // the grid on which the features are rounded
    feature_matrix data, map;    // data: centred and rounded
    std::vector<float> placed;   // the map as the layout left it
    double mean_distance = 0;
    std::size_t transform_epochs = 0;
  };
  std::shared_ptr<const state> state_;
};

/// UMAP as an embedding: holds options, fits maps.
///
///   synthmed::umap maker({.min_dist = 0.99});
///   const auto map = maker.fit(points);              // points: n x d
///   const auto& xy = map.coordinates();              // n x 2
///   const auto new_xy = map.transform(new_points);
class umap {
 public:
  /// Throws argument_error for options outside their ranges.
  explicit umap(const umap_options& options = {}) : options_(options) { check(); }

  [[nodiscard]] const umap_options& options() const noexcept { return options_; }

  /// Maps points. Throws argument_error when there is no point or a number is not finite (it names row and feature) or
  /// so large that squares overflow. Defined results at the edges: fewer points than neighbours lower the neighbours;
  /// duplicates get neighbouring places; constant data give a finite layout without meaning; one point lies at 0.
  [[nodiscard]] fitted_umap fit(feature_view points) const {
    return fit(points, [](const umap_step&) {});
  }

  /// The same, telling an observer of every step.
  template <umap_observer Observer>
  [[nodiscard]] fitted_umap fit(feature_view points, Observer&& observer) const;

 private:
  void check() const;
  umap_options options_;
};

namespace umap_stages {

/// Throws argument_error when a number is not finite or too large.
inline void check_finite_points(feature_view points, std::string_view what) {
  for (std::size_t i = 0; i < points.rows(); ++i)
    for (std::size_t d = 0; d < points.dimensions(); ++d)
      if (!(std::abs(points.row(i)[d]) <= 1e100))
        throw argument_error(sentence("UMAP needs finite numbers up to 1e100; ", what, " ", i, ", feature ", d, " is ",
                                      points.row(i)[d], "."));
}

/// Centres and rounds points: differences of rounded numbers have at most 26 bits, so that their squares are exact
/// in double and distances have the same bits however they are compiled.
[[nodiscard]] inline feature_matrix rounded_points(feature_view points, const std::vector<double>& centre,
                                                   double step) {
  feature_matrix out{std::vector<double>(points.values().size()), points.dimensions()};
  const double inverse = 1 / step;
  const std::size_t width = points.dimensions();
  for (std::size_t i = 0; i < points.rows(); ++i)
    for (std::size_t d = 0; d < width; ++d)
      out.values[i * width + d] = std::nearbyint((points.row(i)[d] - centre[d]) * inverse) * step;
  return out;
}

/// Moves a start to the place and extent that a profile gives it, with a little jitter.
[[nodiscard]] inline std::vector<float> scaled_start(std::vector<double> layout, std::size_t dims, umap_profile profile,
                                                     std::uint64_t seed) {
  const std::size_t n = layout.size() / dims;
  const auto column_sorted = [&](std::size_t d) {
    std::vector<double> column(n);
    for (std::size_t i = 0; i < n; ++i) column[i] = layout[i * dims + d];
    std::sort(column.begin(), column.end());
    return column;
  };
  double largest = 0;
  for (const double x : layout) largest = std::max(largest, std::abs(x));
  if (profile == umap_profile::umap_learn) {
    const double scale = largest > 0 ? 10 / largest : 0;
    for (std::size_t i = 0; i < layout.size(); ++i)
      layout[i] = std::fma(1e-4, rough_normal(seed, i), scale * layout[i]);
    for (std::size_t d = 0; d < dims; ++d) {
      const auto column = column_sorted(d);
      const double low = column.front(), range = column.back() - low;
      for (std::size_t i = 0; i < n; ++i)
        layout[i * dims + d] = range > 0 && n > 1 ? 10 * ((layout[i * dims + d] - low) / range) : 0;
    }
  } else {
    for (std::size_t d = 0; d < dims; ++d) {
      double sum = 0;
      for (std::size_t i = 0; i < n; ++i) sum += layout[i * dims + d];
      for (std::size_t i = 0; i < n; ++i) layout[i * dims + d] -= sum / static_cast<double>(n);
    }
    const auto column = column_sorted(0);
    const double range = column[(n - 1) * 99 / 100] - column[(n - 1) / 100];
    const double scale = range > 0 ? 10 / range : largest > 0 ? 5 / largest : 0;
    for (std::size_t i = 0; i < layout.size(); ++i)
      layout[i] = std::fma(1e-3, rough_normal(seed, i), scale * layout[i]);
  }
  std::vector<float> out(layout.size());
  for (std::size_t i = 0; i < layout.size(); ++i) out[i] = n > 1 ? static_cast<float>(layout[i]) : 0.0f;
  return out;
}

}  // namespace umap_stages

inline void umap::check() const {
  const auto& o = options_;
  if (o.neighbours < 2)
    throw argument_error(sentence("UMAP needs at least 2 neighbours (a point counts itself), got ", o.neighbours, "."));
  if (o.dimensions < 1 || o.dimensions > 64)
    throw argument_error(sentence("A UMAP has 1 to 64 dimensions, got ", o.dimensions, "."));
  if (o.profile == umap_profile::r_umap && !(o.min_dist < o.spread))
    throw argument_error(
        sentence("The profile r_umap needs a min_dist below the spread, got ", o.min_dist, " and ", o.spread, "."));
  if (o.epochs > 1000000) throw argument_error(sentence("UMAP runs at most 1000000 epochs, got ", o.epochs, "."));
  if (!(o.learning_rate > 0) || !(o.learning_rate <= 100))
    throw argument_error(sentence("UMAP's learning rate is positive and at most 100, got ", o.learning_rate, "."));
  if (o.negatives > 1000) throw argument_error(sentence("UMAP takes at most 1000 negatives, got ", o.negatives, "."));
  if (!(o.repulsion >= 0) || !(o.repulsion <= 1e6))
    throw argument_error(sentence("UMAP's repulsion lies between 0 and 1e6, got ", o.repulsion, "."));
  if (!(o.local_connectivity >= 1) || !(o.local_connectivity <= static_cast<double>(o.neighbours)))
    throw argument_error(sentence("UMAP's local connectivity lies between 1 and the number of neighbours (",
                                  o.neighbours, "), got ", o.local_connectivity, "."));
  if (!(o.mix >= 0) || !(o.mix <= 1))
    throw argument_error(sentence("UMAP's mix lies between 0 and 1, got ", o.mix, "."));
  (void)umap_stages::curve_target(o.spread, o.min_dist);
}

template <umap_observer Observer>
fitted_umap umap::fit(feature_view points, Observer&& observer) const {
  using namespace umap_stages;
  const std::size_t n = points.rows(), width = points.dimensions(), dims = options_.dimensions;
  if (n == 0 || width == 0) throw argument_error("UMAP needs at least one point with at least one feature.");
  if (n > 0xFFFFFFFFu) throw argument_error(sentence("UMAP takes at most 4294967295 points, got ", n, "."));
  check_finite_points(points, "point");
  fitted_umap out;
  auto state = std::make_shared<fitted_umap::state>();
  auto& s = *state;
  s.options = options_;
  const std::size_t k = s.options.neighbours = std::min(options_.neighbours, n);
  const bool r_umap = options_.profile == umap_profile::r_umap;
  if (s.options.epochs == 0) s.options.epochs = r_umap || n > 10000 ? 200 : 500;
  s.transform_epochs = r_umap || options_.epochs > 0 ? s.options.epochs / 3 : n > 10000 ? 30 : 100;
  s.curve =
      r_umap ? fit_curve_r_umap(options_.spread, options_.min_dist) : fit_curve(options_.spread, options_.min_dist);
  const key seed = key(options_.seed).fold("umap");

  s.centre.assign(width, 0);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t d = 0; d < width; ++d) s.centre[d] += points.row(i)[d] / static_cast<double>(n);
  double largest = 0;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t d = 0; d < width; ++d) largest = std::max(largest, std::abs(points.row(i)[d] - s.centre[d]));
  if (largest > 0) s.step = std::ldexp(1.0, std::ilogb(largest) - 24);
  s.data = rounded_points(points, s.centre, s.step);

  const bool exact =
      options_.search == umap_neighbours::exact || (options_.search == umap_neighbours::automatic && n <= 40000);
  s.exact = exact || n <= 4 * k;
  observer(umap_step{umap_stage::neighbours, 0, 1});
  neighbour_table near;
  if (k > 1)
    near = s.exact ? nearest_neighbours(s.data, s.data, k - 1, self_pairs::exclude)
                   : descend_neighbours(s.data, k - 1, seed.fold("neighbours"));
  near.rows = n;
  observer(umap_step{umap_stage::neighbours, 1, 1});

  observer(umap_step{umap_stage::graph, 0, 1});
  const auto smoothed = smooth_rows(near, options_.local_connectivity);
  s.graph = fuzzy_union(near, smoothed, options_.mix);
  for (const double d : near.distance) s.mean_distance += d;
  s.mean_distance /= static_cast<double>(n * k);
  s.components = connected_components(s.graph).count;
  observer(umap_step{umap_stage::graph, 1, 1});

  observer(umap_step{umap_stage::start, 0, 1});
  std::vector<double> start(n * dims);
  const std::uint64_t random = seed.fold("start").bits();
  if (options_.start == umap_start::spectral)
    start = spectral_layout(s.graph, s.data, dims, seed);
  else
    for (std::size_t i = 0; i < start.size(); ++i) start[i] = std::fma(2.0, rough_uniform(random, i), -1.0);
  s.placed = scaled_start(std::move(start), dims, options_.profile, seed.fold("jitter").bits());
  observer(umap_step{umap_stage::start, 1, 1});

  const layout_settings settings{s.options.epochs, options_.learning_rate, options_.negatives, 2};
  observer(umap_step{umap_stage::layout, 0, settings.epochs});
  if (n > 1)
    optimise_layout(s.graph, s.placed, dims, seed.fold("layout").bits(), settings, forces(s.curve, options_.repulsion),
                    [&](std::size_t done) {
                      observer(umap_step{umap_stage::layout, done, settings.epochs});
                    });
  s.map = {std::vector<double>(s.placed.begin(), s.placed.end()), dims};
  out.state_ = std::move(state);
  return out;
}

inline feature_matrix fitted_umap::transform(feature_view points) const {
  using namespace umap_stages;
  const state& s = *state_;
  const std::size_t n = s.data.rows(), dims = s.options.dimensions, rows = points.rows();
  if (rows > 0 && points.dimensions() != s.data.dimensions)
    throw shape_error(sentence("This map was fitted on points of ", s.data.dimensions,
                               " features; the new points have ", points.dimensions(), "."));
  check_finite_points(points, "new point");
  feature_matrix out{std::vector<double>(rows * dims), dims};
  if (rows == 0) return out;
  const bool r_umap = s.options.profile == umap_profile::r_umap;
  const auto fresh = rounded_points(points, s.centre, s.step);
  const std::size_t k = r_umap ? std::max<std::size_t>(1, s.options.neighbours - 1) : s.options.neighbours;
  const auto near = nearest_neighbours(fresh, s.data, std::min(k, n));
  const forces force(s.curve, s.options.repulsion);
  const layout_settings settings{s.transform_epochs, r_umap ? s.options.learning_rate : s.options.learning_rate / 4,
                                 s.options.negatives, 1};
  const std::uint64_t seed = key(s.options.seed).fold("umap").fold("transform").bits();
  parallel_for(static_cast<std::int64_t>(rows), 16, [&](std::int64_t begin, std::int64_t end) {
    std::vector<double> weight(near.k);
    std::vector<std::uint32_t> column(near.k);
    std::vector<std::uint64_t> rates(near.k);
    std::vector<float> own(dims);
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      const auto distances = near.distances(i);
      double mean = 0;
      for (const double d : distances) mean += d;
      mean /= static_cast<double>(r_umap ? near.k + 1 : near.k);
      // umap-learn: no full neighbour, and the sum that sets sigma leaves the nearest out.
      const smoothing smoothed =
          r_umap ? smooth_row(distances, near.k + 1, s.options.local_connectivity, 0, mean, s.mean_distance)
                 : smooth_row(distances, near.k, s.options.local_connectivity - 1, 1, mean, s.mean_distance);
      double sum = 0, largest = 0;
      for (std::size_t j = 0; j < near.k; ++j) {
        column[j] = static_cast<std::uint32_t>(near.indices(i)[j]);
        weight[j] = membership(distances[j], smoothed);
        sum += r_umap ? 1.0 : weight[j];
        largest = std::max(largest, weight[j]);
      }
      for (std::size_t d = 0; d < dims; ++d) {
        double at = 0;
        for (std::size_t j = 0; j < near.k; ++j) {
          const double w = r_umap ? 1.0 / sum : sum > 0 ? weight[j] / sum : 1.0 / static_cast<double>(near.k);
          at = std::fma(w, double{s.placed[column[j] * dims + d]}, at);
        }
        own[d] = static_cast<float>(!r_umap && weight[0] >= 1.0 ? double{s.placed[column[0] * dims + d]} : at);
      }
      std::size_t edges = 0;
      for (std::size_t j = 0; j < near.k; ++j)
        if (weight[j] > 0 && weight[j] * static_cast<double>(settings.epochs) >= largest) {
          column[edges] = column[j];
          rates[edges++] = sampling_rate(weight[j], largest);
        }
      // The stream is the point's own: a hash of its features, so that neither its row nor its company matters.
      std::uint64_t stream = seed;
      for (std::size_t d = 0; d < fresh.dimensions; ++d)
        stream =
            mixed64(stream ^ std::bit_cast<std::uint64_t>(fresh.values[i * fresh.dimensions + d] + 0.0)) + golden_step;
      const moving_point point{std::span<const std::uint32_t>(column).first(edges),
                               std::span<const std::uint64_t>(rates).first(edges), n, n, stream};
      for (std::size_t epoch = 0; epoch < settings.epochs; ++epoch) {
        const double share = static_cast<double>(epoch) / static_cast<double>(settings.epochs);
        move_point(own.data(), s.placed.data(), dims, point, epoch, static_cast<float>(settings.rate * (1.0 - share)),
                   settings, force);
      }
      for (std::size_t d = 0; d < dims; ++d) out.values[i * dims + d] = own[d];
    }
  });
  return out;
}

static_assert(embedding<umap>);

}  // namespace synthmed

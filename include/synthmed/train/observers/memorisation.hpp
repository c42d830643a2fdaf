// Watches whether a GAN learns its training pictures by heart: how near generated pictures come to training pictures, and
// whether the critic tells training from held-out real ones.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <numeric>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <synthmed/core/backend.hpp>
#include <synthmed/error.hpp>
#include <synthmed/metrics/features.hpp>
#include <synthmed/metrics/neighbours.hpp>
#include <synthmed/ops/layout.hpp>
#include <synthmed/ops/storage.hpp>
#include <synthmed/train/observer.hpp>
#include <synthmed/train/observers/json_lines.hpp>

namespace synthmed::train {

/// What is looked at: pictures [n, channels, edge, edge] on the host, row by row, and the critic's scores of real ones.
struct memorisation_sample {
  std::int64_t channels = 1, edge = 4;
  std::vector<float> training{}, held_out{}, synthetic{};
  std::vector<float> training_scores{}, held_out_scores{};  ///< as many as the caller likes; both empty: not compared
};

/// What is seen. Distances are root mean squares over the numbers of a thumbnail of at most 32 x 32 pixels.
struct memorisation_figures {
  double synthetic_distance = 0;  ///< mean distance of a generated picture to its nearest training picture
  double held_out_distance = 0;   ///< the same for a held-out real picture
  /// The first over the second: about 1 when generated pictures are as far from the training set as new real ones are,
  /// towards 0 when they are copies; above 1 while they are no good yet.
  double distance_ratio = 0;
  double closest_ratio = 0;       ///< the same of the smallest distances: a few copies among many new pictures show here
  double training_score = 0;      ///< the critic's mean score of training pictures
  double held_out_score = 0;      ///< of held-out real pictures
  /// Their difference over the standard deviation of scores within the sets: about 0 for a critic that judges, above 1 for
  /// one that remembers. NaN, as the means, without scores.
  double score_gap = 0;

  /// Calls f(name, value) for every figure that was measured.
  template <class F>
  void for_each_value(F&& f) const {
    const auto say = [&](std::string_view name, double value) {
      if (!std::isnan(value)) f(name, value);
    };
    say("synthetic_distance", synthetic_distance);
    say("held_out_distance", held_out_distance);
    say("distance_ratio", distance_ratio);
    say("closest_ratio", closest_ratio);
    say("training_score", training_score);
    say("held_out_score", held_out_score);
    say("score_gap", score_gap);
  }
};

namespace detail {

/// Rows of thumbnails: pictures averaged by blocks down to at most 32 pixels where the edge is a multiple of that.
[[nodiscard]] inline feature_matrix thumbnails(std::span<const float> pictures, std::int64_t channels, std::int64_t edge,
                                               std::string_view set) {
  const std::int64_t block = edge > 32 && edge % 32 == 0 ? edge / 32 : 1, small = edge / block;
  if (channels < 1 || edge < 1 || pictures.empty() || pictures.size() % static_cast<std::size_t>(channels * edge * edge) != 0)
    throw shape_error(sentence("Looking for copies needs whole ", set, " pictures of ", channels, " x ", edge, " x ", edge,
                               " numbers, at least one, got ", pictures.size(), " numbers."));
  const auto planes = static_cast<std::int64_t>(pictures.size()) / (edge * edge);
  auto out = make_features(static_cast<std::size_t>(planes / channels), static_cast<std::size_t>(channels * small * small));
  // Divided so that Euclidean distances are root mean squares.
  const double scale = 1 / (static_cast<double>(block * block) * std::sqrt(static_cast<double>(channels * small * small)));
  for (std::int64_t plane = 0; plane < planes; ++plane)
    for (std::int64_t y = 0; y < edge; ++y)
      for (std::int64_t x = 0; x < edge; ++x)
        out.values[static_cast<std::size_t>((plane * small + y / block) * small + x / block)] +=
            scale * static_cast<double>(pictures[static_cast<std::size_t>((plane * edge + y) * edge + x)]);
  return out;
}

[[nodiscard]] inline double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace detail

/// Throws shape_error when pictures or scores do not fit, argument_error when a picture is not finite.
[[nodiscard]] inline memorisation_figures measure_memorisation(const memorisation_sample& sample) {
  const auto rows = [&](const std::vector<float>& pictures, std::string_view set) {
    auto out = detail::thumbnails(pictures, sample.channels, sample.edge, set);
    require_finite(out, set);
    return out;
  };
  const auto training = rows(sample.training, "training");
  const auto synthetic = nearest_neighbours(rows(sample.synthetic, "generated"), training, 1).distance;
  const auto held_out = nearest_neighbours(rows(sample.held_out, "held-out"), training, 1).distance;
  const auto smallest = [](const std::vector<double>& values) { return *std::min_element(values.begin(), values.end()); };
  const double infinite = std::numeric_limits<double>::infinity(), unknown = std::numeric_limits<double>::quiet_NaN();
  const auto ratio = [&](double a, double b) { return b > 0 ? a / b : a > 0 ? infinite : 1.0; };
  memorisation_figures out{.synthetic_distance = detail::mean_of(synthetic), .held_out_distance = detail::mean_of(held_out),
                           .training_score = unknown, .held_out_score = unknown, .score_gap = unknown};
  out.distance_ratio = ratio(out.synthetic_distance, out.held_out_distance);
  out.closest_ratio = ratio(smallest(synthetic), smallest(held_out));

  const std::vector<double> a(sample.training_scores.begin(), sample.training_scores.end());
  const std::vector<double> b(sample.held_out_scores.begin(), sample.held_out_scores.end());
  if (a.empty() != b.empty())
    throw shape_error(sentence("A critic's scores are compared between training and held-out pictures, got ", a.size(), " and ",
                               b.size(), " of them."));
  if (a.empty()) return out;
  out.training_score = detail::mean_of(a);
  out.held_out_score = detail::mean_of(b);
  const auto squares = [](const std::vector<double>& values, double mean) {
    double sum = 0;
    for (const double v : values) sum += (v - mean) * (v - mean);
    return sum;
  };
  const double within = squares(a, out.training_score) + squares(b, out.held_out_score);
  const auto degrees = static_cast<double>(a.size() + b.size()) - 2;
  const double difference = out.training_score - out.held_out_score;
  if (degrees > 0 && within > 0) out.score_gap = difference / std::sqrt(within / degrees);
  else if (difference == 0) out.score_gap = 0;
  return out;
}

/// The sample of a GAN's trainer: pictures of its averaged generator from the given latents, and its critic's scores of real
/// pictures [n, c, r, r], r that of the step. The critic sees them in batches of `batch`, as in training, where it compares
/// the pictures of a batch; the last ones that fill none are not scored, unless there are fewer than one batch.
template <backend B, class Trainer>
[[nodiscard]] memorisation_sample memorisation_sample_of(const Trainer& trainer, std::int64_t step, const typename B::tensor& latents,
                                                         const typename B::tensor& training, const typename B::tensor& held_out,
                                                         std::int64_t batch) {
  const auto host = [](const typename B::tensor& x) {
    const auto values = ops::to_host<B>(x);
    return std::vector<float>(values.begin(), values.end());
  };
  const auto scores = [&](const typename B::tensor& x) {
    const std::int64_t n = B::shape_of(x)[0], each = std::clamp<std::int64_t>(batch, 1, std::max<std::int64_t>(n, 1));
    std::vector<float> out;
    for (std::int64_t first = 0; first + each <= n; first += each) {
      const auto some = host(trainer.score(ops::slice<B>(x, 0, first, first + each), step));
      out.insert(out.end(), some.begin(), some.end());
    }
    return out;
  };
  const auto synthetic = trainer.sample(latents, step);
  const shape dims = B::shape_of(synthetic);
  for (const auto* real : {&training, &held_out})
    if (!(B::shape_of(*real).rank() == 4 && B::shape_of(*real).with(0, dims[0]) == dims))
      throw shape_error(sentence("At step ", step, " pictures are ", dims, "; real ones to compare with are ", B::shape_of(*real), "."));
  return {.channels = dims[1], .edge = dims[2], .training = host(training), .held_out = host(held_out), .synthetic = host(synthetic),
          .training_scores = scores(training), .held_out_scores = scores(held_out)};
}

/// Where a run is when the monitor looks.
struct memorisation_moment {
  std::int64_t step = 0;  ///< the last step that was made
  std::int64_t stage = 0;
};

/// Every so many steps asks look(memorisation_moment) for a memorisation_sample and writes its figures as a JSON line. Look
/// from latents that are fixed for the run, at the same real pictures each time, so that lines can be compared.
template <std::invocable<const memorisation_moment&> Look>
  requires std::convertible_to<std::invoke_result_t<Look&, const memorisation_moment&>, memorisation_sample>
class memorisation_monitor : public quiet_observer {
 public:
  /// Opens the log as json_lines does, cut to the steps before `next_step`. Throws argument_error for every < 1, io_error.
  memorisation_monitor(const std::filesystem::path& log, std::int64_t next_step, std::int64_t every, Look look)
      : every_(every), look_(std::move(look)), log_(log, next_step) {
    if (every < 1) throw argument_error(sentence("Copies are looked for every 1 or more steps, got ", every, "."));
  }

  verdict on_step(const step_event& e) {
    if ((e.step + 1) % every_ != 0) return verdict::go_on;
    figures_ = measure_memorisation(look_(memorisation_moment{e.step, e.stage}));
    std::vector<named_value> values;
    figures_.for_each_value([&](std::string_view name, double value) { values.push_back({name, value}); });
    auto line = e;
    line.values = values;
    return log_.on_step(line);
  }
  void on_checkpoint(const checkpoint_event& e) { log_.on_checkpoint(e); }

  /// The last figures; zeros before the first look.
  [[nodiscard]] const memorisation_figures& figures() const noexcept { return figures_; }

 private:
  std::int64_t every_;
  Look look_;
  json_lines log_;
  memorisation_figures figures_;
};

}  // namespace synthmed::train

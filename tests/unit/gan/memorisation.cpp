#include <support/catch.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <synthmed/backends/reference.hpp>
#include <synthmed/io/file.hpp>
#include <synthmed/ops/ops.hpp>
#include <synthmed/testing/observer_laws.hpp>
#include <synthmed/train/observers/memorisation.hpp>

using namespace synthmed;
using namespace synthmed::train;
using synthmed_test::contains;
using synthmed_test::message_of;
using B = reference_backend<float>;

namespace {

constexpr std::int64_t edge = 8;

std::vector<float> noise(const char* name, std::int64_t n, double size = 1) {
  std::vector<float> out(static_cast<std::size_t>(n * edge * edge));
  fill_normal(key(3).fold(name), std::span(out));
  for (float& x : out) x *= static_cast<float>(size);
  return out;
}

memorisation_sample sample_with(std::vector<float> synthetic) {
  return {.channels = 1,
          .edge = edge,
          .training = noise("training", 60),
          .held_out = noise("held out", 40),
          .synthetic = std::move(synthetic),
          .training_scores = noise("a", 1),
          .held_out_scores = noise("b", 1)};
}

}  // namespace

TEST_CASE("copies, new pictures and bad pictures are told apart") {
  const auto fresh = measure_memorisation(sample_with(noise("new", 40)));
  CHECK(fresh.distance_ratio == Approx(1).margin(0.03));
  CHECK(std::abs(fresh.score_gap) < 0.7);
  // Independent normal numbers are sqrt(2) apart; the nearest of 60 pictures of 64 somewhat less.
  CHECK(fresh.held_out_distance == Approx(1.2).margin(0.1));

  auto near = noise("training", 20);
  const auto jitter = noise("jitter", 20, 0.1);
  for (std::size_t i = 0; i < near.size(); ++i) near[i] += jitter[i];
  const auto copied = measure_memorisation(sample_with(near));
  CHECK(copied.synthetic_distance == Approx(0.1).margin(0.01));
  CHECK(copied.distance_ratio < 0.1);

  auto mixed = noise("new", 40);
  std::copy_n(near.begin(), edge * edge, mixed.begin());
  CHECK(measure_memorisation(sample_with(mixed)).distance_ratio > 0.9);
  CHECK(measure_memorisation(sample_with(mixed)).closest_ratio < 0.1);

  CHECK(measure_memorisation(sample_with(noise("wild", 40, 5))).distance_ratio > 2);
}

TEST_CASE("a critic that remembers has a gap, in units of the scores' own spread") {
  auto sample = sample_with(noise("new", 4));
  sample.training_scores = {3, 5};
  sample.held_out_scores = {0, 2, 1};
  const auto figures = measure_memorisation(sample);
  CHECK(figures.training_score == 4);
  CHECK(figures.held_out_score == 1);
  CHECK(figures.score_gap == Approx(3 / std::sqrt((2.0 + 2.0) / 3)));
  sample.training_scores.clear();
  sample.held_out_scores.clear();
  CHECK(std::isnan(measure_memorisation(sample).score_gap));
}

TEST_CASE("large pictures are compared as thumbnails") {
  // A pattern that a block average removes: only the level is left.
  const auto pictures = [](float level) {
    std::vector<float> out(64 * 64);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = level + (i % 2 == 0 ? 1.0f : -1.0f);
    return out;
  };
  const auto figures = measure_memorisation(
      {.channels = 1, .edge = 64, .training = pictures(0), .held_out = pictures(0.5f), .synthetic = pictures(0.25f)});
  CHECK(figures.held_out_distance == Approx(0.5));
  CHECK(figures.distance_ratio == Approx(0.5));
}

TEST_CASE("pictures that do not fit are refused") {
  auto sample = sample_with({});
  CHECK(contains(message_of<shape_error>([&] { (void)measure_memorisation(sample); }), "generated"));
  sample = sample_with(noise("new", 2));
  sample.training.pop_back();
  CHECK(contains(message_of<shape_error>([&] { (void)measure_memorisation(sample); }), "training"));
  sample = sample_with(noise("new", 2));
  sample.synthetic[70] = std::nanf("");
  CHECK(contains(message_of<argument_error>([&] { (void)measure_memorisation(sample); }), "generated"));
  sample = sample_with(noise("new", 2));
  sample.held_out_scores.clear();
  CHECK_THROWS_AS(measure_memorisation(sample), shape_error);
}

namespace {

// Scores are the mean of a picture plus the number of pictures that were shown with it.
struct fake_trainer {
  [[nodiscard]] B::tensor sample(const B::tensor& latents, std::int64_t) const { return latents; }
  [[nodiscard]] B::tensor score(const B::tensor& x, std::int64_t) const {
    const auto n = B::shape_of(x)[0];
    return B::add_scalar(B::reshape(ops::mean<B>(x, {1, 2, 3}), {n, 1}), static_cast<float>(n));
  }
};

}  // namespace

TEST_CASE("a trainer is asked in whole batches") {
  const auto x = [](std::int64_t n) { return B::full({n, 1, edge, edge}, 0); };
  const auto sample = memorisation_sample_of<B>(fake_trainer{}, 7, x(2), x(11), x(3), 4);
  CHECK(sample.training_scores == std::vector<float>(8, 4.0f));
  CHECK(sample.held_out_scores == std::vector<float>(3, 3.0f));
  CHECK(sample.edge == edge);
  CHECK(sample.synthetic.size() == 2 * edge * edge);
  CHECK_THROWS_AS(memorisation_sample_of<B>(fake_trainer{}, 7, x(2), B::full({4, 1, 4, 4}, 0), x(3), 4), shape_error);
}

TEST_CASE("the monitor writes a line every so many steps, and the same log when a run is resumed") {
  const auto folder = std::filesystem::temp_directory_path() / "synthmed_test_memorisation";
  std::filesystem::create_directories(folder);
  const auto log = folder / "memorisation.jsonl";
  const auto make = [&](std::int64_t next_step) {
    return memorisation_monitor(log, next_step, 4, [](const memorisation_moment& m) {
      return sample_with(noise("new", 4, 1.0 / static_cast<double>(m.step + 1)));
    });
  };
  auto once = make(0);
  CHECK(testing::broken_observer_law(once) == "");
  CHECK(once.figures().distance_ratio > 0);
  const auto text = read_file(log);
  CHECK(std::count(text.begin(), text.end(), '\n') == 5);
  CHECK(text.starts_with("{\"step\":3,\"stage\":0,\"synthetic_distance\":"));
  CHECK(contains(text, "\"score_gap\":"));
  CHECK(testing::broken_log_law(make, [&] { return read_file(log); }) == "");
  CHECK_THROWS_AS(memorisation_monitor(log, 0, 0, [](const memorisation_moment&) { return memorisation_sample{}; }),
                  argument_error);
  std::filesystem::remove_all(folder);
}

// Training classifiers: laws of the network, what is learned, early stopping, best weights taken back, bad input.
#include <support/catch.hpp>

#include <cmath>
#include <limits>

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>
#include <synthmed/models/small_resnet.hpp>
#include <synthmed/testing/classifier_laws.hpp>
#include <synthmed/train/classifier_trainer.hpp>
#include <synthmed/train/learning_rate.hpp>
#include <synthmed/train/run.hpp>

using namespace synthmed;
using namespace synthmed_test;
using D = autodiff<reference_backend<float>>;
using network = models::resnet<models::small_classifier_options(3, {2, 2, 4})>;
using trainer = train::classifier_trainer<D, network, train::cosine_rate>;
static_assert(train::explain_trainer<trainer>());

namespace {

/// Stripes of three widths under noise; batch i holds pictures 6 i to 6 i + 5 of an endless set.
batch stripes(std::uint64_t i, int turn = 0) {
  batch b;
  b.step = i;
  b.extents = {6, 1, 8, 8};
  b.pixels.resize(6 * 64);
  fill_normal(key(5).fold(i), std::span(b.pixels));
  for (std::size_t j = 0; j < 6; ++j) {
    b.labels.push_back(static_cast<int>((j + static_cast<std::size_t>(turn)) % 3));
    b.indices.push_back(6 * i + j);
    for (std::size_t at = 0; at < 64; ++at)
      b.pixels[j * 64 + at] =
          0.3f * b.pixels[j * 64 + at] + std::sin(static_cast<float>(at % 8) * (0.8f + static_cast<float>(j % 3)));
  }
  return b;
}

/// Validation on other stripes; `turn` gives every picture a wrong label.
train::picture_sequence validation(int turn = 0) {
  return {30, [turn](std::uint64_t i) { return stripes(1000 + i, turn); }};
}

std::vector<float> numbers(const trainer::parameters& weights) {
  std::vector<float> out;
  nn::for_each_parameter(weights, [&](const std::string&, const D::tensor& x) {
    const auto values = ops::to_host<D>(x);
    out.insert(out.end(), values.begin(), values.end());
  });
  return out;
}

/// A classifier that looks at the whole batch in evaluation too.
struct of_the_batch : network {
  template <backend B>
  [[nodiscard]] nn::applied<B, nn::buffers_of<network, B>> apply(const nn::parameters_of<network, B>& p,
                                                                 const nn::buffers_of<network, B>& b,
                                                                 const typename B::tensor& x,
                                                                 const nn::context& c) const {
    auto seen = network{}.template apply<B>(p, b, x, c);
    seen.y = ops::sub<B>(seen.y, ops::mean<B>(seen.y, {0}));
    return seen;
  }
};

const train::cosine_rate rate({.peak = 0.02, .steps = 60});

}  // namespace

TEST_CASE("The small residual classifier keeps the laws and has the parameters that its page says") {
  CHECK(testing::broken_classifier_laws<D>(network{}, 9, 12) == std::vector<std::string>{});
  using full = models::small_resnet<>;
  CHECK(nn::count<reference_backend<float>>(full{}.init<reference_backend<float>>(key(1))) == 173'547);
  CHECK(full::feature_count == 96);
}

TEST_CASE("A classifier that breaks its laws is found out") {
  const auto broken = testing::broken_classifier_laws<D>(of_the_batch{}, 8, 8);
  REQUIRE(broken.size() == 1);
  CHECK(contains(broken[0], "depend on its batch"));
}

TEST_CASE("Stripes are told apart, and validation, report and best value say so") {
  trainer t(key(1), rate, {.adam = {.weight_decay = 0.01}, .label_smoothing = 0.1, .validate_every = 20}, validation());
  train::classifier_step last;
  const auto result = train::run(t, [](std::int64_t step) { return stripes(static_cast<std::uint64_t>(step)); }, {});
  CHECK(result.why == train::run_end::finished);
  CHECK(t.next_step() == 60);
  CHECK(t.best_value() > 0.95);
  const auto said = train::classify<D, network>(t.weights(), t.running(), validation());
  CHECK(said.size() == 30);
  CHECK(train::measured(train::selection_measure::macro_auc, said) == t.best_value());
  for (std::size_t i = 0; i < said.size(); ++i)
    CHECK(said.probabilities[3 * i] + said.probabilities[3 * i + 1] + said.probabilities[3 * i + 2] ==
          Approx(1).epsilon(1e-12));
  // Flipped copies: the average of what is said of each.
  const auto both =
      train::classify<D, network>(t.weights(), t.running(), validation(), train::flip_averaging::horizontal);
  const train::picture_sequence mirrored{30, [](std::uint64_t i) {
                                           auto b = stripes(1000 + i);
                                           for (std::size_t row = 0; row < 6 * 8; ++row)
                                             std::reverse(b.pixels.begin() + static_cast<std::ptrdiff_t>(8 * row),
                                                          b.pixels.begin() + static_cast<std::ptrdiff_t>(8 * row + 8));
                                           return b;
                                         }};
  const auto other = train::classify<D, network>(t.weights(), t.running(), mirrored);
  for (std::size_t i = 0; i < said.probabilities.size(); ++i)
    CHECK(both.probabilities[i] == Approx((said.probabilities[i] + other.probabilities[i]) / 2).margin(1e-6));
  const auto features = train::extract_features<D, network>(t.weights(), t.running(), {10, validation().read});
  CHECK(features.rows() == 10);
  CHECK(features.dimensions == 4);
}

TEST_CASE("Training stops when patience is over, and the best weights come back") {
  // The better the stripes are learned, the worse is what validation with wrong labels measures.
  for (const bool reload : {true, false}) {
    trainer t(
        key(2), rate,
        {.validate_every = 5, .measure = train::selection_measure::accuracy, .patience = 3, .reload_best = reload},
        validation(1));
    std::vector<std::vector<float>> after;
    std::vector<double> values;
    while (t.next_step() < t.total_steps()) {
      const auto done = t.step(stripes(static_cast<std::uint64_t>(t.next_step())));
      after.push_back(numbers(t.weights()));
      if ((done.step + 1) % 5 == 0) values.push_back(done.validation);
    }
    REQUIRE(t.done());
    CHECK(t.next_step() < 60);
    CHECK(t.total_steps() == t.next_step());
    const auto best = static_cast<std::size_t>(std::max_element(values.begin(), values.end()) - values.begin());
    CHECK(values.size() == best + 1 + 3);
    CHECK(t.best_step() == static_cast<std::int64_t>(5 * best + 4));
    CHECK(t.best_value() == values[best]);
    CHECK(numbers(t.best_weights()) == after[5 * best + 4]);
    const auto said = train::measured(train::selection_measure::accuracy,
                                      train::classify<D, network>(t.weights(), t.running(), validation(1)));
    CHECK(said == (reload ? values[best] : values.back()));
    CHECK((numbers(t.weights()) == after[5 * best + 4]) == reload);
    CHECK(contains(message_of<argument_error>([&] { (void)t.step(stripes(0)); }), "The training ended"));

    // What was stopped stays stopped when it is read back.
    safetensors_writer file;
    t.write(file);
    trainer back(
        key(2), rate,
        {.validate_every = 5, .measure = train::selection_measure::accuracy, .patience = 3, .reload_best = reload},
        validation(1));
    back.read(safetensors::parse(file.bytes(), "a test"));
    CHECK(back.done());
    CHECK(back.identity() == t.identity());
    CHECK(numbers(back.weights()) == numbers(t.weights()));
  }
}

TEST_CASE("A classifier's trainer says what is wrong, and stays as it was") {
  trainer t(key(3), rate);
  (void)t.step(stripes(0));
  const auto before = numbers(t.weights());
  const auto refused = [&](const batch& b, const std::string& part) {
    INFO(part);
    CHECK(contains(message_of<error>([&] { (void)t.step(b); }), part));
    CHECK(numbers(t.weights()) == before);
    CHECK(t.next_step() == 1);
  };
  auto b = stripes(1);
  b.pixels[2 * 64 + 5] = std::numeric_limits<float>::quiet_NaN();
  refused(b, "Picture 8 holds the value nan");
  b = stripes(1);
  b.labels[4] = 3;
  refused(b, "A label lies in [0, 3), got 3 for sample 4");
  b = stripes(1);
  b.extents = {2, 3, 8, 8};
  refused(b, "needs a batch [n, 1, h, w]");
  b = stripes(1);
  b.extents = {0, 1, 8, 8};
  refused(b, "of at least one");
  b = stripes(1);
  b.labels.pop_back();
  refused(b, "they do not fit");
  b = stripes(1);
  for (auto& value : b.pixels) value *= 1e38f;
  CHECK_THROWS_AS(t.step(b), diverged_error);
  CHECK(numbers(t.weights()) == before);

  CHECK(contains(message_of<argument_error>([] { (void)trainer(key(3), rate, {.label_smoothing = 1}); }),
                 "label smoothing in [0, 1)"));
  CHECK_THROWS_AS(trainer(key(3), rate, {.validate_every = 0}), argument_error);
  CHECK(contains(message_of<argument_error>([&] { (void)train::classify<D, network>(t.weights(), t.running(), {}); }),
                 "no pictures"));
  safetensors_writer empty;
  CHECK_THROWS_AS(t.read(safetensors::parse(empty.bytes(), "a test")), format_error);
  CHECK(numbers(t.weights()) == before);
}

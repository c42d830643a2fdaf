// Adam and AdamW by hand, schedules of learning rates, and what a classifier's answers are measured by.
#include <support/catch.hpp>

#include <cmath>
#include <limits>

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>
#include <synthmed/nn/convolution.hpp>
#include <synthmed/testing/schedule_laws.hpp>
#include <synthmed/train/adam.hpp>
#include <synthmed/train/classification.hpp>
#include <synthmed/train/learning_rate.hpp>

using namespace synthmed;
using namespace synthmed_test;
using D = autodiff<reference_backend<double>>;
using two_tensors = nn::weight_and_bias<D::tensor>;

namespace {

two_tensors two_numbers() {
  return {D::parameter(D::from_host({1, 1}, std::vector<double>{2.0})),
          D::parameter(D::from_host({1}, std::vector<double>{-1.0}))};
}
double weight_of(const two_tensors& t) { return ops::to_host<D>(t.weight)[0]; }
double bias_of(const two_tensors& t) { return ops::to_host<D>(t.bias)[0]; }
std::vector<D::tensor> gradients(double w, double b) {
  return {D::from_host({1, 1}, std::vector<double>{w}), D::from_host({1}, std::vector<double>{b})};
}

}  // namespace

TEST_CASE("Adam follows its formulas, and AdamW shrinks before it steps") {
  const double slopes[][2] = {{0.5, -3.0}, {0.25, 1.0}, {-4.0, 0.0}};
  for (const double decay : {0.0, 0.1})
    for (const bool vectors : {true, false}) {
      auto p = two_numbers();
      train::adam_moments<D, two_tensors> moments(p);
      const train::adam_options how{.weight_decay = decay, .decays_vectors = vectors};
      double x[2] = {2, -1}, m[2] = {}, v[2] = {};
      for (int step = 1; step <= 3; ++step) {
        const double rate = 0.1 / step;
        moments.update(p, gradients(slopes[step - 1][0], slopes[step - 1][1]), rate, how);
        for (int i = 0; i < 2; ++i) {
          const double g = slopes[step - 1][i];
          if (i == 0 || vectors) x[i] *= 1 - rate * decay;
          m[i] = 0.9 * m[i] + 0.1 * g;
          v[i] = 0.999 * v[i] + 0.001 * g * g;
          x[i] -= rate * (m[i] / (1 - std::pow(0.9, step))) / (std::sqrt(v[i] / (1 - std::pow(0.999, step))) + 1e-8);
        }
      }
      CHECK(weight_of(p) == Approx(x[0]).epsilon(1e-13));
      CHECK(bias_of(p) == Approx(x[1]).epsilon(1e-13));
      CHECK(moments.steps == 3);
      CHECK(D::requires_grad(p.weight));
    }
}

TEST_CASE("Adam refuses a wrong number of gradients, and comes back from a file as it was") {
  auto p = two_numbers();
  train::adam_moments<D, two_tensors> moments(p);
  CHECK(contains(message_of<argument_error>([&] { moments.update(p, {}, 0.1); }), "one gradient and two moments"));
  moments.update(p, gradients(1, 2), 0.1);
  safetensors_writer file;
  moments.write(file, "adam");
  auto there = two_numbers();
  train::adam_moments<D, two_tensors> back(there);
  const auto stored = safetensors::parse(file.bytes(), "a test");
  CHECK_THROWS_AS(back.read(stored, "other"), format_error);
  CHECK(back.steps == 0);
  back.read(stored, "adam");
  there = p;
  moments.update(p, gradients(-3, 1), 0.1);
  back.update(there, gradients(-3, 1), 0.1);
  CHECK(weight_of(p) == weight_of(there));
  CHECK(bias_of(p) == bias_of(there));
}

TEST_CASE("Learning rates are schedules with the values they promise") {
  const train::constant_rate constant(0.01, 30);
  const train::cosine_rate cosine({.peak = 2, .steps = 100});
  const train::cosine_rate warm({.peak = 1, .steps = 110, .warm_up = 10, .last = 0.5});
  const train::step_rate steps({.first = 1, .steps = 25, .every = 10, .factor = 0.1});
  CHECK(testing::broken_schedule_law(constant, 10) == "");
  CHECK(testing::broken_schedule_law(cosine) == "");
  CHECK(testing::broken_schedule_law(warm) == "");
  CHECK(testing::broken_schedule_law(steps, 20) == "");
  CHECK(constant.at(29) == 0.01);
  CHECK(cosine.at(0) == 2);
  CHECK(cosine.at(50) == Approx(1));
  CHECK(cosine.at(99) == Approx(1 + std::cos(3.14159265358979 * 0.99)).margin(1e-12));
  CHECK(warm.at(0) == Approx(0.1));
  CHECK(warm.at(9) == 1);
  CHECK(warm.at(10) == 1);
  CHECK(warm.at(60) == Approx(0.75));
  CHECK(steps.at(9) == 1);
  CHECK(steps.at(10) == Approx(0.1));
  CHECK(steps.at(24) == Approx(0.01));
  CHECK_THROWS_AS(train::constant_rate(0, 10), argument_error);
  CHECK_THROWS_AS(train::cosine_rate({.peak = 1, .steps = 10, .warm_up = 10}), argument_error);
  CHECK_THROWS_AS(train::cosine_rate({.peak = 1, .steps = 10, .last = 2}), argument_error);
  CHECK_THROWS_AS(train::step_rate({.first = 1, .steps = 10, .every = 0}), argument_error);
}

TEST_CASE("Measures of answers, by hand") {
  using train::selection_measure;
  // Ten pictures, eight of class 0: calling all of them 0 is 80 % right, and worthless.
  train::classification c{.classes = 3, .probabilities = {}, .labels = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1}};
  for (int i = 0; i < 10; ++i) c.probabilities.insert(c.probabilities.end(), {0.8, 0.1, 0.1});
  CHECK(train::measured(selection_measure::accuracy, c) == Approx(0.8));
  CHECK(train::measured(selection_measure::balanced_accuracy, c) == Approx(0.5));
  CHECK(train::measured(selection_measure::macro_auc, c) == Approx(0.5));
  // The last picture is now told from the rest, the one before is not.
  c.probabilities[27] = 0.2;
  c.probabilities[28] = 0.7;
  CHECK(train::measured(selection_measure::accuracy, c) == Approx(0.9));
  CHECK(train::measured(selection_measure::balanced_accuracy, c) == Approx(0.75));
  CHECK(train::measured(selection_measure::macro_auc, c) == Approx(0.75));  // (1 + .5) / 2 for both classes
  CHECK(c.calls().back() == 1);
  CHECK(c.column(1).back() == 0.7);

  for (auto& label : c.labels) label = 2;
  CHECK(train::measured(selection_measure::accuracy, c) == 0);
  CHECK(contains(message_of<argument_error>([&] { (void)train::measured(selection_measure::macro_auc, c); }),
                 "at least two classes"));
  c.labels[0] = no_label;
  CHECK_THROWS_AS(train::measured(selection_measure::accuracy, c), argument_error);
}

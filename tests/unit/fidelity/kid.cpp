// KID: the closed form, torch-fidelity's seeded subsets digit for digit, merging, refusals; the Vendi score.
#include <support/catch.hpp>

#include <synthmed/metrics/kid.hpp>
#include <synthmed/metrics/vendi.hpp>

#include "golden.hpp"

using namespace synthmed;
using synthmed_test::contains;
using synthmed_test::golden_features;
using synthmed_test::head;
using synthmed_test::message_of;
using synthmed_test::normal_features;
using synthmed_test::oracles;

TEST_CASE("KID over all rows agrees with the definition") {
  const auto train = golden_features("train"), test = golden_features("test"), synth = golden_features("synth");
  const auto& expected = oracles()["kid"];
  CHECK(kid(train, synth) == Approx(expected["full_unbiased_train_synth"].get<double>()).epsilon(1e-12));
  CHECK(kid(train, test) == Approx(expected["full_unbiased_train_test"].get<double>()).epsilon(1e-12));
  CHECK(kid(head(train, 60), head(synth, 60)) == Approx(expected["first60_train_synth"].get<double>()).epsilon(1e-12));
}

TEST_CASE("KID over blocks larger than one equals the plain double loop") {
  const auto a = normal_features(1, 1100, 3), b = normal_features(2, 600, 3, 0.1);
  const auto mean = [](const feature_matrix& x, const feature_matrix& y, bool self) {
    double sum = 0;
    for (std::size_t i = 0; i < x.rows(); ++i)
      for (std::size_t j = 0; j < y.rows(); ++j) {
        double dot = 0;
        for (std::size_t k = 0; k < 3; ++k) dot += x.values[i * 3 + k] * y.values[j * 3 + k];
        if (!self || i != j) sum += std::pow(dot / 3 + 1, 3);
      }
    return sum / static_cast<double>(x.rows() * (y.rows() - (self ? 1 : 0)));
  };
  CHECK(kid(a, b) == Approx(mean(a, a, true) + mean(b, b, true) - 2 * mean(a, b, false)).epsilon(1e-9).margin(1e-12));
}

TEST_CASE("torch-fidelity's seeded subsets come out digit for digit") {
  const auto& expected = oracles()["kid"]["torch_fidelity_rng2020_subsets100_size50"];
  const auto result = kid_subsets(golden_features("train"), golden_features("synth"), {.subset_size = 50});
  CHECK(result.mean == Approx(expected["mean"].get<double>()).epsilon(1e-12));
  CHECK(result.sd == Approx(expected["std_ddof0"].get<double>()).epsilon(1e-12));
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(result.values[i] == Approx(expected["first3"][i].get<double>()).epsilon(1e-12));
  const auto own = kid_subsets(golden_features("train"), golden_features("synth"),
                               {.subset_size = 50, .sampler = subset_sampler::philox});
  CHECK(own.mean == Approx(result.mean).margin(3 * result.sd / std::sqrt(20.0)));
}

TEST_CASE("KID: unbiased at small n, merging equals the whole, refusals") {
  double sum = 0;
  for (std::uint64_t i = 0; i < 200; ++i) sum += kid(normal_features(2 * i, 20, 8), normal_features(2 * i + 1, 20, 8));
  CHECK(std::abs(sum / 200) < 0.02);  // a single value scatters by about 0.1

  const auto a = normal_features(1, 40, 4), b = normal_features(2, 30, 4);
  kid_metric all, part;
  all.update(set_side::reference, a);
  part.update(set_side::candidate, head(b, 10));
  kid_metric rest;
  rest.update(set_side::candidate, feature_view(std::span(b.values).subspan(40), 4));
  all.merge(rest);
  all.merge(part);
  CHECK(all.value() == Approx(kid(a, b)).epsilon(1e-12).margin(1e-13));

  CHECK(contains(message_of<argument_error>([&] { (void)kid_subsets(a, b); }), "got 1000"));
  CHECK(contains(message_of<argument_error>([&] { (void)kid(head(a, 1), b); }), "at least 2 rows"));
  CHECK_THROWS_AS(kid(a, normal_features(1, 9, 5)), shape_error);
}

TEST_CASE("Vendi scores") {
  const auto train = golden_features("train"), synth = golden_features("synth");
  const auto& expected = oracles()["vendi"];
  CHECK(vendi_score(train) == Approx(expected["train"].get<double>()).epsilon(1e-10));
  CHECK(vendi_score(synth) == Approx(expected["synth"].get<double>()).epsilon(1e-10));
  CHECK(vendi_score(synth, 2) == Approx(expected["synth_q2"].get<double>()).epsilon(1e-10));
  CHECK(vendi_score(head(synth, 10), 0.5) == Approx(expected["synth_q0.5"].get<double>()).epsilon(1e-10));
  CHECK(vendi_score(synth, std::numeric_limits<double>::infinity()) ==
        Approx(expected["synth_qinf"].get<double>()).epsilon(1e-10));
  CHECK(vendi_score_of_kernel({1, .9, 0, .9, 1, 0, 0, 0, 1}, 3) ==
        Approx(expected["doc_K"].get<double>()).epsilon(1e-10));
  std::vector<double> kernel;
  for (const double x : {0, 0, 10, 10, 20, 20})
    for (const double y : {0, 0, 10, 10, 20, 20}) kernel.push_back(std::exp(-std::abs(x - y)));
  CHECK(vendi_score_of_kernel(kernel, 6) == Approx(expected["doc_exp"].get<double>()).epsilon(1e-10));
  CHECK_THROWS_AS(vendi_score(feature_matrix{{0, 0, 1, 1}, 2}), argument_error);
}

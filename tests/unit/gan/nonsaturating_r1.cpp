#include <support/catch.hpp>

#include <cmath>

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>
#include <synthmed/testing/loss_laws.hpp>
#include <synthmed/train/nonsaturating_r1.hpp>

using namespace synthmed;
using namespace synthmed::train;
using synthmed_test::contains;
using synthmed_test::message_of;
using D = autodiff<reference_backend<double>>;

namespace {

D::tensor pictures(const char* name) { return ops::normal<D>(key(5).fold(name), {3, 1, 2, 2}); }

// score(x) = slope * sum of a picture: its gradient has norm 2 |slope| on 2 x 2 pixels.
auto linear_score(double slope) {
  return [slope](const D::tensor& x) {
    return D::reshape(ops::mul_scalar<D>(ops::sum<D>(x, {1, 2, 3}), slope), {D::shape_of(x)[0], 1});
  };
}

double softplus(double x) { return std::log1p(std::exp(x)); }

}  // namespace

static_assert(explain_loss_on<nonsaturating_r1, D>());

TEST_CASE("the non-saturating loss keeps the laws of losses") {
  CHECK(testing::broken_loss_laws<D>(nonsaturating_r1{}) == std::vector<std::string>{});
  CHECK(testing::broken_loss_laws<D>(nonsaturating_r1{.gamma = 0.1, .every = 16}) == std::vector<std::string>{});
}

TEST_CASE("the non-saturating loss is softplus of scores, R1 half of gamma times the squared slope") {
  const auto real = pictures("real"), fake = pictures("fake");
  const auto sums = [](const D::tensor& x) { return ops::to_host<D>(ops::sum<D>(x, {1, 2, 3})); };
  const auto mean_of = [](const std::vector<double>& values, double sign, double slope) {
    double total = 0;
    for (const double v : values) total += softplus(sign * slope * v);
    return total / static_cast<double>(values.size());
  };
  constexpr double slope = 0.7;
  const double plain = mean_of(sums(fake), 1, slope) + mean_of(sums(real), -1, slope),
               penalty = 3.0 / 2 * 4 * slope * slope;

  const auto terms = nonsaturating_r1{.gamma = 3}.discriminator<D>(linear_score(slope), real, fake, {});
  CHECK(ops::item<D>(terms.loss) == Approx(plain + penalty));
  CHECK(ops::item<D>(terms.penalty) == Approx(penalty));
  CHECK(ops::item<D>(nonsaturating_r1{}.generator<D>(linear_score(slope), fake, {})) ==
        Approx(mean_of(sums(fake), -1, slope)));

  SECTION("lazily: at every so-many-th step, then that many times") {
    const nonsaturating_r1 lazy{.gamma = 3, .every = 4};
    const auto at = [&](std::int64_t step) {
      return lazy.discriminator<D>(linear_score(slope), real, fake, {.step = step});
    };
    CHECK(ops::item<D>(at(8).loss) == Approx(plain + 4 * penalty));
    for (const std::int64_t step : {1, 2, 3, 5}) {
      CHECK(ops::item<D>(at(step).loss) == Approx(plain));
      CHECK(ops::item<D>(at(step).penalty) == 0.0);
    }
  }
  SECTION("large scores do not overflow") {
    CHECK(std::isfinite(ops::item<D>(nonsaturating_r1{}.discriminator<D>(linear_score(1e6), real, fake, {}).loss)));
  }
  SECTION("what cannot be") {
    const auto asked = [&](const nonsaturating_r1& wrong) {
      return message_of<argument_error>([&] { (void)wrong.discriminator<D>(linear_score(1), real, fake, {}); });
    };
    CHECK(contains(asked({.gamma = -1}), "-1"));
    CHECK(contains(asked({.every = 0}), "every of at least 1"));
  }
}

TEST_CASE("R1's gradient by the discriminator's weights equals central differences") {
  // score(x) = sum over hidden units of v tanh(w x): curved in x and in the weights.
  const auto real = pictures("real"), fake = pictures("fake");
  const auto loss = [&](const std::vector<D::tensor>& weights) {
    const auto score = [&](const D::tensor& x) {
      return D::matmul(D::tanh(D::matmul(ops::flatten<D>(x), weights[0], false, true)), weights[1], false, true);
    };
    return nonsaturating_r1{.gamma = 2}.discriminator<D>(score, real, fake, {}).loss;
  };
  CHECK(testing::gradcheck<D>(loss, {testing::to_host_tensor<D>(ops::normal<D>(key(1), {5, 4})),
                                     testing::to_host_tensor<D>(ops::normal<D>(key(2), {1, 5}))}) < 1e-7);
}

#include <support/catch.hpp>

#include <cmath>

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>
#include <synthmed/models/pgan.hpp>
#include <synthmed/train/wgan_gp.hpp>

using namespace synthmed;
using namespace synthmed::models;
using D = autodiff<reference_backend<double>>;

namespace {

constexpr auto options = [] {
  auto o = seed_options(std::array<std::int64_t, 3>{4, 4, 3});
  o.latent = 5;
  return o;
}();
using critic_net = pgan_critic<options>;

// The critic's loss at a fixed batch, as a function of the critic's weights.
struct problem {
  grown at{2, 0.4};
  D::tensor real = ops::normal<D>(key(5), {4, 1, 16, 16});
  D::tensor fake = ops::normal<D>(key(6), {4, 1, 16, 16});
  D::tensor mix = ops::uniform<D>(key(7), {4, 1, 1, 1});

  auto terms(const critic_net::parameters<D>& p) const {
    return train::wgan_gp{}.at_points<D>([&](const D::tensor& x) { return critic_net{}.apply<D>(p, x, at); }, real,
                                         fake, mix);
  }
};

}  // namespace

TEST_CASE("the critic's gradient, penalty included, agrees with central differences during a fade") {
  const problem here;
  const auto p = critic_net{}.init<D>(key(1));
  const auto gradients = D::grad(here.terms(p).loss, nn::tensors(p), {});
  // One number of every tensor in use; a step that is small against the distance to the leaky ReLUs' kinks.
  constexpr double step = 1e-6;
  const std::size_t tensors = nn::size(p);
  for (std::size_t i = 0; i < tensors; ++i) {
    const auto at = [&](double by) {
      auto moved = p;
      std::size_t seen = 0;
      nn::for_each_parameter(moved, [&](const std::string&, D::tensor& x) {
        if (seen++ != i) return;
        auto values = ops::to_host<D>(x);
        values[values.size() / 2] += by;
        x = D::parameter(D::from_host(D::shape_of(x), values));
      });
      return ops::item<D>(here.terms(moved).loss);
    };
    const double expected = (at(step) - at(-step)) / (2 * step);
    const auto values = ops::to_host<D>(gradients[i]);
    INFO("tensor " << nn::names(p)[i]);
    CHECK(values[values.size() / 2] == Approx(expected).epsilon(1e-5).margin(1e-7));
  }
}

TEST_CASE("a linear critic of unit slope pays no penalty, of slope s lambda (s - 1)^2") {
  const auto real = ops::normal<D>(key(1), {3, 1, 4, 4}), fake = ops::normal<D>(key(2), {3, 1, 4, 4});
  const auto mix = ops::uniform<D>(key(3), {3, 1, 1, 1});
  for (const double slope : {1.0, 3.0}) {
    const auto score = [&](const D::tensor& x) {
      return D::reshape(ops::mul_scalar<D>(ops::sum<D>(x, {1, 2, 3}), slope / 4), {3, 1});
    };
    CHECK(ops::item<D>(train::gradient_penalty<D>(score, real, fake, mix, 10)) ==
          Approx(10 * (slope - 1) * (slope - 1)).margin(1e-12));
  }
}

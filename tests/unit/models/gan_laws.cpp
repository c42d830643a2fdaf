// The laws of generators, discriminators, growth, losses and augmentations, for every model of them; and that a fault
// is found by its law.
#include <support/catch.hpp>

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>
#include <synthmed/models/pgan.hpp>
#include <synthmed/testing/augmentation_laws.hpp>
#include <synthmed/testing/discriminator_laws.hpp>
#include <synthmed/testing/generator_laws.hpp>
#include <synthmed/testing/loss_laws.hpp>
#include <synthmed/testing/progressive_laws.hpp>
#include <synthmed/train/augmentation.hpp>
#include <synthmed/train/wgan_gp.hpp>

using namespace synthmed;
using namespace synthmed::models;
using namespace synthmed::testing;
using D = autodiff<reference_backend<double>>;

namespace {

using sentences = std::vector<std::string>;

constexpr auto seed = [] {
  auto o = seed_options(std::array<std::int64_t, 3>{4, 4, 3});
  o.latent = 5;
  return o;
}();
constexpr auto quick = quick_options(std::array<std::int64_t, 2>{4, 3}, 5);

using small_generator = layer_generator<
    nn::sequential<nn::chw{5}, nn::linear{.inputs = 5, .outputs = 12}, nn::leaky_relu{0.2}, nn::reshape{{3, 2, 2}},
                   nn::upsample{}, nn::conv2d{.inputs = 3, .outputs = 2, .kernel = 3, .pad = 1}>>;
using small_critic = layer_discriminator<
    nn::sequential<nn::chw{2, 4, 4}, nn::conv2d{.inputs = 2, .outputs = 3, .kernel = 3, .pad = 1}, nn::tanh{},
                   nn::avg_pool{}, nn::flatten{}, nn::linear{.inputs = 12, .outputs = 1}>>;

}  // namespace

TEST_CASE("generators keep their laws") {
  CHECK(broken_generator_laws<D>(small_generator{}) == sentences{});
  CHECK(broken_generator_laws<D>(pgan_generator<seed>{}) == sentences{});
  CHECK(broken_generator_laws<D>(pgan_generator<quick>{}) == sentences{});
}

TEST_CASE("discriminators keep their laws, to the second order") {
  CHECK(broken_discriminator_laws<D>(small_critic{}, 4, 4) == sentences{});
  CHECK(broken_discriminator_laws<D>(pgan_critic<seed>{}, 16, 16) == sentences{});
  CHECK(broken_discriminator_laws<D>(pgan_critic<quick>{}, 8, 8) == sentences{});
}

TEST_CASE("networks that grow keep their laws at every stage") {
  CHECK(broken_progressive_laws<D>(pgan_generator<seed>{}) == sentences{});
  CHECK(broken_progressive_laws<D>(pgan_critic<seed>{}) == sentences{});
  CHECK(broken_progressive_laws<D>(pgan_generator<quick>{}) == sentences{});
  CHECK(broken_progressive_laws<D>(pgan_critic<quick>{}) == sentences{});
}

TEST_CASE("WGAN-GP keeps the laws of a loss, with a penalty at every step and at every fourth") {
  CHECK(broken_loss_laws<D>(train::wgan_gp{}) == sentences{});
  CHECK(broken_loss_laws<D>(train::wgan_gp{.lambda = 3, .drift = 0.1, .penalty_every = 4}) == sentences{});
  CHECK(broken_augmentation_laws<D>(train::unaugmented{}) == sentences{});
}

namespace {

// Batch statistics in a generator: its pictures depend on their neighbours.
struct batch_bound : small_generator {
  template <backend B>
  [[nodiscard]] typename B::tensor apply(const parameters<B>& p, const typename B::tensor& z) const {
    const auto x = small_generator{}.template apply<B>(p, z);
    return ops::sub<B>(x, ops::mean<B>(x, {0}));
  }
};
// Scores that have no slope.
struct blind : small_critic {
  template <backend B>
  [[nodiscard]] typename B::tensor apply(const parameters<B>& p, const typename B::tensor& x) const {
    return ops::mul_scalar<B>(small_critic{}.template apply<B>(p, x), 0);
  }
};
// Jumps at the end of its fade.
struct jumping : pgan_generator<quick> {
  template <backend B>
  [[nodiscard]] typename B::tensor apply(const parameters<B>& p, const typename B::tensor& z, const grown& at) const {
    const auto x = pgan_generator<quick>{}.template apply<B>(p, z, at);
    return at.fade < 1 ? ops::add_scalar<B>(x, 0.1) : x;
  }
  template <backend B>
  [[nodiscard]] typename B::tensor apply(const parameters<B>& p, const typename B::tensor& z) const {
    return pgan_generator<quick>{}.template apply<B>(p, z);
  }
};
// Real and generated swapped.
struct backwards : train::wgan_gp {
  template <differentiable_backend B, class Score>
  [[nodiscard]] train::critic_terms<B> discriminator(Score&& score, const typename B::tensor& real,
                                                     const typename B::tensor& fake,
                                                     const train::loss_context& c) const {
    auto terms = train::wgan_gp::discriminator<B>(score, fake, real, c);
    std::swap(terms.real, terms.fake);
    return terms;
  }
};
// The same change whatever the key.
struct stuck {
  template <differentiable_backend B>
  [[nodiscard]] typename B::tensor apply(const typename B::tensor& x, key) const {
    return ops::flip<B>(x, 3);
  }
  [[nodiscard]] std::string identity() const { return "stuck"; }
};

}  // namespace

TEST_CASE("the laws find what breaks them") {
  const auto says = [](const sentences& broken, const char* what) {
    return broken.size() == 1 && broken.front().find(what) != std::string::npos;
  };
  CHECK(says(broken_generator_laws<D>(batch_bound{}), "not on the others of its batch"));
  CHECK(says(broken_discriminator_laws<D>(blind{}, 4, 4), "differentiated by the pictures"));
  CHECK(broken_progressive_laws<D>(jumping{}).size() == 2);  // at each of its stages
  CHECK(says(broken_loss_laws<D>(backwards{}), "real pictures score higher"));
  CHECK(says(broken_augmentation_laws<D>(stuck{}), "Another key"));
}

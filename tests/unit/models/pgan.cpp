#include <support/catch.hpp>

#include <numeric>

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>
#include <synthmed/models/pgan.hpp>

using namespace synthmed;
using namespace synthmed::models;

namespace {

constexpr std::array<std::int64_t, 3> tiny{6, 5, 4};

template <class B, class Net>
std::vector<std::int64_t> counts_by_stage() {
  const auto p = Net{}.template init<B>(key(1));
  std::vector<std::int64_t> part;
  Net::each_part(
      p, [&](std::size_t, const auto& tree) { part.push_back(nn::count<B>(tree)); },
      std::make_index_sequence<2 * Net::stages>{});
  std::vector<std::int64_t> out;
  for (std::size_t s = 0; s < Net::stages; ++s) {
    out.push_back(part[s] + part[Net::stages + s] + (s > 0 ? out.back() : 0));
  }
  return out;
}

}  // namespace

TEST_CASE("the study's networks have the published numbers of parameters at every stage") {
  using B = reference_backend<float>;
  CHECK(counts_by_stage<B, pgan_generator<seed_options(full_channels)>>() ==
        std::vector<std::int64_t>{6562817, 11282946, 16003075, 20723204, 22493445, 22936198, 23046983, 23074728});
  CHECK(counts_by_stage<B, pgan_critic<seed_options(full_channels)>>() ==
        std::vector<std::int64_t>{6560769, 11281409, 16002049, 20722689, 22493441, 22936449, 23047361, 23075169});
}

TEST_CASE("the quick study's networks have one convolution per stage and its numbers of parameters") {
  using B = reference_backend<float>;
  constexpr auto quick = quick_options(quick_channels);
  CHECK(counts_by_stage<B, pgan_generator<quick>>().back() == 182180);
  CHECK(counts_by_stage<B, pgan_critic<quick>>().back() == 243025);
  constexpr auto strided = quick_options(tiny, 7);
  constexpr pgan_options<3> pooled{.channels = tiny, .latent = 7, .convolutions = 1};
  const auto g = pgan_generator<strided>{}.init<B>(key(1));
  CHECK(nn::names(g) == nn::names(pgan_generator<pooled>{}.init<B>(key(1))));
  for (std::int64_t stage = 0; stage < 3; ++stage) {
    const auto x = pgan_generator<strided>{}.apply<B>(g, ops::normal<B>(key(3), {4, 7}), {stage, 0.5});
    CHECK(B::shape_of(x) == shape{4, 1, 4 << stage, 4 << stage});
    CHECK(B::shape_of(pgan_critic<strided>{}.apply<B>(pgan_critic<strided>{}.init<B>(key(2)), x, {stage, 0.5})) ==
          shape{4, 1});
    CHECK(B::shape_of(pgan_critic<pooled>{}.apply<B>(pgan_critic<pooled>{}.init<B>(key(2)), x, {stage, 0.5})) ==
          shape{4, 1});
  }
}

TEST_CASE("pictures double with each stage, and a critic takes just that size") {
  using B = reference_backend<float>;
  constexpr pgan_options<3> options{.channels = tiny, .latent = 7, .image_channels = 3};
  const pgan_generator<options> generator;
  const pgan_critic<options> critic;
  const auto g = generator.init<B>(key(1));
  const auto c = critic.init<B>(key(2));
  const auto z = ops::normal<B>(key(3), {4, 7});
  for (std::int64_t stage = 0; stage < 3; ++stage) {
    const auto x = generator.apply<B>(g, z, {stage, 0.5});
    CHECK(B::shape_of(x) == shape{4, 3, 4 << stage, 4 << stage});
    CHECK(B::shape_of(critic.apply<B>(c, x, {stage, 0.5})) == shape{4, 1});
    CHECK_THROWS_AS(critic.apply<B>(c, ops::upsample_nearest<B>(x, 2), {stage, 1}), shape_error);
  }
  CHECK_THROWS_AS(generator.apply<B>(g, z, {3, 1}), argument_error);
  CHECK_THROWS_AS(generator.apply<B>(g, z, {1, 1.5}), argument_error);
  CHECK_THROWS_AS(generator.apply<B>(g, ops::normal<B>(key(3), {4, 8}), {0, 1}), shape_error);
}

TEST_CASE("a fade of 0 is the stage below, of 1 the new one, and between a straight line") {
  using B = reference_backend<double>;
  constexpr pgan_options<3> options{.channels = tiny, .latent = 7};
  const pgan_generator<options> generator;
  const auto p = generator.init<B>(key(1));
  const auto z = ops::normal<B>(key(3), {2, 7});
  const auto at = [&](std::int64_t stage, double fade) {
    return ops::to_host<B>(generator.apply<B>(p, z, {stage, fade}));
  };
  const auto old = ops::to_host<B>(ops::upsample_nearest<B>(generator.apply<B>(p, z, {1, 1}), 2));
  const auto now = at(2, 1), start = at(2, 0), third = at(2, 0.25);
  for (std::size_t i = 0; i < old.size(); ++i) {
    REQUIRE(start[i] == Approx(old[i]).margin(1e-12));
    REQUIRE(third[i] == Approx(0.75 * old[i] + 0.25 * now[i]).margin(1e-12));
  }
}

TEST_CASE("the study's critic does not fade at 8 px; its generator and the paper's critic do") {
  using B = reference_backend<double>;
  constexpr auto seed = seed_options(tiny);
  constexpr pgan_options<3> paper{.channels = tiny};
  CHECK(pgan_generator<seed>::fades({1, 0.5}));
  CHECK(pgan_critic<paper>::fades({1, 0.5}));
  CHECK_FALSE(pgan_critic<seed>::fades({1, 0.5}));
  CHECK(pgan_critic<seed>::fades({2, 0.5}));
  const pgan_critic<seed> critic;
  const auto p = critic.init<B>(key(2));
  const auto x = ops::normal<B>(key(3), {4, 1, 8, 8});
  CHECK(ops::to_host<B>(critic.apply<B>(p, x, {1, 0.1})) == ops::to_host<B>(critic.apply<B>(p, x, {1, 1})));
}

TEST_CASE("tensors in use are those that get a gradient, no more and no fewer") {
  using D = autodiff<reference_backend<double>>;
  constexpr pgan_options<3> options{.channels = tiny, .latent = 7};
  const pgan_generator<options> generator;
  const auto p = generator.init<D>(key(1));
  const auto z = ops::normal<D>(key(3), {2, 7});
  for (const grown at : {grown{0, 1}, grown{1, 0.5}, grown{1, 1}, grown{2, 0.3}}) {
    const auto all = nn::tensors(p);
    const auto gradients = D::grad(ops::sum<D>(ops::square<D>(generator.apply<D>(p, z, at))), all, {});
    std::size_t reached = 0;
    for (const auto& g : gradients) {
      const auto values = ops::to_host<D>(g);
      reached += std::any_of(values.begin(), values.end(), [](double v) { return v != 0; });
    }
    CHECK(in_use<pgan_generator<options>>(p, at).size() == reached);
  }
}

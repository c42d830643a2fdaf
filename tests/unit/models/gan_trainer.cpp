// One trainer for all GANs: the recipes resumed during a fade, networks that do not grow, warm starts, policies.
#include <support/catch.hpp>

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>
#include <synthmed/testing/trainer_laws.hpp>
#include <synthmed/train/pgan_recipes.hpp>
#include <synthmed/train/pgan_trainer.hpp>

using namespace synthmed;
using namespace synthmed::train;
using synthmed_test::contains;
using synthmed_test::message_of;
using D = autodiff<reference_backend<float>>;

namespace {

constexpr std::array<std::int64_t, 2> tiny{4, 3};

// Some steps out of a long schedule.
struct excerpt {
  using settings = growth;
  recipe_schedule whole;
  std::int64_t first = 0, steps = 0;
  [[nodiscard]] std::int64_t total_steps() const { return steps; }
  [[nodiscard]] growth at(std::int64_t step) const {
    if (step < 0 || step >= steps)
      throw argument_error(sentence("Step ", step, " lies outside an excerpt of ", steps, " steps."));
    return whole.at(first + step);
  }
};

// The first step of stage 1 in a recipe's schedule.
std::int64_t growing_at(const recipe_schedule& s) {
  std::int64_t low = 0, high = s.total_steps();
  while (low < high) {
    const std::int64_t middle = (low + high) / 2;
    s.at(middle).stage >= 1 ? high = middle : low = middle + 1;
  }
  return low;
}

template <recipe R>
using gan_of = pgan_trainer<D, networks_of<R>(tiny, 4), excerpt>;

// Six steps of which the first two are at 4 px and the others fade to 8 px.
template <recipe R>
gan_of<R> gan_during_fade() {
  const recipe_schedule whole(R, 8, 105);
  return gan_of<R>(key(1), excerpt{whole, growing_at(whole) - 2, 6});
}

template <recipe R>
D::tensor reals(std::int64_t step) {
  static const auto plan = gan_during_fade<R>().plan();
  const auto g = plan.at(std::min<std::int64_t>(step, 5));
  return ops::mul_scalar<D>(ops::normal<D>(key(9).fold(step), {g.batch, 1, g.resolution, g.resolution}), 0.5);
}

template <class T>
safetensors written(const T& t) {
  safetensors_writer file;
  t.write(file);
  return safetensors::parse(file.bytes(), "a run");
}

// Four pixels each; nothing grows.
using flat_generator =
    models::layer_generator<nn::sequential<nn::chw{3}, nn::linear{.inputs = 3, .outputs = 8}, nn::leaky_relu{0.2},
                                           nn::linear{.inputs = 8, .outputs = 4}, nn::reshape{{1, 2, 2}}>>;
using flat_critic =
    models::layer_discriminator<nn::sequential<nn::chw{1, 2, 2}, nn::flatten{}, nn::linear{.inputs = 4, .outputs = 8},
                                               nn::leaky_relu{0.2}, nn::linear{.inputs = 8, .outputs = 1}>>;

progressive_schedule flat_plan(std::int64_t steps, std::int64_t resolution = 2) {
  return progressive_schedule({{.resolution = resolution, .images = 8 * steps, .batch = 8}},
                              {.learning_rate = 5e-3, .average_half_life = 800, .final_rate = 0.1});
}

// The critic sees nothing of any picture.
struct darkness {
  template <differentiable_backend B>
  [[nodiscard]] typename B::tensor apply(const typename B::tensor& x, key) const {
    return ops::mul_scalar<B>(x, 0);
  }
  [[nodiscard]] std::string identity() const { return "darkness"; }
};

}  // namespace

TEST_CASE("each recipe goes on to the same bytes when it is resumed during a fade") {
  for (const std::int64_t a : {1, 3, 5}) {
    CHECK(testing::broken_trainer_law(gan_during_fade<recipe::seed>, reals<recipe::seed>, a, 6 - a) == "");
    CHECK(testing::broken_trainer_law(gan_during_fade<recipe::synthmed>, reals<recipe::synthmed>, a, 6 - a) == "");
  }
  // Batches of 128: once is enough.
  CHECK(testing::broken_trainer_law(gan_during_fade<recipe::paper>, reals<recipe::paper>, 4, 2) == "");
  const auto fade = [](const auto& gan) { return gan.plan().at(5).fade; };
  CHECK(fade(gan_during_fade<recipe::seed>()) == 0.0);  // the study moves its alpha every 32 steps
  CHECK(fade(gan_during_fade<recipe::synthmed>()) == Approx(4.0 / 19200));
}

TEST_CASE("runs of other recipes, losses, augmentations and schedules are told apart") {
  const auto ours = gan_during_fade<recipe::synthmed>();
  CHECK(ours.identity() == gan_during_fade<recipe::synthmed>().identity());
  CHECK(ours.identity() != gan_during_fade<recipe::paper>().identity());
  CHECK(ours.identity() != gan_during_fade<recipe::seed>().identity());
  const auto plan = ours.plan();
  const gan_of<recipe::synthmed> lazy(key(1), plan, {.loss = {.penalty_every = 2}});
  CHECK(lazy.identity() != ours.identity());
  const gan_of<recipe::synthmed> slow(key(1), plan, {.adam = {.beta1 = 0.5, .beta2 = 0.99}});
  CHECK(slow.identity() != ours.identity());
  auto later = plan;
  ++later.first;
  CHECK(gan_of<recipe::synthmed>(key(1), later).identity() != ours.identity());
}

TEST_CASE("a warm start takes over networks and average, and goes its own way at a fixed stage") {
  using gan = pgan_trainer<D, networks_of<recipe::synthmed>(tiny, 4), progressive_schedule>;
  const progressive_schedule warming(
      {{.resolution = 4, .images = 16, .batch = 4}, {.resolution = 8, .images = 32, .fade_images = 16, .batch = 4}});
  const progressive_schedule tuning({{.resolution = 8, .images = 16, .batch = 4}},
                                    {.average_half_life = 20, .first_stage = 1});
  const auto batch = [](const gan& t) {
    const auto g = t.plan().at(t.next_step());
    return ops::normal<D>(key(3).fold(t.next_step()), {4, 1, g.resolution, g.resolution});
  };
  gan shared(key(1), warming);
  while (!shared.done()) (void)shared.step(batch(shared));
  const auto file = written(shared);

  gan own(key(2), tuning);
  const auto before = ops::to_host<D>(own.sample(ops::normal<D>(key(4), {2, 4}), 0));
  own.init_from(file);
  CHECK(own.next_step() == 0);
  const auto z = ops::normal<D>(key(4), {2, 4});
  CHECK(ops::to_host<D>(own.sample(z, 0)) == ops::to_host<D>(shared.sample(z, shared.total_steps() - 1)));
  CHECK(ops::to_host<D>(own.sample(z, 0)) != before);
  CHECK(own.stage(0) == 1);
  (void)own.step(batch(own));
  CHECK(ops::to_host<D>(own.sample(z, 0)) != ops::to_host<D>(shared.sample(z, shared.total_steps() - 1)));
  CHECK(contains(message_of<argument_error>([&] { own.init_from(file); }), "before its first step"));

  // Networks of other shapes are refused by name, and nothing is taken over.
  pgan_trainer<D, networks_of<recipe::synthmed>(tiny, 5), progressive_schedule> other(key(2), tuning);
  const auto bytes = [](const auto& t) {
    safetensors_writer out;
    t.write(out);
    return out.bytes();
  };
  const auto untouched = bytes(other);
  CHECK(contains(message_of<format_error>([&] { other.init_from(file); }), "generator.block0.format.weight"));
  CHECK(bytes(other) == untouched);
  CHECK(contains(message_of<argument_error>(
                     [&] { gan(key(1), progressive_schedule({{.resolution = 8, .images = 16, .batch = 4}})); }),
                 "first_stage"));
}

TEST_CASE("networks that do not grow: the laws, and learning a constant") {
  using gan = gan_trainer<D, flat_generator, flat_critic, progressive_schedule>;
  const auto make = [] { return gan(key(1), flat_plan(6)); };
  const auto batches = [](std::int64_t step) { return ops::normal<D>(key(2).fold(step), {8, 1, 2, 2}); };
  CHECK(testing::broken_trainer_law(make, batches, 2, 4) == "");

  gan t(key(3), flat_plan(1000));
  const auto z = ops::normal<D>(key(4), {16, 3});
  const auto mean = [&] { return ops::item<D>(ops::mean<D>(t.sample(z, 0))); };
  const float before = mean();
  while (!t.done()) (void)t.step(D::full({8, 1, 2, 2}, 0.7f));
  CHECK(std::abs(mean() - 0.7f) < 0.25f);
  CHECK(std::abs(mean() - 0.7f) < 0.5f * std::abs(before - 0.7f));
  CHECK(D::shape_of(t.score(t.sample(z, 0), 0)) == shape{16, 1});

  gan wrong(key(1), flat_plan(6, 4));
  CHECK(contains(message_of<shape_error>([&] { (void)wrong.step(ops::zeros<D>({8, 1, 4, 4})); }), "[8, 1, 2, 2]"));
}

TEST_CASE("policies act: a lazy penalty, and an augmentation of whatever the critic sees") {
  using gan = gan_trainer<D, flat_generator, flat_critic, progressive_schedule>;
  gan lazy(key(1), flat_plan(6), {.loss = {.penalty_every = 3}});
  for (std::int64_t step = 0; step < 6; ++step) {
    const auto said = lazy.step(ops::normal<D>(key(2).fold(step), {8, 1, 2, 2}));
    CHECK((said.penalty > 0) == (step % 3 == 0));
  }
  CHECK_THROWS_AS((gan(key(1), flat_plan(6), {.loss = {.penalty_every = 0}}).step(ops::zeros<D>({8, 1, 2, 2}))),
                  argument_error);

  gan_trainer<D, flat_generator, flat_critic, progressive_schedule, wgan_gp, darkness> blind(key(1), flat_plan(6));
  const auto weights = [&] { return ops::to_host<D>(nn::tensors(blind.trained())[0]); };
  const auto before = weights();
  const auto said = blind.step(ops::normal<D>(key(2), {8, 1, 2, 2}));
  CHECK(said.score_real == said.score_fake);
  CHECK(weights() == before);  // nothing comes back to the generator
}

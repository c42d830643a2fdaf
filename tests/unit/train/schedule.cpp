#include <support/catch.hpp>

#include <synthmed/testing/schedule_laws.hpp>
#include <synthmed/train/pgan_recipes.hpp>

using namespace synthmed;
using namespace synthmed::train;

TEST_CASE("the study's counters make fewer steps than planned") {
  // Plus disease has 105 training pictures, pre-plus 464, normal 2908.
  const seed_schedule plus(105), preplus(464), normal(2908);
  CHECK(plus.steps_at(1) == 82286);
  CHECK(plus.steps_at(6) == 89143);
  CHECK(plus.steps_at(7) == 94189);
  CHECK(preplus.steps_at(3) == 96000);
  CHECK(normal.steps_at(2) == 95473);
}

TEST_CASE("the study's alpha ends at 0, except where the last jump falls on a skipped batch") {
  const seed_schedule plus(105), preplus(464);
  const auto last_of = [](const seed_schedule& s, std::int64_t scale) {
    std::int64_t step = -1;
    for (std::int64_t i = 0; i <= scale; ++i) step += s.steps_at(i);
    return s.at(step);
  };
  for (std::int64_t scale = 1; scale < 8; ++scale) {
    CHECK(last_of(preplus, scale).fade == 1.0);
    CHECK(last_of(plus, scale).fade == (scale <= 5 ? Approx(1 - 1.0 / 600).epsilon(1e-12) : Approx(1.0)));
  }
  // 601 values: 0, 1/600, ... 1, one every 32 iterations.
  const auto begin = preplus.steps_at(0);
  CHECK(preplus.at(begin).fade == 0.0);
  CHECK(preplus.at(begin + 31).fade == 0.0);
  CHECK(preplus.at(begin + 32).fade == Approx(1.0 / 600));
  CHECK(preplus.at(begin + 19199).fade == Approx(599.0 / 600));
  CHECK(preplus.at(begin + 19200).fade == 1.0);
}

TEST_CASE("the study's stages: resolution, batch, resets") {
  const seed_schedule s(464);
  std::int64_t step = 0;
  for (std::int64_t scale = 0; scale < 8; ++scale) {
    const auto g = s.at(step);
    CHECK(g.resolution == 4 << scale);
    CHECK(g.batch == (scale < 6 ? 16 : scale == 6 ? 8 : 2));
    CHECK(g.starts_stage);
    CHECK(g.resets_average == (scale > 0));
    CHECK_FALSE(s.at(step + 1).starts_stage);
    step += s.steps_at(scale);
  }
  CHECK(step == s.total_steps());
  CHECK(step == 720000);
}

TEST_CASE("growing by images wastes no batch and always ends its fade") {
  const progressive_schedule s({{.resolution = 4, .images = 160, .fade_images = 0, .batch = 16},
                                {.resolution = 8, .images = 320, .fade_images = 96, .batch = 8}},
                               {.average_half_life = 80, .final_rate = 0.1, .decay_share = 0.5});
  REQUIRE(s.total_steps() == 10 + 40);
  CHECK(s.at(0).fade == 1.0);
  CHECK(s.at(10).fade == Approx(1.0 / 12));
  CHECK(s.at(20).fade == Approx(11.0 / 12));
  CHECK(s.at(21).fade == 1.0);
  CHECK(s.at(10).resets_optimizer);
  CHECK(s.at(22).resets_optimizer);
  CHECK_FALSE(s.at(0).resets_optimizer);
  // Half forgotten after 80 images: 5 steps of 16, 10 of 8.
  CHECK(std::pow(s.at(0).average_decay, 5) == Approx(0.5));
  CHECK(std::pow(s.at(10).average_decay, 10) == Approx(0.5));
  CHECK(s.at(29).learning_rate == 1e-3);
  CHECK(s.at(40).learning_rate == Approx(1e-3 * 0.55));
}

TEST_CASE("the paper's schedule: 600 kimg of each phase") {
  const auto s = paper_schedule(64);
  CHECK(s.at(0).batch == 128);
  CHECK(s.stages().back().resolution == 64);
  CHECK(s.total_steps() == 600000 / 128 + 2 * (1200000 / 128) + 1200000 / 64 + 1200000 / 32);
}

TEST_CASE("a schedule may start grown: fine-tuning at one resolution, a warm-up from 8 px") {
  const progressive_schedule tuned({{.resolution = 32, .images = 160, .fade_images = 80, .batch = 8}},
                                   {.first_stage = 3, .final_rate = 0.1});
  CHECK(tuned.at(0).stage == 3);
  CHECK(tuned.at(0).fade == 1.0);  // the first stage of a schedule never fades
  CHECK_FALSE(tuned.at(0).resets_optimizer);
  CHECK(tuned.at(19).learning_rate < 3e-4);
  const progressive_schedule warm(
      {{.resolution = 8, .images = 80, .batch = 8}, {.resolution = 16, .images = 80, .fade_images = 40, .batch = 8}},
      {.resets_average = true, .first_stage = 1});
  CHECK(warm.at(9).stage == 1);
  CHECK(warm.at(10).stage == 2);
  CHECK(warm.at(10).fade == Approx(0.2));
  CHECK(warm.at(10).resets_average);
  CHECK_FALSE(warm.at(0).resets_average);
  CHECK_THROWS_AS(progressive_schedule({{.resolution = 8}}, {.first_stage = -1}), argument_error);
}

TEST_CASE("recipes by name: the study's counters, the paper's batches, our whole ones") {
  CHECK(recipe_named("seed") == recipe::seed);
  CHECK_THROWS_AS(recipe_named("stylegan"), argument_error);
  const recipe_schedule seed(recipe::seed, 512, 105), paper(recipe::paper, 512, 105), ours(recipe::synthmed, 512, 105);
  const auto steps_at = [](const recipe_schedule& s, std::int64_t stage) {
    std::int64_t count = 0;
    for (std::int64_t step = 0; step < s.total_steps(); ++step) count += s.at(step).stage == stage;
    return count;
  };
  CHECK(steps_at(seed, 1) == 82286);
  CHECK(seed.total_steps() == 635905);
  CHECK(paper.total_steps() == 604687);
  CHECK(ours.total_steps() == 672000);
  CHECK(steps_at(ours, 1) == 96000);
  const auto last_fade = [](const recipe_schedule& s, std::int64_t stage) {
    double fade = 0;
    for (std::int64_t step = 0; step < s.total_steps(); ++step)
      if (const auto g = s.at(step); g.stage == stage) fade = g.fade;
    return fade;
  };
  CHECK(last_fade(seed, 2) < 1.0);
  CHECK(last_fade(ours, 2) == 1.0);
  CHECK(ours.at(0).average_decay == Approx(0.999).margin(1e-5));  // at batch 16 as the study has it
  CHECK_FALSE(ours.at(ours.total_steps() - 1).resets_average);
  CHECK(recipe_schedule(recipe::synthmed, 32, 105, 0.01).total_steps() == 480 + 3 * 960);
  for (const auto r : {recipe::seed, recipe::paper, recipe::synthmed}) {
    CHECK(synthmed::testing::broken_schedule_law(recipe_schedule(r, 64, 105)) == "");
    CHECK_THROWS_AS(recipe_schedule(r, 48, 105), argument_error);
  }
  CHECK_THROWS_AS(recipe_schedule(recipe::synthmed, 32, 105, 0), argument_error);
  CHECK_THROWS_AS(recipe_schedule(recipe::synthmed, 32, 105, 1e-9), argument_error);
}

TEST_CASE("schedules keep the law, and refuse what cannot run") {
  CHECK(synthmed::testing::broken_schedule_law(seed_schedule(105)) == "");
  CHECK(synthmed::testing::broken_schedule_law(paper_schedule(128)) == "");
  CHECK_THROWS_AS(seed_schedule(15), argument_error);
  CHECK_THROWS_AS(progressive_schedule({}), argument_error);
  CHECK_THROWS_AS(progressive_schedule({{.resolution = 4}, {.resolution = 16}}), argument_error);
  CHECK_THROWS_AS(progressive_schedule({{.resolution = 4, .images = 8, .fade_images = 0, .batch = 16}}),
                  argument_error);
  CHECK_THROWS_AS(paper_schedule(48), argument_error);
}

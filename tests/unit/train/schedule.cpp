#include <support/catch.hpp>

#include <synthmed/testing/schedule_laws.hpp>
#include <synthmed/train/progressive_schedule.hpp>

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

TEST_CASE("schedules keep the law, and refuse what cannot run") {
  CHECK(synthmed::testing::broken_schedule_law(seed_schedule(105)) == "");
  CHECK(synthmed::testing::broken_schedule_law(paper_schedule(128)) == "");
  CHECK_THROWS_AS(seed_schedule(15), argument_error);
  CHECK_THROWS_AS(progressive_schedule({}), argument_error);
  CHECK_THROWS_AS(progressive_schedule({{.resolution = 4}, {.resolution = 16}}), argument_error);
  CHECK_THROWS_AS(progressive_schedule({{.resolution = 4, .images = 8, .fade_images = 0, .batch = 16}}), argument_error);
  CHECK_THROWS_AS(paper_schedule(48), argument_error);
}

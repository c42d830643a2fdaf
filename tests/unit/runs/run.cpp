// run(): where it stops, in which order it calls, and that what is resumed gives the same bytes.
#include <support/catch.hpp>

#include <csignal>
#include <limits>

#include <synthmed/testing/trainer_laws.hpp>
#include <synthmed/train/observers.hpp>
#include <synthmed/train/run.hpp>

#include "tiny_trainer.hpp"

using namespace synthmed;
using namespace synthmed::train;
using namespace synthmed_test;

namespace {

std::string bytes_of(const tiny_trainer& t) {
  safetensors_writer file;
  t.write(file);
  return file.bytes();
}

/// Writes down what it is told.
struct diary {
  std::string& text;
  verdict on_step(const step_event& e) {
    text += sentence("s", e.step, e.stage == e.step / 4 && e.images == 8 ? " " : "? ");
    return verdict::go_on;
  }
  void on_stage(const stage_event& e) { text += sentence(e.complete ? "stage" : "part", e.stage, "/", e.step, " "); }
  void on_checkpoint(const checkpoint_event& e) {
    text += sentence("c", e.next_step, std::filesystem::exists(e.path) ? "? " : " ");
  }
};

/// Stops after one step.
struct stop_at : quiet_observer {
  std::int64_t step;
  explicit stop_at(std::int64_t s) : step(s) {}
  verdict on_step(const step_event& e) { return e.step == step ? verdict::stop : verdict::go_on; }
};

}  // namespace

TEST_CASE("the tiny trainer keeps the law, and the law finds trainers that forget") {
  CHECK(testing::broken_trainer_law([] { return tiny_trainer(); }, target_of, 7, 13) == "");
  CHECK(testing::broken_trainer_law([] { return tiny_trainer(); }, target_of, 0, 5) == "");

  struct forgets_velocity : tiny_trainer {
    void read(const safetensors& file) {
      safetensors_writer changed;
      const std::vector<double> state{file.values<double>("state").at(0), 0.0};
      changed.add<double>("state", {2}, state);
      changed.add<std::int64_t>("next", {1}, file.values<std::int64_t>("next"));
      tiny_trainer::read(safetensors::parse(changed.bytes(), "changed"));
    }
  };
  CHECK(testing::broken_trainer_law([] { return forgets_velocity(); }, target_of, 7, 13) ==
        "write() after read() gives other bytes");

  struct hides_velocity : forgets_velocity {
    void write(safetensors_writer& file) const {
      file.add<double>("state", {2}, std::vector<double>{weight(), 0.0});
      file.add<std::int64_t>("next", {1}, std::vector<std::int64_t>{next_step()});
    }
  };
  CHECK(contains(testing::broken_trainer_law([] { return hides_velocity(); }, target_of, 7, 13),
                 "of the resumed trainer differs"));
}

TEST_CASE("stages, checkpoints and steps come in the order that is promised") {
  const run_folder at("order");
  const checkpoint_store store(at.path());
  tiny_trainer t;
  std::string text;
  auto result = run(t, target_of, {.steps = 6, .store = &store}, diary{text});
  CHECK(text == "s0 s1 s2 s3 c4 stage0/3 s4 s5 c6 part1/5 ");
  CHECK(result.next_step == 6);
  CHECK(result.why == run_end::step_limit);
  text.clear();
  result = run(t, target_of, {.steps = 8, .store = &store, .checkpoint_steps = 7}, diary{text});
  CHECK(text == "s6 c7 s7 c8 stage1/7 ");
  text.clear();
  result = run(t, target_of, {.store = &store}, diary{text}, stop_at(9));
  CHECK(text == "s8 s9 c10 part2/9 ");
  CHECK(result.why == run_end::observer);
  text.clear();
  result = run(t, target_of, {.store = &store}, stop_at(9), diary{text});
  CHECK(result.next_step == 20);
  CHECK(result.why == run_end::finished);
  CHECK(contains(text, "s19 c20 stage4/19 "));
  text.clear();
  result = run(t, target_of, {.store = &store}, diary{text});  // nothing is left to do
  CHECK(text == "");
  CHECK(result.why == run_end::finished);
  CHECK_THROWS_AS(run(t, target_of, {.steps = -1}), argument_error);
}

TEST_CASE("a run in pieces ends in the same bytes as in one") {
  tiny_trainer whole;
  run(whole, target_of, {});
  for (const std::int64_t cut : {1, 4, 7, 19}) {
    const run_folder at("pieces");
    const checkpoint_store store(at / "run");
    tiny_trainer first;
    run(first, target_of, {.steps = cut, .store = &store});
    tiny_trainer second;
    REQUIRE(store.resume(second).has_value());
    CHECK(second.next_step() == cut);
    run(second, target_of, {.store = &store});
    CHECK(bytes_of(second) == bytes_of(whole));
    // The checkpoint's bytes too: nothing of the way there is in it.
    const checkpoint_store other(at / "whole");
    tiny_trainer again;
    run(again, target_of, {.store = &other});
    CHECK(read_file(store.path_of(20)) == read_file(other.path_of(20)));
  }
}

TEST_CASE("a step that diverges ends the run; the last good checkpoint stays and is named") {
  const run_folder at("diverged");
  const checkpoint_store store(at.path());
  const auto batches = [](std::int64_t step) {
    return step == 10 ? std::numeric_limits<double>::quiet_NaN() : target_of(step);
  };
  SECTION("the trainer counts a gradient that is not finite") {
    tiny_trainer t;
    CHECK(message_of<diverged_error>([&] { run(t, batches, {.store = &store}); }) ==
          "At step 10 1 number of the gradient is not finite. The last good state is that before step 8.");
  }
  SECTION("an observer finds a value too large") {
    tiny_trainer t;
    const auto said = message_of<diverged_error>([&] {
      run(
          t, [](std::int64_t step) { return step == 9 ? 1e6 : target_of(step); }, {.store = &store},
          divergence_stop({.largest = 1e5}));
    });
    CHECK(contains(said, "Step 9 diverged: loss is "));
    CHECK(contains(said, "The last good state is that before step 8."));
  }
  tiny_trainer resumed;
  REQUIRE(store.resume(resumed).has_value());
  CHECK(resumed.next_step() == 8);
  tiny_trainer none;
  const auto said = message_of<diverged_error>(
      [&] { run(none, [](std::int64_t) { return std::numeric_limits<double>::infinity(); }, {}); });
  CHECK(contains(said, "No checkpoint was written before."));
}

TEST_CASE("Ctrl-C ends a run after the step at hand, with a checkpoint") {
  const run_folder at("interrupt");
  const checkpoint_store store(at.path());
  tiny_trainer t;
  struct press : quiet_observer {
    int signal;
    explicit press(int s) : signal(s) {}
    verdict on_step(const step_event& e) {
      if (e.step == 5) std::raise(signal);
      return verdict::go_on;
    }
  };
  for (const int signal : {SIGINT, SIGTERM}) {
    tiny_trainer fresh;
    {
      const interrupt_guard guard;
      const auto result = run(fresh, target_of, {.store = &store}, press(signal));
      CHECK(result.next_step == 6);
      CHECK(result.why == run_end::interrupted);
      CHECK(interrupt_guard::requested());
      CHECK(store.steps().front() == 6);
    }
    CHECK_FALSE(interrupt_guard::requested());
    const auto result = run(fresh, target_of, {.store = &store});
    CHECK(result.why == run_end::finished);
    for (const auto step : store.steps()) std::filesystem::remove(store.path_of(step));
  }
}

TEST_CASE("the time limit stops a run, and asks the run for the time") {
  const run_folder at("time");
  const checkpoint_store store(at.path());
  tiny_trainer t;
  time_limit limit(1e-9);
  const auto result = run(t, target_of, {.store = &store}, limit);
  CHECK(result.next_step == 1);
  CHECK(result.why == run_end::observer);
  CHECK(limit.reached());
  CHECK(store.steps() == std::vector<std::int64_t>{1});
  time_limit minute(60);
  CHECK(minute.on_step({.seconds = 59.9}) == verdict::go_on);
  CHECK_FALSE(minute.reached());
  CHECK(minute.on_step({.seconds = 60}) == verdict::stop);
  time_limit none(0);
  CHECK(none.on_step({.seconds = 1e9}) == verdict::go_on);
  CHECK_THROWS_AS(time_limit(-1), argument_error);
}

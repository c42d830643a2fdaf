// The observers: what they write, and that a log of a resumed run is that of one never stopped.
#include <support/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>

#include <nlohmann/json.hpp>

#include <sys/wait.h>

#include <synthmed/testing/observer_laws.hpp>
#include <synthmed/train/observers.hpp>

#include "tiny_trainer.hpp"

using namespace synthmed;
using namespace synthmed::train;
using namespace synthmed_test;

namespace {

namespace fs = std::filesystem;

/// Plays one step with these values to an observer.
template <class Observer>
verdict show(Observer& o, std::int64_t step, std::vector<named_value> values) {
  return o.on_step({.step = step, .end_step = 100, .values = values});
}

/// What the independent decoder says about an event file: a JSON line per event.
std::string decoded(const fs::path& events) {
  const auto out = events.string() + ".json";
  const std::string command =
      std::string(SYNTHMED_PYTHON3) + " " + SYNTHMED_DECODER + " '" + events.string() + "' >'" + out + "'";
  const int status = std::system(command.c_str());
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == 0);
  return read_file(out);
}

}  // namespace

TEST_CASE("observers take a healthy run") {
  const run_folder at("healthy");
  json_lines log(at / "log.jsonl");
  CHECK(testing::broken_observer_law(log) == "");
  tensorboard scalars(at / "tensorboard");
  CHECK(testing::broken_observer_law(scalars) == "");
  divergence_stop stop;
  CHECK(testing::broken_observer_law(stop) == "");
  time_limit limit(1000);
  CHECK(testing::broken_observer_law(limit) == "");
  progress_line line([](std::string_view) {}, {});
  CHECK(testing::broken_observer_law(line) == "");
  int drawn = 0;
  sample_grid grid([&](const grid_moment&) { ++drawn; });
  CHECK(testing::broken_observer_law(grid) == "");
  CHECK(drawn == 4);
  struct touchy : quiet_observer {
    void on_stage(const stage_event&) { throw error("I do not like stages."); }
  } breaks;
  CHECK(testing::broken_observer_law(breaks) == "it throws on a healthy run: I do not like stages.");
}

TEST_CASE("JSON lines: every value, exactly") {
  const run_folder at("json");
  const auto path = at / "log.jsonl";
  {
    json_lines log(path);
    show(log, 0, {{"loss", 0.1}, {"score \"real\"", std::numeric_limits<double>::quiet_NaN()}});
    show(log, 1, {{"loss", 1e-300}, {"score \"real\"", -3}});
  }
  std::ifstream in(path);
  std::string line;
  REQUIRE(std::getline(in, line));
  auto first = nlohmann::json::parse(line);
  CHECK(first["step"] == 0);
  CHECK(first["loss"] == 0.1);
  CHECK(first["score \"real\""].is_null());
  REQUIRE(std::getline(in, line));
  CHECK(nlohmann::json::parse(line)["loss"] == 1e-300);
  CHECK_FALSE(std::getline(in, line));

  const auto every = at / "every.jsonl";
  CHECK(testing::broken_log_law([&](std::int64_t next) { return json_lines(every, next, 4); },
                                [&] { return read_file(every); }) == "");
  CHECK_THROWS_AS(json_lines(at / "none.jsonl", 0, 0), argument_error);
}

TEST_CASE("a log is cut to the checkpoint's step, torn lines and all") {
  const run_folder at("cut");
  const auto path = at / "log.jsonl";
  CHECK(testing::broken_log_law([&](std::int64_t next) { return json_lines(path, next); },
                                [&] { return read_file(path); }) == "");
  const std::string whole = read_file(path);
  CHECK(std::count(whole.begin(), whole.end(), '\n') == 20);
  { const json_lines at_five(path, 5); }
  const std::string five = read_file(path);
  CHECK(std::count(five.begin(), five.end(), '\n') == 5);
  CHECK(whole.starts_with(five));
  // What a power cut may leave: half a line, or zeros.
  write_file(path, five + whole.substr(five.size(), 17));
  { const json_lines torn(path, 20); }
  CHECK(read_file(path) == five);
  write_file(path, five + std::string(40, '\0') + "\n");
  { const json_lines torn(path, 20); }
  CHECK(read_file(path) == five);
  // A law check that finds what it is for: a log that is not cut.
  const auto uncut = at / "uncut.jsonl";
  CHECK(testing::broken_log_law([&](std::int64_t next) { return json_lines(uncut, next == 6 ? 100 : next); },
                                [&] { return read_file(uncut); }) ==
        "the log of a resumed run differs from that of a run in one piece");
}

TEST_CASE("TensorBoard: an independent decoder reads what was written, and checks every checksum") {
  if (std::string_view(SYNTHMED_PYTHON3).empty()) {
    WARN("not tried: there is no python3");
    return;
  }
  const run_folder at("tensorboard");
  const auto path = at / "events.out.tfevents.0.synthmed";
  const auto without_times = [&] {
    std::string all;
    std::istringstream lines(decoded(path));
    for (std::string line; std::getline(lines, line);) {
      auto event = nlohmann::json::parse(line);
      event.erase("wall_time");
      all += event.dump() + '\n';
    }
    return all;
  };
  CHECK(testing::broken_log_law([&](std::int64_t next) { return tensorboard(at.path(), next); }, without_times) == "");

  std::istringstream lines(decoded(path));
  std::string line;
  REQUIRE(std::getline(lines, line));
  const auto version = nlohmann::json::parse(line);
  CHECK(version["file_version"] == "brain.Event:2");
  CHECK(version["wall_time"].get<double>() > 1.6e9);
  std::int64_t step = 0;
  for (; std::getline(lines, line); ++step) {
    const auto event = nlohmann::json::parse(line);
    REQUIRE(event["step"] == step);
    CHECK(event["scalars"]["loss"] == static_cast<double>(static_cast<float>(1.0 / static_cast<double>(step + 1))));
    CHECK(event["scalars"]["score"] == -0.5 * static_cast<double>(step));
  }
  CHECK(step == 20);

  // Large steps, many values, numbers that are none; then a record cut in the middle, and a flipped bit.
  {
    tensorboard scalars(at / "other");
    std::vector<named_value> many(300, {"same", 2});
    show(scalars, 1'000'000'007, many);
    show(scalars, 1'000'000'008, {{"inf", std::numeric_limits<double>::infinity()}, {"nan", std::nan("")}});
  }
  const auto other = at / "other/events.out.tfevents.0.synthmed";
  std::istringstream odd(decoded(other));
  std::getline(odd, line);
  std::getline(odd, line);
  CHECK(nlohmann::json::parse(line)["step"] == 1'000'000'007);
  CHECK(nlohmann::json::parse(line)["count"] == 300);
  std::getline(odd, line);
  CHECK(nlohmann::json::parse(line)["scalars"]["inf"] == "inf");
  const std::string content = read_file(other);
  write_file(other, content.substr(0, content.size() - 9));
  { const tensorboard reopened(at / "other", 2'000'000'000); }
  CHECK(std::filesystem::file_size(other) < content.size() - 9);
  const std::string kept = decoded(other);
  CHECK(std::count(kept.begin(), kept.end(), '\n') == 2);
}

TEST_CASE("CRC-32C has the value of its published check") {
  CHECK(tensorboard_format::crc32c("123456789") == 0xE3069283u);  // RFC 3720, B.4 and the catalogue of CRCs
  CHECK(tensorboard_format::crc32c(std::string(32, '\0')) == 0x8A9136AAu);
}

TEST_CASE("the line of progress: speed of the last seconds, time left, memory") {
  std::string shown;
  {
    progress_line line([&](std::string_view text) { shown += text; },
                       {.what = "gan plus", .seconds = 5, .rewrite = false});
    for (std::int64_t step = 0; step < 100; ++step)  // 0.1 s per step, from step 60 on 1 s
      line.on_step({.step = step,
                    .end_step = 200,
                    .stage = step / 60,
                    .images = 16,
                    .seconds = step < 60 ? 0.1 * static_cast<double>(step + 1) : 6 + static_cast<double>(step - 59)});
  }
  std::vector<std::string> lines;
  std::istringstream in(shown);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  REQUIRE(lines.size() >= 4);
  CHECK(lines[0].starts_with("gan plus: 1/200 steps, stage 0, 160.0 images/s, 6.25 s/kimg, 20 s left, "));
  CHECK(lines[1].starts_with("gan plus: 51/200 steps, stage 0, 160.0 images/s"));
  // 40 s after the change nothing is left of the fast steps: 16 images/s and a second for each of 101 steps.
  const auto& late = lines[lines.size() - 2];
  INFO(late);
  CHECK(contains(late, "stage 1, 1"));
  CHECK((contains(late, " 16.") || contains(late, " 17.")));
  CHECK(contains(lines.back(), "100/200 steps"));
  CHECK(contains(lines.back(), "46 s in all"));
  CHECK(contains(lines.back(), " MiB peak"));
  CHECK(peak_memory() > (std::uint64_t{1} << 20));

  shown.clear();
  {
    progress_line line([&](std::string_view text) { shown += text; }, {.what = "unet", .seconds = 0});
    show(line, 0, {});
    show(line, 1, {});
  }
  CHECK(shown.starts_with("\runet: 1/100 steps"));
  CHECK(std::count(shown.begin(), shown.end(), '\n') == 1);
  CHECK(shown.ends_with('\n'));

  CHECK(readable_time(0.4) == "0 s");
  CHECK(readable_time(90) == "90 s");
  CHECK(readable_time(600) == "10 min");
  CHECK(readable_time(12'000) == "3 h 20 min");
  CHECK(readable_time(200'000) == "2 d 7 h");
  CHECK(readable_time(std::nan("")) == "unknown");
}

TEST_CASE("the stop at divergence names step and values, and lets finite ones pass") {
  divergence_stop stop({.largest = 100});
  CHECK(show(stop, 3, {{"loss", -100}, {"nonfinite_gradients", 0}}) == verdict::go_on);
  CHECK(message_of<diverged_error>([&] {
          show(stop, 7, {{"loss", 101}, {"score", std::nan("")}, {"fade", 1}});
        }) ==
        "Step 7 diverged: loss is 101, score is nan; train with a lower learning rate, or from an earlier checkpoint.");
  CHECK(contains(message_of<diverged_error>([&] {
                   show(stop, 8, {{"nonfinite_gradients", 3}});
                 }),
                 "nonfinite_gradients is 3"));
  divergence_stop lenient;
  CHECK(show(lenient, 0, {{"loss", 1e300}}) == verdict::go_on);
  CHECK_THROWS_AS(show(lenient, 0, {{"loss", -std::numeric_limits<double>::infinity()}}), diverged_error);
}

TEST_CASE("grids are drawn at stages, at the stop, and every so manieth step") {
  std::string drawn;
  const auto draw = [&](const grid_moment& m) { drawn += sentence(m.step, m.stage_ended ? "! " : " "); };
  sample_grid stages(draw);
  testing::play_run(stages, 0, 20);
  CHECK(drawn == "5! 11! 17! 19 ");
  drawn.clear();
  sample_grid often(draw, 4);
  testing::play_run(often, 6, 12);
  CHECK(drawn == "7 11 11! ");
  CHECK_THROWS_AS(sample_grid(draw, -1), argument_error);
}

TEST_CASE("a log that cannot be written is a sentence with the path") {
  CHECK(contains(message_of<io_error>([] { json_lines("/dev/null/log.jsonl"); }), "/dev/null"));
  json_lines full("/dev/full");
  CHECK(contains(message_of<io_error>([&] { show(full, 0, {{"loss", 1}}); }), "/dev/full: No space left on device."));
}

// What the subcommands that train share, as users meet it: flags in sentences, Ctrl-C, the time limit, a second
// program.
#include "feature_program.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include <synthmed/train/checkpoint_store.hpp>

using namespace synthmed_test;

namespace {

/// Starts `rop_study <arguments>` and comes back at once.
pid_t start(const workplace& at, const std::string& arguments) {
  const std::string command =
      "exec " + std::string(ROP_STUDY) + " " + arguments + " >'" + (at / "out") + "' 2>'" + (at / "err") + "'";
  const pid_t process = ::fork();
  if (process == 0) {
    ::execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  return process;
}

std::size_t lines_of(const std::string& path) {
  if (!std::filesystem::exists(path)) return 0;
  const auto text = synthmed::read_file(path);
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

std::vector<std::string> checkpoints_in(const std::string& folder) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().filename().string().starts_with("checkpoint-")) found.push_back(entry.path().filename().string());
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

TEST_CASE("shared flags are refused in one sentence") {
  const workplace at("training_flags");
  const std::string segment = "segment --data '" + (at / "nowhere") + "' ";
  check_refused(at, segment + "--preset huge",
                "There is no preset \"huge\"; the presets are smoke, quick, demo and study.");
  check_refused(at, segment + "--backend numpy", "There is no backend \"numpy\"");
  check_refused(at, segment + "--device tpu", "There is no device \"tpu\"");
  check_refused(at, segment + "--device cuda", "--device cuda needs --backend torch");
  check_refused(at, segment + "--steps -1", "--steps");
  check_refused(at, segment + "--time-limit -2", "--time-limit");
}

TEST_CASE("a training stopped by Ctrl-C or the time goes on to the same bytes; a second program keeps out") {
  const workplace at("training_stops");
  REQUIRE(
      rop_study(at, "prepare --phantom smoke --photograph-size 48 --threads 2 --out '" + (at / "data") + "'").status ==
      0);
  const auto segment = [&](const std::string& out) {
    return "segment --data '" + (at / "data") + "' --train-steps 80 --batch 8 --patch 16 --threads 2 --out '" +
           (at / out) + "'";
  };
  const auto weights = [&](const std::string& out) {
    return synthmed::read_file(at / (out + "/unet/unet.safetensors"));
  };
  REQUIRE(rop_study(at, segment("whole")).status == 0);

  const pid_t process = start(at, segment("stopped"));
  REQUIRE(process > 0);
  const auto log = at / "stopped/unet/log.jsonl";
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  while (lines_of(log) < 5 && std::chrono::steady_clock::now() < give_up)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  ::kill(process, SIGINT);
  int status = 0;
  ::waitpid(process, &status, 0);
  INFO(synthmed::read_file(at / "err"));
  REQUIRE(WIFEXITED(status));
  if (lines_of(log) < 80) {  // else the machine was so slow to press that the training had ended
    const auto left = checkpoints_in(at / "stopped/unet");
    REQUIRE(left.size() == 1);
    CHECK(left[0] ==
          synthmed::sentence("checkpoint-0000000", lines_of(log) < 10 ? "0" : "", lines_of(log), ".safetensors"));
    CHECK_FALSE(std::filesystem::exists(at / "stopped/rvm"));
  }
  {
    const synthmed::train::checkpoint_store store(at / "stopped/unet");
    const auto held = store.lock();
    const std::string before = synthmed::read_file(log);
    const auto second = rop_study(at, segment("stopped") + " --resume");
    CHECK(second.status == 2);
    CHECK(contains(second.err, "Another run is training in "));
    CHECK(synthmed::read_file(log) == before);
  }
  const auto other = rop_study(at, segment("stopped") + " --resume --seed 7");
  CHECK(other.status == 2);
  CHECK(contains(other.err, "belongs to another"));

  REQUIRE(rop_study(at, segment("stopped") + " --resume --time-limit 0.000001").status == 0);  // one step
  REQUIRE(rop_study(at, segment("stopped") + " --resume").status == 0);
  CHECK(weights("stopped") == weights("whole"));
  CHECK(synthmed::read_file(log) == synthmed::read_file(at / "whole/unet/log.jsonl"));
  CHECK(std::filesystem::exists(at / "stopped/unet/tensorboard/events.out.tfevents.0.synthmed"));
  CHECK(checkpoints_in(at / "stopped/unet").size() <= 2);
}

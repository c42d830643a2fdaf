// The store of checkpoints: what is damaged, foreign, or does not fit on the disk.
#include <support/catch.hpp>

#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>

#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <synthmed/train/checkpoint_store.hpp>
#include <synthmed/train/run.hpp>

#include "tiny_trainer.hpp"

using namespace synthmed;
using namespace synthmed::train;
using namespace synthmed_test;

namespace {

namespace fs = std::filesystem;

struct warnings {
  std::vector<std::string> said;
  warning sink() {
    return [this](const std::string& text) { said.push_back(text); };
  }
};

/// Names of everything in a folder that a store left half written.
std::vector<std::string> partial_files(const fs::path& folder) {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().string().find(".partial") != std::string::npos) found.push_back(entry.path().filename().string());
  return found;
}

void flip_bit(const fs::path& path, std::size_t byte, int bit = 0) {
  std::string content = read_file(path);
  content.at(byte) = static_cast<char>(content.at(byte) ^ (1 << bit));
  std::ofstream(path, std::ios::binary) << content;
}

/// Runs f in a child process; the child's wait status.
int in_child(const std::function<int()>& f) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    int code = 99;
    try {
      code = f();
    } catch (...) {
    }
    ::_exit(code);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

}  // namespace

TEST_CASE("the disk holds the newest checkpoints and no more") {
  const run_folder at("bounded");
  const checkpoint_store two(at / "two"), three(at / "three", {.keep = 3});
  tiny_trainer a, b;
  run(a, target_of, {.store = &two, .checkpoint_steps = 1});
  run(b, target_of, {.store = &three, .checkpoint_steps = 1});
  CHECK(two.steps() == std::vector<std::int64_t>{20, 19});
  CHECK(three.steps() == std::vector<std::int64_t>{20, 19, 18});
  CHECK(std::distance(fs::directory_iterator(at / "two"), {}) == 2);
  CHECK(two.path_of(20).filename() == "checkpoint-000000020.safetensors");
  CHECK_THROWS_AS(checkpoint_store(at / "none", {.keep = 0}), argument_error);
  CHECK(message_of<argument_error>([&] { two.require_empty(); }) ==
        two.path_of(20).string() + " is there already; continue it with --resume, or give another --out.");
  // Files of other names are neither read nor removed.
  write_file(two.folder() / "checkpoint-final.safetensors", "mine");
  write_file(two.folder() / "checkpoint-21.safetensors", "mine");
  two.write(a);
  CHECK(two.steps() == std::vector<std::int64_t>{20, 19});
  CHECK(fs::exists(two.folder() / "checkpoint-21.safetensors"));
}

TEST_CASE("an empty folder begins a run") {
  const run_folder at("empty");
  const checkpoint_store store(at / "new/folder");
  store.require_empty();
  tiny_trainer t;
  CHECK_FALSE(store.resume(t).has_value());
  CHECK(t.next_step() == 0);
}

TEST_CASE("any flipped bit and any cut is found") {
  const run_folder at("flips");
  const checkpoint_store store(at.path());
  tiny_trainer t;
  run(t, target_of, {.steps = 3, .store = &store});
  const auto path = store.path_of(3);
  const std::string intact = read_file(path);
  CHECK_NOTHROW(checkpoint_store::read(path));
  std::size_t missed = 0;
  for (std::size_t byte = 0; byte < intact.size(); ++byte) {
    std::string damaged = intact;
    damaged[byte] = static_cast<char>(damaged[byte] ^ (1 << (byte % 8)));
    std::ofstream(path, std::ios::binary) << damaged;
    try {
      (void)checkpoint_store::read(path);
      ++missed;
    } catch (const format_error&) {
    }
  }
  CHECK(missed == 0);
  for (std::size_t length = 0; length < intact.size(); length += 7) {
    std::ofstream(path, std::ios::binary) << intact.substr(0, length);
    CHECK_THROWS_AS(checkpoint_store::read(path), format_error);
  }
}

TEST_CASE("when the newest is damaged, the newest intact one is taken, with a warning that names both") {
  const run_folder at("damaged");
  const checkpoint_store store(at.path());
  tiny_trainer whole;
  run(whole, target_of, {.steps = 12, .store = &store, .checkpoint_steps = 1});
  const auto newest = store.path_of(12), before = store.path_of(11);
  const std::string good = read_file(newest);

  SECTION("a bit flipped") { flip_bit(newest, good.size() - 3, 5); }
  SECTION("cut") { fs::resize_file(newest, good.size() / 2); }
  SECTION("empty") { fs::resize_file(newest, 0); }

  warnings heard;
  tiny_trainer t;
  REQUIRE(store.resume(t, heard.sink()) == before);
  CHECK(t.next_step() == 11);
  REQUIRE(heard.said.size() == 1);
  CHECK(contains(heard.said[0], newest.string()));
  CHECK(contains(heard.said[0], "The run goes on from " + before.string()));
  // It goes on to the same bytes, and the damaged one is replaced.
  run(t, target_of, {.steps = 12, .store = &store});
  CHECK(read_file(newest) == good);

  flip_bit(newest, 40);
  flip_bit(before, 40);
  const auto said = message_of<format_error>([&] { store.resume(t); });
  CHECK(contains(said, newest.string()));
  CHECK(contains(said, before.string()));
  CHECK(contains(said, "No intact checkpoint is left"));
}

TEST_CASE("a damaged checkpoint of a later step does not outlive the run that left it behind") {
  const run_folder at("later");
  const checkpoint_store store(at.path());
  tiny_trainer whole;
  run(whole, target_of, {.steps = 12, .store = &store, .checkpoint_steps = 5});
  REQUIRE(store.steps() == std::vector<std::int64_t>{12, 10});
  flip_bit(store.path_of(12), 30);
  tiny_trainer t;
  store.resume(t);
  run(t, target_of, {.steps = 11, .store = &store});
  CHECK(store.steps() == std::vector<std::int64_t>{11, 10});
}

TEST_CASE("another trainer, data set or format version is refused with the reason") {
  const run_folder at("foreign");
  const checkpoint_store store(at.path(), {.data = "aaaa"});
  tiny_trainer t;
  run(t, target_of, {.steps = 5, .store = &store});
  const std::string path = store.path_of(5).string();

  tiny_trainer other("parabola, rate 0.1");
  CHECK(message_of<format_error>([&] { store.resume(other); }) ==
        path + " belongs to another run: it says \"parabola, rate 0.05\", this run is \"parabola, rate 0.1\".");
  CHECK(other.next_step() == 0);

  tiny_trainer same;
  const checkpoint_store elsewhere(at.path(), {.data = "bbbb"});
  CHECK(message_of<format_error>([&] { elsewhere.resume(same); }) ==
        path + " belongs to another data set: it says \"aaaa\", this run is \"bbbb\".");
  CHECK(same.next_step() == 0);

  const checkpoint_store seeded(at / "seeded", {.about = "seed 1"}), reseeded(at / "seeded", {.about = "seed 2"});
  tiny_trainer begun, other_seed;
  run(begun, target_of, {.steps = 5, .store = &seeded});
  CHECK(contains(message_of<format_error>([&] { reseeded.resume(other_seed); }),
                 "belongs to another run: it says \"seed 1\", this run is \"seed 2\"."));

  const auto rewritten = [&](const std::string& name, const std::string& value) {
    safetensors_writer file;
    same.write(file);
    const safetensors written = checkpoint_store::read(store.path_of(5));
    for (const auto& [n, v] : written.metadata()) file.set_metadata(n, v);
    file.set_metadata(name, value);
    file.set_metadata("checksum", "00000000");
    std::string bytes = file.bytes();
    const auto place = *train::detail::checksum_place(bytes);
    bytes.replace(place, 8, train::detail::checksum_of(bytes, place));
    write_file(store.path_of(5), bytes);
  };
  rewritten("format", "synthmed checkpoint 7");
  CHECK(contains(
      message_of<format_error>([&] { store.resume(same); }),
      "belongs to another format version: it says \"synthmed checkpoint 7\", this run is \"synthmed checkpoint 1\"."));
  rewritten("format", "synthmed checkpoint 1");
  CHECK(contains(message_of<format_error>([&] { store.resume(same); }), "goes on with step 0, its name says 5"));
}

TEST_CASE("another version, other threads or another backend give one warning") {
  const run_folder at("elsewhere");
  tiny_trainer t;
  const checkpoint_store store(at.path(), {.backend = "oneDNN 2.6.0"});
  run(t, target_of, {.steps = 5, .store = &store});
  warnings none;
  tiny_trainer here;
  store.resume(here, none.sink());
  CHECK(none.said.empty());

  const checkpoint_store updated(at.path(), {.backend = "oneDNN 3.2.0"});
  warnings heard;
  tiny_trainer there;
  updated.resume(there, heard.sink());
  CHECK(there.next_step() == 5);
  REQUIRE(heard.said.size() == 1);
  CHECK(contains(heard.said[0], "backend was \"oneDNN 2.6.0\" and is \"oneDNN 3.2.0\""));
  CHECK(contains(heard.said[0], "not necessarily to the same bytes"));
  const auto said = checkpoint_store::read(store.path_of(5)).metadata();
  CHECK(said.at("synthmed") == SYNTHMED_VERSION);
  CHECK(said.at("threads") == std::to_string(threads()));
  CHECK_FALSE(said.at("isa").empty());
  CHECK_FALSE(said.at("compiler").empty());
}

TEST_CASE("kill -9 in the middle of a write: the older checkpoint is intact, nothing half written stays") {
  const run_folder at("killed");
  constexpr std::size_t ballast = 3'000'000;  // 12 MB, so that a write takes a while
  int caught = 0;
  for (int trial = 0; trial < 4; ++trial) {
    const auto folder = at / std::to_string(trial);
    fs::create_directories(folder);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      try {
        const checkpoint_store store(folder);
        tiny_trainer t("ballast", 10'000, ballast);
        store.resume(t);
        run(t, target_of, {.store = &store, .checkpoint_steps = 1});
      } catch (...) {
      }
      ::_exit(0);
    }
    // Not before one checkpoint is whole, and then while the next one is being written.
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    const auto first = folder / "checkpoint-000000001.safetensors";
    while (!fs::exists(first) && std::chrono::steady_clock::now() < give_up) ::usleep(500);
    for (int tries = 0; partial_files(folder).empty() && tries < 100'000; ++tries) ::usleep(50);
    ::usleep(static_cast<useconds_t>(700 * trial));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    caught += partial_files(folder).empty() ? 0 : 1;

    const checkpoint_store store(folder);  // clears up
    CHECK(partial_files(folder).empty());
    CHECK(store.steps().size() <= 3);
    tiny_trainer resumed("ballast", 10'000, ballast), whole("ballast", 10'000, ballast);
    REQUIRE(store.resume(resumed).has_value());
    CHECK(resumed.next_step() == store.steps().front());
    const auto end = resumed.next_step() + 3;
    run(resumed, target_of, {.steps = end});
    run(whole, target_of, {.steps = end});
    CHECK(resumed.weight() == whole.weight());
    fs::remove_all(folder);
  }
  CHECK(caught > 0);  // else the test has killed beside the mark every time
}

TEST_CASE("what another live process is writing is left alone") {
  const run_folder at("alive");
  write_file(at / sentence("checkpoint-000000003.safetensors.partial", ::getppid()), "being written");
  write_file(at / "checkpoint-000000003.safetensors.partial999999999", "left by one that is gone");
  const checkpoint_store store(at.path());
  CHECK(partial_files(at.path()) ==
        std::vector<std::string>{sentence("checkpoint-000000003.safetensors.partial", ::getppid())});
}

TEST_CASE("two processes do not train in one folder") {
  const run_folder at("locked");
  const checkpoint_store store(at.path());
  const auto second = [&] {
    return in_child([&] {
      const checkpoint_store mine(at.path());
      tiny_trainer t;
      try {
        run(t, target_of, {.store = &mine});
      } catch (const io_error& problem) {
        const auto expected =
            sentence("Another run is training in ", at.path().string(), "; wait for it, or give another --out.");
        return problem.what() == expected ? 1 : 2;
      }
      return 0;
    });
  };
  {
    const auto held = store.lock();
    const auto again = store.lock();
    CHECK(second() == 1 << 8);
    CHECK(store.steps().empty());
    tiny_trainer t;  // the holder itself trains
    CHECK(run(t, target_of, {.steps = 2, .store = &store}).next_step == 2);
    CHECK(second() == 1 << 8);
  }
  CHECK(second() == 0);
  CHECK(store.steps().front() == 20);
}

TEST_CASE("no room for a checkpoint: one sentence, the older one intact, nothing half written") {
  const run_folder at("full");
  SECTION("a limit on the size of files stands in for a full disk") {
    const int status = in_child([&] {
      const checkpoint_store store(at.path());
      tiny_trainer small("ballast", 20, 1000);
      run(small, target_of, {.steps = 4, .store = &store});
      std::signal(SIGXFSZ, SIG_IGN);
      const rlimit limit{3000, 3000};
      if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
      try {
        run(small, target_of, {.store = &store});
      } catch (const io_error& problem) {
        const std::string said = problem.what();
        return contains(said, store.path_of(8).string() + ": File too large.") && partial_files(at.path()).empty() ? 0
                                                                                                                   : 2;
      }
      return 3;
    });
    CHECK(status == 0);
    const checkpoint_store store(at.path());
    CHECK(store.steps() == std::vector<std::int64_t>{4});
    tiny_trainer t("ballast", 20, 1000);
    CHECK(store.resume(t).has_value());
  }
  SECTION("a small file system") {
    if (::mount("none", at.path().c_str(), "tmpfs", 0, "size=64k") != 0) {
      WARN("not tried: mounting a small file system is not permitted here");
      return;
    }
    {
      const checkpoint_store store(at.path());
      tiny_trainer t("ballast", 20, 10'000);
      std::string said;
      try {
        run(t, target_of, {.store = &store});
      } catch (const io_error& problem) {
        said = problem.what();
      }
      CHECK(contains(said, "No space left on device"));
      CHECK(store.steps() == std::vector<std::int64_t>{4});
      CHECK(partial_files(at.path()).empty());
      tiny_trainer resumed("ballast", 20, 10'000);
      CHECK(store.resume(resumed).has_value());
      if (::mount("none", at.path().c_str(), "tmpfs", MS_REMOUNT, "size=1m") == 0) {
        CHECK(run(resumed, target_of, {.store = &store}).why == run_end::finished);
        CHECK(store.steps() == std::vector<std::int64_t>{20, 16});
      }
    }
    ::umount(at.path().c_str());
  }
}

TEST_CASE("a second Ctrl-C ends the program at once") {
  const int status = in_child([&]() -> int {
    const interrupt_guard guard;
    std::raise(SIGINT);
    std::raise(SIGINT);  // passed on by a parent process: the same Ctrl-C
    if (!interrupt_guard::requested()) return 1;
    ::usleep(350'000);
    std::raise(SIGINT);
    return 2;
  });
  CHECK(WIFSIGNALED(status));
  CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGINT));
}

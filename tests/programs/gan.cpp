// rop_study gan as users run it: a run killed at any moment goes on to the same bytes; bad input is a sentence.
#include "feature_program.hpp"

#include <chrono>
#include <thread>

using namespace synthmed_test;

namespace {

std::string gan(const workplace& at, const std::string& out) {
  return "gan --data '" + (at / "data") + "' --class plus --size 8 --batch 2 --stage-images 40 --threads 2 --out '" + (at / out) + "'";
}

std::string checkpoint(const workplace& at, const std::string& out) {
  return synthmed::read_file(at / (out + "/gan/plus/checkpoint.safetensors"));
}

}  // namespace

TEST_CASE("a GAN run resumes exactly, and refuses what cannot be trained") {
  const workplace at("gan");
  REQUIRE(rop_study(at, "prepare --phantom smoke --no-photographs --threads 2 --out '" + (at / "data") + "'").status == 0);
  REQUIRE(rop_study(at, gan(at, "whole")).status == 0);
  const auto expected = checkpoint(at, "whole");
  CHECK(std::filesystem::exists(at / "whole/gan/plus/samples_8.png"));

  SECTION("stopped during the fade and continued") {
    REQUIRE(rop_study(at, gan(at, "parts") + " --steps 24").status == 0);
    CHECK(checkpoint(at, "parts") != expected);
    REQUIRE(rop_study(at, gan(at, "parts") + " --resume").status == 0);
    CHECK(checkpoint(at, "parts") == expected);
    CHECK(synthmed::read_file(at / "parts/gan/plus/log.jsonl") == synthmed::read_file(at / "whole/gan/plus/log.jsonl"));
  }
  SECTION("killed and continued") {
    const std::string killed = "timeout -s KILL 0.6 " + std::string(ROP_STUDY) + " " + gan(at, "killed") + " 2>/dev/null";
    (void)std::system(killed.c_str());
    REQUIRE(rop_study(at, gan(at, "killed") + " --resume").status == 0);
    CHECK(checkpoint(at, "killed") == expected);
  }
  SECTION("a checkpoint of another run, a damaged one, one that is in the way") {
    const auto refused = [&](const std::string& arguments, const std::string& part) {
      const auto run = rop_study(at, arguments);
      CHECK(run.status == 2);
      CHECK(contains(run.err, part));
    };
    refused(gan(at, "whole"), "--resume");
    refused(gan(at, "whole") + " --resume --seed 7", "another run");
    auto cut = expected;
    cut.resize(cut.size() / 2);
    synthmed::write_file(at / "whole/gan/plus/checkpoint.safetensors", cut);
    refused(gan(at, "whole") + " --resume", "no intact safetensors file");
  }
  SECTION("bad input") {
    const std::string data = "gan --data '" + (at / "data") + "' ";
    check_refused(at, data + "--size 12", "--size is 4, 8, 16 or 32");
    check_refused(at, data + "--class healthy", "There is no class \"healthy\"");
    check_refused(at, data + "--batch 0", "--batch");
    check_refused(at, data + "--batch 4000", "fewer than a batch of 4000");
    check_refused(at, data + "--stage-images 1 --batch 2", "at least one batch of images");
    check_refused(at, "gan --data '" + (at / "nowhere") + "'", "There is no file");
  }
}

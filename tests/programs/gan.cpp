// rop_study gan and synthesize as users run them: a run killed at any moment goes on to the same bytes, the number of
// threads changes nothing, the same seed draws the same maps; bad input is a sentence.
#include "feature_program.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <synthmed/data/dataset.hpp>
#include <synthmed/data/manifest.hpp>
#include <synthmed/imaging/read.hpp>
#include <synthmed/io/safetensors.hpp>

using namespace synthmed_test;

namespace {

namespace fs = std::filesystem;

/// One class to 16 px: 10 steps at 8 px, 30 at 16 px, the first 10 of them in the fade.
std::string gan(const workplace& at, const std::string& out) {
  return "gan --data '" + (at / "data") +
         "' --class plus --warm-up none --size 16 --batch 2 --stage-images 40 --threads 2 --out '" + (at / out) + "'";
}

/// All classes after a warm-up.
std::string study(const workplace& at, const std::string& out) {
  return "gan --data '" + (at / "data") +
         "' --preset smoke --batch 2 --stage-images 40 --class-images 20 --score --out '" + (at / out) + "'";
}

/// The newest checkpoint of a run.
std::string checkpoint(const fs::path& run) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(run))
    if (entry.path().filename().string().starts_with("checkpoint-")) found.push_back(entry.path());
  REQUIRE_FALSE(found.empty());
  return synthmed::read_file(*std::max_element(found.begin(), found.end()));
}

std::vector<std::string> names_of(const std::vector<std::pair<std::string, std::string>>& files) {
  std::vector<std::string> out;
  for (const auto& f : files) out.push_back(f.first);
  return out;
}

void require_same(const fs::path& a, const fs::path& b) {
  const auto left = contents(a, "tensorboard"), right = contents(b, "tensorboard");
  REQUIRE(names_of(left) == names_of(right));
  for (std::size_t i = 0; i < left.size(); ++i) {
    CAPTURE(left[i].first);
    CHECK((left[i].second == right[i].second));
  }
}

void prepare(const workplace& at) {
  REQUIRE(rop_study(at, "prepare --phantom smoke --no-photographs --threads 2 --out '" + (at / "data") + "'").status ==
          0);
}

}  // namespace

TEST_CASE("a GAN run resumes exactly, and refuses what cannot be trained") {
  const workplace at("gan");
  prepare(at);
  REQUIRE(rop_study(at, gan(at, "whole")).status == 0);
  const auto expected = checkpoint(at / "whole/gan/plus");
  CHECK(fs::exists(at / "whole/gan/plus/samples_16.png"));

  {
    INFO("stopped during the fade and continued");
    REQUIRE(rop_study(at, gan(at, "parts") + " --steps 15").status == 0);
    CHECK(checkpoint(at / "parts/gan/plus") != expected);
    REQUIRE(rop_study(at, gan(at, "parts") + " --resume").status == 0);
    CHECK(checkpoint(at / "parts/gan/plus") == expected);
    for (const std::string name : {"log.jsonl", "stages.csv", "generator.safetensors", "samples_16.png"}) {
      CAPTURE(name);
      CHECK(synthmed::read_file(at / ("parts/gan/plus/" + name)) ==
            synthmed::read_file(at / ("whole/gan/plus/" + name)));
    }
  }
  {
    INFO("killed and continued");
    const std::string killed =
        "timeout -s KILL 0.6 " + std::string(ROP_STUDY) + " " + gan(at, "killed") + " 2>/dev/null";
    (void)std::system(killed.c_str());
    REQUIRE(rop_study(at, gan(at, "killed") + " --resume").status == 0);
    CHECK(checkpoint(at / "killed/gan/plus") == expected);
  }
  {
    INFO("bad input");
    const std::string data = "gan --data '" + (at / "data") + "' ";
    check_refused(at, data + "--size 12", "--size is a power of two from 4 to 512");
    check_refused(at, data + "--size 128 --network quick", "ends at 64 px");
    check_refused(at, data + "--recipe mine", "A recipe is seed, paper or synthmed");
    check_refused(at, data + "--recipe seed --warm-up shared", "belong to --recipe synthmed");
    check_refused(at, data + "--class healthy", "There is no class \"healthy\"");
    check_refused(at, data + "--batch 0", "--batch");
    check_refused(at, data + "--batch 4000", "fewer than a batch of 4000");
    check_refused(at, data + "--warm-up none --stage-images 1 --batch 2", "at least one batch of images");
    check_refused(at, data + "--init-from '" + (at / "nowhere") + "' --warm-up none --batch 2", "nowhere");
    check_refused(at, "gan --data '" + (at / "nowhere") + "'", "There is no file");
    const auto dry = rop_study(at, data + "--batch 2 --dry-run --preset smoke");
    CHECK(dry.status == 0);
    CHECK(contains(dry.out, "gan warm-up, 16 px"));
  }
  {
    INFO("a checkpoint of another run, damaged ones, one that is in the way");
    const auto refused = [&](const std::string& arguments, const std::string& part) {
      const auto run = rop_study(at, arguments);
      CHECK(run.status == 2);
      CHECK(contains(run.err, part));
    };
    refused(gan(at, "whole"), "--resume");
    refused(gan(at, "whole") + " --resume --seed 7", "another run");
    for (const auto& entry : fs::directory_iterator(at / "whole/gan/plus"))
      if (entry.path().filename().string().starts_with("checkpoint-")) fs::resize_file(entry.path(), 1000);
    refused(gan(at, "whole") + " --resume", "No intact checkpoint is left");
  }
}

TEST_CASE("GANs of all classes from one warm-up, and the maps that they draw") {
  const workplace at("synthesize");
  prepare(at);
  REQUIRE(rop_study(at, study(at, "one") + " --threads 1").status == 0);
  {
    INFO("the number of threads changes no byte");
    REQUIRE(rop_study(at, study(at, "four") + " --threads 4").status == 0);
    require_same(at / "one", at / "four");
  }
  const std::string draw = "synthesize --gan '" + (at / "one/gan") + "' ";
  {
    INFO("the same seed draws the same maps, another one others");
    REQUIRE(rop_study(at, draw + "--times 2 --validation --threads 1 --out '" + (at / "a") + "'").status == 0);
    REQUIRE(rop_study(at, draw + "--times 2 --validation --threads 3 --out '" + (at / "b") + "'").status == 0);
    require_same(at / "a", at / "b");
    const auto real = synthmed::read_manifest(at / "data/manifest.csv"),
               made = synthmed::read_manifest(at / "a/manifest.csv");
    REQUIRE(made.classes == real.classes);
    const auto latents = synthmed::safetensors::read(at / "a/latents.safetensors");
    for (int label = 0; label < 3; ++label) {
      const auto& name = real.classes[static_cast<std::size_t>(label)];
      for (const char* const split : {"train", "val"})
        CHECK(synthmed::records_in(made, split, label).size() == 2 * synthmed::records_in(real, split, label).size());
      CHECK(static_cast<std::size_t>(latents.at(name).dims[0]) ==
            synthmed::records_in(made, "train", label).size() + synthmed::records_in(made, "val", label).size());
      CHECK(fs::exists(at / ("a/contact_" + name + ".png")));
      CHECK(synthmed::read_picture(at / ("a/interpolation_" + name + ".png")).width() > 8 * 96);
    }
    std::vector<std::string> subjects;
    for (const auto& record : made.records) {
      subjects.push_back(record.subject);
      CHECK(record.kind == "rvm");
      CHECK(synthmed::read_picture(made.locate(record.image)).height() == 16);
    }
    std::sort(subjects.begin(), subjects.end());
    CHECK(std::adjacent_find(subjects.begin(), subjects.end()) == subjects.end());

    REQUIRE(rop_study(at, draw + "--seed 2 --counts plus=3 --out '" + (at / "c") + "'").status == 0);
    const auto few = synthmed::read_manifest(at / "c/manifest.csv");
    CHECK(few.records.size() == 3);
    CHECK(synthmed::read_file(few.locate(few.records[0].image)) !=
          synthmed::read_file(at / "a/plus/synthetic-plus-0000.png"));
    const auto scores = synthmed::read_file(at / "one/gan/plus/scores.csv");
    CHECK(contains(scores, "id,score,set,subject"));
    CHECK(contains(scores, ",val,"));
    CHECK(contains(scores, "generated 0,"));
  }
  {
    INFO("bad input");
    check_refused(at, draw + "--counts healthy=3", "--counts is as-train, a number, or class=number");
    check_refused(at, draw + "--counts plus=many", "is a number of pictures");
    check_refused(at, draw + "--counts 0", "nothing to draw");
    check_refused(at, draw + "--times 0", "--times is at least 1");
    check_refused(at, "synthesize --gan '" + (at / "data") + "'", "gan.json");
    fs::remove(at / "one/gan/plus/generator.safetensors");
    check_refused(at, draw, "train class plus");
    synthmed::write_file(at / "one/gan/plus/generator.safetensors",
                         synthmed::read_file(at / "one/gan/plus/samples_16.png"));
    check_refused(at, draw, "generator.safetensors");
  }
}

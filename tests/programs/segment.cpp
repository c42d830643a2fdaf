// rop_study segment as users run it: cut photographs of the phantom to vessel maps that a manifest names; a training
// that was stopped goes on to the same bytes; bad input is a sentence.
#include "feature_program.hpp"

#include <string>

#include <synthmed/data/manifest.hpp>
#include <synthmed/imaging/read.hpp>
#include <synthmed/io/safetensors.hpp>

using namespace synthmed_test;

namespace {

namespace fs = std::filesystem;
using synthmed::read_file;

std::string segment(const workplace& at, const std::string& out, const std::string& more) {
  return "segment --data '" + (at / "data") + "' --train-steps 6 --patch 16 --batch 4 --threads 2 --out '" +
         (at / out) + "' " + more;
}

nlohmann::json figures(const workplace& at, const std::string& out) {
  return json_of(at / (out + "/rvm/segmentation.json"));
}

}  // namespace

TEST_CASE("photographs of the phantom become vessel maps, with the same bytes after a stop") {
  const workplace at("segment");
  REQUIRE(
      rop_study(at, "prepare --phantom smoke --photograph-size 48 --threads 2 --out '" + (at / "data") + "'").status ==
      0);
  const auto data = synthmed::read_manifest(fs::path(at / "data") / "manifest.csv");
  REQUIRE(data.records.size() == 24);
  const auto photograph = synthmed::read_picture(data.locate(data.records[0].image));
  CHECK(photograph.width() == 48);
  CHECK(photograph.channels() == 3);

  REQUIRE(rop_study(at, segment(at, "whole", "")).status == 0);
  const auto maps = synthmed::read_manifest(fs::path(at / "whole/rvm") / "manifest.csv");
  REQUIRE(maps.records.size() == data.records.size());
  CHECK(maps.classes == data.classes);
  for (std::size_t i = 0; i < maps.records.size(); ++i) {
    CHECK(maps.records[i].kind == "rvm");
    CHECK(maps.records[i].split == data.records[i].split);
    CHECK(maps.records[i].label == data.records[i].label);
    CHECK(maps.records[i].subject == data.records[i].subject);
  }
  const auto map = synthmed::read_picture(maps.locate(maps.records[0].image));
  const auto truth = synthmed::read_picture(data.locate(data.records[0].more.at("rvm")));
  CHECK(map.height() == truth.height());
  CHECK(map.channels() == 1);
  const auto said = figures(at, "whole");
  CHECK(said["test"]["pictures"] > 0);
  CHECK(said["test"]["auc_roc"] > 0.3);
  CHECK(said["test"]["f1"] <= 1);

  SECTION("stopped after four steps and continued") {
    const auto stopped = rop_study(at, segment(at, "parts", "--steps 4"));
    CHECK(stopped.status == 0);
    CHECK(contains(stopped.out, "--resume"));
    CHECK_FALSE(fs::exists(at / "parts/rvm"));
    REQUIRE(rop_study(at, segment(at, "parts", "--resume")).status == 0);
    for (const char* file : {"unet/unet.safetensors", "rvm/segmentation.json", "rvm/manifest.csv"})
      CHECK((read_file(at / ("parts/" + std::string(file))) == read_file(at / ("whole/" + std::string(file)))));
  }
  SECTION("given weights, in one pass and by windows") {
    const std::string unet = "--unet '" + (at / "whole/unet/unet.safetensors") + "' ";
    REQUIRE(rop_study(at, segment(at, "given", unet)).status == 0);
    CHECK(figures(at, "given") == said);
    REQUIRE(rop_study(at, segment(at, "windows", unet + "--patches --window 16 --stride 16")).status == 0);
    CHECK(figures(at, "windows") != said);
    CHECK_FALSE(fs::exists(at / "windows/unet"));
  }
  SECTION("bad input") {
    const auto refused = [&](const std::string& arguments, const std::string& words) {
      const auto done = rop_study(at, arguments);
      CHECK(done.status == 2);
      CHECK(contains(done.err, words));
    };
    refused(segment(at, "whole", ""), "is there already");
    refused(segment(at, "x", "--unet '" + (at / "nothing.safetensors") + "'"), "There is no file");
    refused(segment(at, "x", "--unet '" + (at / "data/manifest.csv") + "'"), "manifest.csv");
    synthmed::safetensors_writer other;
    other.add<float>("classifier.weight", {1}, std::vector<float>{1});
    other.write(at / "other.safetensors");
    refused(segment(at, "x", "--unet '" + (at / "other.safetensors") + "'"), "other.safetensors holds no U-Net");
    refused("all --preset smoke --unet '" + (at / "other.safetensors") + "' --out '" + (at / "study") + "'",
            "other.safetensors holds no U-Net");
    CHECK_FALSE(fs::exists(at / "study"));
    refused(segment(at, "x", "--train --unet '" + (at / "whole/unet/unet.safetensors") + "'"), "give one of them");
    refused(segment(at, "x", "--preset huge"), "There is no preset \"huge\"");
    refused("segment --out '" + (at / "x") + "' --data '" + (at / "whole/rvm") + "'",
            "was not written by rop_study prepare");
    CHECK_FALSE(fs::exists(at / "x/rvm"));
  }
}

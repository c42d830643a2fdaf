// rop_study gan on bad input: one sentence each, and nothing lost of what a run has written before.
#include "feature_program.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <opencv2/imgcodecs.hpp>

#include <synthmed/data/manifest.hpp>
#include <synthmed/imaging/read.hpp>
#include <synthmed/imaging/write.hpp>

using namespace synthmed_test;

namespace {

namespace fs = std::filesystem;
using synthmed::sentence;

/// Maps of one bright line each: nine of class plus, one of class normal; in the manifest as `prepare` writes it.
void write_maps(const workplace& at) {
  fs::create_directories(at / "data");
  std::string manifest = "image,label,subject,split,kind\n";
  for (int i = 0; i < 10; ++i) {
    synthmed::picture map(16, 16, 1);
    for (int x = 0; x < 16; ++x) map.at((x * i / 9 + i) % 16, x) = 255;
    const std::string name = "map" + std::to_string(i) + ".png";
    synthmed::write_png(at / ("data/" + name), map);
    manifest += name + (i == 0 ? ",normal,s" : ",plus,s") + std::to_string(i) + ",train,rvm\n";
  }
  synthmed::write_file(at / "data/manifest.csv", manifest);
}

/// A run of 30 steps; `more` may say --class or --batch of its own.
std::string gan(const workplace& at, const std::string& more = {}) {
  const auto unless = [&](const char* flag, const char* value) {
    return contains(more, flag) ? std::string() : sentence(flag, " ", value, " ");
  };
  return "gan --data '" + (at / "data") + "' --warm-up none --size 8 --stage-images 40 --threads 1 " +
         unless("--class", "plus") + unless("--batch", "2") + more;
}

}  // namespace

TEST_CASE("a GAN refuses maps and flags that it cannot train on") {
  const workplace at("gan_input");
  write_maps(at);
  SECTION("flags") {
    check_refused(at, gan(at, "--batch 0"), "--batch is at least 1, got 0");
    check_refused(at, gan(at, "--batch -3"), "--batch");
    check_refused(at, gan(at, "--preset gigantic"), "preset");
    check_refused(at, gan(at, "--backend abacus"), "backend");
    check_refused(at, gan(at, "--steps -1"), "--steps");
    check_refused(at, gan(at, "--augment mirrors"), "--augment is none, shift or vessel-maps, got \"mirrors\".");
    check_refused(at, gan(at, "--loss hinge"), "There is no loss \"hinge\"; --loss is wgan-gp or ns-r1.");
    check_refused(at, "gan --data '" + (at / "data") + "' --recipe paper --loss ns-r1 --class plus", "--loss");
  }
  SECTION("fewer maps than a batch, one map, no map") {
    check_refused(at, gan(at, "--batch 16"), "Class plus has 9 training maps");
    check_refused(at, gan(at, "--class normal"), "Class normal has 1 training maps");
    check_refused(at, gan(at, "--class pre-plus"), "Class pre-plus has 0 training maps");
    check_refused(at, gan(at, "--class all"), "Class normal has 1 training maps");
  }
  SECTION("pixels that are no numbers") {
    cv::Mat values(16, 16, CV_32F, cv::Scalar(0.5));
    values.at<float>(3, 4) = std::numeric_limits<float>::quiet_NaN();
    fs::remove(at / "data/map5.png");
    REQUIRE(cv::imwrite(at / "data/map5.tiff", values));
    auto text = synthmed::read_file(at / "data/manifest.csv");
    text.replace(text.find("map5.png"), 8, "map5.tiff");
    synthmed::write_file(at / "data/manifest.csv", text);
    check_refused(at, gan(at), "map5.tiff");
  }
  SECTION("a file that is no picture, and one that is gone") {
    synthmed::write_file(at / "data/map5.png", "not a picture");
    check_refused(at, gan(at), "map5.png");
    fs::remove(at / "data/map5.png");
    check_refused(at, gan(at), "map5.png");
  }
  SECTION("photographs instead of vessel maps") {
    auto text = synthmed::read_file(at / "data/manifest.csv");
    for (std::size_t found; (found = text.find(",rvm")) != std::string::npos;) text.replace(found, 4, ",fundus");
    synthmed::write_file(at / "data/manifest.csv", text);
    check_refused(at, gan(at), "map");
  }
}

TEST_CASE("either loss trains, in a file that says which, and a run goes on with its own only") {
  const workplace at("gan_loss");
  write_maps(at);
  const auto weights = [&](const std::string& folder) {
    return synthmed::read_file(at / (folder + "/gan/plus/generator.safetensors"));
  };
  for (const std::string loss : {"wgan-gp", "ns-r1"}) {
    REQUIRE(rop_study(at, gan(at, "--loss " + loss + " --out '" + (at / loss) + "'")).status == 0);
    CHECK(json_of(at / (loss + "/gan/gan.json"))["loss"] == loss);
  }
  CHECK(weights("wgan-gp") != weights("ns-r1"));
  // Stopped between two penalties, which R1 takes at every fourth step.
  const std::string out = " --loss ns-r1 --out '" + (at / "stopped") + "'";
  REQUIRE(rop_study(at, gan(at, "--steps 6" + out)).status == 0);
  const auto other = rop_study(at, gan(at, "--resume --loss wgan-gp --out '" + (at / "stopped") + "'"));
  CHECK(other.status == 2);
  CHECK(contains(other.err, "another"));
  REQUIRE(rop_study(at, gan(at, "--resume" + out)).status == 0);
  CHECK(weights("stopped") == weights("ns-r1"));
}

TEST_CASE("colour maps are trained on as grey ones") {
  const workplace at("gan_colour");
  write_maps(at);
  const std::string settings = "--steps 3 --out '";
  REQUIRE(rop_study(at, gan(at, settings + (at / "grey") + "'")).status == 0);
  for (int i = 0; i < 10; ++i) {
    const std::string path = at / ("data/map" + std::to_string(i) + ".png");
    synthmed::write_png(path, synthmed::recoloured(synthmed::read_picture(path), synthmed::picture_colour::rgb));
  }
  REQUIRE(rop_study(at, gan(at, settings + (at / "colour") + "'")).status == 0);
  CHECK((synthmed::read_file(at / "colour/gan/plus/generator.safetensors") ==
         synthmed::read_file(at / "grey/gan/plus/generator.safetensors")));
}

TEST_CASE("what fails after a run has begun loses nothing of it") {
  const workplace at("gan_kept");
  write_maps(at);
  const std::string out = " --out '" + (at / "run") + "' ";
  REQUIRE(rop_study(at, gan(at, "--steps 5" + out)).status == 0);
  const auto before = contents(at / "run/gan/plus");
  const auto refused = [&](const std::string& arguments, const std::string& part) {
    INFO(arguments);
    const auto run = rop_study(at, arguments);
    CHECK(run.status == 2);
    CHECK(contains(run.err, part));
    CHECK(std::count(run.err.begin(), run.err.end(), '\n') == 1);
    CHECK((contents(at / "run/gan/plus") == before));
  };
  refused(gan(at, "--resume --batch 0" + out), "--batch");
  refused(gan(at, "--resume --preset gigantic" + out), "preset");
  refused(gan(at, "--resume --batch 4" + out), "another");
  refused(gan(at, out), "--resume");
  SECTION("another map") {
    synthmed::write_png(at / "data/map5.png", synthmed::picture(16, 16, 1));
    refused(gan(at, "--resume" + out), "data");
    write_maps(at);
  }
  REQUIRE(rop_study(at, gan(at, "--resume" + out)).status == 0);
}

TEST_CASE("maps without grades are one class: a GAN of few of them, drawn from without grades") {
  const workplace at("gan_unlabelled");
  write_maps(at);
  auto m = synthmed::read_manifest(at / "data/manifest.csv");
  for (auto& record : m.records) record.label = -1;
  m.folder.clear();
  synthmed::write_manifest(at / "data/manifest.csv", m);
  const std::string few = gan(at, "--class all --augment vessel-maps --out '" + (at / "run") + "'");
  const auto run = rop_study(at, few);
  INFO(run.err);
  REQUIRE(run.status == 0);
  const auto said = json_of(at / "run/gan/gan.json");
  CHECK(said["augment"] == "vessel-maps");
  REQUIRE(said["classes"].size() == 1);
  CHECK(said["classes"][0]["train"] == 10);
  REQUIRE(rop_study(at, "synthesize --gan '" + (at / "run/gan") + "' --out '" + (at / "made") + "'").status == 0);
  const auto made = synthmed::read_manifest(at / "made/manifest.csv");
  REQUIRE(made.records.size() == 10);
  for (const auto& record : made.records) CHECK(record.label == -1);
  // Another augmentation is another training: nothing of it is gone on from.
  const auto other = rop_study(at, gan(at, "--class all --resume --augment none --out '" + (at / "run") + "'"));
  CHECK(other.status == 2);
}

TEST_CASE(
    "no room for a checkpoint: one sentence, the last checkpoint intact, and with room the run goes on to the same "
    "bytes") {
  const workplace at("gan_room");
  write_maps(at);
  REQUIRE(rop_study(at, gan(at, "--out '" + (at / "whole") + "'")).status == 0);
  const std::string out = " --out '" + (at / "run") + "' ";
  REQUIRE(rop_study(at, gan(at, "--steps 5" + out)).status == 0);
  const auto checkpoints = [&] {
    auto files = contents(at / "run/gan/plus");
    std::erase_if(files, [](const auto& file) { return !file.first.starts_with("checkpoint-"); });
    return files;
  };
  const auto before = checkpoints();
  REQUIRE(before.size() == 1);
  // A limit on the size of files, of half a checkpoint, stands in for a full disk.
  const auto blocks = std::to_string(before.front().second.size() / 2 / 1024);
  const std::string command = "bash -c 'trap \"\" XFSZ; ulimit -f " + blocks + "; exec \"$0\" \"$@\"' '" + ROP_STUDY +
                              "' " + gan(at, "--resume" + out) + " >'" + (at / "stdout") + "' 2>'" + (at / "stderr") +
                              "'";
  const int code = std::system(command.c_str());
  REQUIRE(WIFEXITED(code));
  CHECK(WEXITSTATUS(code) == 2);
  const auto said = synthmed::read_file(at / "stderr");
  INFO(said);
  CHECK(contains(said, "File too large"));
  CHECK(contains(said, "checkpoint-"));
  CHECK((checkpoints() == before));
  REQUIRE(rop_study(at, gan(at, "--resume" + out)).status == 0);
  CHECK((checkpoints().back() == [&] {
    auto files = contents(at / "whole/gan/plus");
    std::erase_if(files, [](const auto& file) { return !file.first.starts_with("checkpoint-"); });
    return files.back();
  }()));
}

// rop_study classify as users run it: a run killed at any moment goes on to the same bytes, at 2 and 4 threads;
// several training folders, predictions that compare reads; bad input is a sentence.
#include "feature_program.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <synthmed/data/dataset.hpp>
#include <synthmed/data/manifest.hpp>
#include <synthmed/metrics/predictions.hpp>

using namespace synthmed_test;

namespace {

namespace fs = std::filesystem;

std::string classify(const workplace& at, const std::string& out, int threads = 2) {
  return "classify --preset smoke --data '" + (at / "data") +
         "' --only-seed 1 --total-steps 24 --validate-every 6 --batch 6 --threads " + std::to_string(threads) +
         " --out '" + (at / out) + "'";
}

/// The same files with the same bytes, but those whose names begin with `but`: checkpoints say how many threads wrote
/// them, and a run that was stopped keeps other ones.
void require_same(const std::string& a, const std::string& b, const std::string& but = "nothing") {
  auto left = contents(a, "tensorboard"), right = contents(b, "tensorboard");
  for (auto* files : {&left, &right})
    std::erase_if(*files, [&](const auto& file) { return file.first.starts_with(but); });
  REQUIRE(left.size() == right.size());
  REQUIRE(left.size() >= 7);
  for (std::size_t i = 0; i < left.size(); ++i) {
    INFO(left[i].first);
    CHECK(left[i].first == right[i].first);
    CHECK((left[i].second == right[i].second));
  }
}

/// A copy of the manifest with rows changed or (false) left out, in a folder of its own beside the maps.
template <class Change>
std::string changed(const workplace& at, const std::string& name, Change&& change) {
  auto m = synthmed::read_manifest(at / "data/manifest.csv");
  std::vector<synthmed::manifest_record> kept;
  for (auto& record : m.records) {
    if (const auto it = record.more.find("rvm"); it != record.more.end()) it->second = "../data/" + it->second;
    record.image = "../data" / record.image;
    if (change(record)) kept.push_back(record);
  }
  m.records = kept;
  synthmed::make_folder(at / name);
  synthmed::write_manifest(at / (name + "/manifest.csv"), m);
  return " '" + (at / name) + "'";
}

}  // namespace

TEST_CASE("classifiers resume exactly, predict what compare reads, and refuse what cannot be learned") {
  const workplace at("classify");
  REQUIRE(rop_study(at, "prepare --phantom smoke --no-photographs --threads 2 --out '" + (at / "data") + "'").status ==
          0);
  REQUIRE(rop_study(at, classify(at, "whole")).status == 0);
  const std::string folder = "/cnn/real/seed_1";

  SECTION("what is written") {
    const auto said = synthmed::read_predictions(fs::path(at / ("whole" + folder + "/probabilities_test.csv")));
    const auto m = synthmed::read_manifest(at / "data/manifest.csv");
    CHECK(said.cases() == synthmed::records_in(m, "test").size());
    CHECK(said.classes == std::vector<std::string>{"normal", "pre-plus", "plus"});
    CHECK(said.subject.size() == said.cases());
    const auto features = synthmed::read_csv(at / ("whole" + folder + "/features_train.csv"));
    CHECK(features.columns() == 3 + 96);
    CHECK(features.rows() == synthmed::records_in(m, "train").size());
    const auto note = json_of(at / ("whole" + folder + "/training.json"));
    CHECK(note.at("parameters") == 173547);
    CHECK(note.at("steps") == 24);
    const auto best = note.at("best_step").get<int>();
    CHECK((best == 5 || best == 11 || best == 17 || best == 23));
    // Asked again, the network says the same.
    const std::string table = at / ("whole" + folder + "/probabilities_test.csv"), before = synthmed::read_file(table);
    fs::remove(table);
    REQUIRE(rop_study(at, classify(at, "whole") + " --predict-only --features more='" + (at / "data") + "'").status ==
            0);
    CHECK(synthmed::read_file(table) == before);
    CHECK(synthmed::read_csv(at / ("whole" + folder + "/features_more.csv")).rows() == m.records.size());
    // And `score` as well: of the test maps, of all, of two networks the mean; elsewhere than in the network's folder.
    const std::string score = "score --model '" + (at / ("whole" + folder + "/model.safetensors")) + "' ",
                      maps = "--maps '" + (at / "data") + "'";
    REQUIRE(rop_study(at, score + maps + " --split test --out '" + (at / "scores") + "'").status == 0);
    const auto scored = synthmed::read_predictions(fs::path(at / "scores/scores.csv"));
    REQUIRE(scored.cases() == said.cases());
    CHECK((scored.probabilities == said.probabilities));
    const auto of_all = rop_study(at, score + score.substr(6) + maps + " --out '" + (at / "all") + "'");
    REQUIRE(of_all.status == 0);
    CHECK(contains(of_all.out, synthmed::sentence(m.records.size(), " maps: ", at / "all/scores.csv", "\n")));
    CHECK(synthmed::read_csv(at / "all/scores.csv").rows() == m.records.size());
    check_refused(at, score + maps + " --split none", "There is no map of split none");
    check_refused(at, score + maps + " --average-flips up", "--average-flips is one of none, horizontal, both");
    check_refused(at, "score --model '" + (at / "data/manifest.csv") + "' " + maps, "no intact safetensors file");
    const auto twice = rop_study(at, score + maps + " --out '" + (at / "all") + "'");
    CHECK(twice.status == 2);
    CHECK(contains(twice.err, "is there already"));
  }
  SECTION("four threads, stopped and continued") {
    REQUIRE(rop_study(at, classify(at, "four", 4)).status == 0);
    REQUIRE(rop_study(at, classify(at, "stopped", 4) + " --steps 10").status == 0);
    REQUIRE(rop_study(at, classify(at, "stopped", 4) + " --resume").status == 0);
    require_same(at / ("four" + folder), at / ("stopped" + folder), "checkpoint");
  }
  SECTION("stopped between validations and continued") {
    REQUIRE(rop_study(at, classify(at, "parts") + " --steps 8").status == 0);
    CHECK_FALSE(fs::exists(at / ("parts" + folder + "/model.safetensors")));
    REQUIRE(rop_study(at, classify(at, "parts") + " --steps 19 --resume").status == 0);
    REQUIRE(rop_study(at, classify(at, "parts") + " --resume").status == 0);
    require_same(at / ("whole" + folder), at / ("parts" + folder), "checkpoint");  // other steps have checkpoints too
    REQUIRE(rop_study(at, classify(at, "parts") + " --resume").status == 0);
    require_same(at / ("whole" + folder), at / ("parts" + folder), "checkpoint");
  }
  SECTION("killed and continued") {
    for (const char* seconds : {"0.12", "0.25", "0.5"}) {
      const std::string killed = std::string("timeout -s KILL ") + seconds + " " + ROP_STUDY + " " +
                                 classify(at, "killed") + " --resume >/dev/null 2>&1";
      (void)std::system(killed.c_str());
    }
    REQUIRE(rop_study(at, classify(at, "killed") + " --resume").status == 0);
    require_same(at / ("whole" + folder), at / ("killed" + folder), "checkpoint");
    CHECK(synthmed::read_file(at / ("whole" + folder + "/checkpoint-000000024.safetensors")) ==
          synthmed::read_file(at / ("killed" + folder + "/checkpoint-000000024.safetensors")));
  }
  SECTION("several folders to train from, and a class with one map") {
    const auto once = changed(at, "once", [seen = false](synthmed::manifest_record& r) mutable {
      if (r.split != "train" || r.label != 2) return true;
      return !std::exchange(seen, true);
    });
    const auto run =
        rop_study(at, classify(at, "both") + " --arm both --train" + once + " --train '" + (at / "data") + "'");
    REQUIRE(run.status == 0);
    const auto single = rop_study(at, classify(at, "single") + " --arm single --train" + once);
    CHECK(single.status == 0);
    CHECK(contains(single.err, "Class plus has 1 training map"));
  }
  SECTION("the study's way: last weights kept, the best ones beside") {
    REQUIRE(rop_study(at, classify(at, "study") +
                              " --keep last --choose-by accuracy --patience 1 --average-flips none --floor 51")
                .status == 0);
    const auto note = json_of(at / ("study" + folder + "/training.json"));
    CHECK(note.at("keep") == "last");
    CHECK(fs::exists(at / ("study" + folder + "/best.safetensors")));
    CHECK(note.at("steps").get<int>() <= 24);
  }
  SECTION("a checkpoint in the way, of another run, of other maps") {
    const auto refused = [&](const std::string& arguments, const std::string& part) {
      INFO(part);
      const auto run = rop_study(at, arguments);
      CHECK(run.status == 2);
      CHECK(contains(run.err, part));
    };
    refused(classify(at, "whole"), "--resume");
    refused(classify(at, "whole") + " --resume --learning-rate 0.1", "another run");
    const auto fewer = changed(at, "fewer", [first = true](synthmed::manifest_record& r) mutable {
      return r.split != "train" || !std::exchange(first, false);
    });
    refused(classify(at, "whole") + " --resume --train" + fewer, "another data set");
  }
  SECTION("bad input") {
    const std::string data = "classify --preset smoke --data '" + (at / "data") + "' ";
    check_refused(at, "classify --preset large --data '" + (at / "data") + "'", "There is no preset \"large\"");
    check_refused(at, data + "--batch 0", "--batch is at least 1");
    check_refused(at, data + "--network vgg", "--network is one of small, resnet18");
    check_refused(at, data + "--total-steps 0", "at least one step");
    check_refused(at, data + "--total-steps 5 --epochs 2", "exclude each other");
    check_refused(at, data + "--floor 300", "--floor lies in 0 ... 255");
    check_refused(at, data + "--arm a/b", "--arm is a name for a folder");
    check_refused(at, data + "--seeds 0", "--seeds is at least 1");
    check_refused(at, data + "--features here", "--features is NAME=FOLDER");
    check_refused(at, data + "--rotation 200", "a rotation in [0, 180] degrees");
    check_refused(at, data + "--patience -1", "a patience of at least 0");
    check_refused(at, "classify --data '" + (at / "nowhere") + "'", "There is no file");
    check_refused(at, "classify --train '" + (at / "data") + "'", "Without --data, --validate names a folder");
    const auto no_plus =
        changed(at, "no_plus", [](synthmed::manifest_record& r) { return r.split != "train" || r.label != 2; });
    check_refused(at, data + "--train" + no_plus, "Class plus has no training map");
    const auto one_class = changed(at, "one_class", [](synthmed::manifest_record& r) {
      if (r.split == "val") r.label = 0;
      return true;
    });
    check_refused(at, data + "--validate" + one_class, "of one class");
    const auto no_test = changed(at, "no_test", [](synthmed::manifest_record& r) { return r.split != "test"; });
    check_refused(at, data + "--test" + no_test, "no graded map of split \"test\"");
    synthmed::write_file(at / "other.safetensors", "no weights");
    check_refused(at, data + "--init '" + (at / "other.safetensors") + "'", "safetensors");
    const auto cost = rop_study(at, data + "--dry-run --out '" + (at / "dry") + "'");
    CHECK(cost.status == 0);
    CHECK(contains(cost.out, "cnn real seed 3"));
    CHECK_FALSE(fs::exists(at / "dry"));
  }
}

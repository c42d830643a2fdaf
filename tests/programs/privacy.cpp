// rop_study privacy, run as a user runs it: planted copies, critic scores, the self-test, pictures, refusals.
#include "feature_program.hpp"

#include <opencv2/imgcodecs.hpp>

#include <unit/fidelity/golden.hpp>

using namespace synthmed;
using namespace synthmed_test;

TEST_CASE("privacy finds the golden set's planted copies and writes what it promises") {
  const workplace at("privacy");
  const std::string sets = " --train " + write_features(at, "train", golden_features("train")) + " --holdout " +
                           write_features(at, "test", golden_features("test")) + " --synthetic " +
                           write_features(at, "synth", golden_features("synth"));
  const auto run = rop_study(at, "privacy" + sets + " --self-test --out '" + (at / "out") + "'");
  REQUIRE(run.status == 0);
  const auto json = json_of(at / "out/privacy.json");
  CHECK(json["flagged"] == true);
  CHECK(json["duplicates"]["count"] == 5);
  CHECK(json["attacks"].size() == 3);
  CHECK(json["attacks"][0]["auc"]["value"].get<double>() == Approx(0.4689583333333333).epsilon(1e-9));
  CHECK(json["dcr_share"]["value"].get<double>() == Approx(0.642857142857142).epsilon(1e-9));
  CHECK(json["authenticity"].get<double>() == Approx(0.642857142857142).epsilon(1e-9));
  CHECK(json["copying_z"].get<double>() == Approx(-1.0531176129246564).epsilon(1e-9));
  CHECK(json["distances"]["synthetic_to_train"]["min"].get<double>() == Approx(0.004).epsilon(1e-9));
  CHECK(json["self_test"]["canaries"][0]["found"] == 10);
  CHECK(json["self_test"]["false_flags"]["draws"] == 100);
  CHECK(json["self_test"]["false_flags"]["flagged"].get<int>() < 10);
  CHECK(contains(run.out, "Tried: membership inference"));
  CHECK(read_csv(at / "out/pairs.csv").rows() == 70);
  CHECK(read_csv(at / "out/attacks.csv").rows() == 3);
  CHECK(contains(read_file(at / "out/roc.svg"), "monte_carlo: AUC"));
  CHECK(contains(read_file(at / "out/distances.svg"), "duplicate below"));
  CHECK(contains(read_file(at / "out/pairs.html"), "class=\"duplicate\""));

  const auto again = rop_study(at, "privacy" + sets + " --self-test --threads 2 --out '" + (at / "again") + "'");
  REQUIRE(again.status == 0);
  CHECK(read_file(at / "again/privacy.json") == read_file(at / "out/privacy.json"));
}

TEST_CASE("privacy takes a critic's scores by id") {
  const workplace at("privacy_critic");
  const std::string sets = " --train " + write_features(at, "t", normal_features(1, 60, 4)) + " --holdout " +
                           write_features(at, "h", normal_features(2, 60, 4)) + " --synthetic " +
                           write_features(at, "s", normal_features(3, 60, 4));
  std::string scores = "id,score\n";
  random_stream stream(key(8));
  for (int i = 59; i >= 0; --i) scores += sentence("h_", i, ",", stream.normal(), "\n");
  for (int i = 0; i < 60; ++i) scores += sentence("t_", i, ",", stream.normal() + 1.5, "\n");
  write_file(at / "critic.csv", scores);
  const auto run =
      rop_study(at, "privacy" + sets + " --critic '" + (at / "critic.csv") + "' --out '" + (at / "out") + "'");
  REQUIRE(run.status == 0);
  const auto json = json_of(at / "out/privacy.json");
  CHECK(json["attacks"][3]["name"] == "critic");
  CHECK(json["attacks"][3]["exceeds"] == true);
  CHECK(json["attacks"][0]["exceeds"] == false);
  CHECK(json["flagged"] == true);

  write_file(at / "short.csv", "id,score\nh_0,1\n");
  check_refused(at, "privacy" + sets + " --critic '" + (at / "short.csv") + "'", "no score for the id \"t_0\"");
  write_file(at / "twice.csv", "id,score\nh_0,1\nh_0,2\n");
  check_refused(at, "privacy" + sets + " --critic '" + (at / "twice.csv") + "'", "stands twice");
}

TEST_CASE("privacy shows the closest pictures") {
  const workplace at("privacy_pictures");
  random_stream stream(key(4));
  cv::Mat picture(16, 16, CV_8UC1);
  for (const char* set : {"train", "holdout", "synthetic"}) {
    std::filesystem::create_directories(at / set);
    for (int i = 0; i < 40; ++i) {
      // The last synthetic picture is the last training picture.
      if (std::string(set) == "synthetic" && i == 39) {
        std::filesystem::copy_file(at / "train/39.png", at / "synthetic/39.png");
        continue;
      }
      for (int p = 0; p < 256; ++p) picture.data[p] = static_cast<unsigned char>(stream() & 255u);
      cv::imwrite(at / (std::string(set) + "/" + std::to_string(i) + ".png"), picture);
    }
  }
  const auto run =
      rop_study(at, "privacy --train '" + (at / "train") + "' --holdout '" + (at / "holdout") + "' --synthetic '" +
                        (at / "synthetic") + "' --pairs 3 --out '" + (at / "out") + "'");
  REQUIRE(run.status == 0);
  const auto json = json_of(at / "out/privacy.json");
  CHECK(json["features"] == "pixels-16");
  CHECK(json["flagged"] == true);
  CHECK(json["duplicates"]["exact"] == 1);
  CHECK(json["closest"].size() == 3);
  CHECK(json["closest"][0]["synthetic"] == "39.png");
  CHECK(json["closest"][0]["train"] == "39.png");
  CHECK(contains(run.out, "40 training records (subjects unknown) and 40 held-out records (subjects unknown)"));
  CHECK_FALSE(contains(run.out, "in colour"));
  const auto page = read_file(at / "out/pairs.html");
  CHECK(contains(page, "data:image/png;base64,iVBORw0KGgo"));

  // Photographs beside vessel maps.
  std::filesystem::create_directories(at / "photographs");
  cv::Mat photograph(16, 16, CV_8UC3);
  for (int i = 0; i < 40; ++i) {
    for (int p = 0; p < 768; ++p) photograph.data[p] = static_cast<unsigned char>(stream() & 255u);
    cv::imwrite(at / ("photographs/" + std::to_string(i) + ".png"), photograph);
  }
  const auto mixed = rop_study(at, "privacy --train '" + (at / "train") + "' --holdout '" + (at / "photographs") +
                                       "' --synthetic '" + (at / "synthetic") + "' --out '" + (at / "mixed") + "'");
  CHECK(mixed.status == 0);
  CHECK(contains(mixed.out, "photographs holds pictures in colour, " + (at / "train") + " holds grey ones"));
}

TEST_CASE("privacy refuses bad input in one sentence") {
  const workplace at("privacy_bad");
  const auto train = write_features(at, "train", golden_features("train")),
             synth = write_features(at, "synth", golden_features("synth"));
  const auto file = [&](const std::string& name, const std::string& text) {
    write_file(at / name, text);
    return "'" + (at / name) + "'";
  };
  check_refused(at, "privacy --train " + train + " --holdout " + train + " --synthetic " + synth,
                "Every held-out record equals a training record");
  const auto overlap = write_features(at, "overlap", golden_features("test"));
  auto text = read_file(at / "overlap.csv");
  text.replace(text.find(",overlap_0,"), 11, ",train_7,");
  check_refused(at, "privacy --train " + train + " --holdout " + file("shared.csv", text) + " --synthetic " + synth,
                "is of a subject that the training set has too");
  check_refused(at,
                "privacy --train " + train + " --holdout " + overlap + " --synthetic " + file("s.csv", "f0\n1\n2\n"),
                "lacks the feature column \"f1\"");
  check_refused(at, "privacy --train " + train + " --holdout " + overlap + " --synthetic '" + (at / "x.npz") + "'",
                "statistics have no rows");
}

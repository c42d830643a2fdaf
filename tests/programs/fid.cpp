// rop_study fid, run as a user runs it: golden values through files, folders of pictures, statistics, refusals.
#include "feature_program.hpp"

#include <opencv2/imgcodecs.hpp>

#include <unit/fidelity/golden.hpp>

using namespace synthmed;
using namespace synthmed_test;

TEST_CASE("fid of CSV files: the golden values, floor and intervals") {
  const workplace at("fid");
  const auto train = write_features(at, "train", golden_features("train")),
             synth = write_features(at, "synth", golden_features("synth"));
  const auto run = rop_study(at, "fid " + train + " " + synth + " --kid-subset-size 50 --out '" + (at / "out") + "'");
  REQUIRE(run.status == 0);
  const auto json = json_of(at / "out/fidelity.json");
  const auto& expected = oracles();
  CHECK(json["frechet"]["value"].get<double>() ==
        Approx(expected["frechet"]["train_synth"]["nuclear"].get<double>()).epsilon(1e-9));
  CHECK(json["frechet"]["n1"] == 80);
  CHECK(json["frechet"]["n2"] == 70);
  CHECK(json["frechet"]["d"] == 16);
  CHECK(json["frechet"]["features"] == "csv");
  CHECK(json["frechet"]["metric"] == "frechet[csv]");
  CHECK(json["kid"]["value"].get<double>() ==
        Approx(expected["kid"]["full_unbiased_train_synth"].get<double>()).epsilon(1e-9));
  CHECK(json["kid"]["subsets"]["mean"].get<double>() ==
        Approx(expected["kid"]["torch_fidelity_rng2020_subsets100_size50"]["mean"].get<double>()).epsilon(1e-9));
  CHECK(json["prdc"]["recall"]["value"].get<double>() == Approx(0.7125));
  CHECK(json["floor"]["n"] == 40);
  CHECK(json["floor"]["kid"]["real_mean"].get<double>() < json["floor"]["kid"]["candidate_mean"].get<double>());
  CHECK(json["frechet"]["low"].get<double>() < json["frechet"]["value"].get<double>());
  CHECK(contains(run.out, "frechet[csv]"));
  CHECK_FALSE(contains(run.out, "FID ("));
  CHECK(read_csv(at / "out/fidelity.csv").rows() == 6);
  CHECK(contains(read_file(at / "out/distances.svg"), "</svg>"));

  // The same bytes again, and with other threads.
  const auto again =
      rop_study(at, "fid " + train + " " + synth + " --kid-subset-size 50 --threads 3 --out '" + (at / "again") + "'");
  REQUIRE(again.status == 0);
  CHECK(read_file(at / "again/fidelity.json") == read_file(at / "out/fidelity.json"));
  CHECK(read_file(at / "again/distances.svg") == read_file(at / "out/distances.svg"));
}

TEST_CASE("fid of statistics files, written by itself; columns in another order") {
  const workplace at("fid_npz");
  const auto train = write_features(at, "train", golden_features("train")),
             synth = write_features(at, "synth", golden_features("synth"));
  REQUIRE(rop_study(at, "fid " + train + " " + synth + " --statistics --replicates 0 --floor-repeats 0 --out '" +
                            (at / "out") + "'")
              .status == 0);
  CHECK(json_of(at / "out/fidelity.json")["floor"].is_null());
  CHECK(json_of(at / "out/fidelity.json")["frechet"]["low"].is_null());
  const auto run = rop_study(at, "fid '" + (at / "out/reference.npz") + "' " + synth + " --out '" + (at / "npz") + "'");
  REQUIRE(run.status == 0);
  const auto json = json_of(at / "npz/fidelity.json");
  CHECK(json["frechet"]["value"].get<double>() == Approx(1.4028133031742).epsilon(1e-9));
  CHECK(json["kid"].is_null());

  write_file(at / "a.csv", "x,y\n1,2\n3,5\n2,2\n4,4\n5,1\n0,0\n7,7\n");
  write_file(at / "b.csv", "y,x\n2,1\n5,3\n2,2\n4,4\n1,5\n0,0\n7,7\n");
  REQUIRE(
      rop_study(at, "fid '" + (at / "a.csv") + "' '" + (at / "b.csv") + "' --out '" + (at / "swapped") + "'").status ==
      0);
  CHECK(json_of(at / "swapped/fidelity.json")["frechet"]["value"].get<double>() == Approx(0).margin(1e-12));
}

TEST_CASE("fid of folders of pictures is named by its pixels") {
  const workplace at("fid_pictures");
  random_stream stream(key(4));
  for (const char* set : {"a", "b"}) {
    std::filesystem::create_directories(at / set);
    for (int i = 0; i < 12; ++i) {
      cv::Mat picture(20, 24, CV_8UC1);
      for (int p = 0; p < 480; ++p) picture.data[p] = static_cast<unsigned char>(stream() & 255u);
      cv::imwrite(at / (std::string(set) + "/" + std::to_string(i) + ".png"), picture);
    }
  }
  const auto run = rop_study(
      at, "fid '" + (at / "a") + "' '" + (at / "b") + "' --pixels 4 --neighbours 3 --out '" + (at / "out") + "'");
  REQUIRE(run.status == 0);
  const auto json = json_of(at / "out/fidelity.json");
  CHECK(json["frechet"]["metric"] == "frechet[pixels-4]");
  CHECK(json["frechet"]["d"] == 16);
  CHECK(json["frechet"]["rank1"] == 11);
  check_refused(at, "fid '" + (at / "a") + "' '" + (at / "b") + "' --features mine",
                "--features names the features of files");
  write_file(at / "b/broken.png", "not a picture");
  check_refused(at, "fid '" + (at / "a") + "' '" + (at / "b") + "'", "broken.png is not a readable picture");
}

TEST_CASE("fid refuses bad input in one sentence") {
  const workplace at("fid_bad");
  const auto train = write_features(at, "train", golden_features("train"));
  const auto file = [&](const std::string& name, const std::string& text) {
    write_file(at / name, text);
    return "'" + (at / name) + "'";
  };
  check_refused(at, "fid " + train + " '" + (at / "none.csv") + "'", "There is no file");
  check_refused(at, "fid " + train + " " + file("a.csv", "id,f0\n1,x\n"),
                "line 2, column \"f0\": expected a finite number");
  check_refused(at, "fid " + train + " " + file("b.csv", "1,2\n3,4\n"), "expected a header line");
  check_refused(at, "fid " + train + " " + file("c.csv", "id,g\n1,2\n2,3\n"), "lacks the feature column \"f0\"");
  check_refused(at, "fid " + train + " " + file("d.csv", "id,f0\n1,2\n1,3\n"), "two rows with the id \"1\"");
  check_refused(at, "fid " + train + " " + file("e.csv", "id,subject,f0\n1,,3\n"), "the subject is missing");
  check_refused(at, "fid " + train + " " + file("f.npz", "PK"), "is not a readable .npz archive");
  check_refused(at, "fid " + train + " " + train + " --features my-fid", "would read as FID");
  check_refused(at, "fid " + train + " " + train + " --features inception-fid", "say with --profile");
  check_refused(at, "fid " + train + " " + train + " --features inception-fid --profile clean-fid", "2048");
  check_refused(at, "fid " + train + " " + train + " --neighbours 80", "more than 80 rows");
}

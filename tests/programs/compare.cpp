// rop_study compare, run as a user runs it: the golden set end to end, the same bytes again, and each kind of bad
// input: one sentence, exit status 2, nothing written.
#include <support/catch.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/wait.h>

#include <nlohmann/json.hpp>
#include <synthmed/io/csv.hpp>
#include <unit/data/scratch.hpp>
#include <unit/diagnosis/golden.hpp>

namespace fs = std::filesystem;
using namespace synthmed;
using synthmed_test::contains;
using synthmed_test::scratch;

namespace {

struct outcome {
  int status = -1;
  std::string out, err;
};

outcome compare(const scratch& folder, const std::string& arguments) {
  const std::string out = (folder / "stdout").string(), err = (folder / "stderr").string();
  const int code =
      std::system((std::string(ROP_STUDY) + " compare " + arguments + " >'" + out + "' 2>'" + err + "'").c_str());
  return {WIFEXITED(code) ? WEXITSTATUS(code) : -1, read_file(out), read_file(err)};
}

/// cls3.csv as one model's table of predictions.
std::string table(char model, const std::string& header, bool study_names, bool subjects) {
  const auto t = read_csv(golden::path("cls3.csv"));
  std::string text = header + "\n";
  for (std::size_t i = 0; i < t.rows(); ++i) {
    std::vector<double> p;
    for (const char* c : {"0", "1", "2"}) p.push_back(t.number(i, t.column(model + std::string(c))));
    const auto best = std::max_element(p.begin(), p.end()) - p.begin();
    const int from = study_names ? 1 : 0;
    if (study_names) text += "image_" + std::to_string(i) + ".png,";
    text += std::to_string(static_cast<int>(t.number(i, t.column("label"))) + from) + "," + std::to_string(best + from);
    for (const double x : p) text += "," + csv_number(x);
    if (subjects) text += ",infant" + t.at(i, t.column("patient"));
    text += "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("compare: the golden set, both header forms") {
  const scratch folder;
  const auto a = folder.put("a.csv", table('a', "label,prediction,p1,p2,p3,subject", false, true));
  const auto b = folder.put("b.csv", table('b', "label,prediction,p1,p2,p3,subject", false, true));
  const auto out = folder / "out";
  const auto result =
      compare(folder, a.string() + " " + b.string() + " --seed 1337 --replicates 1000 --out " + out.string());
  INFO(result.err);
  REQUIRE(result.status == 0);
  CHECK(contains(result.out, "AUC-ROC"));
  CHECK(contains(result.out, "0.8977 (0.8494 to 0.9459)"));
  const auto j = nlohmann::json::parse(read_file(out / "comparison.json"));
  CHECK(j["positive"] == "2");
  CHECK_CLOSE(j["models"][0]["auc_roc"]["value"], golden::r("cls3.class2.auc_a"));
  CHECK_CLOSE(j["models"][0]["auc_roc"]["low"], 0.8493686645395736);
  CHECK_CLOSE(j["models"][1]["auc_roc"]["high"], 0.9713678269465804);
  CHECK_CLOSE(j["models"][0]["auc_roc"]["unclustered"]["low"], golden::r("cls3.class2.ci_delong_a[0]"));
  CHECK_CLOSE(j["models"][0]["auc_pr"]["value"], golden::python()["cls3_class2"]["a"]["average_precision"]);
  CHECK(j["models"][0]["auc_pr"]["estimator"] == "average_precision");
  CHECK(j["models"][0]["auc_pr"]["low"].get<double>() < j["models"][0]["auc_pr"]["value"].get<double>());
  CHECK_CLOSE(j["models"][0]["confusion"]["accuracy"]["value"], golden::r("caret.cls3_a.overall[Accuracy]"));
  CHECK_CLOSE(j["models"][0]["confusion"]["by_class"]["2"]["f1"], golden::r("caret.cls3_a.byClass.2[F1]"));
  CHECK_CLOSE(j["delong"]["z"], golden::r("cls3.class2.delong_paired.Z"));
  CHECK_CLOSE(j["delong"]["p"], golden::r("cls3.class2.delong_paired.p"));
  CHECK_CLOSE(j["delong"]["low"], golden::r("cls3.class2.delong_paired.ci[0]"));
  CHECK_CLOSE(j["delong_clustered"]["z"], -1.279838669764339);
  CHECK(j["delong_clustered"]["clusters"] == 120);
  CHECK_CLOSE(j["bootstrap"]["statistic"], golden::r("cls3.class2.boot_paired_strat_seed1337_n1000.D"), 1e-11);
  CHECK_CLOSE(j["bootstrap"]["p"], golden::r("cls3.class2.boot_paired_strat_seed1337_n1000.p"), 1e-11);
  for (const char* name : {"comparison.csv", "roc.csv", "pr.csv"}) CHECK(read_csv(out / name).rows() > 10);
  for (const char* name : {"roc.svg", "pr.svg", "calibration.svg", "confusion_1.svg", "confusion_2.svg"})
    CHECK(contains(read_file(out / name), "</svg>"));

  // Again with other threads: the same bytes, but for nothing.
  const auto again = folder / "again";
  REQUIRE(compare(folder,
                  a.string() + " " + b.string() + " --seed 1337 --replicates 1000 --threads 3 --out " + again.string())
              .status == 0);
  for (const auto& file : fs::directory_iterator(out))
    CHECK(read_file(file.path()) == read_file(again / file.path().filename().string()));

  // The study's own form says the same: classes 1 to 3 instead of 0 to 2, rows found by image_path.
  auto rows = table('b', "image_path,label,prediction,1,2,3,subject", true, true);
  const auto first_line = rows.find('\n') + 1, second_line = rows.find('\n', first_line) + 1;
  rows = rows.substr(0, first_line) + rows.substr(second_line) + rows.substr(first_line, second_line - first_line);
  const auto c = folder.put("c.csv", table('a', "image_path,label,prediction,1,2,3,subject", true, true));
  const auto d = folder.put("d.csv", rows);
  const auto third = folder / "third";
  REQUIRE(compare(folder, c.string() + " " + d.string() + " --positive 3 --replicates 1000 --out " + third.string())
              .status == 0);
  const auto k = nlohmann::json::parse(read_file(third / "comparison.json"));
  CHECK(k["positive"] == "3");
  CHECK(k["delong_clustered"] == j["delong_clustered"]);
  CHECK(k["bootstrap"] == j["bootstrap"]);
}

TEST_CASE("compare: models are called by what their paths differ in, zero has no sign, tests say how they came") {
  const scratch folder;
  fs::create_directories(folder / "study/cnn/real/seed_1");
  fs::create_directories(folder / "study/cnn/synthetic/seed_1");
  // Of a model that says the same of every case: kappa's limits are zero but for rounding.
  std::string text = "label,prediction,p1,p2,p3", subjects = text + ",subject\n";
  text += '\n';
  for (int i = 0; i < 12; ++i) {
    const auto row =
        sentence(std::array{1, 2, 2, 3}[static_cast<std::size_t>(i % 4)], ",1,0.", 7 - i % 4, ",.2,0.", 1 + i % 4);
    text += row + "\n";
    subjects += sentence(row, ",s", i % 5, "\n");
  }
  const auto a = folder.put("study/cnn/real/seed_1/probabilities_test.csv", text),
             b = folder.put("study/cnn/synthetic/seed_1/probabilities_test.csv", text);
  const auto out = folder / "out";
  const auto result = compare(folder, a.string() + " " + b.string() + " --replicates 50 --out " + out.string());
  REQUIRE(result.status == 0);
  CHECK(contains(result.out, "\n                            real                          synthetic\n"));
  CHECK(contains(read_file(out / "roc.svg"), "synthetic: AUC"));
  CHECK(contains(read_file(out / "confusion_1.svg"), ">real<"));
  const auto zero = compare(
      folder, folder.put("subjects.csv", subjects).string() + " --replicates 500 --out " + (folder / "zero").string());
  CHECK(contains(zero.out, "kappa, quadratic weights    0.0000 (0.0000 to 0.0000)"));
  CHECK(contains(result.out, "z and p by the resamples' standard deviation"));
  CHECK(contains(result.out, "cnn/ARM/seed_K/probabilities_test.csv names subjects"));
}

TEST_CASE("compare: one model, no subjects, a perfect classifier") {
  const scratch folder;
  const auto one = folder.put("one.csv", table('a', "label,prediction,p1,p2,p3", false, false));
  const auto out = folder / "one";
  REQUIRE(compare(folder, one.string() + " --positive 0 --replicates 200 --pr-estimator rocr --out " + out.string())
              .status == 0);
  const auto j = nlohmann::json::parse(read_file(out / "comparison.json"));
  CHECK(j["positive"] == "0");
  CHECK(j["subjects"].is_null());
  CHECK(j["models"][0]["auc_pr"]["estimator"] == "rocr");
  CHECK_FALSE(j.contains("delong"));
  CHECK(contains(j["notes"].dump(), "subject of its own"));
  std::string perfect = "label,prediction,p1,p2\n";
  for (int i = 0; i < 12; ++i) perfect += i % 2 ? "plus,plus,0.1,0.9\n" : "normal,normal,0.8,0.2\n";
  const auto p = folder.put("perfect.csv", perfect);
  const auto both =
      compare(folder, p.string() + " " + p.string() + " --positive plus --margin 0.1 --replicates 50 --out " +
                          (folder / "perfect").string());
  INFO(both.err);
  REQUIRE(both.status == 0);
  const auto k = nlohmann::json::parse(read_file(folder / "perfect/comparison.json"));
  CHECK(k["models"][0]["auc_roc"]["value"] == 1);
  CHECK(k["delong"]["z"] == 0);
  CHECK(k["delong"]["p"] == 1);
  CHECK(k["models"][0]["calibration"]["slope"].is_null());  // separated: there is no finite slope
  CHECK(contains(k["notes"].dump(), "no certainty"));
}

TEST_CASE("compare: --dry-run says what would happen and does nothing") {
  const scratch folder;
  const auto a = folder.put("a.csv", table('a', "label,prediction,p1,p2,p3", false, false));
  const auto result = compare(folder, a.string() + " --dry-run --out " + (folder / "out").string());
  CHECK(result.status == 0);
  CHECK(contains(result.out, "240 cases"));
  CHECK_FALSE(fs::exists(folder / "out"));
}

TEST_CASE("compare: bad input is one sentence, status 2, and leaves nothing") {
  const scratch folder;
  const std::string good = table('a', "label,prediction,p1,p2,p3,subject", false, true);
  const auto a = folder.put("a.csv", good).string();
  const auto check = [&](const std::string& arguments, const std::string& part) {
    const auto out = folder / "bad";
    const auto result = compare(folder, arguments + " --out " + out.string());
    INFO(arguments << "\n" << result.err);
    CHECK(result.status == 2);
    CHECK(contains(result.err, part));
    CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
    CHECK(result.out.empty());
    CHECK_FALSE(fs::exists(out));
  };
  check((folder / "missing.csv").string(), "There is no file");
  check(folder.put("empty.csv", "").string(), "is empty");
  check(folder.put("header.csv", "label,prediction,p1,p2\n").string(), "no cases");
  check(folder.put("no_label.csv", "prediction,p1,p2\n1,.5,.5\n").string(), "no column \"label\"");
  check(folder.put("nan.csv", "label,prediction,p1,p2\n1,1,.5,nan\n").string(), "expected a finite number");
  check(folder.put("high.csv", "label,prediction,p1,p2\n1,1,.5,7\n").string(), "probability in [0, 1], got 7");
  check(folder.put("ragged.csv", "label,prediction,p1,p2\n1,1,.5\n").string(), "line 2: 3 cells");
  check(folder.put("binary.csv", std::string("label\0prediction", 16)).string(), "zero byte");
  check(folder.put("single.csv", "label,prediction,p1,p2\n1,1,.6,.4\n1,2,.4,.6\n").string(),
        "of other classes, got 0 of 2");
  check(a + " --positive 9", "no class \"9\"; its classes are: 0, 1, 2");
  check(a + " --replicates 1", "--replicates is at least 10");
  check(a + " --pr-estimator auc", "no precision-recall estimator");
  check(a + " --margin -1", "--margin is positive");
  check(a + " --seed 5000000000", "at most 4294967295");
  check(a + " " + folder.put("short.csv", good.substr(0, good.rfind('\n', good.size() - 2) + 1)).string(),
        "the first has 240, the second 239");
}

// rop_study umap, run as a user runs it: the files it promises, the quality it prints, and one sentence for bad input.
#include <support/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include <synthmed/io/csv.hpp>

#include <unit/umap/data.hpp>

namespace fs = std::filesystem;
using namespace synthmed;
using synthmed_test::contains;

namespace {

class folder {
 public:
  folder() : path_(fs::temp_directory_path() / ("synthmed_umap_" + std::to_string(::getpid()))) {
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  ~folder() { fs::remove_all(path_); }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  [[nodiscard]] std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

struct outcome {
  int status = -1;
  std::string out, err;
};

outcome umap_program(const folder& at, const std::string& arguments) {
  const int code = std::system(
      (std::string(ROP_STUDY) + " umap " + arguments + " >'" + (at / "stdout") + "' 2>'" + (at / "stderr") + "'")
          .c_str());
  return {WIFEXITED(code) ? WEXITSTATUS(code) : -1, read_file(at / "stdout"), read_file(at / "stderr")};
}

/// id,label,group,f0..f5 with labels c0..c3; with `swap` the feature columns stand in another order.
std::string table_of(std::uint64_t seed, std::size_t each, bool swap = false) {
  const auto data = synthmed_test::clouds(4, each, 6, seed);
  std::string out = "id,label,group";
  for (int f = 0; f < 6; ++f) out += ",f" + std::to_string(swap ? 5 - f : f);
  out += "\n";
  for (std::size_t i = 0; i < data.labels.size(); ++i) {
    out += "p" + std::to_string(i) + ",c" + std::to_string(data.labels[i]) + (i % 3 == 0 ? ",real" : ",synthetic");
    for (std::size_t f = 0; f < 6; ++f) out += "," + csv_number(data.points.values[i * 6 + (swap ? 5 - f : f)]);
    out += "\n";
  }
  return out;
}

}  // namespace

TEST_CASE("a table of features becomes a map, a picture and figures") {
  const folder at;
  write_file(at / "features.csv", table_of(1, 50));
  write_file(at / "new.csv", table_of(2, 10));
  const auto said = umap_program(
      at, "'" + (at / "features.csv") + "' --transform '" + (at / "new.csv") + "' --out '" + (at / "out") + "'");
  REQUIRE(said.status == 0);
  CHECK(contains(said.out, "fitted"));
  CHECK(contains(said.out, "umap.json"));
  const auto map = read_csv(at / "out/embedding.csv"), placed = read_csv(at / "out/transform.csv");
  CHECK(map.header() == std::vector<std::string>{"id", "x", "y"});
  CHECK(placed.header() == std::vector<std::string>{"id", "x", "y"});
  REQUIRE(map.rows() == 200);
  REQUIRE(placed.rows() == 40);
  CHECK(map.at(7, 0) == "p7");
  CHECK(std::isfinite(map.number(7, 1)));
  const auto json = nlohmann::json::parse(read_file(at / "out/umap.json"));
  CHECK(json["options"]["min_dist"] == 0.99);
  CHECK(json["options"]["seed"] == 1337);
  CHECK(json["features"]["dimensions"] == 6);
  CHECK(json["quality"]["label_accuracy_5"].get<double>() > 0.95);
  CHECK(json["quality"]["trustworthiness_15"].get<double>() > 0.8);
  CHECK(json["transform"]["quality"]["label_accuracy_5"].get<double>() > 0.95);
  const auto picture = read_file(at / "out/umap.svg");
  CHECK(contains(picture, ">c3</text>"));
  CHECK(contains(picture, ">synthetic, new</text>"));

  // The order of columns, the company and the threads change nothing.
  write_file(at / "swapped.csv", table_of(2, 10, true));
  const auto all = read_csv(at / "new.csv");
  csv_table single(all.header());
  std::vector<std::string> row;
  for (std::size_t c = 0; c < all.columns(); ++c) row.push_back(all.at(3, c));
  single.add_row(row);
  write_csv(at / "single.csv", single);
  for (const std::string other : {"swapped", "single"}) {
    const auto again = umap_program(at, "'" + (at / "features.csv") + "' --threads 4 --transform '" +
                                            (at / (other + ".csv")) + "' --out '" + (at / other) + "'");
    REQUIRE(again.status == 0);
    CHECK(read_file(at / (other + "/embedding.csv")) == read_file(at / "out/embedding.csv"));
    const auto there = read_csv(at / (other + "/transform.csv"));
    CHECK(there.at(there.rows() == 1 ? 0 : 3, 1) == placed.at(3, 1));
    CHECK(there.at(there.rows() == 1 ? 0 : 3, 2) == placed.at(3, 2));
  }
  const auto like_r = umap_program(at, "'" + (at / "features.csv") + "' --profile r_umap --out '" + (at / "r") + "'");
  REQUIRE(like_r.status == 0);
  const auto r_json = nlohmann::json::parse(read_file(at / "r/umap.json"));
  CHECK(r_json["curve"]["a"].get<double>() == Approx(0.117185).margin(1e-6));
  CHECK(r_json["options"]["epochs"] == 200);
}

TEST_CASE("plain features without names, labels or groups are enough") {
  const folder at;
  std::string text = "a,b\n";
  for (int i = 0; i < 12; ++i) text += std::to_string(i) + "," + std::to_string(i * i % 7) + "\n";
  write_file(at / "features.csv", text);
  REQUIRE(umap_program(at, "'" + (at / "features.csv") + "' --out '" + (at / "out") + "'").status == 0);
  CHECK(read_csv(at / "out/embedding.csv").at(11, 0) == "12");
  const auto json = nlohmann::json::parse(read_file(at / "out/umap.json"));
  CHECK(json["quality"]["label_accuracy_5"].is_null());
  CHECK(json["quality"]["trustworthiness_15"].is_null());
  const auto dry = umap_program(at, "'" + (at / "features.csv") + "' --dry-run --out '" + (at / "dry") + "'");
  CHECK(dry.status == 0);
  CHECK(contains(dry.out, "12 points"));
  CHECK_FALSE(fs::exists(at / "dry"));
}

TEST_CASE("bad input is refused in one sentence with status 2, and nothing is written") {
  const folder at;
  const auto refused = [&](const std::string& content, const std::string& more, const std::string& part) {
    write_file(at / "features.csv", content);
    const auto said = umap_program(at, "'" + (at / "features.csv") + "' " + more + " --out '" + (at / "out") + "'");
    INFO(said.err);
    CHECK(said.status == 2);
    CHECK(contains(said.err, part));
    CHECK(said.out.empty());
    CHECK(std::count(said.err.begin(), said.err.end(), '\n') == 1);
    CHECK_FALSE(fs::exists(at / "out"));
  };
  const std::string good = "id,a,b\nx,1,2\ny,2,3\nz,3,5\n";
  refused("id,a\nx,1\ny,two\n", "", "line 3, column \"a\": expected a finite number, got \"two\"");
  refused("id,a\nx,1\ny,nan\n", "", "got \"nan\"");
  refused("id,a\nx,1\nx,2\n", "", "the id \"x\" stands there a second time");
  refused("id,label\nx,1\n", "", "has no feature columns");
  refused("id,a\n", "", "no rows");
  refused("", "", "is empty");
  refused(good, "--neighbours 1", "at least 2 neighbours");
  refused(good, "--min-dist 1 --profile r_umap", "below the spread");
  refused(good, "--min-dist 9", "got 9");
  refused(good, "--transform '" + (at / "missing.csv") + "'", "There is no file");
  write_file(at / "narrow.csv", "id,a\nx,1\n");
  refused(good, "--transform '" + (at / "narrow.csv") + "'", "has no column \"b\"");
  CHECK(umap_program(at, "'" + (at / "features.csv") + "' --profile other").status == 2);
  CHECK(umap_program(at, "'" + (at / "none.csv") + "'").status == 2);
}

// rop_study prepare, run as a user runs it: good data end to end, and each kind of bad input: one sentence, exit status 2,
// nothing under the final name.
#include <support/catch.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <sys/mount.h>
#include <sys/wait.h>

#include <synthmed/data/manifest.hpp>
#include <synthmed/data/split.hpp>
#include <synthmed/imaging/read.hpp>
#include <synthmed/imaging/resize.hpp>
#include <synthmed/imaging/write.hpp>

#include <unit/data/scratch.hpp>

namespace fs = std::filesystem;
using namespace synthmed;
using synthmed_test::contains;
using synthmed_test::noise;
using synthmed_test::real_data;
using synthmed_test::scratch;

namespace {

struct outcome {
  int status = -1;
  std::string out, err;
};

std::string quoted(const std::string& text) { return "'" + text + "'"; }

outcome prepare(const scratch& folder, const std::string& arguments) {
  const std::string out = (folder / "stdout").string(), err = (folder / "stderr").string();
  const int code = std::system((std::string(ROP_STUDY) + " prepare " + arguments + " >" + quoted(out) + " 2>" + quoted(err)).c_str());
  return {WIFEXITED(code) ? WEXITSTATUS(code) : -1, read_file(out), read_file(err)};
}

/// Some subjects of each of three classes with two pictures each, in a folder per class.
void put_cohort(const fs::path& root, int subjects = 4) {
  std::uint64_t seed = 0;
  for (const char* label : {"normal", "pre-plus", "plus"}) {
    fs::create_directories(root / label);
    for (int s = 0; s < subjects; ++s)
      for (int i = 0; i < 2; ++i)
        write_png(root / label / (std::string(label) + std::to_string(s) + "_" + std::to_string(i) + ".png"), noise(seed++, 24, 32, 3));
  }
}

const std::string by_subject = " --pattern '(?<label>[^/]+)/(?<subject>[^_]+)_[0-9]\\.png'";

/// The error is one sentence that holds `part`, the status is 2, and neither the result nor a half of it is there.
void check_refused(const outcome& result, const fs::path& out, const std::string& part) {
  INFO("stderr: " << result.err);
  CHECK(result.status == 2);
  CHECK(contains(result.err, part));
  const auto at = result.err.rfind("rop_study: ");
  REQUIRE(at != std::string::npos);
  CHECK(result.err.ends_with(".\n"));
  CHECK(std::count(result.err.begin() + static_cast<std::ptrdiff_t>(at), result.err.end(), '\n') == 1);
  CHECK(!fs::exists(out));
  CHECK(!fs::exists(out.string() + ".partial"));
}

}  // namespace

TEST_CASE("A folder of pictures is prepared whole, and what the manifest says is there") {
  const scratch folder;
  put_cohort(folder / "data");
  const auto result = prepare(folder, "--images " + quoted((folder / "data").string()) + by_subject + " --frame 64x48 --out " +
                                          quoted((folder / "out").string()));
  INFO(result.err);
  REQUIRE(result.status == 0);
  CHECK(contains(result.out, "all kept"));
  const manifest m = read_manifest(folder / "out" / "manifest.csv");  // every file it names exists
  REQUIRE(m.records.size() == 24);
  const auto splits = splits_of(m);
  CHECK(splits.size() == 12);
  CHECK(read_splits(folder / "out" / "splits.csv") == splits);
  for (const auto& record : m.records) {
    CHECK(to_string(read_picture(m.locate(record.image))) == "48 x 64 x 3");
    CHECK(to_string(read_picture(m.locate(record.more.at("grey")))) == "48 x 64 x 1");
  }
  for (const char* name : {"contact_normal.png", "contact_pre-plus.png", "contact_plus.png", "flow.csv", "excluded.csv", "prepare.json"})
    CHECK(fs::exists(folder / "out" / name));
  CHECK(!fs::exists(folder / "out.partial"));

  SECTION("again, with another number of threads: the same bytes; over itself: refused") {
    REQUIRE(prepare(folder, "--threads 1 --images " + quoted((folder / "data").string()) + by_subject +
                                " --frame 64x48 --out " + quoted((folder / "again").string())).status == 0);
    for (const auto& entry : fs::recursive_directory_iterator(folder / "out"))
      if (entry.is_regular_file())
        REQUIRE(read_file(entry.path()) == read_file(folder / "again" / entry.path().lexically_relative(folder / "out").string()));
    const auto over = prepare(folder, "--images " + quoted((folder / "data").string()) + by_subject + " --out " + quoted((folder / "out").string()));
    CHECK(over.status == 2);
    CHECK(contains(over.err, "is there already"));
  }
  SECTION("all in one split") {
    REQUIRE(prepare(folder, "--images " + quoted((folder / "data").string()) + by_subject + " --frame 64x48 --splits test --out " +
                                quoted((folder / "asked").string())).status == 0);
    for (const auto& record : read_manifest(folder / "asked" / "manifest.csv").records) CHECK(record.split == "test");
  }
  SECTION("its own manifest can be prepared again, with the splits it has") {
    REQUIRE(prepare(folder, "--images " + quoted((folder / "out" / "manifest.csv").string()) + " --frame 64x48 --out " +
                                quoted((folder / "second").string())).status == 0);
    CHECK(splits_of(read_manifest(folder / "second" / "manifest.csv")) == splits);
  }
}

TEST_CASE("The worked examples of docs/data.md: Ostrava by its file names, FARFUM by its table of grades") {
  const scratch folder;
  std::uint64_t seed = 100;
  SECTION("Ostrava") {
    fs::create_directories(folder / "ostrava/images");
    for (int s = 1; s <= 9; ++s)
      cv::imwrite((folder / "ostrava/images").string() + "/00" + std::to_string(s) + "_F_GA28_BW1000_PA36_DG5_PF" +
                      std::to_string(s % 3) + "_D" + std::to_string(1 + s % 2) + "_S01_1.jpg",
                  mat_view(noise(seed++, 24, 32)).clone());
    const auto result = prepare(folder, "--images " + quoted((folder / "ostrava").string()) +
                                            " --layout ostrava --frame 64x48 --out " + quoted((folder / "out").string()));
    INFO(result.err);
    REQUIRE(result.status == 0);
    const manifest m = read_manifest(folder / "out" / "manifest.csv");
    REQUIRE(m.records.size() == 9);
    CHECK(m.records[1].subject == "002");
    CHECK(m.records[1].label == 2);
    CHECK(m.records[1].more.at("gestational_age") == "28");
  }
  SECTION("FARFUM") {
    std::string sheet =
        "Patient,Image,A,,,B,,,C,,,D,,,E,,,Label\n"
        ",,Grade,Stage,Diagnostic,Grade,Stage,Diagnostic,Grade,Stage,Diagnostic,Grade,Stage,Diagnostic,Grade,Stage,Diagnostic,\n";
    for (int s = 1; s <= 9; ++s)
      for (int i = 0; i < 2; ++i) {
        const std::string name = std::to_string(s) + "_" + std::to_string(i), grade = std::to_string(1 + s % 3);
        fs::create_directories(folder / "farfum" / ("Patient " + std::to_string(s)));
        cv::imwrite((folder / "farfum").string() + "/Patient " + std::to_string(s) + "/" + name + ".jpg",
                    mat_view(noise(seed++, 24, 32)).clone());
        sheet += "Patient " + std::to_string(s) + "," + name;
        for (int rater = 0; rater < 5; ++rater) sheet += ",0,0," + grade;
        sheet += "," + grade + "\n";
      }
    folder.put("labels.csv", sheet);
    const auto result = prepare(folder, "--images " + quoted((folder / "farfum").string()) + " --pattern '.*' --raters " +
                                            quoted((folder / "labels.csv").string()) + " --raters-layout farfum --frame 64x48 --out " +
                                            quoted((folder / "out").string()));
    INFO(result.err);
    REQUIRE(result.status == 0);
    const manifest m = read_manifest(folder / "out" / "manifest.csv");
    REQUIRE(m.records.size() == 18);
    CHECK(m.records[0].subject == "Patient 1");
    CHECK(m.raters.size() == 5);
    CHECK(splits_of(m).size() == 9);
    const auto wrong = prepare(folder, "--images " + quoted((folder / "farfum").string()) + " --pattern '.*' --raters " +
                                           quoted((folder / "labels.csv").string()) + " --frame 64x48 --raters-image Image --raters-label Label"
                                           " --raters-headers 2 --out " + quoted((folder / "wrong").string()));
    check_refused(wrong, folder / "wrong", "--raters-subject");
  }
}

TEST_CASE("Vessel maps in the study's own tree: squashed to 256 x 256, values below 51 become 0") {
  const scratch folder;
  std::uint64_t seed = 500;
  for (const char* split : {"train", "val", "test"})
    for (const char* label : {"1", "2", "3"}) {
      fs::create_directories(folder / "rvm" / split / "real" / label);
      write_png(folder / "rvm" / split / "real" / label / "a.png", noise(seed++, 480, 640));
    }
  const auto result = prepare(folder, "--images " + quoted((folder / "rvm").string()) + " --kind rvm --split-by-image --out " +
                                          quoted((folder / "out").string()));
  INFO(result.err);
  REQUIRE(result.status == 0);
  const manifest m = read_manifest(folder / "out" / "manifest.csv", {.split_by_image = true});
  REQUIRE(m.records.size() == 9);
  for (const auto& record : m.records) CHECK(record.kind == "rvm");
  CHECK(m.records[0].split == "test");
  picture expected = fitted(read_picture(folder / "rvm" / "test" / "real" / "1" / "a.png"), {});
  clean_map(expected);
  CHECK(read_picture(m.locate(m.records[0].image)) == expected);
  CHECK(!fs::exists(folder / "out" / "fundus"));
}

TEST_CASE("A run that was broken off goes on, and ends with the same bytes") {
  const scratch folder;
  put_cohort(folder / "data");
  const std::string arguments = "--images " + quoted((folder / "data").string()) + by_subject + " --frame 64x48 --out ";
  REQUIRE(prepare(folder, arguments + quoted((folder / "whole").string())).status == 0);
  fs::copy(folder / "whole", folder / "out.partial", fs::copy_options::recursive);
  fs::remove(folder / "out.partial" / "manifest.csv");
  std::set<fs::path> grey;
  for (const auto& entry : fs::directory_iterator(folder / "out.partial" / "grey")) grey.insert(entry.path());
  fs::remove(*grey.begin());
  const auto kept_time = fs::last_write_time(*grey.rbegin());
  REQUIRE(prepare(folder, arguments + quoted((folder / "out").string())).status == 0);
  for (const auto& entry : fs::recursive_directory_iterator(folder / "whole"))
    if (entry.is_regular_file())
      REQUIRE(read_file(entry.path()) == read_file(folder / "out" / entry.path().lexically_relative(folder / "whole").string()));
  CHECK(fs::last_write_time(folder / "out" / "grey" / grey.rbegin()->filename()) == kept_time);

  fs::rename(folder / "out", folder / "other.partial");
  const auto other = prepare(folder, arguments + quoted((folder / "other").string()) + " --seed 2");
  CHECK(other.status == 2);
  CHECK(contains(other.err, "begun with other settings"));
}

TEST_CASE("The phantom's smoke preset is prepared with maps, masks and graders") {
  const scratch folder;
  const auto result = prepare(folder, "--phantom smoke --out " + quoted((folder / "out").string()));
  INFO(result.err);
  REQUIRE(result.status == 0);
  const manifest m = read_manifest(folder / "out" / "manifest.csv");
  CHECK(m.records.size() == 24);
  CHECK(m.raters.size() == 11);
  std::set<int> labels;
  for (const auto& record : m.records) {
    labels.insert(record.label);
    CHECK(to_string(read_picture(m.locate(record.image))) == "480 x 640 x 3");
    CHECK(to_string(read_picture(m.locate(record.mask))) == "480 x 640 x 1");
    CHECK(to_string(read_picture(m.locate(record.more.at("rvm")))) == "32 x 32 x 1");
  }
  CHECK(labels == std::set{0, 1, 2});
  const auto wrong = prepare(folder, "--phantom smoke --pattern x --out " + quoted((folder / "p").string()));
  check_refused(wrong, folder / "p", "belong to --images");
}

TEST_CASE("A dry run says time, disk and memory, and writes nothing") {
  const scratch folder;
  const auto result = prepare(folder, "--phantom smoke --dry-run --out " + quoted((folder / "out").string()));
  REQUIRE(result.status == 0);
  CHECK(contains(result.out, "MB of disk"));
  CHECK(contains(result.out, "MB of memory"));
  CHECK(contains(result.out, "nothing was written"));
  CHECK(!fs::exists(folder / "out"));
  CHECK(!fs::exists(folder / "out.partial"));
  // A phantom is cropped unless it is told otherwise, so its window may be chosen alone.
  const std::string phantom = "--phantom smoke --window 204 --dry-run --out " + quoted((folder / "out").string());
  CHECK(prepare(folder, phantom).status == 0);
  check_refused(prepare(folder, phantom + " --fit squash"), folder / "out", "belong to --fit crop");
}

TEST_CASE("A path with spaces and letters beyond ASCII") {
  const scratch folder;
  const fs::path data = folder / "S\xC3\xA4uglinge \xE7\x9C\xBC", out = folder / "fertig \xC3\xBC";
  put_cohort(data);
  fs::rename(data / "plus" / "plus0_0.png", data / "plus" / "plus0_0 \xC3\xA9.png");
  const auto result = prepare(folder, "--images " + quoted(data.string()) +
                                          " --pattern '(?<label>[^/]+)/(?<subject>[^_]+)_.*' --frame 64x48 --out " + quoted(out.string()));
  INFO(result.err);
  REQUIRE(result.status == 0);
  CHECK(read_manifest(out / "manifest.csv").records.size() == 24);
  CHECK(fs::exists(out / "fundus" / "plus_plus0_0 \xC3\xA9.png"));
}

TEST_CASE("Bad input: one sentence, exit status 2, nothing under the final name") {
  const scratch folder;
  const fs::path data = folder / "data", out = folder / "out";
  put_cohort(data);
  const std::string to = " --frame 64x48 --out " + quoted(out.string());
  const std::string from = "--images " + quoted(data.string());
  const std::string images = from + by_subject + to;

  SECTION("an empty folder") {
    fs::create_directories(folder / "empty");
    check_refused(prepare(folder, "--images " + quoted((folder / "empty").string()) + to), out, "holds no picture");
  }
  SECTION("no such folder") {
    check_refused(prepare(folder, "--images " + quoted((folder / "gone").string()) + to), out, "There is no file or folder");
  }
  SECTION("an unreadable picture") {
    folder.put("data/plus/plus9_0.png", "this is text");
    check_refused(prepare(folder, images), out, "plus9_0.png is not a readable picture");
  }
  SECTION("a JPEG that is cut off") {
    std::vector<std::uint8_t> jpeg;
    REQUIRE(cv::imencode(".jpg", mat_view(noise(900, 24, 32)).clone(), jpeg));
    folder.put("data/plus/plus9_0.png",
               std::string(jpeg.begin(), jpeg.begin() + static_cast<std::ptrdiff_t>(jpeg.size() / 2)));
    check_refused(prepare(folder, images), out, "plus9_0.png is cut off");
  }
  SECTION("a picture too small to show vessels") {
    write_png(data / "plus" / "plus9_0.png", noise(901, 15, 40));
    check_refused(prepare(folder, images), out,
                  "plus9_0.png has 40 x 15 pixels; vessels need at least 16 on each side");
  }
  SECTION("a label that is none, with its place; --value reads it as another, in a manifest too") {
    std::string rows = "image,label,subject\n";
    for (const char* label : {"normal", "pre-plus", "plus"})
      for (int s = 0; s < 4; ++s)
        rows += std::string(label) + "/" + label + std::to_string(s) + "_0.png," +
                (label == std::string("plus") ? "Plus Disease" : label) + "," + label + std::to_string(s) + "\n";
    folder.put("data/manifest.csv", rows);
    const auto refused = prepare(folder, from + to);
    check_refused(refused, out, "line 10 (plus/plus0_0.png) and 3 more: \"Plus Disease\" is no label");
    CHECK(contains(refused.err, "--value \"label:Plus Disease=NAME\""));
    check_refused(prepare(folder, from + to + " --value 'grade:Plus Disease=plus'"), out, "has no column \"grade\"");
    REQUIRE(prepare(folder, from + to + " --value 'label:Plus Disease=plus'").status == 0);
    for (const auto& record : read_manifest(out / "manifest.csv").records)
      CHECK(contains(record.image.string(), "plus_plus") == (record.label == 2));
  }
  SECTION("several unreadable pictures, all named") {
    folder.put("data/plus/plus8_0.png", "this is text");
    folder.put("data/plus/plus9_0.png", "this is text");
    const auto result = prepare(folder, images);
    check_refused(result, out, "2 pictures cannot be used");
    CHECK(contains(result.err, "plus8_0.png"));
    CHECK(contains(result.err, "plus9_0.png"));
  }
  SECTION("a file of zero bytes") {
    folder.put("data/normal/normal9_0.png", "");
    check_refused(prepare(folder, images), out, "normal9_0.png is empty (0 bytes)");
  }
  SECTION("a manifest without a column") {
    folder.put("data/manifest.csv", "image,label\nplus/plus0_0.png,plus\n");
    check_refused(prepare(folder, from + to), out, "has no column \"subject\"");
  }
  SECTION("a manifest that names missing files") {
    folder.put("data/manifest.csv", "image,label,subject\nplus/gone.png,plus,a\nplus/plus0_0.png,plus,b\nnever.png,plus,c\n");
    const auto result = prepare(folder, from + to);
    check_refused(result, out, "2 files are missing");
    CHECK(contains(result.err, "plus/gone.png, never.png"));
  }
  SECTION("the same picture under two subjects") {
    fs::copy(data / "plus" / "plus0_0.png", data / "plus" / "plus77_0.png");
    check_refused(prepare(folder, images), out, "The same picture stands under two subjects: plus/plus0_0.png = plus/plus77_0.png");
  }
  SECTION("one class only") {
    fs::remove_all(data / "plus");
    fs::remove_all(data / "pre-plus");
    check_refused(prepare(folder, images), out, "of one class (normal)");
  }
  SECTION("a subject in two splits") {
    folder.put("data/manifest.csv",
               "image,label,subject,split\nplus/plus0_0.png,plus,a,train\nplus/plus0_1.png,plus,a,test\nnormal/normal0_0.png,normal,b,train\n");
    check_refused(prepare(folder, from + to), out, "a (train and test)");
  }
  SECTION("labels that may be 0/1/2 or 1/2/3") {
    folder.put("data/manifest.csv", "image,label,subject\nplus/plus0_0.png,1,a\nnormal/normal0_0.png,0,b\n");
    check_refused(prepare(folder, from + to), out, "cannot be told apart");
    CHECK(prepare(folder, from + to + " --label-base 0").status == 0);
  }
  SECTION("no subjects, and no leave to split by image") {
    const auto refused = prepare(folder, from + to);
    check_refused(refused, out, "names no subject");
    CHECK(contains(refused.err, "--pattern '...(?<subject>...)...'"));
    CHECK(contains(refused.err, "--split-by-image"));
    const auto allowed = prepare(folder, from + to + " --split-by-image");
    CHECK(allowed.status == 0);
    CHECK(contains(allowed.err, "may be too good"));
  }
  SECTION("a mask of another size than its picture") {
    write_png(data / "m.png", noise(999, 10, 10));
    check_refused(prepare(folder, images + " --mask m.png"), out, "10 x 10 pixels");
  }
  SECTION("a picture of 16 bits") {
    cv::imwrite((data / "plus" / "plus9_0.png").string(), cv::Mat(24, 32, CV_16UC1, cv::Scalar(4000)));
    check_refused(prepare(folder, images), out, "16 bits per channel");
  }
  SECTION("flags that do not fit") {
    check_refused(prepare(folder, to), out, "either --phantom");
    check_refused(prepare(folder, from + " --frame big --out " + quoted(out.string())), out, "WIDTHxHEIGHT");
    check_refused(prepare(folder, images + " --fit squash --window 9"), out, "--fit crop");
    check_refused(prepare(folder, images + " --fit crop --disc-centre --mask normal/normal0_0.png"), out, "no column \"disc_y\"");
  }
}

TEST_CASE("What may be meant is a warning: pictures of one value, one infant only") {
  const scratch folder;
  const fs::path data = folder / "data";
  put_cohort(data);
  const std::string images =
      "--images " + quoted(data.string()) + " --frame 64x48 --out " + quoted((folder / "out").string());
  SECTION("a black picture") {
    write_png(data / "plus" / "plus9_0.png", picture(24, 32, 3));
    const auto result = prepare(folder, images + by_subject);
    CHECK(result.status == 0);
    CHECK(contains(result.err, "Of one value throughout: plus/plus9_0.png; a vessel map in which nothing was found"));
  }
  SECTION("one infant") {
    std::string rows = "image,label,subject\n";
    for (const char* label : {"normal", "pre-plus", "plus"})
      for (int s = 0; s < 4; ++s)
        rows += std::string(label) + "/" + label + std::to_string(s) + "_0.png," + label + ",one\n";
    folder.put("data/manifest.csv", rows);
    const auto one = prepare(folder, images);
    CHECK(one.status == 0);
    CHECK(contains(one.err, "Split val has no picture with a label"));
    CHECK(contains(one.err, "Split test has no picture with a label: results there are undefined (1 subject in all"));
  }
}

TEST_CASE("An output folder that cannot be written") {
  const scratch folder;
  put_cohort(folder / "data");
  const std::string images = "--images " + quoted((folder / "data").string()) + by_subject + " --frame 64x48 --out ";
  folder.put("file", "in the way");
  const fs::path under_file = folder / "file/out";
  check_refused(prepare(folder, images + quoted(under_file.string())), under_file, "Cannot make the folder");

  // Root writes everywhere but onto a file system that is mounted for reading only.
  fs::create_directories(folder / "readonly");
  if (::mount("none", (folder / "readonly").c_str(), "tmpfs", MS_RDONLY, "size=64k") != 0) {
    WARN("not tried on a read-only file system: mounting is not permitted here");
    return;
  }
  const fs::path out = folder / "readonly/out";
  check_refused(prepare(folder, images + quoted(out.string())), out, "Read-only file system");
  ::umount((folder / "readonly").c_str());
}

TEST_CASE("A full disk: a sentence, nothing under the final name; with more room the run goes on") {
  const scratch folder;
  put_cohort(folder / "data");
  fs::create_directories(folder / "small");
  if (::mount("none", (folder / "small").c_str(), "tmpfs", 0, "size=96k") != 0) {
    WARN("not tried: mounting a small file system is not permitted here");
    return;
  }
  const fs::path out = folder / "small/out";
  const std::string arguments = "--images " + quoted((folder / "data").string()) + by_subject + " --frame 64x48 --out " + quoted(out.string());
  const auto result = prepare(folder, arguments);
  INFO(result.err);
  CHECK(result.status == 2);
  CHECK(contains(result.err, "No space left on device"));
  CHECK(!fs::exists(out));
  for (const auto& entry : fs::recursive_directory_iterator(out.string() + ".partial"))
    if (entry.is_regular_file() && entry.path().extension() == ".png") CHECK_NOTHROW(read_picture(entry.path()));  // no half pictures
  if (::mount("none", (folder / "small").c_str(), "tmpfs", MS_REMOUNT, "size=8m") == 0) {
    CHECK(prepare(folder, arguments).status == 0);
    CHECK(read_manifest(out / "manifest.csv").records.size() == 24);
  }
  ::umount((folder / "small").c_str());
}

TEST_CASE("Real pictures of preterm retinas, end to end") {
  if (real_data().empty()) {
    WARN("skipped: SYNTHMED_TEST_DATA is not set");
    return;
  }
  const scratch folder;
  SECTION("photographs with the grade in the file name") {
    const auto result = prepare(folder, "--images " + quoted((real_data() / "irop_examples").string()) +
                                            " --pattern '(?<subject>(?<label>n|pp|p)[0-9]+)\\.jpg' --out " + quoted((folder / "out").string()));
    INFO(result.err);
    REQUIRE(result.status == 0);
    const manifest m = read_manifest(folder / "out" / "manifest.csv");
    REQUIRE(m.records.size() == 7);
    std::array<int, 3> counts{};
    for (const auto& record : m.records) ++counts[static_cast<std::size_t>(record.label)];
    CHECK(counts == std::array{2, 3, 2});
    CHECK(contains(result.err, "is absent from split val"));
  }
  SECTION("newborns with manual vessel maps") {
    const auto result = prepare(
        folder, "--images " + quoted((real_data() / "vevio_neonatal").string()) +
                    " --pattern 'frames/(?<subject>neo[0-9]+)(?<eye>od|os)[0-9]_d\\.png' --mask 'frames_manual_01_bw/bw_{stem}_black.png'"
                    " --fov 'frames_masks/mask_{stem}.png' --out " + quoted((folder / "out").string()));
    INFO(result.err);
    REQUIRE(result.status == 0);
    const manifest m = read_manifest(folder / "out" / "manifest.csv");
    REQUIRE(m.records.size() == 16);
    for (const auto& record : m.records) {
      CHECK(record.eye == "OD");
      const picture rvm = read_picture(m.locate(record.more.at("rvm")));
      CHECK(to_string(rvm) == "256 x 256 x 1");
      CHECK(std::none_of(rvm.pixels().begin(), rvm.pixels().end(), [](int v) { return v > 0 && v < 51; }));
      CHECK(std::any_of(rvm.pixels().begin(), rvm.pixels().end(), [](int v) { return v > 200; }));
    }
  }
  SECTION("DRIVE, at its own size") {
    const auto result =
        prepare(folder, "--images " + quoted((real_data() / "drive").string()) + " --frame keep --out " + quoted((folder / "out").string()));
    INFO(result.err);
    if (result.status == 2 && contains(result.err, "libgif-dev")) {
      WARN("skipped: built without giflib");
      return;
    }
    REQUIRE(result.status == 0);
    const manifest m = read_manifest(folder / "out" / "manifest.csv");
    REQUIRE(m.records.size() == 40);
    CHECK(read_picture(m.locate(m.records[0].mask)) ==
          read_picture(real_data() / "drive" / "test" / "1st_manual" / "01_manual1.gif"));
  }
}

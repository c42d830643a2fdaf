// Data sets without a manifest: patterns over paths, the known layouts, and tables of grades.
#include <support/catch.hpp>

#include <synthmed/data/folders.hpp>
#include <synthmed/data/raters.hpp>

#include "scratch.hpp"

using namespace synthmed;
using synthmed_test::contains;
using synthmed_test::message_of;
using synthmed_test::scratch;

TEST_CASE("Ostrava's file names by their pattern") {
  const scratch folder;
  folder.put("images/001_F_GA41_BW2905_PA44_DG11_PF0_D1_S01_1.jpg", "x");
  folder.put("images/002_M_GA28_BW1000_PA36.5_DG5_PF2_D3_S02_13.jpg", "x");
  folder.put("images/readme.png", "x");
  const manifest m = read_folder(folder.path(), ostrava_pattern());
  REQUIRE(m.records.size() == 2);
  const auto& r = m.records[1];
  CHECK(r.subject == "002");
  CHECK(r.label == 2);
  CHECK(m.records[0].label == 0);
  CHECK(r.device == "3");
  CHECK(r.session == "02");
  CHECK(r.more.at("birth_weight") == "1000");
  CHECK(r.more.at("postmenstrual_age") == "36.5");
  REQUIRE(m.excluded.size() == 1);
  CHECK(m.excluded[0].image == "images/readme.png");
}

TEST_CASE("The study's own tree brings its splits but no subjects") {
  const scratch folder;
  for (const char* file :
       {"train/real/1/a.png", "train/real/3/b.png", "val/real/2/c.png", "test/real/1/d.png", "train/synthetic/1/e.png"})
    folder.put(file, "x");
  CHECK(contains(message_of<format_error>([&] { (void)open_dataset(folder.path()); }), "subject"));
  const manifest m = open_dataset(folder.path(), {.split_by_image = true});
  REQUIRE(m.records.size() == 4);
  CHECK(m.records[0].split == "test");
  CHECK(m.records[2].label == 2);
  CHECK(m.excluded.size() == 1);
}

TEST_CASE("A folder per class, by name or number, with subjects from the file names") {
  const scratch folder;
  folder.put("plus/12_a.png", "x");
  folder.put("Pre-Plus/7_b.JPG", "x");
  folder.put("normal/.hidden.png", "x");
  folder.put(".cache/3.png", "x");
  folder.put("normal/notes.txt", "x");
  folder.put("normal/1_c.tiff", "x");
  CHECK(open_dataset(folder.path(), {.split_by_image = true}).records.size() == 3);
  const manifest m = read_folder(folder.path(), {.regex = "(?<label>[^/]+)/(?<subject>[0-9]+)_.*"});
  REQUIRE(m.records.size() == 3);
  CHECK(m.records[0].label == 1);
  CHECK(m.records[0].subject == "7");
}

TEST_CASE("DRIVE's layout finds vessel maps and fields of view beside the pictures") {
  const scratch folder;
  folder.put("training/images/21_training.tif", "x");
  folder.put("training/1st_manual/21_manual1.gif", "x");
  folder.put("training/mask/21_training_mask.gif", "x");
  folder.put("test/images/01_test.tif", "x");
  folder.put("test/1st_manual/01_manual1.gif", "x");
  folder.put("test/mask/01_test_mask.gif", "x");
  const manifest m = open_dataset(folder.path());
  REQUIRE(m.records.size() == 2);
  CHECK(m.records[1].mask == "training/1st_manual/21_manual1.gif");
  CHECK(m.records[0].fov == "test/mask/01_test_mask.gif");
  CHECK(m.excluded.empty());
}

TEST_CASE("Paths with spaces and letters beyond ASCII") {
  const scratch folder;
  folder.put("d\xC3\xA4ten s\xC3\xA4tze/plus/\xE7\x9C\xBC 1.png", "x");
  folder.put("d\xC3\xA4ten s\xC3\xA4tze/normal/a b.png", "x");
  const manifest m = open_dataset(folder / "d\xC3\xA4ten s\xC3\xA4tze", {.split_by_image = true});
  REQUIRE(m.records.size() == 2);
  CHECK(m.records[1].image == "plus/\xE7\x9C\xBC 1.png");
}

TEST_CASE("A pattern's texts can be replaced, and its mistakes are said") {
  const scratch folder;
  folder.put("x1.png", "x");
  const manifest m =
      read_folder(folder.path(), {.regex = "(?<label>x)(?<subject>\\d)\\.png", .values = {{"label", {{"x", "plus"}}}}});
  CHECK(m.records[0].label == 2);
  const auto wrong = [&](const std::string& regex, const std::string& mask = {}) {
    return message_of<argument_error>([&] { (void)read_folder(folder.path(), {.regex = regex, .mask = mask}); });
  };
  CHECK(contains(wrong("(?<label>x"), "no regular expression"));
  CHECK(contains(wrong("(?<>x)"), "has no name"));
  CHECK(contains(wrong("(?<a>x)(?<a>.)"), "two groups"));
  CHECK(contains(wrong("(?<subject>x)(\\d)\\.png", "{eye}.gif"), "{eye}"));
  const auto nobody = message_of<format_error>([&] { (void)read_folder(folder.path(), {.regex = "(?<label>x).*"}); });
  CHECK(contains(nobody, "names no subject"));
  CHECK(contains(nobody, "--pattern '...(?<subject>...)...'"));
  CHECK(contains(message_of<format_error>([&] { (void)read_folder(folder.path(), {.regex = "(?<subject>y).*"}); }),
                 "x1.png"));
}

TEST_CASE("Groups inside a class of letters or behind a backslash are letters") {
  const scratch folder;
  folder.put("a(1.png", "x");
  CHECK(read_folder(folder.path(), {.regex = "a[(]1\\.png|(?<subject>a\\(1).png"}, {.split_by_image = true})
            .records.size() == 1);
}

TEST_CASE("Empty and missing folders") {
  const scratch folder;
  CHECK(contains(message_of<io_error>([&] { (void)open_dataset(folder.path()); }), "holds no picture"));
  CHECK(contains(message_of<io_error>([&] { (void)open_dataset(folder / "gone"); }), "There is no file or folder"));
  folder.put("a.png", "x");
  CHECK(contains(message_of<format_error>([&] { (void)open_dataset(folder.path()); }),
                 "neither manifest.csv nor a folder per class"));
}

TEST_CASE("FARFUM's sheet: two header rows, five graders, stems with and without dots") {
  const std::string sheet =
      "Patient,Image,A,,,B,,,C,,,D,,,E,,,Label\n"
      ",,Grade,Stage,Diagnostic,Grade,Stage,Diagnostic,Grade,Stage,Diagnostic,Grade,Stage,Diagnostic,Grade,Stage,"
      "Diagnostic,\n"
      "P1,1.2.img,,0,1,,0,1,,0,2,,0,1,,0,1,1\n"
      "P1,2,,0,3,,0,3,,0,2,,0,3,,0,3,3\n"
      "P2,3.jpg,,0,2,,0,2,,0,2,,0,1,,0,3,2\n"
      "P3,absent,,0,2,,0,2,,0,2,,0,1,,0,3,2\n";
  manifest m;
  m.classes = {"normal", "pre-plus", "plus"};
  for (const char* image : {"p/12img.jpg", "p/2.jpg", "q/3.JPG", "q/ungraded.jpg"}) {
    m.records.emplace_back();
    m.records.back().image = image;
  }
  const auto options = farfum_table();
  const auto table = parse_csv_with_headers(sheet, options.header_rows, "sheet.csv");
  CHECK(table.header()[4] == "A/Diagnostic");
  const auto without = join_raters(m, table, options);
  CHECK(without == std::vector<std::string>{"absent"});
  REQUIRE(m.records.size() == 3);
  CHECK(m.records[0].subject == "P1");
  CHECK(m.records[0].label == 0);
  CHECK(m.records[0].raters == std::vector{0, 0, 1, 0, 0});
  CHECK(m.records[1].label == 2);
  CHECK(m.raters == std::vector<std::string>{"A", "B", "C", "D", "E"});
  REQUIRE(m.excluded.size() == 1);
  CHECK(m.excluded[0].reason == "no row in the table of grades");

  auto majority = options;
  majority.label.clear();
  manifest again = m;
  (void)join_raters(again, table, majority);
  CHECK(again.records[2].label == 1);
  auto wrong = options;
  wrong.raters = "([A-E])/Plus";
  CHECK(contains(message_of<format_error>([&] { (void)join_raters(again, table, wrong); }), "A/Diagnostic"));
}

TEST_CASE("The majority of graders; ties go towards the middle") {
  CHECK(majority_label(std::vector{0, 2, 2}) == 2);
  CHECK(majority_label(std::vector{0, 1, 2}) == 1);
  CHECK(majority_label(std::vector{0, 0, 2, 2}) == 0);
  CHECK(majority_label(std::vector{no_label, 1}) == 1);
  CHECK(majority_label(std::vector{no_label}) == no_label);
}

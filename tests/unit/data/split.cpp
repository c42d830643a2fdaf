// Splits by subject, the checks before training, and the data-flow table.
#include <support/catch.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include <synthmed/data/checks.hpp>
#include <synthmed/data/flow.hpp>
#include <synthmed/data/split.hpp>

#include "scratch.hpp"

using namespace synthmed;
using synthmed_test::contains;
using synthmed_test::message_of;

namespace {

/// `subjects` subjects with six pictures each; about as rare classes as in the study.
manifest cohort(int subjects) {
  manifest m;
  m.classes = {"normal", "pre-plus", "plus"};
  random_stream random{key(7)};
  for (int s = 0; s < subjects; ++s) {
    const double severity = random.uniform();
    for (int i = 0; i < 6; ++i) {
      manifest_record r;
      r.subject = "s" + std::to_string(s);
      r.image = r.subject + "_" + std::to_string(i) + ".png";
      const double v = severity + .05 * random.normal();
      r.label = v > .95 ? 2 : v > .8 ? 1 : 0;
      m.records.push_back(r);
    }
  }
  return m;
}

std::vector<picture_facts> distinct_facts(const manifest& m) {
  std::vector<picture_facts> facts;
  for (const auto& r : m.records) facts.push_back({r.image.string(), 480, 640});
  return facts;
}

}  // namespace

TEST_CASE("60/20/20 by subject, in every stratum of worst labels") {
  manifest m = cohort(400);
  const auto splits = split_by_subject(m, key(1337));
  CHECK(splits.size() == 400);
  CHECK(splits_of(m) == splits);  // throws if a subject were torn
  std::map<int, std::map<std::string, int>> counts;
  for (const auto& [subject, group] : detail::by_subject(m)) ++counts[group.worst][splits.at(subject)];
  REQUIRE(counts.size() == 3);
  for (auto& [worst, of_split] : counts) {
    const double n = of_split["train"] + of_split["val"] + of_split["test"];
    INFO("worst label " << worst << ", " << n << " subjects");
    CHECK(std::abs(of_split["train"] - .6 * n) <= 1.0);
    CHECK(std::abs(of_split["val"] - .2 * n) <= .5);
    CHECK(std::abs(of_split["test"] - .2 * n) <= .5);
  }
}

TEST_CASE("A split depends on the key and the subjects, not on the order of the records") {
  manifest a = cohort(50), b = a, c = a;
  std::reverse(b.records.begin(), b.records.end());
  const auto first = split_by_subject(a, key(1));
  CHECK(split_by_subject(b, key(1)) == first);
  CHECK(split_by_subject(c, key(2)) != first);
}

TEST_CASE("Small strata: three subjects reach every split, two train and test, one train") {
  for (const auto& [subjects, expected] : std::vector<std::pair<int, std::multiset<std::string>>>{
           {1, {"train"}}, {2, {"train", "test"}}, {3, {"train", "val", "test"}}}) {
    manifest m;
    m.classes = {"a", "b"};
    for (int s = 0; s < subjects; ++s) {
      m.records.emplace_back();
      m.records.back().subject = std::to_string(s);
      m.records.back().label = 1;
    }
    std::multiset<std::string> got;
    for (const auto& entry : split_by_subject(m, key(3))) got.insert(entry.second);
    CHECK(got == expected);
  }
}

TEST_CASE("The expert set has the counts asked for, and its subjects are nowhere else") {
  manifest m = cohort(400);
  const std::size_t before = m.records.size();
  split_by_subject(m, key(5), {.expert = {54, 31, 15}});
  std::array<int, 3> counts{};
  std::set<std::string> experts, others;
  for (const auto& r : m.records) {
    (r.split == "expert" ? experts : others).insert(r.subject);
    if (r.split == "expert") ++counts[static_cast<std::size_t>(r.label)];
  }
  CHECK(counts == std::array{54, 31, 15});
  for (const auto& subject : experts) CHECK(!others.contains(subject));
  CHECK(m.records.size() + m.excluded.size() == before);
  manifest few = cohort(4);
  CHECK(contains(message_of<argument_error>([&] {
                   split_by_subject(few, key(5), {.expert = {0, 0, 50}});
                 }),
                 "ask for fewer"));
  CHECK_THROWS_AS(split_by_subject(few, key(5), {.expert = {1, 2}}), argument_error);
  CHECK_THROWS_AS(split_by_subject(few, key(5), {.train = .9, .val = .2}), argument_error);
}

TEST_CASE("Splits are written, read and applied") {
  const synthmed_test::scratch folder;
  manifest m = cohort(20), again = m;
  const auto splits = split_by_subject(m, key(1));
  write_splits(folder / "splits.csv", splits);
  CHECK(read_splits(folder / "splits.csv") == splits);
  apply_splits(again, read_splits(folder / "splits.csv"));
  for (std::size_t i = 0; i < m.records.size(); ++i) CHECK(again.records[i].split == m.records[i].split);
  folder.put("twice.csv", "subject,split\na,train\na,val\n");
  CHECK(contains(message_of<format_error>([&] { (void)read_splits(folder / "twice.csv"); }), "stands there twice"));
  CHECK(contains(message_of<format_error>([&] { apply_splits(again, {{"s1", "train"}}); }), "s7"));
}

TEST_CASE("A subject in two splits is refused by name") {
  manifest m = cohort(10);
  split_by_subject(m, key(1));
  m.records[0].split = m.records[0].split == "test" ? "train" : "test";
  CHECK(contains(message_of<format_error>([&] { (void)splits_of(m); }), "s0 ("));
  m.records[0].split = "";
  CHECK(contains(message_of<format_error>([&] { (void)splits_of(m); }), "has no split"));
}

TEST_CASE("The same picture: left out within a subject, refused under two subjects or two labels") {
  manifest m = cohort(3);
  m.records[1].label = m.records[0].label;
  auto facts = distinct_facts(m);
  facts[1].sha256 = facts[0].sha256;
  manifest repeated = m;
  auto thinned = facts;
  drop_duplicates(repeated, thinned);
  CHECK(repeated.records.size() == 17);
  CHECK(thinned.size() == 17);
  CHECK(repeated.records[1].image == m.records[2].image);
  CHECK(thinned[1].sha256 == facts[2].sha256);
  CHECK(repeated.excluded.at(0).reason == "same picture as s0_0.png");

  facts[7].sha256 = facts[0].sha256;
  CHECK(contains(message_of<format_error>([&] { drop_duplicates(m, facts); }), "s0_0.png = s1_1.png"));
  facts = distinct_facts(m);
  facts[1].sha256 = facts[0].sha256;
  m.records[1].label = (m.records[0].label + 1) % 3;
  CHECK(contains(message_of<format_error>([&] { drop_duplicates(m, facts); }), "two labels"));
}

TEST_CASE("Classes that are missing: refused where nothing can be learned, else a warning") {
  manifest m = cohort(200);
  split_by_subject(m, key(1));
  CHECK(check_classes(m).empty());
  manifest no_plus_in_val = m, no_plus_in_train = m, one_class = m, none = m;
  for (auto& r : no_plus_in_val.records)
    if (r.label == 2 && r.split == "val") r.label = 1;
  REQUIRE(check_classes(no_plus_in_val).size() == 1);
  CHECK(contains(check_classes(no_plus_in_val)[0], "Class plus is absent from split val"));
  for (auto& r : no_plus_in_train.records)
    if (r.label == 2 && r.split == "train") r.label = 1;
  CHECK(
      contains(message_of<format_error>([&] { (void)check_classes(no_plus_in_train); }), "none in the training split"));
  manifest one_subject = m, asked = m;
  for (auto& r : one_subject.records) r.subject = "s", r.split = "train";
  REQUIRE(check_classes(one_subject).size() == 2);
  CHECK(contains(check_classes(one_subject)[0], "Split val has no picture with a label"));
  CHECK(contains(check_classes(one_subject)[1], "(1 subject in all; each split needs subjects of its own)"));
  for (auto& r : asked.records) r.split = "test";
  CHECK(check_classes(asked).empty());
  for (auto& r : one_class.records) r.label = 0;
  CHECK(contains(message_of<format_error>([&] { (void)check_classes(one_class); }), "of one class (normal)"));
  for (auto& r : none.records) r.label = no_label;
  CHECK(contains(check_classes(none).at(0), "No picture has a label"));
}

TEST_CASE("Cramer's V against hand-computed values") {
  // A perfect 2 x 2 table of 100: phi^2 = 1; corrected by Bergsma 2013 both numerator and denominator are 1 - 1/99.
  std::vector<int> a, b, c;
  for (int i = 0; i < 100; ++i) {
    a.push_back(i % 2);
    b.push_back(1 - i % 2);
    c.push_back(i / 50);
  }
  CHECK(cramers_v(a, b) == Approx(1).margin(1e-12));
  CHECK(cramers_v(a, c) == Approx(0).margin(1e-12));
  // [[30, 10], [10, 50]]: chi^2 = 34.02777..., phi^2 = .3402777 - 1/99, each side 2 - 1/99.
  std::vector<int> x, y;
  const int cells[2][2] = {{30, 10}, {10, 50}};
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 2; ++j)
      for (int n = 0; n < cells[i][j]; ++n) {
        x.push_back(i);
        y.push_back(j);
      }
  CHECK(cramers_v(x, y) == Approx(std::sqrt((.340277777777778 - 1.0 / 99) / (1 - 1.0 / 99))).margin(1e-12));
  CHECK(cramers_v(x, std::vector<int>(100, 3)) == 0);
  CHECK_THROWS_AS(cramers_v(a, std::vector<int>{1}), argument_error);
}

TEST_CASE("A camera or a size that tells the label is a warning; a harmless one is none") {
  manifest m = cohort(100);
  auto facts = distinct_facts(m);
  for (std::size_t i = 0; i < m.records.size(); ++i) m.records[i].device = i % 2 ? "RetCam 2" : "RetCam 3";
  CHECK(check_shortcuts(m, facts).empty());
  for (auto& r : m.records) r.device = r.label == 2 ? "ICON" : "RetCam";
  REQUIRE(check_shortcuts(m, facts).size() == 1);
  CHECK(contains(check_shortcuts(m, facts)[0], "device alone predicts the label"));
  for (auto& r : m.records) r.device.clear();
  for (std::size_t i = 0; i < facts.size(); ++i)
    if (m.records[i].label > 0) facts[i].width = 1240;
  CHECK(contains(check_shortcuts(m, facts).at(0), "picture size"));
}

TEST_CASE("The data-flow table adds up") {
  manifest m = cohort(60);
  m.excluded.push_back({"x.png", "s1", "label unknown"});
  m.excluded.push_back({"y.png", "s2", "label unknown"});
  m.excluded.push_back({"z.png", "s2", "same picture as a.png"});
  split_by_subject(m, key(1));
  const auto table = flow_table(m);
  CHECK(table.header() == std::vector<std::string>{"group", "images", "subjects", "normal", "pre-plus", "plus"});
  std::vector<double> sums(6);
  std::size_t total = 0;
  for (std::size_t r = 0; r < table.rows(); ++r) {
    if (table.at(r, 0) == "all kept") total = r;
    if (table.at(r, 0) == "train" || table.at(r, 0) == "val" || table.at(r, 0) == "test")
      for (std::size_t c = 1; c < 6; ++c) sums[c] += table.number(r, c);
    if (table.at(r, 0) == "excluded: label unknown") CHECK(table.at(r, 1) == "2");
  }
  for (std::size_t c = 1; c < 6; ++c) CHECK(sums[c] == table.number(total, c));
  CHECK(table.number(total, 1) == 360);
  CHECK(contains(aligned_text(table), "excluded: same picture as another one"));
}

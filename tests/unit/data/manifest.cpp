// Labels and manifests: what is read, and the sentence for everything that is not.
#include <support/catch.hpp>

#include <synthmed/data/labels.hpp>
#include <synthmed/data/manifest.hpp>

#include "scratch.hpp"

using namespace synthmed;
using synthmed_test::contains;
using synthmed_test::message_of;
using synthmed_test::scratch;

namespace {

std::vector<int> labels(std::vector<std::string> texts, std::optional<int> base = {}) {
  return parse_labels(texts, {.base = base}, "t");
}
std::string refusal(std::vector<std::string> texts, std::optional<int> base = {}) {
  return message_of<format_error>([&] { (void)labels(texts, base); });
}

manifest parse(const std::string& text, manifest_options options = {}) {
  options.check_files = false;
  return parse_manifest(parse_csv(text, "m.csv"), "folder", options);
}
std::string parse_refusal(const std::string& text, const manifest_options& options = {}) {
  return message_of<format_error>([&] { (void)parse(text, options); });
}

}  // namespace

TEST_CASE("Labels by name, alias and number") {
  CHECK(labels({"No", "Pre-Plus", "PLUS", " plus ", ""}) == std::vector{0, 1, 2, 2, no_label});
  CHECK(labels({"n", "pp", "p", "Unknown"}) == std::vector{0, 1, 2, unknown_label});
  CHECK(labels({"1", "3", "2.0"}) == std::vector{0, 2, 1});
  CHECK(labels({"0", "1", "2"}, 0) == std::vector{0, 1, 2});
  CHECK(labels({"1", "2"}, 1) == std::vector{0, 1});
  CHECK(labels({"normal", "3"}) == std::vector{0, 2});
}

TEST_CASE("Numbers whose base cannot be known are refused") {
  CHECK(contains(refusal({"0", "1", "2"}), "cannot be told apart"));
  CHECK(contains(refusal({"1", "2"}), "cannot be told apart"));
  CHECK(contains(refusal({"0", "3"}), "from 0 to 3"));
  CHECK(contains(refusal({"3", "4"}), "label 4 lies outside 1 to 3"));
  CHECK(contains(refusal({"3"}, 0), "label 3 lies outside 0 to 2"));
  CHECK(contains(refusal({"plus", "severe", "severe"}), "text 2 and 1 more: \"severe\" is no label"));
}

TEST_CASE("Other diseases bring their own classes") {
  const label_options options{.classes = {{"healthy", {}}, {"glaucoma", {"g"}}}};
  CHECK(parse_labels(std::vector<std::string>{"G", "healthy", "2"}, options, "t") == std::vector{1, 0, 1});
}

TEST_CASE("A manifest with every column, in any order, comes back as it was") {
  const std::string text =
      "subject,image,label,eye,session,device,mask,fov,split,kind,um_per_px,rater_A,rater_B,site\n"
      "s1,a/1 \xC3\xA9.png,plus,right,1,RetCam,m/1.gif,f/1.gif,training,fundus,23.7,plus,pre-plus,OHSU\n"
      "s2,a/2.png,normal,OS,2,RetCam,,,validation,rvm,,,normal,UIC\n";
  const manifest m = parse(text);
  REQUIRE(m.records.size() == 2);
  const auto& r = m.records[0];
  CHECK(r.image == "a/1 \xC3\xA9.png");
  CHECK(r.label == 2);
  CHECK(r.eye == "OD");
  CHECK(r.split == "train");
  CHECK(m.records[1].split == "val");
  CHECK(r.um_per_px == 23.7);
  CHECK(m.raters == std::vector<std::string>{"A", "B"});
  CHECK(r.raters == std::vector{2, 1});
  CHECK(m.records[1].raters == std::vector{no_label, 0});
  CHECK(r.more.at("site") == "OHSU");
  CHECK(m.locate(r.mask) == "folder/m/1.gif");
  const std::string once = to_csv(to_table(m));
  CHECK(to_csv(to_table(parse(once))) == once);
}

TEST_CASE("What a manifest lacks is said with column, line and remedy") {
  CHECK(contains(parse_refusal("subject,label\ns,plus\n"), "has no column \"image\""));
  const auto no_subject = parse_refusal("image,label\na.png,plus\n");
  CHECK(contains(no_subject, "has no column \"subject\""));
  CHECK(contains(no_subject, "split by image"));
  CHECK(contains(no_subject, "--column subject=NAME"));
  CHECK(contains(no_subject, "--split-by-image"));
  const auto typo = parse_refusal("image,subject,label\na.png,s,plus\nb.png,s,Plus Disease\nc.png,s,Plus Disease\n");
  CHECK(contains(typo, "line 3 (b.png) and 1 more: \"Plus Disease\" is no label"));
  CHECK(contains(typo, "--value \"label:Plus Disease=NAME\""));
  CHECK(contains(parse_refusal("image,subject\na.png,\n"), "line 2"));
  CHECK(contains(parse_refusal("image,subject\n,s\n"), "the path of a picture"));
  CHECK(contains(parse_refusal("image,subject\na.png,s\n./a.png,s\n"), "stands on line 2 already"));
  CHECK(contains(parse_refusal("image,subject,eye\na.png,s,both\n"), "expected OD or OS, got \"both\""));
  CHECK(contains(parse_refusal("image,subject,split\na.png,s,holdout\n"), "train, val, test or expert"));
  CHECK(contains(parse_refusal("image,subject,kind\na.png,s,oct\n"), "fundus or rvm"));
  CHECK(contains(parse_refusal("image,subject,um_per_px\na.png,s,-1\n"), "a positive number"));
  CHECK(contains(parse_refusal("image,subject\n"), "names no picture"));
}

TEST_CASE("Texts are replaced before they are read, in any column") {
  const std::string text = "image,infant,grade,site\na.png,1,Plus Disease,A\nb.png,2,none,B\n";
  const manifest m = parse(text, {.columns = {{"subject", "infant"}, {"label", "grade"}},
                                  .values = {{"label", {{"Plus Disease", "plus"}}}, {"site", {{"B", "Bern"}}}}});
  CHECK(m.records[0].label == 2);
  CHECK(m.records[1].label == 0);
  CHECK(m.records[1].more.at("site") == "Bern");
  CHECK(contains(parse_refusal("image,subject\na.png,s\n", {.values = {{"label", {{"x", "plus"}}}}}),
                 "has no column \"label\""));
}

TEST_CASE("A split by image must be asked for, and takes each picture for a subject") {
  const manifest m = parse("image,subject\na.png,s\nb.png,s\n", {.split_by_image = true});
  CHECK(m.records[0].subject != m.records[1].subject);
}

TEST_CASE("Columns by other names, and rows left out with their reason, as in the study's own table") {
  const std::string text =
      "image,infant,golden_reading_plus,site\n"
      "a.png,1,No,OHSU\nb.png,2,Plus,APEC\nc.png,3,Unknown,OHSU\nd.png,4,Pre-Plus,UIC\n";
  const manifest_options options{.columns = {{"subject", "infant"}, {"label", "golden_reading_plus"}},
                                 .exclude = {{"site", "APEC"}}};
  const manifest m = parse(text, options);
  REQUIRE(m.records.size() == 2);
  CHECK(m.records[1].label == 1);
  REQUIRE(m.excluded.size() == 2);
  CHECK(m.excluded[0].reason == "site is APEC");
  CHECK(m.excluded[1].reason == "label unknown");
  CHECK(contains(parse_refusal(text, {.columns = {{"subject", "child"}}}), "has no column \"child\""));
  CHECK_THROWS_AS(parse(text, {.columns = {{"subjekt", "infant"}}}), argument_error);
}

TEST_CASE("Every missing file is listed by name") {
  const scratch folder;
  folder.put("a.png", "x");
  const auto path = folder.put("m.csv", "image,subject,mask\na.png,s,gone mask.gif\n\"not, there.png\",t,\n");
  const auto message = message_of<io_error>([&] { (void)read_manifest(path); });
  CHECK(contains(message, "2 files are missing"));
  CHECK(contains(message, "gone mask.gif"));
  CHECK(contains(message, "not, there.png"));
}

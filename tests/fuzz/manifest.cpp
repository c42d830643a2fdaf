// Fuzzes the manifest reader: whatever the table, it answers with a manifest or a sentence, and a manifest survives
// being written and read again. Patterns over paths and tables of grades are fuzzed with it.
#include <fuzz/fuzz.hpp>

#include <stdexcept>
#include <string>

#include <synthmed/data/folders.hpp>
#include <synthmed/data/manifest.hpp>
#include <synthmed/data/raters.hpp>
#include <synthmed/data/split.hpp>

namespace {

void read_text(const std::string& text) {
  using namespace synthmed;
  // The first byte chooses the reader, so that one corpus reaches all three.
  const char which = text.empty() ? 'm' : text[0];
  const std::string rest = text.empty() ? text : text.substr(1);
  if (which == 'p') {
    (void)detail::named_regex(rest.substr(0, 60));  // long nested repeats would only test std::regex
    return;
  }
  if (which == 'r') {
    const auto table = parse_csv_with_headers(rest, 2, "fuzz");
    manifest m;
    m.classes = {"normal", "pre-plus", "plus"};
    for (const char* image : {"a.png", "b.png"}) {
      m.records.emplace_back();
      m.records.back().image = image;
    }
    auto options = farfum_table();
    (void)join_raters(m, table, options);
    if (m.records.empty()) throw std::logic_error("no record, and no refusal");
    return;
  }
  manifest_options options;
  options.check_files = false;
  manifest m = parse_manifest(parse_csv(rest, "fuzz"), "", options);
  if (m.records.empty()) throw std::logic_error("no record, and no refusal");
  for (const auto& record : m.records)
    if (record.label < no_label || record.label > 2 || record.subject.empty() || record.image.empty())
      throw std::logic_error("a record that the rules exclude");
  const std::string written = to_csv(to_table(m));
  options.labels.base = 1;  // names are written, so the numbers' base no longer matters
  if (to_csv(to_table(parse_manifest(parse_csv(written, "again"), "", options))) != written)
    throw std::logic_error("the round trip differs");
  split_by_subject(m, key(1));
  (void)splits_of(m);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> inputs{
      "mimage,label,subject\na.png,plus,s1\nb.png,normal,s2\n",
      "mimage,label,subject,eye,session,device,mask,fov,split,kind,um_per_px,rater_A,rater_B,site\n"
      "\"a, b.png\",3,s1,OD,1,RetCam,m.gif,f.gif,train,fundus,23.7,3,1,x\nb.png,1,s2,left,,,,,validation,rvm,,,2,y\n",
      "msubject,image,label\r\n1,a.png,1\r\n2,b.png,2\r\n3,c.png,3\r\n",
      "rPatient,Image,A,,,Label\n,,Grade,Stage,Diagnostic,\nP1,a.jpg,,0,1,1\nP2,b.,,0,3,3\n",
      "p(?<subject>[0-9]+)_(?<label>plus|normal)[(]x\\)\\.png",
  };
  return synthmed_test::fuzz(argc, argv, inputs, 200000, read_text);
}

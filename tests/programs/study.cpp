// rop_study report on a study that is made up from here: known figures come out, bad files are named, the page opens in
// a browser without an error.
#include "feature_program.hpp"

#include <fstream>
#include <set>

#include <synthmed/data/manifest.hpp>
#include <synthmed/imaging/write.hpp>
#include <synthmed/metrics/inference.hpp>
#include <synthmed/metrics/predictions.hpp>

using namespace synthmed_test;
namespace fs = std::filesystem;
using synthmed::sentence;

namespace {

const std::vector<std::string> classes{"normal", "pre-plus", "plus"};

struct made_up {
  std::string stem, subject, split;
  int label;
};

/// As an enriched phantom's: the rarer a class is in nature, the less its pictures weigh.
double weight_of(const made_up& r) { return r.label == 0 ? 1.5 : r.label == 1 ? 0.5 : 0.125; }

/// Grey squares: their mean by class, how far it spreads over maps, and the noise of their pixels.
struct look {
  double level = 60, by_class = 10, spread = 25, noise = 20;
};

/// By default brighter with the class, but not so that brightness tells it.
void write_maps(const fs::path& folder, const std::vector<made_up>& records, synthmed::key k, const look& how = {}) {
  synthmed::make_folder(folder / "maps");
  std::string text = "image,label,subject,split,kind,rvm,weight\n";
  for (const auto& r : records) {
    synthmed::random_stream draw(k.fold(r.stem));
    synthmed::picture p(8, 8);
    const double level = how.level + how.by_class * r.label + how.spread * draw.normal();
    for (auto& v : p.pixels()) v = static_cast<std::uint8_t>(std::clamp(level + how.noise * draw.normal(), 0.0, 255.0));
    synthmed::write_png(folder / "maps" / (r.stem + ".png"), p);
    const std::string file = "maps/" + r.stem + ".png";
    text += sentence(file, ",", classes[static_cast<std::size_t>(r.label)], ",", r.subject, ",", r.split, ",rvm,", file,
                     ",", weight_of(r), "\n");
  }
  synthmed::write_file(folder / "manifest.csv", text);
}

struct arm {
  std::string name, maps;
  double noise;
};
const std::vector<arm> arms{
    {"real", "rvm", 0.5}, {"synthetic", "synthetic", 0.9}, {"copier", "copier", 0.5}, {"real_exact", "data", 0.4}};

std::string predictions(const std::vector<made_up>& records, const std::string& split, double noise, synthmed::key k) {
  std::string text = "image_path,subject,label,prediction,p_normal,p_pre-plus,p_plus\n";
  synthmed::random_stream draw(k);
  for (const auto& r : records) {
    if (r.split != split) continue;
    double p[3], sum = 0;
    const double at = r.label + noise * draw.normal();
    for (int c = 0; c < 3; ++c) sum += p[c] = std::exp(-2 * std::fabs(c - at));
    const auto call = static_cast<std::size_t>(std::max_element(p, p + 3) - p);
    text += sentence("maps/", r.stem, ".png,", r.subject, ",", classes[static_cast<std::size_t>(r.label)], ",",
                     classes[call]);
    for (const double x : p) text += "," + synthmed::csv_number(x / sum);
    text += '\n';
  }
  return text;
}

/// A whole study's folder as its stages leave it.
struct made_up_study {
  std::vector<made_up> real, synthetic;
};
made_up_study write_study(const fs::path& study) {
  std::vector<made_up> real, synthetic, copies;
  synthmed::random_stream draw(synthmed::key(5));
  for (const auto& [split, subjects] :
       {std::pair<std::string, int>{"train", 12}, {"val", 4}, {"test", 20}, {"expert", 4}})
    for (int s = 0; s < subjects; ++s)
      for (int i = 0; i < 3; ++i)
        real.push_back(
            {sentence(split, s, "_", i), sentence(split, s), split, (s + (i == 2 && draw.chance(0.5) ? 1 : 0)) % 3});
  for (const auto& r : real)
    if (r.split == "train") {
      synthetic.push_back({"synthetic-" + r.stem, "synthetic-" + r.stem, "train", r.label});
      copies.push_back({"copy-" + r.stem, "copy-" + r.stem, "train", r.label});
    }
  const synthmed::key k(9);
  write_maps(study / "rvm", real, k);
  write_maps(study / "data", real, k);
  write_maps(study / "synthetic", synthetic, k.fold("s"));
  write_maps(study / "copier", copies, k.fold("c"));
  nlohmann::ordered_json settings{{"format", "synthmed study 1"},
                                  {"preset", "smoke"},
                                  {"seed", 3},
                                  {"backend", "xtensor"},
                                  {"device", "cpu"},
                                  {"data", "phantom smoke"},
                                  {"phantom", true},
                                  {"population", "made up"},
                                  {"population_name", "enriched"},
                                  {"positive", "plus"},
                                  {"cnn_seeds", {1, 2}},
                                  {"replicates", 100},
                                  {"margin", 0.05},
                                  {"options", {{"gan.seeds", 1}}}};
  settings["deviations"] = {{{"option", "data <b>"}, {"published", "x"}, {"here", "y & z"}, {"why", "w"}}};
  for (const auto& a : arms) {
    settings["arms"].push_back({{"name", a.name},
                                {"title", a.name + " maps"},
                                {"maps", {{{"name", a.maps}, {"path", a.maps}}}},
                                {"tested", a.maps == "data" ? "data" : "rvm"}});
    for (const int seed : {1, 2}) {
      const fs::path folder = study / "cnn" / a.name / sentence("seed_", seed);
      synthmed::make_folder(folder);
      for (const char* split : {"test", "expert"})
        synthmed::write_file(folder / sentence("probabilities_", split, ".csv"),
                             predictions(real, split, a.noise, k.fold(a.name).fold(seed).fold(split)));
      synthmed::write_file(folder / "log.jsonl",
                           "{\"step\":0,\"stage\":0,\"loss\":1.1}\n{\"step\":1,\"stage\":0,\"loss\":0.9}\n");
    }
  }
  for (const char* run : {"normal", "plus", "pre-plus", "warm-up"}) {
    synthmed::make_folder(study / "gan" / run);
    synthmed::write_file(study / "gan" / run / "log.jsonl",
                         "{\"step\":0,\"critic_loss\":1.1}\n{\"step\":1,\"critic_loss\":0.9}\n");
  }
  synthmed::write_file(study / "study.json", settings.dump(1));
  std::string table = "id,x,y\n", placed = "id,x,y\n";
  for (const auto& r : real)
    if (r.split == "train") table += sentence("maps/", r.stem, ".png,", draw.normal(), ",", draw.normal(), "\n");
  for (const auto& r : synthetic) placed += sentence("maps/", r.stem, ".png,", draw.normal(), ",", draw.normal(), "\n");
  synthmed::make_folder(study / "umap");
  synthmed::write_file(study / "umap" / "embedding.csv", table);
  synthmed::write_file(study / "umap" / "transform.csv", placed);
  synthmed::write_file(study / "umap" / "umap.json",
                       R"({"quality":{"trustworthiness_5":0.9},"transform":{"quality":{"trustworthiness_5":0.8}}})");
  return {real, synthetic};
}

/// An audit of a set, as rop_study privacy leaves it.
void write_audit(const fs::path& study, const std::string& set, bool flagged) {
  nlohmann::ordered_json j{{"verdict", "Tried: much."},
                           {"flagged", flagged},
                           {"duplicates", {{"count", 0}}},
                           {"dcr_share", {{"value", .5}, {"low", .4}, {"high", .6}}},
                           {"detectable_auc", .7},
                           {"warnings", nlohmann::json::array()},
                           {"attacks", nlohmann::json::array()},
                           {"closest",
                            {{{"synthetic", "maps/synthetic-train0_0.png"},
                              {"train", "../../rvm/maps/train0_0.png"},
                              {"distance", .5},
                              {"ratio", .9},
                              {"exact", false},
                              {"duplicate", flagged}}}}};
  synthmed::make_folder(study / "privacy" / set);
  synthmed::write_file(study / "privacy" / set / "privacy.json", j.dump());
}

/// All findings of a study, a line each.
std::string findings_in(const fs::path& study) {
  std::string said;
  const auto results = json_of((study / "results.json").string());
  for (const auto& line : results["findings"]) said += line.get<std::string>() + "\n";
  return said;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

/// What a headless browser makes of a page: the document after its scripts, and everything that its console said.
struct browsed {
  std::string document, console;
};
browsed browse(const workplace& at, const std::string& page, const std::string& flags = {}) {
  const std::string command =
      sentence("timeout 120 '", CHROMIUM,
               "' --headless=new --no-sandbox --disable-gpu --enable-logging=stderr --virtual-time-budget=3000 ", flags,
               " --user-data-dir='", at / "browser", "' --dump-dom 'file://", page, "' >'", at / "dom", "' 2>'",
               at / "console", "'");
  REQUIRE(std::system(command.c_str()) == 0);
  std::string console;
  std::ifstream in(at / "console");
  for (std::string line; std::getline(in, line);)
    if (line.find("CONSOLE") != std::string::npos) console += line + '\n';
  return {synthmed::read_file(at / "dom"), console};
}

/// What a reader without a mouse, in the dark or with a phone meets, told by the page itself: steps through the map by
/// keys, the faintest text against what is behind it, and how far a page of 360 px runs out of its frame and a caption
/// out of its table's box.
constexpr const char* probe = R"(<script>addEventListener("load",()=>{if(window!==top)return;
const found={},stage=document.querySelector(".explorer .stage"),said=document.querySelector(".explorer .said");
const press=k=>{stage.dispatchEvent(new KeyboardEvent("keydown",{key:k,bubbles:true,cancelable:true}));return said.textContent;};
stage.focus();found.focused=document.activeElement===stage;
found.said=[said.textContent,press("ArrowRight"),press("ArrowRight"),press("ArrowLeft")];
found.picture=document.querySelector(".explorer .view").getAttribute("aria-label");
document.querySelector("input[data-class]").click();found.hidden=document.querySelectorAll(".explorer .off").length;
const numbers=c=>c.match(/[\d.]+/g).map(Number);
const light=c=>{const[r,g,b]=c.map(v=>(v/=255)<=.03928?v/12.92:((v+.055)/1.055)**2.4);return .2126*r+.7152*g+.0722*b;};
const behind=e=>{for(;e;e=e.parentElement){const c=numbers(getComputedStyle(e).backgroundColor);if(c.length<4||c[3]>0)return c.slice(0,3);}return[255,255,255];};
found.contrast=99;let read=0;
for(const e of document.querySelectorAll("body *")){if(e.closest("svg,script,style")||!e.getClientRects().length)continue;
if(![...e.childNodes].some(n=>n.nodeType===3&&n.data.trim()))continue;++read;
const a=light(numbers(getComputedStyle(e).color).slice(0,3)),b=light(behind(e)),r=(Math.max(a,b)+.05)/(Math.min(a,b)+.05);
if(r<found.contrast){found.contrast=r;found.faintest=e.tagName+" "+e.className;}}
found.read=read;found.paper=behind(document.body);
const f=document.createElement("iframe");f.style.width="360px";f.srcdoc="<!DOCTYPE html>"+document.documentElement.outerHTML;
f.onload=()=>{const d=f.contentDocument.documentElement;found.overflow=d.scrollWidth-d.clientWidth;
const beyond=s=>s.getBoundingClientRect().width-s.closest(".wide").clientWidth;
found.caption=Math.max(...[...d.querySelectorAll(".wide caption span")].map(beyond));
found.width=d.clientWidth;f.remove();
const p=document.createElement("pre");p.id="probe";p.textContent=JSON.stringify(found);document.body.append(p);};document.body.append(f);});</script>)";

nlohmann::json probed(const workplace& at, const std::string& page, const std::string& flags) {
  const auto end = page.rfind("</body>");
  REQUIRE(end != std::string::npos);
  synthmed::write_file(at / "probed.html", page.substr(0, end) + probe + page.substr(end));
  const auto document = browse(at, at / "probed.html", flags).document;
  const std::string open = "<pre id=\"probe\">";
  const auto from = document.find(open);
  REQUIRE(from != std::string::npos);
  const auto begin = from + open.size();
  return nlohmann::json::parse(document.substr(begin, document.find("</pre>", begin) - begin));
}

}  // namespace

TEST_CASE("results of a made-up study are those of its tables") {
  const workplace at("study_results");
  const fs::path study = at / "study";
  const auto made = write_study(study);
  const std::string command = "report --threads 1 --out '" + study.string() + "'";
  const auto run = rop_study(at, command);
  INFO(run.err);
  REQUIRE(run.status == 0);
  const auto r = json_of((study / "results.json").string());
  CHECK(r["schema"] == "synthmed-results");
  CHECK(r["schema_version"] == 1);
  for (const char* key : {"preset", "backend", "arms", "baseline_density", "segmentation", "fidelity", "privacy",
                          "timing", "memory", "provenance"})
    CHECK(r.contains(key));
  for (const char* set : {"synthetic", "fresh_phantom", "copier"}) CHECK(r["privacy"].contains(set));

  for (const std::string set : {"test", "expert"})
    for (const auto& a : arms) {
      INFO(a.name << " " << set);
      const auto& figures = r["arms"][a.name][set];
      std::vector<synthmed::prediction_table> tables;
      double sum = 0;
      for (const int seed : {1, 2}) {
        tables.push_back(synthmed::read_predictions(study / "cnn" / a.name / sentence("seed_", seed) /
                                                    ("probabilities_" + set + ".csv")));
        const double value = synthmed::auc(tables.back().column(2), tables.back().is_class(2));
        CHECK(figures["auc_roc"]["per_seed"][static_cast<std::size_t>(seed - 1)].get<double>() == Approx(value));
        sum += value;
      }
      CHECK(figures["auc_roc"]["value"].get<double>() == Approx(sum / 2));
      CHECK(figures["auc_roc"]["low"].get<double>() <= sum / 2);
      CHECK(figures["auc_roc"]["high"].get<double>() >= sum / 2);
      CHECK(figures["auc_roc"]["population"] == "enriched");
      // The natural figure: every pair of a positive and a negative picture counts by the product of their weights.
      double natural = 0;
      for (const auto& t : tables) {
        const auto p = t.column(2);
        const auto y = t.is_class(2);
        double won = 0, pairs = 0;
        for (std::size_t i = 0; i < p.size(); ++i)
          for (std::size_t j = 0; j < p.size(); ++j) {
            if (y[i] != 1 || y[j] != 0) continue;
            const double w = weight_of({"", "", "", t.truth[i]}) * weight_of({"", "", "", t.truth[j]});
            pairs += w;
            won += w * (p[i] > p[j] ? 1.0 : p[i] == p[j] ? 0.5 : 0.0);
          }
        natural += won / pairs / 2;
      }
      CHECK(figures["auc_roc_natural"]["value"].get<double>() == Approx(natural));
      CHECK(figures["auc_roc_natural"]["low"].get<double>() <= natural);
      CHECK(contains(figures["auc_roc_natural"]["population"].get<std::string>(), "natural"));
      CHECK(figures["auc_roc_natural"]["effective_images"].get<double>() < static_cast<double>(tables[0].cases()));
      CHECK(figures["images"] == tables[0].cases());
      CHECK(figures["subjects"] == (set == "test" ? 20 : 4));
      std::int64_t cells = 0;
      for (const auto& row : figures["confusion"]["per_seed"][0])
        for (const auto& cell : row) cells += cell.get<std::int64_t>();
      CHECK(cells == static_cast<std::int64_t>(tables[0].cases()));
    }
  // The difference of the arms is that of their means, tested over subjects; one family of tests per set.
  std::size_t tests = 0;
  for (const auto& t : r["tests"]) {
    if (t["set"] != "test") continue;
    ++tests;
    const double first = r["arms"][t["first"].get<std::string>()]["test"]["auc_roc"]["value"],
                 second = r["arms"][t["second"].get<std::string>()]["test"]["auc_roc"]["value"];
    const auto& d = t["auc_roc"]["delong_clustered"];
    CHECK(d["difference"].get<double>() == Approx(first - second));
    CHECK(t["auc_roc"]["bootstrap"]["difference"].get<double>() == Approx(first - second));
    CHECK(t["holm_p"].get<double>() >= d["p"].get<double>());
  }
  CHECK(tests == 4);
  // Each classifier is held against the better of density as its own maps and as the real ones teach it.
  for (const auto& a : arms)
    for (const char* set : {"test", "expert"}) {
      const auto& base = r["baseline_density"][a.name][set];
      CHECK(base["best"]["auc_roc"]["value"].get<double>() >= base["auc_roc"]["value"].get<double>());
      const auto& low = base["best"]["classifier_minus_density"]["low"];
      CHECK(base["classifier_beats_density"] == (low.is_null() ? nlohmann::json() : nlohmann::json(low > 0)));
    }
  CHECK(r["arms"]["synthetic"]["test"]["auc_roc"]["value"].get<double>() <
        r["arms"]["real"]["test"]["auc_roc"]["value"].get<double>());
  CHECK(r["baseline_density"]["real"]["test"]["auc_roc"]["value"].get<double>() > 0.4);
  CHECK(r["maps"]["copier"]["pixel_sd_ratio"].get<double>() == Approx(1).margin(0.3));

  // What was found is said with its population; what the copier and the exact maps mean is said.
  const std::string said = findings_in(study);
  CHECK(contains(said, "(population: enriched)"));
  CHECK(contains(said, "weighted back to natural prevalence"));
  CHECK(contains(said, "AUC-ROC of real_exact minus real"));
  CHECK(contains(said, "what segmentation costs"));
  CHECK(contains(said, "does not beat a machine that copies"));
  CHECK(contains(said, "bar: at least 0.80"));
  // Too few subjects to be sure, and resamples that say nothing, are said; above everything else.
  CHECK(contains(said, "Only 20 subjects in the test set: intervals and p-values are rough below 50"));
  CHECK(contains(synthmed::read_file(study / "report.html"), "Only 4 subjects in the expert set"));
  CHECK(r["findings"][0].get<std::string>().starts_with("Only "));
  const auto& few = r["arms"]["real"]["expert"];
  const auto undefined = std::to_string(few["auc_roc"].value("undefined_resamples", 0));
  REQUIRE(undefined != "0");
  CHECK(contains(few["method"].get<std::string>(), undefined + " of them, with one class only, are left out"));
  CHECK(contains(synthmed::read_file(study / "report.html"),
                 undefined + " of 100 resamples of subjects held one class only"));

  SECTION("synthetic maps that teach the wrong direction make density no easier to beat; the bar they miss is named") {
    const auto found = [&](const look& how) {
      write_maps(study / "synthetic", made.synthetic, synthmed::key(7), how);
      const auto again = rop_study(at, command);
      INFO(again.err);
      REQUIRE(again.status == 0);
      return again.out;
    };
    auto out = found({.level = 200, .by_class = -40, .spread = 30});
    const auto base = json_of((study / "results.json").string())["baseline_density"];
    const double forward = base["real"]["test"]["auc_roc"]["value"];
    REQUIRE(forward > 0.5);
    CHECK(base["synthetic"]["test"]["auc_roc"]["value"].get<double>() == Approx(1 - forward));
    CHECK(base["synthetic"]["test"]["best"]["learned_from"] == "real");
    CHECK(base["synthetic"]["test"]["best"]["auc_roc"]["value"].get<double>() == Approx(forward));
    CHECK(base["real"]["test"]["best"]["learned_from"] == "real");
    CHECK(contains(out, ", and from the real arm's, "));
    CHECK(contains(out, "the bar of brightness is missed."));
    CHECK_FALSE(contains(out, "collapsed"));
    out = found({.spread = 0, .noise = 0});
    CHECK(contains(out, "variety"));
    CHECK(contains(out, "as by generators that have collapsed"));
  }
  SECTION("over one's own pictures nothing speaks of a phantom, and what was segmented is said") {
    const auto page_of = [&] {
      const auto again = rop_study(at, command);
      INFO(again.err);
      REQUIRE(again.status == 0);
      return synthmed::read_file(study / "report.html");
    };
    const auto replaced = [&](const fs::path& file, const std::string& from, const std::string& to) {
      auto text = synthmed::read_file(file);
      for (auto i = text.find(from); i != std::string::npos; i = text.find(from, i + to.size()))
        text.replace(i, from.size(), to);
      synthmed::write_file(file, text);
    };
    write_audit(study, "synthetic", false);
    write_audit(study, "fresh_phantom", false);
    auto page = page_of();
    CHECK(contains(page, "came with the data; nothing was segmented here"));
    CHECK_FALSE(contains(page, "what the segmenter made of the photograph"));
    CHECK(contains(page, "natural prevalence</th>"));
    CHECK(contains(page, "the fresh phantom must not"));
    fs::remove_all(study / "privacy/fresh_phantom");
    for (const char* set : {"rvm", "data"}) replaced(study / set / "manifest.csv", "weight", "other");
    replaced(study / "data/manifest.csv", ",rvm,maps", ",fundus,maps");
    replaced(study / "study.json", "\"phantom\": true", "\"phantom\": false");
    replaced(study / "study.json", "\"gan.seeds\"", "\"unet.weights\": \"w.safetensors\", \"gan.seeds\"");
    // A classifier that never says plus: an interval of a rate at its limit would bound nothing.
    for (const char* seed : {"seed_1", "seed_2"})
      replaced(study / "cnn/copier" / seed / "probabilities_test.csv", ",plus,0", ",normal,0");
    page = page_of();
    CHECK(contains(page, "Segmented with the weights w.safetensors; no test photograph has a drawn map"));
    CHECK_FALSE(contains(page, "natural prevalence</th>"));
    CHECK_FALSE(contains(page, "fresh phantom must not"));
    CHECK_FALSE(contains(page, "simulated graders"));
    CHECK(contains(page, "<td>0.000 (no interval)</td>"));
    CHECK_FALSE(contains(page, "0.000 (0.000 to 0.000)"));
    CHECK_FALSE(contains(page, "-0.000"));
  }

  SECTION("again, the same but for what may vary") {
    const auto first = r;
    REQUIRE(rop_study(at, command).status == 0);
    auto second = json_of((study / "results.json").string()), once = first;
    for (auto* j : {&once, &second}) {
      j->erase("timing");
      j->erase("memory");
      (*j)["provenance"].erase("run");
    }
    CHECK(once.dump() == second.dump());
  }
  SECTION("the study's own files have its columns and numbers") {
    const auto t = synthmed::read_csv(study / "study_files" / "real_test_data_probabilities.csv");
    CHECK(t.header() == std::vector<std::string>{"image_path", "label", "prediction", "1", "2", "3"});
    CHECK(t.rows() == 60);
    const auto again = synthmed::read_predictions(t);
    const auto ours = synthmed::read_predictions(study / "cnn/real/seed_1/probabilities_test.csv");
    CHECK(again.probabilities == ours.probabilities);
    CHECK(again.truth == ours.truth);
    CHECK(fs::exists(study / "study_files" / "synthetic_set_100_probabilities.csv"));
    CHECK(synthmed::read_csv(study / "study_files" / "train_locations.csv").rows() == 36);
  }
  SECTION("what is wrong is named") {
    const auto refused = [&](const std::string& part) {
      const auto bad = rop_study(at, command);
      CHECK(bad.status == 2);
      INFO(bad.err);
      CHECK(contains(bad.err, part));
    };
    const fs::path table = study / "cnn/synthetic/seed_2/probabilities_test.csv";
    const auto whole = synthmed::read_file(table);
    synthmed::write_file(table, whole.substr(0, whole.rfind('\n', whole.size() - 2) + 1));
    refused("holds 59 cases");
    fs::remove(table);
    refused("There is no file " + table.string());
    synthmed::write_file(table, whole);
    synthmed::write_file(study / "study.json", "{\"format\":");
    refused("is no JSON that can be read");
    fs::remove(study / "study.json");
    refused("study.json");
  }
  SECTION("a release needs an audit that does not flag, or so many words") {
    const std::string release = "release '" + study.string() + "' --out '" + (at / "shared") + "'";
    auto bad = rop_study(at, release);
    CHECK(bad.status == 2);
    CHECK(contains(bad.err, "was not audited"));
    const auto audit = [&](bool flagged) {
      write_audit(study, "synthetic", flagged);
      REQUIRE(rop_study(at, command).status == 0);
    };
    audit(true);
    bad = rop_study(at, release);
    CHECK(bad.status == 2);
    CHECK(contains(bad.err, "flags this set"));
    CHECK(rop_study(at, release + " --anyway yes").status == 2);
    CHECK_FALSE(fs::exists(at / "shared"));
    CHECK(rop_study(at, release + " --anyway 'I know that the audit flagged this set'").status == 0);
    CHECK(contains(synthmed::read_file(at / "shared/README.md"), "FLAGGED"));
    fs::remove_all(at / "shared");
    audit(false);
    CHECK(contains(findings_in(study),
                   "Privacy audit, synthetic: not flagged; an attack with an AUC below 0.700 would probably have been "
                   "missed."));
    const auto released = rop_study(at, release);
    REQUIRE(released.status == 0);
    CHECK(contains(released.out, "not flagged; an attack with an AUC below 0.700 would probably have been missed"));
    const auto packed = synthmed::read_manifest(at / "shared/manifest.csv");
    CHECK(packed.records.size() == 36);
    const auto card = synthmed::read_file(at / "shared/README.md");
    for (const char* part :
         {"no clinical evidence", "Preset smoke: every stage runs, none long enough to mean anything",
          "Only 20 subjects in the test set", "times as much as real ones (bar: at least 0.80)", "60 real maps (",
          " of 20 other subjects", "an attack with an AUC below 0.700 would probably have been missed"}) {
      INFO(part);
      CHECK(contains(card, part));
    }
    CHECK_FALSE(contains(synthmed::read_file(at / "shared/audit.json"), "rvm/maps"));  // no name of a training record
    CHECK(std::system(("cd '" + (at / "shared") + "' && sha256sum --quiet -c SHA256SUMS").c_str()) == 0);
    CHECK(rop_study(at, release).status == 2);  // never over an old one
    bad = rop_study(at, "release '" + (at / "shared") + "' --out '" + (at / "more") + "'");
    CHECK(bad.status == 2);
    CHECK(contains(bad.err, "holds no study; name the folder that rop_study all --out wrote"));
    fs::remove(study / "results.json");
    bad = rop_study(at, "release '" + study.string() + "' --out '" + (at / "more") + "'");
    CHECK(contains(bad.err, "is not finished; go on with rop_study all --resume"));
  }
}

TEST_CASE("a weighted AUC is that of weighted pairs") {
  const std::vector<double> scores{.1, .4, .4, .35, .8, .8, .2};
  const std::vector<int> labels{0, 0, 1, 1, 1, 0, 0};
  const std::vector<double> ones(scores.size(), 1), thirds(scores.size(), 1.0 / 3);
  CHECK(synthmed::weighted_ranking(scores, labels, ones).auc({}) == Approx(synthmed::auc(scores, labels)));
  CHECK(synthmed::weighted_ranking(scores, labels, thirds).auc({}) == Approx(synthmed::auc(scores, labels)));
  CHECK(synthmed::weighted_ranking(scores, labels, thirds).effective_size() == Approx(7));
  // A weight of k is a case that occurs k times, and so is a multiplicity.
  const std::vector<double> weights{2, 1, 3, 1, 2, 1, 0};
  std::vector<double> repeated;
  std::vector<int> repeated_labels;
  std::vector<std::uint32_t> times;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    times.push_back(static_cast<std::uint32_t>(weights[i]));
    for (int k = 0; k < static_cast<int>(weights[i]); ++k) {
      repeated.push_back(scores[i]);
      repeated_labels.push_back(labels[i]);
    }
  }
  const double expected = synthmed::auc(repeated, repeated_labels);
  CHECK(synthmed::weighted_ranking(scores, labels, weights).auc({}) == Approx(expected));
  CHECK(synthmed::weighted_ranking(scores, labels, ones).auc(times) == Approx(expected));
  CHECK(expected != Approx(synthmed::auc(scores, labels)));
  const std::vector<double> negative{1, 1, 1, 1, 1, -1, 1}, none{1, 1, 0, 0, 0, 1, 1};
  CHECK_THROWS_AS(synthmed::weighted_ranking(scores, labels, negative), synthmed::argument_error);
  CHECK_THROWS_AS(synthmed::weighted_ranking(scores, labels, none), synthmed::argument_error);
  CHECK_THROWS_AS(synthmed::weighted_ranking(scores, labels, std::vector<double>(3, 1)), synthmed::argument_error);
  const std::vector<std::uint32_t> no_positive{1, 1, 0, 0, 0, 1, 1};
  CHECK(std::isnan(synthmed::weighted_ranking(scores, labels, ones).auc(no_positive)));
}

TEST_CASE("the report opens in a browser without an error, with its figures, and needs no network") {
  const workplace at("study_page");
  const fs::path study = at / "study";
  write_study(study);
  REQUIRE(rop_study(at, "report --threads 1 --out '" + study.string() + "'").status == 0);
  const auto page = synthmed::read_file(study / "report.html");
  CHECK(contains(page, "no clinical evidence"));
  CHECK(contains(page, "data &lt;b&gt;"));
  CHECK(contains(page, "y &amp; z"));
  for (const char* outside : {"src=\"http", "href=\"http", "url(http", "@import", "fetch(", "<link"})
    CHECK_FALSE(contains(page, outside));
  // Every picture has words, every table a caption, every link of the page a target.
  CHECK(count(page, "<img ") == count(page, "<img alt=\""));
  CHECK_FALSE(contains(page, "<img alt=\"\""));
  CHECK(count(page, "<table>") == count(page, "<caption><span>"));
  CHECK(count(page, "<figure>") == count(page, "<figcaption>"));
  CHECK(count(page, "<main ") == 1);
  CHECK(count(page, "<h1>") == 1);
  // For keyboard and screen reader: a language, a way past the contents, heads of tables that say what they head, boxes
  // that scroll are reached and named, and no heading leaves a level out.
  CHECK(contains(page, "<html lang=\"en\">"));
  CHECK(contains(page, "<a class=\"skip\" href=\"#main\">"));
  CHECK(contains(page, "prefers-reduced-motion"));
  CHECK(contains(page, "thead,tbody tr:first-child{break-after:avoid}"));  // no head of a table alone on a printed page
  CHECK(contains(page, ":focus-visible"));
  CHECK(count(page, "<th") == count(page, "<th scope=\"") + count(page, "<thead>"));
  CHECK(count(page, "class=\"wide\"") ==
        count(page, "class=\"wide\" role=\"group\" tabindex=\"0\" aria-label=\"Table: "));
  CHECK(count(page, "<svg ") == count(page, "role=\"img\" aria-labelledby=") +
                                    count(page, "<svg class=\"synthmed-plot\" aria-hidden=\"true\""));
  // Training in the order of the classes, after what they start from; no box for a set without a mark.
  std::size_t before = 0;
  for (const char* run : {"warm-up", "normal", "pre-plus", "plus"}) {
    const auto place = page.find(sentence("Losses and scores of the adversarial training, ", run, "."));
    REQUIRE(place != std::string::npos);
    CHECK(place > before);
    before = place;
  }
  CHECK(contains(page, "</svg> synthetic</label>"));
  CHECK_FALSE(contains(page, "real, held out</label>"));
  CHECK(contains(page, "The same in numbers"));  // the map, for whom a picture says nothing
  CHECK(contains(page, "role=\"application\" aria-label=\"UMAP of real and synthetic vessel maps: use the arrow keys"));
  int level = 0;
  for (auto from = page.find("<h"); from != std::string::npos; from = page.find("<h", from + 1)) {
    const char digit = page[from + 2];
    if (digit < '1' || digit > '6') continue;
    INFO(page.substr(from, 80));
    CHECK(digit - '0' <= level + 1);
    level = digit - '0';
  }
  for (auto from = page.find("href=\"#"); from != std::string::npos; from = page.find("href=\"#", from + 1)) {
    const auto name = page.substr(from + 7, page.find('"', from + 7) - from - 7);
    INFO(name);
    CHECK(contains(page, "id=\"" + name + "\""));
  }
  if (std::string(CHROMIUM).empty()) {
    WARN("skipped: chromium is not installed (apt-get install --no-install-recommends chromium)");
    return;
  }
  // The check itself must see an error where there is one.
  synthmed::write_file(at / "broken.html", "<!DOCTYPE html><title>x</title><script>undefinedFunction();</script>");
  CHECK(contains(browse(at, at / "broken.html").console, "undefinedFunction"));
  const auto seen = browse(at, (study / "report.html").string());
  CHECK(seen.console == "");
  CHECK(contains(seen.document, "data-ready=\"true\""));  // the explorer's script ran
  CHECK(count(seen.document, "<figure>") >= 15);
  CHECK(count(seen.document, "data-n=\"") == 72);  // a mark for every point

  // By keyboard, in light and in dark, on a phone.
  for (const bool dark : {false, true}) {
    INFO((dark ? "dark" : "light"));
    const auto told = probed(at, page, dark ? "--blink-settings=preferredColorScheme=0" : "");
    INFO(told.dump());
    CHECK(told["focused"] == true);
    CHECK(contains(told["said"][0].get<std::string>(), "arrow keys"));
    CHECK(contains(told["said"][1].get<std::string>(), "train"));  // a name with its set and class
    CHECK(told["said"][1] != told["said"][2]);
    CHECK(told["said"][2] != told["said"][3]);
    CHECK(contains(told["picture"].get<std::string>(), "Picture of "));
    CHECK(told["hidden"].get<int>() > 0);
    CHECK((told["paper"][0].get<int>() < 128) == dark);
    CHECK(told["read"].get<int>() > 200);
    CHECK(told["contrast"].get<double>() >= 4.5);
    CHECK(told["width"].get<int>() > 300);
    CHECK(told["overflow"].get<int>() <= 0);
    CHECK(told["caption"].get<double>() <= 0.5);
  }
}

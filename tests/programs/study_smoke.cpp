// rop_study all, preset smoke: every stage runs and ends in a report; killed at several moments and continued, it finds
// the same; what does not fit is refused in a sentence.
#include "feature_program.hpp"

#include <chrono>
#include <csignal>
#include <thread>

#include <synthmed/data/manifest.hpp>
#include <synthmed/random/distributions.hpp>

using namespace synthmed_test;
namespace fs = std::filesystem;

namespace {

nlohmann::json lasting(const std::string& path) {
  auto j = json_of(path);
  j.erase("timing");
  j.erase("memory");
  j["provenance"].erase("run");
  return j;
}

/// Starts `rop_study all` and ends it with SIGKILL after so many seconds. True where it was done before.
bool killed_after(const workplace& at, const std::string& arguments, double seconds) {
  const ::pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const std::string command =
        "exec " + std::string(ROP_STUDY) + " " + arguments + " >>'" + (at / "killed.log") + "' 2>&1";
    ::execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  int status = 0;
  while (std::chrono::steady_clock::now() < until) {
    if (::waitpid(child, &status, WNOHANG) == child) return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, &status, 0);
  return false;
}

}  // namespace

TEST_CASE("pictures that cannot carry a study are refused as soon as they are read; Ctrl-C ends with 130") {
  const workplace at("study_refused");
  REQUIRE(rop_study(
              at, "prepare --phantom smoke --phantom-images 60 --phantom-test 0 --no-photographs --threads 2 --out '" +
                      (at / "maps") + "'")
              .status == 0);
  const auto records = synthmed::read_manifest(at / "maps/manifest.csv").records;
  REQUIRE(records.size() >= 48);
  const char* const names[] = {"normal", "pre-plus", "plus"};
  /// Labels in turns, six maps of each class to train on; those of a class may be left out.
  const auto own = [&](int without, bool labels, std::size_t end = 48) {
    std::string text = labels ? "image,subject,split,label\n" : "image,subject,split\n";
    for (std::size_t i = 0; i < end; ++i)
      if (static_cast<int>(i % 3) != without)
        text += synthmed::sentence("maps/", records[i].image.string(), ",s", i, ",",
                                   i < 18   ? "train"
                                   : i < 33 ? "val"
                                            : "test",
                                   labels ? "," : "", labels ? names[i % 3] : "", "\n");
    synthmed::write_file(at / "own.csv", text);
    return "all --preset smoke --kind rvm --images '" + (at / "own.csv") + "' --out '" + (at / "mine") + "'";
  };
  const auto refused = [&](const std::string& arguments, const std::string& part) {
    const auto bad = rop_study(at, arguments);
    INFO(bad.err);
    CHECK(bad.status == 2);
    CHECK(contains(bad.err, part));
    CHECK_FALSE(fs::exists(at / "mine/rvm"));
  };
  refused(own(1, true), "has no pictures of class pre-plus; the study compares normal, pre-plus and plus");
  refused(own(3, false), "gives no picture a label");
  refused(own(3, true), "needs at least 8 pictures of class normal, a batch of its generator, and has 6");
  refused(own(3, true), "--gan=\"--batch 6\"");
  refused(own(3, true, 36) + " --gan='--batch 6'", "The test split of");  // three pictures
  refused(own(3, true, 36) + " --gan='--batch 6'", "needs at least 6 pictures, so that each has neighbours");
  refused(own(3, true) + " --gan='--batch 7'", "needs at least 7 pictures of class normal");

  const std::string smaller = own(3, true) + " --gan='--batch 6'";
  const ::pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const std::string command = "exec " + std::string(ROP_STUDY) + " " + smaller + " >>'" + (at / "log") + "' 2>&1";
    ::execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  while (!fs::exists(at / "mine/stages/segment.json") && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CHECK(fs::exists(at / "mine/stages/segment.json"));
  ::kill(child, SIGINT);
  int status = 0;
  ::waitpid(child, &status, 0);
  INFO(synthmed::read_file(at / "log"));
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 130);
  const auto other = rop_study(at, own(3, true) + " --gan='--batch 5' --resume");
  CHECK(other.status == 2);
  CHECK(contains(other.err, "options/gan: \"--batch 6\" there, \"--batch 5\" here"));
}

TEST_CASE("the smoke study runs through every stage, and kills change nothing that it finds") {
  const workplace at("study_smoke");
  // Two generators per class: what reads the maps of the second must wait for them.
  const std::string whole = "all --preset smoke --gan-seeds 2 --threads 2 --out '" + (at / "whole") + "'";
  const auto began = std::chrono::steady_clock::now();
  const auto run = rop_study(at, whole);
  INFO(run.err);
  REQUIRE(run.status == 0);
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  CHECK(contains(run.out, "report: "));
  CHECK(fs::exists(at / "whole/report.html"));
  const auto results = json_of(at / "whole/results.json");
  CHECK(results["preset"] == "smoke");
  for (const char* arm : {"real", "synthetic", "synthetic_gan_2", "real_plus_synthetic", "fresh_phantom", "copier",
                          "real_exact"})
    for (const char* set : {"test", "expert"}) {
      INFO(arm << " " << set);
      const auto& figure = results["arms"][arm][set]["auc_roc"];
      REQUIRE(figure["value"].is_number());
      CHECK(figure["per_seed"].size() == 2);
      CHECK(figure["population"] == "enriched");
      CHECK(results["arms"][arm][set]["auc_roc_natural"]["value"].is_number());
      CHECK(results["baseline_density"][arm][set]["auc_roc"]["value"].is_number());
    }
  for (const char* c : {"normal", "pre-plus", "plus"}) {
    const auto& one = results["fidelity"]["synthetic"]["by_class"][c];
    CHECK(one["class"] == c);
    CHECK(one["frechet"]["value"].is_number());
    CHECK(results["maps"]["synthetic"]["by_class"][c]["brightness_ratio"].is_number());
  }
  // The exact arm is judged on exact maps: its tables name the photographs' folder, its mean brightness is another.
  CHECK(results["arms"]["real_exact"]["training"]["maps"] == results["arms"]["real"]["training"]["maps"]);
  CHECK(results["baseline_density"]["real_exact"]["test"]["auc_roc"]["value"] !=
        results["baseline_density"]["real"]["test"]["auc_roc"]["value"]);
  CHECK(results["segmentation"]["auc_roc"].get<double>() > 0.5);
  CHECK(results["segmentation"]["f1"].is_number());
  for (const char* set : {"synthetic", "fresh_phantom", "copier"}) {
    CHECK(results["privacy"][set]["flagged"].is_boolean());
    CHECK(results["fidelity"][set]["frechet"]["value"].is_number());
  }
  CHECK(results["timing"]["total_seconds"].get<double>() > 0);
  CHECK(results["memory"]["peak_mib"].get<double>() > 1);
  CHECK(results["deviations"].size() > 5);

  // Done is done: a second time nothing runs but the report.
  const auto again = rop_study(at, whole + " --resume");
  CHECK(again.status == 0);
  CHECK_FALSE(contains(again.err, "done in"));
  CHECK(lasting(at / "whole/results.json") == [&] {
    auto j = results;
    j.erase("timing");
    j.erase("memory");
    j["provenance"].erase("run");
    return j;
  }());

  // Other settings, another folder, a second process: refused, and nothing is touched.
  const auto refused = [&](const std::string& arguments, const std::string& part) {
    const auto bad = rop_study(at, arguments);
    INFO(bad.err);
    CHECK(bad.status == 2);
    CHECK(contains(bad.err, part));
  };
  refused(whole, "is there already; go on with --resume");
  refused(whole + " --resume --seed 7", "was begun with other settings (study.json: seed: 1337 there, 7 here)");
  refused("all --preset tiny --out '" + (at / "no") + "'", "There is no preset \"tiny\"");
  refused("all --preset smoke --resume --out '" + (at / "whole/data") + "'", "holds no study to resume");
  refused("all --preset smoke --images '" + (at / "nowhere") + "' --out '" + (at / "no") + "'",
          "There is no file or folder");
  refused("prepare --phantom smoke --phantom-images 0 --out '" + (at / "no") + "'",
          "--phantom-images is a number of images");
  refused("prepare --phantom smoke --phantom-stream T --out '" + (at / "no") + "'",
          "--phantom-stream is one or more capital letters");
  refused("arm select --data '" + (at / "whole/rvm") + "' --splits nosuch --out '" + (at / "no") + "'", "No map of");
  refused("all --preset smoke --validation both --out '" + (at / "no") + "'", "--validation is subject");
  refused("all --preset smoke --init '" + (at / "whole/study.json") + "' --out '" + (at / "no") + "'",
          "--init holds ResNet-18's weights");
  refused("all --preset smoke --inception '" + (at / "whole") + "' --out '" + (at / "no") + "'",
          "names a file of weights");
  const std::string quickly = "all --out '" + (at / "no") + "' --preset smoke ";
  refused(quickly + "--inception '" + (at / "whole/study.json") + "'", "study.json");
  refused(quickly + "--unet '" + (at / "whole/study.json") + "'", "study.json");
  refused("all --preset study --out '" + (at / "no") + "' --init '" + (at / "whole/unet/unet.safetensors") + "'",
          "holds no ResNet-18");
  refused(quickly + "--device tpu", "There is no device \"tpu\"");
  refused(quickly + "--backend jax", "There is no backend \"jax\"");
  refused(quickly + "--device cuda", "computes on the CPU");
  refused("fid '" + (at / "whole/umap/embedding.csv") + "' '" + (at / "whole/umap/embedding.csv") +
              "' --by-class --out '" + (at / "no") + "'",
          "--by-class needs a class");

  // A dry run says time, memory and disk per stage and in all, and each deviation; the published way is an option.
  const auto dry = rop_study(
      at,
      "all --preset quick --dry-run --validation study --gan='--warm-up none' --prepare='--frame \"two words\"' --out '" +
          (at / "no") + "'");
  CHECK(dry.status == 0);
  for (const char* part : {"cnn-real_exact-1", "MiB", "all, side by side", "measured on 2 cores",
                           "--validate synthetic", "--warm-up none", "--frame 'two words'", "flags.gan",
                           "data.population", "--validation"})
    CHECK(contains(dry.out, part));
  const auto published = rop_study(at, "all --preset study --dry-run --out '" + (at / "no") + "'");
  CHECK(contains(published.out, "--recipe seed"));
  CHECK_FALSE(contains(published.out, "cnn.selection"));
  CHECK_FALSE(contains(published.out, "cnn.validation"));
  CHECK_FALSE(fs::exists(at / "no"));

  // Own pictures that cannot carry a study are refused after they are read, before anything is trained; then the folder
  // may be begun anew.
  const auto own = [&](const std::string& lines) {
    synthmed::write_file(at / "own.csv", "image,label,subject,split,kind\n" + lines);
    return "all --preset smoke --kind rvm --images '" + (at / "own.csv") + "' --out '" + (at / "mine") + "'";
  };
  std::string lines;
  for (const auto& r : synthmed::read_manifest(at / "whole/rvm/manifest.csv").records)
    if (r.label != 2)
      lines += "whole/rvm/" + r.image.string() + (r.label == 1 ? ",pre-plus," : ",normal,") + r.subject + "," +
               r.split + ",rvm\n";
  refused(own(lines), "has no pictures of class plus");
  refused(own("whole/rvm/nothing.png,plus,s1,train,rvm\n"), "nothing.png");
  CHECK_FALSE(fs::exists(at / "mine/gan"));

  const std::string killed = "all --preset smoke --gan-seeds 2 --threads 2 --out '" + (at / "killed") + "'";
  synthmed::random_stream draw(
      synthmed::key(static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count())));
  bool done = false;
  for (int kill = 0; kill < 10 && !done; ++kill) {
    const double seconds = draw.uniform(0.02, 0.25) * took;
    INFO("kill " << kill << " after " << seconds << " s");
    done = killed_after(at, killed + (fs::exists(at / "killed/study.json") ? " --resume" : ""), seconds);
  }
  const auto rest = rop_study(at, killed + " --resume");
  INFO(rest.err);
  REQUIRE(rest.status == 0);
  CHECK(lasting(at / "killed/results.json").dump() == lasting(at / "whole/results.json").dump());
}

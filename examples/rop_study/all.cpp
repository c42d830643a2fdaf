// rop_study all: the study end to end, each stage a child process; killed at any moment, it goes on where it was.
#include <cstdio>
#include <memory>
#include <set>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <synthmed/error.hpp>
#include <synthmed/io/file.hpp>
#include <synthmed/io/safetensors.hpp>

#include "command.hpp"
#include "feature_input.hpp"
#include "report.hpp"
#include "results.hpp"
#include "segment.hpp"
#include "study_costs.hpp"
#include "study_plan.hpp"
#include "training.hpp"

namespace rop_study {

namespace {

namespace fs = std::filesystem;
using synthmed::argument_error;
using synthmed::sentence;

struct all_options {
  common_options common;
  study_request request;
  bool resume = false;
};

int cores_of(const all_options& o) { return o.common.threads > 0 ? o.common.threads : 2; }

void show_plan(const all_options& o, const study_settings& settings, const std::vector<stage>& plan) {
  const int cores = cores_of(o);
  std::printf("%s, seed %llu, backend %s on %s, %d core%s: %zu stages\n\n%s\nCommands, in the folder %s:\n",
              settings.data.c_str(), static_cast<unsigned long long>(settings.seed), settings.backend.c_str(),
              settings.device.c_str(), cores, cores == 1 ? "" : "s", plan.size(),
              to_text(estimate_study(settings.preset, settings.phantom, plan, cores)).c_str(), o.common.out.c_str());
  for (const auto& s : plan) {
    const std::string line = sentence("  ", s.name, std::string(s.name.size() < 28 ? 28 - s.name.size() : 1, ' '),
                                      "rop_study ", one_line(s.arguments));
    std::printf("%s\n", line.c_str());
  }
  std::printf("\nDeviations from the published protocol:\n");
  for (const auto& d : settings.deviations)
    std::printf("  %-22s %s (published: %s)\n", d.option.c_str(), d.here.c_str(), d.published.c_str());
}

/// What a late stage would stumble over is said before the first begins: a backend that is not there, weights that
/// cannot be read.
void check_tools(const all_options& o) {
  training_options training;
  training.common = o.common;
  training.common.threads = 0;
  training.preset_name = o.request.preset;
  training.backend = o.request.backend;
  training.device = o.request.device;
  apply(training);
#ifdef ROP_STUDY_TRAINS
  if (!o.request.unet.empty()) require_unet(o.request.unet);
#endif
  if (!o.request.init.empty()) {
    const auto weights = synthmed::safetensors::read(o.request.init);
    if (!weights.contains("conv1.weight") || !weights.contains("layer4.1.conv2.weight"))
      throw synthmed::format_error(
          sentence(o.request.init.string(),
                   " holds no ResNet-18: it lacks conv1.weight or layer4.1.conv2.weight (docs/weights.md)."));
  }
  if (!o.request.inception.empty()) {
    feature_settings features;
    features.inception = o.request.inception;
    open_inception(features);
  }
}

/// What two settings of a study differ in, as "gan: \"\" there, \"--batch 4\" here"; deviations follow from the rest.
std::string differences(const fs::path& there, const std::string& here) {
  auto before = read_json(there), now = nlohmann::ordered_json::parse(here);
  for (auto* j : {&before, &now}) {
    j->erase("deviations");
    *j = j->flatten();
  }
  std::set<std::string> names;
  for (const auto* j : {&before, &now})
    for (const auto& [name, value] : j->items()) names.insert(name);
  std::string out;
  const auto shown = [](const nlohmann::ordered_json& j, const std::string& name) {
    return j.contains(name) ? j[name].dump() : std::string("nothing");
  };
  for (const auto& name : names)
    if (const auto one = shown(before, name), other = shown(now, name); one != other)
      out += sentence(out.empty() ? "" : "; ", name.substr(1), ": ", one, " there, ", other, " here");
  return out;
}

void run(all_options& o) {
  o.request.seed = o.common.seed;
  const auto settings = settings_of(o.request);
  const auto plan = plan_of(o.request, settings);
  check_tools(o);
  if (o.common.dry_run) return show_plan(o, settings, plan);
  const fs::path study = o.common.out;
  const bool there = fs::exists(study) && !(fs::is_directory(study) && fs::is_empty(study));
  if (there && !fs::exists(study / "study.json"))
    throw argument_error(sentence(
        study.string(), o.resume ? " holds no study to resume (no study.json)" : " is there already and holds no study",
        "; choose another --out."));
  synthmed::make_folder(study);
  const study_lock lock(study);
  // A study whose first stage did not end holds nothing worth keeping: it may begin anew, with other settings too.
  const bool begun = there && !read_stages(study).empty();
  const std::string wanted = settings_text(settings);
  if (begun && !o.resume)
    throw argument_error(sentence(study.string(), " is there already; go on with --resume, or choose another --out."));
  if (begun && synthmed::read_file(study / "study.json") != wanted)
    throw argument_error(sentence(
        study.string(), " was begun with other settings (study.json: ", differences(study / "study.json", wanted),
        "); give the same flags, or choose another --out."));
  if (!begun) {
    if (there && synthmed::read_file(study / "study.json") != wanted)
      fs::remove_all(study / "data.partial");  // of the other settings
    synthmed::write_file(study / "study.json", wanted);
  }

  std::error_code failed;
  const fs::path program = fs::read_symlink("/proc/self/exe", failed);
  if (failed) throw synthmed::io_error(sentence("This program's file cannot be found: ", failed.message(), "."));
  const auto say = [](const std::string& line) {
    std::fprintf(stderr, "%s\n", line.c_str());
    std::fflush(stderr);
  };
  bool whole = false;
  try {
    whole = run_stages(study, plan, {.program = program, .cores = cores_of(o), .say = say});
  } catch (const synthmed::error& problem) {
    const std::string text = problem.what();
    if (o.request.images.empty() || !text.starts_with("The stage prepare ")) throw;
    throw synthmed::error(text +
                          "\nHow your pictures are read is said by prepare's flags, handed on as --prepare=\"--pattern "
                          "...\" (docs/data.md, rop_study prepare --help).");
  }
  if (!whole) {
    say(sentence("stopped; go on with --resume --out ", study.string()));
    throw CLI::RuntimeError(130);
  }
  const auto results = write_report(study);
  for (const auto& line : results["findings"]) std::printf("%s\n", line.get<std::string>().c_str());
  std::printf("%.0f s in all stages, at most %.0f MiB at once\nreport: %s\n",
              results["timing"]["total_seconds"].get<double>(), results["memory"]["peak_mib"].get<double>(),
              (study / "report.html").c_str());
}

}  // namespace

void add_all(CLI::App& app) {
  auto* const command = app.add_subcommand("all", "The study end to end, from pictures to the report");
  const auto options = std::make_shared<all_options>();
  auto& o = *options;
  o.common.out = "study";
  add_common(*command, o.common);
  command->get_option("--threads")
      ->description(
          "Cores that stages may keep busy (default: 2); with 1 they run one by one, but some still use two threads: a "
          "stage's threads are part of what it finds");
  command->add_option("--preset", o.request.preset, "Size of the study: smoke, quick, demo or study")
      ->capture_default_str();
  command->add_option("--backend", o.request.backend, "What computes: xtensor or torch")->capture_default_str();
  command->add_option("--device", o.request.device, "Where: cpu, cuda or cuda:N (torch)")->capture_default_str();
  command->add_option("--images", o.request.images,
                      "Own pictures in place of the phantom: a folder or a manifest.csv (docs/data.md)");
  command->add_option("--kind", o.request.kind, "What own pictures are: fundus (photographs) or rvm (vessel maps)")
      ->capture_default_str();
  const auto handed_on = [&](const char* flag, std::vector<std::string>& words, const char* description) {
    command
        ->add_option_function<std::vector<std::string>>(
            flag,
            [&words](const std::vector<std::string>& given) {
              for (const auto& line : given)
                for (auto& word : CLI::detail::split_up(line)) words.push_back(std::move(word));
            },
            description)
        ->allow_extra_args(false);
  };
  handed_on("--prepare", o.request.prepare_flags,
            "Flags for prepare, as --prepare=\"--layout drive\", quoted again where they hold a space; they go before the "
            "preset's");
  handed_on("--segment", o.request.segment_flags, "Flags for segment, as --segment=\"--train-steps 800\"");
  handed_on("--gan", o.request.gan_flags, "Flags for gan, as --gan=\"--warm-up none\"");
  handed_on("--classify", o.request.classify_flags, "Flags for classify, as --classify=\"--keep last\"");
  command->add_option("--validation", o.request.validation,
                      "subject: all arms choose their best step on the same real maps; study: the synthetic arm on "
                      "synthetic ones (default: subject; preset study: study)");
  command->add_option("--unet", o.request.unet, "Weights of a segmenter in place of training one");
  command->add_option("--init", o.request.init, "Initial weights of the classifiers (resnet18.safetensors)");
  command->add_option("--inception", o.request.inception, "Inception weights: fidelity then is FID");
  command->add_option("--gan-seeds", o.request.gan_seeds, "Generators trained per class (default: the preset's)");
  command->add_option("--cnn-seeds", o.request.cnn_seeds, "Classifiers trained per arm (default: the preset's)");
  command->add_flag("--resume", o.resume, "Go on where a study in --out was");
  command->footer(
      "Example:\n  rop_study all --preset quick --out study-quick\nWrites OUT/report.html and OUT/results.json; "
      "docs/study.md walks through the folder.");
  command->callback([options] { run(*options); });
}

}  // namespace rop_study

// Presets of a study: what is run with which flags, and what of it differs from the published protocol.
#include "study_plan.hpp"

#include <array>

#include <synthmed/error.hpp>

namespace rop_study {

namespace fs = std::filesystem;
using synthmed::argument_error;
using synthmed::sentence;

namespace {

constexpr std::array<const char*, 3> classes{"normal", "pre-plus", "plus"};

/// What the presets differ in beside what each subcommand makes of --preset.
struct preset_facts {
  std::vector<std::string> prepare;  ///< the phantom's flags
  std::string expert;                ///< pictures per class of the expert set
  int gan_seeds = 1, cnn_seeds = 3;
  std::size_t replicates = 2000;
  std::string map_neighbours = "15";
  std::string population;
};

preset_facts facts_of(const std::string& preset) {
  const std::string enriched = "enriched phantom: severity uniform, so that all classes are frequent and many eyes lie next to a cut";
  if (preset == "smoke")
    return {{"--phantom-images", "60", "--phantom-test", "60", "--photograph-size", "48"}, "6,6,6", 1, 2, 200, "5", enriched};
  if (preset == "quick") return {{"--photograph-size", "64"}, "30,20,20", 1, 3, 2000, "15", enriched};
  if (preset == "demo") return {{"--photograph-size", "128"}, "54,31,15", 3, 3, 2000, "15", enriched};
  if (preset == "study") return {{}, "54,31,15", 1, 3, 10000, "15", "phantom at natural prevalence"};
  throw argument_error(sentence("There is no preset \"", preset, "\"; the presets are smoke, quick, demo and study."));
}

map_set synthetic_set(int g) { return g == 1 ? map_set{"synthetic", "synthetic"} : map_set{sentence("synthetic_", g), sentence("synthetic_", g)}; }

std::vector<fs::path> joined_paths(std::vector<fs::path> a, const std::vector<fs::path>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::vector<deviation> deviations_of(const study_request& r, const preset_facts& f) {
  std::vector<deviation> out;
  const auto add = [&](const char* option, std::string published, std::string here, std::string why) {
    out.push_back({option, std::move(published), std::move(here), std::move(why)});
  };
  if (r.images.empty()) add("data", "5842 photographs of 963 infants (i-ROP)", "a phantom", "patients' pictures cannot be shared");
  const bool study = r.preset == "study";
  if (!study) {
    if (r.images.empty()) {
      add("data.population", "natural prevalence", "enriched", "natural prevalence needs thousands of pictures for enough plus disease");
      add("maps.frame", "640 x 480 squashed to 256 x 256, values below 51 set to 0", "a square around the disc, small, soft, left eyes mirrored", "what fits the time");
      add("unet.input", "whole photographs, 48 x 48 patches", "the square around the disc, at reduced size", "what fits the time");
    }
    add("gan.network", "eight scales to 512 px, 512 channels", "scales up to the maps' size, up to 64 channels", "what fits the time");
    add("gan.warm_up", "three GANs from random weights", "three GANs that start from one GAN of all classes", "steady pictures of every class in little time; a class's GAN then has seen training maps of the others");
    add("gan.values", "linear", "square root of the map", "quietens the background of soft maps");
    add("cnn.network", "ResNet-18, 224 px", "small residual network at the maps' size", "what fits the time");
    add("cnn.optimiser", "Adam 1e-3, at most 50 epochs, patience 10", "AdamW with a cosine, a fixed number of steps", "a stage ends by a count");
    add("cnn.selection", "accuracy, last epoch", "macro AUC, best step reloaded", "accuracy follows the commonest class; the best step was never reloaded");
    add("cnn.flip_averaging", "none", "over four flips", "steadier probabilities");
  } else {
    add("umap.profile", "R umap", "umap-learn's conventions", "R's curve fit is worse at min_dist .99");
  }
  if (r.init.empty()) add("cnn.initial_weights", "ImageNet", "random", "no weights were given (--init resnet18.safetensors)");
  if (r.inception.empty()) add("fidelity.features", "Inception-v3, pool3", "frechet[cnn-real]: penultimate features of the first real-trained classifier; not FID", "no weights were given (--inception FILE)");
  add("cnn.validation", "the synthetic arm validates on synthetic maps", "all arms validate on the same real maps", "otherwise arms differ in how they are chosen, too");
  add("seeds", "one training", sentence(f.gan_seeds, f.gan_seeds == 1 ? " GAN seed, " : " GAN seeds, ", f.cnn_seeds, " classifiers per arm"), "the published difference lies within what training again changes");
  add("arms", "real, synthetic", r.images.empty() ? "also real and synthetic together, fresh phantom, copying machine" : "also real and synthetic together, copying machine", "an upper bound and a positive control of the privacy audit");
  add("intervals", "images as independent", "subjects resampled", "images of one infant are alike");
  return out;
}

}  // namespace

study_settings settings_of(const study_request& r) {
  auto f = facts_of(r.preset);
  if (r.kind != "fundus" && r.kind != "rvm") throw argument_error(sentence("--kind is fundus or rvm, got \"", r.kind, "\"."));
  for (const auto& file : {r.images, r.unet, r.init, r.inception})
    if (std::error_code failed; !file.empty() && !fs::exists(file, failed))
      throw synthmed::io_error(sentence("There is no file or folder ", file.string(), "."));
  if (r.gan_seeds) f.gan_seeds = *r.gan_seeds;
  if (r.cnn_seeds) f.cnn_seeds = *r.cnn_seeds;
  if (f.gan_seeds < 1 || f.gan_seeds > 20 || f.cnn_seeds < 1 || f.cnn_seeds > 100)
    throw argument_error(sentence("--gan-seeds lies in 1 ... 20 and --cnn-seeds in 1 ... 100, got ", f.gan_seeds, " and ", f.cnn_seeds, "."));
  study_settings s;
  s.preset = r.preset;
  s.seed = r.seed;
  s.backend = r.backend;
  s.device = r.device;
  s.phantom = r.images.empty();
  s.data = s.phantom ? "phantom " + r.preset : r.images.string();
  s.population = s.phantom ? f.population : "own pictures, as they came";
  s.cnn_seeds.clear();
  for (int k = 1; k <= f.cnn_seeds; ++k) s.cnn_seeds.push_back(k);
  s.replicates = f.replicates;
  const map_set real{"rvm", "rvm"};
  s.arms = {{"real", "real maps", {real}}, {"synthetic", "synthetic maps", {synthetic_set(1)}}};
  for (int g = 2; g <= f.gan_seeds; ++g) s.arms.push_back({sentence("synthetic_gan_", g), sentence("synthetic maps of GAN seed ", g), {synthetic_set(g)}});
  s.arms.push_back({"real_plus_synthetic", "real and synthetic maps", {real, synthetic_set(1)}});
  if (s.phantom) s.arms.push_back({"fresh_phantom", "fresh phantom maps of other subjects", {{"fresh", "fresh"}}});
  s.arms.push_back({"copier", "copies of real maps", {{"copier", "copier"}}});
  s.deviations = deviations_of(r, f);
  s.options = {{"gan.seeds", f.gan_seeds}, {"cnn.seeds", f.cnn_seeds}, {"bootstrap.replicates", f.replicates}, {"equivalence.margin", s.margin},
               {"copier.degrees", 3}, {"copier.noise", 0.02}, {"expert.counts", s.phantom ? f.expert : "as the data say"}};
  for (const auto& [name, file] : {std::pair{"cnn.init", r.init}, {"unet.weights", r.unet}, {"fidelity.inception", r.inception}})
    s.options[name] = file.empty() ? "none" : file.string();
  std::string flags;
  for (const auto& word : s.phantom ? f.prepare : r.prepare_flags) flags += (flags.empty() ? "" : " ") + word;
  s.options["prepare"] = flags;
  return s;
}

std::vector<stage> plan_of(const study_request& r, const study_settings& s) {
  const auto f = facts_of(r.preset);
  const int gan_seeds = s.options.at("gan.seeds").get<int>();
  const std::string seed = std::to_string(s.seed);
  std::vector<stage> plan;
  const auto seeded = [&](std::vector<std::string> words, const fs::path& out, int threads) {
    for (const std::string& word : {std::string("--seed"), seed, std::string("--threads"), std::to_string(threads), std::string("--out"), out.generic_string()})
      words.push_back(word);
    return words;
  };
  const auto training = [&](std::vector<std::string> words, const fs::path& out, int threads) {
    for (const std::string& word : {std::string("--preset"), s.preset, std::string("--backend"), s.backend, std::string("--device"), s.device}) words.push_back(word);
    return seeded(std::move(words), out, threads);
  };
  const auto joined = [](std::vector<std::string> a, const std::vector<std::string>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  };

  std::vector<std::string> source;
  if (s.phantom)
    source = joined({"prepare", "--phantom", s.preset, "--expert", f.expert}, f.prepare);
  else
    source = joined({"prepare", "--images", fs::absolute(r.images).string(), "--kind", r.kind}, r.prepare_flags);
  plan.push_back({.name = "prepare", .arguments = seeded(source, "data", 2), .inputs = {}, .outputs = {"data/manifest.csv"}, .folders = {"data"}, .after = {}, .threads = 2, .resumes = false});

  // Real maps: segmented photographs, or maps that came as such.
  std::vector<fs::path> real{"rvm/manifest.csv"};
  const bool segmented = s.phantom || r.kind == "fundus";
  if (segmented) {
    std::vector<std::string> words{"segment", "--data", "data"};
    if (!r.unet.empty()) words = joined(words, {"--unet", fs::absolute(r.unet).string()});
    std::vector<fs::path> outputs{"rvm/manifest.csv", "rvm/segmentation.json"};
    if (r.unet.empty()) outputs.emplace_back("unet/unet.safetensors");
    plan.push_back({.name = "segment", .arguments = training(words, ".", 2), .inputs = {"data/manifest.csv"}, .outputs = outputs, .folders = {"unet", "rvm", "rvm.partial"}, .after = {"prepare"}, .threads = 2, .resumes = true});
    real = outputs;
  } else {
    plan.push_back({.name = "segment", .arguments = seeded({"arm", "select", "--data", "data"}, "rvm", 1), .inputs = {"data/manifest.csv"}, .outputs = real, .folders = {"rvm"}, .after = {"prepare"}, .threads = 1, .resumes = false});
  }
  const std::string unet = r.unet.empty() ? "unet/unet.safetensors" : fs::absolute(r.unet).string();

  // The generators are the longest stage: first in line.
  std::vector<fs::path> synthetic;
  for (int g = 1; g <= gan_seeds; ++g) {
    const fs::path folder = g == 1 ? fs::path("gan") : fs::path(sentence("gan_seed_", g)) / "gan";
    const std::string name = g == 1 ? std::string("gan") : sentence("gan-", g);
    std::vector<fs::path> generators;
    for (const char* c : classes) generators.push_back(folder / c / "generator.safetensors");
    auto words = training({"gan", "--data", "rvm"}, g == 1 ? fs::path(".") : folder.parent_path(), 2);
    for (auto& w : words)
      if (g > 1 && w == seed) w = std::to_string(s.seed + static_cast<std::uint64_t>(g) - 1);
    plan.push_back({.name = name, .arguments = words, .inputs = real, .outputs = generators, .folders = {folder}, .after = {"segment"}, .threads = 2, .resumes = true});
    const auto set = synthetic_set(g);
    plan.push_back({.name = sentence("synthesize", g == 1 ? std::string() : sentence("-", g)),
                    .arguments = joined(seeded({"synthesize", "--gan", folder.generic_string()}, set.path, 2), {"--backend", s.backend, "--device", s.device}),
                    .inputs = generators, .outputs = {set.path / "manifest.csv"}, .folders = {set.path}, .after = {name}, .threads = 2, .resumes = false});
    synthetic.insert(synthetic.end(), generators.begin(), generators.end());
    synthetic.push_back(set.path / "manifest.csv");
  }
  if (s.phantom) {
    auto words = joined({"prepare", "--phantom", s.preset, "--phantom-stream", "F"}, f.prepare);
    bool has = false;
    for (std::size_t i = 0; i + 1 < words.size(); ++i)
      if (words[i] == "--phantom-test") words[i + 1] = "0", has = true;
    if (!has) words = joined(words, {"--phantom-test", "0"});
    plan.push_back({.name = "fresh-data", .arguments = seeded(words, "fresh_data", 2), .inputs = {}, .outputs = {"fresh_data/manifest.csv"}, .folders = {"fresh_data"}, .after = {"prepare"}, .threads = 2, .resumes = false});
    plan.push_back({.name = "fresh-maps", .arguments = training({"segment", "--data", "fresh_data", "--unet", unet}, "fresh_maps", 2), .inputs = {"fresh_data/manifest.csv", "unet/unet.safetensors"},
                    .outputs = {"fresh_maps/rvm/manifest.csv"}, .folders = {"fresh_maps"}, .after = {"fresh-data", "segment"}, .threads = 2, .resumes = true});
    plan.push_back({.name = "fresh", .arguments = seeded({"arm", "select", "--data", "fresh_maps/rvm", "--like", "rvm"}, "fresh", 1), .inputs = joined_paths({"fresh_maps/rvm/manifest.csv"}, real),
                    .outputs = {"fresh/manifest.csv"}, .folders = {"fresh"}, .after = {"fresh-maps"}, .threads = 1, .resumes = false});
  }
  plan.push_back({.name = "copier", .arguments = seeded({"arm", "copier", "--data", "rvm"}, "copier", 1), .inputs = real, .outputs = {"copier/manifest.csv"}, .folders = {"copier"}, .after = {"segment"}, .threads = 1, .resumes = false});
  plan.push_back({.name = "set-train", .arguments = seeded({"arm", "select", "--data", "rvm", "--splits", "train"}, "sets/train", 1), .inputs = real, .outputs = {"sets/train/manifest.csv"}, .folders = {"sets/train"}, .after = {"segment"}, .threads = 1, .resumes = false});
  plan.push_back({.name = "set-held-out", .arguments = seeded({"arm", "select", "--data", "rvm", "--splits", "val,test,expert"}, "sets/held_out", 1), .inputs = real, .outputs = {"sets/held_out/manifest.csv"}, .folders = {"sets/held_out"}, .after = {"segment"}, .threads = 1, .resumes = false});

  // The sets that are compared with the real ones, and the stage that makes each.
  struct control {
    std::string name, folder, stage;
  };
  std::vector<control> controls{{"synthetic", "synthetic", "synthesize"}};
  if (s.phantom) controls.push_back({"fresh_phantom", "fresh", "fresh"});
  controls.push_back({"copier", "copier", "copier"});

  const auto everything = joined_paths(real, synthetic);
  for (const auto& arm : s.arms)
    for (const int k : s.cnn_seeds) {
      std::vector<std::string> words{"classify", "--data", "rvm", "--arm", arm.name, "--only-seed", std::to_string(k)};
      std::vector<std::string> after{"segment"};
      auto inputs = everything;
      for (const auto& set : arm.maps) {
        words = joined(words, {"--train", set.path.generic_string()});
        if (set.name == "fresh" || set.name == "copier") inputs.push_back(set.path / "manifest.csv");
        if (set.name != "rvm") after.push_back(set.name == "fresh" || set.name == "copier" ? set.name : "synthesize" + (set.name == "synthetic" ? "" : "-" + set.name.substr(10)));
      }
      const auto folder = cnn_folder("", arm.name, k);
      std::vector<fs::path> outputs{folder / "model.safetensors", folder / "probabilities_test.csv", folder / "features_train.csv"};
      if (arm.name == "real" && k == s.cnn_seeds.front())
        for (const auto& c : controls) {
          words = joined(words, {"--features", c.name + "=" + c.folder});
          after.push_back(c.stage);
          inputs.push_back(fs::path(c.folder) / "manifest.csv");
          outputs.push_back(folder / ("features_" + c.name + ".csv"));
        }
      // Every classifier waits for all generators, whose files are among its inputs.
      for (int g = 1; g <= gan_seeds; ++g) after.push_back(sentence("synthesize", g == 1 ? std::string() : sentence("-", g)));
      if (!r.init.empty()) words = joined(words, {"--init", fs::absolute(r.init).string()});
      plan.push_back({.name = sentence("cnn-", arm.name, "-", k), .arguments = training(words, ".", 1), .inputs = inputs, .outputs = outputs, .folders = {folder}, .after = after, .threads = 1, .resumes = true});
    }

  const fs::path first = cnn_folder("", "real", s.cnn_seeds.front());
  const std::string reader = sentence("cnn-real-", s.cnn_seeds.front());
  const auto features = [&](const std::string& set) { return (first / ("features_" + set + ".csv")).generic_string(); };
  plan.push_back({.name = "umap", .arguments = seeded({"umap", features("train"), "--transform", features("synthetic"), "--neighbours", f.map_neighbours}, "umap", 1), .inputs = {features("train"), features("synthetic")},
                  .outputs = {"umap/umap.json", "umap/embedding.csv"}, .folders = {"umap"}, .after = {reader}, .threads = 1, .resumes = false});
  auto compared = controls;
  compared.push_back({"held_out", "sets/held_out", reader});
  for (const auto& c : compared) {
    std::vector<std::string> words{"fid", features("train"), features(c.name == "held_out" ? "test" : c.name), "--features", "cnn-real"};
    std::vector<fs::path> inputs{words[1], words[2]};
    if (!r.inception.empty()) {
      words = {"fid", "sets/train", c.folder, "--inception", fs::absolute(r.inception).string()};
      inputs = joined_paths(everything, {fs::path("sets/train/manifest.csv"), fs::path(c.folder) / "manifest.csv"});
    }
    if (s.preset == "smoke") words = joined(words, {"--replicates", "20", "--floor-repeats", "5"});
    plan.push_back({.name = "fidelity-" + c.name, .arguments = seeded(words, "fidelity/" + c.name, 1), .inputs = inputs, .outputs = {fs::path("fidelity") / c.name / "fidelity.json"}, .folders = {fs::path("fidelity") / c.name},
                    .after = {reader, "set-train", "set-held-out"}, .threads = 1, .resumes = false});
  }
  for (const auto& c : controls)
    plan.push_back({.name = "privacy-" + c.name, .arguments = seeded({"privacy", "--train", "sets/train", "--holdout", "sets/held_out", "--synthetic", c.folder}, "privacy/" + c.name, 1),
                    .inputs = joined_paths(everything, {fs::path(c.folder) / "manifest.csv"}), .outputs = {fs::path("privacy") / c.name / "privacy.json"}, .folders = {fs::path("privacy") / c.name},
                    .after = {"set-train", "set-held-out", "synthesize", c.stage}, .threads = 1, .resumes = false});
  return plan;
}

std::string costs_of(const study_request& r) {
  if (!r.images.empty()) return "Time, memory and disk depend on the pictures; rop_study prepare --dry-run and, once there are maps, the --dry-run of each stage say them.\n";
  return "";
}

}  // namespace rop_study

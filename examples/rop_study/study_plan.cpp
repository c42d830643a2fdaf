// Presets of a study: what is run with which flags, and what of it differs from the published protocol.
#include "study_plan.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <numeric>
#include <set>

#include <synthmed/data/manifest.hpp>
#include <synthmed/error.hpp>
#include <synthmed/metrics/fidelity.hpp>

#include "training.hpp"

namespace rop_study {

namespace fs = std::filesystem;
using synthmed::argument_error;
using synthmed::sentence;

namespace {

constexpr std::array<const char*, 3> classes{"normal", "pre-plus", "plus"};

map_set synthetic_set(int g) {
  return g == 1 ? map_set{"synthetic", "synthetic"} : map_set{sentence("synthetic_", g), sentence("synthetic_", g)};
}

std::vector<fs::path> joined_paths(std::vector<fs::path> a, const std::vector<fs::path>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// Flags with others in the place of those of the same name. A flag's values follow it up to the next "--".
std::vector<std::string> with_flags(std::vector<std::string> words, const std::vector<std::string>& more) {
  const auto name = [](const std::string& word) { return word.substr(0, word.find('=')); };
  const auto is_flag = [](const std::string& word) { return word.starts_with("--"); };
  for (const auto& flag : more) {
    if (!is_flag(flag)) continue;
    const auto found =
        std::find_if(words.begin(), words.end(), [&](const auto& w) { return is_flag(w) && name(w) == name(flag); });
    if (found != words.end()) words.erase(found, std::find_if(found + 1, words.end(), is_flag));
  }
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// The value of a flag, "--flag value" or "--flag=value"; empty where it is not there.
std::string value_of(const std::vector<std::string>& words, const std::string& flag) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == flag && i + 1 < words.size()) return words[i + 1];
    if (words[i].starts_with(flag + "=")) return words[i].substr(flag.size() + 1);
  }
  return {};
}

/// What later stages ask of the pictures.
struct picture_needs {
  bool segmented = true, trains_unet = true;
  std::int64_t gan_batch = 8;  ///< maps of a class that its generator needs
  bool batch_is_free = true;   ///< --gan="--batch N" may lower it
  /// Pictures of all classes: neighbours in the feature map, and for precision and recall.
  std::size_t train = 15, test = 6;
};

picture_needs needs_of(const study_request& r, const preset_facts& f, bool phantom) {
  const auto gan = with_flags(f.gan, r.gan_flags);
  std::string recipe = value_of(gan, "--recipe"), batch = value_of(gan, "--batch");
  if (recipe.empty()) recipe = "synthmed";
  picture_needs needs;
  needs.segmented = phantom || r.kind == "fundus";
  needs.trains_unet = needs.segmented && r.unet.empty();
  needs.gan_batch = default_gan_batch(recipe, r.preset);
  needs.batch_is_free = recipe == "synthmed" && r.preset != "study";
  needs.test = synthmed::fidelity_options{}.neighbours + 1;
  needs.train = std::max<std::size_t>(needs.test, std::stoul(f.map_neighbours));
  // What is no number is said by gan.
  if (std::int64_t given = 0;
      std::from_chars(batch.data(), batch.data() + batch.size(), given).ec == std::errc{} && given > 0)
    needs.gan_batch = given;
  return needs;
}

/// What every later stage needs of the pictures, said before hours are spent on them.
void check_pictures(const fs::path& study, const study_settings& s, const picture_needs& needs) {
  const auto m = synthmed::read_manifest(study / "data" / "manifest.csv", {.check_files = false});
  const std::string where = s.data;
  struct counted {
    std::vector<std::size_t> of_class;
    std::set<std::string> subjects;
  };
  std::map<std::string, counted> splits;
  for (const char* split : {"train", "val", "test"}) splits[split].of_class.assign(m.classes.size(), 0);
  std::size_t masks = 0, without_map = 0;
  std::vector<std::size_t> of_class(m.classes.size(), 0);
  for (const auto& r : m.records) {
    if (r.split == "train" && r.kind == "fundus" && !r.mask.empty()) ++masks;
    if (r.kind == "fundus" && !needs.segmented) ++without_map;
    if (r.label < 0) continue;
    ++of_class.at(static_cast<std::size_t>(r.label));
    const auto split = splits.find(r.split);
    if (split == splits.end()) continue;
    ++split->second.of_class.at(static_cast<std::size_t>(r.label));
    split->second.subjects.insert(r.subject);
  }
  if (std::all_of(of_class.begin(), of_class.end(), [](std::size_t n) { return n == 0; }))
    throw argument_error(sentence(where,
                                  " gives no picture a label; the study compares normal, pre-plus and plus. Add the "
                                  "column label to the manifest, name the one that holds it "
                                  "(--prepare=\"--column label=NAME\"), or a group (?<label>...) to the pattern."));
  for (std::size_t c = 0; c < m.classes.size(); ++c)
    if (of_class[c] == 0)
      throw argument_error(sentence(where, " has no pictures of class ", m.classes[c],
                                    "; the study compares normal, pre-plus and plus and needs all three."));
  for (const auto& [split, count] : splits) {
    std::string found;
    for (std::size_t c = 0; c < m.classes.size(); ++c)
      found += sentence(c ? ", " : "", count.of_class[c], " ", m.classes[c]);
    found = sentence(" (", found, ", of ", count.subjects.size(),
                     count.subjects.size() == 1 ? " subject)." : " subjects).");
    const bool train = split == "train";
    const std::size_t fewest = *std::min_element(count.of_class.begin(), count.of_class.end());
    const std::size_t least = train ? std::max<std::size_t>(2, static_cast<std::size_t>(needs.gan_batch)) : 1;
    for (std::size_t c = 0; c < m.classes.size(); ++c)
      if (count.of_class[c] < least)
        throw argument_error(sentence(
            "The ", split, " split of ", where, " needs at least ", least, least == 1 ? " picture" : " pictures",
            " of class ", m.classes[c], train ? ", a batch of its generator," : "", " and has ", count.of_class[c],
            found, " Give more pictures or subjects, ",
            train && needs.batch_is_free && fewest >= 2 ? sentence("smaller batches (--gan=\"--batch ", fewest, "\"), ")
                                                        : "",
            "or splits of your own (--prepare=\"--splits FILE\")."));
    const auto all = std::accumulate(count.of_class.begin(), count.of_class.end(), std::size_t{0});
    if (const std::size_t fewest_of_all = train ? needs.train : split == "test" ? needs.test : 0; all < fewest_of_all)
      throw argument_error(sentence("The ", split, " split of ", where, " needs at least ", fewest_of_all,
                                    " pictures, so that each has neighbours to be compared with, and has ", all, found,
                                    " Give more pictures or subjects, or splits of your own "
                                    "(--prepare=\"--splits FILE\")."));
    if (split == "test" && count.subjects.size() < 2)
      throw argument_error(
          sentence("The test split of ", where, " holds one subject", found, " Figures need at least two."));
  }
  if (needs.trains_unet && masks == 0)
    throw argument_error(sentence(where,
                                  " has no vessel map beside any training photograph, so a U-Net cannot be trained; "
                                  "give weights with --unet FILE, or say --kind rvm if these pictures are "
                                  "vessel maps themselves."));
  if (without_map > 0)
    throw argument_error(
        sentence(where, " holds ", without_map,
                 " photographs, but --kind rvm says that pictures are vessel maps; use --kind fundus."));
}

}  // namespace

preset_facts facts_of(const study_request& r) {
  const std::string enriched =
      "enriched phantom: severity drawn evenly, so that all classes are frequent and many eyes lie next to a cut";
  const std::string half =
      "half-enriched phantom: half of the subjects of natural severity, half of severity drawn evenly";
  preset_facts f;
  if (r.preset == "smoke")
    f = {.prepare = {"--phantom-images", "60", "--phantom-test", "60", "--photograph-size", "48"},
         .maps = 32,
         .expert = "6,6,6",
         .gan_seeds = 1,
         .cnn_seeds = 2,
         .replicates = 200,
         .map_neighbours = "5",
         .population = enriched,
         .population_name = "enriched"};
  else if (r.preset == "quick")
    f = {.prepare = {"--photograph-size", "64"},
         .maps = 32,
         .expert = "30,20,20",
         .population = half,
         .population_name = "half-enriched"};
  else if (r.preset == "demo")
    f = {.prepare = {"--photograph-size", "96"},
         .maps = 64,
         .expert = "54,31,15",
         .gan_seeds = 3,
         .population = half,
         .population_name = "half-enriched"};
  else if (r.preset == "study")
    f = {.prepare = {},
         .segment = {"--patches", "--window", "48", "--stride", "8"},
         .gan = {"--recipe", "seed"},
         .umap = {"--profile", "r_umap"},
         .maps = 256,
         .expert = "54,31,15",
         .replicates = 10000,
         .population = "phantom at natural prevalence",
         .population_name = "natural"};
  else
    throw argument_error(
        sentence("There is no preset \"", r.preset, "\"; the presets are smoke, quick, demo and study."));
  if (r.preset != "study")
    f.prepare_own = {"--size", std::to_string(f.maps), "--floor", "0", "--interpolation", "area"};
  if (r.gan_seeds) f.gan_seeds = *r.gan_seeds;
  if (r.cnn_seeds) f.cnn_seeds = *r.cnn_seeds;
  if (f.gan_seeds < 1 || f.gan_seeds > 20 || f.cnn_seeds < 1 || f.cnn_seeds > 100)
    throw argument_error(sentence("--gan-seeds lies in 1 ... 20 and --cnn-seeds in 1 ... 100, got ", f.gan_seeds,
                                  " and ", f.cnn_seeds, "."));
  return f;
}

study_settings settings_of(const study_request& r) {
  const auto f = facts_of(r);
  if (r.kind != "fundus" && r.kind != "rvm")
    throw argument_error(sentence("--kind is fundus or rvm, got \"", r.kind, "\"."));
  if (!r.validation.empty() && r.validation != "study" && r.validation != "subject")
    throw argument_error(
        sentence("--validation is subject (all arms on the same real maps) or study (the synthetic arm on synthetic "
                 "ones), got \"",
                 r.validation, "\"."));
  for (const auto& [flag, file] :
       {std::pair{"--images", r.images}, {"--unet", r.unet}, {"--init", r.init}, {"--inception", r.inception}})
    if (std::error_code failed; !file.empty() && !fs::exists(file, failed))
      throw synthmed::io_error(sentence("There is no file or folder ", file.string(), " (", flag, ")."));
  for (const auto& [flag, file] : {std::pair{"--unet", r.unet}, {"--init", r.init}, {"--inception", r.inception}})
    if (std::error_code failed; fs::is_directory(file, failed))
      throw argument_error(sentence(flag, " names a file of weights; ", file.string(), " is a folder."));
  if (!r.init.empty() && r.preset != "study" &&
      std::find(r.classify_flags.begin(), r.classify_flags.end(), "resnet18") == r.classify_flags.end())
    throw argument_error(
        sentence("--init holds ResNet-18's weights, and the preset ", r.preset,
                 " trains a small network; use --preset study, or --classify=\"--network resnet18\"."));
  if (!r.images.empty() && r.kind == "rvm" && !r.unet.empty())
    throw argument_error("--unet segments photographs; with --kind rvm there are none.");
  study_settings s;
  s.preset = r.preset;
  s.seed = r.seed;
  s.backend = r.backend;
  s.device = r.device;
  s.phantom = r.images.empty();
  s.data = s.phantom ? "phantom " + r.preset : r.images.string();
  s.population = s.phantom ? f.population : "own pictures, as they came";
  s.population_name = s.phantom ? f.population_name : "as given";
  s.own_validation = r.validation.empty() ? r.preset == "study" : r.validation == "study";
  s.cnn_seeds.clear();
  for (int k = 1; k <= f.cnn_seeds; ++k) s.cnn_seeds.push_back(k);
  s.replicates = f.replicates;
  const map_set real{"rvm", "rvm"};
  s.arms = {{"real", "real maps", {real}}, {"synthetic", "synthetic maps", {synthetic_set(1)}}};
  for (int g = 2; g <= f.gan_seeds; ++g)
    s.arms.push_back({sentence("synthetic_gan_", g), sentence("synthetic maps of GAN seed ", g), {synthetic_set(g)}});
  s.arms.push_back({"real_plus_synthetic", "real and synthetic maps", {real, synthetic_set(1)}});
  if (s.phantom) s.arms.push_back({"fresh_phantom", "fresh phantom maps of other subjects", {{"fresh", "fresh"}}});
  s.arms.push_back({"copier", "copies of real maps", {{"copier", "copier"}}});
  if (s.phantom) s.arms.push_back({"real_exact", "exact maps of the real pictures", {{"exact", "data"}}, "data"});
  s.deviations = deviations_of(r, f, s);
  s.options = {{"gan.seeds", f.gan_seeds},
               {"cnn.seeds", f.cnn_seeds},
               {"bootstrap.replicates", f.replicates},
               {"equivalence.margin", s.margin},
               {"copier.degrees", 3},
               {"copier.noise", 0.02},
               {"expert.counts", s.phantom ? f.expert : "as the data say"},
               {"validation", s.own_validation ? "study" : "subject"},
               {"umap.neighbours", f.map_neighbours}};
  for (const auto& [name, file] :
       {std::pair{"cnn.init", r.init}, {"unet.weights", r.unet}, {"fidelity.inception", r.inception}})
    s.options[name] = file.empty() ? "none" : file.string();
  s.options["prepare"] = one_line(with_flags(s.phantom ? f.prepare : f.prepare_own, r.prepare_flags));
  s.options["segment"] = one_line(with_flags(f.segment, r.segment_flags));
  s.options["gan"] = one_line(with_flags(f.gan, r.gan_flags));
  s.options["classify"] = one_line(r.classify_flags);
  return s;
}

namespace {

/// Lets each stage come after those that make its inputs.
void wait_for_inputs(std::vector<stage>& plan) {
  std::map<fs::path, std::string> maker;
  for (const auto& s : plan)
    for (const auto& file : s.outputs) maker[file] = s.name;
  for (auto& s : plan)
    for (const auto& file : s.inputs)
      if (const auto found = maker.find(file);
          found != maker.end() && std::find(s.after.begin(), s.after.end(), found->second) == s.after.end())
        s.after.push_back(found->second);
}

}  // namespace

std::vector<stage> plan_of(const study_request& r, const study_settings& s) {
  const auto f = facts_of(r);
  const int gan_seeds = s.options.at("gan.seeds").get<int>();
  const std::string seed = std::to_string(s.seed);
  std::vector<stage> plan;
  const auto seeded = [&](std::vector<std::string> words, const fs::path& out, int threads) {
    for (const std::string& word : {std::string("--seed"), seed, std::string("--threads"), std::to_string(threads),
                                    std::string("--out"), out.generic_string()})
      words.push_back(word);
    return words;
  };
  const auto training = [&](std::vector<std::string> words, const fs::path& out, int threads) {
    for (const std::string& word :
         {std::string("--preset"), s.preset, std::string("--backend"), s.backend, std::string("--device"), s.device})
      words.push_back(word);
    return seeded(std::move(words), out, threads);
  };
  const auto joined = [](std::vector<std::string> a, const std::vector<std::string>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  };

  std::vector<std::string> source;
  if (s.phantom)
    source = with_flags(joined({"prepare", "--phantom", s.preset, "--expert", f.expert}, f.prepare), r.prepare_flags);
  else
    source =
        with_flags(joined({"prepare", "--images", fs::absolute(r.images).string(), "--kind", r.kind}, f.prepare_own),
                   r.prepare_flags);
  plan.push_back(
      {.name = "prepare",
       .arguments = seeded(source, "data", 2),
       .inputs = {},
       .outputs = {"data/manifest.csv"},
       .folders = {"data"},
       .after = {},
       .threads = 2,
       .resumes = false,
       .check = [s, needs = needs_of(r, f, s.phantom)](const fs::path& study) { check_pictures(study, s, needs); }});

  // Real maps: segmented photographs, or maps that came as such.
  std::vector<fs::path> real{"rvm/manifest.csv"};
  const bool segmented = s.phantom || r.kind == "fundus";
  if (segmented) {
    auto words = with_flags(joined({"segment", "--data", "data"}, f.segment), r.segment_flags);
    if (!r.unet.empty()) words = joined(words, {"--unet", fs::absolute(r.unet).string()});
    std::vector<fs::path> outputs{"rvm/manifest.csv", "rvm/segmentation.json"};
    if (r.unet.empty()) outputs.emplace_back("unet/unet.safetensors");
    plan.push_back({.name = "segment",
                    .arguments = training(words, ".", 2),
                    .inputs = {"data/manifest.csv"},
                    .outputs = outputs,
                    .folders = {"unet", "rvm", "rvm.partial"},
                    .after = {"prepare"},
                    .threads = 2,
                    .resumes = true});
    real = outputs;
  } else {
    plan.push_back({.name = "segment",
                    .arguments = seeded({"arm", "select", "--data", "data"}, "rvm", 1),
                    .inputs = {"data/manifest.csv"},
                    .outputs = real,
                    .folders = {"rvm"},
                    .after = {"prepare"},
                    .threads = 1,
                    .resumes = false});
  }
  const std::string unet = r.unet.empty() ? "unet/unet.safetensors" : fs::absolute(r.unet).string();

  // The generators are the longest stage: first in line.
  std::vector<fs::path> synthetic;
  for (int g = 1; g <= gan_seeds; ++g) {
    const fs::path folder = g == 1 ? fs::path("gan") : fs::path(sentence("gan_seed_", g)) / "gan";
    const std::string name = g == 1 ? std::string("gan") : sentence("gan-", g);
    std::vector<fs::path> generators;
    for (const char* c : classes) generators.push_back(folder / c / "generator.safetensors");
    auto words = training(with_flags(joined({"gan", "--data", "rvm"}, f.gan), r.gan_flags),
                          g == 1 ? fs::path(".") : folder.parent_path(), 2);
    for (auto& w : words)
      if (g > 1 && w == seed) w = std::to_string(s.seed + static_cast<std::uint64_t>(g) - 1);
    plan.push_back({.name = name,
                    .arguments = words,
                    .inputs = real,
                    .outputs = generators,
                    .folders = {folder},
                    .after = {"segment"},
                    .threads = 2,
                    .resumes = true});
    const auto set = synthetic_set(g);
    plan.push_back(
        {.name = sentence("synthesize", g == 1 ? std::string() : sentence("-", g)),
         .arguments = joined(joined(seeded({"synthesize", "--gan", folder.generic_string()}, set.path, 2),
                                    {"--backend", s.backend, "--device", s.device}),
                             s.own_validation ? std::vector<std::string>{"--validation"} : std::vector<std::string>{}),
         .inputs = generators,
         .outputs = {set.path / "manifest.csv"},
         .folders = {set.path},
         .after = {name},
         .threads = 2,
         .resumes = false});
    synthetic.insert(synthetic.end(), generators.begin(), generators.end());
    synthetic.push_back(set.path / "manifest.csv");
  }
  if (s.phantom) {
    const auto words = with_flags(with_flags(joined({"prepare", "--phantom", s.preset}, f.prepare), r.prepare_flags),
                                  {"--phantom-stream", "F", "--phantom-test", "0"});
    plan.push_back({.name = "fresh-data",
                    .arguments = seeded(words, "fresh_data", 2),
                    .inputs = {},
                    .outputs = {"fresh_data/manifest.csv"},
                    .folders = {"fresh_data"},
                    .after = {"prepare"},
                    .threads = 2,
                    .resumes = false});
    plan.push_back({.name = "fresh-maps",
                    .arguments = training(
                        with_flags(with_flags(joined({"segment", "--data", "fresh_data"}, f.segment), r.segment_flags),
                                   {"--unet", unet}),
                        "fresh_maps", 2),
                    .inputs = {"fresh_data/manifest.csv", unet},
                    .outputs = {"fresh_maps/rvm/manifest.csv"},
                    .folders = {"fresh_maps"},
                    .after = {"fresh-data", "segment"},
                    .threads = 2,
                    .resumes = true});
    plan.push_back({.name = "fresh",
                    .arguments = seeded({"arm", "select", "--data", "fresh_maps/rvm", "--like", "rvm"}, "fresh", 1),
                    .inputs = joined_paths({"fresh_maps/rvm/manifest.csv"}, real),
                    .outputs = {"fresh/manifest.csv"},
                    .folders = {"fresh"},
                    .after = {"fresh-maps"},
                    .threads = 1,
                    .resumes = false});
  }
  plan.push_back({.name = "copier",
                  .arguments = seeded({"arm", "copier", "--data", "rvm"}, "copier", 1),
                  .inputs = real,
                  .outputs = {"copier/manifest.csv"},
                  .folders = {"copier"},
                  .after = {"segment"},
                  .threads = 1,
                  .resumes = false});
  plan.push_back({.name = "set-train",
                  .arguments = seeded({"arm", "select", "--data", "rvm", "--splits", "train"}, "sets/train", 1),
                  .inputs = real,
                  .outputs = {"sets/train/manifest.csv"},
                  .folders = {"sets/train"},
                  .after = {"segment"},
                  .threads = 1,
                  .resumes = false});
  plan.push_back(
      {.name = "set-held-out",
       .arguments = seeded({"arm", "select", "--data", "rvm", "--splits", "val,test,expert"}, "sets/held_out", 1),
       .inputs = real,
       .outputs = {"sets/held_out/manifest.csv"},
       .folders = {"sets/held_out"},
       .after = {"segment"},
       .threads = 1,
       .resumes = false});

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
      const bool exact = arm.tested != "rvm";  // as soon as there are pictures: it needs no segmenter and no generator
      auto words = with_flags(
          {"classify", "--data", arm.tested.generic_string(), "--arm", arm.name, "--only-seed", std::to_string(k)},
          r.classify_flags);
      std::vector<std::string> after{exact ? "prepare" : "segment"};
      auto inputs = exact ? std::vector<fs::path>{"data/manifest.csv"} : everything;
      for (const auto& set : arm.maps) {
        words = joined(words, {"--train", set.path.generic_string()});
        if (set.name == "fresh" || set.name == "copier") inputs.push_back(set.path / "manifest.csv");
        if (set.name == "fresh" || set.name == "copier") after.push_back(set.name);
      }
      if (s.own_validation && arm.name.starts_with("synthetic"))
        words = joined(words, {"--validate", arm.maps.front().path.generic_string()});
      const auto folder = cnn_folder("", arm.name, k);
      std::vector<fs::path> outputs{folder / "model.safetensors", folder / "probabilities_test.csv",
                                    folder / "features_train.csv"};
      if (arm.name == "real" && k == s.cnn_seeds.front())
        for (const auto& c : controls) {
          words = joined(words, {"--features", c.name + "=" + c.folder});
          after.push_back(c.stage);
          inputs.push_back(fs::path(c.folder) / "manifest.csv");
          outputs.push_back(folder / ("features_" + c.name + ".csv"));
        }
      if (!r.init.empty()) words = joined(words, {"--init", fs::absolute(r.init).string()});
      plan.push_back({.name = sentence("cnn-", arm.name, "-", k),
                      .arguments = training(words, ".", 1),
                      .inputs = inputs,
                      .outputs = outputs,
                      .folders = {folder},
                      .after = after,
                      .threads = 1,
                      .resumes = true});
    }

  const fs::path first = cnn_folder("", "real", s.cnn_seeds.front());
  const std::string reader = sentence("cnn-real-", s.cnn_seeds.front());
  const auto features = [&](const std::string& set) { return (first / ("features_" + set + ".csv")).generic_string(); };
  plan.push_back({.name = "umap",
                  .arguments = seeded(joined({"umap", features("train"), "--transform", features("synthetic"),
                                              "--neighbours", f.map_neighbours},
                                             f.umap),
                                      "umap", 1),
                  .inputs = {features("train"), features("synthetic")},
                  .outputs = {"umap/umap.json", "umap/embedding.csv"},
                  .folders = {"umap"},
                  .after = {reader},
                  .threads = 1,
                  .resumes = false});
  auto compared = controls;
  compared.push_back({"held_out", "sets/held_out", reader});
  for (const auto& c : compared) {
    std::vector<std::string> words{"fid", features("train"), features(c.name == "held_out" ? "test" : c.name),
                                   "--features", "cnn-real"};
    std::vector<fs::path> inputs{words[1], words[2]};
    if (!r.inception.empty()) {
      words = {"fid", "sets/train", c.folder, "--inception", fs::absolute(r.inception).string()};
      inputs = joined_paths(everything, {fs::path("sets/train/manifest.csv"), fs::path(c.folder) / "manifest.csv"});
    }
    words.emplace_back("--by-class");
    if (s.preset == "smoke") words = joined(words, {"--replicates", "20", "--floor-repeats", "5"});
    plan.push_back({.name = "fidelity-" + c.name,
                    .arguments = seeded(words, "fidelity/" + c.name, 1),
                    .inputs = inputs,
                    .outputs = {fs::path("fidelity") / c.name / "fidelity.json"},
                    .folders = {fs::path("fidelity") / c.name},
                    .after = {reader, "set-train", "set-held-out"},
                    .threads = 1,
                    .resumes = false});
  }
  for (const auto& c : controls)
    plan.push_back({.name = "privacy-" + c.name,
                    .arguments = seeded(
                        {"privacy", "--train", "sets/train", "--holdout", "sets/held_out", "--synthetic", c.folder},
                        "privacy/" + c.name, 1),
                    .inputs = joined_paths(everything, {fs::path(c.folder) / "manifest.csv"}),
                    .outputs = {fs::path("privacy") / c.name / "privacy.json"},
                    .folders = {fs::path("privacy") / c.name},
                    .after = {"set-train", "set-held-out", c.stage},
                    .threads = 1,
                    .resumes = false});
  wait_for_inputs(plan);
  return plan;
}

}  // namespace rop_study

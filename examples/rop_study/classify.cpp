// rop_study classify: classifiers of vessel maps, trained on real or synthetic ones, asked about real ones.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <synthmed/data/augment.hpp>
#include <synthmed/data/content_hash.hpp>
#include <synthmed/data/loader.hpp>
#include <synthmed/data/manifest.hpp>
#include <synthmed/data/sampler.hpp>
#include <synthmed/imaging/read.hpp>
#include <synthmed/io/csv.hpp>
#include <synthmed/metrics/roc.hpp>
#include <synthmed/report/plot.hpp>

#include "classify.hpp"
#include "classify_maps.hpp"
#include "study_folder.hpp"

namespace rop_study {

namespace {

namespace fs = std::filesystem;
namespace train = synthmed::train;
using synthmed::argument_error;
using synthmed::sentence;

struct classify_settings {
  training_options training;
  fs::path data, validate, test, expert, init;
  std::vector<std::string> train_folders, features;
  std::string arm = "real";
  int seeds = 3;
  std::optional<int> only_seed;
  bool predict_only = false;
  // What the preset chooses where these are absent.
  std::optional<std::string> network, measure, keep, flips;
  std::optional<int> size, floor;
  std::optional<std::int64_t> total_steps, epochs, batch, validate_every, patience;
  std::optional<double> learning_rate, weight_decay, label_smoothing, degrees, shift;
};

/// What each preset does. `study` is the published protocol: ImageNet's ResNet-18 (with --init), 224 px, Adam 1e-3, 50
/// epochs at most, patience 10 on accuracy, the last weights kept.
classifier_recipe recipe_of(preset p) {
  classifier_recipe r;
  if (p == preset::smoke) {
    r.steps = 60;
    r.batch = 16;
    r.validate_every = 20;
  } else if (p == preset::demo) {
    r.steps = 600;
    r.validate_every = 100;
  } else if (p == preset::study) {
    r = {.network = classifier_network::resnet18,
         .size = 224,
         .floor = 51,
         .steps = 0,
         .epochs = 50,
         .learning_rate = 1e-3,
         .cosine = false,
         .weight_decay = 0,
         .label_smoothing = 0,
         .shift = 0,
         .validate_every = 0,
         .patience = 10,
         .measure = train::selection_measure::accuracy,
         .reload_best = false,
         .flips = train::flip_averaging::none};
  }
  return r;
}

/// The value of a name in a list of choices. Throws argument_error that lists them.
template <class Value, std::size_t N>
Value chosen(const std::string& flag, const std::string& name,
             const std::array<std::pair<const char*, Value>, N>& choices) {
  std::string names;
  for (const auto& [known, value] : choices) {
    if (name == known) return value;
    names += sentence(names.empty() ? "" : ", ", known);
  }
  throw argument_error(sentence(flag, " is one of ", names, ", got \"", name, "\"."));
}

constexpr std::array<std::pair<const char*, classifier_network>, 2> networks{
    {{"small", classifier_network::small}, {"resnet18", classifier_network::resnet18}}};
constexpr std::array<std::pair<const char*, train::selection_measure>, 3> measures{
    {{"macro-auc", train::selection_measure::macro_auc},
     {"balanced-accuracy", train::selection_measure::balanced_accuracy},
     {"accuracy", train::selection_measure::accuracy}}};
constexpr std::array<std::pair<const char*, bool>, 2> kept_weights{{{"best", true}, {"last", false}}};

template <class Value, std::size_t N>
std::string name_of(Value value, const std::array<std::pair<const char*, Value>, N>& choices) {
  for (const auto& [name, known] : choices)
    if (known == value) return name;
  return "unknown";
}

/// The preset's recipe with the user's changes. Throws argument_error for values out of range.
classifier_recipe recipe_of(const classify_settings& s) {
  classifier_recipe r = recipe_of(s.training.size);
  const auto set = [](auto& value, const auto& wish) {
    if (wish) value = *wish;
  };
  if (s.network) r.network = chosen("--network", *s.network, networks);
  if (s.measure) r.measure = chosen("--choose-by", *s.measure, measures);
  if (s.keep) r.reload_best = chosen("--keep", *s.keep, kept_weights);
  if (s.flips) r.flips = flips_named(*s.flips);
  set(r.size, s.size);
  set(r.floor, s.floor);
  set(r.batch, s.batch);
  set(r.validate_every, s.validate_every);
  set(r.patience, s.patience);
  set(r.learning_rate, s.learning_rate);
  set(r.weight_decay, s.weight_decay);
  set(r.label_smoothing, s.label_smoothing);
  set(r.degrees, s.degrees);
  set(r.shift, s.shift);
  if (s.total_steps && s.epochs) throw argument_error("--total-steps and --epochs exclude each other.");
  if (s.total_steps)
    r = [&] {
      auto c = r;
      c.steps = *s.total_steps;
      c.epochs = 0;
      return c;
    }();
  if (s.epochs)
    r = [&] {
      auto c = r;
      c.steps = 0;
      c.epochs = *s.epochs;
      return c;
    }();
  if (r.size < 0 || (r.size > 0 && r.size < 8))
    throw argument_error(sentence("--size is at least 8 px, got ", r.size, "."));
  if (r.floor < 0 || r.floor > 255) throw argument_error(sentence("--floor lies in 0 ... 255, got ", r.floor, "."));
  if (r.batch < 1) throw argument_error(sentence("--batch is at least 1, got ", r.batch, "."));
  if (r.steps < 1 && r.epochs < 1)
    throw argument_error("A training has at least one step: --total-steps or --epochs is positive.");
  if (r.validate_every < 0) throw argument_error(sentence("--validate-every is positive, got ", r.validate_every, "."));
  (void)synthmed::flips_and_rotation({.degrees = r.degrees, .shift = r.shift});  // says what is out of range
  if (r.weight_decay < 0) throw argument_error(sentence("--weight-decay is not negative, got ", r.weight_decay, "."));
  return r;
}

/// Class-balanced batches with augmentation.
std::function<synthmed::batch(std::int64_t)> balanced(std::shared_ptr<const map_cache> maps, const classifier_recipe& r,
                                                      synthmed::key k) {
  using loader = synthmed::loader<synthmed::memory_dataset, synthmed::balanced_sampler, synthmed::flips_and_rotation>;
  const auto labels = synthmed::labels_of(*maps);
  const auto source = std::make_shared<const loader>(
      std::move(maps), synthmed::balanced_sampler(labels, k.fold("order")),
      synthmed::flips_and_rotation({.degrees = r.degrees, .shift = r.shift}), k.fold("augment"),
      synthmed::loader_options{.batch = static_cast<int>(r.batch), .workers = 0});
  return [source](std::int64_t step) { return source->at(static_cast<std::uint64_t>(step)); };
}

/// A test or feature set by name.
struct named_maps {
  std::string name;
  map_list list;
};

class classify_command {
 public:
  explicit classify_command(const classify_settings& s) : s_(s), recipe_(recipe_of(s)) {
    if (s.arm.empty() || s.arm.find('/') != std::string::npos || s.arm[0] == '.')
      throw argument_error(sentence("--arm is a name for a folder, got \"", s.arm, "\"."));
    if (s.seeds < 1) throw argument_error(sentence("--seeds is at least 1, got ", s.seeds, "."));
    if (s.only_seed && *s.only_seed < 0)
      throw argument_error(sentence("--only-seed is not negative, got ", *s.only_seed, "."));
    const auto folder = [&](const fs::path& given, const char* flag) {
      if (given.empty() && s.data.empty()) throw argument_error(sentence("Without --data, ", flag, " names a folder."));
      return given.empty() ? s.data : given;
    };
    std::vector<fs::path> training(s.train_folders.begin(), s.train_folders.end());
    if (training.empty()) training.push_back(folder({}, "--train"));
    for (const auto& from : training) add_maps(train_, from, "train");
    add_maps(validation_, folder(s.validate, "--validate"), "val");
    tests_.push_back({"test", {}});
    add_maps(tests_.back().list, folder(s.test, "--test"), "test");
    if (!s.expert.empty() || !s.data.empty()) {
      named_maps expert{"expert", {}};
      add_maps(expert.list, folder(s.expert, "--expert"), "expert");
      if (expert.list.size() > 0) tests_.push_back(std::move(expert));
    }
    for (const auto& text : s.features) {
      const auto at = text.find('=');
      if (at == std::string::npos || at == 0 || text.find('/') < at)
        throw argument_error(sentence("--features is NAME=FOLDER, got \"", text, "\"."));
      others_.push_back({text.substr(0, at), {}});
      add_maps(others_.back().list, text.substr(at + 1), "");
    }
    check_maps();
    fill_in();
    engine_ = classifier_on(s.training.backend, s.training.device, recipe_.network);
  }

  void run() {
    if (s_.training.common.dry_run) return show_costs();
    const auto validation = read_maps(validation_, side_, recipe_.floor);
    const auto maps = read_maps(train_, side_, recipe_.floor);
    const std::string data = s_.predict_only
                                 ? std::string()
                                 : sentence(synthmed::content_hash(*maps), " ", synthmed::content_hash(*validation));
    const train::interrupt_guard guard;
    print_header();
    for (const int seed : seeds()) {
      if (stop_asked(s_.training)) break;
      const fs::path folder = cnn_folder(s_.training.common.out, s_.arm, seed);
      classifier_view trained;
      if (s_.predict_only) {
        trained = engine_->open(folder / "model.safetensors");
      } else {
        const auto task = task_of(seed, folder, maps, validation, data);
        const auto outcome = engine_->train(s_.training, task);
        if (!outcome.done) {
          std::printf("seed %d stopped after %lld of %lld steps; go on with --resume\n", seed,
                      static_cast<long long>(outcome.next_step), static_cast<long long>(recipe_.steps));
          continue;
        }
        trained = outcome.trained;
        note_training(folder, outcome, seed);
        draw_curves(folder);
      }
      for (const auto& set : tests_) predict(folder, seed, set, trained);
      write_features(folder, "train", train_, maps, trained);
      write_features(folder, "val", validation_, validation, trained);
      for (const auto* sets : {&tests_, &others_})
        for (const auto& set : *sets)
          write_features(folder, set.name, set.list, read_maps(set.list, side_, recipe_.floor), trained);
    }
  }

 private:
  [[nodiscard]] std::vector<int> seeds() const {
    if (s_.only_seed) return {*s_.only_seed};
    std::vector<int> all;
    for (int seed = 1; seed <= s_.seeds; ++seed) all.push_back(seed);
    return all;
  }

  void check_maps() const {
    std::array<std::size_t, 3> count{};
    const auto classes = synthmed::plus_disease_classes();
    for (const int label : train_.labels) ++count.at(static_cast<std::size_t>(label));
    for (std::size_t c = 0; c < count.size(); ++c) {
      if (count[c] == 0)
        throw argument_error(sentence("Class ", classes[c].name, " has no training map in ", train_.source,
                                      "; a classifier of three grades needs all three."));
      if (count[c] == 1)
        warn(sentence("Class ", classes[c].name, " has 1 training map; what is learned of it is that map."));
    }
    if (validation_.size() == 0)
      throw argument_error(
          sentence("There is no graded map of split \"val\" in ", validation_.source, " to validate on."));
    if (recipe_.measure != train::selection_measure::accuracy &&
        std::all_of(validation_.labels.begin(), validation_.labels.end(),
                    [&](int l) { return l == validation_.labels.front(); }))
      throw argument_error(sentence("All validation maps in ", validation_.source, " are of one class; the ",
                                    train::to_string(recipe_.measure),
                                    " needs two. Prepare more, or give --choose-by accuracy."));
    if (tests_.front().list.size() == 0)
      throw argument_error(
          sentence("There is no graded map of split \"test\" in ", tests_.front().list.source, " to test on."));
  }

  /// What follows from the maps: side, steps, how often to validate.
  void fill_in() {
    const auto first = synthmed::read_picture(validation_.files.front());
    side_ = recipe_.size;
    if (side_ == 0) {
      if (first.height() != first.width())
        throw argument_error(sentence(validation_.files.front().string(), " is ", first,
                                      "; maps that are not square need --size, the side they are squashed to."));
      side_ = first.height();
    }
    const auto per_epoch =
        std::max<std::int64_t>(1, (static_cast<std::int64_t>(train_.size()) + recipe_.batch - 1) / recipe_.batch);
    if (recipe_.steps == 0) recipe_.steps = recipe_.epochs * per_epoch;
    if (recipe_.validate_every == 0) recipe_.validate_every = per_epoch;
  }

  [[nodiscard]] classifier_task task_of(int seed, const fs::path& folder, const std::shared_ptr<const map_cache>& maps,
                                        const std::shared_ptr<const map_cache>& validation,
                                        const std::string& data) const {
    // The arm is not in the key: classifiers of one seed begin with the same weights in every arm.
    const synthmed::key k = synthmed::key(s_.training.common.seed).fold("cnn").fold(seed);
    std::string init;
    if (!s_.init.empty()) init = sentence(", begun with ", synthmed::sha256_file(s_.init));
    // Made before the task: g++ 12 destroys members twice when a later one of a braced list throws.
    auto batches = balanced(maps, recipe_, k);
    auto looks = in_order(validation, 64);
    return {.recipe = recipe_,
            .key = k,
            .about = sentence("arm ", s_.arm, ", seed ", seed, " of ", s_.training.common.seed, ", ",
                              to_string(recipe_.network), " at ", side_, " px, floor ", recipe_.floor, ", batch ",
                              recipe_.batch, ", rotation ", recipe_.degrees, ", shift ", recipe_.shift, init),
            .place = {.folder = folder,
                      .what = sentence("cnn ", s_.arm, " seed ", seed),
                      .backend = engine_->backend(),
                      .data = data},
            .batches = std::move(batches),
            .validation = std::move(looks),
            .init = s_.init,
            .model = folder / "model.safetensors",
            .notes = {{"arm", s_.arm},
                      {"side", std::to_string(side_)},
                      {"floor", std::to_string(recipe_.floor)},
                      {"classes", "normal, pre-plus, plus"}}};
  }

  /// How the network was trained, and where it was best.
  void note_training(const fs::path& folder, const classifier_outcome& outcome, int seed) const {
    const auto& r = recipe_;
    std::array<std::size_t, 3> count{};
    for (const int label : train_.labels) ++count.at(static_cast<std::size_t>(label));
    const nlohmann::ordered_json note{
        {"arm", s_.arm},
        {"seed", seed},
        {"root_seed", s_.training.common.seed},
        {"preset", to_string(s_.training.size)},
        {"network", to_string(r.network)},
        {"parameters", engine_->parameters()},
        {"initial_weights", s_.init.empty() ? "random" : s_.init.filename().string()},
        {"maps", {{"train", count}, {"validation", validation_.size()}, {"side", side_}, {"floor", r.floor}}},
        {"steps", outcome.next_step},
        {"planned_steps", r.steps},
        {"batch", r.batch},
        {"learning_rate", r.learning_rate},
        {"cosine", r.cosine},
        {"weight_decay", r.weight_decay},
        {"label_smoothing", r.label_smoothing},
        {"rotation", r.degrees},
        {"shift", r.shift},
        {"validate_every", r.validate_every},
        {"patience", r.patience},
        {"choose_by", name_of(r.measure, measures)},
        {"keep", name_of(r.reload_best, kept_weights)},
        {"average_flips", to_string(r.flips)},
        {"best_step", outcome.best_step},
        {"best_validation", outcome.best_value}};
    synthmed::write_file(folder / "training.json", note.dump(2) + "\n");
  }

  /// curves.svg from the log: loss, and what validation gave.
  static void draw_curves(const fs::path& folder) {
    synthmed::plot::curve loss{.name = "training loss"}, validation{.name = "validation"};
    const std::string log = synthmed::read_file(folder / "log.jsonl", std::uint64_t{1} << 32);
    std::size_t begin = 0;
    while (begin < log.size()) {
      const auto end = std::min(log.find('\n', begin), log.size());
      const auto line = nlohmann::json::parse(log.substr(begin, end - begin));
      const double step = line.at("step").get<double>();
      // A value that is not finite, as before the first validation, is not there or null.
      const auto note = [&](const char* name, synthmed::plot::curve& to) {
        if (const auto at = line.find(name); at != line.end() && at->is_number()) {
          to.x.push_back(step);
          to.y.push_back(at->get<double>());
        }
      };
      note("loss", loss);
      note("validation", validation);
      begin = end + 1;
    }
    std::vector<synthmed::plot::curve> curves{std::move(loss)};
    if (!validation.x.empty()) curves.push_back(std::move(validation));
    synthmed::write_file(folder / "curves.svg", synthmed::plot::training(curves, {.title = "Training of the classifier",
                                                                                  .y_label = "loss, measure"}));
  }

  void print_header() const {
    std::printf("arm %s: %zu training maps, %zu for validation, %d px, %s with %lld parameters, %lld steps\n",
                s_.arm.c_str(), train_.size(), validation_.size(), side_, to_string(recipe_.network).c_str(),
                static_cast<long long>(engine_->parameters()), static_cast<long long>(recipe_.steps));
    std::printf("seed  set     maps  plus  AUC plus  AUC any\n");
  }

  /// probabilities_SET.csv, and a line of figures.
  void predict(const fs::path& folder, int seed, const named_maps& set, const classifier_view& trained) const {
    const auto said = trained.classify(in_order(read_maps(set.list, side_, recipe_.floor), 64), recipe_.flips);
    const auto classes = synthmed::plus_disease_classes();
    std::vector<std::string> header{"image_path", "subject", "label", "prediction"};
    for (const auto& known : classes) header.push_back("p_" + known.name);
    synthmed::csv_table table(header);
    const auto calls = said.calls();
    std::vector<int> plus, any;
    std::vector<double> some(said.size());
    for (std::size_t i = 0; i < said.size(); ++i) {
      std::vector<std::string> row{set.list.ids[i], set.list.subjects[i],
                                   classes[static_cast<std::size_t>(said.labels[i])].name,
                                   classes[static_cast<std::size_t>(calls[i])].name};
      for (std::size_t c = 0; c < said.classes; ++c)
        row.push_back(synthmed::csv_number(std::clamp(said.probabilities[i * said.classes + c], 0.0, 1.0)));
      table.add_row(std::move(row));
      plus.push_back(said.labels[i] == 2);
      any.push_back(said.labels[i] > 0);
      some[i] = 1 - said.probabilities[i * said.classes];
    }
    synthmed::write_csv(folder / sentence("probabilities_", set.name, ".csv"), table);
    const auto positives = std::count(plus.begin(), plus.end(), 1);
    const auto shown = [](std::span<const double> scores, const std::vector<int>& labels) {
      const bool both = std::find(labels.begin(), labels.end(), 0) != labels.end() &&
                        std::find(labels.begin(), labels.end(), 1) != labels.end();
      std::array<char, 16> text{};
      std::snprintf(text.data(), text.size(), "%.3f", both ? synthmed::auc(scores, labels) : 0.0);
      return both ? std::string(text.data()) : std::string("-");
    };
    std::printf("%4d  %-6s %5zu %5lld %9s %8s\n", seed, set.name.c_str(), said.size(),
                static_cast<long long>(positives), shown(said.column(2), plus).c_str(), shown(some, any).c_str());
    std::fflush(stdout);
  }

  /// features_NAME.csv: what the network's last layer reads of each map, as umap, fid and privacy take it.
  void write_features(const fs::path& folder, const std::string& name, const map_list& list,
                      const std::shared_ptr<const map_cache>& maps, const classifier_view& trained) const {
    const auto features = trained.features(in_order(maps, 64));
    const auto classes = synthmed::plus_disease_classes();
    std::string text = "id,subject,label";
    for (std::size_t f = 0; f < features.dimensions; ++f) text += sentence(",f", f);
    text += '\n';
    for (std::size_t i = 0; i < features.rows(); ++i) {
      text += sentence(synthmed::csv_cell(list.ids[i]), ",", synthmed::csv_cell(list.subjects[i]), ",",
                       classes[static_cast<std::size_t>(list.labels[i])].name);
      for (const double value : features.view().row(i)) {
        std::array<char, 32> number{};  // a float's shortest digits: it reads back as it was
        const auto end = std::to_chars(number.data(), number.data() + number.size(), static_cast<float>(value)).ptr;
        text += ',';
        text.append(number.data(), end);
      }
      text += '\n';
    }
    synthmed::write_file(folder / sentence("features_", name, ".csv"), text);
  }

  void show_costs() const {
    auto one = engine_->cost(recipe_, side_);
    std::vector<stage_cost> stages;
    // Validation and tests are forward passes: about a third of a step's arithmetic.
    const double looks =
        static_cast<double>(recipe_.steps / recipe_.validate_every) * static_cast<double>(validation_.size());
    const double trained = static_cast<double>(recipe_.steps * recipe_.batch);
    const double asked =
        static_cast<double>(tests_.front().list.size()) * (recipe_.flips == train::flip_averaging::both ? 4 : 1);
    one.seconds = one.seconds.value_or(0) * (1 + (looks + asked) / (3 * trained));
    const double maps = static_cast<double>(train_.size() + validation_.size() + tests_.front().list.size());
    one.memory_bytes = one.memory_bytes.value_or(0) + 2 * maps * side_ * side_;
    for (const int seed : seeds()) {
      one.stage = sentence("cnn ", s_.arm, " seed ", seed);
      stages.push_back(one);
    }
    std::fputs(dry_run_table(sentence("classify, preset ", to_string(s_.training.size)), stages).c_str(), stdout);
  }

  const classify_settings& s_;
  classifier_recipe recipe_;
  map_list train_, validation_;
  std::vector<named_maps> tests_, others_;
  int side_ = 0;
  std::unique_ptr<classifier_engine> engine_;
};

}  // namespace

void add_classify(CLI::App& app) {
  auto* const command = app.add_subcommand("classify", "Train classifiers of vessel maps and ask them about test maps");
  const auto settings = std::make_shared<classify_settings>();
  auto& s = *settings;
  add_training(*command, s.training);
  const std::string data = "Data", network = "Network and training (the preset chooses)", use = "Use";
  command->add_option("--data", s.data, "Folder that prepare wrote: its splits train, val, test and expert")
      ->group(data);
  command->add_option("--train", s.train_folders, "Folder with training maps instead; may be given several times")
      ->group(data)
      ->allow_extra_args(false);
  command->add_option("--validate", s.validate, "Folder with validation maps instead (the study: the synthetic ones)")
      ->group(data);
  command->add_option("--test", s.test, "Folder with test maps instead")->group(data);
  command->add_option("--expert", s.expert, "Folder with the experts' maps instead")->group(data);
  command->add_option("--arm", s.arm, "Name of what is learned from; folder in OUT/cnn")
      ->capture_default_str()
      ->group(data);
  command->add_option("--size", s.size, "Side of the maps in px (study: 224; else as prepared)")->group(data);
  command->add_option("--floor", s.floor, "Map values below become 0 (study: 51)")->group(data);
  command->add_option("--seeds", s.seeds, "How many networks: seeds 1 to this")->capture_default_str()->group(network);
  command->add_option("--only-seed", s.only_seed, "Only the network of this seed")->group(network);
  command->add_option("--network", s.network, "small or resnet18")->group(network);
  command->add_option("--init", s.init, "Weights to begin with: ResNet-18 of ImageNet as safetensors")
      ->group(network)
      ->check(CLI::ExistingFile);
  command->add_option("--total-steps", s.total_steps, "Steps of the whole training")->group(network);
  command->add_option("--epochs", s.epochs, "The same in passes over the training maps")->group(network);
  command->add_option("--batch", s.batch, "Maps per step")->group(network);
  command->add_option("--learning-rate", s.learning_rate, "Peak of the learning rate")->group(network);
  command->add_option("--weight-decay", s.weight_decay, "Decoupled weight decay (0: Adam)")->group(network);
  command->add_option("--label-smoothing", s.label_smoothing, "In [0, 1)")->group(network);
  command->add_option("--rotation", s.degrees, "Augmentation: degrees to either side")->group(network);
  command->add_option("--shift", s.shift, "Augmentation: share of the side")->group(network);
  command->add_option("--validate-every", s.validate_every, "Steps between validations (0: once an epoch)")
      ->group(network);
  command->add_option("--patience", s.patience, "Stop after so many validations without gain (0: never)")
      ->group(network);
  command->add_option("--choose-by", s.measure, "macro-auc, balanced-accuracy or accuracy (study)")->group(network);
  command->add_option("--keep", s.keep, "best weights, or last (study)")->group(network);
  command->add_option("--average-flips", s.flips, "Test on flipped copies too: none, horizontal or both")->group(use);
  command
      ->add_option("--features", s.features,
                   "NAME=FOLDER: also write features of the maps there; may be given several times")
      ->group(use)
      ->allow_extra_args(false);
  command->add_flag("--predict-only", s.predict_only, "Train nothing: ask the networks in --out")->group(use);
  command->footer(
      "Examples:\n  rop_study prepare --phantom quick --out data\n  rop_study classify --data data --out study\n"
      "  rop_study classify --data data --train synthetic --arm synthetic --out study\n"
      "Writes OUT/cnn/ARM/seed_K/: checkpoints, log.jsonl, tensorboard/, model.safetensors, training.json, "
      "curves.svg,\n"
      "probabilities_test.csv, probabilities_expert.csv, features_train.csv, features_val.csv, ...");
  command->callback([settings] {
    apply(settings->training);
    classify_command(*settings).run();
  });
}

}  // namespace rop_study

// rop_study gan: one progressive GAN per class on prepared or segmented vessel maps.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <thread>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <synthmed/data/augment.hpp>
#include <synthmed/data/content_hash.hpp>
#include <synthmed/data/manifest.hpp>
#include <synthmed/data/sampler.hpp>
#include <synthmed/imaging/read.hpp>
#include <synthmed/imaging/resize.hpp>
#include <synthmed/imaging/write.hpp>
#include <synthmed/io/csv.hpp>
#include <synthmed/parallel.hpp>
#include <synthmed/train/observers/memorisation.hpp>

#include "gan.hpp"
#include "gan_maps.hpp"
#include "study_folder.hpp"

namespace rop_study {

namespace {

namespace fs = std::filesystem;
namespace train = synthmed::train;
using synthmed::argument_error;
using synthmed::picture;
using synthmed::sentence;

struct gan_settings {
  training_options training;
  fs::path data;
  std::string only = "all", recipe = "synthmed", network, warm_up, loss, augment;
  std::optional<int> size;
  std::optional<std::int64_t> stage_images, class_images, batch;
  double learning_rate = 1e-3;
  fs::path init_from;
  bool score = false;
};

/// Everything about the runs of one command that flags and preset decide.
struct gan_protocol {
  gan_design design;
  int size = 32;
  int first = 8;                  ///< smallest resolution
  std::int64_t stage_images = 0;  ///< maps shown at each resolution but the last; the last gets half as many again
  std::int64_t class_images = 0;  ///< maps shown to a class's GAN after a warm start
  std::int64_t batch = 8;
  bool published = false;  ///< the recipe's own schedule, meant for a GPU; else one for minutes on a processor
  bool shared = false;     ///< the classes start from one GAN of all classes
  std::string augment;     ///< "none", "shift" or "vessel-maps"
  double learning_rate = 1e-3;
};

constexpr const char* warm_up_name = "warm-up";

/// --augment: what happens to real and generated maps before the critic sees them.
train::diff_augment augmentation_named(const std::string& name) {
  if (name == "none") return {};
  if (name == "shift") return {.probability = 0.8, .translation = 0.04};
  if (name == "vessel-maps") return train::diff_augment::vessel_maps();
  throw argument_error(sentence("--augment is none, shift or vessel-maps, got \"", name, "\"."));
}

gan_protocol protocol_of(const gan_settings& s) {
  gan_protocol p;
  const auto how = s.training.size;
  p.design.recipe = train::recipe_named(s.recipe);
  const bool own = p.design.recipe == train::recipe::synthmed, study = how == preset::study;
  const bool seed = p.design.recipe == train::recipe::seed;
  p.size = s.size.value_or(how == preset::smoke   ? 16
                           : how == preset::quick ? 32
                           : how == preset::demo  ? 64
                           : seed                 ? 512
                                                  : 256);
  if (p.size < 4 || p.size > 512 || (p.size & (p.size - 1)) != 0)
    throw argument_error(sentence("--size is a power of two from 4 to 512, got ", p.size, "."));
  p.design.network = study || p.size > 64 || seed ? gan_network::full : own ? gan_network::quick : gan_network::small;
  if (!s.network.empty()) p.design.network = network_of(s.network);
  if (own && !study) p.design.loss = gan_loss::ns_r1;
  if (!s.loss.empty()) p.design.loss = loss_of(s.loss);
  if (seed && p.design.network != gan_network::full)
    throw argument_error("The seed recipe is the study's network: --network is full.");
  if (p.size > 64 && p.design.network != gan_network::full)
    throw argument_error(sentence("The network ", to_string(p.design.network), " ends at 64 px; --size ", p.size,
                                  " needs --network full."));
  p.first = std::min(8, p.size);
  p.published = !own || study;
  p.stage_images = s.stage_images.value_or(how == preset::smoke ? 400 : how == preset::quick ? 28'000 : 60'000);
  p.class_images = s.class_images.value_or(how == preset::smoke ? 160 : how == preset::quick ? 22'200 : 60'000);
  p.batch = s.batch.value_or(default_gan_batch(s.recipe, s.training.preset_name));
  if (p.batch < 1) throw argument_error(sentence("--batch is at least 1, got ", p.batch, "."));
  const std::string warm = !s.warm_up.empty() ? s.warm_up : own && !study && s.init_from.empty() ? "shared" : "none";
  if (warm != "shared" && warm != "none")
    throw argument_error(sentence("--warm-up is shared or none, got \"", warm, "\"."));
  p.shared = warm == "shared";
  if (p.shared && !s.init_from.empty()) throw argument_error("--init-from and --warm-up shared exclude each other.");
  if (p.published &&
      (p.shared || !s.init_from.empty() || !s.loss.empty() || s.stage_images || s.class_images || s.batch ||
       s.learning_rate != 1e-3))
    throw argument_error(
        sentence("The ", s.recipe, " recipe, preset ", s.training.preset_name,
                 ", has a schedule and a loss of its own and random first weights: --warm-up shared, --init-from, "
                 "--loss, --stage-images, --class-images, --batch and --learning-rate belong to --recipe synthmed with "
                 "--preset smoke, quick or demo."));
  p.augment = !s.augment.empty() ? s.augment : p.published ? "none" : "shift";
  (void)augmentation_named(p.augment);
  if (!(s.learning_rate > 0)) throw argument_error(sentence("--learning-rate is above 0, got ", s.learning_rate, "."));
  p.learning_rate = s.learning_rate;
  return p;
}

/// From the smallest to the largest resolution; for the warm-up, and for a class without one.
gan_schedule growing(const gan_protocol& p, std::int64_t maps) {
  if (p.published) return gan_schedule(train::recipe_schedule(p.design.recipe, p.size, maps));
  std::vector<train::growth_stage> stages;
  std::int64_t first = 0;
  while ((4 << first) < p.first) ++first;
  for (std::int64_t r = p.first; r <= p.size; r *= 2) {
    // Half as many at the smallest resolution, half as many again at the largest: what measured best in quick.
    const std::int64_t images = r == p.size    ? p.stage_images * 3 / 2
                                : r == p.first ? p.stage_images / 2
                                               : p.stage_images;
    stages.push_back(
        {.resolution = r, .images = images, .fade_images = r == p.first ? 0 : images * 35 / 100, .batch = p.batch});
  }
  return gan_schedule(train::progressive_schedule(
      stages, {.learning_rate = p.learning_rate, .average_per_step = 0.999, .first_stage = first, .final_rate = 0.1}));
}

/// At the largest resolution only: a class's GAN after a warm start.
gan_schedule tuning(const gan_protocol& p) {
  std::int64_t stage = 0;
  while ((4 << stage) < p.size) ++stage;
  return gan_schedule(train::progressive_schedule(
      {{.resolution = p.size, .images = p.class_images, .fade_images = 0, .batch = p.batch}},
      {.learning_rate = p.learning_rate, .average_per_step = 0.999, .first_stage = stage, .final_rate = 0.1}));
}

/// The study's loader skips the last, incomplete batch of an epoch.
class whole_batches {
 public:
  explicit whole_batches(synthmed::shuffled_sampler order) : order_(order) {}
  [[nodiscard]] std::size_t size() const noexcept { return order_.size(); }
  void fill(std::uint64_t first, std::span<std::size_t> out) const {
    const std::uint64_t n = out.size(), full = order_.size() / n, step = first / n;
    order_.fill(step / full * order_.size() + step % full * n, out);
  }

 private:
  synthmed::shuffled_sampler order_;
};

using map_cache = synthmed::picture_cache<synthmed::memory_dataset>;

/// Maps of a split framed to a side; `ids` are their paths in the manifest.
struct map_split {
  std::vector<picture> pictures;
  std::vector<int> labels;
  std::vector<std::string> ids, subjects;
};

map_split maps_of(const synthmed::manifest& m, const std::string& split, int label, int size) {
  map_split out;
  std::vector<fs::path> files;
  for (const auto i : synthmed::records_in(m, split, label)) {
    const auto& record = m.records[i];
    if (record.label < 0) continue;
    files.push_back(map_of(m, record));
    out.labels.push_back(record.label);
    out.ids.push_back(record.image.string());
    out.subjects.push_back(record.subject);
  }
  out.pictures.resize(files.size());
  synthmed::parallel_for(static_cast<std::int64_t>(files.size()), 8, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      const auto grey = synthmed::recoloured(synthmed::read_picture(files[i]), synthmed::picture_colour::grey);
      out.pictures[i] = synthmed::fitted(
          grey, {.height = size,
                 .width = size,
                 .how = synthmed::fit::squash,
                 .with = grey.height() >= size ? synthmed::interpolation::area : synthmed::interpolation::bilinear});
    }
  });
  return out;
}

/// batches(step) for a schedule: shuffled or, for all classes together, balanced.
template <class Sampler>
std::function<synthmed::batch(std::int64_t)> batches_of(std::shared_ptr<const map_cache> maps, const gan_protocol& p,
                                                        gan_schedule plan, Sampler order, synthmed::key k) {
  using loader = synthmed::loader<synthmed::memory_dataset, Sampler, synthmed::flips_and_rotation>;
  // Maps for small presets are mirrored to one side already and lie alike.
  const auto flip = p.published ? train::flips_of(p.design.recipe) : train::recipe_flips{0, 0};
  const synthmed::flips_and_rotation flips({.horizontal = flip.horizontal, .vertical = flip.vertical, .degrees = 0});
  struct state {
    std::unique_ptr<loader> now;
    std::int64_t resolution = 0, batch = 0;
  };
  return [=, at = std::make_shared<state>()](std::int64_t step) {
    const auto g = plan.at(step);
    if (at->resolution != g.resolution || at->batch != g.batch) {
      at->now = std::make_unique<loader>(maps, order, flips, k.fold("augment"),
                                         synthmed::loader_options{.batch = static_cast<int>(g.batch),
                                                                  .height = static_cast<int>(g.resolution),
                                                                  .width = static_cast<int>(g.resolution),
                                                                  .values = values_of(p.design.recipe),
                                                                  .workers = 0});
      at->resolution = g.resolution;
      at->batch = g.batch;
    }
    return at->now->at(static_cast<std::uint64_t>(step));
  };
}

std::vector<float> noise(synthmed::key k, std::int64_t count, std::int64_t latent) {
  std::vector<float> out(static_cast<std::size_t>(count * latent));
  synthmed::fill_normal<float>(k, out);
  return out;
}

/// Maps without any label are one class, "unlabelled".
synthmed::manifest with_classes(synthmed::manifest m) {
  if (std::any_of(m.records.begin(), m.records.end(), [](const auto& record) { return record.label >= 0; })) return m;
  m.classes = {unlabelled_class};
  for (auto& record : m.records) record.label = 0;
  return m;
}

/// One command's runs.
class gan_command {
 public:
  explicit gan_command(gan_settings s)
      : s_(std::move(s)),
        p_(protocol_of(s_)),
        m_(with_classes(synthmed::read_manifest(s_.data / "manifest.csv"))),
        engine_(gan_on(s_.training.backend, s_.training.device, p_.design)),
        root_(synthmed::key(s_.training.common.seed).fold("gan")),
        folder_(s_.training.common.out / "gan") {
    for (int label = 0; label < static_cast<int>(m_.classes.size()); ++label)
      if (s_.only == "all" || s_.only == m_.classes[static_cast<std::size_t>(label)]) labels_.push_back(label);
    if (labels_.empty())
      throw argument_error(sentence("There is no class \"", s_.only, "\" in ", s_.data.string(), "."));
    // One class needs no network of all classes, unless it is asked for.
    if (m_.classes.size() == 1 && s_.warm_up.empty()) p_.shared = false;
    for (const int label : labels_) {
      const auto maps = synthmed::records_in(m_, "train", label).size();
      if (static_cast<std::int64_t>(maps) < p_.batch)
        throw argument_error(sentence("Class ", name_of(label), " has ", maps, " training maps in ", s_.data.string(),
                                      ", fewer than a batch of ", p_.batch,
                                      "; prepare more pictures or lower --batch."));
      (void)plan_of(label, warm(), static_cast<std::int64_t>(maps));  // throws for a schedule that cannot be
    }
    if (p_.shared) (void)plan_of(-1, false, 0);
    if (!s_.init_from.empty() && !fs::exists(s_.init_from))
      throw argument_error(sentence("There is no ", s_.init_from.string(), " to start from."));
  }

  void run() {
    if (s_.training.common.dry_run) return show_costs();
    const train::interrupt_guard guard;
    const int threads = synthmed::threads();
    // The same bytes on any number of cores: a class's small network is trained by one thread and the warm-up, which
    // runs alone, by two, whatever there is.
    const bool together = p_.design.network != gan_network::full && s_.training.device == "cpu";
    fs::path start = s_.init_from;
    if (fs::is_directory(start)) start = newest(start);
    // Every map is read before anything is written: one that cannot be leaves no trace.
    for (const int label : p_.shared ? std::vector<int>{-1} : labels_) (void)maps_of(m_, "train", label, p_.size);
    write_settings();
    if (p_.shared) {
      if (together) synthmed::set_threads(2);
      if (!train_one(-1, {})) return;
      start = newest(folder_ / warm_up_name);
    }
    // Three classes on two cores take turns: that is done sooner than two and then one.
    const auto workers =
        together && threads > 1 ? std::min<std::size_t>(labels_.size(), 2 * static_cast<std::size_t>(threads)) : 1;
    std::atomic<std::size_t> next{0};
    std::vector<std::exception_ptr> failures(labels_.size());
    const auto work = [&] {
      if (together) synthmed::set_threads(1);
      for (std::size_t i; (i = next.fetch_add(1)) < labels_.size() && !stop_asked(s_.training);) try {
          (void)train_one(labels_[i], start);
        } catch (...) {
          failures[i] = std::current_exception();
        }
    };
    std::vector<std::thread> others;
    for (std::size_t w = 1; w < workers; ++w) others.emplace_back(work);
    work();
    for (auto& t : others) t.join();
    for (const auto& failure : failures)
      if (failure) std::rethrow_exception(failure);
    synthmed::set_threads(threads);
  }

 private:
  [[nodiscard]] bool warm() const { return p_.shared || !s_.init_from.empty(); }
  [[nodiscard]] std::string name_of(int label) const {
    return label < 0 ? warm_up_name : m_.classes[static_cast<std::size_t>(label)];
  }

  static fs::path newest(const fs::path& folder) {
    const train::checkpoint_store store(folder);  // makes the folder: it is there
    const auto steps = store.steps();
    if (steps.empty()) throw argument_error(sentence(folder.string(), " has no checkpoint to start from."));
    return store.path_of(steps.front());
  }

  [[nodiscard]] gan_schedule plan_of(int label, bool warm, std::int64_t maps) const {
    return label >= 0 && warm ? tuning(p_) : growing(p_, maps);
  }

  /// One class, or all of them for the warm-up (label -1). True when it is trained to its end.
  bool train_one(int label, const fs::path& start) {
    const std::string name = name_of(label);
    auto maps = maps_of(m_, "train", label, p_.size);
    const std::string hash = synthmed::content_hash(synthmed::memory_dataset(maps.pictures, maps.labels));
    const auto plan = plan_of(label, !start.empty(), static_cast<std::int64_t>(maps.pictures.size()));
    const synthmed::key key = root_.fold(name);
    const auto cache = std::make_shared<const map_cache>(synthmed::memory_dataset(maps.pictures, maps.labels));
    const synthmed::key order = key.fold("order");

    const fs::path folder = folder_ / name;
    gan_task task{.plan = plan, .key = key};
    task.about = sentence(label < 0 ? "all classes" : "class " + name, ", recipe ", s_.recipe, ", size ", p_.size,
                          ", seed ", s_.training.common.seed);
    task.place = {.folder = folder, .what = "gan " + name, .backend = engine_->backend(), .data = hash};
    task.init_from = label < 0 ? fs::path() : start;
    task.augmentation = augmentation_named(p_.augment);
    task.generator = folder / "generator.safetensors";
    task.notes = {{"class", name},
                  {"recipe", s_.recipe},
                  {"training maps", std::to_string(maps.pictures.size())},
                  {"start", task.init_from.empty()    ? "random"
                            : label >= 0 && p_.shared ? "warm-up of all classes"
                                                      : "another run"}};
    if (label < 0)
      task.batches = batches_of(cache, p_, plan, synthmed::balanced_sampler(maps.labels, order), key);
    else if (p_.design.recipe == train::recipe::seed)
      task.batches =
          batches_of(cache, p_, plan, whole_batches(synthmed::shuffled_sampler(maps.pictures.size(), order)), key);
    else
      task.batches = batches_of(cache, p_, plan, synthmed::shuffled_sampler(maps.pictures.size(), order), key);
    const auto held_out = maps_of(m_, "val", label, p_.size);
    task.show = [&](const gan_view& view, bool stage_ended) {
      const auto count = std::clamp<std::int64_t>(static_cast<std::int64_t>(maps.pictures.size()), 40, 1000);
      const auto made =
          maps_drawn(view, noise(key.fold("grid"), count, engine_->latent()), engine_->latent(), p_.design.recipe);
      synthmed::write_png(folder / sentence("samples_", view.resolution, ".png"), page_of(std::span(made).first(40)));
      if (stage_ended && maps.pictures.size() > 1) {
        auto figures = compare_maps(maps.pictures, made);
        if (!held_out.pictures.empty()) add_memorisation(figures, view, maps.pictures, held_out.pictures, made);
        note_figures(folder / "stages.csv", figures);
      }
      if (s_.score && label >= 0 && view.resolution == p_.size) write_scores(view, label, made);
    };
    auto options = s_.training;
    // A finished warm-up, or one of another command's, is gone on from without being asked.
    if (label < 0 && fs::exists(folder)) options.resume = true;
    const auto result = engine_->train(options, task);
    return result.why == train::run_end::finished;
  }

  /// Whether generated maps lie nearer to training maps than held-out ones do, and whether the critic tells these
  /// apart.
  void add_memorisation(gan_figures& figures, const gan_view& view, std::span<const picture> training,
                        std::span<const picture> held_out, std::span<const picture> made) const {
    const auto values = values_of(p_.design.recipe);
    const auto numbers = [&](std::span<const picture> pictures, std::int64_t side) {
      std::vector<float> out;
      for (const auto& p : pictures) {
        const auto shown = synthmed::fitted(p, {.height = static_cast<int>(side),
                                                .width = static_cast<int>(side),
                                                .how = synthmed::fit::squash,
                                                .with = synthmed::interpolation::area});
        for (const auto v : shown.pixels()) out.push_back(values[v]);
      }
      return out;
    };
    const std::int64_t edge = std::min<std::int64_t>(view.resolution, 32);
    const auto some = [](std::span<const picture> pictures) {
      return pictures.first(std::min<std::size_t>(pictures.size(), 200));
    };
    const auto found =
        train::measure_memorisation({.edge = edge,
                                     .training = numbers(training, edge),
                                     .held_out = numbers(held_out, edge),
                                     .synthetic = numbers(made, edge),
                                     .training_scores = view.score(numbers(some(training), view.resolution)),
                                     .held_out_scores = view.score(numbers(some(held_out), view.resolution))});
    figures.nearest_ratio = found.distance_ratio;
    figures.closest_ratio = found.closest_ratio;
    figures.critic_gap = found.score_gap;
  }

  /// The critic's scores of every real map of the class and of as many generated ones, for the privacy audit.
  void write_scores(const gan_view& view, int label, std::span<const picture> made) const {
    synthmed::csv_table table({"id", "score", "set", "subject"}, "the critic's scores");
    const auto values = values_of(p_.design.recipe);
    const auto scores = [&](std::span<const picture> pictures) {
      std::vector<float> input;
      for (const auto& p : pictures)
        for (const auto v : p.pixels()) input.push_back(values[v]);
      return view.score(input);
    };
    for (const char* const split : {"train", "val", "test", "expert"}) {
      const auto maps = maps_of(m_, split, label, p_.size);
      const auto found = scores(maps.pictures);
      for (std::size_t i = 0; i < found.size(); ++i)
        table.add_row({maps.ids[i], synthmed::csv_number(static_cast<double>(found[i])), split, maps.subjects[i]});
    }
    const auto found = scores(made);
    for (std::size_t i = 0; i < found.size(); ++i)
      table.add_row({sentence("generated ", i), synthmed::csv_number(static_cast<double>(found[i])), "synthetic", ""});
    synthmed::write_csv(folder_ / name_of(label) / "scores.csv", table);
  }

  /// gan.json: what `synthesize` needs, and what this run does otherwise than the published study.
  void write_settings() const {
    nlohmann::ordered_json json;
    json["program"] = std::string("rop_study gan ") + SYNTHMED_VERSION;
    json["recipe"] = s_.recipe;
    json["network"] = to_string(p_.design.network);
    json["size"] = p_.size;
    json["seed"] = s_.training.common.seed;
    json["warm_up"] = p_.shared ? "shared" : s_.init_from.empty() ? "none" : "init-from";
    json["batch"] = p_.batch;
    json["stage_images"] = p_.stage_images;
    json["class_images"] = p_.class_images;
    json["loss"] = to_string(p_.design.loss);
    json["learning_rate"] = p_.learning_rate;
    json["augment"] = p_.augment;
    auto& classes = json["classes"] = nlohmann::ordered_json::array();
    for (int label = 0; label < static_cast<int>(m_.classes.size()); ++label)
      classes.push_back({{"name", m_.classes[static_cast<std::size_t>(label)]},
                         {"train", synthmed::records_in(m_, "train", label).size()},
                         {"val", synthmed::records_in(m_, "val", label).size()}});
    synthmed::make_folder(folder_);
    synthmed::write_file(folder_ / "gan.json", json.dump(2) + "\n");
  }

  void show_costs() const {
    std::vector<stage_cost> rows;
    const auto add = [&](const std::string& what, const gan_schedule& plan) {
      double disk = 0;
      auto costs = engine_->costs(plan, disk);
      for (auto& c : costs)
        rows.push_back({.stage = sentence(what, ", ", c.resolution, " px", c.measured ? "" : " (by arithmetic)"),
                        .steps = c.steps,
                        .seconds = c.seconds_per_step * static_cast<double>(c.steps)});
      if (!costs.empty()) {
        rows.back().disk_bytes = disk;
        rows.back().memory_bytes = static_cast<double>(train::peak_memory());
      }
    };
    if (p_.shared) add(sentence("gan ", warm_up_name), plan_of(-1, false, 0));
    for (const int label : labels_)
      add("gan " + name_of(label),
          plan_of(label, warm(), static_cast<std::int64_t>(synthmed::records_in(m_, "train", label).size())));
    std::fputs(dry_run_table(sentence("gan, recipe ", s_.recipe, ", network ", to_string(p_.design.network), ", ",
                                      p_.size, " px; times of one thread; classes are trained side by side"),
                             rows)
                   .c_str(),
               stdout);
  }

  gan_settings s_;
  gan_protocol p_;
  synthmed::manifest m_;
  std::unique_ptr<gan_engine> engine_;
  synthmed::key root_;
  fs::path folder_;
  std::vector<int> labels_;
};

}  // namespace

void add_gan(CLI::App& app) {
  auto* const command = app.add_subcommand("gan", "Train one progressive GAN per class on vessel maps");
  auto settings = std::make_shared<gan_settings>();
  auto& s = *settings;
  add_training(*command, s.training);
  command->add_option("--data", s.data, "Folder with manifest.csv: data/ of prepare or rvm/ of segment")->required();
  command->add_option("--class", s.only, "One class by name, or all")->capture_default_str();
  command->add_option("--recipe", s.recipe, "Protocol: synthmed, paper (Karras et al. 2018) or seed (the study's)")
      ->capture_default_str();
  command->add_option("--network", s.network,
                      "Channel list: quick or small (to 64 px), full (to 512 px; default: by size)");
  command->add_option("--size", s.size, "Side of the maps, a power of two from 4 to 512 px (default: the preset's)");
  command->add_option("--warm-up", s.warm_up,
                      "shared: the classes start from one GAN of all classes; none (default: the preset's)");
  command->add_option("--init-from", s.init_from, "Start every class from another run's folder or checkpoint");
  command->add_option("--stage-images", s.stage_images,
                      "Maps shown at a middle resolution: half of it at the smallest, one and a half at the largest");
  command->add_option("--class-images", s.class_images, "Maps shown to a class's GAN after a warm start");
  command->add_option("--batch", s.batch, "Maps per step");
  command->add_option("--loss", s.loss,
                      "wgan-gp, or ns-r1: non-saturating with the R1 penalty (default: the preset's)");
  command->add_option("--augment", s.augment,
                      "What the critic sees changed: none, shift, or vessel-maps for few maps (default: the preset's)");
  command->add_option("--learning-rate", s.learning_rate, "Adam's, before its decay at the end")->capture_default_str();
  command->add_flag("--score", s.score, "Write the critic's scores of all maps for `privacy --critic`");
  command->footer(
      "Example:\n  rop_study prepare --phantom quick --out study/data\n  rop_study gan --data study/data --out study\n"
      "Writes OUT/gan/gan.json and for each class OUT/gan/CLASS/: generator.safetensors, checkpoint-STEP.safetensors,\n"
      "log.jsonl, tensorboard/, samples_8.png, samples_16.png, ..., stages.csv, with --score scores.csv.");
  command->callback([settings] {
    apply(settings->training);
    gan_command(*settings).run();
  });
}

}  // namespace rop_study

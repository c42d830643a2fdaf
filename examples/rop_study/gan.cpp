// rop_study gan: one progressive GAN per class on prepared vessel maps, on the xtensor backend.
#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/xtensor.hpp>
#include <synthmed/data/augment.hpp>
#include <synthmed/data/loader.hpp>
#include <synthmed/data/manifest.hpp>
#include <synthmed/data/sampler.hpp>
#include <synthmed/imaging/contact_sheet.hpp>
#include <synthmed/imaging/read.hpp>
#include <synthmed/imaging/resize.hpp>
#include <synthmed/imaging/write.hpp>
#include <synthmed/train/pgan_trainer.hpp>

#include "command.hpp"

namespace rop_study {

namespace {

namespace fs = std::filesystem;
using synthmed::argument_error;
using synthmed::sentence;

// Small networks for small maps; pictures are 4 to 32 px.
constexpr synthmed::models::pgan_options<4> networks{.channels = {64, 64, 48, 32}, .latent = 64};
using D = synthmed::autodiff<synthmed::xtensor_backend<float>>;
using trainer = synthmed::train::pgan_trainer<D, networks, synthmed::train::progressive_schedule>;

struct gan_settings {
  common_options common;
  fs::path data;
  std::string only = "all";
  int size = 16;
  std::int64_t stage_images = 24'000;
  std::int64_t batch = 16;
  std::int64_t steps = 0;
  bool resume = false;
};

volatile std::sig_atomic_t interrupted = 0;

/// Ctrl-C ends the run after the step at hand, with a checkpoint; a second one ends it at once.
class interrupt_guard {
 public:
  interrupt_guard() : before_(std::signal(SIGINT, [](int) {
    interrupted = 1;
    std::signal(SIGINT, SIG_DFL);
  })) {}
  interrupt_guard(const interrupt_guard&) = delete;
  interrupt_guard& operator=(const interrupt_guard&) = delete;
  ~interrupt_guard() { std::signal(SIGINT, before_); }

 private:
  void (*before_)(int);
};

synthmed::train::progressive_schedule plan_of(const gan_settings& s) {
  std::vector<synthmed::train::growth_stage> stages;
  for (std::int64_t r = 4; r <= s.size; r *= 2)
    stages.push_back({.resolution = r, .images = s.stage_images, .fade_images = r == 4 ? 0 : s.stage_images * 35 / 100,
                      .batch = s.batch});
  return synthmed::train::progressive_schedule(
      stages, {.average_half_life = std::max(1.0, static_cast<double>(s.stage_images) / 12), .final_rate = 0.1});
}

/// The training maps of one class, framed to the size of the run.
auto maps_of(const synthmed::manifest& m, int label, int size) {
  std::vector<fs::path> files;
  for (const auto i : synthmed::records_in(m, "train", label)) {
    const auto& record = m.records[i];
    const auto it = record.more.find("rvm");
    if (it != record.more.end() && !it->second.empty())
      files.push_back(m.locate(it->second));
    else if (record.kind == "rvm")
      files.push_back(m.locate(record.image));
  }
  std::vector<int> labels(files.size(), label);
  auto make = [files, size](std::size_t i) {
    return synthmed::fitted(synthmed::recoloured(synthmed::read_picture(files[i]), synthmed::picture_colour::grey),
                            {.height = size, .width = size, .how = synthmed::fit::squash, .with = synthmed::interpolation::area});
  };
  return synthmed::lazy_dataset(std::move(labels), std::move(make));
}

/// Generated pictures [n, 1, r, r] in the range of root_values() as a page of 8-bit maps.
synthmed::picture page_of(const std::vector<float>& values, std::int64_t count, int side) {
  std::vector<synthmed::picture> pictures;
  const auto area = static_cast<std::size_t>(side) * static_cast<std::size_t>(side);
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    synthmed::picture p(side, side, 1);
    for (std::size_t at = 0; at < area; ++at) {
      const double root = std::clamp((static_cast<double>(values[i * area + at]) + 1) / 2, 0.0, 1.0);
      p.pixels()[at] = static_cast<std::uint8_t>(std::lround(255 * root * root));
    }
    pictures.push_back(std::move(p));
  }
  return synthmed::contact_sheet(pictures, {}, {.columns = 8, .height = 4 * side, .width = 4 * side});
}

/// Cuts a log to the lines of the steps before `next`: a run that was killed has logged more than its checkpoint holds.
void keep_steps(const fs::path& path, std::int64_t next) {
  std::string kept;
  if (fs::exists(path)) {
    std::ifstream in(path);
    std::string line;
    for (std::int64_t step = 0; step < next && std::getline(in, line); ++step) kept += line + '\n';
  }
  synthmed::write_file(path, kept);
}

void train_class(const gan_settings& s, const synthmed::manifest& m, int label) {
  const std::string& name = m.classes[static_cast<std::size_t>(label)];
  const auto cache = std::make_shared<const synthmed::picture_cache<decltype(maps_of(m, label, s.size))>>(maps_of(m, label, s.size));
  if (static_cast<std::int64_t>(cache->size()) < s.batch)
    throw argument_error(sentence("Class ", name, " has ", cache->size(), " training maps in ", s.data.string(),
                                  ", fewer than a batch of ", s.batch, "; prepare more pictures or lower --batch."));
  const auto plan = plan_of(s);
  const std::int64_t end = s.steps > 0 ? std::min(s.steps, plan.total_steps()) : plan.total_steps();
  const synthmed::key root = synthmed::key(s.common.seed).fold("gan").fold(name);
  const std::string about = sentence("class ", name, " of ", cache->size(), " maps, size ", s.size, ", stage images ",
                                     s.stage_images, ", batch ", s.batch, ", seed ", s.common.seed);
  const fs::path folder = s.common.out / "gan" / name, checkpoint = folder / "checkpoint.safetensors";
  if (s.common.dry_run) {
    std::printf("%s: %lld steps of batch %lld to %d px on %zu maps; checkpoint %s\n", name.c_str(), static_cast<long long>(end),
                static_cast<long long>(s.batch), s.size, cache->size(), checkpoint.c_str());
    return;
  }
  synthmed::make_folder(folder);
  if (fs::exists(checkpoint) && !s.resume)
    throw argument_error(sentence(checkpoint.string(), " is there already; continue it with --resume, or give another --out."));

  trainer run(root, plan);
  if (s.resume && fs::exists(checkpoint)) run.load(checkpoint, about);
  const auto save = [&] { run.save(checkpoint, about); };
  const auto latents = synthmed::ops::normal<D>(root.fold("grid"), {16, networks.latent});
  const auto grid = [&](std::int64_t step) {
    const auto pictures = run.sample(latents, step);
    const int side = static_cast<int>(D::shape_of(pictures)[2]);
    synthmed::write_png(folder / sentence("samples_", side, ".png"), page_of(synthmed::ops::to_host<D>(pictures), 16, side));
  };

  const synthmed::shuffled_sampler order(cache->size(), root.fold("order"));
  using flips = synthmed::flips_and_rotation;
  using loader = synthmed::loader<decltype(maps_of(m, label, s.size)), synthmed::shuffled_sampler, flips>;
  std::unique_ptr<loader> batches;
  keep_steps(folder / "log.jsonl", run.next_step());
  std::ofstream log(folder / "log.jsonl", std::ios::app);
  progress shown("gan " + name, "steps", static_cast<std::uint64_t>(end));
  auto saved = std::chrono::steady_clock::now();
  while (run.next_step() < end && interrupted == 0) {
    const auto g = plan.at(run.next_step());
    if (!batches || g.starts_stage)
      batches = std::make_unique<loader>(cache, order, flips({.degrees = 0}),
                                         root.fold("augment"),
                                         synthmed::loader_options{.batch = static_cast<int>(g.batch),
                                                                  .height = static_cast<int>(g.resolution),
                                                                  .width = static_cast<int>(g.resolution),
                                                                  .values = synthmed::root_values(), .workers = 0});
    const auto made = batches->at(static_cast<std::uint64_t>(run.next_step()));
    const auto report = run.step(D::from_host(made.extents, made.pixels));
    log << nlohmann::json{{"step", report.step}, {"resolution", g.resolution}, {"fade", g.fade}, {"critic_loss", report.critic_loss},
                          {"generator_loss", report.generator_loss}, {"score_real", report.score_real},
                          {"score_fake", report.score_fake}, {"penalty", report.penalty}}.dump() << '\n';
    shown.done(static_cast<std::uint64_t>(run.next_step()));
    const bool stage_ends = run.done() || plan.at(run.next_step()).starts_stage;
    if (stage_ends) grid(report.step);
    if (const auto now = std::chrono::steady_clock::now(); stage_ends || now - saved > std::chrono::minutes(1)) {
      log.flush();
      save();
      saved = now;
    }
  }
  log.flush();  // before the checkpoint: the log may be ahead of it, never behind
  save();
  if (run.next_step() > 0) grid(run.next_step() - 1);
}

}  // namespace

void add_gan(CLI::App& app) {
  auto* const command = app.add_subcommand("gan", "Train one progressive GAN per class on prepared vessel maps");
  auto settings = std::make_shared<gan_settings>();
  add_common(*command, settings->common);
  command->add_option("--data", settings->data, "Folder that prepare wrote")->required();
  command->add_option("--class", settings->only, "One class by name, or all")->capture_default_str();
  command->add_option("--size", settings->size, "Side of the maps: 4, 8, 16 or 32 px")->capture_default_str();
  command->add_option("--stage-images", settings->stage_images, "Maps shown at each resolution")->capture_default_str();
  command->add_option("--batch", settings->batch, "Maps per step")->capture_default_str();
  command->add_option("--steps", settings->steps, "Stop after this step, with a checkpoint (default: the whole schedule)");
  command->add_flag("--resume", settings->resume, "Continue from the checkpoint in --out");
  command->footer("Example:\n  rop_study prepare --phantom quick --out data\n  rop_study gan --data data --size 16 --out run\n"
                  "Writes OUT/gan/CLASS/: checkpoint.safetensors, log.jsonl, samples_4.png, samples_8.png, ...");
  command->callback([settings] {
    apply(settings->common);
    if (settings->size != 4 && settings->size != 8 && settings->size != 16 && settings->size != 32)
      throw argument_error(sentence("--size is 4, 8, 16 or 32, got ", settings->size, "."));
    if (settings->batch < 1) throw argument_error(sentence("--batch is at least 1, got ", settings->batch, "."));
    if (settings->steps < 0) throw argument_error(sentence("--steps is positive, got ", settings->steps, "."));
    const auto m = synthmed::read_manifest(settings->data / "manifest.csv");
    bool found = false;
    const interrupt_guard guard;
    for (int label = 0; label < static_cast<int>(m.classes.size()) && interrupted == 0; ++label) {
      if (settings->only != "all" && settings->only != m.classes[static_cast<std::size_t>(label)]) continue;
      found = true;
      train_class(*settings, m, label);
    }
    if (!found) throw argument_error(sentence("There is no class \"", settings->only, "\" in ", settings->data.string(), "."));
  });
}

}  // namespace rop_study

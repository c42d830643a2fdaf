// rop_study segment: photographs to soft vessel maps by a U-Net, trained on the photographs that have maps, or given.
#include "segment.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <synthmed/data/content_hash.hpp>
#include <synthmed/data/manifest.hpp>
#include <synthmed/imaging/read.hpp>
#include <synthmed/imaging/resize.hpp>
#include <synthmed/imaging/write.hpp>
#include <synthmed/io/hash.hpp>
#include <synthmed/io/safetensors.hpp>
#include <synthmed/metrics/pr.hpp>
#include <synthmed/metrics/roc.hpp>
#include <synthmed/metrics/segmentation.hpp>

namespace rop_study {

namespace {

namespace fs = std::filesystem;
using synthmed::argument_error;
using synthmed::manifest_record;
using synthmed::picture;
using synthmed::sentence;

picture grey_of(const fs::path& file) {
  return synthmed::read_picture(file, {.colour = synthmed::picture_colour::grey});
}

std::string column(const manifest_record& record, const char* name) {
  const auto it = record.more.find(name);
  return it == record.more.end() ? std::string() : it->second;
}

/// The photographs of a data set, the settings they were prepared with, and how a probability map becomes an RVM.
class prepared_data {
 public:
  explicit prepared_data(const fs::path& folder) : manifest(synthmed::read_manifest(folder / "manifest.csv")) {
    const auto settings = folder / "prepare.json";
    if (fs::exists(settings)) prepared_ = nlohmann::json::parse(synthmed::read_file(settings), nullptr, false);
    if (!prepared_.is_object() || !prepared_.contains("rvm"))
      throw argument_error(
          sentence(folder.string(), " was not written by rop_study prepare: it has no readable prepare.json."));
    for (std::size_t i = 0; i < manifest.records.size(); ++i)
      if (!column(manifest.records[i], "grey").empty()) photographs.push_back(i);
    if (photographs.empty())
      throw argument_error(sentence(folder.string(),
                                    " has no photographs to segment, only vessel maps; prepare photographs "
                                    "(for the phantom's quick set: --photographs or --photograph-size)."));
  }

  [[nodiscard]] const manifest_record& record(std::size_t i) const { return manifest.records[i]; }
  [[nodiscard]] picture grey(std::size_t i) const { return grey_of(manifest.locate(column(record(i), "grey"))); }
  [[nodiscard]] bool has_truth(std::size_t i) const { return !record(i).mask.empty(); }
  [[nodiscard]] picture truth(std::size_t i) const { return grey_of(manifest.locate(record(i).mask)); }
  [[nodiscard]] picture field(std::size_t i) const {
    return record(i).fov.empty() ? picture() : grey_of(manifest.locate(record(i).fov));
  }

  /// A probability map in the frame that prepare gives vessel maps.
  [[nodiscard]] picture rvm_of(const picture& map, const manifest_record& record) const {
    const auto& how = prepared_["rvm"];
    synthmed::fit_options to{
        .height = how["size"],
        .width = how["size"],
        .how = synthmed::parse_fit(how["fit"].get<std::string>()),
        .with = how["interpolation"] == "area" ? synthmed::interpolation::area : synthmed::interpolation::bilinear};
    const bool phantom = prepared_["source"].get<std::string>().starts_with("phantom"),
               cropped = prepared_.contains("photograph_size");
    if (cropped) {
      to.how = synthmed::fit::squash;
      to.with = synthmed::interpolation::area;
    } else if (to.how == synthmed::fit::crop) {
      to.window = how["window"];
      if (phantom) {
        // The phantom's window is in disc diameters of the eye: 51 px is the nominal one, 1200 um its size.
        to.window *= 1200 / record.um_per_px.value() / 51;
        to.with = synthmed::interpolation::area;
      }
      if (phantom || how["disc_centre"].get<bool>()) to.centre = disc(record, phantom);
    }
    picture rvm = synthmed::fitted(map, to);
    if (!cropped && how["mirror_left"].get<bool>() && record.eye == "OS") rvm = synthmed::mirrored(rvm);
    synthmed::clean_map(rvm, how["floor"]);
    return rvm;
  }

  synthmed::manifest manifest;
  std::vector<std::size_t> photographs;  ///< records that are photographs

 private:
  [[nodiscard]] synthmed::pixel_point disc(const manifest_record& record, bool phantom) const {
    if (!phantom && prepared_["frame"][0] != 0)
      throw argument_error(
          "The disc's place is known in the pictures' own pixels; prepare them with --frame keep to crop around it.");
    return {std::stod(column(record, "disc_y")), std::stod(column(record, "disc_x"))};
  }

  nlohmann::json prepared_;
};

std::vector<float> pixels_of(const picture& grey) {
  std::vector<float> values;
  values.reserve(grey.bytes());
  for (const auto v : grey.pixels()) values.push_back(static_cast<float>(v) / 255.f);
  return values;
}

/// The training split's photographs with maps.
synthmed::patch_source training_patches(const prepared_data& data, const segment_settings& s,
                                        std::vector<fs::path>& files) {
  std::vector<synthmed::segmentation_example> examples;
  for (const auto i : data.photographs) {
    if (data.record(i).split != "train" || !data.has_truth(i)) continue;
    examples.push_back({data.grey(i), data.truth(i), data.field(i)});
    files.push_back(data.manifest.locate(column(data.record(i), "grey")));
    files.push_back(data.manifest.locate(data.record(i).mask));
  }
  if (examples.empty())
    throw argument_error(
        sentence("No photograph of the training split in ", s.data.string(),
                 " has a vessel map, so a U-Net cannot be trained on them; give one with --unet FILE."));
  return synthmed::patch_source(std::move(examples),
                                synthmed::key(s.training.common.seed).fold("segment").fold("patches"), s.patch);
}

/// Figures of one split inside the field of view: pixels pooled, threshold one half.
class split_figures {
 public:
  void update(const std::vector<float>& map, picture truth, const picture& field) {
    std::vector<std::uint8_t> called(map.size());
    for (std::size_t i = 0; i < map.size(); ++i) called[i] = map[i] >= 0.5f;
    for (auto& v : truth.pixels()) v = v >= 128;
    synthmed::segmentation_counts one;
    one.update({called, truth.pixels(), field.pixels()});
    counts_.merge(one);
    dice_ += one.dice();
    table_.update({map, truth.pixels(), field.pixels()});
    ++pictures_;
  }
  [[nodiscard]] nlohmann::ordered_json json() const {
    const auto t = table_.value();
    nlohmann::ordered_json out{{"pictures", pictures_},
                               {"pixels", t.positives + t.negatives},
                               {"vessel_pixels", t.positives},
                               {"threshold", 0.5}};
    if (t.positives > 0 && t.negatives > 0) {
      out["auc_roc"] = synthmed::auc(t);
      out["auc_pr"] = synthmed::auc_pr(t);
    }
    out["f1"] = counts_.dice();
    out["mean_dice_per_picture"] = dice_ / static_cast<double>(pictures_);
    out["accuracy"] = counts_.accuracy();
    out["sensitivity"] = counts_.sensitivity();
    out["specificity"] = counts_.specificity();
    return out;
  }

 private:
  synthmed::probability_table table_;
  synthmed::segmentation_counts counts_;
  double dice_ = 0;
  std::int64_t pictures_ = 0;
};

/// A probability map in bytes; black outside the field of view.
picture bytes_of(const std::vector<float>& probabilities, const picture& grey, const picture& field) {
  picture map(grey.height(), grey.width());
  for (std::size_t at = 0; at < probabilities.size(); ++at)
    map.pixels()[at] =
        field.empty() || field.pixels()[at] != 0 ? static_cast<std::uint8_t>(255.f * probabilities[at] + .5f) : 0;
  return map;
}

/// Maps of all photographs: OUT/rvm/probability/ (the photograph's frame), OUT/rvm/rvm/ (as prepare frames maps) and
/// the manifest. Written under another name first; a run that was broken off goes on from its pictures, but those with
/// a truth are seen again for the figures.
void write_maps(const prepared_data& data, const unet& net, const segment_settings& s, const std::string& unet_hash) {
  const fs::path final = s.training.common.out / "rvm", folder = s.training.common.out / "rvm.partial";
  nlohmann::ordered_json settings{{"unet_sha256", unet_hash}, {"patches", s.patches}};
  if (s.patches) settings["windows"] = {s.windows.size, s.windows.stride};
  settings["manifest_sha256"] = synthmed::sha256_file(s.data / "manifest.csv");
  const std::string text = settings.dump(2) + "\n";
  if (fs::exists(final)) {
    if (s.training.resume && fs::exists(final / "segment.json") && synthmed::read_file(final / "segment.json") == text)
      return;
    throw argument_error(sentence(
        final.string(), " is there already, of another U-Net, data set or run; remove it or choose another --out."));
  }
  if (fs::exists(folder) &&
      (!fs::exists(folder / "segment.json") || synthmed::read_file(folder / "segment.json") != text))
    throw argument_error(
        sentence(folder.string(), " was begun with another U-Net or other data; remove it or choose another --out."));
  for (const char* part : {"probability", "rvm"}) synthmed::make_folder(folder / part);
  synthmed::write_file(folder / "segment.json", text);

  std::map<std::string, split_figures> figures_of;
  synthmed::manifest maps = data.manifest;
  maps.records.clear();
  maps.excluded.clear();
  {
    progress shown("segmenting", "pictures", data.photographs.size());
    std::uint64_t done = 0;
    for (const auto i : data.photographs) {
      if (synthmed::train::interrupt_guard::requested())
        throw argument_error(
            sentence("Interrupted after ", done, " of ", data.photographs.size(), " pictures; --resume goes on."));
      manifest_record record = data.record(i);
      const std::string file = record.image.stem().string() + ".png";
      record.image = fs::path("rvm") / file;
      record.kind = "rvm";
      record.mask.clear();
      record.fov.clear();
      record.more.erase("grey");
      record.more["rvm"] = "rvm/" + file;
      record.more["probability"] = "probability/" + file;
      if (!fs::exists(folder / "rvm" / file) || data.has_truth(i)) {
        const picture grey = data.grey(i), field = data.field(i);
        const auto values = pixels_of(grey);
        const auto found = net.probabilities({values, grey.height(), grey.width()}, s);
        if (data.has_truth(i)) figures_of[record.split].update(found, data.truth(i), field);
        const picture map = bytes_of(found, grey, field);
        synthmed::write_png(folder / "probability" / file, map);
        synthmed::write_png(folder / "rvm" / file, data.rvm_of(map, record));
      }
      maps.records.push_back(std::move(record));
      shown.done(++done);
    }
  }
  nlohmann::ordered_json figures{{"field", "pixels inside the field of view, pooled"}};
  for (const char* split : {"train", "val", "test", "expert"})
    if (const auto found = figures_of.find(split); found != figures_of.end()) figures[split] = found->second.json();
  synthmed::write_file(folder / "segmentation.json", figures.dump(2) + "\n");
  maps.folder.clear();
  synthmed::write_manifest(folder / "manifest.csv", maps);
  std::error_code failed;
  fs::rename(folder, final, failed);
  if (failed)
    throw synthmed::io_error(sentence("The maps are in ", folder.string(), ", but it cannot be renamed to ",
                                      final.string(), ": ", failed.message(), "."));
}

/// What the maps will take, from one of them.
stage_cost map_cost(const prepared_data& data, const unet& net, const segment_settings& s) {
  const auto first = data.photographs.front();
  const picture grey = data.grey(first);
  const auto values = pixels_of(grey);
  std::vector<float> found;
  const double seconds = seconds_per_call([&] { found = net.probabilities({values, grey.height(), grey.width()}, s); });
  const picture map = bytes_of(found, grey, data.field(first));
  const auto n = static_cast<double>(data.photographs.size());
  const auto bytes =
      synthmed::encode_png(map).size() + synthmed::encode_png(data.rvm_of(map, data.record(first))).size();
  return {.stage = "vessel maps",
          .steps = static_cast<std::int64_t>(data.photographs.size()),
          .seconds = n * seconds,
          .memory_bytes = static_cast<double>(synthmed::train::peak_memory()),
          .disk_bytes = n * static_cast<double>(bytes)};
}

void say_figures(const fs::path& file) {
  const auto figures = nlohmann::json::parse(synthmed::read_file(file));
  for (const char* split : {"val", "test"})
    if (figures.contains(split) && figures[split].contains("auc_roc"))
      std::printf("%s: AUC %.4f, F1 %.4f at 0.5, %lld pictures, %lld pixels in the field of view\n", split,
                  figures[split]["auc_roc"].get<double>(), figures[split]["f1"].get<double>(),
                  figures[split]["pictures"].get<long long>(), figures[split]["pixels"].get<long long>());
}

std::unique_ptr<unet> make(const segment_settings& s, bool retina) {
#ifdef ROP_STUDY_TORCH
  if (s.training.backend == "torch") return make_unet_torch(s, retina);
#endif
#ifdef ROP_STUDY_XTENSOR
  return make_unet_xtensor(s, retina);
#else
  throw argument_error("This program was built without a backend for training.");
#endif
}

void run(segment_settings& s) {
  apply(s.training);
  if (s.train && !s.unet.empty()) throw argument_error("--train makes a U-Net and --unet names one; give one of them.");
  if (!(s.rate > 0)) throw argument_error(sentence("--rate is positive, got ", s.rate, "."));
  if (!(s.loss.cross_entropy >= 0) || !(s.loss.dice >= 0) || s.loss.cross_entropy + s.loss.dice == 0)
    throw argument_error(sentence("--cross-entropy and --dice are weights of at least 0, and not both 0; got ",
                                  s.loss.cross_entropy, " and ", s.loss.dice, "."));
  if (s.train_steps < 0) throw argument_error(sentence("--train-steps is positive, got ", s.train_steps, "."));
  if (s.train_steps == 0) {
    constexpr std::int64_t lengths[] = {20, 400, 4000, 12000};
    s.train_steps = lengths[static_cast<std::size_t>(s.training.size)];
  }
  if (!s.unet.empty() && !fs::exists(s.unet))
    throw synthmed::io_error(sentence("There is no file ", s.unet.string(), "."));
  const prepared_data data(s.data);
  const synthmed::train::interrupt_guard guard;
  const fs::path weights = s.training.common.out / "unet" / "unet.safetensors";
  std::unique_ptr<unet> net;
  if (s.unet.empty()) {
    net = make(s, false);
    std::vector<fs::path> files;
    const auto patches = training_patches(data, s, files);
    if (s.training.common.dry_run) {
      std::fputs(dry_run_table("rop_study segment", {net->cost(s, patches), map_cost(data, *net, s)}).c_str(), stdout);
      return;
    }
    if (!net->train(s, patches, synthmed::content_hash(files))) {
      std::printf("The U-Net's training was stopped; go on with --resume.\n");
      return;
    }
    net->write(weights);
  } else {
    require_unet(s.unet);
    net = make(s, is_retina_unet(s.unet));
    net->read(s.unet);
    if (s.training.common.dry_run) {
      std::fputs(dry_run_table("rop_study segment", {map_cost(data, *net, s)}).c_str(), stdout);
      return;
    }
  }
  write_maps(data, *net, s, synthmed::sha256_file(s.unet.empty() ? weights : s.unet));
  say_figures(s.training.common.out / "rvm" / "segmentation.json");
}

}  // namespace

bool is_retina_unet(const fs::path& file) {
  std::error_code failed;
  return file.extension() == ".bin" && fs::file_size(file, failed) == 4 * 471'010;
}

void require_unet(const fs::path& file) {
  if (is_retina_unet(file)) return;
  const auto stored = synthmed::safetensors::read(file);
  const auto& tensors = stored.entries();
  if (std::none_of(tensors.begin(), tensors.end(), [](const auto& t) { return t.first.starts_with("segmenter."); }))
    throw synthmed::format_error(
        sentence(file.string(), " holds no U-Net: none of its ", tensors.size(),
                 " tensors is a segmenter's; give unet.safetensors of `rop_study segment` or retina-unet's numbers "
                 "(docs/weights.md)."));
}

void add_segment(CLI::App& app) {
  auto settings = std::make_shared<segment_settings>();
  auto& s = *settings;
  CLI::App& command =
      *app.add_subcommand("segment", "Make vessel maps of photographs with a U-Net, trained here or given");
  add_training(command, s.training);
  command.add_option("--data", s.data, "Folder that prepare wrote, with photographs")->required();
  command.add_flag("--train", s.train,
                   "Train on the training split's photographs with maps (the default without --unet)");
  command.add_option("--unet", s.unet,
                     "Weights: unet.safetensors or a checkpoint of this program, or retina-unet's numbers (.bin)");
  auto* const patches = command.add_flag("--patches", s.patches, "Average overlapping windows, as the study");
  command
      .add_flag_callback(
          "--whole", [settings] { settings->patches = false; }, "One pass over each picture (the default)")
      ->excludes(patches);
  command.add_option("--window", s.windows.size, "Side of a window, px")->capture_default_str();
  command.add_option("--stride", s.windows.stride, "Between windows, px (retina-unet 5, i-ROP DL 8)")
      ->capture_default_str();
  command.add_option("--train-steps", s.train_steps,
                     "Length of the training (default: smoke 20, quick 400, demo 4000, study 12000)");
  command.add_option("--rate", s.rate, "Peak of the learning rate, a cosine with warm-up")->capture_default_str();
  command.add_option("--patch", s.patch.size, "Side of a training patch, px, a multiple of 8")->capture_default_str();
  command.add_option("--batch", s.patch.batch, "Patches per step")->capture_default_str();
  command.add_option("--cross-entropy", s.loss.cross_entropy, "Weight of cross-entropy in the loss")
      ->capture_default_str();
  command.add_option("--dice", s.loss.dice, "Weight of Dice in the loss; 0 ranks faint pixels better (AUC)")
      ->capture_default_str();
  command.footer(
      "Example:\n  rop_study prepare --phantom smoke --photographs --out data\n  rop_study segment --data data "
      "--preset smoke --out run\n"
      "Writes OUT/unet/ (unet.safetensors, checkpoints, log.jsonl) and OUT/rvm/ (manifest.csv, rvm/, probability/,\n"
      "segmentation.json with AUC and F1 of every split that has maps).");
  command.callback([settings] { run(*settings); });
}

}  // namespace rop_study

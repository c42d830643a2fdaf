// rop_study prepare: pictures of a user or of the phantom, brought into the form that every later step reads.
#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <memory>
#include <mutex>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <synthmed/data/flow.hpp>
#include <synthmed/error.hpp>
#include <synthmed/imaging/contact_sheet.hpp>
#include <synthmed/imaging/write.hpp>
#include <synthmed/io/hash.hpp>
#include <synthmed/parallel.hpp>
#include <synthmed/version.hpp>

#include "prepare.hpp"

namespace rop_study {

namespace {

namespace fs = std::filesystem;
using synthmed::argument_error;
using synthmed::picture;
using synthmed::sentence;

/// What is done to every picture, with all defaults filled in.
struct recipe {
  int frame_height = 480, frame_width = 640;  ///< 0: as the picture
  synthmed::fit_options map;
  int floor = 51;
  bool disc_centre = false, mirror_left = false, photographs = true;
  int clahe_tiles = 8;  ///< of the segmenter's input; a cut photograph shows half as much of the retina
  std::optional<int> photograph_size;
};

recipe recipe_of(const prepare_settings& s) {
  recipe r;
  if (s.frame == "keep") {
    r.frame_height = r.frame_width = 0;
  } else if (int end = 0; std::sscanf(s.frame.c_str(), "%5dx%5d%n", &r.frame_width, &r.frame_height, &end) != 2 ||
                          static_cast<std::size_t>(end) != s.frame.size() || r.frame_width < 8 || r.frame_height < 8) {
    throw argument_error(
        sentence("--frame is WIDTHxHEIGHT in pixels, at least 8 each, or keep; got \"", s.frame, "\"."));
  }
  r.map.how = synthmed::parse_fit(s.fit.empty() ? "squash" : s.fit);
  r.map.height = r.map.width = s.size.value_or(256);
  r.map.window = s.window.value_or(0);
  const std::string with = !s.interpolation.empty()             ? s.interpolation
                           : r.map.how == synthmed::fit::squash ? "bilinear"
                                                                : "area";
  r.map.with = with == "area" ? synthmed::interpolation::area : synthmed::interpolation::bilinear;
  r.floor = s.floor.value_or(51);
  r.disc_centre = s.disc_centre;
  r.mirror_left = s.mirror_left.value_or(false);
  r.photographs = s.photographs.value_or(true);
  r.photograph_size = s.photograph_size;
  if (r.photograph_size) r.clahe_tiles = 4;
  if (r.map.how != synthmed::fit::crop && (s.window || s.disc_centre))
    throw argument_error("--window and --disc-centre belong to --fit crop.");
  if (r.map.window < 0) throw argument_error(sentence("--window is positive, got ", r.map.window, "."));
  if (r.floor < 0 || r.floor > 255) throw argument_error(sentence("--floor lies in 0 ... 255, got ", r.floor, "."));
  if (r.map.height < 4 || r.map.height > 8192)
    throw argument_error(sentence("--size lies in 4 ... 8192, got ", r.map.height, "."));
  return r;
}

/// A file to write: which column of the manifest names it, and its picture.
struct output {
  const char* column;
  picture pixels;
};

double number_in(const synthmed::manifest_record& record, const char* column) {
  const auto it = record.more.find(column);
  double value = 0;
  if (it == record.more.end() || it->second.empty())
    throw synthmed::format_error(
        sentence(record.image.string(), " has no column \"", column,
                 "\", which --disc-centre needs (pixels of the picture as it is in its file)."));
  const auto [end, failure] = std::from_chars(it->second.data(), it->second.data() + it->second.size(), value);
  if (failure != std::errc{} || end != it->second.data() + it->second.size())
    throw synthmed::format_error(
        sentence(record.image.string(), ", column \"", column, "\": expected a number, got \"", it->second, "\"."));
  return value;
}

std::vector<output> prepared(const prepare_source& source, std::size_t i, const recipe& r) {
  raw_pictures raw = source.read(i);
  const auto& record = source.data.records[i];
  std::vector<output> outputs;
  const picture& reference = raw.photograph.empty() ? raw.map : raw.photograph;
  const int height = r.frame_height ? r.frame_height : reference.height();
  const int width = r.frame_width ? r.frame_width : reference.width();
  const auto framed = [&](const picture& p, synthmed::interpolation with) {
    return p.height() == height && p.width() == width
               ? p
               : synthmed::fitted(p, {.height = height, .width = width, .with = with});
  };
  if (!raw.photograph.empty()) {
    outputs.push_back({"grey", synthmed::segmenter_input(
                                   raw.photograph, source.statistics,
                                   {.height = r.frame_height, .width = r.frame_width, .clahe_tiles = r.clahe_tiles})});
    if (r.photographs) outputs.push_back({"fundus", framed(raw.photograph, synthmed::interpolation::bicubic)});
    picture fov = raw.fov.empty() ? synthmed::field_of_view(raw.photograph) : raw.fov;
    fov = framed(fov, synthmed::interpolation::bilinear);
    for (auto& value : fov.pixels()) value = value < 128 ? 0 : 255;
    outputs.push_back({"fov", std::move(fov)});
  }
  if (!raw.map.empty()) {
    const picture map = framed(raw.map, synthmed::interpolation::bilinear);
    picture rvm = std::move(raw.rvm);
    if (rvm.empty()) {
      auto how = r.map;
      if (r.disc_centre)
        how.centre = synthmed::pixel_point{number_in(record, "disc_y") * height / reference.height(),
                                           number_in(record, "disc_x") * width / reference.width()};
      rvm = synthmed::fitted(map, how);
      if (r.mirror_left && record.eye == "OS") rvm = synthmed::mirrored(rvm);
    }
    synthmed::clean_map(rvm, r.floor);
    if (!raw.photograph.empty()) outputs.push_back({"mask", map});
    outputs.push_back({"rvm", std::move(rvm)});
  }
  return outputs;
}

/// The manifest of what will be written; its paths are those of the outputs.
synthmed::manifest planned_manifest(const prepare_source& source, const recipe& r) {
  synthmed::manifest plan = source.data;
  plan.folder.clear();
  for (std::size_t i = 0; i < plan.records.size(); ++i) {
    auto& record = plan.records[i];
    const auto file = [&](const char* folder) { return fs::path(folder) / (source.names[i] + ".png"); };
    const bool photograph = record.kind == "fundus", map = !photograph || !record.mask.empty();
    record.image = file(photograph ? (r.photographs ? "fundus" : "grey") : "rvm");
    record.mask = photograph && map ? file("mask") : fs::path();
    record.fov = photograph ? file("fov") : fs::path();
    if (photograph) record.more["grey"] = file("grey").generic_string();
    if (map) record.more["rvm"] = file("rvm").generic_string();
  }
  return plan;
}

nlohmann::ordered_json settings_json(const prepare_settings& s, const recipe& r, const prepare_source& source,
                                     const std::string& manifest_text) {
  nlohmann::ordered_json json;
  json["program"] = std::string("rop_study prepare ") + SYNTHMED_VERSION;
  json["source"] = s.phantom.empty() ? std::string("images") : "phantom " + s.phantom;
  json["seed"] = s.common.seed;
  if (s.phantom_images) json["phantom_images"] = *s.phantom_images;
  if (s.phantom_test) json["phantom_test"] = *s.phantom_test;
  if (s.phantom_enrichment) json["phantom_enrichment"] = *s.phantom_enrichment;
  if (!s.phantom_stream.empty()) json["phantom_stream"] = s.phantom_stream;
  json["frame"] = {r.frame_width, r.frame_height};
  json["grey"] = {{"mean", source.statistics.mean}, {"sd", source.statistics.sd}};
  json["rvm"] = {{"size", r.map.height},
                 {"fit", std::string(to_string(r.map.how))},
                 {"interpolation", r.map.with == synthmed::interpolation::area ? "area" : "bilinear"},
                 {"window", r.map.window},
                 {"disc_centre", r.disc_centre},
                 {"mirror_left", r.mirror_left},
                 {"floor", r.floor}};
  json["photographs"] = r.photographs;
  if (r.photograph_size) json["photograph_size"] = *r.photograph_size;
  json["manifest_sha256"] = synthmed::sha256(manifest_text);
  return json;
}

/// Prepares a few pictures in memory and says what the whole will take.
void say_costs(const prepare_source& source, const recipe& r) {
  const std::size_t n = source.data.records.size(), tried = std::min<std::size_t>(n, 4);
  double bytes = 0, largest = 0;
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t t = 0; t < tried; ++t) {
    double pixels = 0;
    for (const auto& out : prepared(source, t * n / tried, r)) {
      bytes += static_cast<double>(synthmed::encode_png(out.pixels).size());
      pixels += static_cast<double>(out.pixels.bytes());
    }
    largest = std::max(largest, pixels);
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double each = seconds / static_cast<double>(tried), count = static_cast<double>(n);
  const int threads = synthmed::threads();
  // Beside its outputs a picture in work has its source and double-precision grey values: about 8 bytes more per byte.
  std::printf(
      "dry run: %zu pictures; about %.0f s with %d threads (%.3f s per picture and thread), %.0f MB of disk, "
      "%.0f MB of memory; nothing was written\n",
      n, each * count / threads, threads, each, bytes / static_cast<double>(tried) * count / 1e6,
      60 + largest * 9 * threads / 1e6 + count * 2e-3);
}

void write_sheets(const synthmed::manifest& plan, const fs::path& folder, synthmed::key k) {
  constexpr std::size_t most = 24;
  for (int c = -1; c < static_cast<int>(plan.classes.size()); ++c) {
    std::vector<std::size_t> members;
    for (std::size_t i = 0; i < plan.records.size(); ++i)
      if (plan.records[i].label == c) members.push_back(i);
    if (members.empty()) continue;
    const auto order = synthmed::permutation(k.fold("contact sheet").fold(c), members.size());
    const std::string name =
        "contact_" + (c < 0 ? std::string("unlabelled") : plan.classes[static_cast<std::size_t>(c)]);
    for (const bool maps : {false, true}) {
      std::vector<picture> tiles;
      std::vector<std::string> captions;
      for (std::size_t j = 0; j < members.size() && tiles.size() < most; ++j) {
        const auto& record = plan.records[members[order[j]]];
        const auto rvm = record.more.find("rvm");
        if (maps ? rvm == record.more.end() : record.kind == "rvm") continue;
        tiles.push_back(synthmed::read_picture(folder / (maps ? fs::path(rvm->second) : record.image)));
        captions.push_back(record.subject + " " + record.eye);
      }
      if (!tiles.empty())
        synthmed::write_png(folder / (name + (maps ? "_rvm.png" : ".png")),
                            synthmed::contact_sheet(tiles, captions, {.columns = 6, .height = maps ? 160 : 120}));
    }
  }
}

/// Everything goes to OUT.partial, which takes its final name last. A run that was broken off goes on from its
/// pictures.
void write_all(const prepare_source& source, const prepare_settings& s, const recipe& r) {
  const synthmed::manifest plan = planned_manifest(source, r);
  const std::string manifest_text = synthmed::to_csv(synthmed::to_table(plan));
  const std::string settings = settings_json(s, r, source, manifest_text).dump(2) + "\n";
  fs::path final = s.common.out.lexically_normal();
  if (!final.has_filename()) final = final.parent_path();
  fs::path folder = final;
  folder += ".partial";
  std::error_code failed;
  if (fs::exists(folder, failed)) {
    if (!fs::is_regular_file(folder / "prepare.json", failed) ||
        synthmed::read_file(folder / "prepare.json") != settings)
      throw argument_error(
          sentence(folder.string(), " was begun with other settings or data; remove it or choose another --out."));
  } else {
    synthmed::make_folder(folder);
    synthmed::write_file(folder / "prepare.json", settings);
  }
  for (const char* part : {"fundus", "grey", "mask", "fov", "rvm"})
    if (std::any_of(plan.records.begin(), plan.records.end(), [&](const auto& record) {
          const auto inside = [&](const fs::path& file) { return !file.empty() && *file.begin() == part; };
          const auto more = [&](const char* name) {
            const auto it = record.more.find(name);
            return it != record.more.end() && inside(it->second);
          };
          return inside(record.image) || inside(record.mask) || inside(record.fov) || more("grey") || more("rvm");
        }))
      synthmed::make_folder(folder / part);
  {
    progress shown("preparing", "pictures", plan.records.size());
    std::mutex guard;
    std::uint64_t done = 0;
    std::atomic<bool> stop = false;
    synthmed::parallel_for(static_cast<std::int64_t>(plan.records.size()), 1, [&](std::int64_t begin, std::int64_t) {
      if (stop) return;
      const auto i = static_cast<std::size_t>(begin);
      const auto& record = plan.records[i];
      // The column "rvm" or, without a map, "grey" is written last: where it stands, the others stand too.
      const auto last = record.more.contains("rvm") ? record.more.at("rvm") : record.more.at("grey");
      try {
        if (!fs::exists(folder / last)) {
          auto outputs = prepared(source, i, r);
          if (outputs.back().column != std::string_view("rvm"))
            std::rotate(outputs.begin(), outputs.begin() + 1, outputs.end());
          for (const auto& out : outputs)
            synthmed::write_png(folder / out.column / (source.names[i] + ".png"), out.pixels);
        }
      } catch (...) {
        stop = true;
        throw;
      }
      const std::lock_guard lock(guard);
      shown.done(++done);
    });
  }
  write_sheets(plan, folder, synthmed::key(s.common.seed));
  synthmed::write_csv(folder / "flow.csv", synthmed::flow_table(plan));
  synthmed::csv_table excluded({"image", "subject", "reason"});
  for (const auto& left_out : plan.excluded) excluded.add_row({left_out.image, left_out.subject, left_out.reason});
  synthmed::write_csv(folder / "excluded.csv", excluded);
  synthmed::write_splits(folder / "splits.csv", synthmed::splits_of(plan));
  synthmed::write_file(folder / "manifest.csv", manifest_text);
  fs::rename(folder, final, failed);
  if (failed)
    throw synthmed::io_error(sentence("Everything is prepared in ", folder.string(), ", but it cannot be renamed to ",
                                      final.string(), ": ", failed.message(), "."));
}

void run(prepare_settings& s) {
  apply(s.common);
  if (s.photograph_size && s.phantom.empty()) throw argument_error("--photograph-size belongs to --phantom.");
  if (s.phantom.empty() == s.images.empty())
    throw argument_error("prepare needs either --phantom smoke|quick|demo|study or --images FOLDER|MANIFEST.");
  std::error_code failed;
  if (fs::exists(s.common.out, failed) &&
      !(fs::is_directory(s.common.out, failed) && fs::is_empty(s.common.out, failed)))
    throw argument_error(sentence(s.common.out.string(), " is there already; choose another --out or remove it."));
  // Wrong flags are said before thousands of pictures are read; a phantom, which chooses some itself, is drawn later.
  if (s.phantom.empty()) (void)recipe_of(s);
  const prepare_source source = s.phantom.empty() ? open_images(s) : open_phantom(s);
  const recipe r = recipe_of(s);
  if (r.disc_centre)
    for (const auto& record : source.data.records) {
      (void)number_in(record, "disc_y");
      (void)number_in(record, "disc_x");
    }
  for (const auto& warning : source.warnings) std::fprintf(stderr, "warning: %s\n", warning.c_str());
  std::fputs(synthmed::aligned_text(synthmed::flow_table(source.data)).c_str(), stdout);
  std::fflush(stdout);
  if (s.common.dry_run)
    say_costs(source, r);
  else
    write_all(source, s, r);
}

}  // namespace

void add_prepare(CLI::App& app) {
  auto settings = std::make_shared<prepare_settings>();
  auto& s = *settings;
  CLI::App& command =
      *app.add_subcommand("prepare", "Bring pictures, or the phantom's, into the form that later steps read");
  add_common(command, s.common);
  command.add_option("--phantom", s.phantom, "Made-up retinas of known truth")
      ->check(CLI::IsMember({"smoke", "quick", "demo", "study"}));
  command.add_option("--phantom-images", s.phantom_images, "Number of images in place of the preset's");
  command.add_option("--phantom-test", s.phantom_test,
                     "Number of test images of new subjects in place of the preset's (0: none)");
  command.add_option("--phantom-enrichment", s.phantom_enrichment,
                     "Share of subjects with uniform instead of natural severity, 0 ... 1, in place of the preset's");
  command.add_option("--phantom-stream", s.phantom_stream,
                     "Capital letters that name another population of the same seed");
  command.add_option("--images", s.images, "Folder or manifest.csv with your pictures (docs/data.md)");

  const std::string reading = "How your pictures are read";
  command.add_option("--layout", s.layout, "A known folder layout")
      ->check(CLI::IsMember({"classes", "drive", "seed", "ostrava"}))
      ->group(reading);
  command.add_option("--pattern", s.pattern, "Regular expression over paths with groups (?<label>..) (?<subject>..)")
      ->group(reading);
  command.add_option("--mask", s.mask, "Path of a picture's vessel map, with {group} and {stem}")->group(reading);
  command.add_option("--fov", s.fov, "Path of a picture's field of view, with {group} and {stem}")->group(reading);
  command
      .add_option("--kind", s.kind,
                  "What pictures are where nothing says so: fundus (photographs) or rvm (vessel maps)")
      ->check(CLI::IsMember({"fundus", "rvm"}))
      ->default_val("fundus")
      ->group(reading);
  command.add_option("--value", s.values, "column:text=other, replace a text of the manifest or pattern (repeat)")
      ->group(reading);
  command.add_option("--column", s.columns, "ours=theirs, a column of the manifest by another name (repeat)")
      ->group(reading);
  command.add_option("--exclude", s.exclude, "column=value, leave such rows out (repeat)")->group(reading);
  command.add_option("--label-base", s.label_base, "Number of the first class, 0 or 1")->group(reading);
  command.add_option("--deep", s.deep, "16-bit pictures")
      ->check(CLI::IsMember({"refuse", "scale", "stretch"}))
      ->capture_default_str()
      ->group(reading);
  command.add_option("--raters", s.raters, "CSV with grades per picture")->group(reading);
  command.add_option("--raters-layout", s.raters_layout, "A known table")
      ->check(CLI::IsMember({"farfum"}))
      ->group(reading);
  command.add_option("--raters-headers", s.raters_headers, "Header rows of that table")->group(reading);
  command.add_option("--raters-image", s.raters_image, "Its column with file names")->group(reading);
  command.add_option("--raters-subject", s.raters_subject, "Its column with subjects")->group(reading);
  command.add_option("--raters-label", s.raters_label, "Its column with the consensus (default: majority)")
      ->group(reading);
  command.add_option("--raters-columns", s.raters_columns, "Regular expression over the graders' columns")
      ->group(reading);

  const std::string splitting = "Splits (60/20/20 by subject)";
  command.add_option("--splits", s.splits, "CSV with subject,split to use instead; or the name of one split for all")
      ->group(splitting);
  command.add_flag("--resplit", s.resplit, "Ignore splits that the data bring")->group(splitting);
  command.add_flag("--split-by-image", s.split_by_image, "Take each picture for a subject (leaks!)")->group(splitting);
  command.add_option("--expert", s.expert, "Pictures per class of an expert set, as 54,31,15")
      ->delimiter(',')
      ->group(splitting);

  const std::string writing = "What is written";
  command.add_option("--frame", s.frame, "Size of photographs, WIDTHxHEIGHT or keep")
      ->capture_default_str()
      ->group(writing);
  command.add_option("--size", s.size, "Side of vessel maps (study: 256)")->group(writing);
  command.add_option("--fit", s.fit, "Vessel maps: squash (study), crop or pad")
      ->check(CLI::IsMember({"squash", "crop", "pad"}))
      ->group(writing);
  command.add_option("--window", s.window, "Side of the crop in pixels of the frame")->group(writing);
  command.add_flag("--disc-centre", s.disc_centre, "Crop around columns disc_x, disc_y")->group(writing);
  command.add_option("--interpolation", s.interpolation, "Vessel maps: bilinear (study) or area")
      ->check(CLI::IsMember({"bilinear", "area"}))
      ->group(writing);
  command.add_option("--floor", s.floor, "Map values below become 0 (study: 51)")->group(writing);
  // A flag bound to an optional would be set by its absence; a function is only called when the flag is there.
  command
      .add_flag_function(
          "--mirror-left,!--keep-left", [settings](std::int64_t count) { settings->mirror_left = count > 0; },
          "Mirror the vessel maps of left eyes")
      ->group(writing);
  command
      .add_flag_function(
          "--photographs,!--no-photographs", [settings](std::int64_t count) { settings->photographs = count > 0; },
          "Write photographs; the phantom then draws them (quick does not unless told)")
      ->group(writing);
  command
      .add_option("--photograph-size", s.photograph_size,
                  "Photographs cut to the square that the vessel maps show, of this side (phantom, --fit crop)")
      ->group(writing);
  command.callback([settings] { run(*settings); });
}

}  // namespace rop_study

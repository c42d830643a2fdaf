// Reading feature tables, folders of pictures and statistics files.
#include "feature_input.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <unordered_map>
#include <unordered_set>

#include <CLI/CLI.hpp>

#include <synthmed/data/manifest.hpp>
#include <synthmed/imaging/fid_resize.hpp>
#include <synthmed/imaging/read.hpp>
#include <synthmed/imaging/resize.hpp>
#include <synthmed/io/csv.hpp>
#include <synthmed/io/feature_cache.hpp>
#include <synthmed/io/hash.hpp>
#include <synthmed/metrics/statistics_file.hpp>
#include <synthmed/parallel.hpp>

#include "command.hpp"

namespace rop_study {

namespace {

namespace fs = std::filesystem;
using synthmed::argument_error;
using synthmed::format_error;
using synthmed::sentence;

bool reads_as_number(const std::string& text) {
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failure == std::errc{} && end == text.data() + text.size();
}

void require_unique(const feature_input& input) {
  std::unordered_set<std::string> seen;
  for (const auto& id : input.ids)
    if (!seen.insert(id).second)
      throw format_error(sentence(input.path.string(), " has two rows with the id \"", id, "\"; ids must differ."));
}

feature_input read_table(const fs::path& path) {
  feature_input out;
  const std::string text = synthmed::read_file(path, std::uint64_t{1} << 33);
  const auto table = synthmed::parse_csv(text, path.string());
  out.path = path;
  out.sha256 = synthmed::sha256(text);
  if (std::all_of(table.header().begin(), table.header().end(), reads_as_number))
    throw format_error(sentence(path.string(),
                                ", line 1: expected a header line with the names of the columns, got numbers; "
                                "put for example id,f1,f2,... above them."));
  const auto id = table.find("id"), subject = table.find("subject"), label = table.find("label"),
             group = table.find("group");
  std::vector<std::size_t> numeric;
  for (std::size_t c = 0; c < table.columns(); ++c)
    if (c != id && c != subject && c != label && c != group) {
      numeric.push_back(c);
      out.columns.push_back(table.header()[c]);
    }
  if (numeric.empty() || table.rows() == 0)
    throw format_error(
        sentence(path.string(), " has ", table.rows(), " rows and ", numeric.size(),
                 " feature columns; expected at least one of each besides id, subject, label and group."));
  out.features.dimensions = numeric.size();
  for (std::size_t r = 0; r < table.rows(); ++r) {
    for (const std::size_t c : numeric) out.features.values.push_back(table.number(r, c));
    out.ids.push_back(id ? table.at(r, *id) : std::to_string(r));
    if (label && !table.at(r, *label).empty()) out.labels.push_back(table.at(r, *label));
    if (!subject) continue;
    if (table.at(r, *subject).empty())
      throw format_error(sentence(path.string(), ", line ", table.line(r),
                                  ": the subject is missing; name one in every row or "
                                  "leave the column out."));
    out.subjects.push_back(table.at(r, *subject));
  }
  if (out.labels.size() != table.rows()) out.labels.clear();  // some rows have none
  require_unique(out);
  return out;
}

bool is_picture(const fs::path& path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return ending == ".png" || ending == ".jpg" || ending == ".jpeg" || ending == ".bmp" || ending == ".tif" ||
         ending == ".tiff" || ending == ".gif";
}

/// The files of a folder, with ids, subjects and labels where it tells them.
feature_input list_pictures(const fs::path& path) {
  feature_input out;
  out.path = path;
  if (fs::exists(path / "manifest.csv")) {
    // Pictures of one subject stay together where the manifest names subjects; else each counts as one of its own.
    const bool named = synthmed::read_csv(path / "manifest.csv").find("subject").has_value();
    const auto manifest = synthmed::read_manifest(path / "manifest.csv", {.split_by_image = !named});
    for (const auto& record : manifest.records) {
      const auto map = record.more.find("rvm");  // what the generator learns, where `prepare` wrote it
      const fs::path file = map != record.more.end() && !map->second.empty() ? fs::path(map->second) : record.image;
      out.pictures.push_back(manifest.locate(file));
      out.ids.push_back(file.generic_string());
      out.subjects.push_back(record.subject);
      const bool known = record.label >= 0 && static_cast<std::size_t>(record.label) < manifest.classes.size();
      out.labels.push_back(known ? manifest.classes[static_cast<std::size_t>(record.label)] : "");
    }
    if (std::any_of(out.subjects.begin(), out.subjects.end(), [](const auto& s) { return s.empty(); }))
      out.subjects.clear();
  } else {
    for (const auto& entry : fs::recursive_directory_iterator(path))
      if (entry.is_regular_file() && is_picture(entry.path())) out.pictures.push_back(entry.path());
    std::sort(out.pictures.begin(), out.pictures.end());
    for (const auto& file : out.pictures) {
      const fs::path inside = file.lexically_relative(path);
      out.ids.push_back(inside.generic_string());
      out.labels.push_back(inside.parent_path().generic_string());
    }
  }
  if (std::any_of(out.labels.begin(), out.labels.end(), [](const auto& label) { return label.empty(); }))
    out.labels.clear();
  if (out.pictures.empty())
    throw format_error(sentence(path.string(), " holds no pictures (png, jpg, bmp, tif, gif)."));
  require_unique(out);
  return out;
}

std::string bytes_of(const fs::path& file) { return synthmed::read_file(file, std::uint64_t{1} << 31); }

/// More than the traces of colour that JPEG leaves in a grey picture.
bool is_colourful(const synthmed::picture& p) {
  if (p.channels() != 3) return false;
  const auto pixels = p.pixels();
  for (std::size_t i = 0; i + 2 < pixels.size(); i += 3) {
    const auto [low, high] = std::minmax({pixels[i], pixels[i + 1], pixels[i + 2]});
    if (high - low > 32) return true;
  }
  return false;
}

/// Grey thumbnails; the hash of every file beside them.
std::vector<std::string> measure_pixels(feature_input& out, int side) {
  const std::size_t count = out.features.dimensions;
  std::vector<std::string> hashes(out.pictures.size());
  std::vector<char> colourful(out.pictures.size(), 0);
  synthmed::parallel_for(static_cast<std::int64_t>(out.pictures.size()), 8, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      const std::string bytes = bytes_of(out.pictures[i]);
      hashes[i] = synthmed::sha256(bytes);
      const auto stored = synthmed::decode_picture(bytes, out.pictures[i].string());
      colourful[i] = is_colourful(stored);
      const auto grey = synthmed::recoloured(stored, synthmed::picture_colour::grey);
      const auto small = synthmed::fitted(grey, {.height = side, .width = side, .with = synthmed::interpolation::area});
      for (std::size_t j = 0; j < count; ++j) out.features.values[i * count + j] = small.pixels()[j] / 255.0;
    }
  });
  out.colourful = static_cast<std::size_t>(std::count(colourful.begin(), colourful.end(), 1));
  return hashes;
}

/// The features of a network, from the cache where they are kept; the hash of every file beside them.
std::vector<std::string> measure_inception(feature_input& out, const feature_settings& settings,
                                           synthmed::fid_profile profile) {
  constexpr std::size_t d = inception_network::dimensions, batch = inception_network::batch,
                        values = std::size_t{3} * synthmed::fid_side * synthmed::fid_side;
  std::optional<synthmed::feature_cache> cache;
  if (!settings.cache.empty())
    cache.emplace(settings.cache, sentence(settings.network->identity(), ", ", to_string(profile)), d);
  std::vector<std::string> hashes(out.pictures.size());
  progress line(sentence("Inception features of ", out.path.filename().string()), "pictures", out.pictures.size());
  for (std::size_t first = 0; first < out.pictures.size(); first += batch) {
    const std::size_t count = std::min(batch, out.pictures.size() - first);
    std::vector<std::vector<float>> prepared(count);  // empty: the cache has it
    synthmed::parallel_for(static_cast<std::int64_t>(count), 1, [&](std::int64_t begin, std::int64_t end) {
      for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
        const auto& file = out.pictures[first + i];
        const std::string bytes = bytes_of(file);
        hashes[first + i] = synthmed::sha256(bytes);
        if (const auto kept = cache ? cache->find(hashes[first + i]) : std::nullopt)
          std::copy(kept->begin(), kept->end(),
                    out.features.values.begin() + static_cast<std::ptrdiff_t>((first + i) * d));
        else
          prepared[i] = synthmed::fid_input(synthmed::decode_picture(bytes, file.string()), profile);
      }
    });
    std::vector<float> input;
    input.reserve(count * values);
    for (const auto& one : prepared) input.insert(input.end(), one.begin(), one.end());
    if (!input.empty()) {
      const auto features = settings.network->features(input);
      auto from = features.begin();
      for (std::size_t i = 0; i < count; ++i) {
        if (prepared[i].empty()) continue;
        const std::vector<double> own(from, from + d);
        from += d;
        std::copy(own.begin(), own.end(), out.features.values.begin() + static_cast<std::ptrdiff_t>((first + i) * d));
        if (cache) cache->store(hashes[first + i], own);
      }
    }
    line.done(first + count);
  }
  return hashes;
}

/// The preparation of pictures for --inception.
synthmed::fid_profile profile_of(const feature_settings& settings) {
  return settings.profile.empty() ? synthmed::fid_profile::pytorch_fid : synthmed::fid_profile_named(settings.profile);
}

feature_input read_pictures(const fs::path& path, const feature_settings& settings) {
  feature_input out = list_pictures(path);
  const auto side = static_cast<std::size_t>(settings.pixels);
  const std::size_t count = settings.network ? inception_network::dimensions : side * side;
  out.features = synthmed::make_features(out.pictures.size(), count);
  for (std::size_t j = 0; j < count; ++j) out.columns.push_back(sentence(settings.network ? "inception" : "p", j));
  if (!settings.measure) return out;
  std::string all;
  for (const auto& hash :
       settings.network ? measure_inception(out, settings, profile_of(settings)) : measure_pixels(out, settings.pixels))
    all += hash;
  out.sha256 = synthmed::sha256(all);
  return out;
}

}  // namespace

void add_feature_options(CLI::App& command, feature_settings& settings) {
  command.add_option("--inception", settings.inception,
                     "Inception-v3 weights (safetensors, docs/weights.md): folders are compared by its 2048 features");
  command.add_option("--feature-cache", settings.cache, "With --inception: folder where features are kept by content");
  command.add_option("--pixels", settings.pixels, "Side of the grey thumbnails that folders are compared by")
      ->capture_default_str();
}

void open_inception(feature_settings& settings) {
  if (settings.inception.empty()) {
    if (!settings.cache.empty()) throw argument_error("--feature-cache belongs to --inception.");
    return;
  }
  (void)profile_of(settings);
#ifdef ROP_STUDY_XTENSOR
  settings.network = open_inception_xtensor(settings.inception);
#else
  throw argument_error("--inception needs the xtensor backend, without which this program was built.");
#endif
}

feature_input read_features(const fs::path& path, const feature_settings& settings, bool statistics) {
  if (settings.pixels < 1 || settings.pixels > 256)
    throw argument_error(sentence("--pixels lies in 1 ... 256, got ", settings.pixels, "."));
  if (fs::is_directory(path)) return read_pictures(path, settings);
  if (path.extension() == ".npz") {
    if (!statistics)
      throw argument_error(sentence(path.string(),
                                    ": statistics have no rows; expected a CSV file of features or a folder of "
                                    "pictures here."));
    feature_input out;
    out.path = path;
    out.moments = synthmed::read_statistics(path);
    out.sha256 = synthmed::sha256_file(path);
    return out;
  }
  return read_table(path);
}

void match_columns(const feature_input& first, feature_input& other) {
  if (first.moments || other.moments || first.columns == other.columns) return;
  std::unordered_map<std::string, std::size_t> place;
  for (std::size_t i = 0; i < other.columns.size(); ++i) place.emplace(other.columns[i], i);
  std::vector<std::size_t> order;
  for (const auto& name : first.columns) {
    const auto it = place.find(name);
    if (it == place.end())
      throw format_error(sentence(other.path.string(), " lacks the feature column \"", name, "\" of ",
                                  first.path.string(), "; both need the same ones."));
    order.push_back(it->second);
  }
  if (order.size() != other.columns.size())
    throw format_error(sentence(other.path.string(), " has ", other.columns.size(), " feature columns, ",
                                first.path.string(), " ", first.columns.size(), "; both need the same ones."));
  auto sorted = synthmed::make_features(other.features.rows(), order.size());
  for (std::size_t r = 0; r < other.features.rows(); ++r)
    for (std::size_t j = 0; j < order.size(); ++j)
      sorted.values[r * order.size() + j] = other.features.values[r * order.size() + order[j]];
  other.features = std::move(sorted);
  other.columns = first.columns;
}

synthmed::feature_source source_of(const std::vector<const feature_input*>& inputs, const feature_settings& settings) {
  bool pictures = false, tables = false;
  for (const auto* input : inputs) (input->pictures.empty() ? tables : pictures) = true;
  if (pictures && tables)
    throw argument_error(
        "Folders of pictures and files of features cannot be compared: give all as folders or all as files.");
  if (pictures) {
    if (!settings.name.empty())
      throw argument_error(
          "--features names the features of files; pictures in folders are compared by their pixels or by "
          "--inception.");
    if (settings.network && settings.network->is_fid())
      return synthmed::feature_source::inception(profile_of(settings));
    if (settings.network)
      return synthmed::feature_source::named("inception-" + settings.network->sha256().substr(0, 8));
    return synthmed::feature_source::named(sentence("pixels-", settings.pixels));
  }
  if (settings.network)
    throw argument_error(
        "--inception makes features of pictures: give folders, or leave it out for files of features.");
  if (settings.name == "inception-fid") {
    if (settings.profile.empty())
      throw argument_error(
          "Inception features have four meanings: say with --profile how the pictures were prepared "
          "(pytorch-fid, clean-fid or torch-fidelity).");
    return synthmed::feature_source::inception(synthmed::fid_profile_named(settings.profile));
  }
  if (!settings.profile.empty())
    throw argument_error("--profile belongs to --inception or to --features inception-fid.");
  return synthmed::feature_source::named(settings.name.empty() ? "csv" : settings.name);
}

std::string unlike_pictures(const feature_input& first, const feature_input& other) {
  const auto mostly = [](const feature_input& set) { return 2 * set.colourful > set.pictures.size(); };
  if (first.pictures.empty() || other.pictures.empty() || mostly(first) == mostly(other)) return {};
  const auto said = [&](const feature_input& set) {
    return set.path.string() + (mostly(set) ? " holds pictures in colour" : " holds grey ones");
  };
  return sentence(said(mostly(first) ? first : other), ", ", said(mostly(first) ? other : first),
                  ": if these are photographs and vessel maps, their distances mean nothing; give like pictures.");
}

nlohmann::ordered_json describe(const feature_input& input) {
  nlohmann::ordered_json json;
  json["path"] = input.path.generic_string();
  json["sha256"] = input.sha256;
  json["rows"] = input.moments ? input.moments->n : input.features.rows();
  if (!input.subjects.empty()) json["subjects"] = synthmed::cluster_index(input.subjects).count();
  return json;
}

nlohmann::ordered_json number(double value) {
  if (!std::isfinite(value)) return nullptr;
  return value;
}

std::string shown(double value, int digits) {
  if (std::isnan(value)) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.*g", digits, value);
  return text;
}

}  // namespace rop_study

// rop_study prepare --images: a user's folder or manifest, read, checked and split.
#include <algorithm>
#include <mutex>
#include <set>

#include <synthmed/data/checks.hpp>
#include <synthmed/data/files.hpp>
#include <synthmed/data/folders.hpp>
#include <synthmed/data/raters.hpp>
#include <synthmed/io/hash.hpp>
#include <synthmed/parallel.hpp>

#include "prepare.hpp"

namespace rop_study {

namespace {

using synthmed::argument_error;
using synthmed::format_error;
using synthmed::sentence;

std::pair<std::string, std::string> divided(const std::string& text, char at, const char* flag) {
  const auto place = text.find(at);
  if (place == std::string::npos || place == 0)
    throw argument_error(sentence(flag, " expects two parts with '", at, "' between them, got \"", text, "\"."));
  return {text.substr(0, place), text.substr(place + 1)};
}

synthmed::manifest_options manifest_options_of(const prepare_settings& s) {
  synthmed::manifest_options options;
  options.labels.base = s.label_base;
  options.split_by_image = s.split_by_image;
  for (const auto& text : s.columns) options.columns.insert(divided(text, '=', "--column"));
  for (const auto& text : s.exclude) options.exclude.push_back(divided(text, '=', "--exclude"));
  for (const auto& text : s.values) {
    const auto [column, rule] = divided(text, ':', "--value");
    options.values[column].insert(divided(rule, '=', "--value"));
  }
  return options;
}

synthmed::path_pattern pattern_of(const prepare_settings& s) {
  synthmed::path_pattern pattern;
  if (s.layout == "drive") pattern = synthmed::drive_pattern();
  if (s.layout == "seed") pattern = synthmed::seed_tree_pattern();
  if (s.layout == "ostrava") pattern = synthmed::ostrava_pattern();
  if (s.layout == "classes") pattern = synthmed::class_folder_pattern();
  if (!s.pattern.empty()) pattern.regex = s.pattern;
  if (!s.mask.empty()) pattern.mask = s.mask;
  if (!s.fov.empty()) pattern.fov = s.fov;
  return pattern;
}

synthmed::manifest read_source(const prepare_settings& s) {
  auto options = manifest_options_of(s);
  // Subjects and labels may stand in the table of grades; they are required after it is joined.
  const bool subjects_follow = !s.raters.empty() && !options.split_by_image;
  if (subjects_follow) options.split_by_image = true;
  synthmed::manifest data = s.layout.empty() && s.pattern.empty()
                                ? synthmed::open_dataset(s.images, options)
                                : synthmed::read_folder(s.images, pattern_of(s), options);
  if (s.raters.empty()) return data;
  synthmed::rater_table_options table;
  if (s.raters_layout == "farfum") table = synthmed::farfum_table();
  if (s.raters_headers) table.header_rows = *s.raters_headers;
  if (!s.raters_image.empty()) table.image = s.raters_image;
  if (!s.raters_subject.empty()) table.subject = s.raters_subject;
  if (!s.raters_label.empty()) table.label = s.raters_label;
  if (!s.raters_columns.empty()) table.raters = s.raters_columns;
  if (s.label_base) table.labels.base = s.label_base;
  if (table.subject.empty() && subjects_follow)
    throw argument_error(
        "With --raters the subject comes from that table: name its column with --raters-subject, or ask for "
        "--split-by-image.");
  const auto csv =
      synthmed::parse_csv_with_headers(synthmed::read_file(s.raters), table.header_rows, s.raters.string());
  const auto without = synthmed::join_raters(data, csv, table);
  for (const auto& image : without) data.excluded.push_back({image, "", "graded, but there is no such picture"});
  return data;
}

/// Pictures with a shorter side show no vessels.
constexpr int smallest_side = 16;

bool is_constant(const synthmed::picture& p) {
  const auto pixels = p.pixels();
  const auto first = static_cast<std::size_t>(p.channels());
  for (std::size_t i = first; i < pixels.size(); ++i)
    if (pixels[i] != pixels[i - first]) return false;
  return true;
}

/// Hash, size and grey values of every picture; masks must fit their pictures. All faults are said at once; a picture
/// or vessel map of one value throughout is a warning.
std::vector<synthmed::picture_facts> examine(const synthmed::manifest& data, const synthmed::read_options& how,
                                             synthmed::grey_statistics& statistics,
                                             std::vector<std::string>& warnings) {
  const auto n = static_cast<std::int64_t>(data.records.size());
  std::vector<synthmed::picture_facts> facts(data.records.size());
  std::vector<synthmed::grey_statistics_sum> sums(data.records.size());
  std::vector<std::string> faults(data.records.size()), constant(data.records.size());
  progress shown("reading", "pictures", data.records.size());
  std::mutex guard;
  std::uint64_t done = 0;
  synthmed::parallel_for(n, 1, [&](std::int64_t begin, std::int64_t) {
    const auto i = static_cast<std::size_t>(begin);
    const auto& record = data.records[i];
    try {
      const auto path = data.locate(record.image);
      const std::string bytes = synthmed::read_file(path);
      const auto p = synthmed::decode_picture(bytes, path.string(), how);
      if (std::min(p.height(), p.width()) < smallest_side)
        throw format_error(sentence(path.string(), " has ", p.width(), " x ", p.height(),
                                    " pixels; vessels need at least ", smallest_side, " on each side."));
      facts[i] = {synthmed::sha256(bytes), p.height(), p.width()};
      if (is_constant(p)) constant[i] = record.image.string();
      if (record.kind != "rvm") sums[i].add(p);
      for (const auto* file : {&record.mask, &record.fov}) {
        if (file->empty()) continue;
        const auto beside = synthmed::read_picture(data.locate(*file), how);
        if (beside.height() != p.height() || beside.width() != p.width())
          throw format_error(sentence(data.locate(*file).string(), " has ", beside.width(), " x ", beside.height(),
                                      " pixels, but its picture ", record.image.string(), " has ", p.width(), " x ",
                                      p.height(), "."));
        if (file == &record.mask && is_constant(beside))
          constant[i] += (constant[i].empty() ? "" : ", ") + record.mask.string();
      }
    } catch (const synthmed::error& problem) {
      faults[i] = problem.what();
    }
    const std::lock_guard lock(guard);
    shown.done(++done);
  });
  std::erase(faults, std::string());
  std::erase(constant, std::string());
  if (!constant.empty())
    warnings.push_back(sentence("Of one value throughout: ", synthmed::detail::joined(constant),
                                "; a vessel map in which nothing was found is black, a photograph is not: look at "
                                "them."));
  if (faults.size() == 1) throw format_error(faults.front());
  if (!faults.empty()) {
    std::string all = sentence(faults.size(), " pictures cannot be used:");
    for (std::size_t i = 0; i < faults.size(); ++i) {
      faults[i].pop_back();
      all += (i ? "; " : " ") + faults[i];
    }
    throw format_error(all + ".");
  }
  synthmed::grey_statistics_sum sum;
  for (std::size_t i = 0; i < sums.size(); ++i)
    if (data.records[i].kind != "rvm") sum.merge(sums[i]);
  if (std::any_of(data.records.begin(), data.records.end(), [](const auto& r) { return r.kind != "rvm"; }))
    statistics = sum.value();
  return facts;
}

/// "a/b c.jpg" becomes "a_b c": one flat folder of outputs, names still to be recognised.
std::vector<std::string> output_names(const synthmed::manifest& data) {
  std::set<std::string> taken;
  std::vector<std::string> names;
  for (const auto& record : data.records) {
    std::filesystem::path path = record.image.lexically_normal();
    std::string name = path.replace_extension().relative_path().generic_string();
    while (name.starts_with("../")) name.erase(0, 3);
    std::replace(name.begin(), name.end(), '/', '_');
    if (name.size() > 200) name = name.substr(0, 64) + "_" + synthmed::sha256(name).substr(0, 32);
    std::string unique = name;
    for (int copy = 2; !taken.insert(unique).second; ++copy) unique = sentence(name, "_", copy);
    names.push_back(unique);
  }
  return names;
}

}  // namespace

prepare_source open_images(const prepare_settings& s) {
  prepare_source source;
  source.data = read_source(s);
  for (auto& record : source.data.records)
    if (record.kind.empty()) record.kind = s.kind;
  const synthmed::read_options how{.deep = s.deep == "scale"     ? synthmed::sixteen_bit::scale
                                           : s.deep == "stretch" ? synthmed::sixteen_bit::stretch
                                                                 : synthmed::sixteen_bit::refuse};
  std::vector<std::string> seen;
  auto facts = examine(source.data, how, source.statistics, seen);
  synthmed::drop_duplicates(source.data, facts);

  const bool given = std::any_of(source.data.records.begin(), source.data.records.end(),
                                 [](const auto& r) { return !r.split.empty(); });
  const auto& names = synthmed::split_names;
  if (std::find(names.begin(), names.end(), s.splits.string()) != names.end()) {
    for (auto& record : source.data.records) record.split = s.splits.string();
  } else if (!s.splits.empty()) {
    synthmed::apply_splits(source.data, synthmed::read_splits(s.splits));
  } else if (given && !s.resplit) {
    if (!s.expert.empty())
      throw argument_error(
          "--expert needs splits that are made here; the data bring their own (--resplit ignores those).");
    (void)synthmed::splits_of(source.data);
  } else {
    std::map<std::string, synthmed::picture_facts> of_image;
    for (std::size_t i = 0; i < facts.size(); ++i) of_image[source.data.records[i].image.string()] = facts[i];
    synthmed::split_by_subject(source.data, synthmed::key(s.common.seed), {.expert = s.expert});
    facts.clear();
    for (const auto& record : source.data.records) facts.push_back(of_image.at(record.image.string()));
  }
  source.warnings = std::move(seen);
  for (auto& warning : synthmed::check_classes(source.data)) source.warnings.push_back(std::move(warning));
  for (auto& warning : synthmed::check_shortcuts(source.data, facts)) source.warnings.push_back(std::move(warning));
  if (s.split_by_image)
    source.warnings.emplace_back(
        "Pictures are split one by one: pictures of one infant may be in two splits, and every "
        "result may be too good.");
  source.names = output_names(source.data);
  for (std::size_t i = 0; i < source.data.records.size(); ++i) {
    auto& record = source.data.records[i];
    record.more["source"] = record.image.generic_string();
    record.more["sha256"] = facts[i].sha256;
  }
  source.read = [data = source.data, how](std::size_t i) {
    const auto& record = data.records[i];
    const auto grey = synthmed::read_options{.colour = synthmed::picture_colour::grey, .deep = how.deep};
    raw_pictures raw;
    if (record.kind == "rvm")
      raw.map = synthmed::read_picture(data.locate(record.image), grey);
    else
      raw.photograph = synthmed::read_picture(data.locate(record.image), how);
    if (!record.mask.empty()) raw.map = synthmed::read_picture(data.locate(record.mask), grey);
    if (!record.fov.empty()) raw.fov = synthmed::read_picture(data.locate(record.fov), grey);
    return raw;
  };
  return source;
}

}  // namespace rop_study

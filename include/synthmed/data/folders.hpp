// Data sets without a manifest: a pattern over the paths in a folder says label, subject and the rest.
#pragma once

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <synthmed/data/manifest.hpp>
#include <synthmed/error.hpp>

namespace synthmed {

/// How the path of a picture, relative to the data set's folder, tells what it shows.
struct path_pattern {
  /// An ECMAScript regular expression over the whole relative path (with '/'), whose named groups `(?<subject>[0-9]+)`
  /// become the manifest's columns: label, subject, eye, session, device, split, kind; other names become other
  /// columns.
  std::string regex;
  /// Paths of the vessel map and the field of view, relative to the folder: "{name}" is the text of that group,
  /// "{stem}" the picture's file name without extension. Empty: none.
  std::string mask = {}, fov = {};
  /// Texts to replace in a column before it is read: {{"device", {{"1", "RetCam 3"}}}}.
  std::map<std::string, std::map<std::string, std::string>> values = {};
  /// Number of the first class when labels are numbers; see label_options::base, which goes first.
  std::optional<int> label_base = {};
};

/// One folder per class, named by the class ("plus", "3"); subjects are not known, so a split by image must be asked
/// for.
[[nodiscard]] inline path_pattern class_folder_pattern() { return {.regex = "(?:.*/)?(?<label>[^/]+)/[^/]+"}; }

/// The folders of the study's own code: train/real/1 ... test/real/3. Subjects are not in the names.
[[nodiscard]] inline path_pattern seed_tree_pattern() {
  return {.regex = "(?<split>train|val|test)/real/(?<label>[123])/[^/]+", .label_base = 1};
}

/// DRIVE: training/images, test/images, vessel maps in 1st_manual, field of view in mask. One picture per subject.
[[nodiscard]] inline path_pattern drive_pattern() {
  return {.regex = "(?<split>training|test)/images/(?<subject>[0-9]+)_(?:training|test)\\.tif",
          .mask = "{split}/1st_manual/{subject}_manual1.gif",
          .fov = "{split}/mask/{stem}_mask.gif"};
}

/// The Ostrava set (Timkovic et al. 2024): everything stands in the file name, PF is the plus form 0/1/2.
[[nodiscard]] inline path_pattern ostrava_pattern() {
  return {.regex =
              "(?:.*/)?(?<subject>[0-9]+)_(?<sex>[FM])_GA(?<gestational_age>[0-9]+)_BW(?<birth_weight>[0-9]+)_"
              "PA(?<postmenstrual_age>[0-9.]+)_DG(?<diagnosis>[0-9]+)_PF(?<label>[0-9])_D(?<device>[0-9]+)_"
              "S(?<session>[0-9]+)_(?<index>[0-9]+)\\.jpg",
          .label_base = 0};
}

/// True for file names that end as pictures do: png, jpg, jpeg, bmp, tif, tiff, gif.
[[nodiscard]] inline bool is_picture_name(const std::filesystem::path& path) {
  const std::string ending = detail::trimmed_lower(path.extension().string());
  return ending == ".png" || ending == ".jpg" || ending == ".jpeg" || ending == ".bmp" || ending == ".tif" ||
         ending == ".tiff" || ending == ".gif";
}

/// The pictures below a folder, relative to it, sorted by name. Files and folders whose name begins with '.' are
/// skipped. Throws io_error when the folder cannot be listed.
[[nodiscard]] inline std::vector<std::filesystem::path> list_pictures(const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  std::error_code failed;
  if (!fs::is_directory(folder, failed)) throw io_error(sentence(folder.string(), " is no folder."));
  std::vector<fs::path> found;
  auto it = fs::recursive_directory_iterator(folder, failed);
  for (; !failed && it != fs::recursive_directory_iterator(); it.increment(failed)) {
    const bool hidden = it->path().filename().string().starts_with(".");
    if (hidden && it->is_directory(failed)) it.disable_recursion_pending();
    if (!hidden && it->is_regular_file(failed) && is_picture_name(it->path()))
      found.push_back(it->path().lexically_relative(folder));
  }
  if (failed) throw io_error(sentence("Cannot list the folder ", folder.string(), ": ", failed.message(), "."));
  std::sort(found.begin(), found.end());
  return found;
}

namespace detail {

/// std::regex knows no named groups: takes the names out of "(?<name>...)" and keeps them by group number.
struct named_regex {
  std::regex expression;
  std::vector<std::string> names;  ///< of group 1, 2, ...; empty for groups without a name

  explicit named_regex(const std::string& source) {
    std::string plain;
    bool in_class = false;
    // std::regex overflows on long repeat counts and references, so they are refused here.
    const auto refuse_long_number = [&](std::size_t at) {
      const auto end = source.find_first_not_of("0123456789", at);
      if ((end == std::string::npos ? source.size() : end) - at > 4)
        throw argument_error(
            sentence("The pattern ", source, " has a repeat count or reference of more than four digits."));
    };
    for (std::size_t i = 0; i < source.size(); ++i) {
      plain += source[i];
      if (!in_class && (source[i] == '{' || source[i] == '\\')) refuse_long_number(i + 1);
      if (!in_class && source[i] == '{')
        if (const auto comma = source.find(',', i); comma != std::string::npos) refuse_long_number(comma + 1);
      if (source[i] == '\\' && i + 1 < source.size()) {
        plain += source[++i];
      } else if (in_class) {
        in_class = source[i] != ']';
      } else if (source[i] == '[') {
        in_class = true;
      } else if (source[i] == '(') {
        const std::string_view rest = std::string_view(source).substr(i + 1);
        if (rest.starts_with("?<")) {
          const auto end = rest.find('>');
          const std::string name(end == std::string_view::npos ? std::string_view() : rest.substr(2, end - 2));
          if (name.empty() ||
              name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") !=
                  std::string::npos)
            throw argument_error(
                sentence("In the pattern ", source,
                         " a group begins with \"(?<\" but has no name of letters, digits and _ before \">\"."));
          if (std::find(names.begin(), names.end(), name) != names.end())
            throw argument_error(sentence("The pattern ", source, " has two groups named \"", name, "\"."));
          names.push_back(name);
          i += end + 1;
        } else if (!rest.starts_with("?")) {
          names.emplace_back();
        }
      }
    }
    try {
      expression = std::regex(plain, std::regex::ECMAScript);
    } catch (const std::regex_error& problem) {
      throw argument_error(sentence("The pattern ", source, " is no regular expression: ", problem.what(), "."));
    }
  }
};

/// "{name}" replaced by its value. Throws argument_error for a name that the pattern does not have.
[[nodiscard]] inline std::string filled(const std::string& form, const std::map<std::string, std::string>& values) {
  std::string out;
  for (std::size_t i = 0; i < form.size(); ++i) {
    const auto end = form[i] == '{' ? form.find('}', i) : std::string::npos;
    if (end == std::string::npos) {
      out += form[i];
      continue;
    }
    const auto it = values.find(form.substr(i + 1, end - i - 1));
    if (it == values.end())
      throw argument_error(sentence("\"", form, "\" asks for ", form.substr(i, end - i + 1),
                                    ", which is no named group of the pattern."));
    out += it->second;
    i = end;
  }
  return out;
}

}  // namespace detail

/// The data set in a folder, by a pattern over its paths. Pictures whose path does not fit the pattern, and that are
/// neither a mask nor a field of view, are listed as excluded. Throws io_error for a folder without pictures,
/// format_error when no path fits, and everything that parse_manifest throws (a pattern without "subject" needs
/// split_by_image).
[[nodiscard]] inline manifest read_folder(const std::filesystem::path& folder, const path_pattern& pattern,
                                          manifest_options options = {}) {
  const auto pictures = list_pictures(folder);
  if (pictures.empty())
    throw io_error(
        sentence("The folder ", folder.string(), " holds no picture; expected png, jpg, bmp, tif or gif files."));
  const detail::named_regex matcher(pattern.regex);
  if (!options.labels.base) options.labels.base = pattern.label_base;
  for (const auto& [column, texts] : pattern.values) options.values[column].insert(texts.begin(), texts.end());

  const auto renamed = options.columns.find("subject");
  const std::string subject = renamed == options.columns.end() ? "subject" : renamed->second;
  if (!options.split_by_image && std::find(matcher.names.begin(), matcher.names.end(), subject) == matcher.names.end())
    throw format_error(
        sentence("The pattern of the paths in ", folder.string(), ", ", pattern.regex,
                 ", names no subject; without it pictures of one person could come into two splits. Give one that "
                 "does (--pattern '...(?<subject>...)...'), or ask for a split by image (--split-by-image)."));

  std::vector<std::string> header = {"image"};
  for (const auto& name : matcher.names)
    if (!name.empty()) header.push_back(name);
  if (!pattern.mask.empty()) header.emplace_back("mask");
  if (!pattern.fov.empty()) header.emplace_back("fov");
  csv_table table(header, folder.string());
  std::set<std::string> companions;
  std::vector<std::string> left_over;
  for (const auto& path : pictures) {
    const std::string text = path.generic_string();
    std::smatch match;
    if (!std::regex_match(text, match, matcher.expression)) {
      left_over.push_back(text);
      continue;
    }
    std::map<std::string, std::string> raw = {{"stem", path.stem().string()}};
    std::vector<std::string> cells = {text};
    for (std::size_t g = 0; g < matcher.names.size(); ++g) {
      const auto& name = matcher.names[g];
      if (name.empty()) continue;
      cells.push_back(raw[name] = match[g + 1].str());
    }
    for (const auto* form : {&pattern.mask, &pattern.fov})
      if (!form->empty()) {
        cells.push_back(detail::filled(*form, raw));
        companions.insert(cells.back());
      }
    table.add_row(std::move(cells));
  }
  if (table.rows() == 0)
    throw format_error(sentence("None of the ", pictures.size(), " pictures in ", folder.string(), " fits the pattern ",
                                pattern.regex, "; the first is ", pictures.front().generic_string(), "."));
  manifest result = parse_manifest(table, folder, options);
  for (const auto& text : left_over)
    if (!companions.contains(text)) result.excluded.push_back({text, "", "its path does not fit the pattern"});
  return result;
}

/// A data set given by one path: a manifest file, a folder with manifest.csv, or a folder in the layout of DRIVE, of
/// the study's code, or with a folder per class, tried in this order. Throws format_error that says what was looked
/// for.
[[nodiscard]] inline manifest open_dataset(const std::filesystem::path& path, const manifest_options& options = {}) {
  namespace fs = std::filesystem;
  std::error_code failed;
  if (!fs::exists(path, failed)) throw io_error(sentence("There is no file or folder ", path.string(), "."));
  if (!fs::is_directory(path, failed)) return read_manifest(path, options);
  if (fs::exists(path / "manifest.csv", failed)) return read_manifest(path / "manifest.csv", options);
  if (fs::is_directory(path / "training" / "images", failed)) return read_folder(path, drive_pattern(), options);
  if (fs::is_directory(path / "train" / "real", failed)) return read_folder(path, seed_tree_pattern(), options);
  const auto pictures = list_pictures(path);
  if (pictures.empty())
    throw io_error(
        sentence("The folder ", path.string(), " holds no picture; expected png, jpg, bmp, tif or gif files."));
  if (std::all_of(pictures.begin(), pictures.end(), [](const fs::path& p) { return !p.has_parent_path(); }))
    throw format_error(
        sentence("The folder ", path.string(), " holds ", pictures.size(),
                 " pictures but neither manifest.csv nor a folder per class; give a manifest, or a pattern "
                 "over the file names (--pattern)."));
  return read_folder(path, class_folder_pattern(), options);
}

}  // namespace synthmed

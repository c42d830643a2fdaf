// The manifest: one CSV row per picture with its label, subject and files. docs/formats.md describes the columns.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <synthmed/data/labels.hpp>
#include <synthmed/error.hpp>
#include <synthmed/io/csv.hpp>

namespace synthmed {

/// One picture of a data set. Empty texts and paths mean "not known". Paths are relative to the manifest's folder.
struct manifest_record {
  std::filesystem::path image;
  int label = no_label;             ///< class number, or no_label
  std::string subject;              ///< who was photographed: splits never divide a subject
  std::string eye;                  ///< OD (right) or OS (left)
  std::string session;              ///< visit
  std::string device;               ///< camera
  std::filesystem::path mask;       ///< vessel map of the picture
  std::filesystem::path fov;        ///< field of view
  std::string split;                ///< train, val, test or expert
  std::string kind;                 ///< fundus (photograph) or rvm (retinal vessel map)
  std::optional<double> um_per_px;  ///< micrometres per pixel
  std::vector<int> raters;          ///< single graders' labels in the order of manifest::raters; no_label where missing
  std::map<std::string, std::string> more;  ///< every other column, by name
};

/// A picture that is left out, and why.
struct exclusion {
  std::string image;
  std::string subject;
  std::string reason;
};

/// A data set described: records, what was left out, and the names that give numbers a meaning.
struct manifest {
  std::filesystem::path folder;      ///< what relative paths are relative to
  std::vector<std::string> classes;  ///< name of each class number
  std::vector<std::string> raters;   ///< name of each grader
  std::vector<manifest_record> records;
  std::vector<exclusion> excluded;

  /// The place of a record's file on disk; empty for an empty path.
  [[nodiscard]] std::filesystem::path locate(const std::filesystem::path& file) const {
    return file.empty() ? file : folder / file;
  }
};

struct manifest_options {
  label_options labels = {};
  /// Our column name -> the file's, where they differ: {{"label", "golden_reading_plus"}, {"subject", "infant"}}.
  std::map<std::string, std::string> columns = {};
  /// Texts to replace before they are read, by our column name or any other of the file:
  /// {{"label", {{"Plus Disease", "plus"}}}}.
  std::map<std::string, std::map<std::string, std::string>> values = {};
  /// Column and value of rows to leave out: {{"site", "APEC"}}. Compared as text; the column may be any of the file.
  std::vector<std::pair<std::string, std::string>> exclude = {};
  /// Take every picture for a subject of its own. Without it a file without subjects is refused, because pictures of
  /// one person in two splits make every measured quality look better than it is.
  bool split_by_image = false;
  /// Check that every file named exists.
  bool check_files = true;
};

/// The columns with a meaning, in the order in which they are written. raters are columns that begin with "rater_".
inline constexpr std::array<std::string_view, 11> manifest_columns = {
    "image", "label", "subject", "eye", "session", "device", "mask", "fov", "split", "kind", "um_per_px"};

/// The splits, in the order in which tables show them.
inline constexpr std::array<std::string_view, 4> split_names = {"train", "val", "test", "expert"};

namespace detail {

[[nodiscard]] inline std::optional<std::string> canonical_split(std::string_view text) {
  const std::string lower = trimmed_lower(text);
  if (lower.empty()) return lower;
  if (lower == "training") return "train";
  if (lower == "validation" || lower == "valid") return "val";
  if (lower == "testing") return "test";
  if (std::find(split_names.begin(), split_names.end(), lower) != split_names.end()) return lower;
  return std::nullopt;
}

[[nodiscard]] inline std::optional<std::string> canonical_eye(std::string_view text) {
  const std::string lower = trimmed_lower(text);
  if (lower.empty()) return lower;
  if (lower == "od" || lower == "r" || lower == "right" || lower == "re") return "OD";
  if (lower == "os" || lower == "l" || lower == "left" || lower == "le") return "OS";
  return std::nullopt;
}

[[nodiscard]] inline std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

/// A table with texts of some columns replaced. Throws format_error for a column that it does not have.
template <class Their>
[[nodiscard]] csv_table with_values(const csv_table& table,
                                    const std::map<std::string, std::map<std::string, std::string>>& values,
                                    const Their& their) {
  std::map<std::size_t, const std::map<std::string, std::string>*> rules;
  for (const auto& [column, texts] : values) rules.emplace(table.column(their(column)), &texts);
  csv_table out(table.header(), table.source());
  for (std::size_t r = 0; r < table.rows(); ++r) {
    std::vector<std::string> cells;
    for (std::size_t c = 0; c < table.columns(); ++c) cells.push_back(table.at(r, c));
    for (const auto& [c, texts] : rules)
      if (const auto other = texts->find(cells[c]); other != texts->end()) cells[c] = other->second;
    out.add_row(std::move(cells), table.line(r));
  }
  return out;
}

}  // namespace detail

/// Throws io_error that lists every picture, mask and field of view that is named but is no file.
inline void require_files(const manifest& m) {
  std::vector<std::string> missing;
  for (const auto& record : m.records)
    for (const auto* file : {&record.image, &record.mask, &record.fov}) {
      std::error_code failed;
      if (!file->empty() && !std::filesystem::is_regular_file(m.locate(*file), failed))
        missing.push_back(file->string());
    }
  if (!missing.empty())
    throw io_error(sentence(missing.size(), missing.size() == 1 ? " file is" : " files are", " missing in ",
                            m.folder.empty() ? std::string("the current folder") : m.folder.string(), ": ",
                            detail::joined(missing), "."));
}

/// A manifest from a table that was read. Paths are taken relative to `folder`. Throws format_error (column, line and
/// what was expected) or io_error (missing files), as the options say.
[[nodiscard]] inline manifest parse_manifest(const csv_table& raw, const std::filesystem::path& folder,
                                             const manifest_options& options = {}) {
  const auto their = [&](std::string_view name) {
    const auto it = options.columns.find(std::string(name));
    return it == options.columns.end() ? std::string(name) : it->second;
  };
  const csv_table table = detail::with_values(raw, options.values, their);
  for (const auto& [ours, theirs] : options.columns)
    if (std::find(manifest_columns.begin(), manifest_columns.end(), ours) == manifest_columns.end() &&
        !ours.starts_with("rater_"))
      throw argument_error(
          sentence("\"", ours, "\" is no column of a manifest, so \"", theirs, "\" cannot stand for it."));
    else
      (void)table.column(theirs);  // a name that was given must exist

  const std::size_t image = table.column(their("image"));
  const auto subject = table.find(their("subject"));
  if (!subject && !options.split_by_image)
    throw format_error(
        sentence(table.source(), " has no column \"", their("subject"),
                 "\"; without it pictures of one person could come into two splits. Add it, name the column that "
                 "holds it (--column subject=NAME), or ask for a split by image (--split-by-image)."));
  std::map<std::string, std::size_t> column_of;
  std::vector<bool> used(table.columns(), false);
  for (const auto name : manifest_columns)
    if (const auto found = table.find(their(name))) {
      column_of.emplace(name, *found);
      used[*found] = true;
    }
  manifest result;
  result.folder = folder;
  for (const auto& known : options.labels.classes) result.classes.push_back(known.name);
  std::vector<std::size_t> rater_columns;
  for (std::size_t c = 0; c < table.columns(); ++c)
    if (!used[c] && table.header()[c].starts_with("rater_")) {
      result.raters.push_back(table.header()[c].substr(6));
      rater_columns.push_back(c);
      used[c] = true;
    }
  for (const auto& [ours, theirs] : options.columns)
    if (ours.starts_with("rater_") && !used[table.column(theirs)]) {
      result.raters.push_back(ours.substr(6));
      rater_columns.push_back(table.column(theirs));
      used[table.column(theirs)] = true;
    }
  for (const auto& rule : options.exclude) (void)table.column(rule.first);

  const auto whole_column = [&](std::size_t column) {
    std::vector<std::string> texts(table.rows());
    for (std::size_t r = 0; r < table.rows(); ++r) texts[r] = table.at(r, column);
    return texts;
  };
  std::vector<std::string> lines(table.rows());
  for (std::size_t r = 0; r < table.rows(); ++r)
    lines[r] = sentence("line ", table.line(r), " (", table.at(r, image), ")");
  const auto labels_of = [&](std::size_t column) {
    return parse_labels(whole_column(column), options.labels,
                        sentence(table.source(), ", column \"", table.header()[column], "\""), lines,
                        table.header()[column]);
  };
  const auto labels =
      column_of.contains("label") ? labels_of(column_of["label"]) : std::vector<int>(table.rows(), no_label);
  std::vector<std::vector<int>> grades;
  for (const auto column : rater_columns) grades.push_back(labels_of(column));

  const auto bad = [&](std::size_t row, std::string_view column, std::string_view expected, const std::string& got) {
    return format_error(sentence(table.source(), ", line ", table.line(row), ", column \"", column, "\": expected ",
                                 expected, ", got \"", got, "\"."));
  };
  std::unordered_map<std::string, std::size_t> seen;
  for (std::size_t r = 0; r < table.rows(); ++r) {
    const auto cell = [&](std::string_view name) {
      const auto it = column_of.find(std::string(name));
      return it == column_of.end() ? std::string() : table.at(r, it->second);
    };
    manifest_record record;
    if (table.at(r, image).empty()) throw bad(r, their("image"), "the path of a picture", "");
    record.image = table.at(r, image);
    const auto [earlier, fresh] = seen.emplace(record.image.lexically_normal().string(), r);
    if (!fresh)
      throw format_error(sentence(table.source(), ", line ", table.line(r), ": ", record.image.string(),
                                  " stands on line ", table.line(earlier->second),
                                  " already; each picture has one row."));
    record.subject = cell("subject");
    if (options.split_by_image)
      record.subject = record.image.string();
    else if (record.subject.empty())
      throw bad(r, their("subject"), "the subject of the picture", "");
    record.label = labels[r];
    std::string reason = record.label == unknown_label ? "label unknown" : "";
    for (const auto& [column, value] : options.exclude)
      if (reason.empty() && table.at(r, table.column(column)) == value) reason = column + " is " + value;
    if (!reason.empty()) {
      result.excluded.push_back({record.image.string(), record.subject, reason});
      continue;
    }
    const auto eye = detail::canonical_eye(cell("eye"));
    if (!eye) throw bad(r, their("eye"), "OD or OS", cell("eye"));
    record.eye = *eye;
    const auto split = detail::canonical_split(cell("split"));
    if (!split) throw bad(r, their("split"), "train, val, test or expert", cell("split"));
    record.split = *split;
    record.kind = detail::trimmed_lower(cell("kind"));
    if (!record.kind.empty() && record.kind != "fundus" && record.kind != "rvm")
      throw bad(r, their("kind"), "fundus or rvm", cell("kind"));
    record.session = cell("session");
    record.device = cell("device");
    record.mask = cell("mask");
    record.fov = cell("fov");
    if (!cell("um_per_px").empty()) {
      const double value = table.number(r, column_of["um_per_px"]);
      if (!(value > 0)) throw bad(r, their("um_per_px"), "a positive number", cell("um_per_px"));
      record.um_per_px = value;
    }
    for (const auto& grader : grades) record.raters.push_back(std::max(grader[r], no_label));
    for (std::size_t c = 0; c < table.columns(); ++c)
      if (!used[c] && c != image) record.more.emplace(table.header()[c], table.at(r, c));
    result.records.push_back(std::move(record));
  }
  if (result.records.empty())
    throw format_error(sentence(table.source(), " names no picture",
                                result.excluded.empty() ? "" : " that is not excluded",
                                "; expected one row per picture."));
  if (options.check_files) require_files(result);
  return result;
}

/// Reads a manifest file; paths in it are relative to its folder. Throws as parse_manifest, and io_error.
[[nodiscard]] inline manifest read_manifest(const std::filesystem::path& path, const manifest_options& options = {}) {
  return parse_manifest(read_csv(path), path.parent_path(), options);
}

/// The manifest as a table: the columns of manifest_columns that any record uses ("image", "label", "subject" and
/// "split" always), rater_*, then every other column by name. Labels are written by name.
[[nodiscard]] inline csv_table to_table(const manifest& m) {
  const auto text = [&](const manifest_record& r, std::string_view column) -> std::string {
    if (column == "image") return r.image.string();
    if (column == "label") return r.label < 0 ? std::string() : m.classes.at(static_cast<std::size_t>(r.label));
    if (column == "subject") return r.subject;
    if (column == "eye") return r.eye;
    if (column == "session") return r.session;
    if (column == "device") return r.device;
    if (column == "mask") return r.mask.string();
    if (column == "fov") return r.fov.string();
    if (column == "split") return r.split;
    if (column == "kind") return r.kind;
    return r.um_per_px ? csv_number(*r.um_per_px) : std::string();
  };
  std::vector<std::string> header;
  for (const auto name : manifest_columns)
    if (name == "image" || name == "label" || name == "subject" || name == "split" ||
        std::any_of(m.records.begin(), m.records.end(), [&](const auto& r) { return !text(r, name).empty(); }))
      header.emplace_back(name);
  const std::size_t fixed = header.size();
  for (const auto& grader : m.raters) header.push_back("rater_" + grader);
  std::map<std::string, int> more;
  for (const auto& record : m.records)
    for (const auto& entry : record.more) more[entry.first] = 0;
  for (const auto& entry : more) header.push_back(entry.first);

  csv_table table(header, "the manifest");
  for (const auto& record : m.records) {
    std::vector<std::string> cells;
    for (std::size_t c = 0; c < fixed; ++c) cells.push_back(text(record, header[c]));
    for (std::size_t g = 0; g < m.raters.size(); ++g) {
      const int grade = g < record.raters.size() ? record.raters[g] : no_label;
      cells.push_back(grade < 0 ? std::string() : m.classes.at(static_cast<std::size_t>(grade)));
    }
    for (const auto& entry : more) {
      const auto it = record.more.find(entry.first);
      cells.push_back(it == record.more.end() ? std::string() : it->second);
    }
    table.add_row(std::move(cells));
  }
  return table;
}

/// Writes a manifest atomically. Throws io_error.
inline void write_manifest(const std::filesystem::path& path, const manifest& m) { write_csv(path, to_table(m)); }

}  // namespace synthmed

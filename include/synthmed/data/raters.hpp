// Grades that stand in a table of their own (one row per picture, a column per grader), joined to pictures by file
// name.
#pragma once

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <synthmed/data/labels.hpp>
#include <synthmed/data/manifest.hpp>
#include <synthmed/error.hpp>
#include <synthmed/io/csv.hpp>

namespace synthmed {

/// How a table of grades is laid out. Columns are named by their title; with several header rows the titles of a column
/// are joined with '/', an empty cell standing for the title to its left (as merged cells are exported): "A/grade".
struct rater_table_options {
  int header_rows = 1;
  std::string image = "image";  ///< column with the picture's file name, with or without folder and extension
  std::string subject = {};     ///< column with the subject; empty: none
  std::string label = {};       ///< column with the consensus; empty: the graders' majority (see majority_label)
  std::string raters = {};      ///< regular expression over the titles of the graders' columns; its first group is the
                                ///< grader's name; empty: none
  label_options labels = {};
};

/// The layout of FARFUM-RoP's label sheet exported as CSV: two header rows; patient, image, graders A to E with grade,
/// stage and diagnostic each, the consensus last. Titles differ between exports; adapt them where the reader says so.
[[nodiscard]] inline rater_table_options farfum_table() {
  return {.header_rows = 2,
          .image = "Image",
          .subject = "Patient",
          .label = "Label",
          .raters = "([A-E])/[Dd]iagnostic",
          .labels = {.base = 1}};
}

/// The label that most graders gave; of several, the one nearest to the middle of all grades (the lower of two);
/// no_label when nobody graded.
[[nodiscard]] inline int majority_label(std::span<const int> grades) {
  std::vector<int> sorted;
  for (const int grade : grades)
    if (grade >= 0) sorted.push_back(grade);
  if (sorted.empty()) return no_label;
  std::sort(sorted.begin(), sorted.end());
  const int median = sorted[(sorted.size() - 1) / 2];
  int best = sorted.front();
  std::ptrdiff_t most = 0;
  for (const int grade : sorted) {
    const auto votes = std::count(sorted.begin(), sorted.end(), grade);
    const bool nearer = std::abs(grade - median) < std::abs(best - median);
    if (votes > most || (votes == most && nearer)) {
      most = votes;
      best = grade;
    }
  }
  return best;
}

namespace detail {

/// A file name as tables write it: no folder, no picture's extension, no dots, lower case.
[[nodiscard]] inline std::string plain_stem(std::string_view text) {
  if (const auto slash = text.find_last_of("/\\"); slash != std::string_view::npos) text.remove_prefix(slash + 1);
  std::string name = trimmed_lower(text);
  for (const std::string_view ending : {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif"})
    if (name.size() > ending.size() && name.ends_with(ending)) {
      name.resize(name.size() - ending.size());
      break;
    }
  name.erase(std::remove(name.begin(), name.end(), '.'), name.end());
  return name;
}

}  // namespace detail

/// Reads CSV text with several header rows into a table with joined titles (see rater_table_options). Columns without
/// any title are called "column 3". Throws format_error.
[[nodiscard]] inline csv_table parse_csv_with_headers(std::string_view text, int header_rows,
                                                      const std::string& source) {
  if (header_rows < 1) throw argument_error(sentence("A table has at least one header row, got ", header_rows, "."));
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::size_t columns = 1;
  bool quoted = false;
  for (const char letter : text) {
    if (letter == '"') quoted = !quoted;
    if (letter == '\n' && !quoted) break;
    if (letter == ',' && !quoted) ++columns;
  }
  // Merged header cells repeat titles, which a plain table refuses; numbers as titles let it through.
  std::string numbered;
  for (std::size_t c = 0; c < columns; ++c) numbered += (c ? "," : "") + std::to_string(c);
  const csv_table raw = parse_csv(numbered + "\n" + std::string(text), source);
  if (raw.rows() < static_cast<std::size_t>(header_rows))
    throw format_error(sentence(source, " has ", raw.rows(), " rows; expected ", header_rows, " header rows."));
  std::vector<std::string> titles(columns);
  std::map<std::string, int> seen;
  for (int h = 0; h < header_rows; ++h) {
    std::string left;
    for (std::size_t c = 0; c < columns; ++c) {
      std::string cell = raw.at(static_cast<std::size_t>(h), c);
      const bool last = h + 1 == header_rows;
      if (cell.empty() && !last) cell = left;
      left = cell;
      if (!cell.empty()) titles[c] += (titles[c].empty() ? "" : "/") + cell;
    }
  }
  for (std::size_t c = 0; c < columns; ++c) {
    if (titles[c].empty()) titles[c] = "column " + std::to_string(c + 1);
    if (const int copy = ++seen[titles[c]]; copy > 1) titles[c] += " (" + std::to_string(copy) + ")";
  }
  csv_table table(titles, source);
  for (std::size_t r = static_cast<std::size_t>(header_rows); r < raw.rows(); ++r) {
    std::vector<std::string> cells(columns);
    for (std::size_t c = 0; c < columns; ++c) cells[c] = raw.at(r, c);
    table.add_row(std::move(cells), raw.line(r) - 1);
  }
  return table;
}

/// Gives the pictures of a manifest their labels, graders and (where the table has them) subjects, by file name:
/// compared without folder, extension, dots and case. Pictures without a row and those graded "unknown" become
/// exclusions; rows without a picture are returned by name. Throws format_error for unknown columns, for two rows or
/// two pictures of one name, and when no row fits.
inline std::vector<std::string> join_raters(manifest& m, const csv_table& table,
                                            const rater_table_options& options = {}) {
  const std::size_t image = table.column(options.image);
  const auto labels_of = [&](std::size_t column) {
    std::vector<std::string> texts(table.rows());
    for (std::size_t r = 0; r < table.rows(); ++r) texts[r] = table.at(r, column);
    return parse_labels(texts, options.labels, sentence(table.source(), ", column \"", table.header()[column], "\""));
  };
  std::vector<std::string> graders;
  std::vector<std::vector<int>> grades;
  if (!options.raters.empty()) {
    const std::regex title(options.raters);
    for (std::size_t c = 0; c < table.columns(); ++c) {
      std::smatch match;
      if (!std::regex_match(table.header()[c], match, title)) continue;
      graders.push_back(match.size() > 1 ? match[1].str() : table.header()[c]);
      grades.push_back(labels_of(c));
    }
    if (graders.empty())
      throw format_error(sentence("No column of ", table.source(), " fits ", options.raters,
                                  "; its columns are: ", detail::joined(table.header()), "."));
  }
  if (options.label.empty() && graders.empty())
    throw argument_error("A table of grades needs a column with the label or columns of graders; neither was named.");
  std::vector<int> labels;
  if (!options.label.empty()) {
    labels = labels_of(table.column(options.label));
  } else {
    for (std::size_t r = 0; r < table.rows(); ++r) {
      std::vector<int> votes;
      for (const auto& grader : grades) votes.push_back(grader[r]);
      labels.push_back(majority_label(votes));
    }
  }
  std::map<std::string, std::size_t> row_of;
  for (std::size_t r = 0; r < table.rows(); ++r)
    if (const auto [it, fresh] = row_of.emplace(detail::plain_stem(table.at(r, image)), r); !fresh)
      throw format_error(sentence(table.source(), ", lines ", table.line(it->second), " and ", table.line(r),
                                  " both grade ", table.at(r, image), "; expected one row per picture."));

  manifest result = m;
  result.records.clear();
  result.raters = graders;
  std::map<std::string, std::string> taken;
  for (auto& record : m.records) {
    const std::string stem = detail::plain_stem(record.image.string());
    const auto it = row_of.find(stem);
    if (it == row_of.end()) {
      result.excluded.push_back({record.image.string(), record.subject, "no row in the table of grades"});
      continue;
    }
    if (const auto [other, fresh] = taken.emplace(stem, record.image.string()); !fresh)
      throw format_error(sentence(other->second, " and ", record.image.string(),
                                  " have one name in the table of grades; rename one of them."));
    const std::size_t row = it->second;
    if (!options.subject.empty()) {
      record.subject = table.at(row, table.column(options.subject));
      if (record.subject.empty())
        throw format_error(sentence(table.source(), ", line ", table.line(row), ", column \"", options.subject,
                                    "\": expected the subject of the picture, got nothing."));
    }
    record.raters.clear();
    for (const auto& grader : grades) record.raters.push_back(std::max(grader[row], no_label));
    record.label = labels[row];
    if (record.label == unknown_label)
      result.excluded.push_back({record.image.string(), record.subject, "label unknown"});
    else
      result.records.push_back(record);
  }
  if (result.records.empty())
    throw format_error(sentence("No row of ", table.source(), " fits a picture; its first picture is ",
                                table.rows() ? table.at(0, image) : std::string("missing"), "."));
  std::vector<std::string> without_picture;
  for (const auto& [stem, row] : row_of)
    if (!taken.contains(stem)) without_picture.push_back(table.at(row, image));
  m = std::move(result);
  return without_picture;
}

}  // namespace synthmed

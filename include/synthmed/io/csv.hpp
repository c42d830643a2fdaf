// CSV tables (RFC 4180): a header line, then rows of the same length; errors name the file, the line and the column.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/io/file.hpp>

namespace synthmed {

/// A table of text cells with named columns. Cells keep their text; numbers are parsed on demand.
class csv_table {
 public:
  csv_table() = default;
  explicit csv_table(std::vector<std::string> header, std::string source = "the table")
      : header_(std::move(header)), source_(std::move(source)) {
    index_header();
  }

  [[nodiscard]] const std::vector<std::string>& header() const noexcept { return header_; }
  [[nodiscard]] std::size_t rows() const noexcept { return lines_.size(); }
  [[nodiscard]] std::size_t columns() const noexcept { return header_.size(); }
  /// Where the table came from, for messages.
  [[nodiscard]] const std::string& source() const noexcept { return source_; }
  /// The line of the file on which a row starts (1 is the header).
  [[nodiscard]] std::size_t line(std::size_t row) const { return lines_.at(row); }

  /// The number of a column, or nothing.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const {
    const auto it = column_.find(std::string(name));
    return it == column_.end() ? std::nullopt : std::optional(it->second);
  }

  /// The number of a column. Throws format_error that lists the columns there are.
  [[nodiscard]] std::size_t column(std::string_view name) const {
    if (const auto found = find(name)) return *found;
    std::string present;
    for (const auto& title : header_) present += (present.empty() ? "" : ", ") + title;
    throw format_error(sentence(source_, " has no column \"", name, "\"; its columns are: ", present, "."));
  }

  [[nodiscard]] const std::string& at(std::size_t row, std::size_t column) const {
    return cells_.at(row * header_.size() + column);
  }

  /// A cell as a finite number. Throws format_error with line and column otherwise.
  [[nodiscard]] double number(std::size_t row, std::size_t column) const {
    const std::string& text = at(row, column);
    double value = 0;
    const char* first = text.data();
    const char* const last = text.data() + text.size();
    while (first < last && (*first == ' ' || *first == '+')) ++first;
    const auto [end, failure] = std::from_chars(first, last, value);
    const char* rest = end;
    while (rest < last && *rest == ' ') ++rest;
    if (failure != std::errc{} || rest != last || !std::isfinite(value))
      throw format_error(sentence(source_, ", line ", line(row), ", column \"", header_[column],
                                  "\": expected a finite number, got \"", text, "\"."));
    return value;
  }

  /// Appends a row. Throws argument_error when it has another number of cells than the header.
  void add_row(std::vector<std::string> cells, std::size_t line = 0) {
    if (cells.size() != header_.size())
      throw argument_error(
          sentence("A row of ", source_, " needs ", header_.size(), " cells, got ", cells.size(), "."));
    for (auto& cell : cells) cells_.push_back(std::move(cell));
    lines_.push_back(line ? line : lines_.size() + 2);
  }

 private:
  void index_header() {
    for (std::size_t i = 0; i < header_.size(); ++i)
      if (!column_.emplace(header_[i], i).second)
        throw format_error(sentence(source_, " has two columns named \"", header_[i], "\"; names must differ."));
  }

  std::vector<std::string> header_, cells_;
  std::vector<std::size_t> lines_;
  std::unordered_map<std::string, std::size_t> column_;
  std::string source_ = "the table";
};

/// Reads CSV text: comma-separated, cells optionally in double quotes (which may hold commas, line breaks and doubled
/// quotes), LF or CRLF, an optional UTF-8 byte order mark, empty lines skipped. Throws format_error with the line.
[[nodiscard]] inline csv_table parse_csv(std::string_view text, const std::string& source = "the table") {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (text.find('\0') != std::string_view::npos)
    throw format_error(sentence(source, " holds a zero byte; expected CSV text."));
  std::size_t at = 0, line = 1;
  const auto next_row = [&](std::vector<std::string>& cells, std::size_t& first_line) -> bool {
    while (at < text.size() && (text[at] == '\n' || text.substr(at, 2) == "\r\n")) {
      at += text[at] == '\n' ? std::size_t{1} : std::size_t{2};
      ++line;
    }
    if (at >= text.size()) return false;
    first_line = line;
    cells.clear();
    for (;;) {
      std::string cell;
      if (at < text.size() && text[at] == '"') {
        ++at;
        for (;;) {
          if (at >= text.size())
            throw format_error(sentence(source, ", line ", first_line, ": a quoted cell is never closed."));
          if (text[at] == '"' && at + 1 < text.size() && text[at + 1] == '"') {
            cell += '"';
            at += 2;
          } else if (text[at] == '"') {
            ++at;
            break;
          } else {
            line += text[at] == '\n';
            cell += text[at++];
          }
        }
        if (at < text.size() && text[at] != ',' && text[at] != '\n' && text[at] != '\r')
          throw format_error(sentence(source, ", line ", line, ": text follows a closing quote; expected a comma."));
      } else {
        while (at < text.size() && text[at] != ',' && text[at] != '\n' && text[at] != '\r') {
          if (text[at] == '"')
            throw format_error(sentence(source, ", line ", line, ": a quote stands inside an unquoted cell."));
          cell += text[at++];
        }
      }
      cells.push_back(std::move(cell));
      if (at < text.size() && text[at] == ',') {
        ++at;
        continue;
      }
      if (at < text.size() && text[at] == '\r') ++at;
      if (at < text.size() && text[at] == '\n') {
        ++at;
        ++line;
      } else if (at < text.size()) {
        throw format_error(sentence(source, ", line ", line, ": a carriage return stands alone; expected LF or CRLF."));
      }
      return true;
    }
  };
  std::vector<std::string> cells;
  std::size_t first_line = 1;
  if (!next_row(cells, first_line)) throw format_error(sentence(source, " is empty; expected a header line."));
  csv_table table(cells, source);
  while (next_row(cells, first_line)) {
    if (cells.size() != table.columns())
      throw format_error(sentence(source, ", line ", first_line, ": ", cells.size(), " cells, but the header has ",
                                  table.columns(), "."));
    table.add_row(std::move(cells), first_line);
  }
  return table;
}

/// Reads a CSV file. Throws io_error or format_error with the path.
[[nodiscard]] inline csv_table read_csv(const std::filesystem::path& path) {
  return parse_csv(read_file(path, std::uint64_t{1} << 31), path.string());
}

/// A cell as it stands in a file: quoted when it must be.
[[nodiscard]] inline std::string csv_cell(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char letter : text) out += letter == '"' ? std::string("\"\"") : std::string(1, letter);
  return out + '"';
}

/// The shortest text that reads back as the same number.
[[nodiscard]] inline std::string csv_number(double value) { return sentence(value); }

/// The text of a table: LF line ends, a header line first.
[[nodiscard]] inline std::string to_csv(const csv_table& table) {
  std::string out;
  const auto append = [&](std::size_t column, std::string_view text) {
    if (column > 0) out += ',';
    out += csv_cell(text);
    if (column + 1 == table.columns()) out += '\n';
  };
  for (std::size_t c = 0; c < table.columns(); ++c) append(c, table.header()[c]);
  for (std::size_t r = 0; r < table.rows(); ++r)
    for (std::size_t c = 0; c < table.columns(); ++c) append(c, table.at(r, c));
  return out;
}

/// Writes a table atomically. Throws io_error.
inline void write_csv(const std::filesystem::path& path, const csv_table& table) { write_file(path, to_csv(table)); }

}  // namespace synthmed

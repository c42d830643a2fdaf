// The data-flow table of a study: pictures, subjects and classes per split, and what was left out and why.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <synthmed/data/manifest.hpp>
#include <synthmed/io/csv.hpp>

namespace synthmed {

/// One row per split that occurs (and one for pictures without a split), one per reason of exclusion, and a total of
/// what is kept: group, images, subjects, then a column per class and one for pictures without a label where there are
/// any.
[[nodiscard]] inline csv_table flow_table(const manifest& m) {
  struct counts {
    std::size_t images = 0;
    std::set<std::string> subjects;
    std::vector<std::size_t> classes;
  };
  const std::size_t classes = m.classes.size();
  const bool unlabelled = std::any_of(m.records.begin(), m.records.end(), [](const auto& r) { return r.label < 0; });
  std::map<std::string, counts> of_split;
  counts total;
  for (const auto& record : m.records)
    for (auto* group : {&of_split[record.split], &total}) {
      group->classes.resize(classes + 1, 0);
      ++group->images;
      group->subjects.insert(record.subject);
      ++group->classes[record.label < 0 ? classes : static_cast<std::size_t>(record.label)];
    }
  std::vector<std::string> header = {"group", "images", "subjects"};
  header.insert(header.end(), m.classes.begin(), m.classes.end());
  if (unlabelled) header.emplace_back("no label");
  csv_table table(header, "the data-flow table");
  const auto add = [&](const std::string& name, const counts& group) {
    std::vector<std::string> cells = {name, std::to_string(group.images), std::to_string(group.subjects.size())};
    for (std::size_t c = 0; c < classes + (unlabelled ? 1 : 0); ++c)
      cells.push_back(group.classes.empty() ? "0" : std::to_string(group.classes[c]));
    table.add_row(std::move(cells));
  };
  for (const auto name : split_names)
    if (const auto it = of_split.find(std::string(name)); it != of_split.end()) add(it->first, it->second);
  if (const auto it = of_split.find(""); it != of_split.end()) add("no split", it->second);
  add("all kept", total);

  std::map<std::string, counts> reasons;
  for (const auto& left_out : m.excluded) {
    // One line for all repeats, not one per original.
    const bool repeat = left_out.reason.starts_with("same picture as ");
    auto& group = reasons["excluded: " + (repeat ? std::string("same picture as another one") : left_out.reason)];
    ++group.images;
    if (!left_out.subject.empty()) group.subjects.insert(left_out.subject);
  }
  for (const auto& [reason, group] : reasons) {
    std::vector<std::string> cells(table.columns());
    cells[0] = reason;
    cells[1] = std::to_string(group.images);
    cells[2] = std::to_string(group.subjects.size());
    table.add_row(std::move(cells));
  }
  return table;
}

/// A table as aligned text for a terminal: the first column to the left, the others to the right.
[[nodiscard]] inline std::string aligned_text(const csv_table& table) {
  std::vector<std::size_t> width(table.columns());
  for (std::size_t c = 0; c < table.columns(); ++c) {
    width[c] = table.header()[c].size();
    for (std::size_t r = 0; r < table.rows(); ++r) width[c] = std::max(width[c], table.at(r, c).size());
  }
  std::string out;
  const auto line = [&](auto&& cell) {
    for (std::size_t c = 0; c < table.columns(); ++c) {
      const std::string& text = cell(c);
      const std::string space(width[c] - text.size(), ' ');
      out += (c ? "  " : "") + (c ? space + text : text + space);
    }
    out.erase(out.find_last_not_of(' ') + 1);
    out += '\n';
  };
  line([&](std::size_t c) -> const std::string& { return table.header()[c]; });
  for (std::size_t r = 0; r < table.rows(); ++r)
    line([&](std::size_t c) -> const std::string& { return table.at(r, c); });
  return out;
}

}  // namespace synthmed

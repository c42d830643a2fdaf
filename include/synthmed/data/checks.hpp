// Checks of a data set before anything is trained on it: leaks between splits, duplicates, missing classes, shortcuts.
#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <synthmed/data/manifest.hpp>
#include <synthmed/data/split.hpp>
#include <synthmed/error.hpp>

namespace synthmed {

/// What reading a picture told about it.
struct picture_facts {
  std::string sha256;  ///< of the file
  int height = 0, width = 0;
};

/// Cramer's V between two codings of the same things, corrected for bias (Bergsma 2013): 0 no relation, 1 each tells
/// the other. The plain V of few pictures and many devices is large by chance alone. Negative codes are left out; 0
/// when either coding has one value. Throws argument_error for different lengths.
[[nodiscard]] inline double cramers_v(std::span<const int> a, std::span<const int> b) {
  if (a.size() != b.size())
    throw argument_error(
        sentence("Cramer's V needs two codings of equal length, got ", a.size(), " and ", b.size(), "."));
  std::map<int, double> rows, columns;
  std::map<std::pair<int, int>, double> cells;
  double n = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] < 0 || b[i] < 0) continue;
    ++n;
    ++rows[a[i]];
    ++columns[b[i]];
    ++cells[{a[i], b[i]}];
  }
  const auto r = static_cast<double>(rows.size()), c = static_cast<double>(columns.size());
  if (n < 2 || r < 2 || c < 2) return 0;
  double chi2 = 0;
  for (const auto& [row, row_count] : rows)
    for (const auto& [column, column_count] : columns) {
      const double expected = row_count * column_count / n;
      const auto it = cells.find({row, column});
      const double difference = (it == cells.end() ? 0.0 : it->second) - expected;
      chi2 += difference * difference / expected;
    }
  const double phi2 = std::max(0.0, chi2 / n - (r - 1) * (c - 1) / (n - 1));
  const double r2 = r - (r - 1) * (r - 1) / (n - 1), c2 = c - (c - 1) * (c - 1) / (n - 1);
  const double smaller = std::min(r2, c2) - 1;
  return smaller > 0 ? std::min(1.0, std::sqrt(phi2 / smaller)) : 0;
}

/// Leaves out pictures that repeat another one of the same subject, with the reason. Throws format_error that names the
/// pictures when the same file stands under two subjects (a leak between splits) or with two labels.
/// `facts` are those of the records, in their order, and are thinned in the same way.
inline void drop_duplicates(manifest& m, std::vector<picture_facts>& facts) {
  if (facts.size() != m.records.size())
    throw argument_error(
        sentence("Facts are needed for each of ", m.records.size(), " records, got ", facts.size(), "."));
  std::map<std::string, std::size_t> first;
  std::vector<std::string> leaks, contradictions;
  std::vector<bool> drop(m.records.size(), false);
  for (std::size_t i = 0; i < m.records.size(); ++i) {
    const auto [it, fresh] = first.emplace(facts[i].sha256, i);
    if (fresh || facts[i].sha256.empty()) continue;
    const auto &one = m.records[it->second], &two = m.records[i];
    const std::string pair = one.image.string() + " = " + two.image.string();
    if (one.subject != two.subject)
      leaks.push_back(pair);
    else if (one.label != two.label)
      contradictions.push_back(pair);
    drop[i] = true;
  }
  if (!leaks.empty())
    throw format_error(sentence("The same picture stands under two subjects: ", detail::joined(leaks),
                                "; correct the subjects or remove one of each pair."));
  if (!contradictions.empty())
    throw format_error(
        sentence("The same picture has two labels: ", detail::joined(contradictions), "; keep the right one."));
  manifest kept = m;
  kept.records.clear();
  std::vector<picture_facts> kept_facts;
  for (std::size_t i = 0; i < m.records.size(); ++i) {
    if (drop[i]) {
      const auto& original = m.records[first.at(facts[i].sha256)].image;
      kept.excluded.push_back(
          {m.records[i].image.string(), m.records[i].subject, "same picture as " + original.string()});
    } else {
      kept.records.push_back(m.records[i]);
      kept_facts.push_back(facts[i]);
    }
  }
  m = std::move(kept);
  facts = std::move(kept_facts);
}

/// Throws format_error when some pictures have labels and only one class occurs, or a class has no picture to train on.
/// Returns a warning for each class that is absent from another split, for a validation or test split without any
/// labelled picture beside a training split, and one when no picture has a label.
[[nodiscard]] inline std::vector<std::string> check_classes(const manifest& m) {
  std::map<std::string, std::vector<std::size_t>> counts;
  std::vector<std::size_t> all(m.classes.size(), 0);
  std::set<std::string> subjects;
  std::size_t without = 0;
  for (const auto& record : m.records) {
    subjects.insert(record.subject);
    auto& of_split = counts[record.split];
    of_split.resize(m.classes.size(), 0);
    if (record.label < 0) {
      ++without;
    } else {
      ++of_split[static_cast<std::size_t>(record.label)];
      ++all[static_cast<std::size_t>(record.label)];
    }
  }
  std::vector<std::string> warnings;
  if (without == m.records.size()) {
    warnings.push_back("No picture has a label; these data can train a segmenter, not a classifier.");
    return warnings;
  }
  if (without > 0) warnings.push_back(sentence(without, " of ", m.records.size(), " pictures have no label."));
  if (std::count_if(all.begin(), all.end(), [](std::size_t n) { return n > 0; }) < 2) {
    const auto only = static_cast<std::size_t>(std::max_element(all.begin(), all.end()) - all.begin());
    throw format_error(sentence("All ", all[only], " labelled pictures are of one class (", m.classes[only],
                                "); a classifier needs at least two."));
  }
  const auto labelled = [&](const std::string& split) {
    const auto found = counts.find(split);
    return found != counts.end() &&
           std::any_of(found->second.begin(), found->second.end(), [](std::size_t n) { return n > 0; });
  };
  // Data that are only asked about have no training split, and need no other beside it.
  std::set<std::string> said;
  for (const char* split : {"val", "test"})
    if (counts.contains("train") && !labelled(split)) {
      said.insert(split);
      warnings.push_back(sentence("Split ", split, " has no picture with a label: results there are undefined (",
                                  subjects.size(), subjects.size() == 1 ? " subject" : " subjects",
                                  " in all; each split needs subjects of its own)."));
    }
  for (std::size_t c = 0; c < all.size(); ++c) {
    if (all[c] == 0) {
      warnings.push_back(sentence("Class ", m.classes[c], " has no picture at all."));
      continue;
    }
    for (const auto& [split, of_split] : counts) {
      if (split.empty() || of_split[c] > 0 || said.contains(split)) continue;
      if (split == "train")
        throw format_error(sentence("Class ", m.classes[c], " has ", all[c],
                                    " pictures but none in the training split; ", "move a subject of it there."));
      warnings.push_back(
          sentence("Class ", m.classes[c], " is absent from split ", split, ": its results there are undefined."));
    }
  }
  return warnings;
}

/// Warnings where the camera, the size of the picture or the kind tells the label (corrected Cramer's V above `limit`):
/// a classifier can then score well without looking at vessels.
[[nodiscard]] inline std::vector<std::string> check_shortcuts(const manifest& m, std::span<const picture_facts> facts,
                                                              double limit = .3) {
  std::vector<int> labels;
  for (const auto& record : m.records) labels.push_back(record.label);
  std::vector<std::string> warnings;
  const auto examine = [&](std::string_view what, auto&& text_of) {
    std::map<std::string, int> codes;
    std::vector<int> coded;
    for (std::size_t i = 0; i < m.records.size(); ++i) {
      const std::string text = text_of(i);
      coded.push_back(text.empty() ? -1 : codes.emplace(text, static_cast<int>(codes.size())).first->second);
    }
    const double v = cramers_v(labels, coded);
    if (v > limit)
      warnings.push_back(sentence("The ", what, " alone predicts the label (Cramer's V ", std::round(v * 100) / 100,
                                  " > ", limit, "): a classifier may learn the ", what, " instead of the disease."));
  };
  examine("device", [&](std::size_t i) { return m.records[i].device; });
  examine("kind", [&](std::size_t i) { return m.records[i].kind; });
  if (facts.size() == m.records.size())
    examine("picture size", [&](std::size_t i) { return sentence(facts[i].width, " x ", facts[i].height); });
  return warnings;
}

}  // namespace synthmed

// Splits by subject: stratified by each subject's worst label, reproducible from a key, with an expert set apart.
#pragma once

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <synthmed/data/manifest.hpp>
#include <synthmed/error.hpp>
#include <synthmed/io/csv.hpp>
#include <synthmed/random/distributions.hpp>
#include <synthmed/random/key.hpp>

namespace synthmed {

struct split_options {
  double train = .6;  ///< share of the subjects
  double val = .2;    ///< share of the subjects; the rest is the test split
  /// Pictures of each class in an expert set ({54, 31, 15} in the study); its subjects are in no other split, and their
  /// other pictures are excluded. Empty: no expert set.
  std::vector<int> expert = {};
};

/// Which split each subject is in.
using subject_splits = std::map<std::string, std::string>;

namespace detail {

/// The record numbers of each subject, and the subject's worst (largest) label.
struct subject_group {
  std::vector<std::size_t> records;
  int worst = no_label;
};

[[nodiscard]] inline std::map<std::string, subject_group> by_subject(const manifest& m) {
  std::map<std::string, subject_group> groups;
  for (std::size_t i = 0; i < m.records.size(); ++i) {
    auto& group = groups[m.records[i].subject];
    group.records.push_back(i);
    group.worst = std::max(group.worst, m.records[i].label);
  }
  return groups;
}

}  // namespace detail

/// Gives every record a split. Subjects of the expert set are drawn first; the others are shuffled within each worst
/// label and divided, so that every split gets a subject of each stratum that has three or more (two: train and test;
/// one: train). The result depends on the subjects' names, their labels and the key alone, not on the order of the
/// records. Throws argument_error for shares that do not fit or an expert set that the data cannot fill.
inline subject_splits split_by_subject(manifest& m, key k, const split_options& options = {}) {
  if (!(options.train > 0) || !(options.val >= 0) || !(options.train + options.val < 1))
    throw argument_error(sentence("Shares of train and val are positive and leave a rest for test, got ", options.train,
                                  " and ", options.val, "."));
  auto groups = detail::by_subject(m);
  subject_splits split_of;

  if (!options.expert.empty()) {
    if (options.expert.size() != m.classes.size())
      throw argument_error(sentence("An expert set needs a count for each of the ", m.classes.size(), " classes, got ",
                                    options.expert.size(), "."));
    std::vector<std::string> names;
    for (const auto& group : groups) names.push_back(group.first);
    const auto order = permutation(k.fold("expert"), names.size());
    auto wanted = options.expert;
    std::vector<bool> drop(m.records.size(), false);
    // Rare classes first: a subject taken for a plus picture then also gives its normal ones, and fewer subjects are
    // used.
    for (std::size_t c = wanted.size(); c-- > 0;)
      for (const auto place : order) {
        if (wanted[c] <= 0) break;
        auto& group = groups.at(names[place]);
        if (group.worst < static_cast<int>(c) || split_of.contains(names[place])) continue;
        if (std::none_of(group.records.begin(), group.records.end(),
                         [&](std::size_t i) { return m.records[i].label == static_cast<int>(c); }))
          continue;
        split_of[names[place]] = "expert";
        for (const auto i : group.records) {
          const int label = m.records[i].label;
          drop[i] = label < 0 || wanted[static_cast<std::size_t>(label)] <= 0;
          if (!drop[i]) --wanted[static_cast<std::size_t>(label)];
        }
      }
    for (std::size_t c = 0; c < wanted.size(); ++c)
      if (wanted[c] > 0)
        throw argument_error(sentence("The expert set asks for ", options.expert[c], " pictures of class ",
                                      m.classes[c], ", but only ", options.expert[c] - wanted[c],
                                      " are there; ask for fewer."));
    std::vector<manifest_record> kept;
    for (std::size_t i = 0; i < m.records.size(); ++i)
      if (drop[i])
        m.excluded.push_back({m.records[i].image.string(), m.records[i].subject, "its subject is in the expert set"});
      else
        kept.push_back(std::move(m.records[i]));
    m.records = std::move(kept);
  }

  std::map<int, std::vector<std::string>> strata;
  for (const auto& [name, group] : groups)
    if (!split_of.contains(name)) strata[group.worst].push_back(name);
  for (auto& [worst, names] : strata) {
    const std::size_t n = names.size();
    const auto order = permutation(k.fold("split").fold(worst), n);
    const auto share = [&](double part) {
      if (n < 3) return std::size_t{0};
      return std::max<std::size_t>(part > 0 ? 1 : 0,
                                   static_cast<std::size_t>(std::lround(part * static_cast<double>(n))));
    };
    const std::size_t val = n < 3 ? 0 : std::min(share(options.val), n - 2);
    std::size_t test = n == 2 ? 1 : share(1.0 - options.train - options.val);
    test = std::min(test, n - val - 1);
    for (std::size_t i = 0; i < n; ++i) split_of[names[order[i]]] = i < val ? "val" : i < val + test ? "test" : "train";
  }
  for (auto& record : m.records) record.split = split_of.at(record.subject);
  return split_of;
}

/// The splits of a manifest's subjects, as its records say. Throws format_error that names every subject in two splits,
/// and records without a split.
[[nodiscard]] inline subject_splits splits_of(const manifest& m) {
  subject_splits split_of;
  std::map<std::string, std::string> torn;
  for (const auto& record : m.records) {
    if (record.split.empty())
      throw format_error(sentence(record.image.string(), " has no split although other pictures have one."));
    const auto [it, fresh] = split_of.emplace(record.subject, record.split);
    if (!fresh && it->second != record.split) torn.emplace(record.subject, it->second + " and " + record.split);
  }
  if (torn.empty()) return split_of;
  std::vector<std::string> names;
  for (const auto& [subject, where] : torn) names.push_back(subject + " (" + where + ")");
  throw format_error(sentence(torn.size() == 1 ? "A subject is" : "Subjects are", " in two splits: ",
                              detail::joined(names), "; all pictures of a subject belong into one."));
}

/// Writes "subject,split", sorted by subject. Throws io_error.
inline void write_splits(const std::filesystem::path& path, const subject_splits& splits) {
  csv_table table({"subject", "split"}, path.string());
  for (const auto& [subject, split] : splits) table.add_row({subject, split});
  write_csv(path, table);
}

/// Reads what write_splits wrote. Throws format_error for a subject on two lines or an unknown split.
[[nodiscard]] inline subject_splits read_splits(const std::filesystem::path& path) {
  const csv_table table = read_csv(path);
  const std::size_t subject = table.column("subject"), split = table.column("split");
  subject_splits splits;
  for (std::size_t r = 0; r < table.rows(); ++r) {
    const auto name = detail::canonical_split(table.at(r, split));
    if (!name || name->empty())
      throw format_error(sentence(table.source(), ", line ", table.line(r),
                                  ": expected the split train, val, test or expert, got \"", table.at(r, split),
                                  "\"."));
    if (!splits.emplace(table.at(r, subject), *name).second)
      throw format_error(sentence(table.source(), ", line ", table.line(r), ": subject \"", table.at(r, subject),
                                  "\" stands there twice."));
  }
  return splits;
}

/// Gives the records the splits of their subjects. Throws format_error that lists the subjects without one.
inline void apply_splits(manifest& m, const subject_splits& splits) {
  std::vector<std::string> missing;
  for (auto& record : m.records) {
    const auto it = splits.find(record.subject);
    if (it != splits.end())
      record.split = it->second;
    else if (missing.empty() || missing.back() != record.subject)
      missing.push_back(record.subject);
  }
  if (!missing.empty())
    throw format_error(
        sentence("No split is given for the subject", missing.size() == 1 ? " " : "s ", detail::joined(missing), "."));
}

}  // namespace synthmed

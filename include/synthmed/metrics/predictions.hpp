// Tables of predictions in CSV files: label, prediction, a probability per class, and optionally the subject.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/io/csv.hpp>
#include <synthmed/metrics/inference/delong.hpp>
#include <synthmed/metrics/multiclass.hpp>

namespace synthmed {

/// What one classifier said about every case.
struct prediction_table {
  std::string source;                 ///< the file, for messages
  std::vector<std::string> classes;   ///< names, in the order of the probability columns
  std::vector<int> truth, call;       ///< class numbers per case
  std::vector<double> probabilities;  ///< cases x classes, row-major, each in [0, 1]
  std::vector<std::string> subject;   ///< per case; empty when there is no such column
  std::vector<std::string> id;        ///< image_path or id per case; empty when there is no such column

  [[nodiscard]] std::size_t cases() const noexcept { return truth.size(); }
  [[nodiscard]] class_scores scores() const { return {probabilities, truth, classes.size()}; }
  /// The probabilities of one class.
  [[nodiscard]] std::vector<double> column(std::size_t c) const {
    std::vector<double> out(cases());
    for (std::size_t i = 0; i < cases(); ++i) out[i] = probabilities[i * classes.size() + c];
    return out;
  }
  /// 1 where the truth is class c, else 0.
  [[nodiscard]] std::vector<int> is_class(std::size_t c) const {
    std::vector<int> out(cases());
    for (std::size_t i = 0; i < cases(); ++i) out[i] = static_cast<std::size_t>(truth[i]) == c;
    return out;
  }
  /// Which cases belong together: by subject, else each its own.
  [[nodiscard]] cluster_index clusters() const {
    return subject.empty() ? cluster_index::singletons(cases()) : cluster_index(subject);
  }
  /// The number of a class by its name. Throws argument_error that lists the names.
  [[nodiscard]] std::size_t class_named(std::string_view name) const {
    std::string names;
    for (std::size_t c = 0; c < classes.size(); ++c) {
      if (classes[c] == name) return c;
      names += (c ? ", " : "") + classes[c];
    }
    throw argument_error(sentence(source, " has no class \"", name, "\"; its classes are: ", names, "."));
  }
};

namespace detail {

inline std::optional<int> whole_number(std::string_view text) {
  int value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Names of the classes of probability columns titled 1 ... k, from what stands in label and prediction: the numbers
/// themselves, the numbers from 0 on, or names that are told from the largest probability of each predicted row.
inline std::vector<std::string> numbered_classes(const csv_table& t, const std::vector<std::size_t>& columns,
                                                 std::size_t label, std::size_t prediction) {
  const auto k = static_cast<int>(columns.size());
  bool numbers = true, zero = false, top = false;
  for (std::size_t i = 0; i < t.rows(); ++i)
    for (const auto c : {label, prediction}) {
      const auto value = whole_number(t.at(i, c));
      numbers = numbers && value && *value >= 0 && *value <= k;
      zero = zero || value == 0;
      top = top || value == k;
    }
  std::vector<std::string> names(columns.size());
  if (numbers && zero && top)
    throw format_error(sentence(t.source(), " has labels 0 and ", k, " but ", k,
                                " probability columns; expected labels 1 to ", k, " or 0 to ", k - 1, "."));
  if (numbers) {
    for (int c = 0; c < k; ++c) names[static_cast<std::size_t>(c)] = std::to_string(zero ? c : c + 1);
    return names;
  }
  for (std::size_t i = 0; i < t.rows(); ++i) {
    std::size_t best = 0;
    bool tie = false;
    for (std::size_t c = 1; c < columns.size(); ++c) {
      const double now = t.number(i, columns[c]), most = t.number(i, columns[best]);
      tie = now == most || (tie && now < most);
      if (now > most) best = c;
    }
    const auto& said = t.at(i, prediction);
    if (tie || said.empty()) continue;
    if (names[best].empty() && std::find(names.begin(), names.end(), said) == names.end()) names[best] = said;
    if (names[best] != said)
      throw format_error(sentence(t.source(), ", line ", t.line(i), ": the prediction \"", said,
                                  "\" does not fit the largest probability (column \"", t.header()[columns[best]],
                                  "\"), so the columns' classes cannot be told; title the columns with the class names "
                                  "(p_",
                                  said, ", ...)."));
  }
  for (std::size_t c = 0; c < names.size(); ++c)
    if (names[c].empty())
      throw format_error(sentence(t.source(), ": no row predicts the class of column \"", t.header()[columns[c]],
                                  "\", so its name cannot be told; title the columns with the class names (p_NAME)."));
  return names;
}

}  // namespace detail

/// Reads a table of predictions by its header names: `label`, `prediction`, probabilities `p1 ... pk` (or `p_NAME` per
/// class, or plainly `1 ... k` as the study's files have them), and optionally `subject` and `image_path` (or `id`). A
/// first column without a name (row numbers) is passed over. Labels are the class names, 1 to k, or 0 to k - 1. Throws
/// format_error with file, line and column.
[[nodiscard]] inline prediction_table read_predictions(const csv_table& t) {
  const std::size_t label = t.column("label"), prediction = t.column("prediction");
  std::vector<std::size_t> columns;
  std::vector<std::string> titles;
  bool with_p = false, plain = false;
  for (std::size_t c = 0; c < t.columns(); ++c) {
    std::string title = t.header()[c];
    if (title.empty() && c == 0) continue;  // the row numbers that R and pandas write unasked
    if (title == "label" || title == "prediction" || title == "subject" || title == "image_path" || title == "id")
      continue;
    if (detail::whole_number(title)) {
      plain = true;
    } else if (title.size() > 1 && title[0] == 'p' && (title[1] == '_' || detail::whole_number(title.substr(1)))) {
      with_p = true;
      title = title.substr(title[1] == '_' ? 2 : 1);
    } else {
      throw format_error(sentence(t.source(), ": the column \"", title, "\" is none of label, prediction, subject, ",
                                  "image_path, id, p1 to pk, p_NAME, 1 to k."));
    }
    columns.push_back(c);
    titles.push_back(std::move(title));
  }
  if (columns.size() < 2 || (with_p && plain))
    throw format_error(sentence(t.source(),
                                " needs one probability column per class, at least two, titled all p1 ... pk "
                                "or all 1 ... k; got ",
                                columns.size(), "."));
  if (t.rows() == 0) throw format_error(sentence(t.source(), " has a header but no cases."));
  bool counted = true;
  for (std::size_t c = 0; c < titles.size(); ++c) counted = counted && titles[c] == std::to_string(c + 1);

  prediction_table out;
  out.source = t.source();
  out.classes = counted ? detail::numbered_classes(t, columns, label, prediction) : titles;
  const auto named = [&](std::size_t row, std::size_t column) {
    const auto& text = t.at(row, column);
    const auto found = std::find(out.classes.begin(), out.classes.end(), text);
    if (found != out.classes.end()) return static_cast<int>(found - out.classes.begin());
    std::string names;
    for (const auto& c : out.classes) names += (names.empty() ? "" : ", ") + c;
    throw format_error(sentence(t.source(), ", line ", t.line(row), ", column \"", t.header()[column],
                                "\": expected a class (", names, "), got \"", text, "\"."));
  };
  const auto subject = t.find("subject");
  const auto id = t.find("image_path") ? t.find("image_path") : t.find("id");
  for (std::size_t i = 0; i < t.rows(); ++i) {
    out.truth.push_back(named(i, label));
    out.call.push_back(named(i, prediction));
    for (const auto c : columns) {
      const double p = t.number(i, c);
      if (!(p >= 0 && p <= 1))
        throw format_error(sentence(t.source(), ", line ", t.line(i), ", column \"", t.header()[c],
                                    "\": expected a probability in [0, 1], got ", p, "."));
      out.probabilities.push_back(p);
    }
    if (subject) {
      if (t.at(i, *subject).empty())
        throw format_error(sentence(t.source(), ", line ", t.line(i), ": the subject is empty."));
      out.subject.push_back(t.at(i, *subject));
    }
    if (id) out.id.push_back(t.at(i, *id));
  }
  return out;
}

/// The same from a file. Throws io_error or format_error.
[[nodiscard]] inline prediction_table read_predictions(const std::filesystem::path& path) {
  return read_predictions(read_csv(path));
}

/// Brings `other` into the order of `base`: by id where both have one, else the rows must already agree. Throws
/// format_error unless both hold the same cases with the same truth (and subject, where both say it) and classes.
[[nodiscard]] inline prediction_table aligned(const prediction_table& base, prediction_table other) {
  const auto refuse = [&](const std::string& why) {
    throw format_error(sentence(base.source, " and ", other.source, " must hold the same cases: ", why));
  };
  if (base.classes != other.classes) refuse("their classes differ.");
  if (base.cases() != other.cases())
    refuse(sentence("the first has ", base.cases(), ", the second ", other.cases(), "."));
  if (!base.id.empty() && !other.id.empty()) {
    std::unordered_map<std::string, std::size_t> place;
    for (std::size_t i = 0; i < other.cases(); ++i)
      if (!place.emplace(other.id[i], i).second) refuse(sentence("the second has \"", other.id[i], "\" twice."));
    prediction_table sorted;
    sorted.source = other.source;
    sorted.classes = other.classes;
    const std::size_t k = other.classes.size();
    for (const auto& name : base.id) {
      const auto found = place.find(name);
      if (found == place.end()) refuse(sentence("the second lacks \"", name, "\" (or the first has it twice)."));
      const auto i = found->second;
      place.erase(found);
      sorted.truth.push_back(other.truth[i]);
      sorted.call.push_back(other.call[i]);
      for (std::size_t c = 0; c < k; ++c) sorted.probabilities.push_back(other.probabilities[i * k + c]);
      if (!other.subject.empty()) sorted.subject.push_back(other.subject[i]);
      sorted.id.push_back(name);
    }
    other = std::move(sorted);
  }
  for (std::size_t i = 0; i < base.cases(); ++i) {
    if (base.truth[i] != other.truth[i])
      refuse(sentence("case ", i + 1, " is labelled \"", base.classes[static_cast<std::size_t>(base.truth[i])],
                      "\" in the first and \"", other.classes[static_cast<std::size_t>(other.truth[i])],
                      "\" in the second."));
    if (!base.subject.empty() && !other.subject.empty() && base.subject[i] != other.subject[i])
      refuse(sentence("case ", i + 1, " belongs to subject \"", base.subject[i], "\" in the first and \"",
                      other.subject[i], "\" in the second."));
  }
  return other;
}

}  // namespace synthmed

// Class labels as people write them: names, aliases, and numbers whose base must be known.
#pragma once

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <synthmed/error.hpp>

namespace synthmed {

/// One class: the name that is written, and other spellings that are read. Case and surrounding spaces do not matter.
struct class_name {
  std::string name;
  std::vector<std::string> aliases;
};

/// The three grades of plus disease, in the order of severity: normal, pre-plus, plus.
[[nodiscard]] inline std::vector<class_name> plus_disease_classes() {
  return {{"normal", {"no", "none", "no plus", "n"}},
          {"pre-plus", {"pre plus", "preplus", "pre_plus", "pre", "pp"}},
          {"plus", {"p"}}};
}

struct label_options {
  std::vector<class_name> classes = plus_disease_classes();
  /// Number of the first class when labels are numbers. Absent: 1, and only where the numbers prove it (the largest one
  /// occurs and no 0 does); labels that could be 0/1/2 as well as 1/2/3 are refused.
  std::optional<int> base = {};
  /// Spellings that mean "not graded"; such pictures are excluded, with the reason.
  std::vector<std::string> unknown = {"unknown", "ungradable", "na", "n/a", "nan"};
};

/// The label of a picture without one.
inline constexpr int no_label = -1;
/// The label of a picture that graders could not grade.
inline constexpr int unknown_label = -2;

namespace detail {

[[nodiscard]] inline std::string trimmed_lower(std::string_view text) {
  const auto first = text.find_first_not_of(" \t"), last = text.find_last_not_of(" \t");
  if (first == std::string_view::npos) return {};
  std::string result(text.substr(first, last - first + 1));
  for (char& letter : result)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return result;
}

/// A whole number, also when a spreadsheet wrote it as "2.0".
[[nodiscard]] inline std::optional<int> label_number(std::string_view text) {
  if (text.size() > 2 && text.ends_with(".0")) text.remove_suffix(2);
  int value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace detail

/// Class numbers 0 ... classes - 1 of texts; no_label for empty ones, unknown_label for those in `options.unknown`.
/// Throws format_error with `source` for a text that is no class, with its place and how often it occurs, and for
/// numbers whose base cannot be known. `places` name where each text stands ("line 7"; without them: "text 6"), and
/// `column` the column of a manifest that they are from, for the remedy.
[[nodiscard]] inline std::vector<int> parse_labels(std::span<const std::string> texts, const label_options& options,
                                                   std::string_view source, std::span<const std::string> places = {},
                                                   std::string_view column = {}) {
  const int classes = static_cast<int>(options.classes.size());
  if (classes < 1) throw argument_error("Labels need at least one class.");
  const auto class_of = [&](const std::string& text) -> std::optional<int> {
    for (int c = 0; c < classes; ++c) {
      const auto& known = options.classes[static_cast<std::size_t>(c)];
      if (text == detail::trimmed_lower(known.name)) return c;
      for (const auto& alias : known.aliases)
        if (text == detail::trimmed_lower(alias)) return c;
    }
    return std::nullopt;
  };
  std::string names;
  for (const auto& known : options.classes) names += (names.empty() ? "" : ", ") + known.name;

  std::vector<int> labels(texts.size(), no_label);
  std::vector<std::size_t> numeric;
  bool zero = false, top = false;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string text = detail::trimmed_lower(texts[i]);
    if (text.empty()) continue;
    if (const auto named = class_of(text)) {
      labels[i] = *named;
    } else if (std::find(options.unknown.begin(), options.unknown.end(), text) != options.unknown.end()) {
      labels[i] = unknown_label;
    } else if (const auto number = detail::label_number(text)) {
      labels[i] = *number;
      numeric.push_back(i);
      zero = zero || *number == 0;
      top = top || *number == classes;
    } else {
      const auto same = std::count(texts.begin(), texts.end(), texts[i]);
      throw format_error(sentence(source, ", ", i < places.size() ? places[i] : sentence("text ", i + 1),
                                  same > 1 ? sentence(" and ", same - 1, " more") : "", ": \"", texts[i],
                                  "\" is no label; expected one of ", names, " or a number from 1 to ", classes,
                                  column.empty() ? ""
                                                 : sentence("; correct it, or read it as another with --value \"",
                                                            column, ":", texts[i], "=NAME\""),
                                  "."));
    }
  }
  if (numeric.empty()) return labels;
  if (!options.base && zero && top)
    throw format_error(
        sentence(source, ": labels run from 0 to ", classes, ", but there are ", classes, " classes (", names, ")."));
  if (!options.base && !top)
    throw format_error(sentence(source, ": the labels are numbers ", zero ? "with a 0" : "without the largest",
                                ", so 0 to ", classes - 1, " and 1 to ", classes,
                                " cannot be told apart; say whether the first class (", options.classes.front().name,
                                ") is 0 or 1."));
  const int base = options.base.value_or(1);
  for (const auto i : numeric) {
    labels[i] -= base;
    if (labels[i] < 0 || labels[i] >= classes)
      throw format_error(sentence(source, ": label ", labels[i] + base, " lies outside ", base, " to ",
                                  base + classes - 1, " (", names, ")."));
  }
  return labels;
}

}  // namespace synthmed

// A confusion matrix as a table of shaded cells with counts and shares.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <synthmed/report/plot/frame.hpp>

namespace synthmed::plot {

/// Counts of a classification: counts[predicted * k + truth] for k classes, the layout of the library's tables.
struct confusion_counts {
  std::vector<std::string> classes = {};
  std::vector<std::int64_t> counts = {};
};

/// A confusion matrix: rows are predictions, columns the truth. A cell shows its count and its share of the column
/// (of the cases that truly have the class); the shade follows the share.
/// Throws argument_error for no class, a number of counts other than k * k, or a negative count.
[[nodiscard]] inline std::string confusion(const confusion_counts& table, const options& o = {}) {
  using namespace detail;
  check_width(o);
  const std::size_t k = table.classes.size();
  if (k == 0) throw argument_error("A confusion matrix needs at least one class.");
  if (table.counts.size() != k * k)
    throw argument_error(
        sentence("A confusion matrix of ", k, " classes needs ", k * k, " counts, got ", table.counts.size(), "."));
  std::vector<std::int64_t> column(k, 0);
  for (std::size_t r = 0; r < k; ++r)
    for (std::size_t t = 0; t < k; ++t) {
      const auto count = table.counts[r * k + t];
      if (count < 0) throw argument_error(sentence("A confusion matrix has the negative count ", count, "."));
      column[t] += count;
    }
  canvas c;
  double names = 0;
  for (const auto& name : table.classes) names = std::max(names, text_width(name, font_size));
  names = std::min(names, o.width * 0.3);
  const double left = 38 + names + 6, top = heading(c, o) + 46;
  const double cell = (o.width - left - 14) / static_cast<double>(k), high = std::min(cell, 76.0);
  c.text(left + cell * static_cast<double>(k) / 2, top - 30, "truth", anchor::middle);
  const double middle = top + high * static_cast<double>(k) / 2;
  c.text(20, middle, "prediction", anchor::middle, "i",
         sentence(" transform=\"rotate(-90 20 ", decimal(middle), ")\""));
  for (std::size_t t = 0; t < k; ++t) {
    const double x = left + cell * static_cast<double>(t), y = top + high * static_cast<double>(t);
    c.text(x + cell / 2, top - 9, fitted(table.classes[t], font_size, cell - 4), anchor::middle, "m");
    c.text(left - 8, y + high / 2 + 4, fitted(table.classes[t], font_size, names), anchor::end, "m");
  }
  std::string said;
  for (std::size_t r = 0; r < k; ++r)
    for (std::size_t t = 0; t < k; ++t) {
      const auto count = table.counts[r * k + t];
      const double share = column[t] > 0 ? static_cast<double>(count) / static_cast<double>(column[t]) : 0;
      const double x = left + cell * static_cast<double>(t), y = top + high * static_cast<double>(r);
      // Right and wrong differ by hue and by the frame of the diagonal; the shade stays light enough for ink on top.
      c.rect(x + 1, y + 1, cell - 2, high - 2, tone('f', r == t ? 0 : 4),
             sentence(" fill-opacity=\"", decimal(0.04 + 0.46 * share), "\""));
      if (r == t) c.rect(x + 1, y + 1, cell - 2, high - 2, tone('s', 0), " fill=\"none\" stroke-width=\"1.5\"");
      const bool two_lines = high >= 40 && cell >= 48;
      const std::string words = std::to_string(count);
      const double room = (cell - 4) / text_width(words, 1);  // a long count shrinks to stay inside its cell
      c.text(x + cell / 2, y + high / 2 + (two_lines ? -2 : 4), words, anchor::middle, "i n",
             room < font_size ? sentence(" style=\"font-size:", decimal(room, 1), "px\"") : std::string());
      if (two_lines)
        c.text(x + cell / 2, y + high / 2 + 15, column[t] > 0 ? decimal(100 * share, 1) + " %" : "\xE2\x80\x93",
               anchor::middle, "m n");
      if (r == t) said += sentence(said.empty() ? "" : "; ", table.classes[t], " ", count, " of ", column[t], " right");
    }
  const double y = top + high * static_cast<double>(k) + 20;
  c.text(left, y, fitted("shares of the truth (columns)", font_size, o.width - left), anchor::start, "m");
  return c.finish(either(o.title, "Confusion matrix"), either(o.description, "Confusion matrix: " + said + "."),
                  o.width, y + 12);
}

}  // namespace synthmed::plot

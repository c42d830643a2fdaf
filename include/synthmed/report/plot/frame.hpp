// Axes: scales, round ticks, the frame around a plot and the legend under it.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <synthmed/report/plot/svg.hpp>

namespace synthmed::plot::detail {

/// One axis: its data range, linear or logarithmic, and the words beside it.
struct axis {
  double low = 0, high = 1;
  bool logarithmic = false;
  std::string label = {};

  /// Position in [0, 1] of a value inside the range.
  [[nodiscard]] double at(double value) const {
    if (logarithmic) return (std::log10(value) - std::log10(low)) / (std::log10(high) - std::log10(low));
    return (value - low) / (high - low);
  }
};

/// A range that holds all finite values, with a margin; a single value gets room around it. Without values: [0, 1].
[[nodiscard]] inline axis range_of(std::span<const double> values, std::string label, double margin = 0.04) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const double v : values)
    if (std::isfinite(v)) low = std::min(low, v), high = std::max(high, v);
  if (!(low <= high)) low = 0, high = 1;
  double room = (high - low) * margin;
  if (!(high - low > 1e-12 * std::max(std::abs(low), std::abs(high)))) room = std::max(std::abs(high) * 0.05, 0.5);
  return {low - room, high + room, false, std::move(label)};
}

struct tick {
  double value;
  std::string label;
};

/// Round ticks (1, 2, 5 times a power of ten; decades on a logarithmic axis) inside the range, about `wanted` of them.
[[nodiscard]] inline std::vector<tick> ticks(const axis& a, int wanted) {
  std::vector<tick> out;
  const auto scientific = [](double value) {
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::general, 4).ptr;
    return std::string(buffer, end);
  };
  if (a.logarithmic) {
    const int first = static_cast<int>(std::ceil(std::log10(a.low) - 1e-9));
    const int last = static_cast<int>(std::floor(std::log10(a.high) + 1e-9));
    if (last - first >= 1) {
      const int step = std::max(1, (last - first + wanted) / wanted);
      for (int e = first; e <= last; e += step)
        out.push_back({std::pow(10.0, e), std::abs(e) <= 3 ? decimal(std::pow(10.0, e), 3) : "1e" + std::to_string(e)});
      return out;
    }
  }
  const double raw = (a.high - a.low) / wanted;
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  const double step = power * (raw / power < 1.5 ? 1 : raw / power < 3.5 ? 2 : raw / power < 7.5 ? 5 : 10);
  const int digits = std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
  const bool plain = digits <= 6 && std::max(std::abs(a.low), std::abs(a.high)) < 1e7;
  const double first = std::ceil(a.low / step - 1e-9);
  for (int i = 0; i < 50; ++i) {
    const double value = (first + i) * step;
    if (value > a.high + step * 1e-9) break;
    out.push_back({value, plain ? decimal(value, digits) : scientific(value)});
  }
  return out;
}

/// A drawn frame: data coordinates to pixels.
struct frame {
  axis x, y;
  double left = 0, top = 0, width = 0, height = 0;
  [[nodiscard]] double px(double value) const { return left + width * x.at(value); }
  [[nodiscard]] double py(double value) const { return top + height * (1 - y.at(value)); }
  [[nodiscard]] double bottom() const { return top + height; }
  [[nodiscard]] double below() const { return bottom() + 44; }  ///< the first free y under the axis' words
};

/// Grid, ticks and words of both axes; the left margin follows from the widest tick label. A ratio above 0 fixes
/// height / width of the plotting area; otherwise height is what is given.
[[nodiscard]] inline frame draw_frame(canvas& c, axis x, axis y, double top, double total_width, double height,
                                      double ratio = 0) {
  const auto y_ticks = ticks(y, 5);
  double label_width = 0;
  for (const auto& t : y_ticks) label_width = std::max(label_width, text_width(t.label, font_size));
  frame f{std::move(x), std::move(y), 0, top + 9, 0, height};
  f.left = 12 + (f.y.label.empty() ? 0 : 20) + label_width + 8;
  f.width = total_width - f.left - 18;
  if (ratio > 0) f.height = f.width * ratio;
  for (const auto& t : y_ticks) {
    c.line(f.left, f.py(t.value), f.left + f.width, f.py(t.value), "g");
    c.text(f.left - 7, f.py(t.value) + 4, t.label, anchor::end, "m n");
  }
  const auto x_ticks = ticks(f.x, std::max(2, static_cast<int>(f.width / 80)));
  for (const auto& t : x_ticks) {
    c.line(f.px(t.value), f.top, f.px(t.value), f.bottom(), "g");
    c.text(f.px(t.value), f.bottom() + 17, t.label, anchor::middle, "m n");
  }
  if (!f.x.label.empty())
    c.text(f.left + f.width / 2, f.bottom() + 35, fitted(f.x.label, font_size, f.width), anchor::middle);
  if (!f.y.label.empty()) {
    const double middle = f.top + f.height / 2;
    c.text(20, middle, fitted(f.y.label, font_size, f.height), anchor::middle, "i",
           sentence(" transform=\"rotate(-90 20 ", decimal(middle), ")\""));
  }
  return f;
}

/// The axis lines, drawn over the data.
inline void draw_axes(canvas& c, const frame& f) {
  c.path(sentence("M", decimal(f.left), " ", decimal(f.top), "V", decimal(f.bottom()), "H", decimal(f.left + f.width)),
         "ms");
}

/// A polyline through the finite points; a point that is not finite breaks the line.
[[nodiscard]] inline std::string polyline(const frame& f, std::span<const double> x, std::span<const double> y) {
  std::string d;
  bool pen_down = false;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!std::isfinite(x[i]) || !std::isfinite(y[i])) {
      pen_down = false;
      continue;
    }
    d += (pen_down ? "L" : "M") + decimal(f.px(x[i])) + " " + decimal(f.py(y[i]));
    pen_down = true;
  }
  return d;
}

/// The area between two lines over the same x; only where all three are finite.
[[nodiscard]] inline std::string band(const frame& f, std::span<const double> x, std::span<const double> low,
                                      std::span<const double> high) {
  std::string d;
  for (std::size_t i = 0; i < x.size();) {
    std::size_t end = i;
    while (end < x.size() && std::isfinite(x[end]) && std::isfinite(low[end]) && std::isfinite(high[end])) ++end;
    for (std::size_t j = i; j < end; ++j)
      d += (j == i ? "M" : "L") + decimal(f.px(x[j])) + " " + decimal(f.py(high[j]));
    for (std::size_t j = end; j > i; --j) d += "L" + decimal(f.px(x[j - 1])) + " " + decimal(f.py(low[j - 1]));
    if (end > i) d += "Z";
    i = end + 1;
  }
  return d;
}

/// One entry of a legend: how to draw its sample (24 pixels wide, centred at x, y) and its words.
struct legend_entry {
  std::string words;
  enum class kind { line, block, mark } shown = kind::line;
  std::size_t series = 0;  ///< colour and dash
  std::size_t shape = 0;   ///< of a mark
  bool ink = false;        ///< in ink rather than in the series' colour
};

/// Marks: circle, triangle, square, diamond, cross; the second and later are outlines, so that groups differ by more
/// than colour. The path is around (x, y) with the given radius.
[[nodiscard]] inline std::string mark(std::size_t shape, double x, double y, double r) {
  const auto n = [](double v) { return decimal(v); };
  switch (shape % 5) {
    case 0:
      return "M" + n(x) + " " + n(y) + "h0";  // a dot: zero length with a round cap
    case 1:
      return "M" + n(x) + " " + n(y - r) + "l" + n(r) + " " + n(1.8 * r) + "h" + n(-2 * r) + "z";
    case 2:
      return "M" + n(x - 0.85 * r) + " " + n(y - 0.85 * r) + "h" + n(1.7 * r) + "v" + n(1.7 * r) + "h" + n(-1.7 * r) +
             "z";
    case 3:
      return "M" + n(x) + " " + n(y - 1.2 * r) + "l" + n(r) + " " + n(1.2 * r) + "l" + n(-r) + " " + n(1.2 * r) + "l" +
             n(-r) + " " + n(-1.2 * r) + "z";
    default:
      return "M" + n(x - r) + " " + n(y - r) + "l" + n(2 * r) + " " + n(2 * r) + "m0 " + n(-2 * r) + "l" + n(-2 * r) +
             " " + n(2 * r);
  }
}

/// Attributes with which a mark's path is drawn.
[[nodiscard]] inline std::string mark_attributes(std::size_t shape, double r) {
  return shape % 5 == 0
             ? sentence(" stroke-width=\"", decimal(2 * r), "\" stroke-linecap=\"round\" stroke-opacity=\".75\"")
             : std::string(" stroke-width=\"1.4\" stroke-opacity=\".9\"");
}

/// Draws entries in rows under y, as many to a row as fit; returns the y below them.
inline double draw_legend(canvas& c, std::span<const legend_entry> entries, double left, double y, double width) {
  double x = left;
  const double right = left + width;
  bool row_open = false;
  for (const auto& entry : entries) {
    const std::string words = fitted(entry.words, font_size, width - 40);
    const double need = 32 + text_width(words, font_size) + 16;
    if (row_open && x + need - 16 > right) {
      x = left;
      y += 19;
    }
    const std::string stroke = entry.ink ? "ms" : tone('s', entry.series);
    if (entry.shown == legend_entry::kind::line)
      c.line(x, y + 8, x + 24, y + 8, stroke + (entry.ink ? "" : " l"),
             entry.ink ? " stroke-dasharray=\"4 4\"" : dash(entry.series));
    else if (entry.shown == legend_entry::kind::block)
      c.rect(x + 4, y + 2, 16, 12, tone('f', entry.series) + " " + tone('s', entry.series),
             sentence(" fill-opacity=\".35\" stroke-width=\"1.5\"", dash(entry.series)));
    else
      c.path(mark(entry.shape, x + 12, y + 8, 4), stroke, mark_attributes(entry.shape, 4));
    c.text(x + 32, y + 12, words);
    x += need;
    row_open = true;
  }
  return row_open ? y + 22 : y;
}

[[nodiscard]] inline const std::string& either(const std::string& first, const std::string& second) {
  return first.empty() ? second : first;
}

inline void check_same(std::string_view what, const std::string& name, std::size_t got, std::size_t expected) {
  if (got != expected)
    throw argument_error(sentence("Series \"", name, "\" of a ", what, " has vectors of ", got, " and ", expected,
                                  " values; they must be of one length."));
}

inline void check_finite(std::string_view what, const std::string& name, std::span<const double> values) {
  for (std::size_t i = 0; i < values.size(); ++i)
    if (!std::isfinite(values[i]))
      throw argument_error(sentence("Series \"", name, "\" of a ", what, " has the value ", values[i], " at place ", i,
                                    "; expected a finite number."));
}

}  // namespace synthmed::plot::detail

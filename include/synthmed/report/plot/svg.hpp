// The pen of every plot: a small SVG canvas with fixed number formatting, escaped text and one style sheet.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <synthmed/error.hpp>

namespace synthmed::plot {

/// Words and width of a plot; its height follows from what is drawn.
struct options {
  /// Heading, also the accessible <title>. May be empty: the plot's own name then stands in the <title> alone.
  std::string title = {};
  /// The accessible <desc>: what a reader who cannot see the plot should know. Empty: a sentence made from the data.
  std::string description = {};
  /// Width in CSS pixels, 240 or more. The drawing scales with the page: only the proportions are fixed by it.
  double width = 480;
};

namespace detail {

/// Text as it may stand between tags and in attributes; characters that XML forbids become U+FFFD, and bytes that
/// are not UTF-8 too, so that any label gives a well-formed file.
[[nodiscard]] inline std::string escaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80                   ? 1
                               : lead >= 0xC2 && lead < 0xE0 ? 2
                               : (lead & 0xF0) == 0xE0       ? 3
                               : lead >= 0xF0 && lead < 0xF5 ? 4
                                                             : 0;
    std::uint32_t code = length < 2 ? lead : lead & (0x7Fu >> length);
    bool good = length > 0 && i + length <= text.size();
    for (std::size_t j = 1; good && j < length; ++j) {
      const auto next = static_cast<unsigned char>(text[i + j]);
      good = (next & 0xC0) == 0x80;
      code = code << 6 | (next & 0x3Fu);
    }
    constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    good = good && code >= least[length] && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF) &&
           (code >= 0x20 || code == '\t' || code == '\n') && code != 0xFFFE && code != 0xFFFF;
    if (!good)
      out += "\xEF\xBF\xBD";
    else if (lead == '&')
      out += "&amp;";
    else if (lead == '<')
      out += "&lt;";
    else if (lead == '>')
      out += "&gt;";
    else if (lead == '"')
      out += "&quot;";
    else
      out += text.substr(i, length);
    i += good ? length : 1;
  }
  return out;
}

/// A coordinate or label: at most `digits` decimals, no trailing zeros, no "-0"; the same bytes everywhere.
[[nodiscard]] inline std::string decimal(double value, int digits = 2) {
  char buffer[400];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, digits);
  std::string out(buffer, result.ptr);
  if (out.find('.') != std::string::npos) {
    out.erase(out.find_last_not_of('0') + 1);
    if (out.back() == '.') out.pop_back();
  }
  return out == "-0" ? "0" : out;
}

/// Characters of UTF-8 text (code points).
[[nodiscard]] inline std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

/// A generous guess of the width of sans-serif text: layout must not depend on the fonts of a machine.
[[nodiscard]] inline double text_width(std::string_view text, double size) {
  return 0.58 * size * static_cast<double>(characters(text));
}

/// Text cut to a width, with an ellipsis when something is lost.
[[nodiscard]] inline std::string fitted(std::string_view text, double size, double width) {
  if (text_width(text, size) <= width) return std::string(text);
  const auto keep = static_cast<std::size_t>(std::max(1.0, width / (0.58 * size) - 1));
  std::size_t i = 0, seen = 0;
  while (i < text.size() && seen < keep) {
    ++i;
    while (i < text.size() && (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) ++i;
    ++seen;
  }
  return std::string(text.substr(0, i)) + "\xE2\x80\xA6";
}

/// Text broken at blanks into lines of at most a width.
[[nodiscard]] inline std::vector<std::string> wrapped(std::string_view text, double size, double width) {
  std::vector<std::string> lines;
  std::string line;
  while (!text.empty()) {
    const auto blank = text.find(' ');
    const std::string word(text.substr(0, blank));
    text.remove_prefix(blank == std::string_view::npos ? text.size() : blank + 1);
    if (!line.empty() && text_width(line + ' ' + word, size) > width) {
      lines.push_back(fitted(line, size, width));
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  if (!line.empty()) lines.push_back(fitted(line, size, width));
  return lines;
}

/// The palette of Okabe and Ito (2008), told apart with every common colour vision deficiency; its yellow is left out
/// (too faint on white), its black is the ink. On a dark page the blues change places.
inline constexpr std::string_view light_palette[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                                     "#E69F00", "#56B4E9", "#4D4D4D"};
inline constexpr std::string_view dark_palette[] = {"#56B4E9", "#D55E00", "#009E73", "#CC79A7",
                                                    "#E69F00", "#0A84CC", "#BFBFBF"};
inline constexpr std::size_t colours = 7;

inline constexpr double font_size = 12, title_size = 14;

/// The style sheet. Classes: sK stroke and fK fill of colour K, b band, l line;
/// i, m, p fill and is, ms, ps stroke with ink, muted ink, paper; g grid, t heading, n numbers. Everything is
/// scoped by the class of the root, so that several plots and a page around them can share one document.
[[nodiscard]] inline std::string style_sheet() {
  const auto colour_rules = [](const std::string_view(&palette)[colours]) {
    std::string out;
    for (std::size_t k = 0; k < colours; ++k) {
      const std::string n = std::to_string(k), c(palette[k]);
      out += ".synthmed-plot .s" + n + "{stroke:" + c + "}.synthmed-plot .f" + n + "{fill:" + c + "}";
    }
    return out;
  };
  const auto page_rules = [](std::string_view ink, std::string_view muted, std::string_view grid,
                             std::string_view paper) {
    return sentence(".synthmed-plot .i{fill:", ink, "}.synthmed-plot .m{fill:", muted,
                    "}.synthmed-plot .is{stroke:", ink, "}.synthmed-plot .ms{stroke:", muted,
                    "}.synthmed-plot .g{stroke:", grid, "}.synthmed-plot .p{fill:", paper,
                    "}.synthmed-plot .ps{stroke:", paper, "}");
  };
  return sentence(
      ".synthmed-plot text{font:12px system-ui,'Segoe UI','DejaVu Sans',sans-serif}",
      ".synthmed-plot .t{font-size:14px;font-weight:600}.synthmed-plot .n{font-variant-numeric:tabular-nums}",
      ".synthmed-plot path,.synthmed-plot line{fill:none}",
      ".synthmed-plot .b{stroke:none;fill-opacity:.18}.synthmed-plot .l{stroke-width:2;stroke-linejoin:round}",
      page_rules("#1b1b1b", "#595959", "#e3e3e3", "#ffffff"), colour_rules(light_palette),
      "@media (prefers-color-scheme:dark){", page_rules("#f0f0f0", "#b0b0b0", "#3a3d41", "#16191d"),
      colour_rules(dark_palette), "}");
}

/// Dash pattern of a line, so that colour is never the only difference.
[[nodiscard]] inline std::string_view dash(std::size_t series) {
  constexpr std::string_view patterns[] = {"", " stroke-dasharray=\"7 3\"", " stroke-dasharray=\"2 3\"",
                                           " stroke-dasharray=\"9 3 2 3\""};
  return patterns[series % 4];
}

/// A class name of a palette colour: "s3", "f0".
[[nodiscard]] inline std::string tone(char kind, std::size_t series) {
  return std::string(1, kind) + std::to_string(series % colours);
}

enum class anchor { start, middle, end };

/// Collects elements; finish() puts them into a document with its accessible name. Coordinates are CSS pixels, y down.
class canvas {
 public:
  void line(double x1, double y1, double x2, double y2, std::string_view classes, std::string_view more = "") {
    body_ += sentence("<line x1=\"", decimal(x1), "\" y1=\"", decimal(y1), "\" x2=\"", decimal(x2), "\" y2=\"",
                      decimal(y2), "\" class=\"", classes, "\"", more, "/>\n");
  }
  void rect(double x, double y, double w, double h, std::string_view classes, std::string_view more = "") {
    body_ += sentence("<rect x=\"", decimal(x), "\" y=\"", decimal(y), "\" width=\"", decimal(w), "\" height=\"",
                      decimal(h), "\" class=\"", classes, "\"", more, "/>\n");
  }
  void path(std::string_view d, std::string_view classes, std::string_view more = "") {
    body_ += sentence("<path d=\"", d, "\" class=\"", classes, "\"", more, "/>\n");
  }
  void text(double x, double y, std::string_view words, anchor at = anchor::start, std::string_view classes = "i",
            std::string_view more = "") {
    constexpr std::string_view names[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
    body_ += sentence("<text x=\"", decimal(x), "\" y=\"", decimal(y), "\" class=\"", classes, "\"",
                      names[static_cast<std::size_t>(at)], more, ">", escaped(words), "</text>\n");
  }
  /// Any markup, already escaped.
  void raw(std::string_view markup) { body_ += markup; }

  [[nodiscard]] std::string finish(std::string_view title, std::string_view description, double width,
                                   double height) const {
    // The identifiers come from the content, so that many plots can stand in one page.
    std::uint64_t hash = 0xCBF29CE484222325u;
    for (const std::string_view part : {title, description, std::string_view(body_)})
      for (const char letter : part) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001B3u;
    char name[20];
    std::snprintf(name, sizeof name, "%016llx", static_cast<unsigned long long>(hash));
    return sentence("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", decimal(width), " ", decimal(height),
                    "\" width=\"", decimal(width), "\" height=\"", decimal(height),
                    "\" class=\"synthmed-plot\" role=\"img\" aria-labelledby=\"t", name, " d", name,
                    "\">\n<title id=\"t", name, "\">", escaped(title), "</title>\n<desc id=\"d", name, "\">",
                    escaped(description), "</desc>\n<style>", style_sheet(), "</style>\n<rect width=\"", decimal(width),
                    "\" height=\"", decimal(height), "\" class=\"p\"/>\n", body_, "</svg>\n");
  }

 private:
  std::string body_;
};

inline void check_width(const options& o) {
  if (!(o.width >= 240) || !(o.width <= 10000))
    throw argument_error(sentence("A plot's width lies between 240 and 10000 pixels, got ", o.width, "."));
}

/// Draws the heading; returns the y below it.
inline double heading(canvas& c, const options& o) {
  double y = 8;
  for (const auto& part : wrapped(o.title, title_size, o.width - 24)) {
    c.text(12, y + 14, part, anchor::start, "i t");
    y += 19;
  }
  return y;
}

}  // namespace detail
}  // namespace synthmed::plot

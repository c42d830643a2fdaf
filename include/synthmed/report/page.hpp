// A report as one HTML page: sections, figures and tables that need no network, for screen, phone, print and screen
// reader.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/report/base64.hpp>
#include <synthmed/report/plot/svg.hpp>

namespace synthmed::report {

/// Text as it may stand between tags and in attributes.
[[nodiscard]] inline std::string escaped(std::string_view text) { return plot::detail::escaped(text); }

/// <p>text</p>
[[nodiscard]] inline std::string paragraph(std::string_view text, std::string_view kind = {}) {
  return sentence("<p", kind.empty() ? std::string() : sentence(" class=\"", kind, "\""), ">", escaped(text), "</p>\n");
}

/// A list of texts.
[[nodiscard]] inline std::string list(const std::vector<std::string>& entries) {
  std::string out = "<ul>\n";
  for (const auto& e : entries) out += sentence("<li>", escaped(e), "</li>\n");
  return out + "</ul>\n";
}

/// A table of texts. Every row has as many cells as the header; the first cell of a row names it.
struct table {
  std::string caption;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::vector<bool> marked = {};  ///< rows to stand out, such as what a rule flags; empty: none
};

/// Scrolls sideways on narrow screens, by keyboard too. Throws argument_error for a row of another length.
[[nodiscard]] inline std::string to_html(const table& t) {
  // The box is named by the caption's beginning: a screen reader then reads the caption itself once.
  const std::string name = t.caption.substr(0, std::min(t.caption.find(". "), t.caption.find(": ")));
  std::string out = sentence("<div class=\"wide\" role=\"group\" tabindex=\"0\" aria-label=\"Table: ", escaped(name),
                             "\"><table><caption><span>", escaped(t.caption), "</span></caption>\n<thead><tr>");
  for (const auto& h : t.header) out += sentence("<th scope=\"col\">", escaped(h), "</th>");
  out += "</tr></thead>\n<tbody>\n";
  for (std::size_t r = 0; r < t.rows.size(); ++r) {
    if (t.rows[r].size() != t.header.size())
      throw argument_error(sentence("Row ", r, " of the table \"", t.caption, "\" has ", t.rows[r].size(),
                                    " cells, its header ", t.header.size(), "."));
    out += r < t.marked.size() && t.marked[r] ? "<tr class=\"marked\">" : "<tr>";
    for (std::size_t c = 0; c < t.rows[r].size(); ++c)
      out += c == 0 ? sentence("<th scope=\"row\">", escaped(t.rows[r][c]), "</th>")
                    : sentence("<td>", escaped(t.rows[r][c]), "</td>");
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

/// An SVG drawing of plot.hpp (or any markup) with its caption.
[[nodiscard]] inline std::string figure(std::string_view markup, std::string_view caption) {
  return sentence("<figure>\n", markup, "<figcaption>", escaped(caption), "</figcaption></figure>\n");
}

/// A picture that is part of the page. `alt` says what it shows; `sharp` keeps the pixels of small pictures as squares.
[[nodiscard]] inline std::string image(std::span<const std::uint8_t> png, std::string_view alt, int width, int height,
                                       bool sharp = false) {
  return sentence("<img alt=\"", escaped(alt), "\" width=\"", width, "\" height=\"", height, "\"",
                  sharp ? " class=\"sharp\"" : "", " src=\"data:image/png;base64,", base64(png), "\">\n");
}

/// Figures side by side where there is room; `narrow` puts four of them in a row of a wide screen, else three.
[[nodiscard]] inline std::string beside(const std::vector<std::string>& figures, bool narrow = false) {
  std::string out = narrow ? "<div class=\"beside narrow\">\n" : "<div class=\"beside\">\n";
  for (const auto& f : figures) out += f;
  return out + "</div>\n";
}

/// What can be opened: a heading and more below it. Open when printed.
[[nodiscard]] inline std::string details(std::string_view heading, std::string_view markup) {
  return sentence("<details><summary>", escaped(heading), "</summary>\n", markup, "</details>\n");
}

/// A page: a title, what it says first, and sections with a table of contents.
class page {
 public:
  page(std::string title, std::string lead, std::string language = "en")
      : title_(std::move(title)), lead_(std::move(lead)), language_(std::move(language)) {}

  /// A notice under the title that nobody should miss.
  void warning(std::string_view text) {
    warnings_ += sentence("<p class=\"warning\" role=\"note\">", escaped(text), "</p>\n");
  }

  /// A section; `id` is its anchor (letters, digits, hyphens). Throws argument_error for an id that was used.
  void section(std::string id, std::string heading, std::string markup) {
    for (const auto& s : sections_)
      if (s.id == id) throw argument_error(sentence("Two sections of a page have the id \"", id, "\"."));
    sections_.push_back({std::move(id), std::move(heading), std::move(markup)});
  }

  /// The document. The same bytes for the same content.
  [[nodiscard]] std::string finish() const {
    std::string out = sentence(
        "<!DOCTYPE html>\n<html lang=\"", language_, "\">\n<head>\n<meta charset=\"utf-8\">\n",
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
        "<meta name=\"color-scheme\" content=\"light dark\">\n<title>", escaped(title_), "</title>\n<style>", style(),
        "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the results</a>\n<header>\n<h1>",
        escaped(title_), "</h1>\n", warnings_, "<p class=\"lead\">", escaped(lead_), "</p>\n</header>\n",
        "<nav aria-label=\"Contents\"><h2>Contents</h2><ol>\n");
    for (const auto& s : sections_) out += sentence("<li><a href=\"#", s.id, "\">", escaped(s.heading), "</a></li>\n");
    out += "</ol></nav>\n<main id=\"main\" tabindex=\"-1\">\n";
    for (const auto& s : sections_)
      out += sentence("<section id=\"", s.id, "\" aria-labelledby=\"h-", s.id, "\">\n<h2 id=\"h-", s.id, "\">",
                      escaped(s.heading), "</h2>\n", s.markup, "</section>\n");
    // What is folded is printed too.
    return out +
           "</main>\n<script>\"use strict\";addEventListener(\"beforeprint\",()=>{for(const d of "
           "document.querySelectorAll("
           "\"details:not([open])\")){d.open=true;d.dataset.folded=\"\";}});addEventListener(\"afterprint\",()=>{for("
           "const d of "
           "document.querySelectorAll(\"details[data-folded]\")){d.open=false;delete d.dataset.folded;}});</script>\n"
           "</body>\n</html>\n";
  }

 private:
  struct part {
    std::string id, heading, markup;
  };

  [[nodiscard]] static std::string_view style() {
    return "\n:root{color-scheme:light "
           "dark;--ink:#1b1b1b;--muted:#595959;--paper:#fff;--line:#d5d5d5;--soft:#f3f5f7;--link:#005ea8;"
           "--warn:#a33f00;--warn-paper:#fff4ec}\n"
           "@media "
           "(prefers-color-scheme:dark){:root{--ink:#f0f0f0;--muted:#b0b0b0;--paper:#16191d;--line:#3a3d41;--soft:#"
           "1f2429;"
           "--link:#7cc0ff;--warn:#ffb38a;--warn-paper:#33231a}}\n"
           "*{box-sizing:border-box}html{scroll-behavior:smooth}\n"
           "body{margin:0 auto;max-width:72rem;padding:1rem 1.25rem 4rem;font:16px/1.55 system-ui,'Segoe UI','DejaVu "
           "Sans',sans-serif;"
           "color:var(--ink);background:var(--paper);overflow-wrap:break-word}\n"
           "h1{font-size:1.8rem;line-height:1.2;margin:.6em 0 .4em}h2{font-size:1.35rem;margin:2.4em 0 "
           ".6em;padding-top:.4em;border-top:1px solid "
           "var(--line)}h3{font-size:1.08rem;margin:1.6em 0 .4em}p,ul,ol{max-width:46rem}.lead{font-size:1.1rem}\n"
           "a{color:var(--link)}:focus-visible{outline:3px solid var(--link);outline-offset:2px}\n"
           ".skip{position:absolute;left:-999rem;background:var(--paper);padding:.6em "
           "1em;z-index:9}.skip:focus{left:1rem;top:1rem}\n"
           ".warning{border-left:.4rem solid var(--warn);background:var(--warn-paper);color:var(--warn);padding:.7em "
           "1em;font-weight:600}\n"
           ".muted,figcaption,caption{color:var(--muted);font-size:.92rem}\n"
           "nav h2{font-size:1rem;border:0;margin:1em 0 .3em;padding:0}nav ol{columns:2 "
           "16rem;padding-left:1.4em;margin:0}\n"
           "figure{margin:1.2em "
           "0;break-inside:avoid}figcaption{margin-top:.4em;max-width:46rem}svg,img{max-width:100%;height:auto}\n"
           ".sharp{image-rendering:pixelated}.beside{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%"
           ",19rem),1fr));gap:0 "
           "1.5rem;align-items:start}\n"
           ".narrow{grid-template-columns:repeat(auto-fit,minmax(min(100%,14rem),1fr))}.wide{overflow-x:auto;margin:1."
           "2em 0;break-inside:avoid-page}table{border-collapse:collapse;font-size:.92rem;"
           "font-variant-numeric:tabular-nums}caption{text-align:left;padding:.2em 0 .5em}\n"
           // A caption is as wide as the screen, not as its table, and stays when this is moved sideways.
           ".wide{container-type:inline-size}caption "
           "span{display:inline-block;position:sticky;left:0;max-width:min(calc(100vw - 2.5rem),46rem);max-width:min("
           "100cqi,46rem)}\n"
           "th,td{text-align:left;vertical-align:top;padding:.35em .8em .35em 0;border-bottom:1px solid "
           "var(--line)}thead "
           "th{border-bottom:2px solid var(--muted)}tbody th{font-weight:600}.marked th,.marked "
           "td{background:var(--warn-paper)}\n"
           "details{margin:1em 0;border:1px solid var(--line);border-radius:.4rem;padding:.5em "
           "1em}summary{cursor:pointer;font-weight:600}\n"
           ".aside{border:1px dashed var(--muted);border-radius:.4rem;padding:.1em 1.2em;background:var(--soft)}\n"
           "code{font-size:.9em;background:var(--soft);padding:.1em .3em;border-radius:.2rem}\n"
           "@media "
           "print{:root{--ink:#000;--paper:#fff;--soft:#fff}nav,.skip,.screen{display:none}body{max-width:none;font-"
           "size:10.5pt;padding:0 2px}"
           "h2,h3,caption,summary{break-after:avoid}a{color:inherit;text-decoration:none}table{font-size:8pt}.wide{"
           "overflow:"
           "visible;break-inside:auto;container-type:normal}caption "
           "span{max-width:none}tr{break-inside:avoid}thead,tbody tr:first-child{break-after:avoid}tbody "
           "tr:last-child{break-before:avoid}th,td{padding-right:.5em}"
           ".beside{grid-template-columns:1fr 1fr}}\n"
           "@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}\n";
  }

  std::string title_, lead_, language_, warnings_;
  std::vector<part> sections_;
};

}  // namespace synthmed::report

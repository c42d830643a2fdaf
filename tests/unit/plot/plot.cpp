// Plots: well-formed, accessible, escaped, with the data where the axes say, and refused when the data cannot be drawn.
#include <support/catch.hpp>

#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include <synthmed/report/plot.hpp>

using namespace synthmed;
using synthmed_test::contains;
using synthmed_test::message_of;

namespace {

/// A strict little reader of the XML that plots are made of: tags nest, attributes are quoted, no stray '<' or '&'.
/// Returns what is wrong with the text, or nothing.
std::string xml_fault(const std::string& text) {
  std::vector<std::string> open;
  std::size_t roots = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '&') {
      const auto end = text.find(';', i);
      const auto name = text.substr(i + 1, end - i - 1);
      if (name != "amp" && name != "lt" && name != "gt" && name != "quot") return "entity " + name;
      i = end + 1;
    } else if (text[i] == '<') {
      const auto end = text.find('>', i);
      if (end == std::string::npos) return "an open tag";
      std::string tag = text.substr(i + 1, end - i - 1);
      i = end + 1;
      if (tag.starts_with('/')) {
        if (open.empty() || open.back() != tag.substr(1)) return "a wrong closing tag " + tag;
        open.pop_back();
        continue;
      }
      const bool closed = tag.ends_with('/');
      if (closed) tag.pop_back();
      const auto space = tag.find(' ');
      const std::string name = tag.substr(0, space);
      std::map<std::string, int> seen;
      std::string rest = space == std::string::npos ? "" : tag.substr(space);
      while (!rest.empty()) {
        if (rest[0] != ' ') return "attributes of " + name + " at: " + rest;
        const auto equals = rest.find("=\"");
        const auto close = equals == std::string::npos ? equals : rest.find('"', equals + 2);
        if (close == std::string::npos) return "an unquoted attribute in: " + tag;
        if (++seen[rest.substr(1, equals - 1)] > 1) return "a doubled attribute in: " + tag;
        rest = rest.substr(close + 1);
      }
      roots += open.empty();
      if (!closed) open.push_back(name);
    } else {
      if (static_cast<unsigned char>(text[i]) < 0x20 && text[i] != '\n') return "a control character";
      ++i;
    }
  }
  if (!open.empty()) return "unclosed " + open.back();
  return roots == 1 ? "" : "not one root";
}

std::vector<plot::curve> two_curves() {
  return {{"Real: AUC 0.93", {0, 0.2, 1}, {0, 0.9, 1}, {0, 0.7, 1}, {0, 1, 1}},
          {"Synthetic", {0, 0.5, 1}, {0, 0.6, 1}}};
}

std::map<std::string, std::string> every_plot() {
  std::map<std::string, std::string> out;
  const auto lines = two_curves();
  out["roc"] = plot::roc(lines, {.title = "A <title> & \"more\""});
  out["pr"] = plot::precision_recall(lines, 0.15);
  const std::vector<plot::calibration_series> models{{"Real", {0.1, 0.9}, {0.2, 0.8}, {0.1, 0.7}, {0.3, 0.9}, {10, 5}}};
  out["calibration"] = plot::calibration(models);
  out["confusion"] = plot::confusion({{"Normal", "Plus"}, {83, 5, 2, 10}});
  out["scatter"] = plot::scatter({.x = {0, 1, 2}, .y = {3, 4, 5}, .class_of = {0, 1, 0}, .classes = {"a", "b"}});
  const std::vector<plot::sample> samples{{"synthetic", {1, 2, 2, 3}}, {"held out", {2, 3, 4}}};
  out["histogram"] = plot::histogram(samples, {.marks = {1.5}, .mark_names = {"threshold"}});
  out["training"] = plot::training(lines, {.marks = {0.5}, .mark_names = {"8 px"}});
  return out;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("every plot is one well-formed, accessible document for light and dark pages") {
  for (const auto& [name, svg] : every_plot()) {
    INFO(name);
    CHECK(xml_fault(svg) == "");
    CHECK(contains(svg, "role=\"img\""));
    CHECK(count(svg, "<title id=") == 1);
    CHECK(count(svg, "<desc id=") == 1);
    CHECK(contains(svg, "prefers-color-scheme:dark"));
    CHECK_FALSE(contains(svg, "nan"));
    CHECK_FALSE(contains(svg, "inf"));
  }
}

TEST_CASE("the same data gives the same bytes, other data other identifiers") {
  const auto first = every_plot(), second = every_plot();
  CHECK(first == second);
  std::map<std::string, int> names;
  for (const auto& [name, svg] : first) ++names[svg.substr(svg.find("aria-labelledby"), 40)];
  CHECK(names.size() == first.size());
}

TEST_CASE("text from the user cannot leave its place") {
  const std::vector<plot::curve> bad{{"<script>alert(1)</script> & \"q\" \x01\xFF\xC0\xAF", {0, 1}, {0, 1}}};
  const auto svg = plot::roc(bad, {.title = "</title><b>"});
  CHECK(xml_fault(svg) == "");
  CHECK_FALSE(contains(svg, "<script"));
  CHECK(contains(svg, "&lt;script&gt;"));
  CHECK(contains(svg, "\xEF\xBF\xBD"));
  CHECK(plot::detail::escaped("Gr\xC3\xB6\xC3\x9F"
                              "e \xF0\x9F\x91\x81") ==
        "Gr\xC3\xB6\xC3\x9F"
        "e \xF0\x9F\x91\x81");
}

TEST_CASE("points stand where the axes say") {
  // A straight line from corner to corner of the unit square joins the corners of the axes.
  const std::vector<plot::curve> diagonal{{"d", {0, 1}, {0, 1}}};
  const auto svg = plot::roc(diagonal);
  const auto axes_at = svg.rfind("\" class=\"ms\"/>");
  const auto axes = svg.substr(svg.rfind("<path d=\"", axes_at) + 9, axes_at - svg.rfind("<path d=\"", axes_at) - 9);
  double left = 0, top = 0, bottom = 0, right = 0;
  REQUIRE(std::sscanf(axes.c_str(), "M%lf %lfV%lfH%lf", &left, &top, &bottom, &right) == 4);
  CHECK(right - left == Approx(bottom - top).margin(0.011));
  CHECK(contains(svg, "M" + plot::detail::decimal(left) + " " + plot::detail::decimal(bottom) + "L" +
                          plot::detail::decimal(right) + " " + plot::detail::decimal(top)));
}

TEST_CASE("ticks are round numbers inside the range") {
  using plot::detail::axis;
  const auto labels = [](axis a, int wanted) {
    std::string out;
    for (const auto& t : plot::detail::ticks(a, wanted)) out += t.label + " ";
    return out;
  };
  CHECK(labels({0, 1, false, ""}, 5) == "0 0.2 0.4 0.6 0.8 1 ");
  CHECK(labels({-0.3, 0.31, false, ""}, 3) == "-0.2 0 0.2 ");
  CHECK(labels({0.01, 1000, true, ""}, 6) == "0.01 0.1 1 10 100 1000 ");
  CHECK(labels({0, 3e9, false, ""}, 3) == "0 1e+09 2e+09 3e+09 ");
}

TEST_CASE("histograms have area one and hold every value") {
  const std::vector<plot::sample> constant{{"c", {2, 2, 2}}};
  CHECK(xml_fault(plot::histogram(constant)) == "");
  const std::vector<plot::sample> two{{"low", {0, 0, 0, 1}}, {"high", {1}}};
  const auto svg = plot::histogram(two, {.bins = 2});
  CHECK(contains(svg, "low (n = 4)"));
  CHECK(contains(svg, "high (n = 1)"));
}

TEST_CASE("a gap in a training curve breaks the line, and a logarithmic axis needs something positive") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<plot::curve> gap{{"loss", {0, 1, 2, 3, 4}, {1, 2, nan, 2, 1}}};
  const auto svg = plot::training(gap);
  const auto end = svg.find("\" class=\"s0 l\"");
  const auto d = svg.substr(svg.rfind("<path d=\"", end), end - svg.rfind("<path d=\"", end));
  CHECK(count(d, "M") == 2);
  const std::vector<plot::curve> negative{{"loss", {0, 1}, {-1, 0}}};
  CHECK_THROWS_AS(plot::training(negative, {.log_y = true}), argument_error);
  CHECK(xml_fault(plot::training(negative)) == "");
}

TEST_CASE("a scatter numbers the classes when there are more than colours, and shapes the groups") {
  plot::scatter_points p;
  for (std::size_t k = 0; k < 9; ++k) {
    p.x.push_back(static_cast<double>(k)), p.y.push_back(1), p.class_of.push_back(k), p.group_of.push_back(k % 2);
    p.classes.push_back("digit " + std::to_string(k));
  }
  p.groups = {"real", "synthetic"};
  const auto svg = plot::scatter(p);
  CHECK(xml_fault(svg) == "");
  CHECK(contains(svg, ">9: digit 8</text>"));
  CHECK(contains(svg, ">synthetic</text>"));
  CHECK(xml_fault(plot::scatter({})) == "");
}

TEST_CASE("what cannot be drawn is refused with its values") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto refused = [](auto&& f) { return message_of<argument_error>(f); };
  CHECK(contains(refused([] { (void)plot::roc({}); }), "at least one series"));
  CHECK(contains(refused([] { (void)plot::roc(std::vector<plot::curve>{{"a", {0, 1}, {0}}}); }), "one length"));
  CHECK(contains(refused([] { (void)plot::roc(std::vector<plot::curve>{{"a", {0, 1}, {0, 1.5}}}); }), "1.5"));
  CHECK(contains(refused([] { (void)plot::precision_recall(two_curves(), 2); }), "got 2"));
  CHECK(contains(refused([] { (void)plot::confusion({{"a", "b"}, {1, 2, 3}}); }), "4 counts, got 3"));
  CHECK(contains(refused([] { (void)plot::confusion({{"a"}, {-1}}); }), "-1"));
  CHECK(contains(refused([&] { (void)plot::scatter({.x = {nan}, .y = {0}}); }), "nan"));
  CHECK(contains(refused([] { (void)plot::scatter({.x = {0}, .y = {0}, .class_of = {3}, .classes = {"a"}}); }),
                 "holds 3"));
  CHECK(contains(refused([] { (void)plot::histogram(std::vector<plot::sample>{{"a", {}}}); }), "no values"));
  CHECK(contains(refused([] { (void)plot::roc(two_curves(), {.width = 10}); }), "got 10"));
}

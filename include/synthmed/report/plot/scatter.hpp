// A scatter of an embedding: classes by colour, groups (real, synthetic, ...) by the shape of the mark.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <synthmed/report/plot/frame.hpp>

namespace synthmed::plot {

/// Points in the plane. classes or groups may be empty: all points then share one colour or one shape.
struct scatter_points {
  std::vector<double> x = {}, y = {};
  std::vector<std::size_t> class_of = {};  ///< index into classes, one per point; ignored when classes is empty
  std::vector<std::string> classes = {};
  std::vector<std::size_t> group_of = {};  ///< index into groups, one per point; ignored when groups is empty
  std::vector<std::string> groups = {};
  std::string x_label = "UMAP 1", y_label = "UMAP 2";
};

/// A scatter with equal units on both axes. With more than seven classes colours repeat (with other shapes when there
/// are no groups), and the legend's numbers stand at the median of each class; up to five groups have shapes of their
/// own. Throws argument_error for unequal lengths, coordinates that are not finite, or an index outside its names.
[[nodiscard]] inline std::string scatter(const scatter_points& p, const options& o = {}) {
  using namespace detail;
  constexpr std::string_view what = "scatter plot";
  check_width(o);
  const std::size_t n = p.x.size();
  check_same(what, "y", p.y.size(), n);
  check_finite(what, "x", p.x);
  check_finite(what, "y", p.y);
  const auto check_index = [&](const char* name, const std::vector<std::size_t>& of,
                               const std::vector<std::string>& names) {
    if (names.empty()) return;
    check_same(what, name, of.size(), n);
    for (const auto i : of)
      if (i >= names.size())
        throw argument_error(
            sentence("A scatter plot's ", name, " holds ", i, ", but there are ", names.size(), " names."));
  };
  check_index("class_of", p.class_of, p.classes);
  check_index("group_of", p.group_of, p.groups);
  axis x = range_of(p.x, p.x_label), y = range_of(p.y, p.y_label);
  canvas c;
  // Equal units: distances in an embedding mean the same in both directions. Very flat clouds still get some height.
  const double ratio = std::clamp((y.high - y.low) / (x.high - x.low), 0.5, 1.25);
  const double unit = std::max((x.high - x.low), (y.high - y.low) / ratio);
  const auto widen = [](axis& a, double extent) {
    const double middle = (a.low + a.high) / 2;
    a.low = middle - extent / 2, a.high = middle + extent / 2;
  };
  widen(x, unit);
  widen(y, unit * ratio);
  const frame f = draw_frame(c, std::move(x), std::move(y), heading(c, o), o.width, 0, ratio);
  const std::size_t classes = std::max<std::size_t>(1, p.classes.size()),
                    groups = std::max<std::size_t>(1, p.groups.size());
  const auto class_at = [&](std::size_t i) { return p.classes.empty() ? 0 : p.class_of[i]; };
  const auto group_at = [&](std::size_t i) { return p.groups.empty() ? 0 : p.group_of[i]; };
  const auto shape_of = [&](std::size_t k, std::size_t g) { return p.groups.empty() ? k / colours : g; };
  const double r = n > 5000 ? 1.3 : n > 1500 ? 1.9 : n > 400 ? 2.6 : 3.4;
  // One path per class and group is compact, but would paint whole classes over others: eight rounds mix them.
  constexpr std::size_t rounds = 8;
  std::vector<std::string> paths(rounds * classes * groups);
  for (std::size_t i = 0; i < n; ++i)
    paths[((i % rounds) * classes + class_at(i)) * groups + group_at(i)] +=
        mark(shape_of(class_at(i), group_at(i)), f.px(p.x[i]), f.py(p.y[i]), r);
  for (std::size_t q = 0; q < paths.size(); ++q)
    if (!paths[q].empty())
      c.path(paths[q], tone('s', q / groups % classes), mark_attributes(shape_of(q / groups % classes, q % groups), r));
  draw_axes(c, f);
  std::vector<legend_entry> legend;
  const bool numbered = classes > colours;
  for (std::size_t k = 0; k < p.classes.size(); ++k) {
    legend.push_back({numbered ? sentence(k + 1, ": ", p.classes[k]) : p.classes[k], legend_entry::kind::mark, k,
                      shape_of(k, 0), false});
    if (!numbered) continue;
    std::vector<double> xs, ys;
    for (std::size_t i = 0; i < n; ++i)
      if (class_at(i) == k) xs.push_back(p.x[i]), ys.push_back(p.y[i]);
    if (xs.empty()) continue;
    const auto middle = static_cast<std::ptrdiff_t>(xs.size() / 2);
    std::nth_element(xs.begin(), xs.begin() + middle, xs.end());
    std::nth_element(ys.begin(), ys.begin() + middle, ys.end());
    c.text(f.px(xs[static_cast<std::size_t>(middle)]), f.py(ys[static_cast<std::size_t>(middle)]) + 4,
           std::to_string(k + 1), anchor::middle, "i ps t",
           " paint-order=\"stroke\" stroke-width=\"4\" stroke-linejoin=\"round\"");
  }
  double end = draw_legend(c, legend, 24, f.below(), o.width - 36);
  legend.clear();
  for (std::size_t g = 0; g < p.groups.size(); ++g)
    legend.push_back({p.groups[g], legend_entry::kind::mark, 0, g, true});
  end = draw_legend(c, legend, 24, end, o.width - 36);
  std::string said = sentence("Scatter of ", n, " points");
  const auto list = [&](std::string_view lead, const std::vector<std::string>& names) {
    for (std::size_t i = 0; i < names.size(); ++i) said += sentence(i ? ", " : lead, names[i]);
  };
  list("; classes: ", p.classes);
  list("; groups: ", p.groups);
  return c.finish(either(o.title, "Embedding"), either(o.description, said + "."), o.width, end + 6);
}

}  // namespace synthmed::plot

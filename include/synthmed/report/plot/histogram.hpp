// Histograms of samples side by side, such as nearest-neighbour distances of synthetic and held-out images.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include <synthmed/report/plot/frame.hpp>

namespace synthmed::plot {

/// One sample of a histogram.
struct sample {
  std::string name = {};
  std::vector<double> values = {};
};

/// Axes of a histogram.
struct histogram_options {
  std::string title = {}, description = {};
  double width = 480;
  std::string x_label = "distance";
  /// Bins over the common range of all samples. 0: the rule of Freedman and Diaconis on the pooled values, 8 to 60.
  std::size_t bins = 0;
  /// Places on the x axis with a dashed line, such as a threshold, and their words for the legend.
  std::vector<double> marks = {};
  std::vector<std::string> mark_names = {};
};

/// Overlaid histograms of density: every sample has area 1, so that samples of unequal size compare.
/// Throws argument_error for no sample, an empty one, or values that are not finite.
[[nodiscard]] inline std::string histogram(std::span<const sample> samples, const histogram_options& o = {}) {
  using namespace detail;
  constexpr std::string_view what = "histogram";
  const options words{o.title, o.description, o.width};
  check_width(words);
  if (samples.empty()) throw argument_error("A histogram needs at least one sample.");
  if (o.marks.size() != o.mark_names.size())
    throw argument_error(
        sentence("A histogram has ", o.marks.size(), " marks and ", o.mark_names.size(), " names for them."));
  std::vector<double> all;
  for (const auto& s : samples) {
    if (s.values.empty()) throw argument_error(sentence("Sample \"", s.name, "\" of a histogram has no values."));
    check_finite(what, s.name, s.values);
    all.insert(all.end(), s.values.begin(), s.values.end());
  }
  check_finite(what, "marks", o.marks);
  std::sort(all.begin(), all.end());
  axis x = range_of(all, o.x_label, 0);
  std::size_t bins = o.bins;
  if (bins == 0) {
    const double spread = all[all.size() * 3 / 4] - all[all.size() / 4];
    const double wide = 2 * spread / std::cbrt(static_cast<double>(all.size()));
    bins = wide > 0 ? static_cast<std::size_t>(std::clamp(std::ceil((x.high - x.low) / wide), 8.0, 60.0)) : 12;
  }
  const double low = x.low, step = (x.high - x.low) / static_cast<double>(bins);
  std::vector<std::vector<double>> density(samples.size(), std::vector<double>(bins, 0));
  double highest = 0;
  for (std::size_t s = 0; s < samples.size(); ++s) {
    for (const double v : samples[s].values)
      density[s][std::min(bins - 1, static_cast<std::size_t>((v - low) / step))] +=
          1 / (step * static_cast<double>(samples[s].values.size()));
    highest = std::max(highest, *std::max_element(density[s].begin(), density[s].end()));
  }
  for (const double m : o.marks) x.low = std::min(x.low, m), x.high = std::max(x.high, m);
  canvas c;
  const frame f =
      draw_frame(c, x, {0, highest * 1.05, false, "density"}, heading(c, words), o.width, std::round(o.width * 0.55));
  std::vector<legend_entry> legend;
  for (std::size_t s = 0; s < samples.size(); ++s) {
    std::string d = "M" + decimal(f.px(low)) + " " + decimal(f.bottom());
    for (std::size_t b = 0; b < bins; ++b)
      d += "V" + decimal(f.py(density[s][b])) + "H" + decimal(f.px(low + step * static_cast<double>(b + 1)));
    d += "V" + decimal(f.bottom());
    c.path(d, tone('f', s) + " " + tone('s', s), sentence(" fill-opacity=\".25\" stroke-width=\"1.5\"", dash(s)));
    legend.push_back(
        {sentence(samples[s].name, " (n = ", samples[s].values.size(), ")"), legend_entry::kind::block, s, 0, false});
  }
  for (std::size_t i = 0; i < o.marks.size(); ++i) {
    c.line(f.px(o.marks[i]), f.top, f.px(o.marks[i]), f.bottom(), "ms", " stroke-dasharray=\"4 4\"");
    c.text(f.px(o.marks[i]) + 4, f.top + 12, std::to_string(i + 1), anchor::start, "m");
    legend.push_back({sentence(i + 1, ": ", o.mark_names[i]), legend_entry::kind::line, 0, 0, true});
  }
  draw_axes(c, f);
  const double end = draw_legend(c, legend, 24, f.below(), o.width - 36);
  std::string names;
  for (const auto& s : samples) names += (names.empty() ? "" : "; ") + s.name;
  return c.finish(either(o.title, "Histogram"), either(o.description, "Histograms of " + names + "."), o.width,
                  end + 6);
}

}  // namespace synthmed::plot

// Curves over [0, 1]: ROC, precision-recall, calibration; and curves over training.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <synthmed/report/plot/frame.hpp>

namespace synthmed::plot {

/// A named line with an optional band. Points are joined in the order given; they are not sorted.
struct curve {
  /// Words in the legend, for example "Real: AUC 0.934 (0.87 to 0.98)".
  std::string name = {};
  std::vector<double> x = {}, y = {};
  /// Lower and upper limits of y at the same x. Both empty: no band.
  std::vector<double> low = {}, high = {};
};

/// One model in a reliability diagram, a value per bin. Empty bins are left out by the caller.
struct calibration_series {
  std::string name = {};
  std::vector<double> predicted = {};  ///< mean predicted probability of the bin, in [0, 1]
  std::vector<double> observed = {};   ///< share of positives in the bin, in [0, 1]
  /// Confidence limits of the observed share. Both empty: none are drawn.
  std::vector<double> low = {}, high = {};
  /// Cases in the bin: drawn as bars under the diagram. Empty: no bars.
  std::vector<std::int64_t> count = {};
};

/// Axes of training curves.
struct training_options {
  std::string title = {}, description = {};
  double width = 640;
  std::string x_label = "step", y_label = "loss";
  /// A logarithmic y axis. Values that are zero or negative then break the line, as not-finite values always do.
  bool log_y = false;
  /// Places on the x axis with a dashed line, such as the starts of stages, and their words (as many as places).
  std::vector<double> marks = {};
  std::vector<std::string> mark_names = {};
};

namespace detail {

inline void check_unit(std::string_view what, const std::string& name, std::span<const double> values) {
  for (std::size_t i = 0; i < values.size(); ++i)
    if (!(values[i] >= 0 && values[i] <= 1))
      throw argument_error(sentence("Series \"", name, "\" of a ", what, " has the value ", values[i], " at place ", i,
                                    "; expected a number in [0, 1]."));
}

inline void check_curve(std::string_view what, const curve& line, bool unit) {
  if (line.x.empty()) throw argument_error(sentence("Series \"", line.name, "\" of a ", what, " has no points."));
  check_same(what, line.name, line.y.size(), line.x.size());
  if (line.low.size() + line.high.size() > 0) {
    check_same(what, line.name, line.low.size(), line.x.size());
    check_same(what, line.name, line.high.size(), line.x.size());
  }
  if (unit)
    for (const auto* values : {&line.x, &line.y, &line.low, &line.high}) check_unit(what, line.name, *values);
}

[[nodiscard]] inline std::string names_of(std::span<const curve> curves) {
  std::string out;
  for (const auto& line : curves) out += (out.empty() ? "" : "; ") + line.name;
  return out;
}

inline std::string unit_square(std::string_view what, std::span<const curve> curves, const options& o, axis x, axis y,
                               std::vector<double> guide_x, std::vector<double> guide_y, std::string guide_name) {
  check_width(o);
  if (curves.empty()) throw argument_error(sentence("A ", what, " needs at least one series."));
  for (const auto& line : curves) check_curve(what, line, true);
  canvas c;
  const frame f = draw_frame(c, std::move(x), std::move(y), heading(c, o), o.width, 0, 1);
  c.path(polyline(f, guide_x, guide_y), "ms", " stroke-dasharray=\"4 4\"");
  std::vector<legend_entry> legend;
  for (std::size_t s = 0; s < curves.size(); ++s)
    if (!curves[s].low.empty()) c.path(band(f, curves[s].x, curves[s].low, curves[s].high), "b " + tone('f', s));
  for (std::size_t s = 0; s < curves.size(); ++s) {
    c.path(polyline(f, curves[s].x, curves[s].y), tone('s', s) + " l", dash(s));
    legend.push_back({curves[s].name, legend_entry::kind::line, s, 0, false});
  }
  if (!guide_name.empty()) legend.push_back({std::move(guide_name), legend_entry::kind::line, 0, 0, true});
  draw_axes(c, f);
  const double end = draw_legend(c, legend, 24, f.below(), o.width - 36);
  return c.finish(either(o.title, std::string(what)),
                  either(o.description, sentence(what, " of ", names_of(curves), ".")), o.width, end + 6);
}

}  // namespace detail

/// An ROC plot: x is 1 - specificity, y sensitivity, the band is in y; the diagonal is chance.
/// Throws argument_error for no series, unequal lengths or values outside [0, 1].
[[nodiscard]] inline std::string roc(std::span<const curve> curves, const options& o = {}) {
  return detail::unit_square("ROC curve", curves, o, {0, 1, false, "1 \xE2\x88\x92 specificity"},
                             {0, 1, false, "sensitivity"}, {0, 1}, {0, 1}, "chance");
}

/// A precision-recall plot: x is recall, y precision; the horizontal line is the prevalence, the precision of chance.
/// Throws argument_error as roc() does, and for a prevalence outside [0, 1].
[[nodiscard]] inline std::string precision_recall(std::span<const curve> curves, double prevalence,
                                                  const options& o = {}) {
  if (!(prevalence >= 0 && prevalence <= 1))
    throw argument_error(sentence("A prevalence lies in [0, 1], got ", prevalence, "."));
  return detail::unit_square("Precision-recall curve", curves, o, {0, 1, false, "recall"}, {0, 1, false, "precision"},
                             {0, 1}, {prevalence, prevalence}, "prevalence " + detail::decimal(prevalence, 3));
}

/// A reliability diagram with limits and, where counts are given, bars of the bin sizes under it.
/// Throws argument_error for no series, unequal lengths, values outside [0, 1] or negative counts.
[[nodiscard]] inline std::string calibration(std::span<const calibration_series> models, const options& o = {}) {
  using namespace detail;
  constexpr std::string_view what = "reliability diagram";
  check_width(o);
  if (models.empty()) throw argument_error("A reliability diagram needs at least one series.");
  std::int64_t most = 0;
  for (const auto& model : models) {
    check_curve(what, {model.name, model.predicted, model.observed, model.low, model.high}, true);
    if (!model.count.empty()) check_same(what, model.name, model.count.size(), model.predicted.size());
    for (const auto count : model.count) {
      if (count < 0) throw argument_error(sentence("A bin of \"", model.name, "\" has ", count, " cases."));
      most = std::max(most, count);
    }
  }
  canvas c;
  frame f = draw_frame(c, {0, 1, false, "predicted probability"}, {0, 1, false, "observed share of positives"},
                       heading(c, o), o.width, 0, 1);
  c.path(polyline(f, std::vector<double>{0, 1}, std::vector<double>{0, 1}), "ms", " stroke-dasharray=\"4 4\"");
  std::vector<legend_entry> legend;
  // Models share bins: a small sideways step keeps their limits from hiding each other.
  const auto shift = [&](std::size_t s) {
    return 3.0 * (static_cast<double>(s) - 0.5 * static_cast<double>(models.size() - 1));
  };
  for (std::size_t s = 0; s < models.size(); ++s) {
    const auto& model = models[s];
    std::string limits, dots, line;
    for (std::size_t i = 0; i < model.predicted.size(); ++i) {
      const double x = f.px(model.predicted[i]) + shift(s);
      if (!model.low.empty())
        limits += "M" + decimal(x - 3) + " " + decimal(f.py(model.low[i])) + "h6m-3 0V" + decimal(f.py(model.high[i])) +
                  "m-3 0h6";
      dots += mark(s, x, f.py(model.observed[i]), 4);
      line += (i ? "L" : "M") + decimal(x) + " " + decimal(f.py(model.observed[i]));
    }
    c.path(line, tone('s', s), sentence(" stroke-width=\"1.2\"", dash(s)));
    if (!limits.empty()) c.path(limits, tone('s', s), " stroke-width=\"1.2\"");
    c.path(dots, tone('s', s), mark_attributes(s, 4));
    legend.push_back({model.name, legend_entry::kind::mark, s, s, false});
  }
  legend.push_back({"perfect calibration", legend_entry::kind::line, 0, 0, true});
  draw_axes(c, f);
  double y = f.below();
  if (most > 0) {
    const double high = 46;
    c.text(f.left - 7, y + 10, std::to_string(most), anchor::end, "m n");
    c.text(f.left - 7, y + high + 4, "0", anchor::end, "m n");
    c.text(20, y + high / 2, "cases", anchor::middle, "i",
           sentence(" transform=\"rotate(-90 20 ", decimal(y + high / 2), ")\""));
    for (std::size_t s = 0; s < models.size(); ++s)
      for (std::size_t i = 0; i < models[s].count.size(); ++i) {
        const double bar = high * static_cast<double>(models[s].count[i]) / static_cast<double>(most);
        c.rect(f.px(models[s].predicted[i]) + 2 * shift(s) - 2.5, y + high - bar, 5, bar, tone('f', s));
      }
    c.line(f.left, y + high, f.left + f.width, y + high, "ms");
    y += high + 14;
  }
  y = draw_legend(c, legend, 24, y, o.width - 36);
  std::string names;
  for (const auto& model : models) names += (names.empty() ? "" : "; ") + model.name;
  return c.finish(either(o.title, "Calibration"), either(o.description, "Reliability diagram of " + names + "."),
                  o.width, y + 6);
}

/// Curves over training, for example losses of generator and critic. Values that are not finite break a line.
/// Throws argument_error for no series, unequal lengths, or when a logarithmic axis finds no positive value.
[[nodiscard]] inline std::string training(std::span<const curve> curves, const training_options& o = {}) {
  using namespace detail;
  constexpr std::string_view what = "training plot";
  const options words{o.title, o.description, o.width};
  check_width(words);
  if (curves.empty()) throw argument_error("A training plot needs at least one series.");
  if (o.marks.size() != o.mark_names.size())
    throw argument_error(
        sentence("A training plot has ", o.marks.size(), " marks and ", o.mark_names.size(), " names for them."));
  std::vector<curve> shown(curves.begin(), curves.end());
  std::vector<double> all_x, all_y;
  for (auto& line : shown) {
    check_curve(what, line, false);
    for (auto* values : {&line.y, &line.low, &line.high})
      for (auto& v : *values)
        if (o.log_y && !(v > 0)) v = std::numeric_limits<double>::quiet_NaN();
    all_x.insert(all_x.end(), line.x.begin(), line.x.end());
    for (const auto* values : {&line.y, &line.low, &line.high})
      all_y.insert(all_y.end(), values->begin(), values->end());
  }
  const bool any = std::any_of(all_y.begin(), all_y.end(), [](double v) { return std::isfinite(v); });
  if (o.log_y && !any) throw argument_error("A logarithmic training plot needs at least one positive value.");
  axis x = range_of(all_x, o.x_label, 0), y = range_of(all_y, o.y_label);
  if (o.log_y) {
    double low = std::numeric_limits<double>::infinity(), high = 0;
    for (const double v : all_y)
      if (std::isfinite(v)) low = std::min(low, v), high = std::max(high, v);
    y = {low / 1.2, high * 1.2, true, o.y_label};
  }
  canvas c;
  const frame f = draw_frame(c, x, y, heading(c, words), o.width, std::round(o.width * 0.5));
  double free_from = 0;
  for (std::size_t i = 0; i < o.marks.size(); ++i) {
    const double at = o.marks[i];
    if (!(at >= f.x.low && at <= f.x.high)) continue;
    c.line(f.px(at), f.top, f.px(at), f.bottom(), "ms", " stroke-dasharray=\"2 4\"");
    const double need = text_width(o.mark_names[i], font_size) + 8;
    if (f.px(at) >= free_from &&
        f.px(at) + need <= f.left + f.width + 8) {  // a name that would cover another is left out
      c.text(f.px(at) + 4, f.top + 12, o.mark_names[i], anchor::start, "m");
      free_from = f.px(at) + need;
    }
  }
  std::vector<legend_entry> legend;
  for (std::size_t s = 0; s < shown.size(); ++s) {
    if (!shown[s].low.empty()) c.path(band(f, shown[s].x, shown[s].low, shown[s].high), "b " + tone('f', s));
    c.path(polyline(f, shown[s].x, shown[s].y), tone('s', s) + " l", sentence(dash(s), " stroke-width=\"1.5\""));
    legend.push_back({shown[s].name, legend_entry::kind::line, s, 0, false});
  }
  draw_axes(c, f);
  const double end = draw_legend(c, legend, 24, f.below(), o.width - 36);
  return c.finish(either(o.title, "Training"),
                  either(o.description, "Curves of " + names_of(curves) + " over " + o.x_label + "."), o.width,
                  end + 6);
}

}  // namespace synthmed::plot

// A scatter to walk through: pointing at a mark, or stepping to it by keyboard, shows its picture and says what it is.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <synthmed/report/page.hpp>
#include <synthmed/report/plot/frame.hpp>

namespace synthmed::report {

/// Points with pictures. Unlike in plot::scatter each mark is an element of its own, so some thousands are the limit.
struct explorer_points {
  std::vector<double> x = {}, y = {};
  std::vector<std::size_t> class_of = {}, group_of = {};  ///< one per point
  std::vector<std::string> classes = {}, groups = {};     ///< colours and shapes
  std::vector<std::string> names = {};                    ///< what each point is called
  std::string x_label = "UMAP 1", y_label = "UMAP 2";
  /// All pictures on one PNG, row by row in the order of the points, `columns` in a row, each `side` pixels square.
  std::vector<std::uint8_t> sprite = {};
  int side = 32, columns = 1;
};

namespace detail {

/// Reads the points' places from the marks; no dependency, no global name.
inline constexpr std::string_view explorer_script = R"js("use strict";(()=>{
for(const box of document.querySelectorAll(".explorer")){
  const stage=box.querySelector(".stage"),svg=stage.querySelector("svg"),said=box.querySelector(".said"),view=box.querySelector(".view");
  const marks=[...svg.querySelectorAll("[data-n]")].map(e=>({e,x:+e.dataset.x,y:+e.dataset.y,i:+e.dataset.i}));
  const ring=svg.querySelector(".ring"),side=+box.dataset.side,columns=+box.dataset.columns,zoom=160/side;
  view.style.backgroundSize=columns*side*zoom+"px auto";
  let at=-1;
  const shown=m=>!m.e.classList.contains("off");
  const show=k=>{at=k;const m=marks[k];
    ring.setAttribute("cx",m.x);ring.setAttribute("cy",m.y);ring.style.display="";
    view.style.backgroundPosition=-(m.i%columns)*side*zoom+"px "+-Math.floor(m.i/columns)*side*zoom+"px";
    view.setAttribute("aria-label","Picture of "+m.e.dataset.n);view.hidden=false;said.textContent=m.e.dataset.n;};
  const nearest=(x,y,most)=>{let best=-1,d=most*most;
    marks.forEach((m,k)=>{if(!shown(m))return;const q=(m.x-x)**2+(m.y-y)**2;if(q<d){d=q;best=k;}});return best;};
  svg.addEventListener("pointermove",ev=>{const p=new DOMPoint(ev.clientX,ev.clientY).matrixTransform(svg.getScreenCTM().inverse());
    const k=nearest(p.x,p.y,24);if(k>=0&&k!==at)show(k);});
  svg.addEventListener("pointerdown",ev=>{const p=new DOMPoint(ev.clientX,ev.clientY).matrixTransform(svg.getScreenCTM().inverse());
    const k=nearest(p.x,p.y,60);if(k>=0)show(k);});
  // An arrow goes to the nearest mark in its direction: what lies aside counts double.
  stage.addEventListener("keydown",ev=>{const way={ArrowLeft:[-1,0],ArrowRight:[1,0],ArrowUp:[0,-1],ArrowDown:[0,1]}[ev.key];
    if(!way)return;ev.preventDefault();
    if(at<0||!shown(marks[at])){const k=nearest(320,240,1e9);if(k>=0)show(k);return;}
    let best=-1,least=Infinity;const o=marks[at];
    marks.forEach((m,k)=>{if(k===at||!shown(m))return;const dx=m.x-o.x,dy=m.y-o.y,along=dx*way[0]+dy*way[1],aside=Math.abs(dx*way[1])+Math.abs(dy*way[0]);
      if(along<=0.01)return;const cost=along+2*aside;if(cost<least){least=cost;best=k;}});
    if(best>=0)show(best);});
  for(const c of box.querySelectorAll("input"))c.addEventListener("change",()=>{
    const off=kind=>new Set([...box.querySelectorAll("input[data-"+kind+"]")].filter(i=>!i.checked).map(i=>i.dataset[kind]));
    const classes=off("class"),groups=off("group");
    for(const m of marks)m.e.classList.toggle("off",classes.has(m.e.dataset.class)||groups.has(m.e.dataset.group));
    if(at>=0&&!shown(marks[at])){at=-1;ring.style.display="none";view.hidden=true;said.textContent="The chosen mark is hidden now.";}});
  box.dataset.ready="true";
}})();)js";

inline constexpr std::string_view explorer_style =
    ".explorer{display:grid;grid-template-columns:minmax(0,1fr) 11rem;gap:1rem;align-items:start}.explorer "
    ".stage{touch-action:pan-y}"
    ".explorer .off{display:none}.explorer .ring{fill:none;stroke:currentColor;stroke-width:2}.explorer "
    ".view{width:160px;height:160px;"
    "image-rendering:pixelated;border:1px solid var(--line);background-color:#000}.explorer fieldset{border:1px solid "
    "var(--line);"
    "border-radius:.3rem;margin:0 0 .6rem;padding:.3rem .6rem}.explorer "
    "label{display:block;min-height:1.8rem}.explorer .said{font-size:.9rem;"
    "min-height:3em;margin:.4rem 0}@media(max-width:44rem){.explorer{grid-template-columns:1fr}}"
    "@media print{.explorer{grid-template-columns:minmax(0,1fr) 9rem}.explorer input,.explorer .view,.explorer "
    ".said{display:none!important}}";

}  // namespace detail

/// The scatter in words, for whom a picture says nothing: where the marks of each set and class lie, and whether a
/// mark's nearest neighbour is of its class and of its set.
[[nodiscard]] inline std::string explorer_table(const explorer_points& p, std::string_view title) {
  const std::size_t n = p.x.size();
  std::vector<std::size_t> nearest(n, 0);
  for (std::size_t i = 0; i < n; ++i) {
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t j = 0; j < n; ++j) {
      const double d = j == i ? least : (p.x[i] - p.x[j]) * (p.x[i] - p.x[j]) + (p.y[i] - p.y[j]) * (p.y[i] - p.y[j]);
      if (d < least) {
        least = d;
        nearest[i] = j;
      }
    }
  }
  const auto text = [](double x) {
    char out[32];
    std::snprintf(out, sizeof out, "%.2f", x);
    return std::string(out);
  };
  table t{sentence(title,
                   " in numbers: the middle (median) of the marks of each set and class, and how many of them have a "
                   "nearest mark of the same class, of the same set"),
          {"set", "class", "marks", sentence("middle, ", p.x_label), sentence("middle, ", p.y_label),
           "nearest of the same class", "nearest of the same set"},
          {}};
  for (std::size_t g = 0; g < p.groups.size(); ++g)
    for (std::size_t c = 0; c < p.classes.size(); ++c) {
      std::vector<double> x, y;
      std::size_t same_class = 0, same_set = 0;
      for (std::size_t i = 0; i < n; ++i) {
        if (p.group_of[i] != g || p.class_of[i] != c) continue;
        x.push_back(p.x[i]);
        y.push_back(p.y[i]);
        same_class += n > 1 && p.class_of[nearest[i]] == c;
        same_set += n > 1 && p.group_of[nearest[i]] == g;
      }
      if (x.empty()) continue;
      const auto median = [](std::vector<double>& v) {
        std::nth_element(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2), v.end());
        return v[v.size() / 2];
      };
      const auto share = [&](std::size_t k) { return text(static_cast<double>(k) / static_cast<double>(x.size())); };
      const auto marks = std::to_string(x.size());
      t.rows.push_back(
          {p.groups[g], p.classes[c], marks, text(median(x)), text(median(y)), share(same_class), share(same_set)});
    }
  return details("The same in numbers", to_html(t));
}

/// The explorer as a figure; classes and groups that no point is of are left out of its boxes. Several can stand on one
/// page. Throws argument_error for unequal lengths, coordinates that are not finite, or an index outside its names.
[[nodiscard]] inline std::string explorer(const explorer_points& p, std::string_view caption, std::string_view title) {
  using plot::detail::canvas, plot::detail::check_finite, plot::detail::check_same, plot::detail::decimal,
      plot::detail::draw_axes;
  using plot::detail::draw_frame, plot::detail::frame, plot::detail::mark, plot::detail::mark_attributes,
      plot::detail::range_of;
  using plot::detail::tone;
  constexpr std::string_view what = "explorer";
  const std::size_t n = p.x.size();
  check_same(what, "y", p.y.size(), n);
  check_same(what, "class_of", p.class_of.size(), n);
  check_same(what, "group_of", p.group_of.size(), n);
  check_same(what, "names", p.names.size(), n);
  check_finite(what, "x", p.x);
  check_finite(what, "y", p.y);
  if (p.side < 1 || p.columns < 1)
    throw argument_error("An explorer's pictures have at least one pixel and stand in at least one column.");
  for (std::size_t i = 0; i < n; ++i)
    if (p.class_of[i] >= p.classes.size() || p.group_of[i] >= p.groups.size())
      throw argument_error(sentence("Point ", i, " of an explorer has a class or group without a name."));
  canvas c;
  const double width = 640;
  auto x = range_of(p.x, p.x_label), y = range_of(p.y, p.y_label);
  const double ratio = std::clamp((y.high - y.low) / (x.high - x.low), 0.5, 1.0);
  const double unit = std::max(x.high - x.low, (y.high - y.low) / ratio);
  for (auto* a : {&x, &y}) {
    const double extent = a == &x ? unit : unit * ratio, middle = (a->low + a->high) / 2;
    a->low = middle - extent / 2;
    a->high = middle + extent / 2;
  }
  const frame f = draw_frame(c, std::move(x), std::move(y), 8, width, 0, ratio);
  const double r = n > 1500 ? 2.2 : n > 400 ? 2.8 : 3.6;
  // Eight rounds mix the classes, so that none is painted over another as a whole.
  for (std::size_t round = 0; round < 8; ++round)
    for (std::size_t i = round; i < n; i += 8) {
      const double px = f.px(p.x[i]), py = f.py(p.y[i]);
      c.path(mark(p.group_of[i], px, py, r), tone('s', p.class_of[i]),
             sentence(mark_attributes(p.group_of[i], r), " data-x=\"", decimal(px), "\" data-y=\"", decimal(py),
                      "\" data-i=\"", i, "\" data-class=\"", p.class_of[i], "\" data-group=\"", p.group_of[i],
                      "\" data-n=\"", escaped(p.names[i]), "\""));
    }
  draw_axes(c, f);
  c.raw("<circle class=\"ring\" r=\"7\" style=\"display:none\"/>\n");
  const std::string drawing =
      c.finish(title, sentence("Scatter of ", n, " points; step through them with the arrow keys."), width, f.below());
  const auto boxes = [&](std::string_view legend, std::string_view kind, const std::vector<std::string>& names,
                         const std::vector<std::size_t>& used) {
    std::string out = sentence("<fieldset><legend>", legend, "</legend>");
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (std::find(used.begin(), used.end(), i) == used.end()) continue;
      const bool set = kind == "group";
      const std::size_t shape = set ? i : 0;
      out += sentence("<label><input type=\"checkbox\" checked data-", kind, "=\"", i,
                      "\"> <svg class=\"synthmed-plot\" aria-hidden=\"true\" width=\"16\" height=\"16\"><path d=\"",
                      mark(shape, 8, 8, 5), "\" class=\"", set ? std::string("ms") : tone('s', i), "\"",
                      mark_attributes(shape, 5), "/></svg> ", escaped(names[i]), "</label>");
    }
    return out + "</fieldset>";
  };
  return sentence("<style>", detail::explorer_style, ".sprite", n, "{background-image:url(data:image/png;base64,",
                  base64(p.sprite), ")}</style>\n<figure><div class=\"explorer\" data-side=\"", p.side,
                  "\" data-columns=\"", p.columns,
                  "\"><div class=\"stage\" tabindex=\"0\" role=\"application\" aria-label=\"", escaped(title),
                  ": use the arrow keys to step from point to point\">\n", drawing, "</div><div>",
                  boxes("Classes", "class", p.classes, p.class_of), boxes("Sets", "group", p.groups, p.group_of),
                  "<div class=\"view sprite", n, "\" role=\"img\" aria-label=\"No picture chosen\" hidden></div>",
                  "<p class=\"said\" aria-live=\"polite\">Point at a mark, or use the arrow keys, to see its "
                  "picture.</p></div></div>\n<figcaption>",
                  escaped(caption), "</figcaption></figure>\n", explorer_table(p, title), "<script>",
                  detail::explorer_script, "</script>\n");
}

}  // namespace synthmed::report

// What the stages of a study take. The figures are data: they are replaced by those of `timing` and `memory` in the
// results.json of a new measured run, and the sizes of its folders.
#include "study_costs.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>

#include <synthmed/error.hpp>
#include <synthmed/train/observers.hpp>

namespace rop_study {

using synthmed::sentence;

namespace {

struct measured {
  const char *preset, *stage;  ///< the stage's name, or the kind that its name begins with
  double seconds, mib, mb;
};

constexpr const char* machine =
    "measured on 2 cores of an AMD EPYC server of 2.6 GHz with AVX-512, busy with other work";

// One run each of smoke, quick and demo.
constexpr std::array<measured, 39> measurements{{
    {"smoke", "prepare", 10, 80, 4},       {"smoke", "segment", 7, 324, 8},     {"smoke", "gan", 6, 186, 32},
    {"smoke", "synthesize", 0.4, 88, 0.1}, {"smoke", "fresh-data", 4, 79, 2},   {"smoke", "fresh-maps", 1, 96, 1},
    {"smoke", "fresh", 0.3, 60, 0.1},      {"smoke", "copier", 0.3, 68, 0.1},   {"smoke", "set", 0.3, 59, 0.1},
    {"smoke", "cnn", 3, 123, 4},           {"smoke", "umap", 0.4, 60, 0.1},     {"smoke", "fidelity", 0.3, 63, 0.1},
    {"smoke", "privacy", 0.4, 71, 0.1},    {"quick", "prepare", 39, 93, 69},    {"quick", "segment", 50, 308, 31},
    {"quick", "gan", 387, 244, 57},        {"quick", "synthesize", 1, 99, 6},   {"quick", "fresh-data", 27, 90, 50},
    {"quick", "fresh-maps", 13, 117, 17},  {"quick", "fresh", 0.2, 70, 0.3},    {"quick", "copier", 0.9, 76, 5},
    {"quick", "set", 0.2, 67, 0.4},        {"quick", "cnn", 20, 135, 7.5},      {"quick", "umap", 0.7, 66, 0.1},
    {"quick", "fidelity", 12, 136, 0.1},   {"quick", "privacy", 2.4, 91, 0.6},  {"demo", "prepare", 61, 97, 129},
    {"demo", "segment", 276, 317, 54},     {"demo", "gan", 1732, 335, 72},      {"demo", "synthesize", 1, 122, 7},
    {"demo", "fresh-data", 39, 92, 83},    {"demo", "fresh-maps", 15, 119, 25}, {"demo", "fresh", 0.2, 71, 0.5},
    {"demo", "copier", 1.3, 76, 5},        {"demo", "set", 0.2, 68, 0.5},       {"demo", "cnn", 63, 262, 7.4},
    {"demo", "umap", 1.7, 65, 0.1},        {"demo", "fidelity", 14, 155, 0.1},  {"demo", "privacy", 2.5, 94, 0.5},
}};

const measured* find(const std::string& preset, const std::string& stage) {
  const measured* best = nullptr;
  for (const auto& m : measurements) {
    if (preset != m.preset) continue;
    const std::string kind = m.stage;
    if (stage == kind) return &m;
    if (stage.starts_with(kind + "-") && (best == nullptr || kind.size() > std::string(best->stage).size())) best = &m;
  }
  return best;
}

std::string megabytes(double mb) {
  char text[32];
  if (mb >= 1000)
    std::snprintf(text, sizeof text, "%.1f GB", mb / 1000);
  else
    std::snprintf(text, sizeof text, mb < 10 ? "%.1f MB" : "%.0f MB", mb);
  return text;
}

}  // namespace

study_estimate estimate_study(const std::string& preset, bool phantom, const std::vector<stage>& plan, int cores) {
  study_estimate out;
  out.note = !phantom ? "Time, memory and disk depend on your pictures: `rop_study prepare --dry-run` says what they "
                        "need, and once there are maps `rop_study gan --dry-run` and the others."
             : preset == "study" ? "The preset study is meant for a GPU and was not measured; with its data prepared, "
                                   "each stage's own --dry-run measures a few steps."
                                 : sentence("As ", machine, ".");
  bool known = true;
  for (const auto& s : plan) {
    const measured* m = phantom ? find(preset, s.name) : nullptr;
    known = known && m != nullptr;
    out.stages.push_back(m == nullptr ? stage_estimate{s.name, {}, {}, {}}
                                      : stage_estimate{s.name, m->seconds, m->mib, m->mb});
    if (m != nullptr) out.mb += m->mb;
  }
  if (!known) return out;
  // The runner's rule: the first stage in the list whose predecessors are done and whose threads fit begins.
  struct running {
    double until;
    std::size_t stage;
  };
  std::vector<running> at_work;
  std::vector<bool> begun(plan.size(), false);
  std::set<std::string> done;
  double now = 0, most = 0;
  while (done.size() < plan.size()) {
    for (std::size_t i = 0; i < plan.size(); ++i) {
      if (begun[i] || std::any_of(plan[i].after.begin(), plan[i].after.end(),
                                  [&](const auto& name) { return !done.contains(name); }))
        continue;
      int busy = 0;
      for (const auto& r : at_work) busy += plan[r.stage].threads;
      if (busy > 0 && busy + plan[i].threads > cores) continue;
      begun[i] = true;
      // A stage of two threads takes twice as long where there is one core.
      at_work.push_back(
          {now + *out.stages[i].seconds * std::max(1.0, static_cast<double>(plan[i].threads) / cores), i});
    }
    double memory = 0;
    for (const auto& r : at_work) memory += *out.stages[r.stage].mib;
    most = std::max(most, memory);
    const auto next = std::min_element(at_work.begin(), at_work.end(),
                                       [](const auto& a, const auto& b) { return a.until < b.until; });
    if (next == at_work.end()) throw synthmed::argument_error("The stages of this study wait for each other.");
    now = next->until;
    done.insert(plan[next->stage].name);
    at_work.erase(next);
  }
  out.seconds = now;
  out.mib = most;
  return out;
}

std::string to_text(const study_estimate& e) {
  std::vector<std::array<std::string, 4>> rows{{"stage", "time", "memory", "disk"}};
  const auto row = [&](const std::string& name, const std::optional<double>& seconds, const std::optional<double>& mib,
                       const std::optional<double>& mb) {
    char memory[32] = "-";
    if (mib) std::snprintf(memory, sizeof memory, "%.0f MiB", *mib);
    rows.push_back({name,
                    seconds ? *seconds < 1 ? std::string("< 1 s") : synthmed::train::readable_time(*seconds) : "-",
                    memory, mb ? megabytes(*mb) : "-"});
  };
  for (const auto& s : e.stages) row(s.stage, s.seconds, s.mib, s.mb);
  if (e.seconds) row("all, side by side where cores are free", e.seconds, e.mib, e.mb);
  std::array<std::size_t, 4> width{};
  for (const auto& r : rows)
    for (std::size_t i = 0; i < r.size(); ++i) width[i] = std::max(width[i], r[i].size());
  std::string text;
  for (const auto& r : rows) {
    text += r[0] + std::string(width[0] - r[0].size(), ' ');
    for (std::size_t i = 1; i < r.size(); ++i) text += std::string(2 + width[i] - r[i].size(), ' ') + r[i];
    text += '\n';
  }
  return text + e.note + '\n';
}

}  // namespace rop_study

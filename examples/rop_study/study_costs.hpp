// What the stages of a study take, for --dry-run: as measured, and how they fit together on some cores.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "stages.hpp"

namespace rop_study {

/// What one stage takes; empty where it was not measured.
struct stage_estimate {
  std::string stage;
  std::optional<double> seconds, mib, mb;  ///< wall time, memory at its peak, what it leaves on the disk
};

struct study_estimate {
  std::vector<stage_estimate> stages;  ///< in the plan's order
  std::optional<double> seconds,
      mib;  ///< of the whole, stages side by side while cores are free; empty: a stage is not known
  double mb = 0;
  std::string note;  ///< where the figures come from
};

/// Looks every stage up in the measurements of a preset on the phantom (other presets, own pictures: nothing is known)
/// and plays the runner's order through.
[[nodiscard]] study_estimate estimate_study(const std::string& preset, bool phantom, const std::vector<stage>& plan,
                                            int cores);

/// The table of --dry-run.
[[nodiscard]] std::string to_text(const study_estimate& estimate);

}  // namespace rop_study

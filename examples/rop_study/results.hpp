// results.json: everything a study found, computed from the files of its folder (docs/results.md describes the keys).
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "study_folder.hpp"

namespace rop_study {

inline constexpr int results_version = 1;

/// What the maps of one set say without a classifier: how dense they are, how bright, how much they vary.
struct map_statistics {
  std::vector<std::string> names;  ///< stem of each map's file
  std::vector<int> labels;
  std::vector<double> density;  ///< mean of each map, in [0, 1]
  struct of_class {
    std::size_t maps = 0;
    double brightness = 0;  ///< mean over maps and pixels, in [0, 1]
    double pixel_sd = 0;    ///< standard deviation over maps, averaged over pixels; NaN below two maps
  };
  std::vector<of_class> classes;
};

/// Reads the maps of a manifest's split. Throws format_error where they differ in size.
[[nodiscard]] map_statistics measure_maps(const synthmed::manifest& m, const std::string& split);

/// "arms", "tests" and "baseline_density" of results.json.
struct arms_results {
  nlohmann::ordered_json arms, tests, baseline_density;
  nlohmann::ordered_json generators;  ///< the synthetic arms of several GAN seeds and their spread; null for one
};
[[nodiscard]] arms_results judge_arms(const std::filesystem::path& study, const study_settings& settings,
                                      const synthmed::manifest& real,
                                      const std::map<std::string, map_statistics>& maps);

/// Bars for the maps of a set against the real training maps: the ratio of pixel standard deviations (mean over
/// classes) is at least the first, the mean brightness of no class differs by more than the second.
inline constexpr double variety_bar = 0.80, brightness_bar = 0.08;

/// Below so many subjects in a test set its intervals and p-values are called rough.
inline constexpr std::size_t enough_subjects = 50;

/// A sentence where a set ("test" or "expert") has too few subjects to be sure of its intervals and p-values; else
/// empty.
[[nodiscard]] std::string caution_of(const study_settings& settings, const nlohmann::ordered_json& results,
                                     const std::string& set);

/// An entry of "maps" in words: how much the maps vary, how bright they are, and which bar is missed.
[[nodiscard]] std::string variety_text(const nlohmann::ordered_json& set);

/// An audit in words: flagged or not and, where not, what it would have missed.
[[nodiscard]] std::string audit_text(const nlohmann::ordered_json& audit);

/// What was found, in sentences, a caution first, then the most important, from the rest of results.json.
[[nodiscard]] std::vector<std::string> findings_of(const study_settings& settings,
                                                   const nlohmann::ordered_json& results);

/// The whole of results.json. Throws io_error that names a file which a stage should have written.
[[nodiscard]] nlohmann::ordered_json make_results(const std::filesystem::path& study);

/// The study's own result files under its names and columns, into OUT/study_files.
void write_study_files(const std::filesystem::path& study, const study_settings& settings);

/// results.json without what may differ between two runs of the same study: timing, memory, provenance.run.
[[nodiscard]] nlohmann::ordered_json without_volatile(nlohmann::ordered_json results);

/// The sentence that stands over every result of a phantom.
inline constexpr const char* phantom_sentence =
    "These results come from a phantom, drawn by a program: they are no clinical evidence.";

/// The sentence that stands over every result of preset smoke.
inline constexpr const char* smoke_sentence = "Preset smoke: every stage runs, none long enough to mean anything.";

}  // namespace rop_study

// What `rop_study all` does for a preset: the settings of a study, and its stages.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "stages.hpp"
#include "study_folder.hpp"

namespace rop_study {

/// What the user chose.
struct study_request {
  std::string preset = "quick";
  std::uint64_t seed = 1337;
  std::string backend = "xtensor", device = "cpu";
  std::filesystem::path images;  ///< own pictures: a folder or a manifest; empty: the phantom
  std::string kind = "fundus";   ///< what own pictures are: fundus or rvm
  std::string validation;        ///< "subject", "study" (the published way), or empty: the preset's
  /// Flags handed on to a subcommand, in place of the preset's where they bear the same name.
  std::vector<std::string> prepare_flags, segment_flags, gan_flags, classify_flags;
  std::filesystem::path unet, init, inception;  ///< weights; empty: trained here, random, features of the classifier
  std::optional<int> gan_seeds, cnn_seeds;
};

/// What the presets differ in beside what each subcommand makes of --preset.
struct preset_facts {
  std::vector<std::string> prepare;                            ///< the phantom's flags
  std::vector<std::string> prepare_own = {};                   ///< flags for own pictures: the maps' size and cleaning
  std::vector<std::string> segment = {}, gan = {}, umap = {};  ///< flags of these, beside --preset
  int maps = 0;                                                ///< side of all maps, px
  std::string expert;                                          ///< pictures per class of the expert set
  int gan_seeds = 1, cnn_seeds = 3;
  std::size_t replicates = 2000;
  std::string map_neighbours = "15";
  std::string population, population_name;  ///< the phantom's
};

/// A preset's, with the request's own numbers of seeds. Throws argument_error for an unknown one.
[[nodiscard]] preset_facts facts_of(const study_request& request);

/// Words as one line that a shell would take apart again; those with a space are quoted.
[[nodiscard]] std::string one_line(const std::vector<std::string>& words);

/// Every option in which the study differs from the published protocol, and why.
[[nodiscard]] std::vector<deviation> deviations_of(const study_request& request, const preset_facts& facts,
                                                   const study_settings& settings);

/// Settings and deviations. Throws argument_error for an unknown preset or a choice that does not fit.
[[nodiscard]] study_settings settings_of(const study_request& request);

/// All stages in order, the report apart.
[[nodiscard]] std::vector<stage> plan_of(const study_request& request, const study_settings& settings);

}  // namespace rop_study

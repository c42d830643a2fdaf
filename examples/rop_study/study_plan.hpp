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
  std::filesystem::path images;            ///< own pictures: a folder or a manifest; empty: the phantom
  std::string kind = "fundus";             ///< what own pictures are: fundus or rvm
  std::vector<std::string> prepare_flags;  ///< handed on to prepare, for own pictures
  std::filesystem::path unet, init, inception;  ///< weights; empty: trained here, random, features of the classifier
  std::optional<int> gan_seeds, cnn_seeds;
};

/// Settings and deviations. Throws argument_error for an unknown preset or a choice that does not fit.
[[nodiscard]] study_settings settings_of(const study_request& request);

/// All stages in order, the report apart.
[[nodiscard]] std::vector<stage> plan_of(const study_request& request, const study_settings& settings);

/// What a study of a preset took where it was measured, for --dry-run; empty where it was not.
[[nodiscard]] std::string costs_of(const study_request& request);

}  // namespace rop_study

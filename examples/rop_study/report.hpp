// report.html of a study.
#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "study_folder.hpp"

namespace rop_study {

/// The report as one self-contained page, from results.json and the pictures and logs in the study's folder. Parts whose
/// files are missing are left out and named. Throws synthmed::error.
[[nodiscard]] std::string report_page(const std::filesystem::path& study, const study_settings& settings,
                                      const nlohmann::ordered_json& results);

}  // namespace rop_study

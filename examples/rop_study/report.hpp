// report.html of a study.
#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "study_folder.hpp"

namespace rop_study {

/// The report as one self-contained page, from results.json and the pictures and logs in the study's folder. Parts
/// whose files are missing are left out and named. Throws synthmed::error.
[[nodiscard]] std::string report_page(const std::filesystem::path& study, const study_settings& settings,
                                      const nlohmann::ordered_json& results);

/// Computes and writes results.json, study_files/ and report.html; returns what stands in results.json.
nlohmann::ordered_json write_report(const std::filesystem::path& study);

}  // namespace rop_study

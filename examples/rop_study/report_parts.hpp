// Pictures, curves and the map of a study's report, each as markup; empty text where a stage has left no files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <synthmed/data/manifest.hpp>

#include "study_folder.hpp"

namespace rop_study {

/// Maps of each class from every set that an arm learns from, side by side.
[[nodiscard]] std::string sample_figures(const std::filesystem::path& study, const study_settings& settings);

/// A few test photographs that have a drawn map: what the segmenter saw, the truth, and what it made of it.
[[nodiscard]] std::string segmentation_figures(const std::filesystem::path& study, const synthmed::manifest& data,
                                               const synthmed::manifest& maps);

/// Curves of every log.jsonl below unet/, gan/ and cnn/; the generators in the order of `classes`.
[[nodiscard]] std::string training_figures(const std::filesystem::path& study, const study_settings& settings,
                                           const std::vector<std::string>& classes);

/// UMAP of the real-trained classifier's features, with pictures.
[[nodiscard]] std::string umap_figure(const std::filesystem::path& study, const synthmed::manifest& maps);

/// ROC and precision-recall curves with bands, and confusion matrices, of one test set.
[[nodiscard]] std::string curve_figures(const std::filesystem::path& study, const study_settings& settings,
                                        const std::string& set, const synthmed::manifest& maps,
                                        const nlohmann::ordered_json& results);
[[nodiscard]] std::string confusion_figures(const study_settings& settings, const std::string& set,
                                            const nlohmann::ordered_json& results);

/// The surest mistakes of each arm's first classifier on the test set.
[[nodiscard]] std::string failure_figures(const std::filesystem::path& study, const study_settings& settings,
                                          const synthmed::manifest& maps);

/// The closest pairs of an audit with their pictures.
[[nodiscard]] std::string pair_figures(const std::filesystem::path& study, const nlohmann::ordered_json& audit,
                                       const std::string& set, const synthmed::manifest& maps);

/// "0.912", "-" for null.
[[nodiscard]] std::string rounded(const nlohmann::ordered_json& value, int digits = 3);
/// "0.912 (0.880 to 0.940)"; "1.000 (no interval)" where there is none, or one that every resample agrees on and that
/// therefore bounds nothing.
[[nodiscard]] std::string with_interval(const nlohmann::ordered_json& estimate, int digits = 3);
/// "p = 0.012", "p < 0.0001"
[[nodiscard]] std::string p_text(const nlohmann::ordered_json& p);

}  // namespace rop_study

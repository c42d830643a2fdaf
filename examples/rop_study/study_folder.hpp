// A study's folder: where each part of it lies, and the settings it was begun with. The one place that knows names.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <synthmed/data/manifest.hpp>
#include <synthmed/metrics/predictions.hpp>

namespace rop_study {

/// Something that is done otherwise than in the published study, and why.
struct deviation {
  std::string option;     ///< its name, as in "gan.warm_start"
  std::string published;  ///< what the study did
  std::string here;
  std::string why;
};

/// A folder of maps that classifiers learn from: the whole of an arm's training set is some of these.
struct map_set {
  std::string name;            ///< "rvm", "synthetic", "fresh", "copier"
  std::filesystem::path path;  ///< folder with a manifest.csv, relative to the study
};

/// One arm: what its classifier learns from. All are tested on the same pictures, on segmented maps or on exact ones.
struct study_arm {
  std::string name;                      ///< "real", "synthetic", ...
  std::string title;                     ///< in words
  std::vector<map_set> maps;             ///< their records of split "train"
  std::filesystem::path tested = "rvm";  ///< folder of the maps that it is validated and tested on
};

/// What a study was begun with; `all` writes it, results and report read it.
struct study_settings {
  std::string preset = "quick";
  std::uint64_t seed = 1337;
  std::string backend = "xtensor", device = "cpu";
  std::string data;  ///< "phantom quick", or the user's folder as they named it
  bool phantom = true;
  std::string population;                    ///< whom every figure is about, in words
  std::string population_name = "as given";  ///< the same as a name that stands beside each AUC: "enriched", "natural"
  std::string positive = "plus";
  std::vector<study_arm> arms;
  std::vector<int> cnn_seeds = {1, 2, 3};
  bool own_validation = false;  ///< the published way: the synthetic arm validates on synthetic maps
  std::size_t replicates = 2000;
  double margin = 0.05;  ///< of equivalence in AUC, fixed before looking
  std::vector<deviation> deviations;
  nlohmann::ordered_json options;  ///< every named option and its value
};

/// The text of study.json, and the settings in a folder's. Reading throws io_error or format_error.
[[nodiscard]] std::string settings_text(const study_settings& settings);
[[nodiscard]] study_settings read_settings(const std::filesystem::path& study);

/// The test sets that arms are judged on, by the split of the real manifest.
inline constexpr std::array<const char*, 2> test_sets = {"test", "expert"};

/// OUT/cnn/ARM/seed_K
[[nodiscard]] inline std::filesystem::path cnn_folder(const std::filesystem::path& study, const std::string& arm,
                                                      int seed) {
  return study / "cnn" / arm / ("seed_" + std::to_string(seed));
}

/// The file of a record's vessel map: column "rvm", else the picture itself. Throws format_error where it is none.
[[nodiscard]] std::filesystem::path map_of(const synthmed::manifest& m, const synthmed::manifest_record& record);

/// A JSON file. Throws io_error, or format_error with the parser's words.
[[nodiscard]] nlohmann::ordered_json read_json(const std::filesystem::path& path);

/// One arm's predictions on one test set, a table per classifier seed, all in the order of the first.
struct arm_predictions {
  std::string arm, set;
  std::vector<synthmed::prediction_table> seeds;
  /// Per case of the first table the importance weight back to natural prevalence (the manifest's column "weight",
  /// which the phantom knows); empty where any case has none.
  std::vector<double> weights;
};

/// The predictions of an arm, with subjects from the real manifest where the tables have none. Empty `seeds` where the
/// real manifest has no picture of the set. Throws io_error for a missing table, format_error for one that does not
/// fit.
[[nodiscard]] arm_predictions read_arm(const std::filesystem::path& study, const study_settings& settings,
                                       const std::string& arm, const std::string& set, const synthmed::manifest& real);

}  // namespace rop_study

// What fid, privacy and umap read: feature tables as CSV, folders of pictures, statistics files.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <synthmed/data/picture.hpp>
#include <synthmed/metrics/feature_source.hpp>
#include <synthmed/metrics/feature_statistics.hpp>
#include <synthmed/metrics/fidelity.hpp>

#include "inception.hpp"

namespace CLI {
class App;
}

namespace rop_study {

/// How pictures become features, and what features are called.
struct feature_settings {
  int pixels = 16;      ///< side of the grey thumbnails that folders of pictures are compared by
  std::string name;     ///< of the features of CSV files; "inception-fid" claims the FID network's; default: csv
  std::string profile;  ///< how pictures are prepared for it; needed with inception-fid, pytorch-fid with --inception
  std::filesystem::path inception;  ///< weights: folders are compared by this network's features instead of thumbnails
  std::filesystem::path cache;      ///< folder where its features are kept; empty: nowhere
  bool measure = true;              ///< false: pictures are listed and their features are zeros (--dry-run)
  std::shared_ptr<const inception_network> network{};  ///< what open_inception made of `inception`
};

/// Adds --inception, --feature-cache and --pixels.
void add_feature_options(CLI::App& command, feature_settings& settings);

/// Reads the weights of --inception, if it was given. Throws argument_error where no backend can run them.
void open_inception(feature_settings& settings);

/// One set as it was read.
struct feature_input {
  std::filesystem::path path;
  synthmed::feature_matrix features;
  std::vector<std::string> columns;  ///< names of the features
  std::vector<std::string> ids;  ///< one per row: the id column, the picture's path in its folder, or the row number
  std::vector<std::string> subjects;                 ///< empty where the input names none
  std::vector<std::string> labels;  ///< the column, the manifest's classes, or the names of the folders; may be empty
  std::vector<std::filesystem::path> pictures;       ///< the files, for folders
  std::size_t colourful = 0;                         ///< of them in colour, where thumbnails were made of them
  std::optional<synthmed::feature_moments> moments;  ///< for statistics files, which have no rows
  std::string sha256;                                ///< of the file, or of all the pictures' hashes in order

  [[nodiscard]] synthmed::feature_set set() const { return {features, subjects}; }
};

/// Reads a CSV file (columns id, subject, label and group are optional, all others are features), a folder of pictures
/// (with a manifest.csv, its records and their subjects; else every picture below it, each a subject of its own) or,
/// where `statistics` allows it, a .npz statistics file. Throws io_error or format_error with the place.
[[nodiscard]] feature_input read_features(const std::filesystem::path& path, const feature_settings& settings,
                                          bool statistics = false);

/// Brings the columns of `other` into the order of `first`. Throws format_error when they are not the same ones.
void match_columns(const feature_input& first, feature_input& other);

/// The name of what was read: for folders pixels-N, inception-fid with the FID network's weights, or inception- and the
/// first 8 digits of their SHA-256 with others; for tables the given name or "csv". Throws argument_error where folders
/// and tables are mixed, and for a false claim to be Inception features.
[[nodiscard]] synthmed::feature_source source_of(const std::vector<const feature_input*>& inputs,
                                                 const feature_settings& settings);

/// A warning where the pictures of one set are mostly in colour and those of the other mostly not, as photographs and
/// vessel maps are; else empty.
[[nodiscard]] std::string unlike_pictures(const feature_input& first, const feature_input& other);

/// path, rows, subjects and hash of an input.
[[nodiscard]] nlohmann::ordered_json describe(const feature_input& input);

/// A number, or null for one that is not finite: JSON has no NaN.
[[nodiscard]] nlohmann::ordered_json number(double value);

/// Rounded for the terminal; "-" for NaN.
[[nodiscard]] std::string shown(double value, int digits = 4);

}  // namespace rop_study

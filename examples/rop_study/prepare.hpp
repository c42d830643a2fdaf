// What the parts of `rop_study prepare` share: its settings, and where its pictures come from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <synthmed/data/manifest.hpp>
#include <synthmed/data/picture.hpp>
#include <synthmed/data/split.hpp>
#include <synthmed/imaging/read.hpp>
#include <synthmed/imaging/resize.hpp>
#include <synthmed/imaging/segmenter_input.hpp>

#include "command.hpp"

namespace rop_study {

struct prepare_settings {
  common_options common;
  // Where the pictures come from: one of the two.
  std::string phantom;
  std::filesystem::path images;
  // Other populations of the phantom than its presets name.
  std::optional<std::int64_t> phantom_images, phantom_test;
  std::optional<double> phantom_enrichment;
  std::string phantom_stream;
  // How a folder or manifest is read.
  std::string layout, pattern, mask, fov, kind;
  std::optional<int> label_base;
  std::vector<std::string> columns, exclude, values;  ///< "ours=theirs", "column=value", "column:text=other"
  bool split_by_image = false, resplit = false;
  std::filesystem::path splits;
  std::vector<int> expert;
  std::string deep = "refuse";
  // A table of grades beside the pictures.
  std::filesystem::path raters;
  std::string raters_layout, raters_image, raters_subject, raters_label, raters_columns;
  std::optional<int> raters_headers;
  // What is written.
  std::string frame = "640x480", fit, interpolation;
  std::optional<int> size, floor;
  std::optional<int> photograph_size;  ///< photographs cut as the vessel maps are, of this side (phantom)
  std::optional<double> window;
  bool disc_centre = false;
  std::optional<bool> mirror_left, photographs;
};

/// The pictures of one record before preparation; those that the source does not have are empty.
struct raw_pictures {
  synthmed::picture photograph;  ///< RGB or grey
  synthmed::picture map;         ///< soft or binary vessel map
  synthmed::picture fov;         ///< field of view
  synthmed::picture rvm;         ///< vessel map that is in its final frame already; the map is not resized then
};

/// A data set to prepare: records with their splits, and how to get a record's pictures (from several threads).
struct prepare_source {
  synthmed::manifest data;
  std::vector<std::string> names;  ///< file name of each record's outputs, without extension; unique
  std::vector<std::string> warnings;
  synthmed::grey_statistics statistics;
  std::function<raw_pictures(std::size_t)> read;
};

/// Reads and checks the user's data; `--images`. Throws a sentence for everything that is wrong with it.
prepare_source open_images(const prepare_settings& settings);

/// Draws the phantom's populations; `--phantom`. Also fills in the preset's choices that the user left open.
prepare_source open_phantom(prepare_settings& settings);

}  // namespace rop_study

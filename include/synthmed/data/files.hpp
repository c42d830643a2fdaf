// The pictures that a manifest names, as a dataset.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <synthmed/data/dataset.hpp>
#include <synthmed/data/manifest.hpp>
#include <synthmed/error.hpp>
#include <synthmed/imaging/read.hpp>

namespace synthmed {

/// The path that a record has in a column: image, mask, fov, or any other column of the manifest that holds paths
/// (`rop_study prepare` writes "rvm" and "grey"). Throws format_error when it is empty or missing.
[[nodiscard]] inline std::filesystem::path file_in(const manifest& m, const manifest_record& record,
                                                   const std::string& column) {
  std::filesystem::path file;
  if (column == "image" || column == "mask" || column == "fov")
    file = column == "image" ? record.image : column == "mask" ? record.mask : record.fov;
  else if (const auto it = record.more.find(column); it != record.more.end())
    file = it->second;
  if (file.empty())
    throw format_error(sentence(record.image.string(), " has no file in column \"", column, "\" of its manifest."));
  return m.locate(file);
}

/// The pictures of some records of a manifest as a dataset that reads a file at each image(i); put it into a
/// picture_cache to read each one once. Throws format_error when a record has no file in the column; image(i) throws as
/// read_picture.
[[nodiscard]] inline auto picture_files(const manifest& m, const std::vector<std::size_t>& records,
                                        const std::string& column = "image",
                                        const read_options& options = {.colour = picture_colour::grey}) {
  std::vector<int> labels;
  std::vector<std::filesystem::path> files;
  for (const auto i : records) {
    labels.push_back(m.records.at(i).label);
    files.push_back(file_in(m, m.records.at(i), column));
  }
  return lazy_dataset(std::move(labels),
                      [files = std::move(files), options](std::size_t i) { return read_picture(files[i], options); });
}

}  // namespace synthmed

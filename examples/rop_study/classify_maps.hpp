// The maps that classifiers learn from and are asked about, and the names that commands have for what they choose.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <synthmed/data/dataset.hpp>
#include <synthmed/data/loader.hpp>

#include "classify.hpp"

namespace rop_study {

/// Maps with what is known of each, in the order of their manifests.
struct map_list {
  std::vector<std::filesystem::path> files;
  std::vector<int> labels;  ///< -1: no grade
  std::vector<std::string> ids, subjects;
  std::string source;  ///< folders, for messages

  [[nodiscard]] std::size_t size() const noexcept { return files.size(); }
};

/// Which maps of a manifest are taken.
enum class map_grades { graded, any };

/// Adds the maps of one split (empty: all) of the manifest in a folder.
void add_maps(map_list& list, const std::filesystem::path& folder, const std::string& split,
              map_grades which = map_grades::graded);

using map_cache = synthmed::picture_cache<synthmed::memory_dataset>;

/// The maps in grey, brought to a side, values below the floor set to 0.
[[nodiscard]] std::shared_ptr<const map_cache> read_maps(const map_list& list, int side, int floor);

/// Batches in order, for validation, tests and scores.
[[nodiscard]] synthmed::train::picture_sequence in_order(std::shared_ptr<const map_cache> maps, std::int64_t batch);

/// --average-flips: none, horizontal or both. Throws argument_error for another name.
[[nodiscard]] synthmed::train::flip_averaging flips_named(const std::string& name);
[[nodiscard]] std::string to_string(synthmed::train::flip_averaging flips);

/// A network by its name in a file. Throws argument_error for another.
[[nodiscard]] classifier_network classifier_named(const std::string& name);

/// The engine of a backend ("xtensor" or "torch"). Throws argument_error for one that is not compiled in.
[[nodiscard]] std::unique_ptr<classifier_engine> classifier_on(const std::string& backend, const std::string& device,
                                                               classifier_network network);

}  // namespace rop_study

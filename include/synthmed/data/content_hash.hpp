// Hashes of what a data set holds, so that a run is not continued on other data by mistake. Needs target
// synthmed::hash.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <synthmed/data/dataset.hpp>
#include <synthmed/error.hpp>
#include <synthmed/io/hash.hpp>
#include <synthmed/parallel.hpp>

namespace synthmed {

/// SHA-256 over sizes, pixels and labels of all pictures in their order: another picture, label or order gives another
/// hash, another place or file format of the same pixels does not. Reads every picture once.
template <dataset D>
[[nodiscard]] std::string content_hash(const D& data) {
  const auto n = static_cast<std::int64_t>(data.size());
  std::vector<std::string> parts(data.size());
  parallel_for(n, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const auto index = static_cast<std::size_t>(i);
      const picture seen = data.image(index);
      std::string bytes =
          sentence(seen.height(), " ", seen.width(), " ", seen.channels(), " ", data.label(index), "\n");
      bytes.append(reinterpret_cast<const char*>(seen.pixels().data()), seen.pixels().size());
      parts[index] = sha256(bytes);
    }
  });
  std::string all = sentence("pictures ", n, "\n");
  for (const auto& part : parts) all += part;
  return sha256(all);
}

/// SHA-256 over the bytes of files in their order; their names do not count. Throws io_error.
[[nodiscard]] inline std::string content_hash(std::span<const std::filesystem::path> files) {
  std::vector<std::string> parts(files.size());
  parallel_for(static_cast<std::int64_t>(files.size()), 1, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i)
      parts[i] = sha256_file(files[i]);
  });
  std::string all = sentence("files ", files.size(), "\n");
  for (const auto& part : parts) all += part;
  return sha256(all);
}

}  // namespace synthmed

// A folder for one test case that is removed afterwards, and small pictures to put into it.
#pragma once

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include <unistd.h>

#include <synthmed/data/picture.hpp>
#include <synthmed/io/file.hpp>
#include <synthmed/random/distributions.hpp>

namespace synthmed_test {

class scratch {
 public:
  scratch() {
    static std::atomic<int> count{0};
    path_ = std::filesystem::temp_directory_path() /
            ("synthmed_test_" + std::to_string(::getpid()) + "_" + std::to_string(count++));
    std::filesystem::create_directories(path_);
  }
  ~scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

  /// Writes a file, and the folders above it.
  std::filesystem::path put(std::string_view name, std::string_view content) const {
    const auto file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    synthmed::write_file(file, content);
    return file;
  }

 private:
  std::filesystem::path path_;
};

/// A picture of noise, different for every seed.
inline synthmed::picture noise(std::uint64_t seed, int height = 16, int width = 16, int channels = 1) {
  synthmed::picture p(height, width, channels);
  synthmed::random_stream random{synthmed::key(seed)};
  for (auto& value : p.pixels()) value = static_cast<std::uint8_t>(random() >> 24);
  return p;
}

/// The folder of real data, or nothing when SYNTHMED_TEST_DATA is not set.
inline std::filesystem::path real_data() {
  const char* const folder = std::getenv("SYNTHMED_TEST_DATA");
  return folder == nullptr ? std::filesystem::path() : std::filesystem::path(folder);
}

}  // namespace synthmed_test

// A file that grows with a run: cut on opening to what a resumed run keeps, brought to disk when a checkpoint is
// written.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include <unistd.h>

#include <synthmed/error.hpp>
#include <synthmed/io/file.hpp>

namespace synthmed::train {

/// Appends to a file from a given length on. Every failure throws io_error with the path and the system's reason.
class log_file {
 public:
  /// keep(content) says how many bytes of what is there already stay; the rest is cut off. A missing file is made.
  template <class Keep>
  log_file(std::filesystem::path path, Keep&& keep) : path_(std::move(path)) {
    if (path_.has_parent_path()) make_folder(path_.parent_path());
    if (std::filesystem::is_regular_file(path_)) {
      const std::string content = read_file(path_, std::uint64_t{1} << 36);
      std::error_code failed;
      std::filesystem::resize_file(path_, keep(std::string_view(content)), failed);
      if (failed) throw io_error(sentence("Cannot cut ", path_.string(), ": ", failed.message(), "."));
    }
    file_ = std::fopen(path_.c_str(), "ab");
    if (file_ == nullptr) fail();
  }
  log_file(log_file&& other) noexcept : path_(std::move(other.path_)), file_(std::exchange(other.file_, nullptr)) {}
  log_file& operator=(log_file&&) = delete;
  ~log_file() {
    if (file_ != nullptr) std::fclose(file_);
  }

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

  /// Appends the bytes and hands them to the system, so that they outlive this process.
  void write(std::string_view bytes) {
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size() || std::fflush(file_) != 0) fail();
  }

  /// Waits until everything is on the disk.
  void sync() {
    if (std::fflush(file_) != 0 || ::fsync(::fileno(file_)) != 0) fail();
  }

 private:
  [[noreturn]] void fail() const {
    throw io_error(sentence("Cannot write ", path_.string(), ": ", std::strerror(errno), "."));
  }

  std::filesystem::path path_;
  std::FILE* file_ = nullptr;
};

}  // namespace synthmed::train

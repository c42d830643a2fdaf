// Whole files: read with a bound, written under a temporary name and renamed, so that no half file ever bears the final
// name.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>

#include <unistd.h>

#include <synthmed/error.hpp>

namespace synthmed {

/// The content of a regular file. Throws io_error (with the path and the system's reason) when it cannot be read,
/// and format_error when it is larger than `limit` bytes.
[[nodiscard]] inline std::string read_file(const std::filesystem::path& path,
                                           std::uint64_t limit = std::uint64_t{1} << 34) {
  std::error_code failed;
  const auto status = std::filesystem::status(path, failed);
  if (!std::filesystem::exists(status)) throw io_error(sentence("There is no file ", path.string(), "."));
  if (!std::filesystem::is_regular_file(status))
    throw io_error(sentence(path.string(), " is not a regular file; expected a file to read."));
  const auto size = std::filesystem::file_size(path, failed);
  if (failed) throw io_error(sentence("Cannot read ", path.string(), ": ", failed.message(), "."));
  if (size > limit)
    throw format_error(sentence(path.string(), " has ", size, " bytes; at most ", limit, " are accepted here."));
  std::ifstream in(path, std::ios::binary);
  std::string content(static_cast<std::size_t>(size), '\0');
  if (!in || (size > 0 && !in.read(content.data(), static_cast<std::streamsize>(size))))
    throw io_error(sentence("Cannot read ", path.string(), ": ", std::strerror(errno), "."));
  return content;
}

/// A file being written: bytes go to a temporary neighbour; commit() flushes it to disk and renames it to its final
/// name. Without commit() nothing is left. Every failure throws io_error with the path and the system's reason.
class atomic_file {
 public:
  explicit atomic_file(std::filesystem::path path) : path_(std::move(path)) {
    temporary_ = path_;
    temporary_ += ".partial" + std::to_string(::getpid());
    file_ = std::fopen(temporary_.c_str(), "wb");
    if (file_ == nullptr) fail("Cannot create");
  }
  atomic_file(const atomic_file&) = delete;
  atomic_file& operator=(const atomic_file&) = delete;
  ~atomic_file() {
    if (file_ != nullptr) {
      std::fclose(file_);
      ::unlink(temporary_.c_str());
    }
  }

  void write(std::string_view bytes) {
    if (!bytes.empty() && std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) fail("Cannot write");
  }
  void write(std::span<const std::byte> bytes) {
    write(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }

  void commit() {
    if (std::fflush(file_) != 0 || ::fsync(::fileno(file_)) != 0) fail("Cannot write");
    std::FILE* const file = file_;
    file_ = nullptr;
    if (std::fclose(file) != 0 || std::rename(temporary_.c_str(), path_.c_str()) != 0) {
      const int reason = errno;
      ::unlink(temporary_.c_str());
      errno = reason;
      fail("Cannot write");
    }
  }

 private:
  [[noreturn]] void fail(std::string_view what) const {
    throw io_error(sentence(what, " ", path_.string(), ": ", std::strerror(errno), "."));
  }

  std::filesystem::path path_, temporary_;
  std::FILE* file_ = nullptr;
};

/// Writes a whole file atomically. Throws io_error.
inline void write_file(const std::filesystem::path& path, std::string_view content) {
  atomic_file file(path);
  file.write(content);
  file.commit();
}

/// Makes a folder and its parents. Throws io_error when that fails or a file stands in the way.
inline void make_folder(const std::filesystem::path& path) {
  std::error_code failed;
  std::filesystem::create_directories(path, failed);
  if (failed || !std::filesystem::is_directory(path))
    throw io_error(sentence("Cannot make the folder ", path.string(), ": ",
                            failed ? failed.message() : std::string("something else bears this name"), "."));
}

}  // namespace synthmed

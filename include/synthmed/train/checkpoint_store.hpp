// A folder of checkpoints of one run: written whole or not at all, checked on the way in, the newest few kept.
#pragma once

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>
#include <zlib.h>

#include <synthmed/error.hpp>
#include <synthmed/io/file.hpp>
#include <synthmed/io/safetensors.hpp>
#include <synthmed/parallel.hpp>
#include <synthmed/train/trainer.hpp>
#include <synthmed/version.hpp>

namespace synthmed::train {

/// What a store's checkpoints say beside the trainer, and how many are kept.
struct checkpoint_options {
  int keep = 2;           ///< newest checkpoints that stay on disk; at least 1
  std::string data{};     ///< hash of the data set's content (data/content_hash.hpp); other data are refused on resume
  std::string backend{};  ///< B::name(): backend, libraries, instruction set; another one gives a warning
  std::string about{};  ///< what the trainer does not know of the run (the program's seed, ...); another one is refused
};

/// Called with a whole sentence when a run goes on although something is not as it was.
using warning = std::function<void(const std::string&)>;

namespace detail {

inline constexpr std::string_view checkpoint_format = "synthmed checkpoint 1";
inline constexpr std::string_view no_checksum = "00000000";

/// The widest vector instructions that this program was compiled for, and those of the CPU, on which libraries that
/// generate code decide.
[[nodiscard]] inline std::string instruction_sets() {
  std::string cpu = "unknown";
#if defined(__x86_64__)
  cpu = __builtin_cpu_supports("avx512f") ? "AVX-512"
        : __builtin_cpu_supports("avx2")  ? "AVX2"
        : __builtin_cpu_supports("avx")   ? "AVX"
                                          : "SSE2";
#endif
#if defined(__AVX512F__)
  return "AVX-512, CPU " + cpu;
#elif defined(__AVX2__)
  return "AVX2, CPU " + cpu;
#elif defined(__AVX__)
  return "AVX, CPU " + cpu;
#elif defined(__x86_64__)
  return "SSE2, CPU " + cpu;
#elif defined(__aarch64__)
  return "NEON, CPU " + cpu;
#else
  return "scalar, CPU " + cpu;
#endif
}

[[nodiscard]] inline std::string compiler_name() {
#if defined(__clang__)
  return "clang " __clang_version__;
#elif defined(__GNUC__)
  return "g++ " __VERSION__;
#else
  return "unknown";
#endif
}

/// Where the eight letters of the checksum stand in a checkpoint's bytes; nothing when there are none.
[[nodiscard]] inline std::optional<std::size_t> checksum_place(std::string_view bytes) {
  constexpr std::string_view key = "\"checksum\":\"";
  const auto found = bytes.find(key);
  if (found == std::string_view::npos || found + key.size() + no_checksum.size() > bytes.size()) return std::nullopt;
  return found + key.size();
}

/// CRC-32 of the bytes, in which the checksum's own letters count as zeros.
[[nodiscard]] inline std::string checksum_of(std::string_view bytes, std::size_t place) {
  const auto part = [](uLong crc, std::string_view s) {
    while (!s.empty()) {
      const auto now = std::min<std::size_t>(s.size(), std::size_t{1} << 30);
      crc = ::crc32(crc, reinterpret_cast<const Bytef*>(s.data()), static_cast<uInt>(now));
      s.remove_prefix(now);
    }
    return crc;
  };
  uLong crc = part(::crc32(0, nullptr, 0), bytes.substr(0, place));
  crc = part(crc, no_checksum);
  crc = part(crc, bytes.substr(place + no_checksum.size()));
  std::string text;
  for (int shift = 28; shift >= 0; shift -= 4) text += "0123456789abcdef"[(crc >> shift) & 15];
  return text;
}

}  // namespace detail

/// Checkpoints `checkpoint-<step>.safetensors` of one run in one folder. The disk holds at most `keep` of them, and one
/// more while it is being written.
class checkpoint_store {
 public:
  /// Makes the folder, and removes what a killed process left half written. Throws argument_error for keep below 1 and
  /// io_error when the folder cannot be made.
  explicit checkpoint_store(std::filesystem::path folder, checkpoint_options options = {})
      : folder_(std::move(folder)), options_(std::move(options)) {
    if (options_.keep < 1)
      throw argument_error(sentence("A checkpoint store keeps at least 1 checkpoint, got ", options_.keep, "."));
    make_folder(folder_);
    remove_partial();
  }

  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }

  /// The name of the checkpoint from which a run goes on with `next_step`.
  [[nodiscard]] std::filesystem::path path_of(std::int64_t next_step) const {
    std::string digits = std::to_string(next_step);
    if (digits.size() < 9) digits.insert(0, 9 - digits.size(), '0');
    return folder_ / sentence("checkpoint-", digits, ".safetensors");
  }

  /// The steps of all checkpoints in the folder, newest first, intact or not.
  [[nodiscard]] std::vector<std::int64_t> steps() const {
    std::vector<std::int64_t> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      const std::string name = entry.path().filename().string();
      constexpr std::string_view head = "checkpoint-", tail = ".safetensors";
      if (name.size() <= head.size() + tail.size() || !name.starts_with(head) || !name.ends_with(tail)) continue;
      std::int64_t step = 0;
      const char* const last = name.data() + name.size() - tail.size();
      const auto [end, failed] = std::from_chars(name.data() + head.size(), last, step);
      if (failed == std::errc{} && end == last && step >= 0 && path_of(step).filename() == name) found.push_back(step);
    }
    std::sort(found.rbegin(), found.rend());
    return found;
  }

  /// Throws argument_error when the folder holds checkpoints: a new run would mix with an old one.
  void require_empty() const {
    if (const auto found = steps(); !found.empty())
      throw argument_error(sentence(path_of(found.front()).string(),
                                    " is there already; continue it with --resume, or give another --out."));
  }

  /// Keeps other processes from training in this folder while the result lives, also after a kill -9 not a moment
  /// longer; run() holds it. Throws io_error when another one is training there. File systems without locks give none.
  [[nodiscard]] std::shared_ptr<const void> lock() const {
    if (auto held = lock_.lock()) return held;
    const int folder = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) throw io_error(sentence("Cannot open ", folder_.string(), ": ", std::strerror(errno), "."));
    const std::shared_ptr<const void> held(this, [folder](const void*) { ::close(folder); });
    if (::flock(folder, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
      throw io_error(
          sentence("Another run is training in ", folder_.string(), "; wait for it, or give another --out."));
    lock_ = held;
    return held;
  }

  /// Writes the trainer's state as it is now, then removes what exceeds `keep`. Throws io_error when that fails, with
  /// the older checkpoints intact and nothing half written.
  template <trainer T>
  std::filesystem::path write(const T& t) const {
    safetensors_writer file;
    t.write(file);
    const std::int64_t next = t.next_step();
    file.set_metadata("format", std::string(detail::checkpoint_format));
    file.set_metadata("trainer", t.identity());
    file.set_metadata("data", options_.data);
    file.set_metadata("about", options_.about);
    file.set_metadata("next step", std::to_string(next));
    for (const auto& [name, value] : environment()) file.set_metadata(name, value);
    file.set_metadata("checksum", std::string(detail::no_checksum));
    std::string bytes = file.bytes();
    const std::size_t place = *detail::checksum_place(bytes);
    bytes.replace(place, detail::no_checksum.size(), detail::checksum_of(bytes, place));
    const auto path = path_of(next);
    write_file(path, bytes);
    prune(next);
    return path;
  }

  /// Reads the newest intact checkpoint into the trainer and returns its path; nothing when the folder has none. A
  /// damaged one is passed over with a warning that names it and the one taken. Throws format_error when all are
  /// damaged, or when the newest intact one belongs to another trainer, data set or format; the trainer is then as it
  /// was. Warns once when version, threads, compiler, instruction set or backend differ: the run goes on, but perhaps
  /// not to the same bytes.
  template <trainer T>
  std::optional<std::filesystem::path> resume(T& t, const warning& warn = {}) const {
    std::string damage;
    for (const std::int64_t step : steps()) {
      const auto path = path_of(step);
      std::optional<safetensors> file;
      try {
        file = read(path);
      } catch (const format_error& problem) {
        damage += sentence(damage.empty() ? "" : " ", problem.what());
        continue;
      }
      require_same(*file, path, t.identity());
      try {
        t.read(*file);
      } catch (const format_error& problem) {
        throw format_error(sentence(path.string(), ": ", problem.what()));
      }
      if (t.next_step() != step)
        throw format_error(
            sentence(path.string(), " goes on with step ", t.next_step(), ", its name says ", step, "."));
      if (warn && !damage.empty()) warn(sentence(damage, " The run goes on from ", path.string(), "."));
      if (warn) warn_of_differences(*file, path, warn);
      return path;
    }
    if (!damage.empty())
      throw format_error(
          sentence(damage, " No intact checkpoint is left; remove ", folder_.string(), " to begin anew."));
    return std::nullopt;
  }

  /// A checkpoint whose checksum is right. Throws format_error when it is damaged, io_error when it cannot be read.
  [[nodiscard]] static safetensors read(const std::filesystem::path& path) {
    std::string bytes = read_file(path, std::uint64_t{1} << 36);
    const auto place = detail::checksum_place(bytes);
    if (!place) throw format_error(sentence(path.string(), " is no intact checkpoint: it bears no checksum."));
    const std::string said = bytes.substr(*place, detail::no_checksum.size()), is = detail::checksum_of(bytes, *place);
    if (said != is)
      throw format_error(sentence(path.string(), " is damaged: its checksum is ", is, ", but it says ", said, "."));
    return safetensors::parse(std::move(bytes), path.string());
  }

 private:
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> environment() const {
    return {{"synthmed", SYNTHMED_VERSION},
            {"threads", std::to_string(threads())},
            {"compiler", detail::compiler_name()},
            {"isa", detail::instruction_sets()},
            {"backend", options_.backend}};
  }

  [[nodiscard]] static std::string stored(const safetensors& file, const std::string& name) {
    const auto found = file.metadata().find(name);
    return found == file.metadata().end() ? std::string() : found->second;
  }

  void require_same(const safetensors& file, const std::filesystem::path& path, const std::string& identity) const {
    const auto same = [&](const std::string& name, const std::string& what, std::string_view expected) {
      if (const auto found = stored(file, name); found != expected)
        throw format_error(sentence(path.string(), " belongs to ", what, ": it says \"", found, "\", this run is \"",
                                    expected, "\"."));
    };
    same("format", "another format version", detail::checkpoint_format);
    same("trainer", "another run", identity);
    same("data", "another data set", options_.data);
    if (file.metadata().contains("about")) same("about", "another run", options_.about);
  }

  void warn_of_differences(const safetensors& file, const std::filesystem::path& path, const warning& warn) const {
    std::string differences;
    for (const auto& [name, now] : environment())
      if (const auto then = stored(file, name); then != now)
        differences += sentence(differences.empty() ? "" : "; ", name, " was \"", then, "\" and is \"", now, "\"");
    if (!differences.empty())
      warn(sentence(path.string(), " was written elsewhere (", differences,
                    "): the run goes on, but not necessarily to the same bytes."));
  }

  /// Keeps the newest checkpoints up to `next`; later ones were damaged, or the run would have gone on from them.
  void prune(std::int64_t next) const {
    int kept = 0;
    for (const std::int64_t step : steps()) {
      if (step <= next && kept < options_.keep) {
        ++kept;
        continue;
      }
      std::error_code ignored;
      std::filesystem::remove(path_of(step), ignored);
    }
  }

  void remove_partial() const {
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      const std::string name = entry.path().filename().string();
      constexpr std::string_view tail = ".safetensors.partial";
      const auto at = name.find(tail);
      if (at == std::string::npos || !name.starts_with("checkpoint-")) continue;
      int process = 0;
      const char* const first = name.data() + at + tail.size();
      const auto parsed = std::from_chars(first, name.data() + name.size(), process);
      if (parsed.ec == std::errc{} && process > 0 && process != static_cast<int>(::getpid()) && ::kill(process, 0) == 0)
        continue;  // its writer is alive
      std::error_code ignored;
      std::filesystem::remove(entry.path(), ignored);
    }
  }

  std::filesystem::path folder_;
  checkpoint_options options_;
  mutable std::weak_ptr<const void> lock_;
};

}  // namespace synthmed::train

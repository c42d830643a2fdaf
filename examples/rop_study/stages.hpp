// A study as stages: each a child process of this program, marked as done by its results' hashes, so that a study
// killed at any moment goes on where it was.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace rop_study {

/// One stage. Paths are relative to the study's folder, which is where its process runs.
struct stage {
  std::string name;                            ///< file name of its record, such as "gan-plus"
  std::vector<std::string> arguments;          ///< of rop_study
  std::vector<std::filesystem::path> inputs;   ///< files whose content it depends on, beside its arguments
  std::vector<std::filesystem::path> outputs;  ///< files that it leaves; their hashes mark it as done
  std::vector<std::filesystem::path> folders;  ///< its own: removed before it begins anew
  std::vector<std::string> after;              ///< stages that must be done before
  int threads = 1;                             ///< cores it keeps busy
  bool resumes = false;                        ///< understands --resume and goes on from what is in its folder
  /// Looks at what it left, before any later stage begins, and throws synthmed::error where they could not go on.
  std::function<void(const std::filesystem::path& study)> check = {};
};

/// What is known of a stage that was done.
struct stage_record {
  std::string name;
  std::vector<std::string> arguments;
  std::map<std::string, std::string> outputs;  ///< path to SHA-256
  std::string key;                             ///< hash of arguments, inputs and the library's version
  double began = 0, ended = 0;                 ///< seconds since 1970
  double seconds = 0;                          ///< of the attempt that ended well
  double peak_mib = 0;
};

/// How stages are run.
struct stage_runner_options {
  std::filesystem::path program;                ///< this program's file
  int cores = 2;                                ///< stages run side by side while their threads fit
  std::function<void(const std::string&)> say;  ///< a line for the user
};

/// Runs what is not done yet, in an order that `after` allows. Returns false when Ctrl-C or SIGTERM ended it: the
/// stages at work then stopped with a checkpoint, or are begun anew next time. Throws error with the last lines of a
/// stage's log when one fails, argument_error for a plan that cannot be done.
[[nodiscard]] bool run_stages(const std::filesystem::path& study, const std::vector<stage>& plan,
                              const stage_runner_options& options);

/// The records of all stages that are done, by name.
[[nodiscard]] std::vector<stage_record> read_stages(const std::filesystem::path& study);

/// Seconds in which any stage ran; pauses between two sittings do not count.
[[nodiscard]] double elapsed_seconds(const std::vector<stage_record>& records);

/// The largest sum of peak memory over stages that ran at the same time: an upper bound of what was used at once.
[[nodiscard]] double peak_mib(const std::vector<stage_record>& records);

/// Keeps a second process out of a study's folder while it lives. Throws io_error when one is at work there.
class study_lock {
 public:
  explicit study_lock(const std::filesystem::path& study);
  study_lock(const study_lock&) = delete;
  study_lock& operator=(const study_lock&) = delete;
  ~study_lock();

 private:
  int file_ = -1;
};

}  // namespace rop_study

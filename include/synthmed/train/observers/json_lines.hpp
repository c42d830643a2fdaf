// A log of JSON lines, one per step; of a resumed run the same bytes as of one that was never stopped.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <synthmed/error.hpp>
#include <synthmed/train/observer.hpp>
#include <synthmed/train/observers/log_file.hpp>

namespace synthmed::train {

/// Writes {"step":12,"stage":1,"loss":0.25,...} for every step, or every so manieth. Numbers have the shortest form
/// that reads back exactly; what is not finite is null. No times are written: the log of a run is a function of the
/// run.
class json_lines : public quiet_observer {
 public:
  /// Opens the log and cuts it to the steps before `next_step`: a run that was killed has logged more than its
  /// checkpoint holds. A line that is no such line ends what is kept. Throws argument_error for every < 1, io_error.
  explicit json_lines(const std::filesystem::path& path, std::int64_t next_step = 0, std::int64_t every = 1)
      : every_(every), file_(path, [next_step](std::string_view content) { return kept(content, next_step); }) {
    if (every < 1) throw argument_error(sentence("A log is written every 1 or more steps, got ", every, "."));
  }

  verdict on_step(const step_event& e) {
    if (e.step % every_ != 0) return verdict::go_on;
    line_ = sentence(opening, e.step, ",\"stage\":", e.stage);
    for (const auto& v : e.values) {
      line_ += ",\"";
      for (const char c : v.name) {
        if (c == '"' || c == '\\') line_ += '\\';
        line_ += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
      }
      line_ += std::isfinite(v.value) ? sentence("\":", v.value) : std::string("\":null");
    }
    line_ += "}\n";
    file_.write(line_);
    return verdict::go_on;
  }
  void on_checkpoint(const checkpoint_event&) { file_.sync(); }

 private:
  static constexpr std::string_view opening = "{\"step\":";

  [[nodiscard]] static std::uintmax_t kept(std::string_view content, std::int64_t next_step) {
    std::size_t end = 0;
    for (;;) {
      const auto newline = content.find('\n', end);
      if (newline == std::string_view::npos) return end;
      const auto line = content.substr(end, newline - end);
      std::int64_t step = 0;
      if (!line.starts_with(opening) || !line.ends_with('}') ||
          std::from_chars(line.data() + opening.size(), line.data() + line.size(), step).ec != std::errc{} ||
          step >= next_step)
        return end;
      end = newline + 1;
    }
  }

  std::int64_t every_;
  log_file file_;
  std::string line_;
};

static_assert(explain_observer<json_lines>());

}  // namespace synthmed::train

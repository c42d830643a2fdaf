// What the tests of rop_study share: a folder of their own, the program's outcome, files with their bytes, feature
// tables.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include <support/catch.hpp>

#include <synthmed/io/csv.hpp>
#include <synthmed/metrics/features.hpp>
#include <synthmed/random/distributions.hpp>

namespace synthmed_test {

/// A temporary folder that goes with the test.
class workplace {
 public:
  explicit workplace(const std::string& name)
      : path_(std::filesystem::temp_directory_path() / ("synthmed_" + name + "_" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~workplace() { std::filesystem::remove_all(path_); }
  workplace(const workplace&) = delete;
  workplace& operator=(const workplace&) = delete;
  [[nodiscard]] std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

struct outcome {
  int status = -1;
  std::string out, err;
};

/// Runs `rop_study <arguments>`.
inline outcome rop_study(const workplace& at, const std::string& arguments) {
  const std::string command =
      std::string(ROP_STUDY) + " " + arguments + " >'" + (at / "stdout") + "' 2>'" + (at / "stderr") + "'";
  const int code = std::system(command.c_str());
  return {WIFEXITED(code) ? WEXITSTATUS(code) : -1, synthmed::read_file(at / "stdout"),
          synthmed::read_file(at / "stderr")};
}

inline nlohmann::json json_of(const std::string& path) { return nlohmann::json::parse(synthmed::read_file(path)); }

/// Every file below a folder with its bytes, in the order of names; paths with `but` in them are left out
/// ("tensorboard": its logs hold times).
inline std::vector<std::pair<std::string, std::string>> contents(const std::filesystem::path& folder,
                                                                 const std::string& but = {}) {
  namespace fs = std::filesystem;
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = fs::relative(entry.path(), folder).string();
    if (entry.is_regular_file() && (but.empty() || name.find(but) == std::string::npos))
      out.emplace_back(name, synthmed::read_file(entry.path()));
  }
  std::sort(out.begin(), out.end());
  return out;
}

/// Bad input: status 2, one line on stderr that holds `part`, no output folder.
inline void check_refused(const workplace& at, const std::string& arguments, const std::string& part) {
  INFO(arguments);
  const auto run = rop_study(at, arguments + " --out '" + (at / "refused") + "'");
  CHECK(run.status == 2);
  CHECK(contains(run.err, part));
  CHECK(std::count(run.err.begin(), run.err.end(), '\n') == 1);
  CHECK_FALSE(std::filesystem::exists(at / "refused"));
}

/// id,subject,f0.. from a table; every `images` rows are one subject. Writes the file and returns its path, quoted.
inline std::string write_features(const workplace& at, const std::string& name, synthmed::feature_view x,
                                  std::size_t images = 1) {
  std::string text = "id,subject";
  for (std::size_t j = 0; j < x.dimensions(); ++j) text += synthmed::sentence(",f", j);
  text += '\n';
  for (std::size_t i = 0; i < x.rows(); ++i) {
    text += synthmed::sentence(name, "_", i, ",", name, "_", i / images);
    for (const double value : x.row(i)) text += "," + synthmed::csv_number(value);
    text += '\n';
  }
  synthmed::write_file(at / (name + ".csv"), text);
  return "'" + (at / (name + ".csv")) + "'";
}

}  // namespace synthmed_test

// Stages as child processes: bounded memory, one place for kill and resume, results that mark what is done.
#include "stages.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>
#include <set>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include <synthmed/error.hpp>
#include <synthmed/io/file.hpp>
#include <synthmed/io/hash.hpp>
#include <synthmed/version.hpp>

#include "study_folder.hpp"

namespace rop_study {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using synthmed::sentence;

namespace {

volatile std::sig_atomic_t stop_asked_by_signal = 0;

/// While it lives, Ctrl-C and SIGTERM set a flag instead of ending this process; the children get Ctrl-C themselves.
class signal_watch {
 public:
  signal_watch() {
    stop_asked_by_signal = 0;
    struct sigaction action {};
    action.sa_handler = [](int) { stop_asked_by_signal = 1; };  // no SA_RESTART: waiting for children is interrupted
    ::sigaction(SIGINT, &action, &before_[0]);
    ::sigaction(SIGTERM, &action, &before_[1]);
  }
  signal_watch(const signal_watch&) = delete;
  signal_watch& operator=(const signal_watch&) = delete;
  ~signal_watch() {
    ::sigaction(SIGINT, &before_[0], nullptr);
    ::sigaction(SIGTERM, &before_[1], nullptr);
  }

 private:
  struct sigaction before_[2];
};

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

fs::path record_path(const fs::path& study, const std::string& name) { return study / "stages" / (name + ".json"); }
fs::path begun_path(const fs::path& study, const std::string& name) { return study / "stages" / (name + ".begun"); }
fs::path log_path(const fs::path& study, const std::string& name) { return study / "stages" / (name + ".log"); }

std::string key_of(const fs::path& study, const stage& s) {
  std::string all = sentence(SYNTHMED_VERSION, '\n');
  for (const auto& a : s.arguments) all += a + '\n';
  for (const auto& file : s.inputs)
    all += sentence(file.generic_string(), ' ', synthmed::sha256_file(study / file), '\n');
  return synthmed::sha256(all);
}

stage_record read_record(const fs::path& path) {
  const auto j = read_json(path);
  try {
    return {j.at("name"),
            j.at("arguments").get<std::vector<std::string>>(),
            j.at("outputs").get<std::map<std::string, std::string>>(),
            j.at("key"),
            j.at("began"),
            j.at("ended"),
            j.at("seconds"),
            j.at("peak_mib")};
  } catch (const ordered_json::exception& problem) {
    throw synthmed::format_error(sentence(path.string(), " is no record of a stage: ", problem.what(), "."));
  }
}

/// Whether a stage's record stands, for these arguments and inputs, and its results are what they were.
bool is_done(const fs::path& study, const stage& s) {
  const auto path = record_path(study, s.name);
  if (!fs::exists(path)) return false;
  const auto record = read_record(path);
  if (record.key != key_of(study, s)) return false;
  for (const auto& file : s.outputs) {
    const auto it = record.outputs.find(file.generic_string());
    if (it == record.outputs.end() || !fs::exists(study / file) || synthmed::sha256_file(study / file) != it->second)
      return false;
  }
  return true;
}

struct running {
  const stage* what;
  ::pid_t process;
  std::string key;
  double began;
};

::pid_t start(const fs::path& study, const stage& s, const fs::path& program, bool resume) {
  std::vector<std::string> words{program.string()};
  words.insert(words.end(), s.arguments.begin(), s.arguments.end());
  if (resume) words.emplace_back("--resume");
  std::vector<char*> argv;
  for (auto& w : words) argv.push_back(w.data());
  argv.push_back(nullptr);
  const std::string folder = study.string(), log = fs::absolute(log_path(study, s.name)).string();
  const ::pid_t parent = ::getpid(), child = ::fork();
  if (child < 0) throw synthmed::io_error(sentence("Cannot start the stage ", s.name, ": ", std::strerror(errno), "."));
  if (child > 0) return child;
  // In the child, only calls that are safe after fork. It dies with its parent, however that ends.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (out < 0 || ::dup2(out, STDOUT_FILENO) < 0 || ::dup2(out, STDERR_FILENO) < 0 || ::chdir(folder.c_str()) != 0)
    ::_exit(127);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

std::string last_lines(const fs::path& log) {
  std::string text = fs::exists(log) ? synthmed::read_file(log) : std::string();
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  if (const auto from = text.rfind("\nrop_study: "); from != std::string::npos) return text.substr(from + 1);
  return text.size() > 600 ? "..." + text.substr(text.size() - 600) : text;
}

std::string seconds_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f s", seconds);
  return text;
}

}  // namespace

study_lock::study_lock(const fs::path& study) {
  const std::string path = (study / ".lock").string();
  file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file_ < 0) throw synthmed::io_error(sentence("Cannot make ", path, ": ", std::strerror(errno), "."));
  if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
    ::close(file_);
    throw synthmed::io_error(
        sentence("Another rop_study is at work in ", study.string(), "; wait for it or end it first."));
  }
}

study_lock::~study_lock() { ::close(file_); }

bool run_stages(const fs::path& study, const std::vector<stage>& plan, const stage_runner_options& options) {
  synthmed::make_folder(study / "stages");
  std::set<std::string> names;
  for (const auto& s : plan) {
    for (const auto& before : s.after)
      if (!names.contains(before))
        throw synthmed::argument_error(
            sentence("The stage ", s.name, " comes after ", before, ", which stands nowhere before it."));
    if (!names.insert(s.name).second)
      throw synthmed::argument_error(sentence("Two stages bear the name ", s.name, "."));
  }
  const signal_watch watch;
  std::set<std::string> done;
  std::vector<running> at_work;
  std::vector<const stage*> waiting;
  for (const auto& s : plan) waiting.push_back(&s);
  std::optional<std::string> failure;
  const auto say = [&](const std::string& text) {
    if (options.say) options.say(text);
  };
  const auto checked = [&](const stage& s) {
    try {
      if (s.check) s.check(study);
      return true;
    } catch (const synthmed::error& problem) {
      if (!failure) failure = problem.what();
      return false;
    }
  };
  const auto progress = [&] { return sentence("[", done.size(), "/", plan.size(), "] "); };

  while (true) {
    const bool stop = stop_asked_by_signal != 0 || failure;
    for (auto it = waiting.begin(); !stop && it != waiting.end();) {
      const stage& s = **it;
      if (std::any_of(s.after.begin(), s.after.end(), [&](const auto& name) { return !done.contains(name); })) {
        ++it;
        continue;
      }
      if (is_done(study, s)) {
        if (!checked(s)) break;
        done.insert(s.name);
        it = waiting.erase(it);
        it = waiting.begin();  // what waited for it may begin
        continue;
      }
      int busy = 0;
      for (const auto& r : at_work) busy += r.what->threads;
      if (busy > 0 && busy + s.threads > options.cores) {
        ++it;
        continue;
      }
      std::error_code ignored;
      fs::remove(record_path(study, s.name), ignored);
      const std::string key = key_of(study, s);
      const auto begun = begun_path(study, s.name);
      const bool goes_on = s.resumes && fs::exists(begun) && synthmed::read_file(begun) == key;
      for (const auto& folder : s.folders)
        if (!goes_on) fs::remove_all(study / folder);
      synthmed::write_file(begun, key);
      fs::remove(log_path(study, s.name), ignored);
      say(sentence(progress(), s.name, goes_on ? ", continued" : ""));
      at_work.push_back({&s, start(study, s, options.program, goes_on), key, now()});
      it = waiting.erase(it);
    }
    if (at_work.empty()) break;
    int status = 0;
    struct rusage use {};
    const ::pid_t ended = ::wait4(-1, &status, 0, &use);
    if (ended < 0) {
      if (errno != EINTR) throw synthmed::error(sentence("Waiting for a stage failed: ", std::strerror(errno), "."));
      // A terminal's Ctrl-C reached the children already; one that was sent to this process alone is passed on.
      for (const auto& r : at_work) ::kill(r.process, SIGINT);
      say("stopping: stages at work write a checkpoint");
      continue;
    }
    const auto found =
        std::find_if(at_work.begin(), at_work.end(), [&](const running& r) { return r.process == ended; });
    if (found == at_work.end()) continue;
    const running r = *found;
    at_work.erase(found);
    if (stop_asked_by_signal != 0) continue;  // whether it was complete is not known: it is asked again next time
    const double until = now();
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      const std::string how = WIFEXITED(status) ? sentence("ended with status ", WEXITSTATUS(status))
                                                : sentence("was ended by signal ", WTERMSIG(status));
      if (!failure)
        failure = sentence("The stage ", r.what->name, " ", how, ": ", last_lines(log_path(study, r.what->name)),
                           "\nIts log: ", log_path(study, r.what->name).string());
      continue;
    }
    ordered_json record{{"name", r.what->name},
                        {"arguments", r.what->arguments},
                        {"key", r.key},
                        {"began", r.began},
                        {"ended", until},
                        {"seconds", until - r.began},
                        {"peak_mib", static_cast<double>(use.ru_maxrss) / 1024}};
    record["outputs"] = ordered_json::object();
    bool whole = true;
    for (const auto& file : r.what->outputs) {
      whole = whole && fs::exists(study / file);
      if (whole)
        record["outputs"][file.generic_string()] = synthmed::sha256_file(study / file);
      else if (!failure)
        failure = sentence("The stage ", r.what->name, " ended well but did not leave ", file.generic_string(), ".");
    }
    if (!whole) continue;
    if (!checked(*r.what)) continue;
    synthmed::write_file(record_path(study, r.what->name), record.dump(2) + "\n");
    done.insert(r.what->name);
    say(sentence(progress(), r.what->name, " done in ", seconds_text(until - r.began)));
  }
  if (failure) throw synthmed::error(*failure);
  return stop_asked_by_signal == 0;
}

std::vector<stage_record> read_stages(const fs::path& study) {
  std::vector<stage_record> out;
  if (!fs::is_directory(study / "stages")) return out;
  for (const auto& entry : fs::directory_iterator(study / "stages"))
    if (entry.path().extension() == ".json") out.push_back(read_record(entry.path()));
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

double elapsed_seconds(const std::vector<stage_record>& records) {
  std::vector<std::pair<double, double>> times;
  for (const auto& r : records) times.emplace_back(r.began, r.ended);
  std::sort(times.begin(), times.end());
  double sum = 0, until = 0;
  for (const auto& [began, ended] : times) {
    sum += std::max(0.0, ended - std::max(began, until));
    until = std::max(until, ended);
  }
  return sum;
}

double peak_mib(const std::vector<stage_record>& records) {
  double most = 0;
  for (const auto& at : records) {  // the sum can only grow where a stage begins
    double sum = 0;
    for (const auto& r : records)
      if (r.began <= at.began && at.began < r.ended) sum += r.peak_mib;
    most = std::max(most, sum);
  }
  return most;
}

}  // namespace rop_study

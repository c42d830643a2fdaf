// A worker process: does one piece of work, as many steps at a time as it is told on its standard input.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include <nlohmann/json.hpp>

#include <synthmed/error.hpp>
#include <synthmed/parallel.hpp>

#include "work.hpp"

namespace bench_training {

namespace {

void say(const nlohmann::json& line) {
  std::cout << line.dump() << '\n';
  std::cout.flush();
}

int serve_one(const std::string& backend, const work& w, const char* file) {
  auto ready = w.make();
  if (file != nullptr) {
    synthmed::safetensors_writer out;
    ready.describe(out);
    out.write(file);
  }
  nlohmann::json figures = nlohmann::json::object();
  for (const auto& f : ready.step()) figures[f.name] = f.value;
  say({{"work", w.name},
       {"backend", backend},
       {"threads", synthmed::threads()},
       {"images", ready.images},
       {"first", figures}});
  int steps = 0;
  while (std::cin >> steps && steps > 0) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < steps; ++i) ready.step();
    say({{"seconds", std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count()}});
  }
  return 0;
}

}  // namespace

int serve(const std::string& backend, const std::vector<work>& all, int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "--help";
  if (name == "--list") {
    for (const auto& w : all) std::printf("%s\n", w.name.c_str());
    return 0;
  }
  for (const auto& w : all) {
    if (w.name != name) continue;
    try {
      return serve_one(backend, w, argc > 2 ? argv[2] : nullptr);
    } catch (const std::exception& problem) {
      std::fprintf(stderr, "%s: %s\n", argv[0], problem.what());
      return 2;
    }
  }
  std::fprintf(stderr,
               "%s: there is no work \"%s\"; --list names what there is. benchmarks/compare drives this program.\n",
               argv[0], name.c_str());
  return 2;
}

}  // namespace bench_training

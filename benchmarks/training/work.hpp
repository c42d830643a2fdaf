// Pieces of work that are timed against another library: what makes them, and a process that does them when told.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <synthmed/io/safetensors.hpp>

namespace bench_training {

/// A named number that the other library must give, too: a loss of the first step, or a sum over results.
struct figure {
  std::string name;
  double value = 0;
};

/// Work that is ready to be done again and again.
struct running {
  std::int64_t images = 0;  ///< per step
  /// Adds the weights and everything random that the first step uses.
  std::function<void(synthmed::safetensors_writer&)> describe;
  /// One step; figures of the step.
  std::function<std::vector<figure>()> step;
};

struct work {
  std::string name;
  std::function<running()> make;
};

/// The main program of a worker: `worker --list`, or `worker NAME [FILE]`, which writes weights and inputs into FILE,
/// makes the first step, says so in a line of JSON, and then makes as many steps as each line on its standard input
/// says.
int serve(const std::string& backend, const std::vector<work>& all, int argc, char** argv);

}  // namespace bench_training

// Writes the study's networks at 16 px with all their channels, on the xtensor backend, into the folder argv[1].
#include <exception>
#include <iostream>

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/xtensor.hpp>

#include "states.hpp"
#include "winograd.hpp"

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "This program needs one argument, a folder to write into.\n";
    return 2;
  }
  using D = synthmed::autodiff<synthmed::xtensor_backend<float>>;
  constexpr auto study = synthmed::models::seed_options(std::array<std::int64_t, 3>{512, 512, 512});
  for (const bool on : {true, false}) {
    synthmed_oracle::use_winograd(on);
    synthmed_oracle::write_networks<D, study>(argv[1], on ? "wide_winograd" : "wide_direct", {{2, 0.6}});
  }
} catch (const std::exception& problem) {
  std::cerr << problem.what() << '\n';
  return 1;
}

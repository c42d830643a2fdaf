// Kernel benchmarks of the reference backend, at small shapes.
#include <synthmed/backends/reference.hpp>
#include <synthmed/parallel.hpp>

#include "suite.hpp"

int main(int argc, char** argv) {
  return synthmed_bench::run<synthmed::reference_backend<float>>("reference", synthmed_bench::scale::tiny, argc, argv);
}

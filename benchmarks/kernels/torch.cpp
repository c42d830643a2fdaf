// Kernel benchmarks of the torch backend.
#include <synthmed/backends/torch.hpp>
#include <synthmed/parallel.hpp>

#include "suite.hpp"

int main(int argc, char** argv) {
  return synthmed_bench::run<synthmed::torch_backend<float>>("torch", synthmed_bench::scale::study, argc, argv);
}

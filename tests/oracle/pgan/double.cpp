// The reference backend in double.
#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>

#include "states.hpp"

namespace synthmed_oracle {
void write_double(const std::filesystem::path& folder);
}

void synthmed_oracle::write_double(const std::filesystem::path& folder) {
  using D = autodiff<reference_backend<double>>;
  write_networks<D, seed>(folder, "double");
  write_networks<D, paper>(folder, "paper");
  write_networks<D, quick>(folder, "quick");
  write_run<D>(folder, "double");
}

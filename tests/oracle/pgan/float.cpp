// The xtensor backend in float, with Winograd's transform and without.
#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/xtensor.hpp>

#include "states.hpp"
#include "winograd.hpp"

namespace synthmed_oracle {
void write_float(const std::filesystem::path& folder);
}

void synthmed_oracle::write_float(const std::filesystem::path& folder) {
  using D = autodiff<xtensor_backend<float>>;
  for (const bool on : {true, false}) {
    use_winograd(on);
    write_networks<D, seed>(folder, on ? "winograd" : "direct");
    write_run<D>(folder, on ? "winograd" : "direct");
  }
}

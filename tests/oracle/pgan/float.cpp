// The xtensor backend in float, with Winograd's transform and without.
#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/xtensor.hpp>

#include "states.hpp"

namespace synthmed_oracle {
void write_float(const std::filesystem::path& folder);
}

namespace {

void winograd(bool on) {
#if SYNTHMED_XTENSOR_ONEDNN
  synthmed::xtensor::onednn_engine::set_winograd(on);
#else
  (void)on;
#endif
}

}  // namespace

void synthmed_oracle::write_float(const std::filesystem::path& folder) {
  using D = autodiff<xtensor_backend<float>>;
  for (const bool on : {true, false}) {
    winograd(on);
    write_networks<D, seed>(folder, on ? "winograd" : "direct");
    write_run<D>(folder, on ? "winograd" : "direct");
  }
}

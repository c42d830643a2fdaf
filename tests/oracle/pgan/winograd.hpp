// Winograd's transform in the xtensor backend, on or off; without oneDNN there is none.
#pragma once

#include <synthmed/backends/xtensor.hpp>

namespace synthmed_oracle {

inline void use_winograd(bool on) {
#if SYNTHMED_XTENSOR_ONEDNN
  synthmed::xtensor::onednn_engine::set_winograd(on);
#else
  (void)on;
#endif
}

}  // namespace synthmed_oracle

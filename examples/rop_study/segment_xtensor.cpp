// rop_study segment on the xtensor backend.
#include <synthmed/backends/xtensor.hpp>

#include "segment_run.hpp"

namespace rop_study {

std::unique_ptr<unet> make_unet_xtensor(const segment_settings&, bool retina) {
  return make_unet<synthmed::xtensor_backend<float>>(retina);
}

}  // namespace rop_study

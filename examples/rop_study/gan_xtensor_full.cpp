// rop_study gan on the xtensor backend: the study's networks to 512 px.
#include <synthmed/backends/xtensor.hpp>

#include "gan_run.hpp"

namespace rop_study {

std::unique_ptr<gan_engine> xtensor_full_gan(const gan_design& design) {
  return full_engine<synthmed::autodiff<synthmed::xtensor_backend<float>>>(design);
}

}  // namespace rop_study

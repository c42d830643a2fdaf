// rop_study gan on the xtensor backend: networks to 64 px.
#include <synthmed/backends/xtensor.hpp>

#include "gan_run.hpp"

namespace rop_study {

std::unique_ptr<gan_engine> xtensor_gan(const gan_design& design) {
  if (design.network == gan_network::full) return xtensor_full_gan(design);
  return small_engine<synthmed::autodiff<synthmed::xtensor_backend<float>>>(design);
}

}  // namespace rop_study

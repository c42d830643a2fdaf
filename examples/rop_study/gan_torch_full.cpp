// rop_study gan on LibTorch: the study's networks to 512 px.
#include <synthmed/backends/torch.hpp>

#include "gan_run.hpp"

namespace rop_study {

std::unique_ptr<gan_engine> torch_full_gan(const gan_design& design) {
  return full_engine<synthmed::autodiff<synthmed::torch_backend<float>>>(design);
}

}  // namespace rop_study

// rop_study gan on LibTorch: networks to 64 px.
#include <synthmed/backends/torch.hpp>

#include "gan_run.hpp"

namespace rop_study {

std::unique_ptr<gan_engine> torch_gan(const gan_design& design, const std::string& device) {
  synthmed::torch_backend<float>::use_device(device);
  if (design.network == gan_network::full) return torch_full_gan(design);
  return small_engine<synthmed::autodiff<synthmed::torch_backend<float>>>(design);
}

}  // namespace rop_study

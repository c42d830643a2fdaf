// rop_study segment on LibTorch, and what --deterministic asks of LibTorch.
#include <synthmed/backends/torch.hpp>

#include "segment_run.hpp"

namespace rop_study {

std::unique_ptr<unet> make_unet_torch(const segment_settings& s, bool retina) {
  synthmed::torch_backend<float>::use_device(s.training.device);
  return make_unet<synthmed::torch_backend<float>>(retina);
}

void torch_refuses_unrepeatable_kernels() { synthmed::libtorch::refuse_unrepeatable_kernels(); }

}  // namespace rop_study

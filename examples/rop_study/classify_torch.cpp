// The classifiers of rop_study on LibTorch.
#include <synthmed/backends/torch.hpp>

#include "classify_run.hpp"

namespace rop_study {

std::unique_ptr<classifier_engine> torch_classifier(classifier_network network, const std::string& device) {
  synthmed::torch_backend<float>::use_device(device);
  return make_classifier<synthmed::autodiff<synthmed::torch_backend<float>>>(network);
}

}  // namespace rop_study

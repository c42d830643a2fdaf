// The classifiers of rop_study on the xtensor backend.
#include <synthmed/backends/xtensor.hpp>

#include "classify_run.hpp"

namespace rop_study {

std::unique_ptr<classifier_engine> xtensor_classifier(classifier_network network) {
  return make_classifier<synthmed::autodiff<synthmed::xtensor_backend<float>>>(network);
}

}  // namespace rop_study

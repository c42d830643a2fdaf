#include "resnet.hpp"

#include "backend.hpp"
#include "works.hpp"

namespace bench_training {
std::vector<work> resnet() { return resnet_works<D, B>(); }
}  // namespace bench_training

#include "unet.hpp"

#include "backend.hpp"
#include "works.hpp"

namespace bench_training {
std::vector<work> unet() { return unet_works<D, B>(); }
}  // namespace bench_training

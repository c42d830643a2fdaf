// The works of one worker; each family is a unit of its own, because it instantiates whole networks.
#pragma once

#include "work.hpp"

namespace bench_training {

std::vector<work> small_pgan();
std::vector<work> full_pgan();
std::vector<work> unet();
std::vector<work> resnet();

}  // namespace bench_training

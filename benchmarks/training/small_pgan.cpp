#include "pgan.hpp"

#include "backend.hpp"
#include "works.hpp"

namespace bench_training {
std::vector<work> small_pgan() { return small_pgan_works<D>(); }
}  // namespace bench_training

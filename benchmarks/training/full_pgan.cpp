#include "pgan.hpp"

#include "backend.hpp"
#include "works.hpp"

namespace bench_training {
std::vector<work> full_pgan() { return full_pgan_works<D>(); }
}  // namespace bench_training

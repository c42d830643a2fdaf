#include "backend.hpp"
#include "works.hpp"

int main(int argc, char** argv) {
  using namespace bench_training;
  std::vector<work> all;
  for (const auto& family : {small_pgan(), full_pgan(), unet(), resnet()})
    all.insert(all.end(), family.begin(), family.end());
  return serve(backend_name, all, argc, argv);
}

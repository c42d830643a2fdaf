// The bits of a map: one constant, whatever the compiler, its options, the instruction set or the number of threads.
// CMakeLists.txt builds this file twice: as everything else, and without optimisation and fused operations.
#include <support/catch.hpp>

#include <synthmed/metrics/umap.hpp>

#include "data.hpp"

using namespace synthmed;

namespace {

std::uint64_t bits(umap_options options) {
  const auto data = synthmed_test::clouds(5, 60, 7), fresh = synthmed_test::clouds(5, 10, 7, 4);
  options.epochs = 100;
  const auto map = umap(options).fit(data.points);
  auto all = map.coordinates().values;
  const auto placed = map.transform(fresh.points);
  all.insert(all.end(), placed.values.begin(), placed.values.end());
  return synthmed_test::bits_of(all);
}

}  // namespace

TEST_CASE("a map has the bits it has always had") {
  CHECK(bits({}) == 0x47455d4137ffd4ebu);
  CHECK(bits({.min_dist = 0.99, .profile = umap_profile::r_umap}) == 0x075747f8420cf2f1u);
  CHECK(bits({.dimensions = 3, .search = umap_neighbours::approximate}) == 0x171911d82cdc566du);
}

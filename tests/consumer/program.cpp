// What a user of the installed package writes first.
#include <cstdio>
#include <vector>

#include <synthmed/backends/reference.hpp>
#include <synthmed/random/distributions.hpp>

int main() {
  using backend = synthmed::reference_backend<float>;
  std::vector<float> noise(2 * 3 * 8 * 8);
  synthmed::fill_normal(synthmed::key(1337), std::span(noise));
  const auto x = backend::from_host({2, 3, 8, 8}, noise);
  const auto pooled = backend::avg_pool(x, {});
  std::printf("%s %s\n", backend::name().c_str(), to_string(backend::shape_of(pooled)).c_str());
  return backend::shape_of(pooled) == synthmed::shape{2, 3, 4, 4} ? 0 : 1;
}

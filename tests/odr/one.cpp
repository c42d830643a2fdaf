// One of two units that include every header.
#include <everything.hpp>

std::string two();

int main() {
  using backend = synthmed::reference_backend<float>;
  // The same inline function seen from both units is one function, and its state one state.
  synthmed::set_threads(3);
  const std::string here = synthmed::sentence(backend::name(), synthmed::threads());
  return here == two() ? 0 : 1;
}

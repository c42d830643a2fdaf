// The other unit that includes every header.
#include <everything.hpp>

std::string two();
std::string two() { return synthmed::sentence(synthmed::reference_backend<float>::name(), synthmed::threads()); }

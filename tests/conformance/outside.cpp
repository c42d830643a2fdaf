// The conformance suite as a backend author outside this project runs it: no test framework.
#include <iostream>

#include <synthmed/backends/reference.hpp>
#include <synthmed/testing/conformance.hpp>

int main() { return synthmed::conformance::main<synthmed::reference_backend<float>>(std::cout); }

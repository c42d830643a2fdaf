// Tests on a CUDA device where there is one; where there is none, the reason is printed and the test ends.
#pragma once

#include <synthmed/backends/torch.hpp>

#include <support/catch.hpp>

namespace synthmed_test {

/// Runs f with B on the first CUDA device, and B on the processor again afterwards.
template <class B, class F>
void on_cuda(F&& f) {
  try {
    B::use_device("cuda:0");
  } catch (const synthmed::backend_error& problem) {
    WARN("skipped: " << problem.what());
    return;
  }
  struct back {
    ~back() { B::use_device("cpu"); }
  } const restore;
  f();
}

}  // namespace synthmed_test

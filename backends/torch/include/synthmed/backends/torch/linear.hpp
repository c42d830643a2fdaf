// Linear family of the torch backends.
#pragma once

#include <synthmed/backends/torch/library.hpp>

namespace synthmed::libtorch {

template <class Scalar, class Mode>
struct linear {
  using tensor = at::Tensor;

  static tensor matmul(const tensor& x, const tensor& y, bool transpose_x, bool transpose_y) {
    return Mode::run("matmul", [&] { return (transpose_x ? x.t() : x).mm(transpose_y ? y.t() : y); });
  }
};

}  // namespace synthmed::libtorch

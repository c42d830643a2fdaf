// Linear family of the reference backend.
#pragma once

#include <cstdint>

#include <synthmed/backends/reference/dense.hpp>

namespace synthmed::reference {

template <class Scalar>
struct linear {
  using tensor = dense<Scalar>;

  static tensor matmul(const tensor& x, const tensor& y, bool transpose_x, bool transpose_y) {
    const std::int64_t rows = x.dims()[transpose_x ? 1 : 0];
    const std::int64_t shared = x.dims()[transpose_x ? 0 : 1];
    const std::int64_t columns = y.dims()[transpose_y ? 0 : 1];
    const shape dims{rows, columns};
    sums total = zero_sums(dims);
    double* const to = total.data();
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t k = 0; k < shared; ++k)
        for (std::int64_t j = 0; j < columns; ++j)
          to[i * columns + j] += static_cast<double>(x.data()[transpose_x ? k * rows + i : i * shared + k]) *
                                 static_cast<double>(y.data()[transpose_y ? j * shared + k : k * columns + j]);
    return rounded<Scalar>(dims, total);
  }
};

}  // namespace synthmed::reference

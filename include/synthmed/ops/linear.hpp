// Matrix products and the linear map of a layer.
#pragma once

#include <synthmed/core/backend.hpp>
#include <synthmed/error.hpp>
#include <synthmed/ops/activation.hpp>

namespace synthmed::ops {

/// x [m, k] times y [k, n]; a flag transposes its matrix first. Throws shape_error when they do not fit.
template <backend B>
[[nodiscard]] typename B::tensor matmul(const typename B::tensor& x, const typename B::tensor& y,
                                        bool transpose_x = false, bool transpose_y = false) {
  const shape a = B::shape_of(x), b = B::shape_of(y);
  if (a.rank() != 2 || b.rank() != 2 || a[transpose_x ? 0 : 1] != b[transpose_y ? 1 : 0])
    throw shape_error(sentence("matmul needs matrices [m, k] and [k, n]",
                               transpose_x || transpose_y ? " after transposing" : "", ", got ", a,
                               transpose_x ? " transposed" : "", " and ", b, transpose_y ? " transposed" : "", "."));
  return B::matmul(x, y, transpose_x, transpose_y);
}

/// scale (x weight^T + bias) for x [n, in], weight [out, in] and bias [out]. Throws shape_error when they do not fit.
template <backend B>
[[nodiscard]] typename B::tensor linear(const typename B::tensor& x, const typename B::tensor& weight,
                                        const typename B::tensor& bias, double scale = 1) {
  const shape a = B::shape_of(x), w = B::shape_of(weight), b = B::shape_of(bias);
  if (a.rank() != 2 || w.rank() != 2 || a[1] != w[1] || !(b == shape{w[0]}))
    throw shape_error(
        sentence("linear needs x [n, in], weight [out, in] and bias [out], got ", a, ", ", w, " and ", b, "."));
  return bias_leaky_relu<B>(B::matmul(x, weight, false, true), bias, scale, 1);
}

}  // namespace synthmed::ops

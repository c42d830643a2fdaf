// A small dense solver, so that tests and influence regressions need no LAPACK.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include <synthmed/error.hpp>

namespace synthmed::detail {

/// Solves A x = b for symmetric positive definite A (row-major n x n) by Cholesky's factorisation, A and b by value.
/// Throws argument_error with `what` when A is not positive definite in double precision.
[[nodiscard]] inline std::vector<double> solve_spd(std::vector<double> a, std::vector<double> b, const char* what) {
  const std::size_t n = b.size();
  if (a.size() != n * n) throw shape_error(sentence("A system of ", n, " equations needs ", n * n, " coefficients."));
  for (std::size_t j = 0; j < n; ++j) {
    const double scale = a[j * n + j];
    double pivot = scale;
    for (std::size_t k = 0; k < j; ++k) pivot -= a[j * n + k] * a[j * n + k];
    if (!(pivot > 1e-13 * scale)) throw argument_error(what);
    pivot = std::sqrt(pivot);
    a[j * n + j] = pivot;
    for (std::size_t i = j + 1; i < n; ++i) {
      double sum = a[i * n + j];
      for (std::size_t k = 0; k < j; ++k) sum -= a[i * n + k] * a[j * n + k];
      a[i * n + j] = sum / pivot;
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= a[i * n + k] * b[k];
    b[i] /= a[i * n + i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) b[i] -= a[k * n + i] * b[k];
    b[i] /= a[i * n + i];
  }
  return b;
}

}  // namespace synthmed::detail

// The dense linear algebra under the metrics: thin doors to BLAS and LAPACK (target synthmed::lapack), in double.
// Matrices are row-major std::vector<double>. Results may differ in the last bits between BLAS libraries and between
// their own thread counts (OPENBLAS_NUM_THREADS); synthmed's --threads does not touch them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include <cblas.h>
#include <lapacke.h>

#include <synthmed/error.hpp>

namespace synthmed::linalg {

/// A dimension as BLAS and LAPACK take it. Throws argument_error above 2^31 - 1.
[[nodiscard]] inline int extent(std::size_t n) {
  if (n > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    throw argument_error(sentence("Linear algebra here takes at most 2147483647 rows or columns, got ", n, "."));
  return static_cast<int>(n);
}

namespace detail {
inline void check(int info, const char* routine) {
  if (info != 0)
    throw diverged_error(sentence("LAPACK's ", routine, " did not succeed (info ", info,
                                  "); the input may hold numbers that are not finite."));
}
}  // namespace detail

/// a b^T for a [m, k] and b [n, k]: an [m, n] matrix.
[[nodiscard]] inline std::vector<double> product_transposed(std::span<const double> a, std::size_t m,
                                                            std::span<const double> b, std::size_t n, std::size_t k) {
  std::vector<double> out(m * n);
  if (m == 0 || n == 0) return out;
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, extent(m), extent(n), extent(k), 1.0, a.data(), extent(k),
              b.data(), extent(k), 0.0, out.data(), extent(n));
  return out;
}

/// Adds x^T x of x [n, d] to the lower triangle of `sum` [d, d].
inline void add_scatter(std::span<const double> x, std::size_t n, std::size_t d, std::span<double> sum) {
  if (n == 0) return;
  cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, extent(d), extent(n), 1.0, x.data(), extent(d), 1.0, sum.data(),
              extent(d));
}

/// Copies the lower triangle of a [n, n] to the upper one.
inline void mirror_lower(std::span<double> a, std::size_t n) {
  constexpr std::size_t block = 64;  // both triangles stay in the cache
  for (std::size_t i0 = 0; i0 < n; i0 += block)
    for (std::size_t j0 = 0; j0 <= i0; j0 += block)
      for (std::size_t i = i0; i < std::min(n, i0 + block); ++i)
        for (std::size_t j = j0; j < std::min(i, j0 + block); ++j) a[j * n + i] = a[i * n + j];
}

/// Singular values of a [m, n], largest first. Throws diverged_error when LAPACK gives up.
[[nodiscard]] inline std::vector<double> singular_values(std::vector<double> a, std::size_t m, std::size_t n) {
  std::vector<double> values(std::min(m, n));
  if (values.empty()) return values;
  // Row-major [m, n] is column-major [n, m], the transposed: the same singular values, no copy.
  detail::check(LAPACKE_dgesdd(LAPACK_COL_MAJOR, 'N', extent(n), extent(m), a.data(), extent(n), values.data(), nullptr,
                               1, nullptr, 1),
                "dgesdd");
  return values;
}

/// The nuclear norm of a [m, n]: the sum of its singular values.
[[nodiscard]] inline double nuclear_norm(std::vector<double> a, std::size_t m, std::size_t n) {
  const auto values = singular_values(std::move(a), m, n);
  // Smallest first: the order that loses least.
  return std::accumulate(values.rbegin(), values.rend(), 0.0);
}

/// Eigenvalues of a symmetric a [n, n] (its lower triangle is read), smallest first.
[[nodiscard]] inline std::vector<double> symmetric_eigenvalues(std::vector<double> a, std::size_t n) {
  std::vector<double> values(n);
  if (n == 0) return values;
  // The row-major lower triangle is the column-major upper one.
  detail::check(LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'N', 'U', extent(n), a.data(), extent(n), values.data()), "dsyevd");
  return values;
}

/// Eigenvalues (smallest first) and eigenvectors (row i of `vectors` belongs to value i) of a symmetric matrix.
struct eigen_decomposition {
  std::vector<double> values, vectors;
};

[[nodiscard]] inline eigen_decomposition symmetric_eigen(std::vector<double> a, std::size_t n) {
  eigen_decomposition out{std::vector<double>(n), std::move(a)};
  if (n == 0) return out;
  detail::check(LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'V', 'U', extent(n), out.vectors.data(), extent(n), out.values.data()),
                "dsyevd");
  return out;  // column j in column-major order is row j here
}

/// Replaces the lower triangle of a symmetric a [n, n] by its Cholesky factor L (a = L L^T) and clears the upper one.
/// False, with `a` in an unspecified state, when `a` is not positive definite to working precision.
[[nodiscard]] inline bool cholesky(std::span<double> a, std::size_t n) {
  if (n == 0) return true;
  double largest = 0;
  for (std::size_t i = 0; i < n; ++i) largest = std::max(largest, a[i * n + i]);
  if (LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'U', extent(n), a.data(), extent(n)) != 0) return false;
  // dpotrf lets rounding pass for a pivot; a squared pivot below this is one.
  const double least = static_cast<double>(n) * std::numeric_limits<double>::epsilon() * largest;
  for (std::size_t i = 0; i < n; ++i) {
    if (!(a[i * n + i] * a[i * n + i] > least)) return false;
    std::fill(a.begin() + static_cast<std::ptrdiff_t>(i * n + i + 1),
              a.begin() + static_cast<std::ptrdiff_t>((i + 1) * n), 0.0);
  }
  return true;
}

/// L^T s L for a lower triangular L [n, n] and a symmetric s [n, n]; both full matrices.
[[nodiscard]] inline std::vector<double> congruence(std::span<const double> lower, std::vector<double> s,
                                                    std::size_t n) {
  if (n == 0) return s;
  cblas_dtrmm(CblasRowMajor, CblasLeft, CblasLower, CblasTrans, CblasNonUnit, extent(n), extent(n), 1.0, lower.data(),
              extent(n), s.data(), extent(n));
  cblas_dtrmm(CblasRowMajor, CblasRight, CblasLower, CblasNoTrans, CblasNonUnit, extent(n), extent(n), 1.0,
              lower.data(), extent(n), s.data(), extent(n));
  return s;
}

}  // namespace synthmed::linalg

// The Fréchet distance as pytorch-fid computes it, quirks included, for numbers that must match published ones.
#pragma once

#include <cmath>
#include <complex>
#include <cstddef>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/frechet.hpp>

namespace synthmed {

namespace detail {

/// Converts to whatever LAPACKE calls a complex double, in C's or in C++'s words.
struct lapack_complex {
  std::complex<double>* at;
  template <class Theirs>
  operator Theirs*() const {
    return reinterpret_cast<Theirs*>(at);
  }
};

/// The diagonal of the principal square root of a general real matrix [n, n]: complex Schur form, the square root of
/// the triangle (Björck and Hammarling 1983), back-transformed. Not finite where the matrix has no square root.
[[nodiscard]] inline std::vector<std::complex<double>> sqrtm_diagonal(const std::vector<double>& a, std::size_t n) {
  using complex = std::complex<double>;
  std::vector<complex> t(a.begin(), a.end()), q(n * n), w(n);
  for (std::size_t i = 0; i < n; ++i)  // to column-major
    for (std::size_t j = 0; j < i; ++j) std::swap(t[i * n + j], t[j * n + i]);
  int found = 0;
  const int size = linalg::extent(n);
  linalg::detail::check(LAPACKE_zgees(LAPACK_COL_MAJOR, 'V', 'N', nullptr, size, lapack_complex{t.data()}, size, &found,
                                      lapack_complex{w.data()}, lapack_complex{q.data()}, size),
                        "zgees");
  std::vector<complex> r(n * n);
  for (std::size_t j = 0; j < n; ++j) {
    r[j * n + j] = std::sqrt(t[j * n + j]);
    for (std::size_t i = j; i-- > 0;) {
      complex sum = t[j * n + i];
      for (std::size_t k = i + 1; k < j; ++k) sum -= r[k * n + i] * r[j * n + k];
      const complex below = r[i * n + i] + r[j * n + j];
      r[j * n + i] = sum == 0.0 ? complex(0.0) : sum / below;
    }
  }
  std::vector<complex> diagonal(n), column(n);
  for (std::size_t j = 0; j < n; ++j) {  // diagonal of q r q^H, column by column of q r
    std::fill(column.begin(), column.end(), complex(0.0));
    for (std::size_t k = 0; k <= j; ++k)
      for (std::size_t i = 0; i < n; ++i) column[i] += q[k * n + i] * r[j * n + k];
    for (std::size_t i = 0; i < n; ++i) diagonal[i] += column[i] * std::conj(q[j * n + i]);
  }
  return diagonal;
}

}  // namespace detail

/// pytorch-fid 0.2.1's calculate_frechet_distance: the square root of the product S1 S2 by Schur decomposition; when it
/// is not finite, 1e-6 is added to both diagonals and it is taken again; an imaginary diagonal above 1e-3 is an
/// error, a smaller one is dropped. Slow (no symmetric eigenproblem) and noisy for singular covariances: at 512
/// dimensions and 100 rows about 1e-5. Use frechet_distance() unless a published number must be met.
/// Throws diverged_error "Imaginary component" where pytorch-fid does.
[[nodiscard]] inline frechet_result frechet_distance_pytorch_fid(const feature_moments& a, const feature_moments& b) {
  const std::size_t d = a.dimensions();
  if (d == 0 || d != b.dimensions() || a.covariance.size() != d * d || b.covariance.size() != d * d)
    throw shape_error(sentence("The two sets have ", d, " and ", b.dimensions(),
                               " features; expected the same number and square covariances."));
  const auto root = [&](double ridge) {
    auto s1 = a.covariance, s2 = b.covariance;
    for (std::size_t i = 0; i < d; ++i) {
      s1[i * d + i] += ridge;
      s2[i * d + i] += ridge;
    }
    return detail::sqrtm_diagonal(linalg::product_transposed(s1, d, s2, d, d), d);  // s2 is symmetric
  };
  auto diagonal = root(0.0);
  for (const auto& value : diagonal)
    if (!std::isfinite(value.real()) || !std::isfinite(value.imag())) {
      diagonal = root(1e-6);
      break;
    }
  frechet_result out;
  out.n1 = a.n;
  out.n2 = b.n;
  out.dimensions = out.rank1 = out.rank2 = d;
  if (a.n > 0) out.rank1 = std::min(d, a.n - 1);
  if (b.n > 0) out.rank2 = std::min(d, b.n - 1);
  out.method = "sqrtm";
  for (std::size_t i = 0; i < d; ++i) {
    if (std::abs(diagonal[i].imag()) > 1e-3)
      throw diverged_error(sentence("Imaginary component ", diagonal[i].imag(),
                                    " in the square root of S1 S2, as "
                                    "pytorch-fid reports it; frechet_distance() has none."));
    out.mean_term += (a.mean[i] - b.mean[i]) * (a.mean[i] - b.mean[i]);
    out.trace1 += a.covariance[i * d + i];
    out.trace2 += b.covariance[i * d + i];
    out.cross_term += diagonal[i].real();
  }
  out.value = out.mean_term + out.trace1 + out.trace2 - 2.0 * out.cross_term;
  return out;
}

}  // namespace synthmed

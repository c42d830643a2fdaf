// The Vendi score: how many effectively different images a set holds.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/features.hpp>
#include <synthmed/metrics/linalg.hpp>

namespace synthmed {

/// exp of the order-q Rényi entropy of the eigenvalues of K / n, for a similarity matrix K [n, n] with unit diagonal
/// (Friedman and Dieng 2023; orders: Pasarkar and Dieng 2024). q = 1 is Shannon's entropy, infinity the largest
/// eigenvalue's. Between 1 (all alike) and n (all different).
/// Throws shape_error unless K has n^2 numbers, argument_error for an order that is not positive.
[[nodiscard]] inline double vendi_score_of_kernel(std::vector<double> kernel, std::size_t n, double order = 1.0) {
  if (n == 0 || kernel.size() != n * n)
    throw shape_error(sentence("A similarity matrix of ", n, " images has ", n * n, " numbers and at least one, got ",
                               kernel.size(), "."));
  if (!(order > 0)) throw argument_error(sentence("The order of a Vendi score is positive, got ", order, "."));
  for (double& value : kernel) value /= static_cast<double>(n);
  const auto eigenvalues = linalg::symmetric_eigenvalues(std::move(kernel), n);
  const double largest = eigenvalues.back();
  if (std::isinf(order)) return 1.0 / largest;
  double sum = 0;
  for (const double p : eigenvalues) {
    // Rounding noise around zero would count as images for small orders.
    if (!(p > static_cast<double>(n) * std::numeric_limits<double>::epsilon() * largest)) continue;
    sum += order == 1.0 ? -p * std::log(p) : std::pow(p, order);
  }
  return order == 1.0 ? std::exp(sum) : std::exp(std::log(sum) / (1.0 - order));
}

/// The Vendi score under cosine similarity. Throws argument_error for a row of zeros, which has no direction.
[[nodiscard]] inline double vendi_score(feature_view x, double order = 1.0) {
  require_rows(x, 1, "A Vendi score", "given");
  require_finite(x, "given");
  feature_matrix unit{{x.values().begin(), x.values().end()}, x.dimensions()};
  for (std::size_t i = 0; i < x.rows(); ++i) {
    double square = 0;
    for (const double value : x.row(i)) square += value * value;
    if (!(square > 0)) throw argument_error(sentence("Row ", i, " is all zeros; cosine similarity needs a direction."));
    for (std::size_t j = 0; j < x.dimensions(); ++j) unit.values[i * x.dimensions() + j] /= std::sqrt(square);
  }
  return vendi_score_of_kernel(linalg::product_transposed(unit.values, x.rows(), unit.values, x.rows(), x.dimensions()),
                               x.rows(), order);
}

}  // namespace synthmed

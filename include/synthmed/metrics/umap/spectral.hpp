// The start of the layout: eigenvectors of the graph's normalised Laplacian, component by component.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <synthmed/metrics/umap/graph.hpp>
#include <synthmed/metrics/umap/math.hpp>
#include <synthmed/parallel.hpp>
#include <synthmed/random/key.hpp>

namespace synthmed::umap_stages {

/// The connected component of every point, numbered by their first points.
struct components {
  std::vector<std::uint32_t> of;
  std::size_t count = 0;
};

[[nodiscard]] inline components connected_components(const sparse_graph& graph) {
  const std::size_t n = graph.points();
  constexpr auto none = static_cast<std::uint32_t>(-1);
  components out{std::vector<std::uint32_t>(n, none), 0};
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < n; ++i) {
    if (out.of[i] != none) continue;
    out.of[i] = static_cast<std::uint32_t>(out.count);
    open.assign(1, i);
    while (!open.empty()) {
      const std::size_t at = open.back();
      open.pop_back();
      for (std::size_t e = graph.start[at]; e < graph.start[at + 1]; ++e)
        if (out.of[graph.column[e]] == none) {
          out.of[graph.column[e]] = static_cast<std::uint32_t>(out.count);
          open.push_back(graph.column[e]);
        }
    }
    ++out.count;
  }
  return out;
}

/// Eigenvalues (descending) and orthonormal vectors of a small dense symmetric m x m matrix, by cyclic Jacobi
/// rotations. vectors[i * m + j] is entry i of vector j.
inline void small_eigen(std::vector<double> matrix, std::size_t m, std::vector<double>& values,
                        std::vector<double>& vectors) {
  std::vector<double> turned(m * m, 0);  // row j holds vector j
  for (std::size_t i = 0; i < m; ++i) turned[i * m + i] = 1;
  const auto rotate = [m](double* x, double* y, std::size_t stride, double c, double s) {
    for (std::size_t i = 0; i < m; ++i) {
      const double a = x[i * stride], b = y[i * stride], sb = s * b, cb = c * b;
      x[i * stride] = std::fma(c, a, -sb);
      y[i * stride] = std::fma(s, a, cb);
    }
  };
  for (int sweep = 0; sweep < 40; ++sweep) {
    bool any = false;
    for (std::size_t p = 0; p + 1 < m; ++p)
      for (std::size_t q = p + 1; q < m; ++q) {
        const double off = matrix[p * m + q], pp = matrix[p * m + p], qq = matrix[q * m + q];
        if (std::abs(off) <= 1e-15 * (std::abs(pp) + std::abs(qq)) || std::abs(off) < 1e-300) continue;
        any = true;
        const double theta = (qq - pp) / (2 * off);
        const double t = (theta >= 0 ? 1.0 : -1.0) / (std::abs(theta) + std::sqrt(std::fma(theta, theta, 1.0)));
        const double c = 1.0 / std::sqrt(std::fma(t, t, 1.0)), s = t * c;
        rotate(&matrix[p], &matrix[q], m, c, s);
        rotate(&matrix[p * m], &matrix[q * m], 1, c, s);
        rotate(&turned[p * m], &turned[q * m], 1, c, s);
      }
    if (!any) break;
  }
  std::vector<std::size_t> order(m);
  for (std::size_t i = 0; i < m; ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return matrix[a * m + a] > matrix[b * m + b]; });
  values.resize(m);
  vectors.resize(m * m);
  for (std::size_t j = 0; j < m; ++j) {
    values[j] = matrix[order[j] * m + order[j]];
    for (std::size_t i = 0; i < m; ++i) vectors[i * m + j] = turned[order[j] * m + i];
  }
}

/// What the eigenvalue search found.
struct spectrum {
  std::vector<double> values;                ///< of the normalised Laplacian, ascending, the trivial 0 left out
  std::vector<std::vector<double>> vectors;  ///< one per value, unit length
  double residual = 0;                       ///< largest |L v - value v|
};

/// The `count` eigenvectors with the smallest eigenvalues above the trivial one of L = I - D^-1/2 W D^-1/2 of a
/// connected graph (every point has an edge; a graph of one point has none to give). Lanczos with full
/// orthogonalisation and thick restarts (Wu and Simon 2000) on I - L, stopped at a residual of `tolerance` or after 40
/// restarts: a start for a layout need not be exact. Fewer than `count` + 1 points give fewer vectors.
[[nodiscard]] inline spectrum smallest_laplacian(const sparse_graph& graph, std::size_t count, std::uint64_t seed,
                                                 double tolerance = 1e-5) {
  const std::size_t n = graph.points();
  spectrum out;
  count = std::min(count, n > 0 ? n - 1 : 0);
  if (count == 0) return out;
  std::vector<double> root(n);
  for (std::size_t i = 0; i < n; ++i) {
    double degree = 0;
    for (std::size_t e = graph.start[i]; e < graph.start[i + 1]; ++e) degree += graph.weight[e];
    root[i] = std::sqrt(degree);
  }
  std::vector<double> scaled(graph.edges());
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t e = graph.start[i]; e < graph.start[i + 1]; ++e)
      scaled[e] = graph.weight[e] / (root[i] * root[graph.column[e]]);
  const auto normalise = [](std::vector<double>& v) {
    const double length = std::sqrt(steady_dot(v, v));
    if (length > 0)
      for (double& x : v) x /= length;
    return length;
  };
  auto trivial = root;
  normalise(trivial);
  const auto apply = [&](const std::vector<double>& x, std::vector<double>& y) {
    parallel_for(static_cast<std::int64_t>(n), 4096, [&](std::int64_t begin, std::int64_t end) {
      for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
        double lanes[2] = {0, 0};
        for (std::size_t e = graph.start[i]; e < graph.start[i + 1]; ++e)
          lanes[e & 1] = std::fma(scaled[e], x[graph.column[e]], lanes[e & 1]);
        y[i] = lanes[0] + lanes[1];
      }
    });
  };
  const std::size_t most = std::min(n - 1, std::max<std::size_t>(40, 4 * count));
  const std::size_t keep = std::min(most - 1, std::max<std::size_t>(12, 2 * count));
  std::vector<std::vector<double>> basis;
  std::vector<double> projected(most * most, 0), values, small;
  std::uint64_t draws = 0;
  const auto random_vector = [&] {
    std::vector<double> v(n);
    for (double& x : v) x = rough_normal(seed, draws++);
    return v;
  };
  // Orthogonal to the trivial vector and the basis; twice, because once is not enough (Kahan and Parlett).
  const auto orthogonalise = [&](std::vector<double>& v, double* coefficients) {
    for (int pass = 0; pass < 2; ++pass) {
      steady_add(-steady_dot(trivial, v), trivial, v);
      for (std::size_t i = 0; i < basis.size(); ++i) {
        const double along = steady_dot(basis[i], v);
        if (coefficients != nullptr) coefficients[i] += along;
        steady_add(-along, basis[i], v);
      }
    }
    return normalise(v);
  };
  std::vector<double> next = random_vector(), image(n), coefficients(most);
  orthogonalise(next, nullptr);
  for (int restart = 0; restart < 40; ++restart) {
    double beta = 0;
    while (basis.size() < most) {
      basis.push_back(next);
      const std::size_t j = basis.size() - 1;
      apply(basis[j], image);
      std::fill(coefficients.begin(), coefficients.end(), 0.0);
      next = image;
      beta = orthogonalise(next, coefficients.data());
      for (std::size_t i = 0; i <= j; ++i) projected[i * most + j] = projected[j * most + i] = coefficients[i];
      if (beta < 1e-12) {  // an invariant subspace: go on in a fresh direction
        next = random_vector();
        orthogonalise(next, nullptr);
        beta = 0;
      }
    }
    small_eigen(projected, most, values, small);
    out.residual = 0;
    for (std::size_t j = 0; j < count; ++j)
      out.residual = std::max(out.residual, std::abs(beta * small[(most - 1) * most + j]));
    const bool done = out.residual <= tolerance || most == n - 1 || restart == 39;
    const std::size_t kept = done ? count : keep;
    std::vector<std::vector<double>> ritz(kept, std::vector<double>(n, 0.0));
    for (std::size_t j = 0; j < kept; ++j)
      for (std::size_t i = 0; i < most; ++i) steady_add(small[i * most + j], basis[i], ritz[j]);
    basis = std::move(ritz);
    std::fill(projected.begin(), projected.end(), 0.0);
    for (std::size_t j = 0; j < kept; ++j) projected[j * most + j] = values[j];
    if (done) break;
  }
  for (std::size_t j = 0; j < count; ++j) {
    out.values.push_back(1.0 - values[j]);
    // The sign is free: the entry of largest magnitude is made positive.
    auto& v = basis[j];
    std::size_t largest = 0;
    for (std::size_t i = 1; i < n; ++i)
      if (std::abs(v[i]) > std::abs(v[largest])) largest = i;
    if (v[largest] < 0)
      for (double& x : v) x = -x;
  }
  out.vectors = std::move(basis);
  return out;
}

/// A spectral layout: n x dims, row-major, every coordinate within about [-1, 1]. The components of the graph are laid
/// out one by one and set around centres: on the axes when there are at most 2 dims of them, else where the spectral
/// layout of the distances between their mean points puts them. Components too small for eigenvectors are
/// scattered at random around their centres. `points` are the data (n rows).
[[nodiscard]] inline std::vector<double> spectral_layout(const sparse_graph& graph, feature_view points,
                                                         std::size_t dims, key seed) {
  const std::size_t n = graph.points();
  const components parts = connected_components(graph);
  std::vector<double> layout(n * dims, 0);
  const auto place = [&](const sparse_graph& part, std::span<const std::size_t> members, std::span<const double> centre,
                         double radius, std::uint64_t stream) {
    const std::size_t m = members.size();
    std::vector<double> local(m * dims, 0);
    const bool spectral = m > 2 * dims;
    if (spectral) {
      const auto found = smallest_laplacian(part, dims, stream);
      for (std::size_t d = 0; d < dims; ++d)
        for (std::size_t i = 0; i < m; ++i) local[i * dims + d] = found.vectors[d][i];
    } else if (m > 1) {
      for (std::size_t i = 0; i < local.size(); ++i) local[i] = std::fma(2.0, rough_uniform(stream, i), -1.0);
    }
    double largest = 0;
    for (const double x : local) largest = std::max(largest, std::abs(x));
    const double scale = largest > 0 ? radius / largest : 0;
    for (std::size_t i = 0; i < m; ++i)
      for (std::size_t d = 0; d < dims; ++d)
        layout[members[i] * dims + d] = std::fma(scale, local[i * dims + d], centre[d]);
  };
  std::vector<std::vector<std::size_t>> members(parts.count);
  for (std::size_t i = 0; i < n; ++i) members[parts.of[i]].push_back(i);
  if (parts.count == 1) {
    place(graph, members[0], std::vector<double>(dims, 0), 1, seed.fold("spectral").bits());
    return layout;
  }
  const std::size_t count = parts.count;
  std::vector<double> centres(count * dims, 0);
  if (count <= 2 * dims) {
    for (std::size_t c = 0; c < count; ++c) centres[c * dims + c / 2] = c % 2 == 0 ? 1 : -1;
  } else {
    const std::size_t width = points.dimensions();
    std::vector<double> mean(count * width, 0);
    for (std::size_t c = 0; c < count; ++c) {
      for (const auto i : members[c])
        for (std::size_t f = 0; f < width; ++f) mean[c * width + f] += points.row(i)[f];
      for (std::size_t f = 0; f < width; ++f) mean[c * width + f] /= static_cast<double>(members[c].size());
    }
    // Each component is joined to its nearest ones; many thousands of components need no more than that.
    const std::size_t k = std::min<std::size_t>(count - 1, 15);
    const auto near = nearest_neighbours(feature_view(mean, width), feature_view(mean, width), k, self_pairs::exclude);
    auto meta = fuzzy_union(near, smooth_rows(near, 1.0), 1.0);
    if (connected_components(meta).count == 1) {
      const auto found = smallest_laplacian(meta, dims, seed.fold("components").bits());
      double largest = 0;
      for (std::size_t d = 0; d < dims; ++d)
        for (std::size_t c = 0; c < count; ++c) {
          centres[c * dims + d] = found.vectors[d][c];
          largest = std::max(largest, std::abs(found.vectors[d][c]));
        }
      for (double& x : centres) x /= largest > 0 ? largest : 1;
    } else {
      const std::uint64_t stream = seed.fold("components").bits();
      for (std::size_t i = 0; i < centres.size(); ++i) centres[i] = std::fma(2.0, rough_uniform(stream, i), -1.0);
    }
  }
  std::vector<std::uint32_t> local(n, 0);
  for (std::size_t c = 0; c < count; ++c) {
    sparse_graph part;
    for (std::size_t i = 0; i < members[c].size(); ++i) local[members[c][i]] = static_cast<std::uint32_t>(i);
    for (const auto i : members[c]) {
      for (std::size_t e = graph.start[i]; e < graph.start[i + 1]; ++e) {
        part.column.push_back(local[graph.column[e]]);
        part.weight.push_back(graph.weight[e]);
      }
      part.start.push_back(part.column.size());
    }
    double nearest = 4;  // squared distance to the nearest other centre
    for (std::size_t other = 0; other < count; ++other) {
      if (other == c) continue;
      double distance = 0;
      for (std::size_t d = 0; d < dims; ++d) {
        const double difference = centres[c * dims + d] - centres[other * dims + d];
        distance = std::fma(difference, difference, distance);
      }
      nearest = std::min(nearest, distance);
    }
    place(part, members[c], std::span(centres).subspan(c * dims, dims), std::max(0.5 * std::sqrt(nearest), 1e-3),
          seed.fold("spectral").fold(c).bits());
  }
  return layout;
}

}  // namespace synthmed::umap_stages

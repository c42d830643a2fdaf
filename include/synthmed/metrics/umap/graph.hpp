// The fuzzy neighbour graph: smoothed distances of each point, membership strengths, their union.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/neighbours.hpp>
#include <synthmed/metrics/umap/math.hpp>
#include <synthmed/parallel.hpp>

namespace synthmed::umap_stages {

/// What turns distances into memberships exp(-max(0, d - rho) / sigma).
struct smoothing {
  double sigma = 0, rho = 0;
};

/// Smooths one row of ascending distances to other points (McInnes, Healy and Melville 2018, algorithm 3).
/// rho: the local_connectivity-th distance above 0, interpolated, 0 when no neighbour is apart. sigma: by bisection (64
/// steps, 1e-5), so that the memberships of the distances from place `first` on sum to log2(k).
/// sigma is at least 1e-3 of `row_mean`, or of `all_mean` when rho is 0.
[[nodiscard]] inline smoothing smooth_row(std::span<const double> distances, std::size_t k, double local_connectivity,
                                          std::size_t first, double row_mean, double all_mean) {
  smoothing out;
  const auto apart = std::upper_bound(distances.begin(), distances.end(), 0.0);
  const auto nonzero = distances.subspan(static_cast<std::size_t>(apart - distances.begin()));
  if (static_cast<double>(nonzero.size()) >= local_connectivity && !nonzero.empty()) {
    const auto whole = static_cast<std::size_t>(local_connectivity);
    const double part = local_connectivity - static_cast<double>(whole);
    if (whole > 0) {
      out.rho = nonzero[whole - 1];
      if (part > 1e-5) out.rho = std::fma(part, nonzero[whole] - nonzero[whole - 1], out.rho);
    } else {
      out.rho = part * nonzero[0];
    }
  } else if (!nonzero.empty()) {
    out.rho = nonzero.back();
  }
  const double target = steady_log(static_cast<double>(k)) / 0.6931471805599453;
  double low = 0, high = std::numeric_limits<double>::infinity(), middle = 1;
  for (int step = 0; step < 64; ++step) {
    double sum = 0;
    for (std::size_t j = first; j < distances.size(); ++j) {
      const double over = distances[j] - out.rho;
      sum += over > 0 ? steady_exp(-over / middle) : 1.0;
    }
    if (std::abs(sum - target) < 1e-5) break;
    if (sum > target) {
      high = middle;
      middle = (low + high) / 2;
    } else {
      low = middle;
      middle = high == std::numeric_limits<double>::infinity() ? middle * 2 : (low + high) / 2;
    }
  }
  out.sigma = std::max(middle, 1e-3 * (out.rho > 0 ? row_mean : all_mean));
  return out;
}

/// Smooths every row of a table of k - 1 neighbours without self pairs; k counts the point itself, as UMAP does.
[[nodiscard]] inline std::vector<smoothing> smooth_rows(const neighbour_table& table, double local_connectivity) {
  const std::size_t k = table.k + 1;
  std::vector<double> mean(table.rows, 0);
  double all = 0;
  for (std::size_t i = 0; i < table.rows; ++i) {
    for (const double d : table.distances(i)) mean[i] += d;
    mean[i] /= static_cast<double>(k);  // the point itself, at distance 0, counts
    all += mean[i];
  }
  all /= static_cast<double>(std::max<std::size_t>(1, table.rows));
  std::vector<smoothing> out(table.rows);
  parallel_for(static_cast<std::int64_t>(table.rows), 256, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i)
      out[i] = smooth_row(table.distances(i), k, local_connectivity, 0, mean[i], all);
  });
  return out;
}

/// Membership of a neighbour at a distance.
[[nodiscard]] inline double membership(double distance, const smoothing& s) noexcept {
  const double over = distance - s.rho;
  return over > 0 && s.sigma > 0 ? steady_exp(-over / s.sigma) : 1.0;
}

/// A weighted graph in compressed rows: the neighbours of i stand at [start[i], start[i + 1]), by ascending column.
struct sparse_graph {
  std::vector<std::size_t> start{0};
  std::vector<std::uint32_t> column;
  std::vector<double> weight;

  [[nodiscard]] std::size_t points() const noexcept { return start.size() - 1; }
  [[nodiscard]] std::size_t edges() const noexcept { return column.size(); }
};

/// The union of the directed memberships: mix (A + A' - A o A') + (1 - mix) A o A'. mix = 1 is the fuzzy union, 0 the
/// intersection. Symmetric; entries that are 0 are left out.
[[nodiscard]] inline sparse_graph fuzzy_union(const neighbour_table& table, std::span<const smoothing> smoothed,
                                              double mix) {
  struct entry {
    std::uint32_t column;
    double weight;
  };
  const std::size_t n = table.rows, k = table.k;
  std::vector<entry> forward(n * k);
  parallel_for(static_cast<std::int64_t>(n), 256, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      for (std::size_t j = 0; j < k; ++j)
        forward[i * k + j] = {static_cast<std::uint32_t>(table.index[i * k + j]),
                              membership(table.distance[i * k + j], smoothed[i])};
      std::sort(forward.begin() + static_cast<std::ptrdiff_t>(i * k),
                forward.begin() + static_cast<std::ptrdiff_t>((i + 1) * k),
                [](const entry& a, const entry& b) { return a.column < b.column; });
    }
  });
  // The transpose by counting: rows come out sorted because the sources are visited in order.
  std::vector<std::size_t> back_start(n + 1, 0);
  for (const auto& e : forward) ++back_start[e.column + 1];
  for (std::size_t i = 0; i < n; ++i) back_start[i + 1] += back_start[i];
  std::vector<entry> back(forward.size());
  {
    auto place = back_start;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < k; ++j) {
        const auto& e = forward[i * k + j];
        back[place[e.column]++] = {static_cast<std::uint32_t>(i), e.weight};
      }
  }
  sparse_graph graph;
  graph.start.assign(n + 1, 0);
  graph.column.reserve(2 * forward.size());
  graph.weight.reserve(2 * forward.size());
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t f = i * k, b = back_start[i];
    const std::size_t f_end = f + k, b_end = back_start[i + 1];
    while (f < f_end || b < b_end) {
      const bool from_f = b == b_end || (f < f_end && forward[f].column <= back[b].column);
      const bool from_b = f == f_end || (b < b_end && back[b].column <= forward[f].column);
      const std::uint32_t column = from_f ? forward[f].column : back[b].column;
      const double there = from_f ? forward[f++].weight : 0.0, here = from_b ? back[b++].weight : 0.0;
      const double either = std::fma(-there, here, there + here), both = there * here;
      const double weight = std::fma(mix, either, (1.0 - mix) * both);
      if (weight > 0) {
        graph.column.push_back(column);
        graph.weight.push_back(std::min(weight, 1.0));
      }
    }
    graph.start[i + 1] = graph.column.size();
  }
  return graph;
}

}  // namespace synthmed::umap_stages

// Points for the tests of UMAP: made from integers alone, so that they are the same on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <synthmed/io/csv.hpp>
#include <synthmed/metrics/metric.hpp>
#include <synthmed/metrics/umap/math.hpp>

namespace synthmed_test {

struct labelled_points {
  synthmed::feature_matrix points;
  std::vector<int> labels;
};

/// Clouds around corners of a cube: `clouds` of them, `each` points in `dims` dimensions.
inline labelled_points clouds(std::size_t clouds, std::size_t each, std::size_t dims, std::uint64_t seed = 1) {
  labelled_points out{{{}, dims}, {}};
  for (std::size_t i = 0; i < clouds * each; ++i) {
    const std::size_t c = i % clouds;
    out.labels.push_back(static_cast<int>(c));
    for (std::size_t d = 0; d < dims; ++d) {
      const double corner = (c >> (d % 8) & 1) ? 10 : 0;
      out.points.values.push_back(corner + synthmed::umap_stages::rough_normal(seed, i * dims + d));
    }
  }
  return out;
}

/// A table with a column "label" first and features after it.
inline labelled_points read_labelled(const std::filesystem::path& path) {
  const auto table = synthmed::read_csv(path);
  labelled_points out{{{}, table.columns() - 1}, {}};
  for (std::size_t r = 0; r < table.rows(); ++r) {
    out.labels.push_back(static_cast<int>(table.number(r, 0)));
    for (std::size_t c = 1; c < table.columns(); ++c) out.points.values.push_back(table.number(r, c));
  }
  return out;
}

/// Every `step`-th point from `first`.
inline labelled_points every(const labelled_points& all, std::size_t first, std::size_t step) {
  labelled_points out{{{}, all.points.dimensions}, {}};
  for (std::size_t i = first; i < all.labels.size(); i += step) {
    const auto row = all.points.view().row(i);
    out.points.values.insert(out.points.values.end(), row.begin(), row.end());
    out.labels.push_back(all.labels[i]);
  }
  return out;
}

/// A hash of the bits of numbers.
inline std::uint64_t bits_of(const std::vector<double>& values) {
  std::uint64_t hash = 0;
  for (const double v : values) hash = synthmed::umap_stages::mixed64(hash ^ std::bit_cast<std::uint64_t>(v));
  return hash;
}

}  // namespace synthmed_test

// Statistics files: the .npz with `mu` and `sigma` that pytorch-fid writes and every FID program reads.
#pragma once

#include <filesystem>
#include <utility>

#include <synthmed/error.hpp>
#include <synthmed/io/npz.hpp>
#include <synthmed/metrics/feature_statistics.hpp>

namespace synthmed {

/// Reads `mu` [d] and `sigma` [d, d]; `n` (a number, our addition) where it is there, else n is 0, unknown. Other
/// arrays are ignored. Throws format_error with what is missing or does not fit, io_error when the file cannot be read.
[[nodiscard]] inline feature_moments read_statistics(const std::filesystem::path& path) {
  auto arrays = read_npz(path);
  const auto mu = arrays.find("mu"), sigma = arrays.find("sigma"), count = arrays.find("n");
  if (mu == arrays.end() || sigma == arrays.end())
    throw format_error(sentence(path.string(), " holds no statistics: expected the arrays mu and sigma."));
  const auto& extents = mu->second.extents;
  if (extents.size() != 1 || extents[0] == 0 ||
      sigma->second.extents != std::vector<std::size_t>{extents[0], extents[0]})
    throw format_error(sentence(path.string(), " holds no statistics: mu must have one extent d, sigma d x d."));
  feature_moments out{0, std::move(mu->second.values), std::move(sigma->second.values)};
  const std::size_t d = out.dimensions();
  for (const auto* numbers : {&out.mean, &out.covariance})
    for (const double value : *numbers)
      if (!std::isfinite(value))
        throw format_error(sentence(path.string(), " holds ", value, "; expected finite statistics."));
  for (std::size_t i = 0; i < d; ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (std::abs(out.covariance[i * d + j] - out.covariance[j * d + i]) >
          1e-5 * (std::abs(out.covariance[i * d + i]) + std::abs(out.covariance[j * d + j]) + 1e-12))
        throw format_error(
            sentence(path.string(), ": sigma is not symmetric at (", i, ", ", j, "); expected a covariance."));
  if (count != arrays.end() && count->second.values.size() == 1 && count->second.values[0] >= 0 &&
      count->second.values[0] < 9e15)
    out.n = static_cast<std::size_t>(count->second.values[0]);
  return out;
}

/// Writes `mu`, `sigma` and `n` in float64. Throws io_error.
inline void write_statistics(const std::filesystem::path& path, const feature_moments& moments) {
  const std::size_t d = moments.dimensions();
  write_npz(path, {{"mu", {{d}, moments.mean, false}},
                   {"sigma", {{d, d}, moments.covariance, false}},
                   {"n", {{}, {static_cast<double>(moments.n)}, false}}});
}

}  // namespace synthmed

// Nearest-neighbour distances between training, held-out and synthetic records, and what is commonly read from them.
// None of these numbers is evidence of privacy by itself ("The DCR Delusion", Yao et al. 2025): see attacks.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/features.hpp>
#include <synthmed/metrics/inference/interval.hpp>
#include <synthmed/metrics/neighbours.hpp>

namespace synthmed {

/// Distances between the three sets. T training, H held out, S synthetic.
struct privacy_distances {
  neighbour_table synthetic_to_train;                        ///< two nearest
  neighbour_table synthetic_to_holdout;                      ///< nearest
  neighbour_table holdout_to_train;                          ///< two nearest: the control of synthetic_to_train
  neighbour_table train_to_train;                            ///< nearest, itself left out
  neighbour_table train_to_synthetic, holdout_to_synthetic;  ///< nearest

  /// The first column of a table.
  [[nodiscard]] static std::vector<double> nearest(const neighbour_table& table) {
    std::vector<double> out(table.rows);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = table.distances(i)[0];
    return out;
  }

  /// d1 / d2 of every row of a table of two neighbours: 0 on top of a record, 1 between two. 1 where both are 0.
  [[nodiscard]] static std::vector<double> ratios(const neighbour_table& table) {
    std::vector<double> out(table.rows);
    for (std::size_t i = 0; i < out.size(); ++i) {
      const auto d = table.distances(i);
      out[i] = d[1] > 0 ? d[0] / d[1] : 1.0;
    }
    return out;
  }
};

/// All the distances an audit needs. Throws shape_error for different widths, argument_error for sets below two rows or
/// numbers that are not finite.
[[nodiscard]] inline privacy_distances measure_distances(feature_view train, feature_view holdout,
                                                         feature_view synthetic) {
  for (const auto& [set, name] : {std::pair{train, "training"}, {holdout, "held-out"}, {synthetic, "synthetic"}}) {
    require_rows(set, 2, "A privacy audit", name);
    require_finite(set, name);
    require_same_dimensions(train, set);
  }
  return {nearest_neighbours(synthetic, train, 2), nearest_neighbours(synthetic, holdout, 1),
          nearest_neighbours(holdout, train, 2),   nearest_neighbours(train, train, 1, self_pairs::exclude),
          nearest_neighbours(train, synthetic, 1), nearest_neighbours(holdout, synthetic, 1)};
}

/// Share of synthetic records that are closer to the training than to the held-out set, ties counted half.
struct dcr_share_result {
  estimate share;       ///< with Wilson's interval, synthetic records taken as independent
  double expected = 0;  ///< |T| / (|T| + |H|): what records that know neither set would give, roughly
};

[[nodiscard]] inline dcr_share_result dcr_share(const privacy_distances& d, double level = 0.95) {
  double closer = 0;
  for (std::size_t i = 0; i < d.synthetic_to_train.rows; ++i) {
    const double t = d.synthetic_to_train.distances(i)[0], h = d.synthetic_to_holdout.distances(i)[0];
    closer += t < h ? 1.0 : t == h ? 0.5 : 0.0;
  }
  const auto n = static_cast<std::int64_t>(d.synthetic_to_train.rows);
  dcr_share_result out;
  out.share = wilson(static_cast<std::int64_t>(std::llround(closer)), n, level);
  out.share.value = closer / static_cast<double>(n);
  const auto t = static_cast<double>(d.train_to_train.rows), h = static_cast<double>(d.holdout_to_train.rows);
  out.expected = t / (t + h);
  return out;
}

/// Authenticity (Alaa et al. 2022, section 3.3): share of synthetic records that are farther from their nearest
/// training record t* than t* is from its own nearest fellow. Noise-free copies are never authentic.
[[nodiscard]] inline double authenticity(const privacy_distances& d) {
  std::size_t authentic = 0;
  for (std::size_t i = 0; i < d.synthetic_to_train.rows; ++i) {
    const std::size_t nearest = d.synthetic_to_train.indices(i)[0];
    authentic += d.synthetic_to_train.distances(i)[0] > d.train_to_train.distances(nearest)[0];
  }
  return static_cast<double>(authentic) / static_cast<double>(d.synthetic_to_train.rows);
}

/// Authenticity as the paper's released code computes it: for every *training* record its distance to the synthetic set
/// is compared with the training distance of the record whose number the nearest *synthetic* one bears (an indexing
/// slip, reported as issue 4 of that code). For comparison with numbers published with it, nothing else.
/// Throws argument_error where that code fails: a synthetic number beyond the training set.
[[nodiscard]] inline double authenticity_released_code(const privacy_distances& d) {
  std::size_t authentic = 0;
  for (std::size_t i = 0; i < d.train_to_synthetic.rows; ++i) {
    const std::size_t index = d.train_to_synthetic.indices(i)[0];
    if (index >= d.train_to_train.rows)
      throw argument_error(sentence("The released authenticity code fails when a synthetic row (", index,
                                    ") has no training row of its number; there are ", d.train_to_train.rows, "."));
    authentic += d.train_to_train.distances(index)[0] < d.train_to_synthetic.distances(i)[0];
  }
  return static_cast<double>(authentic) / static_cast<double>(d.train_to_synthetic.rows);
}

/// C_T (Meehan, Chaudhuri and Dasgupta 2020), global form: the Mann-Whitney z of d(S, T) against d(H, T), with their
/// continuity term. Far below 0: synthetic records lie closer to the training set than held-out ones do (copying); far
/// above: underfitting.
[[nodiscard]] inline double copying_z(const privacy_distances& d) {
  const auto synthetic = privacy_distances::nearest(d.synthetic_to_train);
  auto control = privacy_distances::nearest(d.holdout_to_train);
  std::sort(control.begin(), control.end());
  double u = 0;
  for (const double value : synthetic) {
    const auto low = std::lower_bound(control.begin(), control.end(), value);
    const auto high = std::upper_bound(low, control.end(), value);
    u += static_cast<double>(low - control.begin()) + 0.5 * static_cast<double>(high - low);
  }
  const auto n = static_cast<double>(control.size()), m = static_cast<double>(synthetic.size());
  return (u - (n * m / 2 - 0.5)) / std::sqrt(n * m * (n + m + 1) / 12);
}

/// The memorisation distance of MiFID (Bai et al. 2021): mean over synthetic records of the smallest 1 - |cos| to a
/// training record. Throws argument_error for a row of zeros.
[[nodiscard]] inline double memorisation_distance(feature_view train, feature_view synthetic) {
  require_same_dimensions(train, synthetic);
  const auto unit = [](feature_view x, const char* name) {
    feature_matrix out{{x.values().begin(), x.values().end()}, x.dimensions()};
    for (std::size_t i = 0; i < x.rows(); ++i) {
      double square = 0;
      for (const double value : x.row(i)) square += value * value;
      if (!(square > 0))
        throw argument_error(sentence("The ", name, " row ", i, " is all zeros; a cosine needs a direction."));
      for (std::size_t j = 0; j < x.dimensions(); ++j) out.values[i * x.dimensions() + j] /= std::sqrt(square);
    }
    return out;
  };
  const auto t = unit(train, "training"), s = unit(synthetic, "synthetic");
  double sum = 0;
  for (std::size_t i = 0; i < s.rows(); ++i) {
    double least = 2;
    for (std::size_t j = 0; j < t.rows(); ++j) {
      const auto a = s.view().row(i), b = t.view().row(j);
      least = std::min(least, 1.0 - std::abs(std::inner_product(a.begin(), a.end(), b.begin(), 0.0)));
    }
    sum += least;
  }
  return sum / static_cast<double>(s.rows());
}

/// MiFID: the Fréchet distance divided by the memorisation distance where that lies below the threshold.
[[nodiscard]] inline double memorisation_informed(double frechet, double memorisation, double threshold = 0.1) {
  return memorisation < threshold ? frechet / (memorisation + 1e-15) : frechet;
}

}  // namespace synthmed

// Metrics of binary segmentations on host spans: counts inside a field of view, Dice, AUC, skeletons and clDice.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/metrics/roc.hpp>
#include <synthmed/metrics/scores.hpp>

namespace synthmed {

/// A byte picture: row-major, `width` pixels per row; 0 is background, everything else foreground.
struct mask_view {
  std::span<const std::uint8_t> pixels;
  std::size_t width = 0;

  [[nodiscard]] std::size_t height() const noexcept { return width == 0 ? 0 : pixels.size() / width; }
};

namespace detail {
inline void require_same_pixels(std::size_t a, std::size_t b, const char* what) {
  if (a != b) throw shape_error(sentence(what, " needs pictures of the same size, got ", a, " and ", b, " pixels."));
}
}  // namespace detail

/// Pixel counts of a segmentation against the truth, and the rates made of them. A model of `metric`: update() sees one
/// picture; merging pools pixels. For figures per image take one per image and average. NaN where a denominator is 0.
class segmentation_counts {
 public:
  struct observation {
    std::span<const std::uint8_t> predicted;      ///< 0 or not
    std::span<const std::uint8_t> truth;          ///< 0 or not
    std::span<const std::uint8_t> field_of_view;  ///< pixels that count are not 0; empty: all count
  };

  /// Throws shape_error when the pictures differ in size.
  void update(const observation& seen) {
    detail::require_same_pixels(seen.predicted.size(), seen.truth.size(), "A segmentation");
    if (!seen.field_of_view.empty())
      detail::require_same_pixels(seen.field_of_view.size(), seen.truth.size(), "A field of view");
    for (std::size_t i = 0; i < seen.truth.size(); ++i) {
      if (!seen.field_of_view.empty() && seen.field_of_view[i] == 0) continue;
      ++count_[seen.predicted[i] != 0][seen.truth[i] != 0];
    }
  }
  void merge(const segmentation_counts& part) {
    for (int i = 0; i < 2; ++i)
      for (int j = 0; j < 2; ++j) count_[i][j] += part.count_[i][j];
  }
  [[nodiscard]] double value() const { return dice(); }

  [[nodiscard]] std::int64_t true_positives() const noexcept { return count_[1][1]; }
  [[nodiscard]] std::int64_t false_positives() const noexcept { return count_[1][0]; }
  [[nodiscard]] std::int64_t false_negatives() const noexcept { return count_[0][1]; }
  [[nodiscard]] std::int64_t true_negatives() const noexcept { return count_[0][0]; }
  /// Dice = F1 = 2 TP / (2 TP + FP + FN); 1 when both are empty.
  [[nodiscard]] double dice() const {
    const auto both = 2 * true_positives() + false_positives() + false_negatives();
    return both == 0 ? 1.0 : static_cast<double>(2 * true_positives()) / static_cast<double>(both);
  }
  /// Intersection over union (Jaccard); 1 when both are empty.
  [[nodiscard]] double iou() const {
    const auto any = true_positives() + false_positives() + false_negatives();
    return any == 0 ? 1.0 : static_cast<double>(true_positives()) / static_cast<double>(any);
  }
  [[nodiscard]] double sensitivity() const { return rate(true_positives(), true_positives() + false_negatives()); }
  [[nodiscard]] double specificity() const { return rate(true_negatives(), true_negatives() + false_positives()); }
  [[nodiscard]] double precision() const { return rate(true_positives(), true_positives() + false_positives()); }
  [[nodiscard]] double accuracy() const {
    const auto right = true_positives() + true_negatives();
    return rate(right, right + false_positives() + false_negatives());
  }

 private:
  [[nodiscard]] static double rate(std::int64_t a, std::int64_t b) noexcept {
    return b == 0 ? std::nan("") : static_cast<double>(a) / static_cast<double>(b);
  }
  std::int64_t count_[2][2] = {};
};

/// Collects the pixels' tie table of a probability map in bytes (0 ... 255): AUC and AUC-PR inside the field of view
/// for any number of pixels in 4 KiB. A model of `metric`; value() is the table for auc(), auc_pr(), roc_curve(), ...
class pixel_table {
 public:
  struct observation {
    std::span<const std::uint8_t> probability;    ///< 255 times the probability
    std::span<const std::uint8_t> truth;          ///< 0 or not
    std::span<const std::uint8_t> field_of_view;  ///< empty: all pixels count
  };

  void update(const observation& seen) {
    detail::require_same_pixels(seen.probability.size(), seen.truth.size(), "A probability map");
    if (!seen.field_of_view.empty())
      detail::require_same_pixels(seen.field_of_view.size(), seen.truth.size(), "A field of view");
    for (std::size_t i = 0; i < seen.truth.size(); ++i)
      if (seen.field_of_view.empty() || seen.field_of_view[i] != 0) ++count_[seen.truth[i] != 0][seen.probability[i]];
  }
  void merge(const pixel_table& part) {
    for (std::size_t c = 0; c < 2; ++c)
      for (std::size_t v = 0; v < 256; ++v) count_[c][v] += part.count_[c][v];
  }
  [[nodiscard]] tie_table value() const {
    tie_table out;
    for (std::size_t v = 256; v-- > 0;) {
      if (count_[0][v] + count_[1][v] == 0) continue;
      out.ties.push_back({static_cast<double>(v) / 255, count_[0][v], count_[1][v]});
      out.negatives += count_[0][v];
      out.positives += count_[1][v];
    }
    return out;
  }

 private:
  std::array<std::array<std::int64_t, 256>, 2> count_{};
};

/// The same for maps in floats, whose values near 0 and 1 bytes would tie: probabilities count by their 20 leading
/// bits, that is to 1 part in 2048 of themselves, in 4 MiB. A model of `metric`.
class probability_table {
 public:
  struct observation {
    std::span<const float> probability;           ///< in [0, 1]
    std::span<const std::uint8_t> truth;          ///< 0 or not
    std::span<const std::uint8_t> field_of_view;  ///< empty: all pixels count
  };

  /// Throws shape_error when the pictures differ in size, argument_error for a number outside [0, 1].
  void update(const observation& seen) {
    detail::require_same_pixels(seen.probability.size(), seen.truth.size(), "A probability map");
    if (!seen.field_of_view.empty())
      detail::require_same_pixels(seen.field_of_view.size(), seen.truth.size(), "A field of view");
    for (std::size_t i = 0; i < seen.truth.size(); ++i) {
      if (!seen.field_of_view.empty() && seen.field_of_view[i] == 0) continue;
      const float p = seen.probability[i];
      if (!(p >= 0 && p <= 1))
        throw argument_error(sentence("A probability lies in [0, 1], got ", p, " for pixel ", i, "."));
      ++count_[seen.truth[i] != 0][std::bit_cast<std::uint32_t>(p + 0.f) >> dropped];
    }
  }
  void merge(const probability_table& part) {
    for (std::size_t c = 0; c < 2; ++c)
      for (std::size_t v = 0; v < bins; ++v) count_[c][v] += part.count_[c][v];
  }
  [[nodiscard]] tie_table value() const {
    tie_table out;
    for (std::size_t v = bins; v-- > 0;) {
      if (count_[0][v] + count_[1][v] == 0) continue;
      out.ties.push_back({static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(v) << dropped)),
                          count_[0][v], count_[1][v]});
      out.negatives += count_[0][v];
      out.positives += count_[1][v];
    }
    return out;
  }

 private:
  static constexpr int dropped = 12;
  static constexpr std::size_t bins = (std::size_t{0x3F800000} >> dropped) + 1;  // 1.0f is the largest
  std::array<std::vector<std::int64_t>, 2> count_{std::vector<std::int64_t>(bins), std::vector<std::int64_t>(bins)};
};

/// AUC of a float probability map inside a field of view (exact; sorts the pixels).
[[nodiscard]] inline double segmentation_auc(std::span<const float> probability, std::span<const std::uint8_t> truth,
                                             std::span<const std::uint8_t> field_of_view = {}) {
  detail::require_same_pixels(probability.size(), truth.size(), "A probability map");
  if (!field_of_view.empty()) detail::require_same_pixels(field_of_view.size(), truth.size(), "A field of view");
  std::vector<double> s;
  std::vector<int> y;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (!field_of_view.empty() && field_of_view[i] == 0) continue;
    s.push_back(static_cast<double>(probability[i]));
    y.push_back(truth[i] != 0);
  }
  return auc(s, y);
}

/// The skeleton of a mask by parallel thinning (Zhang and Suen 1984): one pixel wide, 8-connected, topology kept but
/// for isolated 2 x 2 blocks, which that method erases. Pixels beyond the border count as background. Bytes 0 and 255.
[[nodiscard]] inline std::vector<std::uint8_t> skeleton(const mask_view& mask) {
  if (mask.width == 0 || mask.pixels.size() % mask.width != 0)
    throw shape_error(
        sentence("A mask of width ", mask.width, " needs whole rows, got ", mask.pixels.size(), " pixels."));
  const std::size_t w = mask.width + 2, h = mask.height() + 2;
  std::vector<std::uint8_t> on(w * h, 0);
  for (std::size_t y = 0; y + 2 < h; ++y)
    for (std::size_t x = 0; x + 2 < w; ++x) on[(y + 1) * w + x + 1] = mask.pixels[y * mask.width + x] != 0;
  std::vector<std::size_t> foreground, removed;
  for (std::size_t i = 0; i < on.size(); ++i)
    if (on[i]) foreground.push_back(i);
  // Neighbours clockwise from the north, named 2 ... 9 in the paper.
  const std::array<std::ptrdiff_t, 8> around{
      -static_cast<std::ptrdiff_t>(w), 1 - static_cast<std::ptrdiff_t>(w), 1,  static_cast<std::ptrdiff_t>(w) + 1,
      static_cast<std::ptrdiff_t>(w),  static_cast<std::ptrdiff_t>(w) - 1, -1, -static_cast<std::ptrdiff_t>(w) - 1};
  bool changed = true;
  while (changed) {
    changed = false;
    for (int pass = 0; pass < 2; ++pass) {
      removed.clear();
      for (const auto i : foreground) {
        if (!on[i]) continue;
        std::array<std::uint8_t, 8> p{};
        for (std::size_t k = 0; k < 8; ++k)
          p[k] = on[static_cast<std::size_t>(static_cast<std::ptrdiff_t>(i) + around[k])];
        int neighbours = 0, rises = 0;
        for (std::size_t k = 0; k < 8; ++k) {
          neighbours += p[k];
          rises += p[k] == 0 && p[(k + 1) % 8] == 1;
        }
        if (neighbours < 2 || neighbours > 6 || rises != 1) continue;
        const bool erase = pass == 0 ? (p[0] * p[2] * p[4] == 0 && p[2] * p[4] * p[6] == 0)
                                     : (p[0] * p[2] * p[6] == 0 && p[0] * p[4] * p[6] == 0);
        if (erase) removed.push_back(i);
      }
      for (const auto i : removed) on[i] = 0;
      changed = changed || !removed.empty();
    }
    std::erase_if(foreground, [&](std::size_t i) { return on[i] == 0; });
  }
  std::vector<std::uint8_t> out(mask.pixels.size(), 0);
  for (const auto i : foreground) out[(i / w - 1) * mask.width + i % w - 1] = 255;
  return out;
}

/// Centre-line Dice (Shit et al., CVPR 2021): the harmonic mean of topology precision (share of the predicted skeleton
/// inside the true mask) and topology sensitivity (share of the true skeleton inside the predicted mask). 1 when both
/// masks are empty, 0 when one is.
[[nodiscard]] inline double cl_dice(const mask_view& predicted, const mask_view& truth) {
  detail::require_same_pixels(predicted.pixels.size(), truth.pixels.size(), "clDice");
  if (predicted.width != truth.width)
    throw shape_error(
        sentence("clDice needs masks of the same width, got ", predicted.width, " and ", truth.width, "."));
  const auto share = [](const std::vector<std::uint8_t>& line, std::span<const std::uint8_t> mask,
                        std::int64_t& length) {
    std::int64_t inside = 0;
    length = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
      length += line[i] != 0;
      inside += line[i] != 0 && mask[i] != 0;
    }
    return length == 0 ? 0.0 : static_cast<double>(inside) / static_cast<double>(length);
  };
  std::int64_t predicted_length = 0, true_length = 0;
  const double precision = share(skeleton(predicted), truth.pixels, predicted_length);
  const double sensitivity = share(skeleton(truth), predicted.pixels, true_length);
  if (predicted_length == 0 && true_length == 0) return 1;
  return precision + sensitivity > 0 ? 2 * precision * sensitivity / (precision + sensitivity) : 0.0;
}

}  // namespace synthmed

// A classifier in use: probabilities and features of any number of pictures, batch by batch, and how good they are.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <synthmed/core/differentiable.hpp>
#include <synthmed/data/loader.hpp>
#include <synthmed/error.hpp>
#include <synthmed/metrics/metric.hpp>
#include <synthmed/metrics/multiclass.hpp>
#include <synthmed/metrics/roc.hpp>
#include <synthmed/models/classifier.hpp>
#include <synthmed/ops/ops.hpp>

namespace synthmed::train {

/// Pictures to go through in order. read(i) gives batch i, counted from 0 (`loader::at` with a sequential_sampler
/// does); what it holds beyond the last picture is passed over.
struct picture_sequence {
  std::size_t size = 0;
  std::function<batch(std::uint64_t)> read = {};
};

/// Which flipped copies of a picture are averaged (their probabilities).
enum class flip_averaging {
  none,        ///< the picture alone
  horizontal,  ///< and its mirror image
  both         ///< and both upside down: four passes
};

/// What a classifier said about pictures whose labels are known.
struct classification {
  std::size_t classes = 0;
  std::vector<double> probabilities;  ///< pictures x classes, row-major; each row sums to 1
  std::vector<int> labels;            ///< the truth, or no_label

  [[nodiscard]] std::size_t size() const noexcept { return labels.size(); }
  /// The probabilities of one class.
  [[nodiscard]] std::vector<double> column(std::size_t c) const {
    std::vector<double> out(size());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = probabilities[i * classes + c];
    return out;
  }
  /// The most probable class of each picture; of several, the first.
  [[nodiscard]] std::vector<int> calls() const {
    std::vector<int> out(size());
    for (std::size_t i = 0; i < out.size(); ++i) {
      const auto row = std::span(probabilities).subspan(i * classes, classes);
      out[i] = static_cast<int>(std::max_element(row.begin(), row.end()) - row.begin());
    }
    return out;
  }
};

/// What is measured on validation pictures. The first two do not change with the share of each class.
enum class selection_measure {
  macro_auc,          ///< mean over classes of the AUC against the rest
  balanced_accuracy,  ///< mean over classes of the share that is called right
  accuracy            ///< share called right: the study's; rises by calling everything normal
};

[[nodiscard]] inline const char* to_string(selection_measure m) {
  return m == selection_measure::macro_auc  ? "macro AUC"
         : m == selection_measure::accuracy ? "accuracy"
                                            : "balanced accuracy";
}

/// The measure, over the classes that occur. Throws argument_error unless all pictures are labelled and, but for the
/// accuracy, two classes occur.
[[nodiscard]] inline double measured(selection_measure how, const classification& c) {
  const class_scores scores(c.probabilities, c.labels, c.classes);  // checks the labels
  std::vector<double> total(c.classes), right(c.classes);
  const auto calls = scores.calls();
  for (std::size_t i = 0; i < c.size(); ++i) {
    const auto truth = static_cast<std::size_t>(c.labels[i]);
    ++total[truth];
    right[truth] += calls[i] == c.labels[i];
  }
  double sum = 0, occurring = 0, all_right = 0;
  for (std::size_t k = 0; k < c.classes; ++k) {
    if (total[k] == 0) continue;
    ++occurring;
    all_right += right[k];
    if (how == selection_measure::balanced_accuracy) sum += right[k] / total[k];
    if (how == selection_measure::macro_auc && total[k] < static_cast<double>(c.size()))
      sum += auc_of{}(scores.against_rest(k).table());
  }
  if (how == selection_measure::accuracy) return all_right / static_cast<double>(c.size());
  if (occurring < 2)
    throw argument_error(sentence("A ", to_string(how), " needs pictures of at least two classes, got ", c.size(),
                                  " of one; validate on more pictures, or choose by accuracy."));
  return sum / occurring;
}

namespace detail {

/// A batch's pixels on backend D. Throws shape_error or argument_error, naming the picture, for what no classifier
/// takes.
template <backend D>
[[nodiscard]] typename D::tensor pictures_of(const batch& b, std::int64_t channels) {
  if (b.extents.rank() != 4 || b.extents[0] < 1 || b.extents[1] != channels || b.extents[2] < 1 || b.extents[3] < 1)
    throw shape_error(sentence("A classifier of pictures with ", channels, channels == 1 ? " channel" : " channels",
                               " needs a batch [n, ", channels, ", h, w] of at least one, got ", b.extents, "."));
  if (static_cast<std::int64_t>(b.pixels.size()) != b.extents.elements() ||
      static_cast<std::int64_t>(b.labels.size()) != b.extents[0])
    throw shape_error(sentence("A batch ", b.extents, " holds ", b.pixels.size(), " pixels and ", b.labels.size(),
                               " labels; they do not fit."));
  const std::size_t per_picture = b.pixels.size() / b.labels.size();
  for (std::size_t i = 0; i < b.pixels.size(); ++i)
    if (!std::isfinite(b.pixels[i])) {
      const std::size_t which = i / per_picture;
      throw argument_error(sentence("Picture ", which < b.indices.size() ? b.indices[which] : which,
                                    " holds the value ", b.pixels[i], "; expected finite numbers."));
    }
  const std::vector<typename D::scalar> values(b.pixels.begin(), b.pixels.end());
  return D::from_host(b.extents, values);
}

/// Calls f(batch, how many of it count) for every batch of a sequence. Throws argument_error when one is missing.
template <class F>
void for_each_batch(const picture_sequence& pictures, F&& f) {
  if (pictures.size == 0 || !pictures.read) throw argument_error("There are no pictures to classify.");
  std::size_t done = 0;
  for (std::uint64_t i = 0; done < pictures.size; ++i) {
    const batch b = pictures.read(i);
    if (b.labels.empty())
      throw argument_error(sentence("Batch ", i, " is empty; ", pictures.size - done, " pictures are missing."));
    const std::size_t count = std::min(b.labels.size(), pictures.size - done);
    f(b, count);
    done += count;
  }
}

/// Row i of logits [n, classes] as probabilities, added to `out`.
template <class Scalar>
void add_softmax(std::span<const Scalar> logits, std::span<double> out) {
  const double top = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  double sum = 0;
  for (const auto x : logits) sum += std::exp(static_cast<double>(x) - top);
  for (std::size_t c = 0; c < out.size(); ++c) out[c] += std::exp(static_cast<double>(logits[c]) - top) / sum;
}

}  // namespace detail

/// What a classifier says about pictures, in evaluation mode. Softmax and averages are taken on the host in double.
/// Throws argument_error for no pictures and for numbers that are not finite, shape_error for pictures that do not fit,
/// and diverged_error when the network's output is not finite.
template <backend D, models::classifier Network>
[[nodiscard]] classification classify(const nn::parameters_of<Network, D>& weights,
                                      const nn::buffers_of<Network, D>& buffers, const picture_sequence& pictures,
                                      flip_averaging flips = flip_averaging::none) {
  static_assert(models::explain_classifier_on<Network, D>());
  constexpr auto classes = static_cast<std::size_t>(Network::classes);
  classification out{.classes = classes, .probabilities = {}, .labels = {}};
  detail::for_each_batch(pictures, [&](const batch& b, std::size_t count) {
    const auto x = detail::pictures_of<D>(b, Network::image_channels);
    std::vector<double> sums(count * classes);
    double copies = 0;
    const auto look = [&](const typename D::tensor& seen) {
      const auto y = Network{}.template apply<D>(weights, buffers, seen, nn::context{}).y;
      const auto logits = ops::to_host<D>(y);
      for (const auto value : logits)
        if (!std::isfinite(value))
          throw diverged_error(
              "The classifier's output is not finite; its weights are damaged or its training diverged.");
      for (std::size_t i = 0; i < count; ++i)
        detail::add_softmax(std::span<const typename D::scalar>(logits).subspan(i * classes, classes),
                            std::span(sums).subspan(i * classes, classes));
      ++copies;
    };
    look(x);
    if (flips != flip_averaging::none) look(ops::flip<D>(x, 3));
    if (flips == flip_averaging::both) {
      const auto turned = ops::flip<D>(x, 2);
      look(turned);
      look(ops::flip<D>(turned, 3));
    }
    for (const double sum : sums) out.probabilities.push_back(sum / copies);
    out.labels.insert(out.labels.end(), b.labels.begin(), b.labels.begin() + static_cast<std::ptrdiff_t>(count));
  });
  return out;
}

/// The features of pictures, one row each, in evaluation mode. Network has `features<B>`
/// (models/feature_extractor.hpp). Throws as classify() does, except for diverged_error.
template <backend D, class Network>
[[nodiscard]] feature_matrix extract_features(const nn::parameters_of<Network, D>& weights,
                                              const nn::buffers_of<Network, D>& buffers,
                                              const picture_sequence& pictures) {
  feature_matrix out{{}, static_cast<std::size_t>(Network::feature_count)};
  detail::for_each_batch(pictures, [&](const batch& b, std::size_t count) {
    const auto x = detail::pictures_of<D>(b, Network::image_channels);
    const auto rows = ops::to_host<D>(Network{}.template features<D>(weights, buffers, x));
    out.values.insert(out.values.end(), rows.begin(),
                      rows.begin() + static_cast<std::ptrdiff_t>(count * out.dimensions));
  });
  return out;
}

}  // namespace synthmed::train

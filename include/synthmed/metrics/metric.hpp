// The concepts of the metrics: metric, paired_metric, set_metric, embedding. Host data only; no backend is ever seen.
#pragma once

#include <concepts>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <synthmed/error.hpp>

namespace synthmed {

/// Rows of numbers that belong to somebody else: n points of `dimensions` numbers each, row-major.
/// What feature metrics and embeddings take. Cheap to copy.
class feature_view {
 public:
  feature_view() = default;

  /// Throws shape_error when `values` is no whole number of rows.
  feature_view(std::span<const double> values, std::size_t dimensions) : values_(values), dimensions_(dimensions) {
    if (dimensions == 0 || values.size() % dimensions != 0)
      throw shape_error(sentence("Points of ", dimensions, " numbers each do not fit into ", values.size(),
                                 " values; expected at least one number per point and whole points."));
  }

  [[nodiscard]] std::size_t rows() const noexcept { return dimensions_ == 0 ? 0 : values_.size() / dimensions_; }
  [[nodiscard]] std::size_t dimensions() const noexcept { return dimensions_; }
  [[nodiscard]] std::span<const double> values() const noexcept { return values_; }
  /// Point `i`, 0 <= i < rows(); not checked.
  [[nodiscard]] std::span<const double> row(std::size_t i) const noexcept {
    return values_.subspan(i * dimensions_, dimensions_);
  }

 private:
  std::span<const double> values_;
  std::size_t dimensions_ = 0;
};

/// Rows of numbers that are owned; reads as a feature_view.
struct feature_matrix {
  std::vector<double> values;  ///< row-major
  std::size_t dimensions = 0;  ///< numbers per row

  [[nodiscard]] std::size_t rows() const noexcept { return dimensions == 0 ? 0 : values.size() / dimensions; }
  [[nodiscard]] feature_view view() const {
    return dimensions == 0 ? feature_view() : feature_view(values, dimensions);
  }
  operator feature_view() const { return view(); }  // NOLINT(google-explicit-constructor): a matrix is a view's source
};

/// Which of the two sets of a set_metric an observation belongs to.
enum class set_side {
  reference,  ///< what is compared against: real images, the training set
  candidate   ///< what is judged: synthetic images
};

namespace detail {

template <class M>
concept has_observation = requires {
  typename M::observation;
};
template <class M>
concept has_merge = requires(M& all, const M& part) {
  all.merge(part);
};
template <class M>
concept has_value = requires(const M& done) {
  done.value();
}
&&!std::is_void_v<decltype(std::declval<const M&>().value())>;
template <class M>
concept has_update = requires(M& m, const typename M::observation& seen) {
  m.update(seen);
};
template <class M>
concept has_paired_update = requires(M& m, const typename M::observation& first,
                                     const typename M::observation& second) {
  m.update(first, second);
};
template <class M>
concept has_set_update = requires(M& m, set_side side, const typename M::observation& seen) {
  m.update(side, seen);
};
template <class E>
concept has_fit = requires(const E& e, feature_view points) {
  e.fit(points);
};
template <class E>
using fitted_t = std::remove_cvref_t<decltype(std::declval<const E&>().fit(std::declval<feature_view>()))>;
template <class E>
concept has_coordinates = requires(const fitted_t<E>& fitted) {
  { fitted.coordinates() } -> std::convertible_to<feature_view>;
};
template <class E>
concept has_transform = requires(const fitted_t<E>& fitted, feature_view points) {
  { fitted.transform(points) } -> std::convertible_to<feature_view>;
};

}  // namespace detail

/// One number (or one record of numbers) over many observations: accuracy, AUC, Brier score.
///
///   using observation = ...;                what one case brings
///   void update(const observation&);        sees one case
///   void merge(const M& part);              sees all that `part` has seen
///   auto value() const;                     the result; throws argument_error where it is not defined
///
/// Laws (checked by testing/metric_laws.hpp): merging the parts equals seeing the whole, and the order of the
/// observations is irrelevant, both to 1e-12 relative; a fresh metric is the neutral element of merge.
template <class M>
concept metric = std::copyable<M> && detail::has_observation<M> && detail::has_update<M> && detail::has_merge<M> &&
    detail::has_value<M>;

/// Compares two models on the same cases: paired DeLong, McNemar. As metric, but `update(first, second)` takes what the
/// two models brought for one case. Law besides metric's: exchanging the models exchanges the sign of a difference.
template <class M>
concept paired_metric = std::copyable<M> && detail::has_observation<M> && detail::has_paired_update<M> &&
    detail::has_merge<M> && detail::has_value<M>;

/// Compares two sets that need not pair up: Fréchet distance, KID, precision/recall. As metric, but
/// `update(side, observation)` says which set the observation belongs to.
template <class M>
concept set_metric = std::copyable<M> && detail::has_observation<M> && detail::has_set_update<M> &&
    detail::has_merge<M> && detail::has_value<M>;

/// Maps points to few dimensions: UMAP, PCA.
///
///   auto fit(feature_view points) const;             a fitted map, which has
///     coordinates() const -> feature_view-like         where the fitted points went, row i for point i
///     transform(feature_view) const -> feature_view-like  where new points go
///
/// Laws: transform is a pure function of the fitted map and one point (a point alone goes where it goes in a batch);
/// neither depends on the number of threads.
template <class E>
concept embedding = std::copyable<E> && detail::has_fit<E> && detail::has_coordinates<E> && detail::has_transform<E>;

/// Stops the compilation with one sentence that names what M lacks to be a metric. Functions that take metrics call it,
/// so that a missing member is reported once and in words; a metric's author may call it too.
template <class M>
constexpr bool explain_metric() {
  static_assert(std::copyable<M>, "synthmed: a metric must be copyable, so that parts can be kept, sent and merged.");
  static_assert(detail::has_observation<M>,
                "synthmed: a metric needs the member type `observation`, what one case brings to update().");
  if constexpr (detail::has_observation<M>) {
    static_assert(detail::has_update<M>,
                  "synthmed: a metric needs `void update(const observation&)`, which sees one case.");
  }
  static_assert(detail::has_merge<M>,
                "synthmed: a metric needs `void merge(const M& part)`; merging the parts must equal the whole.");
  static_assert(detail::has_value<M>,
                "synthmed: a metric needs `value() const` that returns the result and does not change the metric.");
  return metric<M>;
}

/// As explain_metric, for paired_metric.
template <class M>
constexpr bool explain_paired_metric() {
  static_assert(std::copyable<M>, "synthmed: a paired metric must be copyable, so that parts can be merged.");
  static_assert(detail::has_observation<M>,
                "synthmed: a paired metric needs the member type `observation`, what one model brings for one case.");
  if constexpr (detail::has_observation<M>) {
    static_assert(detail::has_paired_update<M>,
                  "synthmed: a paired metric needs `void update(const observation& first, const observation& second)`, "
                  "what the two models bring for the same case.");
  }
  static_assert(detail::has_merge<M>, "synthmed: a paired metric needs `void merge(const M& part)`.");
  static_assert(detail::has_value<M>,
                "synthmed: a paired metric needs `value() const` that returns the result and does not change the "
                "metric.");
  return paired_metric<M>;
}

/// As explain_metric, for set_metric.
template <class M>
constexpr bool explain_set_metric() {
  static_assert(std::copyable<M>, "synthmed: a set metric must be copyable, so that parts can be merged.");
  static_assert(detail::has_observation<M>,
                "synthmed: a set metric needs the member type `observation`, what update() takes for one set.");
  if constexpr (detail::has_observation<M>) {
    static_assert(detail::has_set_update<M>,
                  "synthmed: a set metric needs `void update(set_side, const observation&)`, which says to which of "
                  "the two sets the observation belongs.");
  }
  static_assert(detail::has_merge<M>, "synthmed: a set metric needs `void merge(const M& part)`.");
  static_assert(detail::has_value<M>,
                "synthmed: a set metric needs `value() const` that returns the result and does not change the metric.");
  return set_metric<M>;
}

/// As explain_metric, for embedding.
template <class E>
constexpr bool explain_embedding() {
  static_assert(std::copyable<E>, "synthmed: an embedding must be copyable; it holds options, not data.");
  static_assert(detail::has_fit<E>,
                "synthmed: an embedding needs `fit(feature_view) const` that returns a fitted map.");
  if constexpr (detail::has_fit<E>) {
    static_assert(detail::has_coordinates<E>,
                  "synthmed: what an embedding's fit() returns needs `coordinates() const`, readable as a "
                  "feature_view.");
    static_assert(detail::has_transform<E>,
                  "synthmed: what an embedding's fit() returns needs `transform(feature_view) const`, readable as a "
                  "feature_view; it must place a point alone where it places it in a batch.");
  }
  return embedding<E>;
}

}  // namespace synthmed

// dense<S>: the reference backend's tensor, a shape and row-major values that copies share until one is written to.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <synthmed/shape.hpp>

namespace synthmed::reference {

/// A row-major tensor with value semantics: copying is cheap, writing to one copy never shows in another.
template <class Scalar>
class dense {
 public:
  dense() = default;

  /// Every element `value`.
  explicit dense(const shape& dims, Scalar value = 0)
      : dims_(dims), values_(std::make_shared<std::vector<Scalar>>(static_cast<std::size_t>(dims.elements()), value)) {}

  /// The row-major values of `other` under another shape of as many elements.
  dense(const shape& dims, const dense& other) : dims_(dims), values_(other.values_) {}

  [[nodiscard]] const shape& dims() const noexcept { return dims_; }
  [[nodiscard]] std::int64_t elements() const noexcept { return dims_.elements(); }

  /// For reading; elements() values.
  [[nodiscard]] const Scalar* data() const noexcept { return values_->data(); }

  /// For writing: copies the values first when another tensor shares them.
  [[nodiscard]] Scalar* own() {
    if (values_.use_count() > 1) values_ = std::make_shared<std::vector<Scalar>>(*values_);
    return values_->data();
  }

 private:
  shape dims_;
  std::shared_ptr<std::vector<Scalar>> values_;
};

/// A result of this shape whose element i is f(i).
template <class Scalar, class F>
[[nodiscard]] dense<Scalar> generate(const shape& dims, F&& f) {
  dense<Scalar> out(dims);
  Scalar* const values = out.own();
  for (std::int64_t i = 0; i < out.elements(); ++i) values[i] = static_cast<Scalar>(f(i));
  return out;
}

/// Sums under way: a double per element, whatever the tensor's scalar.
using sums = std::vector<double>;

[[nodiscard]] inline sums zero_sums(const shape& dims) { return sums(static_cast<std::size_t>(dims.elements()), 0.0); }

/// The sums, each rounded once.
template <class Scalar>
[[nodiscard]] dense<Scalar> rounded(const shape& dims, const sums& values) {
  return generate<Scalar>(dims, [from = values.data()](std::int64_t i) { return from[i]; });
}

}  // namespace synthmed::reference

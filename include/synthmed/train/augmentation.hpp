// The augmentation concept: differentiable changes of pictures on their way to the discriminator.
#pragma once

#include <concepts>
#include <string>

#include <synthmed/core/differentiable.hpp>
#include <synthmed/random/key.hpp>

namespace synthmed::train {

/// Changes real and generated pictures alike before the discriminator sees them (Zhao et al. 2020), a copyable value:
///   apply<D>(x, key) -> tensor   x [n, c, h, w] to as many pictures of the same size, differentiable by x
///   identity() -> std::string    name and strengths, in words: kept in checkpoints
/// Laws (testing/augmentation_laws.hpp): the shape stays; the result depends on x and key alone; its gradient by x equals
/// central differences; another key gives another result, unless nothing is ever changed.
/// Changes of host pictures while they are loaded (data/augment.hpp) are something else: the generator learns those.
template <class A>
concept augmentation = std::copyable<A> && requires(const A& a) {
  { a.identity() } -> std::convertible_to<std::string>;
};

/// An augmentation whose template works on a differentiable backend D.
template <class A, class D>
concept augmentation_on = augmentation<A> && requires(const A& a, const typename D::tensor& x, synthmed::key k) {
  { a.template apply<D>(x, k) } -> std::same_as<typename D::tensor>;
};

/// True when A is an augmentation; otherwise compilation stops at a sentence that says what it lacks.
template <class A>
consteval bool explain_augmentation() {
  static_assert(std::copyable<A>, "synthmed: an augmentation must be copyable: it is a value.");
  static_assert(requires(const A& a) { { a.identity() } -> std::convertible_to<std::string>; },
                "synthmed: this augmentation lacks `std::string identity() const`, its name and strengths in words.");
  return augmentation<A>;
}

/// True when A works on D; otherwise compilation stops at a sentence that says what it lacks.
template <class A, class D>
consteval bool explain_augmentation_on() {
  if constexpr (explain_augmentation<A>())
    static_assert(requires(const A& a, const typename D::tensor& x, synthmed::key k) {
                    { a.template apply<D>(x, k) } -> std::same_as<typename D::tensor>;
                  },
                  "synthmed: this augmentation lacks `tensor apply<D>(const tensor& x, key) const`.");
  return augmentation_on<A, D>;
}

/// The discriminator sees pictures as they are.
struct unaugmented {
  template <differentiable_backend D>
  [[nodiscard]] typename D::tensor apply(const typename D::tensor& x, key) const {
    return x;
  }
  [[nodiscard]] std::string identity() const { return "none"; }
};
static_assert(explain_augmentation<unaugmented>());

}  // namespace synthmed::train

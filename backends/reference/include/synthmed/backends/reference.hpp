// reference_backend<S>: every primitive as the plainest loop that says what it means; the conformance suite's oracle.
#pragma once

#include <concepts>

#include <synthmed/backends/reference/convolution.hpp>
#include <synthmed/backends/reference/elementwise.hpp>
#include <synthmed/backends/reference/layout.hpp>
#include <synthmed/backends/reference/linear.hpp>
#include <synthmed/backends/reference/reduce.hpp>
#include <synthmed/backends/reference/resample.hpp>
#include <synthmed/backends/reference/storage.hpp>
#include <synthmed/backends/reference/update.hpp>
#include <synthmed/core/backend.hpp>
#include <synthmed/core/explain.hpp>

namespace synthmed {

/// The oracle: row-major storage, plain loops on one thread, no dependency. Sums are accumulated in double and rounded
/// once to Scalar, so reference_backend<float> is as exact as float results can be. Made to be read and compared with,
/// not to be fast. Shapes are checked by ops/ before a kernel is called.
template <std::floating_point Scalar>
struct reference_backend : reference::storage<Scalar>,
                           reference::elementwise<Scalar>,
                           reference::reduce<Scalar>,
                           reference::layout<Scalar>,
                           reference::linear<Scalar>,
                           reference::convolution<Scalar>,
                           reference::resample<Scalar>,
                           reference::update<Scalar> {
  using scalar = Scalar;
  using tensor = reference::dense<Scalar>;
};

static_assert(explain<reference_backend<float>>());
static_assert(explain<reference_backend<double>>());

}  // namespace synthmed

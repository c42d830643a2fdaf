// torch_backend<S> and torch_autograd_backend<S>: LibTorch's kernels on the processor or on a CUDA device.
// Include this header before a test framework's.
#pragma once

#include <synthmed/backends/torch/convolution.hpp>
#include <synthmed/backends/torch/differentiation.hpp>
#include <synthmed/backends/torch/elementwise.hpp>
#include <synthmed/backends/torch/fused.hpp>
#include <synthmed/backends/torch/layout.hpp>
#include <synthmed/backends/torch/linear.hpp>
#include <synthmed/backends/torch/reduce.hpp>
#include <synthmed/backends/torch/resample.hpp>
#include <synthmed/backends/torch/storage.hpp>
#include <synthmed/backends/torch/update.hpp>

#include <concepts>

#include <synthmed/core/backend.hpp>
#include <synthmed/core/differentiable.hpp>
#include <synthmed/core/explain.hpp>

namespace synthmed {

namespace libtorch {

/// The primitives; Mode says whether LibTorch's autograd records them.
template <class Scalar, class Mode>
struct primitives : storage<Scalar, Mode>,
                    elementwise<Scalar, Mode>,
                    reduce<Scalar, Mode>,
                    layout<Scalar, Mode>,
                    linear<Scalar, Mode>,
                    convolution<Scalar, Mode>,
                    resample<Scalar, Mode>,
                    update<Scalar> {
  using scalar = Scalar;
  using tensor = at::Tensor;
};

}  // namespace libtorch

/// LibTorch as a library of kernels, to be differentiated by autodiff<torch_backend<S>>: its own autograd records
/// nothing. `use_device("cuda:0")` moves it to a GPU. What LibTorch throws arrives as backend_error.
template <std::floating_point Scalar>
struct torch_backend : libtorch::primitives<Scalar, libtorch::kernels>, libtorch::fused<Scalar> {
  using tensor = at::Tensor;
};

/// LibTorch with its own autograd: a differentiable_backend by itself, for tests and benchmarks. Its second derivative
/// of a convolution uses an image-sized kernel and is many times slower than autodiff<torch_backend<S>>'s.
template <std::floating_point Scalar>
struct torch_autograd_backend : libtorch::primitives<Scalar, libtorch::recorded>, libtorch::differentiation {
  using tensor = at::Tensor;
};

static_assert(explain<torch_backend<float>>());
static_assert(explain<torch_backend<double>>());
static_assert(explain<torch_autograd_backend<float>>());
static_assert(differentiable_backend<torch_autograd_backend<float>>);
static_assert(differentiable_backend<torch_autograd_backend<double>>);

}  // namespace synthmed

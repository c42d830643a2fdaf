// What every room of the torch backends stands on: LibTorch's headers in the order that compiles, shapes, the two ways
// to run a kernel, and LibTorch's errors as ours.
#pragma once

// clang cannot compile any other ATen header in C++20 unless this one comes first (LibTorch 1.13, libstdc++ 12).
#include <ATen/core/ivalue.h>

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <c10/core/GradMode.h>

// A LibTorch built with glog leaks its CHECK, which test frameworks have as well.
#ifdef CHECK
#undef CHECK
#endif

#include <concepts>
#include <cstdint>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/parallel.hpp>
#include <synthmed/shape.hpp>

namespace synthmed::libtorch {

using extents = std::vector<std::int64_t>;

template <std::floating_point Scalar>
inline constexpr at::ScalarType scalar_type = std::same_as<Scalar, float> ? at::kFloat : at::kDouble;

[[nodiscard]] inline at::IntArrayRef sizes(const shape& dims) {
  return {dims.begin(), static_cast<std::size_t>(dims.rank())};
}

[[nodiscard]] inline shape dims_of(const at::Tensor& x) {
  return shape(std::span<const std::int64_t>(x.sizes().data(), x.sizes().size()));
}

/// LibTorch's own pool follows set_threads(). Its default is one thread wherever it cannot count the cores.
inline void follow_threads() {
#ifdef _OPENMP
  if (at::get_num_threads() != threads()) at::set_num_threads(threads());
#endif
}

/// Runs a kernel; what LibTorch throws becomes a backend_error that names the primitive.
template <class F>
decltype(auto) checked(const char* primitive, F&& f) {
  try {
    follow_threads();
    return f();
  } catch (const c10::Error& problem) {
    throw backend_error(sentence("LibTorch refused ", primitive, ": ", problem.what_without_backtrace()));
  }
}

/// Kernels alone: LibTorch's autograd never sees them.
struct kernels {
  static constexpr const char* title = "LibTorch";
  template <class F>
  static decltype(auto) run(const char* primitive, F&& f) {
    const c10::NoGradGuard guard;
    return checked(primitive, f);
  }
};

/// Kernels that LibTorch's autograd records.
struct recorded {
  static constexpr const char* title = "LibTorch autograd";
  template <class F>
  static decltype(auto) run(const char* primitive, F&& f) {
    return checked(primitive, f);
  }
};

}  // namespace synthmed::libtorch

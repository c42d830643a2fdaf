// Reduce family of the torch backends.
#pragma once

#include <synthmed/backends/torch/library.hpp>

namespace synthmed::libtorch {

template <class Scalar, class Mode>
struct reduce {
  using tensor = at::Tensor;

  // For LibTorch an empty list of axes means all of them.
  static tensor sum(const tensor& x, const axes& over) {
    return Mode::run("sum", [&] { return over.empty() ? x : x.sum(listed(over, x), true); });
  }
  static tensor max(const tensor& x, const axes& over) {
    return Mode::run("max", [&] { return over.empty() ? x : x.amax(listed(over, x), true); });
  }
  static tensor broadcast_to(const tensor& x, const shape& dims) {
    return Mode::run("broadcast_to", [&] { return x.expand(sizes(dims)); });
  }
  static std::int64_t count_nonfinite(const tensor& x) {
    return Mode::run("count_nonfinite", [&] { return x.numel() - x.isfinite().sum().template item<std::int64_t>(); });
  }

 private:
  static extents listed(const axes& over, const tensor& x) {
    extents list;
    for (int axis = 0; axis < static_cast<int>(x.dim()); ++axis)
      if (over.contains(axis)) list.push_back(axis);
    return list;
  }
};

}  // namespace synthmed::libtorch

// Layout family of the torch backends. Results may be views; the update family looks at who shares the storage.
#pragma once

#include <synthmed/backends/torch/library.hpp>

#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/embedding_dense_backward.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <span>

namespace synthmed::libtorch {

template <class Scalar, class Mode>
struct layout {
  using tensor = at::Tensor;

  static tensor reshape(const tensor& x, const shape& dims) {
    return Mode::run("reshape", [&] { return x.reshape(sizes(dims)); });
  }
  static tensor permute(const tensor& x, std::span<const int> order) {
    return Mode::run("permute", [&] { return x.permute(extents(order.begin(), order.end())); });
  }
  static tensor slice(const tensor& x, int axis, std::int64_t first, std::int64_t last) {
    return Mode::run("slice", [&] { return x.narrow(axis, first, last - first); });
  }
  static tensor pad(const tensor& x, int axis, std::int64_t before, std::int64_t after) {
    return Mode::run("pad", [&] {
      // Pairs from the last axis to this one.
      extents borders(2 * static_cast<std::size_t>(x.dim() - axis), 0);
      borders[borders.size() - 2] = before;
      borders[borders.size() - 1] = after;
      return at::constant_pad_nd(x, borders, 0);
    });
  }
  static tensor concat(std::span<const tensor> parts, int axis) {
    return Mode::run("concat", [&] { return at::cat(at::TensorList(parts.data(), parts.size()), axis); });
  }
  static tensor flip(const tensor& x, int axis) {
    return Mode::run("flip", [&] { return x.flip(extents{axis}); });
  }

  static tensor gather(const tensor& x, int axis, std::span<const std::int64_t> index) {
    return Mode::run("gather", [&] {
      extents from(index.begin(), index.end());
      const bool whole = std::find(from.begin(), from.end(), -1) == from.end();
      if (whole) return x.index_select(axis, uploaded(from, x));
      // One line of zeros behind the last is what -1 stands for: nothing of x comes through, not even NaN.
      std::replace(from.begin(), from.end(), std::int64_t{-1}, x.size(axis));
      return pad(x, axis, 0, 1).index_select(axis, uploaded(from, x));
    });
  }

  static tensor scatter_add(const tensor& x, int axis, std::span<const std::int64_t> index, std::int64_t extent) {
    return Mode::run("scatter_add", [&] {
      extents from, to;
      for (std::size_t i = 0; i < index.size(); ++i)
        if (index[i] != -1) {
          from.push_back(static_cast<std::int64_t>(i));
          to.push_back(index[i]);
        }
      const tensor lines = (to.size() == index.size() ? x : x.index_select(axis, uploaded(from, x))).movedim(axis, 0);
      extents dims = lines.sizes().vec();
      dims[0] = extent;
      if (lines.numel() == 0) return at::zeros(dims, x.options()).movedim(0, axis);
      // index_add is a race of atomics on CUDA; the gradient of an embedding is the same sum in a fixed order.
      const tensor flat = lines.reshape({static_cast<std::int64_t>(to.size()), -1});
      return at::embedding_dense_backward(flat, uploaded(to, x), extent, -1, false).reshape(dims).movedim(0, axis);
    });
  }

 private:
  static tensor uploaded(const extents& index, const tensor& beside) {
    const tensor host = at::empty({static_cast<std::int64_t>(index.size())}, at::TensorOptions(at::kLong));
    std::copy(index.begin(), index.end(), host.data_ptr<std::int64_t>());
    return host.to(beside.device());
  }
};

}  // namespace synthmed::libtorch

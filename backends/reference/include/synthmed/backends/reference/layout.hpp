// Layout family of the reference backend: elements are moved, never computed with (scatter_add alone adds).
#pragma once

#include <cstdint>
#include <span>

#include <synthmed/backends/reference/dense.hpp>
#include <synthmed/backends/reference/walk.hpp>

namespace synthmed::reference {

template <class Scalar>
struct layout {
  using tensor = dense<Scalar>;

  static tensor reshape(const tensor& x, const shape& dims) { return tensor(dims, x); }

  static tensor permute(const tensor& x, std::span<const int> order) {
    const strides from_steps = row_major(x.dims());
    shape dims = x.dims();
    strides steps{};
    for (std::size_t axis = 0; axis < order.size(); ++axis) {
      dims = dims.with(static_cast<int>(axis), x.dims()[order[axis]]);
      steps[axis] = from_steps[static_cast<std::size_t>(order[axis])];
    }
    tensor out(dims);
    walk(dims, steps, [to = out.own(), from = x.data()](std::int64_t i, std::int64_t place) { to[i] = from[place]; });
    return out;
  }

  static tensor slice(const tensor& x, int axis, std::int64_t first, std::int64_t last) {
    return picked(x, axis, last - first, [first](std::int64_t i) { return first + i; });
  }

  static tensor pad(const tensor& x, int axis, std::int64_t before, std::int64_t after) {
    const std::int64_t extent = x.dims()[axis];
    return picked(x, axis, before + extent + after, [before, extent](std::int64_t i) {
      return i < before || i >= before + extent ? nothing : i - before;
    });
  }

  static tensor concat(std::span<const tensor> parts, int axis) {
    std::int64_t extent = 0;
    for (const tensor& part : parts) extent += part.dims()[axis];
    tensor out(parts.front().dims().with(axis, extent));
    Scalar* const to = out.own();
    std::int64_t first = 0;
    for (const tensor& part : parts) {
      const auto [outer, length, inner] = lines(part.dims(), axis);
      for (std::int64_t o = 0; o < outer; ++o)
        for (std::int64_t i = 0; i < length; ++i)
          for (std::int64_t k = 0; k < inner; ++k)
            to[(o * extent + first + i) * inner + k] = part.data()[(o * length + i) * inner + k];
      first += length;
    }
    return out;
  }

  static tensor flip(const tensor& x, int axis) {
    const std::int64_t extent = x.dims()[axis];
    return picked(x, axis, extent, [extent](std::int64_t i) { return extent - 1 - i; });
  }

  static tensor gather(const tensor& x, int axis, std::span<const std::int64_t> index) {
    const auto extent = static_cast<std::int64_t>(index.size());
    return picked(x, axis, extent, [from = index.data()](std::int64_t i) { return from[i]; });
  }

  static tensor scatter_add(const tensor& x, int axis, std::span<const std::int64_t> index, std::int64_t extent) {
    const shape dims = x.dims().with(axis, extent);
    sums total = zero_sums(dims);
    const auto [outer, length, inner] = lines(x.dims(), axis);
    double* const to = total.data();
    for (std::int64_t o = 0; o < outer; ++o)
      for (std::int64_t i = 0; i < length; ++i)
        if (const std::int64_t place = index.data()[i]; place != nothing)
          for (std::int64_t k = 0; k < inner; ++k)
            to[(o * extent + place) * inner + k] += static_cast<double>(x.data()[(o * length + i) * inner + k]);
    return rounded<Scalar>(dims, total);
  }

 private:
  static constexpr std::int64_t nothing = -1;

  // A shape as [outer, extent of the axis, inner].
  struct axis_lines {
    std::int64_t outer, length, inner;
  };
  static axis_lines lines(const shape& dims, int axis) {
    axis_lines found{1, dims[axis], 1};
    for (int a = 0; a < axis; ++a) found.outer *= dims[a];
    for (int a = axis + 1; a < dims.rank(); ++a) found.inner *= dims[a];
    return found;
  }

  // Element i of the axis is element from(i) of x's, or zeros where from(i) is `nothing`.
  template <class From>
  static tensor picked(const tensor& x, int axis, std::int64_t extent, From from) {
    tensor out(x.dims().with(axis, extent));
    Scalar* const to = out.own();
    const auto [outer, length, inner] = lines(x.dims(), axis);
    for (std::int64_t o = 0; o < outer; ++o)
      for (std::int64_t i = 0; i < extent; ++i)
        if (const std::int64_t place = from(i); place != nothing)
          for (std::int64_t k = 0; k < inner; ++k)
            to[(o * extent + i) * inner + k] = x.data()[(o * length + place) * inner + k];
    return out;
  }
};

}  // namespace synthmed::reference

// Layout family: moves along one axis of the array in memory. A blocked tensor stays blocked when its channels are
// moved by whole blocks or not at all; otherwise it becomes dense first. Channels cut out of a dense tensor are blocked
// when they can be: what is computed from them comes to a convolution, and they are fewer than they will be then.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include <synthmed/backends/xtensor/copy.hpp>

namespace synthmed::xtensor {

template <class Engine>
struct structure {
  static tensor reshape(const tensor& x, const shape& dims) { return dense(x).relabelled(dims, layout::dense); }

  static tensor permute(const tensor& x, std::span<const int> order) {
    // Strides of x's axes; the channels of a blocked tensor are two axes, blocks and places in a block.
    const shape& dims = x.dims();
    const int rank = dims.rank();
    std::array<std::int64_t, shape::max_rank> stride{};
    const bool blocked = x.order() == layout::blocked;
    std::int64_t step = blocked ? block : 1;
    for (int axis = rank - 1; axis >= 0; --axis) {
      stride[static_cast<std::size_t>(axis)] = step;
      step *= blocked && axis == 1 ? dims[1] / block : dims[axis];
    }
    shape turned = dims;
    for (int axis = 0; axis < rank; ++axis) turned = turned.with(axis, dims[order[static_cast<std::size_t>(axis)]]);
    tensor result(turned);
    box moved;
    std::int64_t to = turned.elements();
    if (to == 0) return result;
    for (int axis = 0; axis < rank; ++axis) {
      const int source = order[static_cast<std::size_t>(axis)];
      to /= turned[axis];
      if (blocked && source == 1) {
        moved.push(dims[1] / block, stride[1], to * block);
        moved.push(block, 1, to);
      } else {
        moved.push(turned[axis], stride[static_cast<std::size_t>(source)], to);
      }
    }
    copy_box(moved, x.data(), result.fill());
    return result;
  }

  static tensor slice(const tensor& x, int axis, std::int64_t first, std::int64_t last) {
    const tensor source = movable(x, axis, {first, last});
    const line from(source, axis);
    tensor result(x.dims().with(axis, last - first), source.order());
    const line to(result, axis);
    box moved;
    moved.push(from.outer, from.extent * from.inner, to.extent * to.inner);
    moved.push(to.extent, from.inner, to.inner);
    moved.push(to.inner, 1, 1);
    copy_box(moved, source.data() + first / from.unit * from.inner, result.fill());
    return axis == 1 && Engine::blocked() ? in_layout(result, layout::blocked) : result;
  }

  static tensor pad(const tensor& x, int axis, std::int64_t before, std::int64_t after) {
    const std::int64_t extent = before + x.dims()[axis] + after;
    const tensor source = movable(x, axis, {before, extent});
    tensor result(x.dims().with(axis, extent), source.order());
    const line to(result, axis);
    zero(to, result, 0, before / to.unit);
    zero(to, result, (extent - after) / to.unit, to.extent);
    place(source, axis, before, result);
    return result;
  }

  static tensor concat(std::span<const tensor> parts, int axis) {
    std::int64_t extent = 0;
    bool blocked = parts[0].order() == layout::blocked;
    for (const tensor& part : parts) {
      extent += part.dims()[axis];
      blocked = blocked && (axis != 1 || part.dims()[1] % block == 0);
    }
    const layout order = blocked ? layout::blocked : layout::dense;
    tensor result(parts[0].dims().with(axis, extent), order);
    std::int64_t at = 0;
    for (const tensor& part : parts) {
      if (part.elements() > 0) place(in_layout(part, order), axis, at, result);
      at += part.dims()[axis];
    }
    return result;
  }

  static tensor flip(const tensor& x, int axis) {
    const tensor source = axis == 1 ? dense(x) : x;
    tensor result(x.dims(), source.order());
    const line both(source, axis);
    box moved;
    moved.push(both.outer, both.extent * both.inner, both.extent * both.inner);
    moved.push(both.extent, -both.inner, both.inner);
    moved.push(both.inner, 1, 1);
    if (x.elements() > 0) copy_box(moved, source.data() + (both.extent - 1) * both.inner, result.fill());
    return result;
  }

  static tensor gather(const tensor& x, int axis, std::span<const std::int64_t> index) {
    const tensor source = axis == 1 ? dense(x) : x;
    const auto count = static_cast<std::int64_t>(index.size());
    tensor result(x.dims().with(axis, count), source.order());
    if (result.elements() == 0) return result;
    const line from(source, axis);
    const auto bytes = static_cast<std::size_t>(from.inner) * sizeof(float);
    parallel_for(from.outer * count, std::max<std::int64_t>(1, grain / std::max<std::int64_t>(1, from.inner)),
                 [&, to = result.fill(), data = source.data()](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t i = begin; i < end; ++i) {
                     const std::int64_t place = index[static_cast<std::size_t>(i % count)];
                     float* const target = to + i * from.inner;
                     if (place < 0)
                       std::memset(target, 0, bytes);
                     else
                       std::memcpy(target, data + (i / count * from.extent + place) * from.inner, bytes);
                   }
                 });
    return result;
  }

  static tensor scatter_add(const tensor& x, int axis, std::span<const std::int64_t> index, std::int64_t extent) {
    const tensor source = axis == 1 ? dense(x) : x;
    tensor result(x.dims().with(axis, extent), source.order());
    if (result.elements() == 0) return result;
    const line to(result, axis);
    const auto count = static_cast<std::int64_t>(index.size());
    // Shared out by target rows and columns, never by places of x: each sum is made in the order of the index.
    const std::int64_t columns = std::min<std::int64_t>(to.inner, 1024);
    const std::int64_t tiles = (to.inner + columns - 1) / columns;
    kernel_for(to.outer * tiles, 1,
               [&, sum = result.fill(), data = source.data()](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t item = begin; item < end; ++item) {
                   const std::int64_t outer = item / tiles, first = item % tiles * columns,
                                      last = std::min(to.inner, first + columns);
                   for (std::int64_t row = 0; row < extent; ++row)
                     std::memset(sum + (outer * extent + row) * to.inner + first, 0,
                                 static_cast<std::size_t>(last - first) * sizeof(float));
                   for (std::int64_t i = 0; i < count; ++i) {
                     const std::int64_t row = index[static_cast<std::size_t>(i)];
                     if (row < 0) continue;
                     float* const target = sum + (outer * extent + row) * to.inner;
                     const float* const add = data + (outer * count + i) * to.inner;
                     for (std::int64_t column = first; column < last; ++column) target[column] += add[column];
                   }
                 }
               });
    return result;
  }

 private:
  // An axis of the array in memory with what lies outside and inside it; `unit` logical places make one along it.
  struct line {
    std::int64_t outer, extent, inner, unit;
    line(const tensor& x, int axis) {
      const extents all = extents_in_memory(x.dims(), x.order());
      outer = all.product(0, axis);
      extent = all[axis];
      inner = all.product(axis + 1, all.rank);
      unit = x.order() == layout::blocked && axis == 1 ? block : 1;
    }
  };

  // x in a layout in which an axis can be cut at the given places.
  static tensor movable(const tensor& x, int axis, std::initializer_list<std::int64_t> cuts) {
    if (x.order() == layout::dense || axis != 1) return x;
    bool whole = true;
    for (const auto cut : cuts) whole = whole && cut % block == 0;
    return whole && *std::begin(cuts) != *(std::end(cuts) - 1) ? x : dense(x);
  }

  // Writes x into `result` (same layout) from place `at` of an axis on.
  static void place(const tensor& x, int axis, std::int64_t at, tensor& result) {
    const line from(x, axis), to(result, axis);
    box moved;
    moved.push(from.outer, from.extent * from.inner, to.extent * to.inner);
    moved.push(from.extent * from.inner, 1, 1);
    copy_box(moved, x.data(), result.fill() + at / to.unit * to.inner);
  }

  // Zeros at places first ... last - 1 along an axis in memory.
  static void zero(const line& to, tensor& result, std::int64_t first, std::int64_t last) {
    static constexpr float nothing = 0;
    box filled;
    filled.push(to.outer, 0, to.extent * to.inner);
    filled.push((last - first) * to.inner, 0, 1);
    copy_box(filled, &nothing, result.fill() + first * to.inner);
  }
};

}  // namespace synthmed::xtensor

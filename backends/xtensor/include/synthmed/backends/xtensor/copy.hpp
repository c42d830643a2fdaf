// Moving elements between orders in memory: one strided copy for everything, and the two layout changes by tiles.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include <synthmed/backends/xtensor/simd.hpp>
#include <synthmed/backends/xtensor/tensor.hpp>

namespace synthmed::xtensor {

/// The axes of an array as it lies in memory, outermost first; a blocked tensor has five: [n][c / 16][h][w][16].
struct extents {
  static constexpr int most = 8;
  int rank = 0;
  std::array<std::int64_t, most> of{};

  void push(std::int64_t extent) { of[static_cast<std::size_t>(rank++)] = extent; }
  [[nodiscard]] std::int64_t operator[](int axis) const { return of[static_cast<std::size_t>(axis)]; }
  [[nodiscard]] std::int64_t product(int first, int last) const {
    std::int64_t result = 1;
    for (int axis = first; axis < last; ++axis) result *= (*this)[axis];
    return result;
  }
};

[[nodiscard]] inline extents extents_in_memory(const shape& dims, layout order) {
  extents result;
  if (order == layout::blocked) {
    for (const auto extent : {dims[0], dims[1] / block, dims[2], dims[3], block}) result.push(extent);
  } else {
    for (const auto extent : dims) result.push(extent);
  }
  return result;
}

/// A box of elements with strides in the source and in the target; stride 0 repeats, a negative one runs backwards.
struct box {
  struct axis {
    std::int64_t extent, from, to;
  };
  int rank = 0;
  std::array<axis, extents::most> of{};

  /// Adds the next inner axis; joins it with the one before when both arrays go on seamlessly.
  void push(std::int64_t extent, std::int64_t from, std::int64_t to) {
    if (extent == 1) return;
    if (rank > 0) {
      axis& last = of[static_cast<std::size_t>(rank - 1)];
      if (last.from == from * extent && last.to == to * extent) {
        last = {last.extent * extent, from, to};
        return;
      }
    }
    of[static_cast<std::size_t>(rank++)] = {extent, from, to};
  }
};

namespace detail {

inline void copy_row(const box::axis& row, const float* from, float* to) {
  if (row.to == 1 && row.from == 1) {
    std::memcpy(to, from, static_cast<std::size_t>(row.extent) * sizeof(float));
  } else if (row.to == 1 && row.from == 0) {
    const float value = *from;
    for (std::int64_t i = 0; i < row.extent; ++i) to[i] = value;
  } else {
    for (std::int64_t i = 0; i < row.extent; ++i) to[i * row.to] = from[i * row.from];
  }
}

// `count` rows of 16 floats each, one after the other in the target: the commonest shape of blocked tensors.
inline void copy_blocks(std::int64_t count, std::int64_t stride, const float* from, float* to) {
  for (std::int64_t row = 0; row < count; ++row, from += stride, to += block)
    for (std::int64_t lane = 0; lane < block; lane += width) store_any(to + lane, load_any(from + lane));
}
// The same with one float repeated along each row.
inline void repeat_blocks(std::int64_t count, std::int64_t stride, const float* from, float* to) {
  for (std::int64_t row = 0; row < count; ++row, from += stride, to += block)
    for (std::int64_t lane = 0; lane < block; lane += width) store_any(to + lane, pack(*from));
}

}  // namespace detail

/// Copies a box. Bytes are moved, never computed with.
inline void copy_box(const box& what, const float* from, float* to) {
  for (int axis = 0; axis < what.rank; ++axis)
    if (what.of[static_cast<std::size_t>(axis)].extent == 0) return;
  if (what.rank == 0) {
    *to = *from;
    return;
  }
  const box::axis row = what.of[static_cast<std::size_t>(what.rank - 1)];
  if (what.rank == 1) {
    parallel_for(row.extent, grain, [&](std::int64_t begin, std::int64_t end) {
      detail::copy_row({end - begin, row.from, row.to}, from + begin * row.from, to + begin * row.to);
    });
    return;
  }
  const box::axis line = what.of[static_cast<std::size_t>(what.rank - 2)];
  std::int64_t rows = line.extent;
  for (int axis = 0; axis < what.rank - 2; ++axis) rows *= what.of[static_cast<std::size_t>(axis)].extent;
  const bool blocks = row.extent == block && row.to == 1 && line.to == block;

  parallel_for(rows, std::max<std::int64_t>(1, grain / row.extent), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t next = begin; next < end;) {
      // Rows of one line follow each other at fixed strides; only its beginning is worked out by division.
      const std::int64_t inside = next % line.extent, count = std::min(line.extent - inside, end - next);
      std::int64_t rest = next / line.extent, source = inside * line.from, target = inside * line.to;
      for (int axis = what.rank - 3; axis >= 0; --axis) {
        const box::axis& outer = what.of[static_cast<std::size_t>(axis)];
        source += rest % outer.extent * outer.from;
        target += rest % outer.extent * outer.to;
        rest /= outer.extent;
      }
      if (blocks && row.from == 0)
        detail::repeat_blocks(count, line.from, from + source, to + target);
      else if (blocks && row.from == 1)
        detail::copy_blocks(count, line.from, from + source, to + target);
      else
        for (std::int64_t i = 0; i < count; ++i)
          detail::copy_row(row, from + source + i * line.from, to + target + i * line.to);
      next += count;
    }
  });
}

namespace detail {

// A dense tensor seen as [planes of 16 channels][pixels]: both directions move 16 x 16 tiles, so that every cache line
// is read once and written once whatever the stride between channels.
template <bool ToBlocked>
void turn(const shape& dims, const float* from, float* to) {
  const std::int64_t pixels = dims[2] * dims[3], groups = dims[0] * (dims[1] / block);
  const std::int64_t tiles = (pixels + block - 1) / block;
  parallel_for(groups * tiles, std::max<std::int64_t>(1, grain / (block * block)),
               [&](std::int64_t begin, std::int64_t end) {
                 alignas(alignment) float tile[block * block];
                 for (std::int64_t i = begin; i < end; ++i) {
                   const std::int64_t first = i % tiles * block, count = std::min(block, pixels - first);
                   const std::int64_t dense = i / tiles * block * pixels + first,
                                      blocked = i / tiles * block * pixels + first * block;
                   if constexpr (ToBlocked) {
                     for (std::int64_t c = 0; c < block; ++c)
                       for (std::int64_t p = 0; p < count; ++p) tile[p * block + c] = from[dense + c * pixels + p];
                     std::memcpy(to + blocked, tile, static_cast<std::size_t>(count * block) * sizeof(float));
                   } else {
                     std::memcpy(tile, from + blocked, static_cast<std::size_t>(count * block) * sizeof(float));
                     for (std::int64_t c = 0; c < block; ++c)
                       for (std::int64_t p = 0; p < count; ++p) to[dense + c * pixels + p] = tile[p * block + c];
                   }
                 }
               });
}

}  // namespace detail

/// x in the wanted layout: x itself, x under another label where memory reads the same, or one counted pass.
/// A shape that cannot be blocked stays dense.
[[nodiscard]] inline tensor in_layout(const tensor& x, layout wanted) {
  if (x.order() == wanted || !can_block(x.dims())) return x;
  if (x.either_layout()) return x.relabelled(x.dims(), wanted);
  detail::activation_reorders.fetch_add(1, std::memory_order_relaxed);
  tensor result(x.dims(), wanted);
  if (wanted == layout::blocked)
    detail::turn<true>(x.dims(), x.data(), result.fill());
  else
    detail::turn<false>(x.dims(), x.data(), result.fill());
  return result;
}

[[nodiscard]] inline tensor dense(const tensor& x) { return in_layout(x, layout::dense); }

}  // namespace synthmed::xtensor

// Reduce family: sums and maxima over any axes in both layouts, with an order of additions fixed by the shape alone.
//
// Axes are those of the array in memory. Neighbours with the same fate are joined, which leaves kept and reduced groups
// in turn. Either the innermost group is reduced (runs are added up) or kept (rows are added to each other). Work is
// cut into pieces of at most 8192 elements; a piece adds in float registers, pieces are joined in double, in order.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

#include <synthmed/backends/xtensor/copy.hpp>
#include <synthmed/backends/xtensor/simd.hpp>

namespace synthmed::xtensor {

namespace detail {

struct sum_of {
  static constexpr float start = 0;
  static pack join(const pack& a, const pack& b) { return a + b; }
  template <class Scalar>
  static Scalar join(Scalar a, Scalar b) {
    return a + b;
  }
  static float lanes(const pack& a) { return lane_sum(a); }
};

// NaN wins against everything.
struct max_of {
  static constexpr float start = -std::numeric_limits<float>::infinity();
  static pack join(const pack& a, const pack& b) { return xsimd::select((b > a) | (b != b), b, a); }
  template <class Scalar>
  static Scalar join(Scalar a, Scalar b) {
    return b > a || b != b ? b : a;
  }
  static float lanes(const pack& a) {
    alignas(alignment) std::array<float, static_cast<std::size_t>(width)> each;
    store(each.data(), a);
    float result = each[0];
    for (std::size_t lane = 1; lane < each.size(); ++lane) result = join(result, each[lane]);
    return result;
  }
};

// Groups of axes in memory with the same fate, outermost first; a position in them counts row-major.
struct groups {
  struct group {
    std::int64_t extent, stride;
  };
  int rank = 0;
  std::array<group, extents::most> of{};
  std::int64_t count = 1;

  void push(std::int64_t extent, std::int64_t stride) {
    of[static_cast<std::size_t>(rank++)] = {extent, stride};
    count *= extent;
  }
  [[nodiscard]] std::int64_t offset(std::int64_t position) const {
    std::int64_t result = 0;
    for (int i = rank - 1; i >= 0; --i) {
      const auto& [extent, stride] = of[static_cast<std::size_t>(i)];
      result += position % extent * stride;
      position /= extent;
    }
    return result;
  }
  // Calls f(offset of the first, stride, how many) for positions [first, last), in order, in runs of equal stride.
  template <class F>
  void runs(std::int64_t first, std::int64_t last, F f) const {
    if (rank == 0) {
      if (first < last) f(std::int64_t{0}, std::int64_t{0}, last - first);
      return;
    }
    const group inner = of[static_cast<std::size_t>(rank - 1)];
    while (first < last) {
      const std::int64_t many = std::min(inner.extent - first % inner.extent, last - first);
      f(offset(first), inner.stride, many);
      first += many;
    }
  }
};

inline constexpr std::int64_t piece = 8192;

// Joins `count` floats in a row.
template <class Op>
[[nodiscard]] float join_run(const float* from, std::int64_t count, float start) {
  if (count < width) {
    for (std::int64_t i = 0; i < count; ++i) start = Op::join(start, from[i]);
    return start;
  }
  pack a(Op::start), b(Op::start), c(Op::start), d(Op::start);
  std::int64_t i = 0;
  for (; i + 4 * width <= count; i += 4 * width) {
    a = Op::join(a, load_any(from + i));
    b = Op::join(b, load_any(from + i + width));
    c = Op::join(c, load_any(from + i + 2 * width));
    d = Op::join(d, load_any(from + i + 3 * width));
  }
  for (; i + width <= count; i += width) a = Op::join(a, load_any(from + i));
  start = Op::join(start, Op::lanes(Op::join(Op::join(a, b), Op::join(c, d))));
  for (; i < count; ++i) start = Op::join(start, from[i]);
  return start;
}

// Joins rows `stride` apart, 16 aligned columns each (a run inside one block of channels, or of pixels).
template <class Op>
void join_rows(const float* from, std::int64_t stride, std::int64_t rows, std::int64_t columns, float* to) {
  std::int64_t column = 0;
  for (; column + width <= columns; column += width) {
    pack a = load_any(to + column), b(Op::start), c(Op::start), d(Op::start);
    const float* row = from + column;
    std::int64_t i = 0;
    for (; i + 4 <= rows; i += 4, row += 4 * stride) {
      a = Op::join(a, load_any(row));
      b = Op::join(b, load_any(row + stride));
      c = Op::join(c, load_any(row + 2 * stride));
      d = Op::join(d, load_any(row + 3 * stride));
    }
    for (; i < rows; ++i, row += stride) a = Op::join(a, load_any(row));
    store_any(to + column, Op::join(Op::join(a, b), Op::join(c, d)));
  }
  for (; column < columns; ++column)
    for (std::int64_t i = 0; i < rows; ++i) to[column] = Op::join(to[column], from[i * stride + column]);
}

// The innermost group (`run` elements) is reduced: one result per position of `kept`.
template <class Op>
void reduce_runs(const groups& kept, const groups& rows, std::int64_t run, const float* from, float* to) {
  const std::int64_t columns = std::min(run, piece), tiles = (run + columns - 1) / columns;
  const std::int64_t lines = std::max<std::int64_t>(1, piece / columns), bands = (rows.count + lines - 1) / lines;
  const std::int64_t pieces = tiles * bands;
  std::vector<double> parts(static_cast<std::size_t>(pieces > 1 ? kept.count * pieces : 0));
  const std::int64_t cost = columns * std::min(lines, rows.count);

  kernel_for(kept.count * pieces, std::max<std::int64_t>(1, grain / cost), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t item = begin; item < end; ++item) {
      const std::int64_t band = item % pieces / tiles, tile = item % tiles;
      const std::int64_t width_here = std::min(columns, run - tile * columns);
      const float* const start = from + kept.offset(item / pieces) + tile * columns;
      float value = Op::start;
      if (width_here == block) {
        // Whole blocks of 16 channels: join the blocks first and their lanes once.
        alignas(alignment) std::array<float, static_cast<std::size_t>(block)> lanes;
        lanes.fill(Op::start);
        rows.runs(band * lines, std::min(rows.count, (band + 1) * lines),
                  [&](std::int64_t offset, std::int64_t stride, std::int64_t many) {
                    join_rows<Op>(start + offset, stride, many, block, lanes.data());
                  });
        value = join_run<Op>(lanes.data(), block, value);
      } else {
        rows.runs(band * lines, std::min(rows.count, (band + 1) * lines),
                  [&](std::int64_t offset, std::int64_t stride, std::int64_t many) {
                    for (std::int64_t i = 0; i < many; ++i)
                      value = join_run<Op>(start + offset + i * stride, width_here, value);
                  });
      }
      if (pieces > 1)
        parts[static_cast<std::size_t>(item)] = static_cast<double>(value);
      else
        to[item] = value;
    }
  });
  if (pieces == 1) return;
  parallel_for(kept.count, std::max<std::int64_t>(1, grain / pieces), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      auto value = static_cast<double>(Op::start);
      for (std::int64_t part = 0; part < pieces; ++part)
        value = Op::join(value, parts[static_cast<std::size_t>(i * pieces + part)]);
      to[i] = static_cast<float>(value);
    }
  });
}

// Runs are blocks of 16 channels and results follow each other pixel by pixel: blocks of a few pixels are joined
// together, so that memory is read in longer runs, and the lanes of each pixel once.
template <class Op>
void reduce_blocks(const groups& kept, const groups& rows, const float* from, float* to) {
  constexpr std::int64_t tile = 16;
  kernel_for(kept.count, std::max(tile, grain / (block * rows.count) / tile * tile),
             [&](std::int64_t begin, std::int64_t end) {
               alignas(alignment) std::array<float, static_cast<std::size_t>(tile * width)> lanes;
               kept.runs(begin, end, [&](std::int64_t offset, std::int64_t, std::int64_t many) {
                 for (std::int64_t first = 0; first < many; first += tile) {
                   const std::int64_t count = std::min(tile, many - first);
                   lanes.fill(Op::start);
                   rows.runs(0, rows.count, [&](std::int64_t row, std::int64_t stride, std::int64_t blocks) {
                     for (std::int64_t i = 0; i < blocks; ++i) {
                       const float* const start = from + offset + first * block + row + i * stride;
                       for (std::int64_t pixel = 0; pixel < count; ++pixel) {
                         pack sum = load(lanes.data() + pixel * width);
                         for (std::int64_t lane = 0; lane < block; lane += width)
                           sum = Op::join(sum, load(start + pixel * block + lane));
                         store(lanes.data() + pixel * width, sum);
                       }
                     }
                   });
                   for (std::int64_t pixel = 0; pixel < count; ++pixel)
                     to[begin + pixel] = Op::lanes(load(lanes.data() + pixel * width));
                   begin += count;
                 }
               });
             });
}

// The innermost group (`run` elements) is kept: `run` results per position of `kept`.
template <class Op>
void reduce_rows(const groups& kept, const groups& rows, std::int64_t run, const float* from, float* to) {
  constexpr std::int64_t columns = 128, lines = 512;
  const std::int64_t tiles = (run + columns - 1) / columns, bands = (rows.count + lines - 1) / lines;
  std::vector<double> parts(static_cast<std::size_t>(bands > 1 ? kept.count * bands * run : 0));
  const std::int64_t cost = std::min(columns, run) * std::min(lines, rows.count);

  kernel_for(
      kept.count * bands * tiles, std::max<std::int64_t>(1, grain / cost), [&](std::int64_t begin, std::int64_t end) {
        alignas(alignment) std::array<float, static_cast<std::size_t>(columns)> sums;
        for (std::int64_t item = begin; item < end; ++item) {
          const std::int64_t tile = item % tiles, band = item / tiles % bands, outer = item / (tiles * bands);
          const std::int64_t many_columns = std::min(columns, run - tile * columns);
          sums.fill(Op::start);
          const float* const start = from + kept.offset(outer) + tile * columns;
          rows.runs(band * lines, std::min(rows.count, (band + 1) * lines),
                    [&](std::int64_t offset, std::int64_t stride, std::int64_t many) {
                      join_rows<Op>(start + offset, stride, many, many_columns, sums.data());
                    });
          const std::int64_t place = (outer * bands + band) * run + tile * columns;
          for (std::int64_t i = 0; i < many_columns; ++i) {
            if (bands > 1)
              parts[static_cast<std::size_t>(place + i)] = static_cast<double>(sums[static_cast<std::size_t>(i)]);
            else
              to[place + i] = sums[static_cast<std::size_t>(i)];
          }
        }
      });
  if (bands == 1) return;
  parallel_for(kept.count * run, std::max<std::int64_t>(1, grain / bands), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      auto value = static_cast<double>(Op::start);
      for (std::int64_t band = 0; band < bands; ++band)
        value = Op::join(value, parts[static_cast<std::size_t>((i / run * bands + band) * run + i % run)]);
      to[i] = static_cast<float>(value);
    }
  });
}

}  // namespace detail

template <class Engine>
struct reductions {
  static tensor sum(const tensor& x, const axes& over) { return reduce<detail::sum_of>(x, over); }
  static tensor max(const tensor& x, const axes& over) { return reduce<detail::max_of>(x, over); }

  // The result is blocked where it can be, as most activations are, unless x is dense and has pixels of its own.
  static tensor broadcast_to(const tensor& x, const shape& dims) {
    const shape& small = x.dims();
    const bool blocked = can_block(dims) && Engine::blocked() &&
                         (x.order() == layout::blocked || small[1] == 1 || (small[2] == 1 && small[3] == 1));
    const tensor source = blocked && small[1] == dims[1] ? in_layout(x, layout::blocked) : dense(x);
    tensor result(dims, blocked ? layout::blocked : layout::dense);
    if (dims.elements() == 0) return result;
    // Strides of the source along the axes of the result in memory; 0 where it repeats.
    const extents to = extents_in_memory(dims, result.order());
    const extents from =
        source.order() == result.order() ? extents_in_memory(small, source.order()) : dense_as_blocked(small);
    std::array<std::int64_t, extents::most> stride_from{}, stride_to{};
    std::int64_t step_from = 1, step_to = 1;
    for (int axis = to.rank - 1; axis >= 0; --axis) {
      stride_from[static_cast<std::size_t>(axis)] = from[axis] == 1 ? 0 : step_from;
      stride_to[static_cast<std::size_t>(axis)] = step_to;
      step_from *= from[axis];
      step_to *= to[axis];
    }
    box repeated;
    for (int axis = 0; axis < to.rank; ++axis)
      repeated.push(to[axis], stride_from[static_cast<std::size_t>(axis)], stride_to[static_cast<std::size_t>(axis)]);
    copy_box(repeated, source.data(), result.fill());
    if (small.elements() == 1 || x.uniform()) result.set_uniform();
    return result;
  }

  static std::int64_t count_nonfinite(const tensor& x) {
    const float* const values = x.data();
    return parallel_sum<std::int64_t>(x.elements(), grain, 0, [&](std::int64_t begin, std::int64_t end) {
      std::int64_t found = 0;
      for (std::int64_t i = begin; i < end; ++i)
        found += (std::bit_cast<std::uint32_t>(values[i]) & 0x7f800000u) == 0x7f800000u;
      return found;
    });
  }

 private:
  // A dense shape with one channel, seen with the five axes of a blocked one.
  static extents dense_as_blocked(const shape& dims) {
    extents result;
    for (const auto extent : {dims[0], std::int64_t{1}, dims[2], dims[3], std::int64_t{1}}) result.push(extent);
    return result;
  }

  template <class Op>
  static tensor reduce(const tensor& x, const axes& over) {
    const shape dims = reduced(x.dims(), over);
    const bool blocked = x.order() == layout::blocked;
    tensor result(dims, blocked && !over.contains(1) ? layout::blocked : layout::dense);
    if (x.elements() == 0) {
      map(dims.elements(), result.fill(), [] { return pack(Op::start); });
      return result;
    }
    const extents all = extents_in_memory(x.dims(), x.order());
    detail::groups kept, rows;  // built from the inside out, then turned round
    std::int64_t run = 1, stride = 1;
    int fate = -1;  // of the group under construction: 1 reduced, 0 kept, -1 none yet
    bool run_is_reduced = false, inside = true;
    std::int64_t extent = 1, start = 1;
    const auto close = [&] {
      if (fate < 0) return;
      if (inside) {
        run = extent;
        run_is_reduced = fate == 1;
        inside = false;
      } else {
        (fate == 1 ? rows : kept).push(extent, start);
      }
    };
    for (int axis = all.rank - 1; axis >= 0; --axis) {
      const bool gone = over.contains(blocked && axis == 4 ? 1 : axis);
      if (all[axis] != 1) {
        if (fate != static_cast<int>(gone)) {
          close();
          fate = gone;
          extent = 1;
          start = stride;
        }
        extent *= all[axis];
      }
      stride *= all[axis];
    }
    close();
    std::reverse(kept.of.begin(), kept.of.begin() + kept.rank);
    std::reverse(rows.of.begin(), rows.of.begin() + rows.rank);
    const bool pixels = blocked && kept.rank > 0 && kept.of[static_cast<std::size_t>(kept.rank - 1)].stride == block;
    if (run_is_reduced && run == block && pixels && rows.count <= detail::piece / block)
      detail::reduce_blocks<Op>(kept, rows, x.data(), result.fill());
    else if (run_is_reduced)
      detail::reduce_runs<Op>(kept, rows, run, x.data(), result.fill());
    else
      detail::reduce_rows<Op>(kept, rows, run, x.data(), result.fill());
    return result;
  }
};

}  // namespace synthmed::xtensor

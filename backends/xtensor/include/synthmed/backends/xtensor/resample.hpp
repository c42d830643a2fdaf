// Resample family. Own kernels rather than oneDNN's: these are passes over memory, they must be the same with and
// without oneDNN, and the maxima's places (max_pool_gather, max_pool_scatter) have no counterpart there.
//
// A tensor is seen as [planes][h][w][lanes]: 16 lanes when blocked, one when dense. Planes are shared out among
// threads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <synthmed/backends/xtensor/copy.hpp>
#include <synthmed/backends/xtensor/simd.hpp>

namespace synthmed::xtensor {

namespace detail {

// One pixel's values in registers: `pack`s over 16 lanes, or a single float.
struct blocked_lanes {
  using value = pack;
  static constexpr std::int64_t lanes = block, step = width;
  static value get(const float* from) { return load(from); }
  static void put(float* to, const value& x) { store(to, x); }
  static value all(float x) { return value(x); }
  static auto takes_over(const value& x, const value& best) { return (x > best) | (x != x); }
  static auto equal(const value& a, const value& b) { return a == b; }
  template <class Mask>
  static value choose(const Mask& mask, const value& yes, const value& no) {
    return xsimd::select(mask, yes, no);
  }
};
struct dense_lanes {
  using value = float;
  static constexpr std::int64_t lanes = 1, step = 1;
  static value get(const float* from) { return *from; }
  static void put(float* to, value x) { *to = x; }
  static value all(float x) { return x; }
  static bool takes_over(value x, value best) { return x > best || x != x; }
  static bool equal(value a, value b) { return a == b; }
  static value choose(bool mask, value yes, value no) { return mask ? yes : no; }
};

struct picture {
  std::int64_t planes, h, w;
  picture(const shape& dims, std::int64_t lanes) : planes(dims[0] * dims[1] / lanes), h(dims[2]), w(dims[3]) {}
};

// The part of a window that lies inside an extent.
struct window {
  std::int64_t first, last;
  window(std::int64_t place, std::int64_t kernel, std::int64_t stride, std::int64_t pad, std::int64_t extent)
      : first(std::max<std::int64_t>(0, place * stride - pad)), last(std::min(extent, place * stride - pad + kernel)) {}
};

// Calls f(plane, row) for all rows of all planes, shared out by whole chunks of planes or, when `rows` may be shared
// out too, of rows.
template <class F>
void for_rows(std::int64_t planes, std::int64_t rows, std::int64_t cost, F f) {
  kernel_for(planes * rows, std::max<std::int64_t>(1, grain / std::max<std::int64_t>(1, cost)),
             [&](std::int64_t begin, std::int64_t end) {
               for (std::int64_t i = begin; i < end; ++i) f(i / rows, i % rows);
             });
}

// to = scale * sum over each window of from.
template <class L>
void window_sums(const shape& large, const shape& small, const pool2d_params& p, float scale, const float* from,
                 float* to) {
  const picture in(large, L::lanes), out(small, L::lanes);
  const bool plain =
      p.kernel_h == 2 && p.kernel_w == 2 && p.stride_h == 2 && p.stride_w == 2 && p.pad_h == 0 && p.pad_w == 0;
  const auto factor = L::all(scale);
  for_rows(out.planes, out.h, out.w * L::lanes * p.kernel_h * p.kernel_w, [&](std::int64_t plane, std::int64_t y) {
    float* const row = to + (plane * out.h + y) * out.w * L::lanes;
    const float* const source = from + plane * in.h * in.w * L::lanes;
    if (plain) {
      const float *const upper = source + 2 * y * in.w * L::lanes, *const lower = upper + in.w * L::lanes;
      for (std::int64_t x = 0; x < out.w; ++x)
        for (std::int64_t lane = 0; lane < L::lanes; lane += L::step) {
          const std::int64_t at = 2 * x * L::lanes + lane;
          L::put(row + x * L::lanes + lane, factor * ((L::get(upper + at) + L::get(upper + at + L::lanes)) +
                                                      (L::get(lower + at) + L::get(lower + at + L::lanes))));
        }
      return;
    }
    const window rows(y, p.kernel_h, p.stride_h, p.pad_h, in.h);
    for (std::int64_t x = 0; x < out.w; ++x) {
      const window columns(x, p.kernel_w, p.stride_w, p.pad_w, in.w);
      for (std::int64_t lane = 0; lane < L::lanes; lane += L::step) {
        auto sum = L::all(0.0f);
        for (std::int64_t i = rows.first; i < rows.last; ++i)
          for (std::int64_t j = columns.first; j < columns.last; ++j)
            sum = sum + L::get(source + (i * in.w + j) * L::lanes + lane);
        L::put(row + x * L::lanes + lane, factor * sum);
      }
    }
  });
}

// Windows that neither overlap nor leave gaps: every pixel of `large` is scale times its window's value.
template <class L>
void repeat(const shape& large, const shape& small, std::int64_t factor_h, std::int64_t factor_w, float scale,
            const float* from, float* to) {
  const picture out(large, L::lanes), in(small, L::lanes);
  const auto factor = L::all(scale);
  for_rows(in.planes, in.h, out.w * factor_h * L::lanes, [&](std::int64_t plane, std::int64_t y) {
    const float* const source = from + (plane * in.h + y) * in.w * L::lanes;
    float* const first = to + (plane * out.h + y * factor_h) * out.w * L::lanes;
    for (std::int64_t x = 0; x < in.w; ++x)
      for (std::int64_t lane = 0; lane < L::lanes; lane += L::step) {
        const auto value = factor * L::get(source + x * L::lanes + lane);
        for (std::int64_t j = 0; j < factor_w; ++j) L::put(first + (x * factor_w + j) * L::lanes + lane, value);
      }
    for (std::int64_t i = 1; i < factor_h; ++i)
      std::memcpy(first + i * out.w * L::lanes, first, static_cast<std::size_t>(out.w * L::lanes) * sizeof(float));
  });
}

// The adjoint of window_sums for any window: every value is added to all pixels of its window, plane by plane.
template <class L>
void spread(const shape& large, const shape& small, const pool2d_params& p, float scale, const float* from, float* to) {
  const picture out(large, L::lanes), in(small, L::lanes);
  const auto factor = L::all(scale);
  kernel_for(in.planes, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t plane = begin; plane < end; ++plane) {
      float* const target = to + plane * out.h * out.w * L::lanes;
      std::memset(target, 0, static_cast<std::size_t>(out.h * out.w * L::lanes) * sizeof(float));
      for (std::int64_t y = 0; y < in.h; ++y)
        for (std::int64_t x = 0; x < in.w; ++x) {
          const window rows(y, p.kernel_h, p.stride_h, p.pad_h, out.h),
              columns(x, p.kernel_w, p.stride_w, p.pad_w, out.w);
          for (std::int64_t lane = 0; lane < L::lanes; lane += L::step) {
            const auto value = factor * L::get(from + ((plane * in.h + y) * in.w + x) * L::lanes + lane);
            for (std::int64_t i = rows.first; i < rows.last; ++i)
              for (std::int64_t j = columns.first; j < columns.last; ++j) {
                float* const place = target + (i * out.w + j) * L::lanes + lane;
                L::put(place, L::get(place) + value);
              }
          }
        }
    }
  });
}

// Calls f(value's place, best place's value) ...: picks `of` where `maxima` has its maximum in each window (the first
// in row-major order, or the last NaN).
template <class L>
void pick_maxima(const shape& large, const shape& small, const pool2d_params& p, const float* of, const float* maxima,
                 float* to) {
  const picture in(large, L::lanes), out(small, L::lanes);
  for_rows(out.planes, out.h, out.w * L::lanes * p.kernel_h * p.kernel_w, [&](std::int64_t plane, std::int64_t y) {
    const std::int64_t start = plane * in.h * in.w;
    const window rows(y, p.kernel_h, p.stride_h, p.pad_h, in.h);
    for (std::int64_t x = 0; x < out.w; ++x) {
      const window columns(x, p.kernel_w, p.stride_w, p.pad_w, in.w);
      for (std::int64_t lane = 0; lane < L::lanes; lane += L::step) {
        const std::int64_t first = (start + rows.first * in.w + columns.first) * L::lanes + lane;
        auto best = L::get(maxima + first), picked = L::get(of + first);
        for (std::int64_t i = rows.first; i < rows.last; ++i)
          for (std::int64_t j = columns.first; j < columns.last; ++j) {
            const std::int64_t place = (start + i * in.w + j) * L::lanes + lane;
            const auto candidate = L::get(maxima + place);
            const auto better = L::takes_over(candidate, best);
            best = L::choose(better, candidate, best);
            picked = L::choose(better, L::get(of + place), picked);
          }
        L::put(to + ((plane * out.h + y) * out.w + x) * L::lanes + lane, picked);
      }
    }
  });
}

// Adds `from` (of the pooled shape) to the places of the maxima; plane by plane, because windows may overlap.
template <class L>
void scatter_maxima(const shape& large, const shape& small, const pool2d_params& p, const float* from,
                    const float* maxima, float* to) {
  const picture out(large, L::lanes), in(small, L::lanes);
  kernel_for(in.planes, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t plane = begin; plane < end; ++plane) {
      const std::int64_t start = plane * out.h * out.w;
      std::memset(to + start * L::lanes, 0, static_cast<std::size_t>(out.h * out.w * L::lanes) * sizeof(float));
      for (std::int64_t y = 0; y < in.h; ++y)
        for (std::int64_t x = 0; x < in.w; ++x) {
          const window rows(y, p.kernel_h, p.stride_h, p.pad_h, out.h),
              columns(x, p.kernel_w, p.stride_w, p.pad_w, out.w);
          for (std::int64_t lane = 0; lane < L::lanes; lane += L::step) {
            // Places of a window are numbered; the number of the maximum is kept as a float beside it.
            auto best = L::get(maxima + (start + rows.first * out.w + columns.first) * L::lanes + lane);
            auto winner = L::all(0.0f);
            float number = 0;
            for (std::int64_t i = rows.first; i < rows.last; ++i)
              for (std::int64_t j = columns.first; j < columns.last; ++j, ++number) {
                const auto candidate = L::get(maxima + (start + i * out.w + j) * L::lanes + lane);
                const auto better = L::takes_over(candidate, best);
                best = L::choose(better, candidate, best);
                winner = L::choose(better, L::all(number), winner);
              }
            const auto value = L::get(from + ((plane * in.h + y) * in.w + x) * L::lanes + lane);
            number = 0;
            for (std::int64_t i = rows.first; i < rows.last; ++i)
              for (std::int64_t j = columns.first; j < columns.last; ++j, ++number) {
                float* const place = to + (start + i * out.w + j) * L::lanes + lane;
                L::put(place, L::get(place) + L::choose(L::equal(winner, L::all(number)), value, L::all(0.0f)));
              }
          }
        }
    }
  });
}

}  // namespace detail

struct resampling {
  static tensor avg_pool(const tensor& x, const pool2d_params& params) {
    return sums(x, pool2d_shape(x.dims(), params), params,
                1.0f / static_cast<float>(params.kernel_h * params.kernel_w));
  }

  static tensor avg_unpool(const tensor& output_grad, const pool2d_params& params, const shape& input_dims) {
    const float scale = 1.0f / static_cast<float>(params.kernel_h * params.kernel_w);
    const shape& small = output_grad.dims();
    const bool tiles = params.kernel_h == params.stride_h && params.kernel_w == params.stride_w && params.pad_h == 0 &&
                       params.pad_w == 0 && small[2] * params.stride_h == input_dims[2] &&
                       small[3] * params.stride_w == input_dims[3];
    if (tiles) return repeated(output_grad, input_dims, params.stride_h, params.stride_w, scale);
    tensor result(input_dims, output_grad.order());
    by_layout(output_grad, [&]<class L>(L) {
      detail::spread<L>(input_dims, small, params, scale, output_grad.data(), result.fill());
    });
    return result;
  }

  static tensor upsample_nearest(const tensor& x, std::int64_t factor) {
    const shape& small = x.dims();
    return repeated(x, small.with(2, small[2] * factor).with(3, small[3] * factor), factor, factor, 1.0f);
  }

  static tensor sum_pool(const tensor& x, std::int64_t factor) {
    const shape& large = x.dims();
    return sums(x, large.with(2, large[2] / factor).with(3, large[3] / factor), {factor, factor, factor, factor, 0, 0},
                1.0f);
  }

  static tensor max_pool(const tensor& x, const pool2d_params& params) { return max_pool_gather(x, x, params); }

  static tensor max_pool_gather(const tensor& x, const tensor& maxima_of, const pool2d_params& params) {
    const tensor source = in_layout(x, maxima_of.order());
    tensor result(pool2d_shape(x.dims(), params), maxima_of.order());
    by_layout(maxima_of, [&]<class L>(L) {
      detail::pick_maxima<L>(x.dims(), result.dims(), params, source.data(), maxima_of.data(), result.fill());
    });
    return result;
  }

  static tensor max_pool_scatter(const tensor& x, const tensor& maxima_of, const pool2d_params& params) {
    const tensor source = in_layout(x, maxima_of.order());
    tensor result(maxima_of.dims(), maxima_of.order());
    by_layout(maxima_of, [&]<class L>(L) {
      detail::scatter_maxima<L>(maxima_of.dims(), x.dims(), params, source.data(), maxima_of.data(), result.fill());
    });
    return result;
  }

 private:
  template <class F>
  static void by_layout(const tensor& x, F f) {
    if (x.order() == layout::blocked)
      f(detail::blocked_lanes{});
    else
      f(detail::dense_lanes{});
  }
  static tensor sums(const tensor& x, const shape& small, const pool2d_params& params, float scale) {
    tensor result(small, x.order());
    by_layout(x, [&]<class L>(L) { detail::window_sums<L>(x.dims(), small, params, scale, x.data(), result.fill()); });
    return result;
  }
  static tensor repeated(const tensor& x, const shape& large, std::int64_t factor_h, std::int64_t factor_w,
                         float scale) {
    tensor result(large, x.order());
    by_layout(
        x, [&]<class L>(L) { detail::repeat<L>(large, x.dims(), factor_h, factor_w, scale, x.data(), result.fill()); });
    return result;
  }
};

}  // namespace synthmed::xtensor

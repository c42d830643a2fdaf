// tiny_backend: every primitive of synthmed in one header, as short as it gets.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <synthmed/core/backend.hpp>
#include <synthmed/core/explain.hpp>

namespace mine {

using synthmed::axes;
using synthmed::conv2d_params;
using synthmed::pool2d_params;
using synthmed::shape;

// Values that are never written to once they are in a tensor: copies may share them, and value semantics come for free.
struct tiny_tensor {
  shape dims;
  std::shared_ptr<const std::vector<float>> values;

  float operator[](std::int64_t i) const { return (*values)[static_cast<std::size_t>(i)]; }
};

struct tiny_backend {
  using scalar = float;
  using tensor = tiny_tensor;
  using index = std::int64_t;

  // ---- storage ----
  static tensor from_host(const shape& dims, std::span<const float> in) {
    return {dims, std::make_shared<const std::vector<float>>(in.begin(), in.end())};
  }
  static void to_host(const tensor& x, std::span<float> out) {
    std::copy(x.values->begin(), x.values->end(), out.begin());
  }
  static shape shape_of(const tensor& x) { return x.dims; }
  static tensor full(const shape& dims, float s) {
    return make(dims, [s](index) { return s; });
  }
  static void synchronize() {}
  static std::string name() { return "tiny, float"; }

  // ---- elementwise ----
  static tensor add(const tensor& x, const tensor& y) { return zip(x, y, std::plus<>()); }
  static tensor sub(const tensor& x, const tensor& y) { return zip(x, y, std::minus<>()); }
  static tensor mul(const tensor& x, const tensor& y) { return zip(x, y, std::multiplies<>()); }
  static tensor div(const tensor& x, const tensor& y) { return zip(x, y, std::divides<>()); }
  static tensor add_scalar(const tensor& x, float s) {
    return map(x, [s](float a) { return a + s; });
  }
  static tensor mul_scalar(const tensor& x, float s) {
    return map(x, [s](float a) { return a * s; });
  }
  static tensor exp(const tensor& x) {
    return map(x, [](float a) { return std::exp(a); });
  }
  static tensor log(const tensor& x) {
    return map(x, [](float a) { return std::log(a); });
  }
  static tensor sqrt(const tensor& x) {
    return map(x, [](float a) { return std::sqrt(a); });
  }
  static tensor tanh(const tensor& x) {
    return map(x, [](float a) { return std::tanh(a); });
  }
  static tensor sigmoid(const tensor& x) {  // exp(-a) may overflow to infinity: the result is 0 then, as it should be
    return map(x, [](float a) { return static_cast<float>(1 / (1 + std::exp(-double{a}))); });
  }
  static tensor abs(const tensor& x) {
    return map(x, [](float a) { return std::abs(a); });
  }
  static tensor sign(const tensor& x) {
    return map(x, [](float a) { return a > 0 ? 1.0f : a < 0 ? -1.0f : a; });
  }
  static tensor leaky_mask(const tensor& x, float s) {
    return map(x, [s](float a) { return a > 0 ? 1.0f : s; });
  }
  static tensor greater(const tensor& x, const tensor& y) {
    return zip(x, y, [](float a, float b) { return a > b ? 1.0f : 0.0f; });
  }
  static tensor select(const tensor& mask, const tensor& yes, const tensor& no) {
    return make(mask.dims, [&](index i) { return mask[i] != 0 ? yes[i] : no[i]; });
  }

  // ---- reduce ----
  static tensor sum(const tensor& x, const axes& over) {
    std::vector<double> total(count(synthmed::reduced(x.dims, over)));
    fold(x, over, [&](std::size_t to, float a) { total[to] += a; });
    return round(synthmed::reduced(x.dims, over), total);
  }
  static tensor max(const tensor& x, const axes& over) {
    std::vector<double> best(count(synthmed::reduced(x.dims, over)), -std::numeric_limits<double>::infinity());
    fold(x, over, [&](std::size_t to, float a) { best[to] = a > best[to] || std::isnan(a) ? a : best[to]; });
    return round(synthmed::reduced(x.dims, over), best);
  }
  static tensor broadcast_to(const tensor& x, const shape& dims) {
    return pull(x, dims, [&](place& at) {
      for (int axis = 0; axis < dims.rank(); ++axis)
        if (x.dims[axis] == 1) at[static_cast<std::size_t>(axis)] = 0;
    });
  }
  static std::int64_t count_nonfinite(const tensor& x) {
    return std::count_if(x.values->begin(), x.values->end(), [](float a) { return !std::isfinite(a); });
  }

  // ---- layout ----
  static tensor reshape(const tensor& x, const shape& dims) { return {dims, x.values}; }
  static tensor permute(const tensor& x, std::span<const int> order) {
    shape dims = x.dims;
    for (std::size_t i = 0; i < order.size(); ++i) dims = dims.with(static_cast<int>(i), x.dims[order[i]]);
    return pull(x, dims, [&](place& at) {
      const place turned = at;
      for (std::size_t i = 0; i < order.size(); ++i) at[static_cast<std::size_t>(order[i])] = turned[i];
    });
  }
  static tensor slice(const tensor& x, int axis, index first, index last) {
    return along(x, axis, last - first, [=](index i) { return first + i; });
  }
  static tensor pad(const tensor& x, int axis, index before, index after) {
    return along(x, axis, before + x.dims[axis] + after, [=](index i) { return i - before; });
  }
  static tensor flip(const tensor& x, int axis) {
    return along(x, axis, x.dims[axis], [last = x.dims[axis] - 1](index i) { return last - i; });
  }
  static tensor gather(const tensor& x, int axis, std::span<const index> from) {
    return along(x, axis, static_cast<index>(from.size()), [=](index i) { return from[static_cast<std::size_t>(i)]; });
  }
  static tensor concat(std::span<const tensor> parts, int axis) {
    index extent = 0, before = 0;
    for (const auto& part : parts) extent += part.dims[axis];
    tensor out = full(parts.front().dims.with(axis, extent), 0);
    for (const auto& part : parts) {
      out = add(out, pad(part, axis, before, extent - before - part.dims[axis]));
      before += part.dims[axis];
    }
    return out;
  }
  static tensor scatter_add(const tensor& x, int axis, std::span<const index> to, index extent) {
    const shape dims = x.dims.with(axis, extent);
    std::vector<double> total(count(dims));
    for (index i = 0; i < x.dims.elements(); ++i) {
      place at = located(x.dims, i);
      auto& here = at[static_cast<std::size_t>(axis)];
      here = to[static_cast<std::size_t>(here)];
      if (here >= 0) total[static_cast<std::size_t>(flat(dims, at))] += x[i];
    }
    return round(dims, total);
  }

  // ---- linear ----
  static tensor matmul(const tensor& x, const tensor& y, bool transpose_x, bool transpose_y) {
    const index m = x.dims[transpose_x ? 1 : 0], k = x.dims[transpose_x ? 0 : 1], n = y.dims[transpose_y ? 0 : 1];
    return make({m, n}, [&](index o) {
      double total = 0;
      for (index i = 0, row = o / n, column = o % n; i < k; ++i)
        total += double{x[transpose_x ? i * m + row : row * k + i]} *
                 double{y[transpose_y ? column * k + i : i * n + column]};
      return static_cast<float>(total);
    });
  }

  // ---- convolution: one sum of products, written to in three places ----
  static tensor conv2d(const tensor& x, const tensor& weight, const conv2d_params& p) {
    const shape dims = synthmed::conv2d_shape(x.dims, weight.dims, p);
    std::vector<double> total(count(dims));
    products(x.dims, weight.dims, p,
             [&](index i, index w, std::size_t o) { total[o] += double{x[i]} * double{weight[w]}; });
    return round(dims, total);
  }
  static tensor conv2d_input_grad(const tensor& g, const tensor& weight, const conv2d_params& p, const shape& dims) {
    std::vector<double> total(count(dims));
    products(dims, weight.dims, p, [&](index i, index w, std::size_t o) {
      total[static_cast<std::size_t>(i)] += double{g[static_cast<index>(o)]} * double{weight[w]};
    });
    return round(dims, total);
  }
  static tensor conv2d_weight_grad(const tensor& x, const tensor& g, const conv2d_params& p, const shape& dims) {
    std::vector<double> total(count(dims));
    products(x.dims, dims, p, [&](index i, index w, std::size_t o) {
      total[static_cast<std::size_t>(w)] += double{x[i]} * double{g[static_cast<index>(o)]};
    });
    return round(dims, total);
  }

  // ---- resample ----
  static tensor avg_pool(const tensor& x, const pool2d_params& p) {
    std::vector<double> total(count(synthmed::pool2d_shape(x.dims, p)));
    windows(x.dims, p, [&](index i, index o) { total[static_cast<std::size_t>(o)] += x[i]; });
    return mul_scalar(round(synthmed::pool2d_shape(x.dims, p), total), 1 / static_cast<float>(p.kernel_h * p.kernel_w));
  }
  static tensor avg_unpool(const tensor& g, const pool2d_params& p, const shape& dims) {
    std::vector<double> total(count(dims));
    windows(dims, p, [&](index i, index o) { total[static_cast<std::size_t>(i)] += g[o]; });
    return mul_scalar(round(dims, total), 1 / static_cast<float>(p.kernel_h * p.kernel_w));
  }
  static tensor upsample_nearest(const tensor& x, index factor) {
    return pull(x, x.dims.with(2, x.dims[2] * factor).with(3, x.dims[3] * factor),
                [=](place& at) { at[2] /= factor, at[3] /= factor; });
  }
  static tensor sum_pool(const tensor& x, index factor) {
    const float area = static_cast<float>(factor * factor);
    return mul_scalar(avg_pool(x, {factor, factor, factor, factor, 0, 0}), area);
  }
  static tensor max_pool(const tensor& x, const pool2d_params& p) { return max_pool_gather(x, x, p); }
  static tensor max_pool_gather(const tensor& y, const tensor& x, const pool2d_params& p) {
    const auto from = maxima(x, p);
    return make(synthmed::pool2d_shape(x.dims, p), [&](index o) { return y[from[static_cast<std::size_t>(o)]]; });
  }
  static tensor max_pool_scatter(const tensor& g, const tensor& x, const pool2d_params& p) {
    const auto to = maxima(x, p);
    std::vector<double> total(count(x.dims));
    for (std::size_t o = 0; o < to.size(); ++o) total[static_cast<std::size_t>(to[o])] += (*g.values)[o];
    return round(x.dims, total);
  }

  // ---- update ----
  static void adam(tensor& x, tensor& first, tensor& second, const tensor& g, const synthmed::adam_step<float>& step) {
    first = zip(first, g, [&](float m, float a) { return step.beta1 * m + (1 - step.beta1) * a; });
    second = zip(second, g, [&](float v, float a) { return step.beta2 * v + (1 - step.beta2) * a * a; });
    const tensor move = zip(first, second, [&](float m, float v) {
      return step.learning_rate * (m / step.correction1) / (std::sqrt(v / step.correction2) + step.epsilon);
    });
    x = sub(x, move);
  }
  static void ema(tensor& average, const tensor& x, float decay) {
    average = zip(average, x, [decay](float a, float b) { return decay * a + (1 - decay) * b; });
  }

 private:
  using place = std::array<index, shape::max_rank>;  // one number per axis

  static std::size_t count(const shape& dims) { return static_cast<std::size_t>(dims.elements()); }

  template <class F>
  static tensor make(const shape& dims, F f) {
    std::vector<float> values(count(dims));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = f(static_cast<index>(i));
    return {dims, std::make_shared<const std::vector<float>>(std::move(values))};
  }
  template <class F>
  static tensor map(const tensor& x, F f) {
    return make(x.dims, [&](index i) { return f(x[i]); });
  }
  template <class F>
  static tensor zip(const tensor& x, const tensor& y, F f) {
    return make(x.dims, [&](index i) { return f(x[i], y[i]); });
  }
  static tensor round(const shape& dims, const std::vector<double>& sums) {
    return make(dims, [&](index i) { return static_cast<float>(sums[static_cast<std::size_t>(i)]); });
  }

  static place located(const shape& dims, index i) {
    place at{};
    for (int axis = dims.rank(); axis-- > 0; i /= dims[axis]) at[static_cast<std::size_t>(axis)] = i % dims[axis];
    return at;
  }
  static index flat(const shape& dims, const place& at) {
    index i = 0;
    for (int axis = 0; axis < dims.rank(); ++axis) i = i * dims[axis] + at[static_cast<std::size_t>(axis)];
    return i;
  }

  // Element `at` of the result is element from(at) of x, or zero where that lies outside.
  template <class From>
  static tensor pull(const tensor& x, const shape& dims, From from) {
    return make(dims, [&](index i) {
      place at = located(dims, i);
      from(at);
      for (int axis = 0; axis < x.dims.rank(); ++axis)
        if (at[static_cast<std::size_t>(axis)] < 0 || at[static_cast<std::size_t>(axis)] >= x.dims[axis]) return 0.0f;
      return x[flat(x.dims, at)];
    });
  }
  template <class From>
  static tensor along(const tensor& x, int axis, index extent, From from) {
    return pull(x, x.dims.with(axis, extent),
                [&](place& at) { at[static_cast<std::size_t>(axis)] = from(at[static_cast<std::size_t>(axis)]); });
  }
  template <class F>
  static void fold(const tensor& x, const axes& over, F f) {
    const shape dims = synthmed::reduced(x.dims, over);
    for (index i = 0; i < x.dims.elements(); ++i) {
      place at = located(x.dims, i);
      for (int axis = 0; axis < dims.rank(); ++axis)
        if (over.contains(axis)) at[static_cast<std::size_t>(axis)] = 0;
      f(static_cast<std::size_t>(flat(dims, at)), x[i]);
    }
  }

  // f(i, o) for every element i in the window of every pooled element o, in row-major order.
  template <class F>
  static void windows(const shape& x, const pool2d_params& p, F f) {
    const shape out = synthmed::pool2d_shape(x, p);
    for (index o = 0; o < out.elements(); ++o) {
      const place at = located(out, o);
      for (index kh = 0; kh < p.kernel_h; ++kh)
        for (index kw = 0; kw < p.kernel_w; ++kw) {
          const index h = at[2] * p.stride_h - p.pad_h + kh, w = at[3] * p.stride_w - p.pad_w + kw;
          if (h >= 0 && h < x[2] && w >= 0 && w < x[3]) f(flat(x, {at[0], at[1], h, w}), o);
        }
    }
  }
  static std::vector<index> maxima(const tensor& x, const pool2d_params& p) {
    std::vector<index> best(count(synthmed::pool2d_shape(x.dims, p)), -1);
    windows(x.dims, p, [&](index i, index o) {
      auto& now = best[static_cast<std::size_t>(o)];
      if (now < 0 || x[i] > x[now] || std::isnan(x[i])) now = i;
    });
    return best;
  }

  // A convolution is a sum of products output[o] += x[i] weight[w]; f(i, w, o) for each of them.
  template <class F>
  static void products(const shape& x, const shape& weight, const conv2d_params& p, F f) {
    const shape out = synthmed::conv2d_shape(x, weight, p);
    for (index o = 0; o < out.elements(); ++o) {
      const place at = located(out, o);
      for (index w = at[1] * weight[1] * weight[2] * weight[3], c = 0; c < weight[1]; ++c)
        for (index kh = 0; kh < weight[2]; ++kh)
          for (index kw = 0; kw < weight[3]; ++kw, ++w) {
            const index row = at[2] * p.stride_h - p.pad_h + kh, column = at[3] * p.stride_w - p.pad_w + kw;
            if (row >= 0 && row < x[2] && column >= 0 && column < x[3])
              f(((at[0] * x[1] + c) * x[2] + row) * x[3] + column, w, static_cast<std::size_t>(o));
          }
    }
  }
};

static_assert(synthmed::explain<tiny_backend>());

}  // namespace mine

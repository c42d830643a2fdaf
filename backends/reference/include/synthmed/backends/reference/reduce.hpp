// Reduce family of the reference backend.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include <synthmed/backends/reference/dense.hpp>
#include <synthmed/backends/reference/walk.hpp>

namespace synthmed::reference {

template <class Scalar>
struct reduce {
  using tensor = dense<Scalar>;

  static tensor sum(const tensor& x, const axes& over) {
    const shape dims = reduced(x.dims(), over);
    sums total = zero_sums(dims);
    walk(x.dims(), repeating(dims, x.dims()), [to = total.data(), from = x.data()](std::int64_t i, std::int64_t place) {
      to[place] += static_cast<double>(from[i]);
    });
    return rounded<Scalar>(dims, total);
  }

  // NaN wins against everything; the maximum of nothing is minus infinity.
  static tensor max(const tensor& x, const axes& over) {
    const shape dims = reduced(x.dims(), over);
    tensor out(dims, -std::numeric_limits<Scalar>::infinity());
    walk(x.dims(), repeating(dims, x.dims()), [to = out.own(), from = x.data()](std::int64_t i, std::int64_t place) {
      if (from[i] > to[place] || std::isnan(from[i])) to[place] = from[i];
    });
    return out;
  }

  static tensor broadcast_to(const tensor& x, const shape& dims) {
    tensor out(dims);
    walk(dims, repeating(x.dims(), dims),
         [to = out.own(), from = x.data()](std::int64_t i, std::int64_t place) { to[i] = from[place]; });
    return out;
  }

  static std::int64_t count_nonfinite(const tensor& x) {
    std::int64_t count = 0;
    for (std::int64_t i = 0; i < x.elements(); ++i) count += std::isfinite(x.data()[i]) ? 0 : 1;
    return count;
  }
};

}  // namespace synthmed::reference

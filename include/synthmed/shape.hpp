// Shapes and axes: the small value types with which every operation is described.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>

#include <synthmed/error.hpp>

namespace synthmed {

/// The logical extents of a tensor, at most six; images are [n, c, h, w]. Rank 0 is a scalar with one element.
/// How a backend lays the elements out in memory is its own business; host data is always row-major in this order.
class shape {
 public:
  static constexpr int max_rank = 6;

  constexpr shape() = default;

  /// Throws shape_error when there are more than six extents, one is negative, or their product overflows 63 bits.
  constexpr shape(std::initializer_list<std::int64_t> extents)
      : shape(std::span<const std::int64_t>(extents.begin(), extents.size())) {}

  constexpr explicit shape(std::span<const std::int64_t> extents) {
    if (extents.size() > static_cast<std::size_t>(max_rank))
      throw shape_error(sentence("A shape has at most ", max_rank, " extents, got ", extents.size(), "."));
    for (const auto extent : extents) {
      if (extent < 0) throw shape_error(sentence("An extent is zero or positive, got ", extent, "."));
      extents_[static_cast<std::size_t>(rank_++)] = extent;
    }
    std::int64_t product = 1;
    for (const auto extent : extents) {
      if (extent != 0 && product > std::numeric_limits<std::int64_t>::max() / extent)
        throw shape_error("The number of elements of a shape must fit into 63 bits.");
      product *= extent;
    }
  }

  [[nodiscard]] constexpr int rank() const noexcept { return rank_; }

  /// The extent of one axis; negative axes count from the end. Throws shape_error outside [-rank, rank).
  [[nodiscard]] constexpr std::int64_t operator[](int axis) const {
    const int positive = axis < 0 ? axis + rank_ : axis;
    if (positive < 0 || positive >= rank_)
      throw shape_error(sentence("Axis ", axis, " does not exist in a shape of rank ", rank_, "."));
    return extents_[static_cast<std::size_t>(positive)];
  }

  /// Number of elements: the product of the extents, 1 for rank 0.
  [[nodiscard]] constexpr std::int64_t elements() const noexcept {
    std::int64_t product = 1;
    for (int axis = 0; axis < rank_; ++axis) product *= extents_[static_cast<std::size_t>(axis)];
    return product;
  }

  /// The same shape with one extent replaced.
  [[nodiscard]] constexpr shape with(int axis, std::int64_t extent) const {
    (void)(*this)[axis];
    auto extents = extents_;
    extents[static_cast<std::size_t>(axis < 0 ? axis + rank_ : axis)] = extent;
    return shape(std::span<const std::int64_t>(extents.data(), static_cast<std::size_t>(rank_)));
  }

  [[nodiscard]] constexpr const std::int64_t* begin() const noexcept { return extents_.data(); }
  [[nodiscard]] constexpr const std::int64_t* end() const noexcept { return extents_.data() + rank_; }

  friend constexpr bool operator==(const shape& a, const shape& b) noexcept {
    if (a.rank_ != b.rank_) return false;
    for (int axis = 0; axis < a.rank_; ++axis)
      if (a.extents_[static_cast<std::size_t>(axis)] != b.extents_[static_cast<std::size_t>(axis)]) return false;
    return true;
  }

 private:
  std::array<std::int64_t, max_rank> extents_{};
  int rank_ = 0;
};

/// "[16, 3, 64, 64]"
[[nodiscard]] inline std::string to_string(const shape& s) {
  std::string out = "[";
  for (int axis = 0; axis < s.rank(); ++axis) {
    if (axis > 0) out += ", ";
    out += std::to_string(s[axis]);
  }
  out += "]";
  return out;
}

/// A set of axes, as reductions take it: `axes{0, 2, 3}`. Axes are counted from the front.
class axes {
 public:
  constexpr axes() = default;
  constexpr axes(std::initializer_list<int> list) {
    for (const int axis : list) {
      if (axis < 0 || axis >= shape::max_rank)
        throw shape_error(sentence("An axis lies in [0, ", shape::max_rank, "), got ", axis, "."));
      mask_ |= 1u << static_cast<unsigned>(axis);
    }
  }
  /// Every axis of a shape.
  [[nodiscard]] static constexpr axes all(const shape& s) noexcept {
    axes result;
    result.mask_ = (1u << static_cast<unsigned>(s.rank())) - 1u;
    return result;
  }
  /// The axes along which `from` (extent 1) was broadcast to `to` (another extent); the ranks must be equal.
  [[nodiscard]] static constexpr axes broadcast(const shape& from, const shape& to) {
    axes result;
    for (int axis = 0; axis < from.rank(); ++axis)
      if (from[axis] != to[axis]) result.mask_ |= 1u << static_cast<unsigned>(axis);
    return result;
  }
  [[nodiscard]] constexpr bool contains(int axis) const noexcept {
    return axis >= 0 && axis < shape::max_rank && (mask_ >> static_cast<unsigned>(axis) & 1u) != 0;
  }
  [[nodiscard]] constexpr bool empty() const noexcept { return mask_ == 0; }
  friend constexpr bool operator==(const axes&, const axes&) noexcept = default;

 private:
  unsigned mask_ = 0;
};

/// The shape that is left when the given axes are summed away and kept with extent 1.
[[nodiscard]] constexpr shape reduced(const shape& s, const axes& over) {
  shape result = s;
  for (int axis = 0; axis < s.rank(); ++axis)
    if (over.contains(axis)) result = result.with(axis, 1);
  return result;
}

/// Stride and zero padding of a two-dimensional convolution (cross-correlation, no dilation, one group).
struct conv2d_params {
  std::int64_t stride_h = 1, stride_w = 1;
  std::int64_t pad_h = 0, pad_w = 0;
  friend constexpr bool operator==(const conv2d_params&, const conv2d_params&) = default;
};

/// Window of a two-dimensional pooling.
struct pool2d_params {
  std::int64_t kernel_h = 2, kernel_w = 2;
  std::int64_t stride_h = 2, stride_w = 2;
  std::int64_t pad_h = 0, pad_w = 0;
  friend constexpr bool operator==(const pool2d_params&, const pool2d_params&) = default;
};

/// Extent after a window of `kernel` slides over `extent` with zero padding on both sides:
/// floor((extent + 2 pad - kernel) / stride) + 1. Throws shape_error when the window does not fit once.
[[nodiscard]] constexpr std::int64_t slid(std::int64_t extent, std::int64_t kernel, std::int64_t stride,
                                          std::int64_t pad) {
  if (stride < 1 || kernel < 1 || pad < 0 || extent + 2 * pad < kernel)
    throw shape_error(sentence("A window of ", kernel, " with stride ", stride, " and padding ", pad,
                               " does not fit into an extent of ", extent, "."));
  return (extent + 2 * pad - kernel) / stride + 1;
}

/// Output of a convolution of x [n, ci, h, w] with weight [co, ci, kh, kw]: [n, co, oh, ow]. Throws shape_error.
[[nodiscard]] constexpr shape conv2d_shape(const shape& x, const shape& weight, const conv2d_params& p) {
  if (x.rank() != 4 || weight.rank() != 4 || x[1] != weight[1])
    throw shape_error(sentence("conv2d needs x [n, c, h, w] and weight [out, c, kh, kw] with the same c, got ",
                               to_string(x), " and ", to_string(weight), "."));
  return {x[0], weight[0], slid(x[2], weight[2], p.stride_h, p.pad_h), slid(x[3], weight[3], p.stride_w, p.pad_w)};
}

/// Output of a pooling of x [n, c, h, w]. Throws shape_error.
[[nodiscard]] constexpr shape pool2d_shape(const shape& x, const pool2d_params& p) {
  if (x.rank() != 4) throw shape_error(sentence("Pooling needs x [n, c, h, w], got ", to_string(x), "."));
  if (2 * p.pad_h > p.kernel_h || 2 * p.pad_w > p.kernel_w)
    throw shape_error(sentence("Pooling pads at most half its window, got padding ", p.pad_h, " x ", p.pad_w,
                               " for a window of ", p.kernel_h, " x ", p.kernel_w, "."));
  return {x[0], x[1], slid(x[2], p.kernel_h, p.stride_h, p.pad_h), slid(x[3], p.kernel_w, p.stride_w, p.pad_w)};
}

}  // namespace synthmed

// The tensor of the xtensor backend: a shared block of floats, a shape, and one of two layouts.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include <synthmed/backends/xtensor/pool.hpp>
#include <synthmed/shape.hpp>

namespace synthmed::xtensor {

/// Where element [n, c, h, w] lies. Blocked is oneDNN's nChw16c, [n][c / 16][h][w][c % 16], for rank 4 and c a positive
/// multiple of 16 only, so that nothing is ever padded. Everything else is dense: row-major.
enum class layout { dense, blocked };

/// Channels of a block.
inline constexpr std::int64_t block = 16;

/// True when a tensor of this shape can be blocked.
[[nodiscard]] constexpr bool can_block(const shape& dims) {
  return dims.rank() == 4 && dims[1] > 0 && dims[1] % block == 0;
}

/// How often tensors changed their layout (each is one pass over memory), and how often a weight was brought into a
/// convolution's own format (small). Relabelling without moving memory is not counted.
struct reorder_statistics {
  std::int64_t activations = 0;
  std::int64_t weights = 0;
};

namespace detail {
inline std::atomic<std::int64_t> activation_reorders{0};
inline std::atomic<std::int64_t> weight_reorders{0};
}  // namespace detail

/// A handle with value semantics: copies share the block, and whoever writes (the update family) does so on a block of
/// its own. Elements beyond the last one, up to a multiple of 16, exist and hold anything finite or not.
class tensor {
 public:
  tensor() = default;

  /// Not initialised. Blocks hold whole registers, so kernels need no tail.
  explicit tensor(const shape& dims, layout order = layout::dense)
      : block_(std::make_shared<pool_block>(padded(dims.elements()))), dims_(dims), layout_(order) {}

  [[nodiscard]] const shape& dims() const noexcept { return dims_; }
  [[nodiscard]] layout order() const noexcept { return layout_; }
  [[nodiscard]] std::int64_t elements() const noexcept { return dims_.elements(); }
  [[nodiscard]] const float* data() const noexcept { return block_ ? block_->data() : nullptr; }

  /// For a kernel that fills a tensor it has just made.
  [[nodiscard]] float* fill() noexcept { return block_->data(); }

  /// For an update in place: the block when nobody else holds it, else a copy of it.
  [[nodiscard]] float* own() {
    if (block_.use_count() != 1) {
      auto mine = std::make_shared<pool_block>(padded(elements()));
      std::memcpy(mine->data(), block_->data(), static_cast<std::size_t>(elements()) * sizeof(float));
      block_ = std::move(mine);
    }
    std::atomic_thread_fence(std::memory_order_acquire);  // what the last other holder did has happened before
    uniform_ = false;
    return block_->data();
  }

  /// Whether every element is known to be equal: such a tensor has every layout at once.
  [[nodiscard]] bool uniform() const noexcept { return uniform_; }
  void set_uniform() noexcept { uniform_ = true; }

  /// Whether its memory reads the same in both layouts.
  [[nodiscard]] bool either_layout() const {
    return can_block(dims_) && (uniform_ || (dims_[2] == 1 && dims_[3] == 1));
  }

  /// The same memory under another shape or layout; the caller vouches for the order of the elements.
  [[nodiscard]] tensor relabelled(const shape& dims, layout order) const {
    tensor result = *this;
    result.dims_ = dims;
    result.layout_ = order;
    return result;
  }

  /// Elements rounded up to whole 64-byte lines.
  [[nodiscard]] static constexpr std::size_t padded(std::int64_t elements) noexcept {
    return (static_cast<std::size_t>(elements) + 15) / 16 * 16;
  }

 private:
  std::shared_ptr<pool_block> block_;
  shape dims_{0};
  layout layout_ = layout::dense;
  bool uniform_ = false;
};

}  // namespace synthmed::xtensor

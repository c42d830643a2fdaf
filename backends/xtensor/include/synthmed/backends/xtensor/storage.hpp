// Storage family, and what this backend tells about itself: layouts, reorders, memory.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>

#include <xtensor/xtensor_config.hpp>

#include <synthmed/backends/xtensor/copy.hpp>

namespace synthmed::xtensor {

template <class Engine>
struct storage {
  static tensor from_host(const shape& dims, std::span<const float> values) {
    tensor result(dims);
    box whole;
    whole.push(dims.elements(), 1, 1);
    copy_box(whole, values.data(), result.fill());
    return result;
  }
  static void to_host(const tensor& x, std::span<float> out) {
    const tensor source = dense(x);
    box whole;
    whole.push(x.elements(), 1, 1);
    copy_box(whole, source.data(), out.data());
  }
  static shape shape_of(const tensor& x) { return x.dims(); }
  static tensor full(const shape& dims, float value) {
    tensor result(dims);
    map(dims.elements(), result.fill(), [value] { return pack(value); });
    result.set_uniform();
    return result;
  }
  static void synchronize() {}
  static std::string name() {
    return sentence("xtensor ", XTENSOR_VERSION_MAJOR, ".", XTENSOR_VERSION_MINOR, ".", XTENSOR_VERSION_PATCH, ", ",
                    Engine::name(), ", float");
  }

  // ---- beyond the concept -------------------------------------------------------------------------------------------

  /// What convolutions give, and work on fastest, for channels that are whole blocks.
  static layout conv_layout() { return Engine::blocked() ? layout::blocked : layout::dense; }
  /// How x lies in memory.
  static layout layout_of(const tensor& x) { return x.order(); }
  /// x in the wanted layout (a counted reorder when memory must move); shapes that cannot be blocked stay dense.
  static tensor to_layout(const tensor& x, layout wanted) { return in_layout(x, wanted); }

  /// Reorders since the program started or reset_reorders(), over all threads.
  static reorder_statistics reorders() {
    return {detail::activation_reorders.load(std::memory_order_relaxed),
            detail::weight_reorders.load(std::memory_order_relaxed)};
  }
  static void reset_reorders() {
    detail::activation_reorders.store(0, std::memory_order_relaxed);
    detail::weight_reorders.store(0, std::memory_order_relaxed);
  }

  /// What the memory pool of all tensors holds.
  static pool_statistics memory() { return memory_pool::shared().statistics(); }
  /// Hands cached blocks and this thread's scratch arena back to the system; returns the number of bytes.
  static std::size_t trim_memory() {
    auto& arena = scratch_arena::of_this_thread();
    const std::size_t scratch = arena.size();
    arena.trim();
    return scratch + memory_pool::shared().trim();
  }
};

}  // namespace synthmed::xtensor

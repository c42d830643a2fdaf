// A data set in memory: each picture decoded once and kept as an 8-bit pyramid, within a budget of bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <synthmed/data/dataset.hpp>
#include <synthmed/data/pyramid.hpp>
#include <synthmed/error.hpp>

namespace synthmed {

struct cache_options {
  /// Pictures are kept until this many bytes are used; the others are read anew each time. Nothing is ever thrown out:
  /// training reads at random, where any other rule would keep no more of what is needed next.
  std::uint64_t bytes = std::uint64_t{2} << 30;
  int smallest = 4;  ///< side of the smallest level of the pyramid
};

/// A dataset itself, and safe from several threads; make it once and share it between loaders of different resolutions.
template <dataset D>
class picture_cache {
 public:
  using levels = std::vector<picture>;

  explicit picture_cache(D data, const cache_options& options = {})
      : data_(std::move(data)), options_(options), slots_(data_.size()) {}

  [[nodiscard]] std::size_t size() const { return data_.size(); }
  [[nodiscard]] int label(std::size_t i) const { return data_.label(i); }
  [[nodiscard]] picture image(std::size_t i) const { return pyramid_of(i)->front(); }

  /// The picture and its halvings, largest first. Throws argument_error for i >= size() and what the data set throws.
  [[nodiscard]] std::shared_ptr<const levels> pyramid_of(std::size_t i) const {
    if (i >= slots_.size())
      throw argument_error(sentence("Picture ", i, " does not exist; the data set has ", slots_.size(), "."));
    {
      const std::lock_guard lock(guard_);
      if (slots_[i]) return slots_[i];
    }
    auto made = std::make_shared<const levels>(pyramid(data_.image(i), options_.smallest));
    std::uint64_t need = 0;
    for (const auto& level : *made) need += level.bytes();
    const std::lock_guard lock(guard_);
    ++decoded_;
    if (slots_[i]) return slots_[i];  // another thread was faster
    if (used_ + need <= options_.bytes) {
      used_ += need;
      slots_[i] = made;
    }
    return made;
  }

  /// Bytes of pixels kept.
  [[nodiscard]] std::uint64_t bytes() const {
    const std::lock_guard lock(guard_);
    return used_;
  }
  /// How many times a picture was asked of the data set.
  [[nodiscard]] std::uint64_t decoded() const {
    const std::lock_guard lock(guard_);
    return decoded_;
  }

 private:
  D data_;
  cache_options options_;
  mutable std::mutex guard_;
  mutable std::vector<std::shared_ptr<const levels>> slots_;
  mutable std::uint64_t used_ = 0, decoded_ = 0;
};

}  // namespace synthmed

// Samplers: in order, shuffled by epoch, class-balanced with replacement. Each is a pure function of key and position.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <numeric>
#include <span>
#include <vector>

#include <synthmed/data/dataset.hpp>
#include <synthmed/error.hpp>
#include <synthmed/random/distributions.hpp>
#include <synthmed/random/key.hpp>

namespace synthmed {

/// 0, 1, ..., size - 1, and again from 0.
class sequential_sampler {
 public:
  /// Throws argument_error for size 0.
  explicit sequential_sampler(std::size_t size) : size_(size) {
    if (size == 0) throw argument_error("A sampler needs at least one picture.");
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  void fill(std::uint64_t first, std::span<std::size_t> out) const {
    for (auto& index : out) index = static_cast<std::size_t>(first++ % size_);
  }

 private:
  std::size_t size_;
};

/// Every picture once per epoch, in an order that epoch e takes from key.fold(e).
class shuffled_sampler {
 public:
  /// Throws argument_error for size 0.
  shuffled_sampler(std::size_t size, key k) : size_(size), key_(k) {
    if (size == 0) throw argument_error("A sampler needs at least one picture.");
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  void fill(std::uint64_t first, std::span<std::size_t> out) const {
    std::vector<std::size_t> order;
    std::uint64_t epoch = 0;
    for (auto& index : out) {
      if (order.empty() || epoch != first / size_) {
        epoch = first / size_;
        order = permutation(key_.fold(epoch), size_);
      }
      index = order[static_cast<std::size_t>(first++ % size_)];
    }
  }

 private:
  std::size_t size_;
  key key_;
};

/// With replacement: first a class, each as likely as any other that occurs, then one of its pictures. What the study's
/// weighted sampler does. Pictures without a label are never drawn.
class balanced_sampler {
 public:
  /// Throws argument_error when no picture has a label.
  balanced_sampler(std::span<const int> labels, key k) : size_(labels.size()), key_(k) {
    std::map<int, std::vector<std::size_t>> members;
    for (std::size_t i = 0; i < labels.size(); ++i)
      if (labels[i] >= 0) members[labels[i]].push_back(i);
    for (auto& entry : members) members_.push_back(std::move(entry.second));
    if (members_.empty()) throw argument_error("Class-balanced sampling needs at least one picture with a label.");
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  void fill(std::uint64_t first, std::span<std::size_t> out) const {
    for (auto& index : out) {
      random_stream draw(key_.fold(first++));
      const auto& of_class = members_[static_cast<std::size_t>(draw.below(members_.size()))];
      index = of_class[static_cast<std::size_t>(draw.below(of_class.size()))];
    }
  }

 private:
  std::size_t size_;
  key key_;
  std::vector<std::vector<std::size_t>> members_;
};

static_assert(sampler<sequential_sampler> && sampler<shuffled_sampler> && sampler<balanced_sampler>);

}  // namespace synthmed

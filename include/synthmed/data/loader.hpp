// The loader: batches of floats from a cached data set, made ahead by worker threads, the same bytes for any number of
// them.
#pragma once

#include <array>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <synthmed/data/cache.hpp>
#include <synthmed/data/dataset.hpp>
#include <synthmed/error.hpp>
#include <synthmed/random/key.hpp>
#include <synthmed/shape.hpp>

namespace synthmed {

/// The float for each of the 256 values of a pixel.
using pixel_values = std::array<float, 256>;

/// 0 becomes `low`, 255 becomes `high`, linearly. The study's networks read [-1, 1].
[[nodiscard]] inline pixel_values linear_values(double low = -1, double high = 1) {
  pixel_values table{};
  for (std::size_t v = 0; v < table.size(); ++v)
    table[v] = static_cast<float>(low + (high - low) * static_cast<double>(v) / 255.0);
  return table;
}

/// 2 sqrt(v / 255) - 1: spreads the faint values of soft vessel maps, and quietens the background of what a generator
/// trained on it makes.
[[nodiscard]] inline pixel_values root_values() {
  pixel_values table{};
  for (std::size_t v = 0; v < table.size(); ++v)
    table[v] = static_cast<float>(2.0 * std::sqrt(static_cast<double>(v) / 255.0) - 1.0);
  return table;
}

/// One batch of host data: pixels are [n, c, h, w], row-major.
struct batch {
  std::uint64_t step = 0;
  shape extents;
  std::vector<float> pixels;
  std::vector<int> labels;
  std::vector<std::size_t> indices;  ///< which pictures of the data set these are
};

struct loader_options {
  int batch = 32;
  int height = 0, width = 0;              ///< a level of the pyramid; 0: the pictures' own size
  pixel_values values = linear_values();  ///< see pixel_values
  int workers = 2;                        ///< threads that make batches ahead; 0: next() makes them itself
  int ahead = 4;                          ///< finished batches that may wait; ignored without workers
};

/// Batch `step` is a function of the sampler, the key and the step alone: it does not depend on threads, on batches
/// made before, or on what the cache keeps. A checkpoint therefore stores nothing but step(). `Augmentation` is called
/// as augment(picture, key) with a key for each position, from several threads.
template <dataset D, sampler S, class Augmentation>
class loader {
 public:
  /// Throws argument_error for options out of range and a sampler of another size than the data.
  loader(std::shared_ptr<const picture_cache<D>> data, S order, Augmentation augment, key k,
         const loader_options& options = {}, std::uint64_t first_step = 0)
      : data_(std::move(data)), order_(std::move(order)), augment_(std::move(augment)), key_(k), options_(options) {
    if (options_.batch < 1 || options_.workers < 0 || options_.ahead < 1 || options_.height < 0 || options_.width < 0)
      throw argument_error(
          sentence("A loader needs a batch of at least 1, no negative workers or sizes and at least one "
                   "batch ahead, got batch ",
                   options_.batch, ", workers ", options_.workers, ", ahead ", options_.ahead, ", size ",
                   options_.height, " x ", options_.width, "."));
    if (order_.size() != data_->size())
      throw argument_error(
          sentence("The sampler is for ", order_.size(), " pictures, the data set has ", data_->size(), "."));
    seek(first_step);
  }
  loader(const loader&) = delete;
  loader& operator=(const loader&) = delete;
  ~loader() { stop(); }

  /// The step that next() gives.
  [[nodiscard]] std::uint64_t step() const noexcept { return next_; }

  /// Goes to any step, forwards or back.
  void seek(std::uint64_t step) {
    stop();
    next_ = claimed_ = step;
    ready_.clear();
    stopping_ = false;
    for (int w = 0; w < options_.workers; ++w) workers_.emplace_back([this] { work(); });
  }

  /// The batch of step(), then goes one step on. Throws what reading a picture of it throws; step() then stays.
  [[nodiscard]] batch next() {
    if (options_.workers == 0) {
      batch made = at(next_);
      ++next_;
      return made;
    }
    std::unique_lock lock(guard_);
    changed_.wait(lock, [&] { return ready_.contains(next_); });
    if (const auto failure = ready_.at(next_).failure) std::rethrow_exception(failure);
    batch made = std::move(ready_.at(next_).made);
    ready_.erase(next_);
    ++next_;
    lock.unlock();
    changed_.notify_all();
    return made;
  }

  /// The batch of any step, made now on this thread. Throws shape_error when a picture has no level of the size asked
  /// for, or the pictures differ in size.
  [[nodiscard]] batch at(std::uint64_t step) const {
    const auto n = static_cast<std::size_t>(options_.batch);
    batch made;
    made.step = step;
    made.indices.resize(n);
    const std::uint64_t first = step * n;
    order_.fill(first, made.indices);
    const key augment_key = key_.fold("augment");
    std::size_t per_picture = 0;
    for (std::size_t j = 0; j < n; ++j) {
      const std::size_t index = made.indices[j];
      const picture seen = augment_(level(index), augment_key.fold(first + j));
      if (j == 0) {
        made.extents = {options_.batch, seen.channels(), seen.height(), seen.width()};
        per_picture = seen.bytes();
        made.pixels.resize(n * per_picture);
      } else if (made.extents != shape{options_.batch, seen.channels(), seen.height(), seen.width()}) {
        throw shape_error(sentence("The pictures of a batch have one size; picture ", made.indices[0], " gives ",
                                   to_string(made.extents.with(0, 1)), ", picture ", index, " is ", seen, "."));
      }
      made.labels.push_back(data_->label(index));
      const auto channels = static_cast<std::size_t>(seen.channels()), plane = per_picture / channels;
      const std::uint8_t* const in = seen.pixels().data();
      float* const out = made.pixels.data() + j * per_picture;
      for (std::size_t c = 0; c < channels; ++c)
        for (std::size_t i = 0; i < plane; ++i) out[c * plane + i] = options_.values[in[i * channels + c]];
    }
    return made;
  }

 private:
  struct outcome {
    batch made;
    std::exception_ptr failure;
  };

  [[nodiscard]] picture level(std::size_t index) const {
    const auto levels = data_->pyramid_of(index);
    for (const auto& candidate : *levels)
      if ((options_.height == 0 || candidate.height() == options_.height) &&
          (options_.width == 0 || candidate.width() == options_.width))
        return candidate;
    throw shape_error(sentence("Picture ", index, " is ", levels->front(), ", whose halvings do not give ",
                               options_.height, " x ", options_.width,
                               "; bring it into a frame of that size times a power of two first."));
  }

  void work() {
    std::unique_lock lock(guard_);
    for (;;) {
      changed_.wait(lock, [&] { return stopping_ || claimed_ < next_ + static_cast<std::uint64_t>(options_.ahead); });
      if (stopping_) return;
      const std::uint64_t mine = claimed_++;
      lock.unlock();
      outcome result;
      try {
        result.made = at(mine);
      } catch (...) {
        result.failure = std::current_exception();
      }
      lock.lock();
      ready_.emplace(mine, std::move(result));
      changed_.notify_all();
    }
  }

  void stop() {
    {
      const std::lock_guard lock(guard_);
      stopping_ = true;
    }
    changed_.notify_all();
    for (auto& worker : workers_) worker.join();
    workers_.clear();
  }

  std::shared_ptr<const picture_cache<D>> data_;
  S order_;
  Augmentation augment_;
  key key_;
  loader_options options_;
  std::mutex guard_;
  std::condition_variable changed_;
  std::uint64_t next_ = 0, claimed_ = 0;
  bool stopping_ = false;
  std::map<std::uint64_t, outcome> ready_;
  std::vector<std::thread> workers_;
};

}  // namespace synthmed

// The concepts dataset and sampler, and the data sets of the library: pictures in memory, and those a manifest names.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <synthmed/data/manifest.hpp>
#include <synthmed/data/picture.hpp>
#include <synthmed/error.hpp>

namespace synthmed {

/// A dataset is a fixed, numbered set of pictures with labels. Laws (testing/dataset_laws.hpp checks them):
/// image(i) and label(i) give the same for the same i, always, from any number of threads at once; i >= size() throws
/// argument_error; a label is a class number or no_label.
template <class D>
concept dataset = requires(const D& d, std::size_t i) {
  { d.size() } -> std::convertible_to<std::size_t>;
  { d.image(i) } -> std::convertible_to<picture>;
  { d.label(i) } -> std::convertible_to<int>;
};

/// A sampler is an endless sequence of item numbers, fixed by its construction: fill(first, out) writes the numbers at the
/// positions first, first + 1, ... Laws: every number is below size(); filling in parts equals filling at once; const
/// and safe from several threads. Its whole state is therefore the position, which is what a checkpoint keeps.
template <class S>
concept sampler = requires(const S& s, std::uint64_t first, std::span<std::size_t> out) {
  { s.size() } -> std::convertible_to<std::size_t>;
  s.fill(first, out);
};

/// Pictures and labels in memory.
class memory_dataset {
 public:
  memory_dataset() = default;

  /// Throws argument_error when the numbers of pictures and labels differ.
  memory_dataset(std::vector<picture> pictures, std::vector<int> labels)
      : pictures_(std::move(pictures)), labels_(std::move(labels)) {
    if (pictures_.size() != labels_.size())
      throw argument_error(sentence("A data set needs one label per picture, got ", pictures_.size(), " pictures and ",
                                    labels_.size(), " labels."));
  }

  [[nodiscard]] std::size_t size() const noexcept { return pictures_.size(); }
  [[nodiscard]] const picture& image(std::size_t i) const { return pictures_[checked(i)]; }
  [[nodiscard]] int label(std::size_t i) const { return labels_[checked(i)]; }

 private:
  [[nodiscard]] std::size_t checked(std::size_t i) const {
    if (i >= size()) throw argument_error(sentence("Picture ", i, " does not exist; the data set has ", size(), "."));
    return i;
  }
  std::vector<picture> pictures_;
  std::vector<int> labels_;
};

/// A data set whose pictures are made on demand: `make(i)` gives picture i. It must be a pure function, callable from
/// several threads; a reader of files, a renderer, or another data set with a transformation.
template <class Make>
  requires std::invocable<const Make&, std::size_t> &&
           std::convertible_to<std::invoke_result_t<const Make&, std::size_t>, picture>
class lazy_dataset {
 public:
  lazy_dataset(std::vector<int> labels, Make make) : labels_(std::move(labels)), make_(std::move(make)) {}

  [[nodiscard]] std::size_t size() const noexcept { return labels_.size(); }
  [[nodiscard]] picture image(std::size_t i) const {
    (void)label(i);
    return make_(i);
  }
  [[nodiscard]] int label(std::size_t i) const {
    if (i >= size()) throw argument_error(sentence("Picture ", i, " does not exist; the data set has ", size(), "."));
    return labels_[i];
  }

 private:
  std::vector<int> labels_;
  Make make_;
};

/// The labels of all pictures of a data set.
template <dataset D>
[[nodiscard]] std::vector<int> labels_of(const D& data) {
  std::vector<int> labels(data.size());
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = data.label(i);
  return labels;
}

/// The numbers of the records in a split, of one class or (no_label) of any.
[[nodiscard]] inline std::vector<std::size_t> records_in(const manifest& m, std::string_view split, int label = no_label) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < m.records.size(); ++i)
    if (m.records[i].split == split && (label < 0 || m.records[i].label == label)) found.push_back(i);
  return found;
}

static_assert(dataset<memory_dataset>);

}  // namespace synthmed

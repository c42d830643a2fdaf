// The laws of dataset and sampler, as functions that return what is broken. Any test framework can use them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <synthmed/data/dataset.hpp>
#include <synthmed/error.hpp>

namespace synthmed::testing {

/// Every broken law of a data set as a sentence; empty when it keeps them all. Reads each of the first `most` pictures
/// four times, two of them on other threads.
template <dataset D>
[[nodiscard]] std::vector<std::string> broken_dataset_laws(const D& data, std::size_t most = 64) {
  std::vector<std::string> broken;
  const std::size_t n = std::min<std::size_t>(data.size(), most);
  if (data.size() == 0) broken.push_back("A data set has at least one picture.");
  std::vector<picture> first(n);
  std::vector<int> labels(n);
  for (std::size_t i = 0; i < n; ++i) {
    first[i] = data.image(i);
    labels[i] = data.label(i);
    if (first[i].empty()) broken.push_back(sentence("Picture ", i, " is empty."));
    if (labels[i] < -1)
      broken.push_back(sentence("Label ", labels[i], " of picture ", i, " is neither a class nor no_label."));
  }
  for (std::size_t i = n; i-- > 0;)
    if (!(data.image(i) == first[i]) || data.label(i) != labels[i])
      broken.push_back(sentence("Picture ", i, " or its label differs when it is read again in another order."));

  std::vector<std::vector<std::size_t>> differing(2);
  std::vector<std::thread> threads;
  for (auto& mine : differing)
    threads.emplace_back([&] {
      for (std::size_t i = 0; i < n; ++i) {
        bool same = false;
        try {
          same = data.image(i) == first[i] && data.label(i) == labels[i];
        } catch (...) {  // counts as different; an exception must not end the thread
        }
        if (!same) mine.push_back(i);
      }
    });
  for (auto& thread : threads) thread.join();
  for (const auto& mine : differing)
    for (const auto i : mine) broken.push_back(sentence("Picture ", i, " differs when two threads read."));

  const auto refuses = [&](auto&& f) {
    try {
      f();
    } catch (const argument_error&) {
      return true;
    } catch (...) {
    }
    return false;
  };
  if (!refuses([&] { (void)data.image(data.size()); }) || !refuses([&] { (void)data.label(data.size()); }))
    broken.push_back("image(size()) and label(size()) must throw argument_error.");
  return broken;
}

/// Every broken law of a sampler as a sentence; empty when it keeps them all. Looks at `length` positions from `first`
/// on.
template <sampler S>
[[nodiscard]] std::vector<std::string> broken_sampler_laws(const S& order, std::uint64_t first = 0,
                                                           std::size_t length = 300) {
  std::vector<std::string> broken;
  std::vector<std::size_t> whole(length), again(length), parts(length), copied(length);
  order.fill(first, whole);
  for (const auto index : whole)
    if (index >= order.size()) {
      broken.push_back(sentence("Number ", index, " lies outside the ", order.size(), " pictures."));
      break;
    }
  for (std::size_t at = 0, step = 1; at < length; at += step, step = step % 7 + 1)
    order.fill(first + at, std::span(parts).subspan(at, std::min(step, length - at)));
  if (parts != whole) broken.push_back("Filling in parts differs from filling at once.");
  const S copy = order;
  copy.fill(first, copied);
  if (copied != whole) broken.push_back("A copy gives another sequence.");
  std::thread([&] { order.fill(first, again); }).join();
  if (again != whole) broken.push_back("A second thread reads another sequence.");
  return broken;
}

}  // namespace synthmed::testing

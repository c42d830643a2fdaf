// Approximate nearest neighbours for many points: NN-descent (Dong, Moses and Li 2011) in synchronous rounds.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <synthmed/metrics/neighbours.hpp>
#include <synthmed/metrics/umap/math.hpp>
#include <synthmed/parallel.hpp>
#include <synthmed/random/key.hpp>

namespace synthmed::umap_stages {

/// How hard NN-descent tries.
struct descent_options {
  /// Candidates kept per point and round, of the new and of the old ones each. More finds more and costs its square.
  std::size_t candidates = 24;
  /// At most this many rounds.
  std::size_t rounds = 16;
  /// Stops when a round changes fewer than this share of all entries.
  double tolerance = 0.002;
};

/// About the k nearest other points of every point, nearest first; of equal distances the lower index comes first.
/// Starts from random neighbours; in each round every point looks at the neighbours, in both directions, of its
/// neighbours as they stood when the round began, and changes its own list only: the bytes depend on the key and the
/// points alone, not on threads. Distances are those of nearest_neighbours. Throws argument_error unless
/// 1 <= k < rows.
[[nodiscard]] inline neighbour_table descend_neighbours(feature_view points, std::size_t k, key seed,
                                                        const descent_options& options = {}) {
  const std::size_t n = points.rows(), dims = points.dimensions();
  if (k == 0 || k >= n)
    throw argument_error(
        sentence("The number of neighbours lies between 1 and the ", n > 0 ? n - 1 : 0, " other points, got ", k, "."));
  struct entry {
    double distance;  // squared
    std::uint32_t index;
    bool fresh;  // not yet offered to others
    [[nodiscard]] bool before(const entry& other) const noexcept {
      return distance < other.distance || (distance == other.distance && index < other.index);
    }
  };
  const auto squared = [&](std::size_t a, std::size_t b) noexcept {
    const double* const x = points.row(a).data();
    const double* const y = points.row(b).data();
    double lanes[8] = {};
    std::size_t d = 0;
    for (; d + 8 <= dims; d += 8)
      for (std::size_t l = 0; l < 8; ++l) {
        const double difference = x[d + l] - y[d + l];
        lanes[l] += difference * difference;
      }
    for (std::size_t l = 0; d < dims; ++d, ++l) {
      const double difference = x[d] - y[d];
      lanes[l] += difference * difference;
    }
    return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
  };
  const auto count = static_cast<std::int64_t>(n);
  std::vector<entry> lists(n * k);
  // Puts an entry into a point's sorted list; false when it is too far or already there.
  const auto offer = [k](entry* list, const entry& tried) noexcept {
    if (!tried.before(list[k - 1])) return false;
    for (std::size_t j = 0; j < k; ++j)
      if (list[j].index == tried.index) return false;
    std::size_t place = k - 1;
    for (; place > 0 && tried.before(list[place - 1]); --place) list[place] = list[place - 1];
    list[place] = tried;
    return true;
  };
  parallel_for(count, 256, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      const std::uint64_t stream = seed.fold("start").fold(i).bits();
      std::vector<std::uint32_t> chosen;
      for (std::uint64_t draw = 0; chosen.size() < k; ++draw) {
        // After many draws (k close to n) the next free index is taken.
        auto j = static_cast<std::uint32_t>(((mixed64(stream + golden_step * (draw + 1)) >> 32) * n) >> 32);
        const auto taken = [&] { return j == i || std::find(chosen.begin(), chosen.end(), j) != chosen.end(); };
        while (taken() && draw > 4 * k) j = static_cast<std::uint32_t>((j + 1) % n);
        if (!taken()) chosen.push_back(j);
      }
      entry* const list = lists.data() + i * k;
      for (std::size_t j = 0; j < k; ++j) list[j] = {squared(i, chosen[j]), chosen[j], true};
      std::sort(list, list + k, [](const entry& a, const entry& b) { return a.before(b); });
    }
  });

  struct candidate {
    std::uint64_t priority;
    std::uint32_t index;
    bool fresh;
  };
  const std::size_t kept = std::max<std::size_t>(2, options.candidates);
  std::vector<std::vector<candidate>> candidates(n);
  std::vector<std::size_t> back_start(n + 1);
  std::vector<candidate> back(n * k);
  for (std::size_t round = 0; round < options.rounds; ++round) {
    const std::uint64_t stream = seed.fold("round").fold(round).bits();
    // Every list entry offers itself in both directions, with one random priority per direction.
    std::fill(back_start.begin(), back_start.end(), 0);
    for (const auto& e : lists) ++back_start[e.index + 1];
    for (std::size_t i = 0; i < n; ++i) back_start[i + 1] += back_start[i];
    auto place = back_start;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < k; ++j) {
        const auto& e = lists[i * k + j];
        back[place[e.index]++] = {mixed64(stream + golden_step * (2 * (i * k + j) + 1)), static_cast<std::uint32_t>(i),
                                  e.fresh};
      }
    parallel_for(count, 256, [&](std::int64_t begin, std::int64_t end) {
      std::vector<candidate> all, unique;
      for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
        all.assign(back.begin() + static_cast<std::ptrdiff_t>(back_start[i]),
                   back.begin() + static_cast<std::ptrdiff_t>(back_start[i + 1]));
        for (std::size_t j = 0; j < k; ++j)
          all.push_back(
              {mixed64(stream + golden_step * (2 * (i * k + j) + 2)), lists[i * k + j].index, lists[i * k + j].fresh});
        std::sort(all.begin(), all.end(), [](const candidate& a, const candidate& b) {
          return a.index != b.index ? a.index < b.index : a.fresh != b.fresh ? a.fresh : a.priority < b.priority;
        });
        all.erase(std::unique(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.index == b.index; }),
                  all.end());
        std::sort(all.begin(), all.end(), [](const candidate& a, const candidate& b) {
          return a.fresh != b.fresh ? a.fresh : a.priority != b.priority ? a.priority < b.priority : a.index < b.index;
        });
        const auto old = std::find_if(all.begin(), all.end(), [](const candidate& c) { return !c.fresh; });
        auto& mine = candidates[i];
        mine.assign(all.begin(), std::min(old, all.begin() + static_cast<std::ptrdiff_t>(kept)));
        mine.insert(mine.end(), old, std::min(all.end(), old + static_cast<std::ptrdiff_t>(kept)));
      }
    });
    // What was offered is no longer new.
    parallel_for(count, 256, [&](std::int64_t begin, std::int64_t end) {
      for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i)
        for (const auto& c : candidates[i])
          for (std::size_t j = 0; c.fresh && j < k; ++j)
            if (lists[i * k + j].index == c.index) lists[i * k + j].fresh = false;
    });
    const auto changes = parallel_sum(count, 128, std::uint64_t{0}, [&](std::int64_t begin, std::int64_t end) {
      std::uint64_t changed = 0;
      std::vector<std::uint32_t> reached;
      for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
        reached.clear();
        for (const auto& via : candidates[i])
          for (const auto& next : candidates[via.index])
            if ((via.fresh || next.fresh) && next.index != i) reached.push_back(next.index);
        std::sort(reached.begin(), reached.end());
        reached.erase(std::unique(reached.begin(), reached.end()), reached.end());
        for (const auto j : reached) changed += offer(lists.data() + i * k, {squared(i, j), j, true});
      }
      return changed;
    });
    if (static_cast<double>(changes) < options.tolerance * static_cast<double>(n * k)) break;
  }
  neighbour_table table{n, k, std::vector<std::size_t>(n * k), std::vector<double>(n * k)};
  for (std::size_t e = 0; e < lists.size(); ++e) {
    table.index[e] = lists[e].index;
    table.distance[e] = std::sqrt(lists[e].distance);
  }
  return table;
}

}  // namespace synthmed::umap_stages

// Trustworthiness and label accuracy against scikit-learn's values and by hand.
#include <support/catch.hpp>

#include <cmath>

#include <synthmed/metrics/embedding_quality.hpp>

using namespace synthmed;
using synthmed_test::contains;
using synthmed_test::message_of;

namespace {

struct waves {
  feature_matrix data{{}, 4}, map{{}, 2};
  std::vector<int> labels;
  waves() {
    for (int i = 0; i < 200; ++i) {
      data.values.insert(data.values.end(),
                         {std::sin(i * 1.1), std::cos(i * 0.7), std::sin(i * 0.31 + 1), std::cos(i * 0.13)});
      map.values.insert(map.values.end(), {std::sin(i * 1.1) + 0.1 * std::cos(i), std::cos(i * 0.7)});
      labels.push_back(i * 7 % 3);
    }
  }
};

}  // namespace

TEST_CASE("trustworthiness is scikit-learn's") {
  const waves w;  // sklearn.manifold.trustworthiness 1.2.1
  CHECK(trustworthiness(w.data, w.map, 1) == Approx(0.7656313131313132).epsilon(1e-12));
  CHECK(trustworthiness(w.data, w.map, 5) == Approx(0.778453125).epsilon(1e-12));
  CHECK(trustworthiness(w.data, w.map, 15) == Approx(0.7945725047080979).epsilon(1e-12));
  CHECK(trustworthiness(w.data, w.map, 60) == Approx(0.8480730593607306).epsilon(1e-12));
  CHECK(trustworthiness(w.data, w.data, 15) == 1);
}

TEST_CASE("label accuracy is that of scikit-learn's classifier, with and without the point's own vote") {
  const waves w;  // KNeighborsClassifier(k).fit(map, labels).score(map, labels)
  CHECK(neighbour_label_accuracy(w.map, w.labels, 1, self_pairs::keep) == 1);
  CHECK(neighbour_label_accuracy(w.map, w.labels, 3, self_pairs::keep) == Approx(0.935).epsilon(1e-12));
  CHECK(neighbour_label_accuracy(w.map, w.labels, 5, self_pairs::keep) == Approx(0.865).epsilon(1e-12));
  feature_matrix even{{}, 2}, odd{{}, 2};
  std::vector<int> even_labels, odd_labels;
  for (std::size_t i = 0; i < 200; ++i) {
    auto& m = i % 2 == 0 ? even : odd;
    m.values.insert(m.values.end(), {w.map.values[2 * i], w.map.values[2 * i + 1]});
    (i % 2 == 0 ? even_labels : odd_labels).push_back(w.labels[i]);
  }
  CHECK(neighbour_label_accuracy(even, even_labels, odd, odd_labels, 5) == Approx(0.7).epsilon(1e-12));
  // Left out by hand: points at 0, 1, 3, 7; the nearest of 0 is 1, of 1 is 0, of 3 is 1, of 7 is 3.
  const feature_matrix line{{0, 1, 3, 7}, 1};
  CHECK(neighbour_label_accuracy(line, std::vector<int>{1, 1, 1, 2}, 1) == 0.75);
  // Ties go to the smallest label.
  CHECK(neighbour_label_accuracy(feature_matrix{{0, 1, -1.5}, 1}, std::vector<int>{2, 5, 2}, 2) == Approx(2.0 / 3));
}

TEST_CASE("trustworthiness counts ranks by hand") {
  // Data on a line 0 1 2 3 4; the map swaps the ends of the line, k = 1: ranks in the data of the map's nearest.
  const feature_matrix data{{0, 1, 2.1, 3.3, 4.6}, 1}, map{{4.6, 1, 2.1, 3.3, 0}, 1};
  // Map neighbours: 0 (at 4.6) -> 3 (at 3.3): data rank 3; 1 -> 4 (at 0): data distances from 1: 0:1, 2:1.1, 3:2.3,
  // 4:3.6 -> rank 4; the tie of 1 in the map between 4 (distance 1) and 2 (1.1) does not arise. 2 -> 1: rank 1; 3 -> 2
  // (1.2): rank 1; 4 (at 0) -> 1 (at 1): data distances from 4.6: 3:1.3, 2:2.5, 1:3.6 -> rank 3.
  const double cost = (3 - 1) + (4 - 1) + 0 + 0 + (3 - 1);
  CHECK(trustworthiness(data, map, 1) == Approx(1 - 2 * cost / (5 * 1 * (2 * 5 - 3 - 1))));
}

TEST_CASE("what cannot be judged is refused") {
  const waves w;
  CHECK(contains(message_of<argument_error>([&] { (void)trustworthiness(w.data, w.map, 100); }), "k = 100"));
  CHECK_THROWS_AS(trustworthiness(w.data, w.map, 0), argument_error);
  CHECK_THROWS_AS(trustworthiness(w.data, feature_matrix{{1, 2}, 2}, 1), shape_error);
  CHECK_THROWS_AS(neighbour_label_accuracy(w.map, std::vector<int>{1}, 1), shape_error);
}

// Segmentation metrics on small pictures whose answers can be counted.
#include "golden.hpp"

#include <synthmed/metrics/pr.hpp>
#include <synthmed/metrics/segmentation.hpp>
#include <synthmed/random/distributions.hpp>

using namespace synthmed;

namespace {
std::vector<std::uint8_t> picture(const std::vector<std::string>& rows) {
  std::vector<std::uint8_t> out;
  for (const auto& row : rows)
    for (const char c : row) out.push_back(c == '#' ? 255 : 0);
  return out;
}
int components(const std::vector<std::uint8_t>& mask, std::size_t width) {
  std::vector<std::uint8_t> left = mask;
  const auto height = static_cast<std::ptrdiff_t>(mask.size() / width), w = static_cast<std::ptrdiff_t>(width);
  int count = 0;
  for (std::size_t start = 0; start < left.size(); ++start) {
    if (!left[start]) continue;
    ++count;
    std::vector<std::ptrdiff_t> stack{static_cast<std::ptrdiff_t>(start)};
    left[start] = 0;
    while (!stack.empty()) {
      const auto at = stack.back();
      stack.pop_back();
      for (std::ptrdiff_t dy = -1; dy <= 1; ++dy)
        for (std::ptrdiff_t dx = -1; dx <= 1; ++dx) {
          const auto y = at / w + dy, x = at % w + dx;
          if (y < 0 || x < 0 || y >= height || x >= w || !left[static_cast<std::size_t>(y * w + x)]) continue;
          left[static_cast<std::size_t>(y * w + x)] = 0;
          stack.push_back(y * w + x);
        }
    }
  }
  return count;
}
}  // namespace

TEST_CASE("counts inside a field of view", "[segmentation]") {
  const auto truth = picture({"##..", "##..", "...."}), said = picture({"#.#.", "##..", "...#"});
  const auto view = picture({"####", "####", "...."});
  segmentation_counts all, inside;
  all.update({said, truth, {}});
  inside.update({said, truth, view});
  CHECK(all.true_positives() == 3);
  CHECK(all.false_positives() == 2);
  CHECK(all.false_negatives() == 1);
  CHECK(all.true_negatives() == 6);
  CHECK(inside.false_positives() == 1);
  CHECK(inside.true_negatives() == 3);
  CHECK_CLOSE(all.dice(), 6.0 / 9);
  CHECK_CLOSE(all.iou(), 3.0 / 6);
  CHECK_CLOSE(inside.specificity(), 3.0 / 4);
  CHECK_CLOSE(inside.sensitivity(), 3.0 / 4);
  const std::vector<std::uint8_t> nothing(12, 0);
  segmentation_counts empty;
  empty.update({nothing, nothing, {}});
  CHECK(empty.dice() == 1);
  CHECK(std::isnan(empty.sensitivity()));
  CHECK_THROWS_AS(all.update({said, nothing, view.empty() ? said : std::span(view).first(3)}), shape_error);
}

TEST_CASE("areas of byte maps equal those of the sorted pixels", "[segmentation]") {
  random_stream stream(key(3));
  std::vector<std::uint8_t> map(5000), truth(5000), view(5000);
  std::vector<float> same(5000);
  for (std::size_t i = 0; i < map.size(); ++i) {
    truth[i] = stream.chance(0.2) ? 255 : 0;
    map[i] = static_cast<std::uint8_t>(std::clamp(100 + 40 * stream.normal() + (truth[i] ? 30 : 0), 0.0, 255.0));
    view[i] = stream.chance(0.7);
    same[i] = map[i];
  }
  pixel_table whole, part;
  whole.update({std::span(map).first(2000), std::span(truth).first(2000), std::span(view).first(2000)});
  part.update({std::span(map).subspan(2000), std::span(truth).subspan(2000), std::span(view).subspan(2000)});
  whole.merge(part);
  CHECK_CLOSE(auc(whole.value()), segmentation_auc(same, truth, view));
  std::vector<double> scores;
  std::vector<int> labels;
  for (std::size_t i = 0; i < map.size(); ++i)
    if (view[i]) {
      scores.push_back(map[i]);
      labels.push_back(truth[i] != 0);
    }
  CHECK_CLOSE(auc_pr(whole.value()), auc_pr(scores, labels));
}

TEST_CASE("a skeleton is thin, inside, and keeps the parts apart", "[segmentation]") {
  std::vector<std::uint8_t> mask(60 * 40, 0);
  const auto bar = [&](std::size_t x0, std::size_t x1, std::size_t y0, std::size_t y1) {
    for (auto y = y0; y < y1; ++y)
      for (auto x = x0; x < x1; ++x) mask[y * 60 + x] = 1;
  };
  bar(2, 58, 3, 8);    // a thick horizontal vessel
  bar(28, 33, 3, 30);  // a branch
  bar(3, 20, 33, 37);  // another vessel, touching nothing
  const auto line = skeleton({mask, 60});
  CHECK(components(mask, 60) == 2);
  CHECK(components(line, 60) == 2);
  std::size_t length = 0;
  for (std::size_t y = 0; y < 40; ++y)
    for (std::size_t x = 0; x < 60; ++x) {
      if (!line[y * 60 + x]) continue;
      ++length;
      CHECK(mask[y * 60 + x] == 1);
      if (x + 1 < 60 && y + 1 < 40)  // nowhere a full 2 x 2 block
        CHECK_FALSE((line[y * 60 + x + 1] && line[(y + 1) * 60 + x] && line[(y + 1) * 60 + x + 1]));
    }
  CHECK(length > 80);
  CHECK(length < 100);
  CHECK(skeleton({line, 60}) == line);  // thin already
  const std::vector<std::uint8_t> one{1};
  CHECK(skeleton({one, 1}) == std::vector<std::uint8_t>{255});
  CHECK_THROWS_AS(skeleton({mask, 7}), shape_error);
}

TEST_CASE("clDice", "[segmentation]") {
  const auto truth = picture({".......", "#######", "#######", "#######", "......."});
  const auto thin = picture({".......", ".......", "#######", ".......", "......."});
  const auto half = picture({".......", "####...", "####...", "####...", "......."});
  const std::vector<std::uint8_t> nothing(35, 0);
  CHECK(cl_dice({truth, 7}, {truth, 7}) == 1);
  CHECK(cl_dice({thin, 7}, {truth, 7}) == 1);  // the centre line is right, whatever the width
  const double broken = cl_dice({half, 7}, {truth, 7});
  CHECK(broken > 0.5);
  CHECK(broken < 0.9);
  CHECK(cl_dice({half, 7}, {truth, 7}) == cl_dice({truth, 7}, {half, 7}));
  CHECK(cl_dice({nothing, 7}, {nothing, 7}) == 1);
  CHECK(cl_dice({nothing, 7}, {truth, 7}) == 0);
  CHECK_THROWS_AS(cl_dice({truth, 7}, {truth, 5}), shape_error);
}

TEST_CASE("a table of float probabilities gives the sorted pixels' AUC, merges, and keeps values near 0 apart") {
  std::vector<float> p;
  std::vector<std::uint8_t> truth, field;
  random_stream draw(key(8));
  for (int i = 0; i < 4000; ++i) {
    truth.push_back(draw.chance(0.2));
    p.push_back(static_cast<float>(std::exp(-draw.uniform(0, truth.back() ? 8 : 16))));
    field.push_back(i % 7 != 0);
  }
  p[1] = 1;
  p[2] = 0;
  probability_table whole, left, right;
  whole.update({p, truth, field});
  const auto half = [&](probability_table& t, std::size_t first, std::size_t count) {
    t.update({std::span(p).subspan(first, count), std::span(truth).subspan(first, count),
              std::span(field).subspan(first, count)});
  };
  half(left, 0, 1500);
  half(right, 1500, 2500);
  left.merge(right);
  const double exact = segmentation_auc(p, truth, field);
  CHECK(auc(whole.value()) == Approx(exact).margin(2e-5));
  CHECK(auc(left.value()) == auc(whole.value()));
  std::vector<std::uint8_t> bytes;
  for (const float v : p) bytes.push_back(static_cast<std::uint8_t>(v * 255.f + .5f));
  pixel_table coarse;
  coarse.update({bytes, truth, field});
  CHECK(auc(coarse.value()) < exact - 0.01);
  const std::vector<float> wrong{0.5f, 1.5f};
  CHECK_THROWS_AS(whole.update({wrong, std::span(truth).first(2), {}}), argument_error);
}

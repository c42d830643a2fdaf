// Losses, patches and the trainer of segmenters.
#include <support/catch.hpp>

#include <algorithm>
#include <cmath>
#include <set>

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>
#include <synthmed/testing/gradcheck.hpp>

#include "resume.hpp"

using namespace synthmed;
using namespace synthmed_test;
using train::loss_of;

namespace {

using D = autodiff<reference_backend<double>>;
using tensor = D::tensor;

tensor host(const shape& dims, const std::vector<double>& values) { return D::from_host(dims, values); }

struct example {
  tensor truth, field;
};

/// Two pictures of 2 x 3, three classes; soft truth, and a field that leaves some pixels out.
example three_classes() {
  std::vector<double> truth(36), field(12);
  fill_uniform(key(3), std::span(truth));
  for (std::size_t n = 0; n < 2; ++n)
    for (std::size_t i = 0; i < 6; ++i) {
      double sum = 0;
      for (std::size_t c = 0; c < 3; ++c) sum += truth[(n * 3 + c) * 6 + i];
      for (std::size_t c = 0; c < 3; ++c) truth[(n * 3 + c) * 6 + i] /= sum;
      field[n * 6 + i] = i == 2 ? 0.0 : 1.0;
    }
  return {host({2, 3, 2, 3}, truth), host({2, 1, 2, 3}, field)};
}

double value(const tensor& x) { return ops::item<D>(x); }

}  // namespace

TEST_CASE("gradients of the losses are those of central differences") {
  const auto e = three_classes();
  for (const auto& weights : {train::segmentation_loss{}, train::segmentation_loss{.cross_entropy = 1, .dice = 0},
                              train::segmentation_loss{.cross_entropy = 0, .dice = 2, .smoothing = 0.1}}) {
    const testing::computation<D> compute = [&](const std::vector<tensor>& x) {
      return loss_of<D>(weights, x[0], e.truth, e.field).loss;
    };
    const std::vector<testing::host_tensor> logits{testing::to_host_tensor<D>(ops::normal<D>(key(4), {2, 3, 2, 3}))};
    CHECK(testing::gradcheck<D>(compute, logits) < 1e-7);
  }
}

TEST_CASE("the losses by hand, inside the field only") {
  // One picture of two pixels inside the field and one outside; p(vessel) = 3/4, 1/4, whatever.
  const double l = std::log(3.0);
  const auto logits = host({1, 2, 1, 3}, {0, 0, 5, l, -l, -5});
  const auto truth = host({1, 2, 1, 3}, {0, 1, 0, 1, 0, 1}), field = host({1, 1, 1, 3}, {1, 1, 0});
  const auto terms = loss_of<D>({.smoothing = 0}, logits, truth, field);
  CHECK(value(terms.cross_entropy) == Approx(-std::log(0.75)));
  CHECK(value(terms.dice) == Approx(1 - 2 * 0.75 / (0.75 + 0.25 + 1)));
  CHECK(value(terms.loss) == Approx(value(terms.cross_entropy) + value(terms.dice)));
}

TEST_CASE("logits of any size and empty fields give finite losses and gradients") {
  const auto truth = host({1, 2, 1, 2}, {0, 1, 1, 0});
  for (const double size : {1e3, 1e30, 1e300}) {
    const auto logits = D::parameter(host({1, 2, 1, 2}, {size, -size, -size, size}));
    auto terms = loss_of<D>({}, logits, truth, ops::ones<D>({1, 1, 1, 2}));
    CHECK(std::isfinite(value(terms.loss)));
    const auto gradient = D::grad(std::move(terms.loss), std::vector<tensor>{logits}, {});
    CHECK(D::count_nonfinite(gradient[0]) == 0);
  }
  const auto nothing = loss_of<D>({}, host({1, 2, 1, 2}, {1, 2, 3, 4}), truth, ops::zeros<D>({1, 1, 1, 2}));
  CHECK(value(nothing.cross_entropy) == 0);
  CHECK(value(nothing.dice) == 0);
  CHECK(contains(message_of<shape_error>([&] { (void)loss_of<D>({}, truth, truth, truth); }), "a field [n, 1, h, w]"));
}

TEST_CASE("patches without turn and zoom are copies; flips and quarter turns move pixels only") {
  auto image = noise(11, 20, 24);
  auto truth = image, field = picture(20, 24);
  for (int y = 5; y < 15; ++y)
    for (int x = 6; x < 18; ++x) field.at(y, x) = 255;
  const patch_options still{
      .size = 6, .batch = 40, .degrees = 0, .zoom = 0, .brightness = 0, .contrast = 0, .gamma = 0};
  const patch_source source({{image, truth, field}}, key(7), still);
  const auto made = source.at(3);
  CHECK(made.extents == shape{40, 1, 6, 6});
  // Whatever is inside the picture is the truth's own value, and pixels are the same in picture and truth.
  CHECK(made.pixels == made.truth);
  std::set<float> there;
  for (const auto v : image.pixels()) there.insert(static_cast<float>(v) / 255.f);
  for (const float v : made.pixels) CHECK((there.contains(v) || v == 0.f));
  CHECK(std::any_of(made.field.begin(), made.field.end(), [](float v) { return v == 1; }));

  const patch_source plain(
      {{image, truth, field}}, key(7),
      {.size = 6, .batch = 1, .flips = false, .degrees = 0, .zoom = 0, .brightness = 0, .contrast = 0, .gamma = 0});
  const auto one = plain.at(0);
  int found = 0;
  for (int top = 0; top < 14; ++top)
    for (int left = 0; left < 18; ++left) {
      bool same = true;
      for (int y = 0; y < 6; ++y)
        for (int x = 0; x < 6; ++x)
          same = same && one.pixels[static_cast<std::size_t>(y * 6 + x)] ==
                             static_cast<float>(image.at(top + y, left + x)) / 255.f;
      if (same) {
        ++found;
        CHECK(field.at(top + 3, left + 3) == 255);  // the centre lies in the field
      }
    }
  CHECK(found == 1);
}

TEST_CASE("a batch of patches is a function of key and step, for any number of threads") {
  const std::vector<segmentation_example> examples{{noise(1, 30, 30), noise(2, 30, 30), {}},
                                                   {noise(3, 40, 20), noise(4, 40, 20), {}}};
  const patch_source source(examples, key(7), {.size = 16, .batch = 5});
  const int before = threads();
  set_threads(1);
  const auto one = source.at(9);
  set_threads(4);
  const auto four = source.at(9);
  set_threads(before);
  CHECK(one.pixels == four.pixels);
  CHECK(one.truth == four.truth);
  CHECK(one.field == four.field);
  CHECK(source.at(10).pixels != one.pixels);
  for (const float v : one.pixels) CHECK((v >= 0 && v <= 1));
}

TEST_CASE("examples that do not fit are refused in a sentence") {
  CHECK(contains(message_of<argument_error>([] { patch_source({}, key(1)); }), "at least one picture"));
  CHECK(contains(message_of<shape_error>([] {
                   patch_source({{noise(1, 8, 8), noise(2, 8, 9), {}}}, key(1));
                 }),
                 "Example 0"));
  CHECK(contains(message_of<argument_error>([] {
                   patch_source({{noise(1, 8, 8), noise(2, 8, 8), picture(8, 8)}}, key(1));
                 }),
                 "field of view of example 0 has no pixel"));
  CHECK(contains(message_of<argument_error>([] {
                   patch_source({{noise(1), noise(2), {}}}, key(1), {.batch = 0});
                 }),
                 "batch 0"));
}

TEST_CASE("a segmenter learns which pixels are bright") {
  using trainer = tiny_trainer<autodiff<reference_backend<float>>>;
  auto t = trainer::make(60);
  const auto patches = trainer::patches();
  const double first = t.step(patches.at(0)).loss;
  double last = 0;
  while (t.next_step() < t.total_steps()) last = t.step(patches.at(static_cast<std::uint64_t>(t.next_step()))).loss;
  CHECK(last < 0.6 * first);
  CHECK(contains(message_of<argument_error>([&] { (void)t.step(patches.at(0)); }), "ends after 60 steps"));
}

TEST_CASE("a segmenter's training that is written and read goes on to the same bytes, on the reference backend") {
  goes_on_to_the_same_bytes<autodiff<reference_backend<float>>>();
}

TEST_CASE("a batch that is not finite is said, and changes nothing") {
  using trainer = tiny_trainer<autodiff<reference_backend<float>>>;
  auto t = trainer::make(4);
  const auto patches = trainer::patches();
  (void)t.step(patches.at(0));
  auto bad = patches.at(1);
  bad.pixels[5] = std::nanf("");
  const auto before = bytes_of(t);
  CHECK(contains(message_of<diverged_error>([&] { (void)t.step(bad); }), "At step 1 the segmenter's loss is"));
  CHECK(bytes_of(t) == before);
  bad.truth.pop_back();
  CHECK(contains(message_of<shape_error>([&] { (void)t.step(bad); }), "numbers of truth and field"));
}

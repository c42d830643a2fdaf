// Random patches of photographs with vessel maps: what a segmenter trains on. Batch s is a function of key and s alone.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <synthmed/data/picture.hpp>
#include <synthmed/error.hpp>
#include <synthmed/parallel.hpp>
#include <synthmed/random/distributions.hpp>
#include <synthmed/random/key.hpp>
#include <synthmed/shape.hpp>

namespace synthmed {

/// A photograph with its truth, all of one height and width.
struct segmentation_example {
  picture image;  ///< as the network reads it (segmenter_input); 1 or 3 channels
  picture truth;  ///< grey: share of the pixel that is vessel x 255, or 0 and 255
  picture field;  ///< grey: pixels that count are not 0; empty: all count
};

/// Where patches are cut and how they are changed. Flips and quarter turns copy pixels; a small turn or zoom resamples
/// picture and truth bilinearly.
struct patch_options {
  std::int64_t size = 64;   ///< side of a patch, pixels; a multiple of the segmenter's granularity
  std::int64_t batch = 16;  ///< patches per step
  bool flips = true;        ///< mirrored with probability one half, and turned by 0, 90, 180 or 270 degrees
  double degrees = 15;      ///< a further turn, uniform in [-degrees, degrees]; 0: none
  double zoom = 0.15;       ///< sizes change by a factor uniform in [1 / (1 + zoom), 1 + zoom] on a log scale; 0: none
  double brightness = 0.1;  ///< added to all pixels: uniform within this, of the range [0, 1]
  double contrast = 0.2;    ///< differences from one half are multiplied by 1 +- this
  double gamma = 0.2;       ///< exponent within [1 / (1 + gamma), 1 + gamma]
  friend bool operator==(const patch_options&, const patch_options&) = default;
};

/// Patches on the host, row-major: pixels in [0, 1], the vessel's share in [0, 1], and 1 where a pixel counts.
struct patch_batch {
  std::uint64_t step = 0;
  shape extents;              ///< of the pixels, [n, channels, size, size]
  std::vector<float> pixels;  ///< n channels size^2
  std::vector<float> truth;   ///< n size^2
  std::vector<float> field;   ///< n size^2
};

/// Cuts patches whose centres lie in the fields of view; each picture is as likely as any other. Beyond a picture's
/// edge pixels are 0 and do not count.
class patch_source {
 public:
  /// Throws argument_error for no picture, options out of range, or a field of view without a pixel, and shape_error
  /// when the parts of an example differ in size or the examples in channels.
  patch_source(std::vector<segmentation_example> examples, key k, patch_options options = {})
      : examples_(std::move(examples)), key_(k), options_(options) {
    const auto& o = options_;
    if (examples_.empty()) throw argument_error("Patches need at least one picture with a vessel map.");
    if (o.size < 1 || o.batch < 1 || !(o.degrees >= 0 && o.degrees <= 180) || !(o.zoom >= 0) || !(o.brightness >= 0) ||
        !(o.contrast >= 0 && o.contrast < 1) || !(o.gamma >= 0))
      throw argument_error(
          sentence("Patches need a size and a batch of at least 1, degrees in [0, 180], zoom, brightness "
                   "and gamma of at least 0 and contrast in [0, 1); got size ",
                   o.size, ", batch ", o.batch, ", degrees ", o.degrees, ", zoom ", o.zoom, ", brightness ",
                   o.brightness, ", contrast ", o.contrast, ", gamma ", o.gamma, "."));
    for (std::size_t i = 0; i < examples_.size(); ++i) check(i);
  }

  [[nodiscard]] std::size_t size() const noexcept { return examples_.size(); }
  [[nodiscard]] const patch_options& options() const noexcept { return options_; }

  /// The batch of a step, the same for any number of threads.
  [[nodiscard]] patch_batch at(std::uint64_t step) const {
    const auto side = static_cast<std::size_t>(options_.size), area = side * side;
    const auto n = static_cast<std::size_t>(options_.batch);
    const auto channels = static_cast<std::size_t>(examples_[0].image.channels());
    patch_batch made{.step = step,
                     .extents = {options_.batch, static_cast<std::int64_t>(channels), options_.size, options_.size},
                     .pixels = std::vector<float>(n * channels * area),
                     .truth = std::vector<float>(n * area),
                     .field = std::vector<float>(n * area)};
    parallel_for(options_.batch, 1, [&](std::int64_t begin, std::int64_t end) {
      for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i)
        cut(key_.fold(step * n + i), made.pixels.data() + i * channels * area, made.truth.data() + i * area,
            made.field.data() + i * area);
    });
    return made;
  }

 private:
  void check(std::size_t i) const {
    const auto& e = examples_[i];
    const auto same = [&](const picture& p) {
      return p.height() == e.image.height() && p.width() == e.image.width() && p.channels() == 1;
    };
    if (e.image.empty() || !same(e.truth) || (!e.field.empty() && !same(e.field)))
      throw shape_error(sentence("Example ", i,
                                 " needs a truth and a field of one channel and the picture's size; the picture "
                                 "is ",
                                 e.image, ", the truth ", e.truth, ", the field ", e.field, "."));
    if (e.image.channels() != examples_[0].image.channels())
      throw shape_error(sentence("Example ", i, " has ", e.image.channels(), " channels, example 0 has ",
                                 examples_[0].image.channels(), "."));
    if (!e.field.empty() &&
        std::none_of(e.field.pixels().begin(), e.field.pixels().end(), [](auto v) { return v != 0; }))
      throw argument_error(sentence("The field of view of example ", i, " has no pixel."));
  }

  /// A pixel of the field of view: every one is as likely as any other unless they are very rare.
  [[nodiscard]] static std::pair<int, int> centre(const segmentation_example& e, random_stream& draw) {
    const auto count = static_cast<std::uint64_t>(e.image.height()) * static_cast<std::uint64_t>(e.image.width());
    const auto width = static_cast<std::uint64_t>(e.image.width());
    std::uint64_t at = 0;
    const auto counts = [&] { return e.field.empty() || e.field.pixels()[static_cast<std::size_t>(at)] != 0; };
    for (int tries = 0; tries < 1000; ++tries) {
      at = draw.below(count);
      if (counts()) break;
    }
    while (!counts()) at = (at + 1) % count;
    return {static_cast<int>(at / width), static_cast<int>(at % width)};
  }

  void cut(key k, float* pixels, float* truth, float* field) const {
    random_stream draw(k);
    const auto& e = examples_[static_cast<std::size_t>(draw.below(examples_.size()))];
    const auto [row, column] = centre(e, draw);
    // All draws are made whatever the options, so that one option does not change what another one does.
    const bool mirrored = draw.chance(0.5);
    const auto quarter = static_cast<std::size_t>(draw.below(4));
    const double turn = draw.uniform(-1, 1) * options_.degrees * 3.14159265358979323846 / 180;
    const double scale = std::exp(draw.uniform(-1, 1) * std::log1p(options_.zoom));
    const double exponent = std::exp(draw.uniform(-1, 1) * std::log1p(options_.gamma));
    const double contrast = 1 + draw.uniform(-1, 1) * options_.contrast;
    const double brightness = draw.uniform(-1, 1) * options_.brightness;

    // Quarter turns by exact numbers, so that without turn and zoom places stay whole.
    constexpr std::array<double, 4> cosine{1, 0, -1, 0}, sine{0, 1, 0, -1};
    const double qc = options_.flips ? cosine[quarter] : 1, qs = options_.flips ? sine[quarter] : 0;
    const double ct = std::cos(turn) * scale, st = std::sin(turn) * scale;
    const double c = qc * ct - qs * st, s = qs * ct + qc * st, flip = options_.flips && mirrored ? -1 : 1;
    std::array<float, 256> value{};
    for (std::size_t v = 0; v < value.size(); ++v)
      value[v] = static_cast<float>(
          std::clamp((std::pow(static_cast<double>(v) / 255, exponent) - 0.5) * contrast + 0.5 + brightness, 0.0, 1.0));

    const auto side = static_cast<int>(options_.size);
    const auto channels = static_cast<std::size_t>(e.image.channels()),
               area = static_cast<std::size_t>(side) * static_cast<std::size_t>(side);
    const int height = e.image.height(), width = e.image.width(), middle = side / 2;
    for (int y = 0; y < side; ++y)
      for (int x = 0; x < side; ++x) {
        const double dx = flip * (x - middle), dy = y - middle;
        const double sx = column + c * dx - s * dy, sy = row + s * dx + c * dy;
        const auto at = static_cast<std::size_t>(y) * static_cast<std::size_t>(side) + static_cast<std::size_t>(x);
        const int nearest_y = static_cast<int>(std::lround(sy)), nearest_x = static_cast<int>(std::lround(sx));
        if (nearest_y < 0 || nearest_x < 0 || nearest_y >= height || nearest_x >= width) continue;
        field[at] = e.field.empty() || e.field.at(nearest_y, nearest_x) != 0 ? 1.f : 0.f;
        const double left = std::floor(sx), top = std::floor(sy);
        const auto fx = static_cast<float>(sx - left), fy = static_cast<float>(sy - top);
        const int x0 = std::clamp(static_cast<int>(left), 0, width - 1),
                  x1 = std::clamp(static_cast<int>(left) + 1, 0, width - 1);
        const int y0 = std::clamp(static_cast<int>(top), 0, height - 1),
                  y1 = std::clamp(static_cast<int>(top) + 1, 0, height - 1);
        const auto mixed = [&](auto&& of) {
          const float above = of(y0, x0) * (1 - fx) + of(y0, x1) * fx, below = of(y1, x0) * (1 - fx) + of(y1, x1) * fx;
          return above * (1 - fy) + below * fy;
        };
        truth[at] = mixed([&](int j, int i) { return static_cast<float>(e.truth.at(j, i)) / 255.f; });
        for (std::size_t ch = 0; ch < channels; ++ch)
          pixels[ch * area + at] = mixed([&](int j, int i) { return value[e.image.at(j, i, static_cast<int>(ch))]; });
      }
  }

  std::vector<segmentation_example> examples_;
  key key_;
  patch_options options_;
};

}  // namespace synthmed

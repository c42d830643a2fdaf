// Differentiable augmentation (Zhao et al. 2020): changes of real and generated pictures before the discriminator sees
// them, drawn from one key; with an allow-list for vessel maps.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <synthmed/core/differentiable.hpp>
#include <synthmed/error.hpp>
#include <synthmed/ops/ops.hpp>
#include <synthmed/parallel.hpp>
#include <synthmed/random/distributions.hpp>
#include <synthmed/random/key.hpp>
#include <synthmed/train/augmentation.hpp>

namespace synthmed::train {

/// What happens to one picture, in this order.
struct picture_change {
  bool flip_x = false;          ///< left-right
  bool flip_y = false;          ///< upside down
  double zoom = 1;              ///< above 1: what is shown gets larger
  double degrees = 0;           ///< about the centre, from the right towards the bottom; bilinear
  std::int64_t dx = 0, dy = 0;  ///< whole pixels to the right and to the bottom
  double intensity = 1;         ///< factor of the distance from the background
  double contrast = 1;          ///< factor of the distance from the picture's mean
  double brightness = 0;        ///< added
  std::int64_t cut_top = 0, cut_left = 0, cut_side = 0;  ///< a square that becomes background; side 0: none
  friend bool operator==(const picture_change&, const picture_change&) = default;

  [[nodiscard]] bool moves() const noexcept {
    return flip_x || flip_y || zoom != 1 || degrees != 0 || dx != 0 || dy != 0;
  }
  [[nodiscard]] bool resamples() const noexcept { return zoom != 1 || degrees != 0; }
};

/// The strengths of differentiable augmentation. Every kind of change happens to a picture with `probability`, on its
/// own. All are off until they are set; vessel_maps() is the list that keeps a vessel map's diagnosis.
/// The result is linear in x but for the picture's own mean, which is linear too: gradients of any order exist.
struct diff_augment {
  /// Of each kind of change, in [0, 0.8]: what is seen more often than this, the generator learns to make (Karras et
  /// al. 2020, section 2.2). More needs opt_in.leaks.
  double probability = 0.5;
  bool flips = false;      ///< left-right and upside down, each in half of the pictures that are changed
  double degrees = 0;      ///< rotation within [-degrees, degrees]; above 20 needs opt_in.leaks: corners are cut off
  double translation = 0;  ///< shift within this share of an edge, at most 0.25
  double cutout = 0;       ///< edge of a square of background as a share of the shorter edge, at most 0.5
  double intensity = 0;    ///< vessels lighter or darker by at most this share, at most 0.5
  double background = -1;  ///< the value that comes in at edges and in the square

  /// What can change what a picture shows, or what the generator may pick up: off unless it is asked for by name.
  struct opt_in_changes {
    double zoom = 0;        ///< within [1 / (1 + zoom), 1 + zoom]: the width of vessels is a sign of plus disease
    double contrast = 0;    ///< factor within [1 - contrast, 1 + contrast]: the background turns grey
    double brightness = 0;  ///< shift within [-brightness, brightness]: the background turns grey
    bool leaks = false;     ///< allows a probability up to 1 and any rotation
    friend bool operator==(const opt_in_changes&, const opt_in_changes&) = default;
  };
  opt_in_changes opt_in{};

  friend bool operator==(const diff_augment&, const diff_augment&) = default;

  /// Flips, small rotations, shifts, cut-out squares and mild intensity: nothing that changes how wide or how tortuous
  /// vessels are.
  [[nodiscard]] static diff_augment vessel_maps() {
    return {.flips = true, .degrees = 10, .translation = 0.125, .cutout = 0.25, .intensity = 0.1};
  }

  /// What apply() does to n pictures of h x w under this key. Picture i's change depends on the key, i and the options
  /// alone. Throws argument_error for options outside their ranges.
  [[nodiscard]] std::vector<picture_change> changes(key k, std::int64_t n, std::int64_t h, std::int64_t w) const {
    check();
    const auto pixels = [](double share, std::int64_t edge) { return std::llround(share * static_cast<double>(edge)); };
    const std::int64_t side = pixels(cutout, std::min(h, w)), far_x = pixels(translation, w),
                       far_y = pixels(translation, h);
    std::vector<picture_change> out(static_cast<std::size_t>(n));
    for (std::int64_t i = 0; i < n; ++i) {
      auto& change = out[static_cast<std::size_t>(i)];
      // Every number is drawn, whatever is switched on: a setting changes its own effect and no other.
      const auto draws = [&, here = k.fold(i)](const char* kind) { return random_stream(here.fold(kind)); };
      const auto within = [](random_stream& draw, double limit) { return draw.uniform(-limit, limit); };
      const auto whole = [](random_stream& draw, std::int64_t limit) {
        return static_cast<std::int64_t>(draw.below(static_cast<std::uint64_t>(2 * limit + 1))) - limit;
      };
      if (auto draw = draws("flip x"); draw.chance(probability) && flips) change.flip_x = draw.chance(0.5);
      if (auto draw = draws("flip y"); draw.chance(probability) && flips) change.flip_y = draw.chance(0.5);
      if (auto draw = draws("zoom"); draw.chance(probability) && opt_in.zoom > 0)
        change.zoom = std::exp(within(draw, std::log1p(opt_in.zoom)));
      if (auto draw = draws("rotation"); draw.chance(probability))
        change.degrees = degrees > 0 ? within(draw, degrees) : 0;
      if (auto draw = draws("translation"); draw.chance(probability)) {
        change.dx = whole(draw, far_x);
        change.dy = whole(draw, far_y);
      }
      if (auto draw = draws("intensity"); draw.chance(probability)) change.intensity = 1 + within(draw, intensity);
      if (auto draw = draws("contrast"); draw.chance(probability)) change.contrast = 1 + within(draw, opt_in.contrast);
      if (auto draw = draws("brightness"); draw.chance(probability))
        change.brightness = within(draw, opt_in.brightness);
      if (auto draw = draws("cutout"); draw.chance(probability) && side > 0) {
        change.cut_side = side;
        change.cut_top = static_cast<std::int64_t>(draw.below(static_cast<std::uint64_t>(h))) - side / 2;
        change.cut_left = static_cast<std::int64_t>(draw.below(static_cast<std::uint64_t>(w))) - side / 2;
      }
    }
    return out;
  }

  /// x [n, c, h, w] changed picture by picture. Throws shape_error for another rank, argument_error as changes() does.
  template <backend D>
  [[nodiscard]] typename D::tensor apply(const typename D::tensor& x, key k) const {
    const shape dims = D::shape_of(x);
    if (dims.rank() != 4) throw shape_error(sentence("Augmentation needs pictures [n, c, h, w], got ", dims, "."));
    return changed<D>(x, changes(k, dims[0], dims[2], dims[3]), background);
  }

  /// x [n, c, h, w] with one given change per picture. Throws shape_error for another number.
  template <backend D>
  [[nodiscard]] static typename D::tensor changed(const typename D::tensor& x, const std::vector<picture_change>& how,
                                                  double background) {
    const shape dims = D::shape_of(x);
    if (dims.rank() != 4 || dims[0] != static_cast<std::int64_t>(how.size()))
      throw shape_error(
          sentence(how.size(), " changes of pictures need as many pictures [n, c, h, w], got ", dims, "."));
    const auto any = [&](auto&& is) { return std::any_of(how.begin(), how.end(), is); };
    if (!any([](const picture_change& c) { return c != picture_change{}; })) return x;

    auto y = ops::add_scalar<D>(x, -background);  // so that what comes in from outside is zero
    if (any([](const picture_change& c) { return c.moves(); })) y = moved<D>(y, how);
    const auto per_picture = [&](auto&& value) {
      std::vector<typename D::scalar> values;
      for (const auto& c : how) values.push_back(static_cast<typename D::scalar>(value(c)));
      return D::from_host({dims[0], 1, 1, 1}, values);
    };
    if (any([](const picture_change& c) { return c.intensity != 1; }))
      y = ops::mul<D>(y, per_picture([](const picture_change& c) { return c.intensity; }));
    if (any([](const picture_change& c) { return c.contrast != 1 || c.brightness != 0; })) {
      const auto mean = ops::mean<D>(y, {1, 2, 3});
      const auto level = ops::add<D>(mean, per_picture([](const picture_change& c) { return c.brightness; }));
      y = ops::add<D>(
          ops::mul<D>(ops::sub<D>(y, mean), per_picture([](const picture_change& c) { return c.contrast; })), level);
    }
    if (any([](const picture_change& c) { return c.cut_side > 0; })) y = ops::mul<D>(y, kept<D>(how, dims));
    return ops::add_scalar<D>(y, background);
  }

  [[nodiscard]] std::string identity() const {
    std::string out = sentence("differentiable, probability ", probability);
    const auto add = [&](const char* name, double value) {
      if (value != 0) out += sentence(", ", name, " ", value);
    };
    if (flips) out += ", flips";
    add("rotation", degrees);
    add("translation", translation);
    add("cutout", cutout);
    add("intensity", intensity);
    add("zoom", opt_in.zoom);
    add("contrast", opt_in.contrast);
    add("brightness", opt_in.brightness);
    return out + sentence(", background ", background);
  }

 private:
  void check() const {
    const auto within = [](const char* name, double value, double high, const char* why = "") {
      if (!(value >= 0 && value <= high))
        throw argument_error(sentence("Augmentation needs a ", name, " in [0, ", high, "], got ", value, why, "."));
    };
    const char* const ask = "; set opt_in.leaks if the generator may learn what the augmentation does";
    within("probability", probability, opt_in.leaks ? 1 : 0.8, opt_in.leaks ? "" : ask);
    within("rotation in degrees", degrees, opt_in.leaks ? 180 : 20, opt_in.leaks ? "" : ask);
    within("translation", translation, 0.25);
    within("cutout", cutout, 0.5);
    within("change of intensity", intensity, 0.5);
    within("zoom", opt_in.zoom, 1);
    within("change of contrast", opt_in.contrast, 1);
    within("change of brightness", opt_in.brightness, 1);
  }

  /// Flips, zooms, rotations and shifts as one bilinear look-up: a sum of four gathers with constant weights, or one
  /// where every pixel comes from one pixel. Outside is zero.
  template <backend D>
  [[nodiscard]] static typename D::tensor moved(const typename D::tensor& x, const std::vector<picture_change>& how) {
    const shape dims = D::shape_of(x);
    const std::int64_t n = dims[0], c = dims[1], h = dims[2], w = dims[3];
    const bool resampled = std::any_of(how.begin(), how.end(), [](const picture_change& p) { return p.resamples(); });
    const std::size_t corners = resampled ? 4 : 1, count = static_cast<std::size_t>(n * h * w);
    std::array<std::vector<std::int64_t>, 4> from;
    std::array<std::vector<typename D::scalar>, 4> weight;
    for (std::size_t corner = 0; corner < corners; ++corner) {
      from[corner].resize(count);
      weight[corner].resize(count);
    }
    const double middle_x = static_cast<double>(w - 1) / 2, middle_y = static_cast<double>(h - 1) / 2;
    parallel_for(
        n * h, std::max<std::int64_t>(1, 4096 / std::max<std::int64_t>(w, 1)),
        [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t line = begin; line < end; ++line) {
            const std::int64_t i = line / h, row = line % h;
            const auto& p = how[static_cast<std::size_t>(i)];
            const double angle = p.degrees * 3.14159265358979323846 / 180;
            const double cosine = std::cos(angle) / p.zoom, sine = std::sin(angle) / p.zoom;
            for (std::int64_t column = 0; column < w; ++column) {
              // Back through shift, rotation, zoom and flips to where this pixel comes from.
              const double u = static_cast<double>(column - p.dx) - middle_x,
                           v = static_cast<double>(row - p.dy) - middle_y;
              const double across = cosine * u + sine * v, down = cosine * v - sine * u;
              const double sx = (p.flip_x ? -across : across) + middle_x, sy = (p.flip_y ? -down : down) + middle_y;
              const auto left = static_cast<std::int64_t>(std::floor(sx)),
                         top = static_cast<std::int64_t>(std::floor(sy));
              const double right_share = sx - static_cast<double>(left), low_share = sy - static_cast<double>(top);
              const auto at = static_cast<std::size_t>(line * w + column);
              for (std::size_t corner = 0; corner < corners; ++corner) {
                const bool right = corner % 2 == 1, low = corner / 2 == 1;
                const std::int64_t cx = left + right, cy = top + low;
                const bool inside = cx >= 0 && cx < w && cy >= 0 && cy < h;
                from[corner][at] = inside ? (i * h + cy) * w + cx : -1;
                weight[corner][at] = static_cast<typename D::scalar>((right ? right_share : 1 - right_share) *
                                                                     (low ? low_share : 1 - low_share));
              }
            }
          }
        });
    // Pixels of all pictures along one axis, so that each picture has its own look-up.
    const auto flat = ops::reshape<D>(c == 1 ? x : ops::permute<D>(x, {1, 0, 2, 3}), {c, n * h * w});
    auto sum = ops::gather<D>(flat, 1, from[0]);
    if (resampled) {
      const auto weighted = [&](const typename D::tensor& y, std::size_t corner) {
        return ops::mul<D>(y, D::from_host({1, n * h * w}, weight[corner]));
      };
      sum = weighted(sum, 0);
      for (std::size_t corner = 1; corner < corners; ++corner)
        sum = ops::add<D>(sum, weighted(ops::gather<D>(flat, 1, from[corner]), corner));
    }
    if (c == 1) return ops::reshape<D>(sum, dims);
    return ops::permute<D>(ops::reshape<D>(sum, {c, n, h, w}), {1, 0, 2, 3});
  }

  /// 1 where a picture is kept, 0 in its square: [n, 1, h, w].
  template <backend D>
  [[nodiscard]] static typename D::tensor kept(const std::vector<picture_change>& how, const shape& dims) {
    std::vector<typename D::scalar> mask;
    mask.reserve(static_cast<std::size_t>(dims[0] * dims[2] * dims[3]));
    for (const auto& p : how)
      for (std::int64_t row = 0; row < dims[2]; ++row)
        for (std::int64_t column = 0; column < dims[3]; ++column) {
          const bool cut = row >= p.cut_top && row < p.cut_top + p.cut_side && column >= p.cut_left &&
                           column < p.cut_left + p.cut_side;
          mask.push_back(static_cast<typename D::scalar>(cut ? 0 : 1));
        }
    return D::from_host({dims[0], 1, dims[2], dims[3]}, mask);
  }
};
static_assert(explain_augmentation<diff_augment>());

}  // namespace synthmed::train

// Pictures to the FID Inception network's input, in the published ways: resizing to 299 x 299 and normalisation.
// Own arithmetic on host memory: OpenCV's resizers are none of these four.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <synthmed/data/picture.hpp>
#include <synthmed/error.hpp>
#include <synthmed/metrics/feature_source.hpp>

namespace synthmed {

namespace detail {

inline void require_plane(std::size_t count, int height, int width, int out_height, int out_width) {
  if (height < 1 || width < 1 || out_height < 1 || out_width < 1 ||
      count != static_cast<std::size_t>(height) * static_cast<std::size_t>(width))
    throw shape_error(sentence("Resizing needs a plane of height x width values and sizes of at least 1, got ", count,
                               " values for ", height, " x ", width, " and the target ", out_height, " x ", out_width,
                               "."));
}

/// The inputs of one output position along an axis: first input and its weights.
struct axis_window {
  int first = 0;
  std::vector<double> weights;
};

/// Two-tap bilinear windows. half_pixels: source = (i + 1/2) in / out - 1/2 (PyTorch, align_corners=False), else
/// i in / out (TensorFlow 1).
[[nodiscard]] inline std::vector<axis_window> bilinear_windows(int in, int out, bool half_pixels) {
  std::vector<axis_window> windows;
  for (int i = 0; i < out; ++i) {
    const double scale = static_cast<double>(in) / out;
    const double at = std::max(0.0, half_pixels ? (i + 0.5) * scale - 0.5 : i * scale);
    const int low = std::min(static_cast<int>(at), in - 1);
    const double share = at - low;
    if (low + 1 < in)
      windows.push_back({low, {1.0 - share, share}});
    else
      windows.push_back({low, {1.0}});
  }
  return windows;
}

/// Pillow's windows: the filter is widened by the reduction factor (antialiasing) and normalised to sum 1.
template <class Filter>
[[nodiscard]] std::vector<axis_window> pillow_windows(int in, int out, double reach, Filter filter) {
  const double scale = static_cast<double>(in) / out, widened = std::max(scale, 1.0), support = reach * widened;
  std::vector<axis_window> windows;
  for (int i = 0; i < out; ++i) {
    const double centre = (i + 0.5) * scale;
    axis_window window;
    window.first = std::max(0, static_cast<int>(centre - support + 0.5));
    const int end = std::min(in, static_cast<int>(centre + support + 0.5));
    double sum = 0;
    for (int j = window.first; j < end; ++j) {
      window.weights.push_back(filter((j - centre + 0.5) / widened));
      sum += window.weights.back();
    }
    for (double& weight : window.weights) weight /= sum;
    windows.push_back(std::move(window));
  }
  return windows;
}

[[nodiscard]] inline double triangle_filter(double x) { return std::max(0.0, 1.0 - std::abs(x)); }

/// Keys's cubic with a = -1/2.
[[nodiscard]] inline double cubic_filter(double x) {
  x = std::abs(x);
  if (x < 1.0) return (1.5 * x - 2.5) * x * x + 1.0;
  if (x < 2.0) return ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0;
  return 0.0;
}

/// Rows, then columns; every pass is rounded to float as Pillow's mode F does.
[[nodiscard]] inline std::vector<float> resample(std::span<const float> plane, int height, int width,
                                                 const std::vector<axis_window>& rows,
                                                 const std::vector<axis_window>& columns) {
  const auto in_width = static_cast<std::size_t>(width), out_width = columns.size();
  std::vector<float> narrow(static_cast<std::size_t>(height) * out_width);
  for (std::size_t y = 0; y < static_cast<std::size_t>(height); ++y)
    for (std::size_t x = 0; x < out_width; ++x) {
      double sum = 0;
      for (std::size_t j = 0; j < columns[x].weights.size(); ++j)
        sum += columns[x].weights[j] *
               static_cast<double>(plane[y * in_width + static_cast<std::size_t>(columns[x].first) + j]);
      narrow[y * out_width + x] = static_cast<float>(sum);
    }
  std::vector<float> out(rows.size() * out_width);
  for (std::size_t y = 0; y < rows.size(); ++y)
    for (std::size_t x = 0; x < out_width; ++x) {
      double sum = 0;
      for (std::size_t j = 0; j < rows[y].weights.size(); ++j)
        sum += rows[y].weights[j] *
               static_cast<double>(narrow[(static_cast<std::size_t>(rows[y].first) + j) * out_width + x]);
      out[y * out_width + x] = static_cast<float>(sum);
    }
  return out;
}

}  // namespace detail

/// The ways to resize one plane of numbers.
enum class resize_rule {
  torch_bilinear,   ///< half pixels, no antialiasing: torch.nn.functional.interpolate(mode="bilinear")
  tf1_bilinear,     ///< source = i in / out, no antialiasing: tf.image.resize_bilinear of TensorFlow 1
  pillow_bilinear,  ///< Pillow BILINEAR on mode F: antialiased when it shrinks
  pillow_bicubic    ///< Pillow BICUBIC on mode F: antialiased when it shrinks, may overshoot
};

/// A plane [height, width], row-major, resized. Within 1e-4 of the named package on values of 0..255.
/// Throws shape_error for a span of another length or an empty size.
[[nodiscard]] inline std::vector<float> resize_plane(std::span<const float> plane, int height, int width,
                                                     int out_height, int out_width, resize_rule rule) {
  detail::require_plane(plane.size(), height, width, out_height, out_width);
  const auto windows = [&](int in, int out) {
    switch (rule) {
      case resize_rule::tf1_bilinear:
        return detail::bilinear_windows(in, out, false);
      case resize_rule::pillow_bilinear:
        return detail::pillow_windows(in, out, 1.0, detail::triangle_filter);
      case resize_rule::pillow_bicubic:
        return detail::pillow_windows(in, out, 2.0, detail::cubic_filter);
      case resize_rule::torch_bilinear:
        break;
    }
    return detail::bilinear_windows(in, out, true);
  };
  return detail::resample(plane, height, width, windows(height, out_height), windows(width, out_width));
}

/// Pillow's BICUBIC on 8-bit pictures: weights rounded to 22 bits, every pass rounded and clipped to a byte. What a
/// pipeline that resizes before it converts to float sees; equal to Pillow byte for byte.
[[nodiscard]] inline std::vector<std::uint8_t> resize_bytes_pillow_bicubic(std::span<const std::uint8_t> plane,
                                                                           int height, int width, int out_height,
                                                                           int out_width) {
  detail::require_plane(plane.size(), height, width, out_height, out_width);
  constexpr int bits = 22;
  const auto pass = [&](std::span<const std::uint8_t> from, std::size_t lines, std::size_t line_step, std::size_t step,
                        const std::vector<detail::axis_window>& windows, std::size_t to_line, std::size_t to_step) {
    std::vector<std::uint8_t> to(lines * windows.size());
    for (std::size_t line = 0; line < lines; ++line)
      for (std::size_t i = 0; i < windows.size(); ++i) {
        std::int64_t sum = std::int64_t{1} << (bits - 1);
        for (std::size_t j = 0; j < windows[i].weights.size(); ++j) {
          const double scaled = windows[i].weights[j] * (1 << bits);
          const auto weight = static_cast<std::int64_t>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
          sum += weight * from[line * line_step + (static_cast<std::size_t>(windows[i].first) + j) * step];
        }
        to[line * to_line + i * to_step] = static_cast<std::uint8_t>(std::clamp<std::int64_t>(sum >> bits, 0, 255));
      }
    return to;
  };
  const auto in_width = static_cast<std::size_t>(width), new_width = static_cast<std::size_t>(out_width);
  const auto narrow = pass(plane, static_cast<std::size_t>(height), in_width, 1,
                           detail::pillow_windows(width, out_width, 2.0, detail::cubic_filter), new_width, 1);
  return pass(narrow, new_width, 1, new_width, detail::pillow_windows(height, out_height, 2.0, detail::cubic_filter), 1,
              new_width);
}

/// Side of the FID Inception network's input.
inline constexpr int fid_side = 299;

/// A picture as the FID Inception network takes it under a profile: [3, 299, 299], row-major. Grey pictures are
/// repeated over the three channels, as all the reference programs do. Throws shape_error for an empty picture.
[[nodiscard]] inline std::vector<float> fid_input(const picture& image, fid_profile profile) {
  if (image.empty()) throw shape_error("The FID network's input is made of a picture with pixels, got an empty one.");
  const auto pixels = static_cast<std::size_t>(image.height()) * static_cast<std::size_t>(image.width());
  constexpr std::size_t area = std::size_t{fid_side} * fid_side;
  std::vector<float> out;
  out.reserve(3 * area);
  for (int channel = 0; channel < 3; ++channel) {
    if (channel > 0 && image.channels() == 1) {
      out.resize(3 * area);
      std::copy_n(out.begin(), area, out.begin() + static_cast<std::ptrdiff_t>(area) * channel);
      continue;
    }
    std::vector<float> plane(pixels);
    for (std::size_t i = 0; i < pixels; ++i) {
      const float value =
          image.pixels()[i * static_cast<std::size_t>(image.channels()) + static_cast<std::size_t>(channel)];
      plane[i] = profile == fid_profile::pytorch_fid ? value / 255.0f : value;
    }
    const auto rule = profile == fid_profile::clean_fid        ? resize_rule::pillow_bicubic
                      : profile == fid_profile::torch_fidelity ? resize_rule::tf1_bilinear
                                                               : resize_rule::torch_bilinear;
    for (float value : resize_plane(plane, image.height(), image.width(), fid_side, fid_side, rule)) {
      if (profile == fid_profile::pytorch_fid)
        out.push_back(2.0f * value - 1.0f);
      else
        out.push_back((std::clamp(value, 0.0f, 255.0f) - 128.0f) / 128.0f);
    }
  }
  return out;
}

}  // namespace synthmed

// From a picture on the host to its probability map: in one pass, or as the mean of overlapping windows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/models/segmenter.hpp>
#include <synthmed/ops/ops.hpp>
#include <synthmed/parallel.hpp>

namespace synthmed::models {

/// A picture as a network reads it: `channels` planes of height x width floats, row-major.
struct picture_view {
  std::span<const float> pixels;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 1;
};

/// Which windows a picture is seen through, and how many at once.
struct window_options {
  std::int64_t size = 48;   ///< side of a window, a multiple of the segmenter's granularity
  std::int64_t stride = 5;  ///< steps between windows, at most `size`; 5: retina-unet, 8: i-ROP DL
  std::int64_t batch = 64;  ///< windows per pass; memory grows with it, the result does not change
};

namespace detail {

template <segmenter S>
void check_picture(const picture_view& picture) {
  if (picture.height < 1 || picture.width < 1 || picture.channels != S::image_channels ||
      static_cast<std::int64_t>(picture.pixels.size()) != picture.height * picture.width * picture.channels)
    throw shape_error(sentence("This segmenter needs a picture of ", S::image_channels,
                               " x height x width numbers, got ", picture.pixels.size(), " numbers for ",
                               picture.channels, " x ", picture.height, " x ", picture.width, "."));
}

/// 1 - p(background) of every pixel of x [n, channels, h, w], n h w numbers on the host.
template <backend B, segmenter_on<B> S>
[[nodiscard]] std::vector<float> foreground(const S& net, const nn::parameters_of<S, B>& p,
                                            const nn::buffers_of<S, B>& b, const shape& dims,
                                            std::span<const typename B::scalar> pixels) {
  const auto logits = net.template apply<B>(p, b, B::from_host(dims, pixels), {}).y;
  const auto classes = ops::slice<B>(ops::softmax<B>(logits, 1), 1, 1, S::classes);
  const auto values = ops::to_host<B>(S::classes == 2 ? classes : ops::sum<B>(classes, {1}));
  return {values.begin(), values.end()};
}

}  // namespace detail

/// The probability that each pixel is not background, height x width numbers, from one pass over the whole picture.
/// Sides are filled up to the granularity with the last row and column; what was added is cut off again. `net` is run
/// in evaluation; give trained parameters without history. Throws shape_error for other channels.
template <backend B, segmenter_on<B> S>
[[nodiscard]] std::vector<float> segment_whole(const S& net, const nn::parameters_of<S, B>& p,
                                               const nn::buffers_of<S, B>& b, const picture_view& picture) {
  detail::check_picture<S>(picture);
  const auto filled = [](std::int64_t extent) {
    return (extent + S::granularity - 1) / S::granularity * S::granularity;
  };
  const std::int64_t h = filled(picture.height), w = filled(picture.width);
  std::vector<typename B::scalar> pixels;
  pixels.reserve(static_cast<std::size_t>(picture.channels * h * w));
  for (std::int64_t c = 0; c < picture.channels; ++c)
    for (std::int64_t y = 0; y < h; ++y)
      for (std::int64_t x = 0; x < w; ++x)
        pixels.push_back(static_cast<typename B::scalar>(picture.pixels[static_cast<std::size_t>(
            (c * picture.height + std::min(y, picture.height - 1)) * picture.width + std::min(x, picture.width - 1))]));
  const auto all =
      detail::foreground<B>(net, p, b, {1, picture.channels, h, w}, std::span<const typename B::scalar>(pixels));
  std::vector<float> map;
  map.reserve(static_cast<std::size_t>(picture.height * picture.width));
  for (std::int64_t y = 0; y < picture.height; ++y)
    map.insert(map.end(), all.begin() + y * w, all.begin() + y * w + picture.width);
  return map;
}

/// The same as the mean over all windows of a grid that a pixel lies in. The picture is filled up with zeros below and
/// to the right so that the grid covers it, as retina-unet does. Throws argument_error for windows that do not fit the
/// net.
template <backend B, segmenter_on<B> S>
[[nodiscard]] std::vector<float> segment_windows(const S& net, const nn::parameters_of<S, B>& p,
                                                 const nn::buffers_of<S, B>& b, const picture_view& picture,
                                                 const window_options& windows = {}) {
  detail::check_picture<S>(picture);
  const std::int64_t size = windows.size;
  if (size < 1 || size % S::granularity != 0 || windows.stride < 1 || windows.stride > size || windows.batch < 1)
    throw argument_error(sentence("Windows need a size that is a multiple of ", S::granularity,
                                  ", a stride between 1 and that size, and a batch of at least 1; got size ", size,
                                  ", stride ", windows.stride, ", batch ", windows.batch, "."));
  const auto steps = [&](std::int64_t extent) {
    return 1 + (std::max<std::int64_t>(extent - size, 0) + windows.stride - 1) / windows.stride;
  };
  const std::int64_t rows = steps(picture.height), columns = steps(picture.width), count = rows * columns;
  const std::int64_t area = size * size, per_window = area * picture.channels;
  // Sums in double: their order is that of the windows, whatever the batch.
  std::vector<double> sums(static_cast<std::size_t>(picture.height * picture.width));
  std::vector<std::int32_t> seen(sums.size());
  std::vector<typename B::scalar> pixels;
  for (std::int64_t first = 0; first < count; first += windows.batch) {
    const std::int64_t n = std::min(windows.batch, count - first);
    pixels.assign(static_cast<std::size_t>(n * per_window), typename B::scalar(0));
    const auto for_each_place = [&](std::int64_t window, auto&& visit) {
      const std::int64_t top = (first + window) / columns * windows.stride,
                         left = (first + window) % columns * windows.stride;
      for (std::int64_t y = top; y < std::min(top + size, picture.height); ++y)
        for (std::int64_t x = left; x < std::min(left + size, picture.width); ++x)
          visit((y - top) * size + x - left, y * picture.width + x);
    };
    parallel_for(n, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i)
        for (std::int64_t c = 0; c < picture.channels; ++c)
          for_each_place(i, [&](std::int64_t inside, std::int64_t outside) {
            pixels[static_cast<std::size_t>(i * per_window + c * area + inside)] = static_cast<typename B::scalar>(
                picture.pixels[static_cast<std::size_t>(c * picture.height * picture.width + outside)]);
          });
    });
    const auto found = detail::foreground<B>(net, p, b, {n, picture.channels, size, size},
                                             std::span<const typename B::scalar>(pixels));
    for (std::int64_t i = 0; i < n; ++i)
      for_each_place(i, [&](std::int64_t inside, std::int64_t outside) {
        sums[static_cast<std::size_t>(outside)] +=
            static_cast<double>(found[static_cast<std::size_t>(i * area + inside)]);
        ++seen[static_cast<std::size_t>(outside)];
      });
  }
  std::vector<float> map(sums.size());
  for (std::size_t i = 0; i < map.size(); ++i) map[i] = static_cast<float>(sums[i] / seen[i]);
  return map;
}

}  // namespace synthmed::models

// The segmenter concept: a network that gives every pixel of a picture, of any size, a class.
#pragma once

#include <concepts>
#include <cstdint>

#include <synthmed/core/backend.hpp>
#include <synthmed/error.hpp>
#include <synthmed/nn/layer.hpp>

namespace synthmed::models {

/// A layer (nn/layer.hpp) from pictures to logits of the same height and width, [n, image_channels, h, w] to
/// [n, classes, h, w], for any h and w that are positive multiples of `granularity`:
///   static constexpr std::int64_t image_channels   1: grey, 3: colour
///   static constexpr std::int64_t classes          two or more; 0 is background, softmax gives the probabilities
///   static constexpr std::int64_t granularity      a net that halves three times has 8
/// Laws (testing/segmenter_laws.hpp): those of a layer; logits have the picture's height and width; a picture of
/// another granularity is refused with a shape_error; in evaluation a picture's logits do not depend on its batch.
template <class S>
concept segmenter = nn::layer<S> && requires {
  { S::image_channels } -> std::convertible_to<std::int64_t>;
  { S::classes } -> std::convertible_to<std::int64_t>;
  { S::granularity } -> std::convertible_to<std::int64_t>;
  requires S::image_channels >= 1 && S::classes >= 2 && S::granularity >= 1;
  requires S{}.accepts(nn::chw{S::image_channels, nn::dynamic, nn::dynamic});
};

/// A segmenter whose templates work on backend B.
template <class S, class B>
concept segmenter_on = segmenter<S> && nn::layer_on<S, B>;

/// True when S is a segmenter; otherwise compilation stops at a sentence that says what it lacks.
template <class S>
consteval bool explain_segmenter() {
  if constexpr (nn::explain_layer<S>()) {
    static_assert(requires { { S::image_channels } -> std::convertible_to<std::int64_t>; },
                  "synthmed: this segmenter lacks `static constexpr std::int64_t image_channels`.");
    static_assert(requires { { S::classes } -> std::convertible_to<std::int64_t>; },
                  "synthmed: this segmenter lacks `static constexpr std::int64_t classes` (2: background, vessel).");
    static_assert(requires { { S::granularity } -> std::convertible_to<std::int64_t>; },
                  "synthmed: this segmenter lacks `static constexpr std::int64_t granularity`, of which a picture's height "
                  "and width must be multiples (1 when any size will do).");
    if constexpr (requires { S::image_channels + S::classes + S::granularity; }) {
      static_assert(S::image_channels >= 1 && S::classes >= 2 && S::granularity >= 1,
                    "synthmed: a segmenter has at least 1 image channel, 2 classes and granularity 1.");
      if constexpr (std::semiregular<S>)
        static_assert(S{}.accepts(nn::chw{S::image_channels, nn::dynamic, nn::dynamic}),
                      "synthmed: a segmenter accepts pictures whose height and width are known only when it runs.");
    }
  }
  return segmenter<S>;
}

/// Throws shape_error unless x is [n, image_channels, h, w] with h and w positive multiples of the granularity.
template <segmenter S, backend B>
void check_segmenter_input(const typename B::tensor& x) {
  const shape dims = B::shape_of(x);
  if (dims.rank() != 4 || dims[1] != S::image_channels || dims[2] < 1 || dims[3] < 1 || dims[2] % S::granularity != 0 ||
      dims[3] % S::granularity != 0)
    throw shape_error(sentence("This segmenter needs pictures [n, ", S::image_channels, ", h, w] with h and w multiples of ",
                               S::granularity, ", got ", dims, "; pad them, or use models::segment_whole."));
}

}  // namespace synthmed::models

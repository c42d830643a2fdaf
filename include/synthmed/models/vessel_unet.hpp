// U-Nets for vessels (Ronneberger et al. 2015): about half a million parameters, pictures of any size.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/models/segmenter.hpp>
#include <synthmed/nn/layers.hpp>

namespace synthmed::models {

/// Everything that tells one vessel U-Net from another. channels[i] is the width at 1 / 2^i of the picture's size.
template <std::size_t Levels>
struct vessel_unet_options {
  std::array<std::int64_t, Levels> channels{};
  std::int64_t image_channels = 1;  ///< 1: grey, 3: colour
  std::int64_t classes = 2;         ///< background first
  bool batch_norm = true;           ///< after each 3 x 3 convolution, which then has no bias
  double dropout = 0;               ///< between the two convolutions of a block; [0, 1)
  bool enlarged_first = false;      ///< what comes from below is concatenated before the skip, not after it
  bool rectified_logits = false;    ///< the logits pass a ReLU, as retina-unet's do
  friend constexpr bool operator==(const vessel_unet_options&, const vessel_unet_options&) noexcept = default;
};

/// Our default: 487 730 parameters, four levels. Half of retina-unet's width at full size, where most of the work is,
/// and a level more: 2.7 times less arithmetic per pixel, and a logit sees 96 x 96 px instead of 44 x 44.
inline constexpr vessel_unet_options<4> small_unet{.channels = {16, 32, 64, 128}};

/// orobix/retina-unet, on which the study's segmenter was built: 471 010 parameters.
inline constexpr vessel_unet_options<3> retina_unet{
    .channels = {32, 64, 128}, .batch_norm = false, .dropout = 0.2, .enlarged_first = true, .rectified_logits = true};

namespace detail {

[[nodiscard]] constexpr nn::chw any_size(std::int64_t channels) { return {channels, nn::dynamic, nn::dynamic}; }

template <std::int64_t In, std::int64_t Out>
inline constexpr nn::conv2d unet_conv{.inputs = In, .outputs = Out, .pad = 1, .initial = nn::initial::he_normal};
template <std::int64_t In, std::int64_t Out>
inline constexpr nn::conv2d_no_bias unet_conv_before_norm{
    .inputs = In, .outputs = Out, .pad = 1, .initial = nn::initial::he_normal};

/// Two 3 x 3 convolutions, each with ReLU.
template <auto Options, std::int64_t In, std::int64_t Out>
struct unet_block_of {
  using type = nn::sequential<any_size(In), nn::named<"conv0", unet_conv<In, Out>>{}, nn::relu{},
                              nn::dropout{Options.dropout}, nn::named<"conv1", unet_conv<Out, Out>>{}, nn::relu{}>;
};
template <auto Options, std::int64_t In, std::int64_t Out>
  requires(Options.batch_norm)
struct unet_block_of<Options, In, Out> {
  using type = nn::sequential<
      any_size(In), nn::named<"conv0", unet_conv_before_norm<In, Out>>{}, nn::named<"norm0", nn::batch_norm{Out}>{},
      nn::relu{}, nn::dropout{Options.dropout}, nn::named<"conv1", unet_conv_before_norm<Out, Out>>{},
      nn::named<"norm1", nn::batch_norm{Out}>{}, nn::relu{}>;
};
template <auto Options, std::int64_t In, std::int64_t Out>
using unet_block = typename unet_block_of<Options, In, Out>::type;

/// What hangs below a skip connection: halve, a block, the levels below, a block, double.
template <auto Options, std::size_t Level>
struct unet_level_of {
  static constexpr std::int64_t in = Options.channels[Level - 1], own = Options.channels[Level],
                                below = Options.channels[Level + 1];
  using type = nn::sequential<
      any_size(in), nn::max_pool{}, nn::named<"in", unet_block<Options, in, own>{}>{},
      nn::named<"below", nn::concat_skip<typename unet_level_of<Options, Level + 1>::type{}, Options.enlarged_first>{}>{},
      nn::named<"out", unet_block<Options, own + below, own>{}>{}, nn::upsample{}>;
};
template <auto Options, std::size_t Level>
  requires(Level + 1 == Options.channels.size())
struct unet_level_of<Options, Level> {
  static constexpr std::int64_t in = Options.channels[Level - 1], own = Options.channels[Level];
  using type = nn::sequential<any_size(in), nn::max_pool{}, nn::named<"in", unet_block<Options, in, own>{}>{}, nn::upsample{}>;
};

/// The whole net; a slope of 1 leaves the logits as they are.
template <auto Options>
struct unet_network_of {
  static constexpr std::int64_t own = Options.channels[0], below = Options.channels[1];
  using type = nn::sequential<
      any_size(Options.image_channels), nn::named<"in", unet_block<Options, Options.image_channels, own>{}>{},
      nn::named<"below", nn::concat_skip<typename unet_level_of<Options, 1>::type{}, Options.enlarged_first>{}>{},
      nn::named<"out", unet_block<Options, own + below, own>{}>{},
      nn::named<"head", nn::conv2d{.inputs = own, .outputs = Options.classes, .kernel = 1,
                                   .initial = nn::initial::he_normal}>{},
      nn::leaky_relu{Options.rectified_logits ? 0.0 : 1.0}>;
};

}  // namespace detail

/// Pictures [n, image_channels, h, w] to logits [n, classes, h, w], h and w multiples of `granularity`. Per level two
/// 3 x 3 convolutions with ReLU on the way down and two on the way up; 2 x 2 maxima between levels down, doubled pixels
/// up, and what was there before the maximum put beside them; a 1 x 1 convolution to the logits.
/// Parameters are named "in.conv0.weight", "below.in.conv0.weight", ..., "out.conv1.weight", "head.bias".
template <auto Options>
class vessel_unet {
  static_assert(Options.channels.size() >= 2, "synthmed: a U-Net has at least two levels.");
  using network = typename detail::unet_network_of<Options>::type;

 public:
  static constexpr auto options = Options;
  static constexpr std::int64_t image_channels = Options.image_channels;
  static constexpr std::int64_t classes = Options.classes;
  static constexpr std::int64_t granularity = std::int64_t{1} << (Options.channels.size() - 1);

  template <class B>
  using parameters = nn::parameters_of<network, B>;
  template <class B>
  using buffers = nn::buffers_of<network, B>;

  [[nodiscard]] constexpr bool accepts(nn::chw s) const {
    const auto fits = [](std::int64_t extent) { return extent == nn::dynamic || (extent > 0 && extent % granularity == 0); };
    return s.c == image_channels && fits(s.h) && fits(s.w);
  }
  [[nodiscard]] constexpr nn::chw out(nn::chw s) const { return {classes, s.h, s.w}; }
  template <backend B>
  [[nodiscard]] parameters<B> init(synthmed::key k) const {
    return network{}.template init<B>(k);
  }
  template <backend B>
  [[nodiscard]] buffers<B> initial_buffers() const {
    return network{}.template initial_buffers<B>();
  }
  /// Throws shape_error for pictures of other channels or a size that is no multiple of the granularity.
  template <backend B>
  [[nodiscard]] nn::applied<B, buffers<B>> apply(const parameters<B>& p, const buffers<B>& b, const typename B::tensor& x,
                                                 const nn::context& c) const {
    check_segmenter_input<vessel_unet, B>(x);
    return network{}.template apply<B>(p, b, x, c);
  }
  friend constexpr bool operator==(const vessel_unet&, const vessel_unet&) noexcept = default;
};

static_assert(explain_segmenter<vessel_unet<small_unet>>() && explain_segmenter<vessel_unet<retina_unet>>());

/// The parameters of a U-Net from numbers one after another, as retina-unet's file has them: weight and bias of every
/// convolution in the order of the computation, weights [out, in, kh, kw]. `true_convolution`: the numbers were made for
/// convolutions that turn their kernel by 180 degrees, as Theano's do. Throws format_error for another count.
template <backend B, auto Options>
  requires(!Options.batch_norm)
[[nodiscard]] typename vessel_unet<Options>::template parameters<B> unet_from_numbers(std::span<const float> numbers,
                                                                                      bool true_convolution) {
  auto p = vessel_unet<Options>{}.template init<B>(key(0));
  if (const auto expected = nn::count<B>(p); expected != static_cast<std::int64_t>(numbers.size()))
    throw format_error(sentence("This U-Net has ", expected, " parameters, got ", numbers.size(), " numbers."));
  std::size_t at = 0;
  nn::for_each_parameter(p, [&](const std::string&, typename B::tensor& x) {
    const shape dims = B::shape_of(x);
    const auto count = static_cast<std::size_t>(dims.elements());
    std::vector<typename B::scalar> values(numbers.begin() + static_cast<std::ptrdiff_t>(at),
                                           numbers.begin() + static_cast<std::ptrdiff_t>(at + count));
    at += count;
    if (true_convolution && dims.rank() == 4) {
      const auto window = static_cast<std::ptrdiff_t>(dims[2] * dims[3]);
      for (auto kernel = values.begin(); kernel != values.end(); kernel += window) std::reverse(kernel, kernel + window);
    }
    x = nn::make_parameter<B>(dims, std::span<const typename B::scalar>(values));
  });
  return p;
}

}  // namespace synthmed::models

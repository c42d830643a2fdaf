// A small residual classifier for small pictures: a strided stem, three residual blocks, the mean of each channel, a
// linear layer. With the default options and three classes it has 173 547 parameters.
#pragma once

#include <array>
#include <cstdint>

#include <synthmed/models/classifier.hpp>
#include <synthmed/models/feature_extractor.hpp>
#include <synthmed/nn/layers.hpp>

namespace synthmed::models {

/// What tells one small residual classifier from another.
struct small_resnet_options {
  std::int64_t image_channels = 1;
  std::int64_t classes = 3;
  /// Channels of the three blocks; the stem has the first's. Blocks two and three halve height and width, as the stem.
  std::array<std::int64_t, 3> channels{24, 48, 96};
  double dropout = 0.2;  ///< of the features before the last layer, in training
  friend constexpr bool operator==(const small_resnet_options&, const small_resnet_options&) noexcept = default;
};

namespace detail {

[[nodiscard]] constexpr nn::conv2d_no_bias small_resnet_conv(std::int64_t inputs, std::int64_t outputs,
                                                             std::int64_t kernel, std::int64_t stride) {
  return {.inputs = inputs,
          .outputs = outputs,
          .kernel = kernel,
          .stride = stride,
          .pad = kernel / 2,
          .initial = nn::initial::he_normal_fan_out};
}

template <std::int64_t Inputs, std::int64_t Outputs, std::int64_t Stride>
using small_resnet_body = nn::sequential<nn::chw{Inputs, nn::dynamic, nn::dynamic},
                                         nn::named<"conv1", small_resnet_conv(Inputs, Outputs, 3, Stride)>{},
                                         nn::named<"bn1", nn::batch_norm{.channels = Outputs}>{}, nn::relu{},
                                         nn::named<"conv2", small_resnet_conv(Outputs, Outputs, 3, 1)>{},
                                         nn::named<"bn2", nn::batch_norm{.channels = Outputs}>{}>;

template <std::int64_t Inputs, std::int64_t Outputs, std::int64_t Stride>
using small_resnet_projection = nn::sequential<nn::chw{Inputs, nn::dynamic, nn::dynamic},
                                               nn::named<"conv", small_resnet_conv(Inputs, Outputs, 1, Stride)>{},
                                               nn::named<"bn", nn::batch_norm{.channels = Outputs}>{}>;

/// body(x) + x, or + a projection of x where the shape changes; the rectifier follows it.
template <std::int64_t Inputs, std::int64_t Outputs, std::int64_t Stride>
[[nodiscard]] constexpr auto small_resnet_block() {
  if constexpr (Inputs == Outputs && Stride == 1)
    return nn::residual<small_resnet_body<Inputs, Outputs, Stride>{}>{};
  else
    return nn::residual<small_resnet_body<Inputs, Outputs, Stride>{},
                        small_resnet_projection<Inputs, Outputs, Stride>{}>{};
}

template <auto Options>
using small_resnet_features =
    nn::sequential<nn::chw{Options.image_channels, nn::dynamic, nn::dynamic},
                   nn::named<"stem", small_resnet_conv(Options.image_channels, Options.channels[0], 5, 2)>{},
                   nn::named<"stem_bn", nn::batch_norm{.channels = Options.channels[0]}>{}, nn::relu{},
                   nn::named<"block1", small_resnet_block<Options.channels[0], Options.channels[0], 1>()>{}, nn::relu{},
                   nn::named<"block2", small_resnet_block<Options.channels[0], Options.channels[1], 2>()>{}, nn::relu{},
                   nn::named<"block3", small_resnet_block<Options.channels[1], Options.channels[2], 2>()>{}, nn::relu{},
                   nn::global_avg_pool{}>;

template <auto Options>
using small_resnet_head =
    nn::sequential<nn::chw{Options.channels[2]}, nn::dropout{Options.dropout},
                   nn::named<"fc", nn::linear{.inputs = Options.channels[2], .outputs = Options.classes}>{}>;

}  // namespace detail

/// The small residual classifier, for pictures of any size from 5 px on. Parameters are named "features.stem.weight",
/// "features.block2.body.conv1.weight", "features.block2.shortcut.conv.weight", "head.fc.bias", ...
template <small_resnet_options Options = small_resnet_options{}>
struct small_resnet : nn::sequential<nn::chw{Options.image_channels, nn::dynamic, nn::dynamic},
                                     nn::named<"features", detail::small_resnet_features<Options>{}>{},
                                     nn::named<"head", detail::small_resnet_head<Options>{}>{}> {
  static constexpr std::int64_t image_channels = Options.image_channels;
  static constexpr std::int64_t classes = Options.classes;
  static constexpr std::int64_t feature_count = Options.channels[2];

  /// What the last layer reads, in evaluation: [n, feature_count].
  template <backend B>
  [[nodiscard]] typename B::tensor features(const nn::parameters_of<small_resnet, B>& p,
                                            const nn::buffers_of<small_resnet, B>& b,
                                            const typename B::tensor& x) const {
    return nn::evaluate<B>(detail::small_resnet_features<Options>{}, p.template get<0>(), b.template get<0>(), x);
  }
};

static_assert(explain_classifier<small_resnet<>>() && explain_feature_extractor<small_resnet<>>());

}  // namespace synthmed::models

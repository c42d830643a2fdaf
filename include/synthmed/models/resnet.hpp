// Residual networks (He et al. 2016) of basic blocks: ResNet-18 and -34 with torchvision's names, and those of the
// paper's section 4.2 for small pictures (ResNet-20, -56, ...).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include <synthmed/error.hpp>
#include <synthmed/models/classifier.hpp>
#include <synthmed/models/feature_extractor.hpp>
#include <synthmed/nn/conv_norm.hpp>
#include <synthmed/nn/layers.hpp>
#include <synthmed/ops/ops.hpp>

namespace synthmed::models {

/// What a residual network does before its blocks.
enum class resnet_stem {
  halved_twice,  ///< 7 x 7 convolution of stride 2, then the maximum of 3 x 3 with stride 2: for 224 px
  halved,        ///< 5 x 5 convolution of stride 2: for 32 to 64 px
  full_size      ///< 3 x 3 convolution: for small pictures
};

/// The way around a block that changes stride or width.
enum class resnet_shortcut {
  projected,  ///< 1 x 1 convolution and batch norm (the paper's option B, torchvision): layerN.0.downsample
  padded      ///< every stride-th pixel, and zeros as new channels (option A): nothing to train
};

/// Everything that tells one residual network from another. Stage 0 keeps the size, each further one halves it.
template <std::size_t Stages>
struct resnet_options {
  std::array<std::int64_t, Stages> blocks{};  ///< basic blocks of each stage
  std::array<std::int64_t, Stages> widths{};  ///< channels of each stage; the stem has those of stage 0
  std::int64_t classes = 1000;
  std::int64_t image_channels = 3;  ///< 1: grey, 3: colour
  resnet_stem stem = resnet_stem::halved_twice;
  resnet_shortcut shortcut = resnet_shortcut::projected;
  double dropout = 0;  ///< share of the features that training hides from the last layer, in [0, 1)
  friend constexpr bool operator==(const resnet_options&, const resnet_options&) noexcept = default;
};

/// ResNet-18 as torchvision has it.
[[nodiscard]] constexpr resnet_options<4> resnet18_options(std::int64_t classes, std::int64_t image_channels = 3) {
  return {.blocks = {2, 2, 2, 2}, .widths = {64, 128, 256, 512}, .classes = classes, .image_channels = image_channels};
}

/// The network of 6 blocks + 2 layers that the paper trains on CIFAR-10: blocks 3 gives ResNet-20, 9 gives ResNet-56.
[[nodiscard]] constexpr resnet_options<3> small_resnet_options(std::int64_t blocks, std::int64_t classes,
                                                               std::int64_t image_channels = 3) {
  return {.blocks = {blocks, blocks, blocks}, .widths = {16, 32, 64}, .classes = classes,
          .image_channels = image_channels, .stem = resnet_stem::full_size, .shortcut = resnet_shortcut::padded};
}

namespace detail {

// A block's parameters (Conv: weight_only, Norm: weight_and_bias) or buffers (nothing, running_statistics).
template <class Tensor, class Conv, class Norm>
struct basic_block {
  using tensor = Tensor;
  BOOST_HANA_DEFINE_STRUCT(basic_block, (Conv, conv1), (Norm, bn1), (Conv, conv2), (Norm, bn2));
};
struct positions {
  static std::string at(std::size_t i) { return std::to_string(i); }
};
template <class Tensor, class Conv, class Norm>
struct projected_block {
  using tensor = Tensor;
  using around = nn::parts<Tensor, positions, Conv, Norm>;
  BOOST_HANA_DEFINE_STRUCT(projected_block, (Conv, conv1), (Norm, bn1), (Conv, conv2), (Norm, bn2),
                           (around, downsample));
};

/// "conv1", "bn1", "layer1", "layer2", ..., "fc"
template <std::size_t Stages>
struct resnet_names {
  static std::string at(std::size_t i) {
    return i == 0 ? "conv1" : i == 1 ? "bn1" : i == Stages + 2 ? "fc" : "layer" + std::to_string(i - 1);
  }
};

struct block_geometry {
  std::int64_t inputs, outputs, stride;
  [[nodiscard]] constexpr bool changes() const { return stride != 1 || inputs != outputs; }
  [[nodiscard]] constexpr nn::conv2d_no_bias first() const {
    return {.inputs = inputs, .outputs = outputs, .kernel = 3, .stride = stride, .pad = 1,
            .initial = nn::initial::he_normal_fan_out};
  }
  [[nodiscard]] constexpr nn::conv2d_no_bias second() const { return block_geometry{outputs, outputs, 1}.first(); }
  [[nodiscard]] constexpr nn::conv2d_no_bias around() const {
    return {.inputs = inputs, .outputs = outputs, .kernel = 1, .stride = stride,
            .initial = nn::initial::he_normal_fan_out};
  }
  [[nodiscard]] constexpr nn::batch_norm norm() const { return {.channels = outputs}; }
};

}  // namespace detail

/// Pictures [n, image_channels, h, w] of any size to logits [n, classes]; the features are the channels' means after the
/// last block. A layer, a classifier and a feature extractor. Blocks are run by loops over values, so a deep network
/// costs the compiler no more than a shallow one.
template <auto Options>
class resnet {
  static constexpr std::size_t stages_ = Options.blocks.size();
  static_assert([] {
    for (std::size_t s = 0; s < stages_; ++s)
      if (Options.blocks[s] < 1 || Options.widths[s] < 1) return false;
    return true;
  }(), "synthmed: every stage of a residual network has at least one block and one channel.");
  static_assert(Options.dropout >= 0 && Options.dropout < 1, "synthmed: a network's dropout lies in [0, 1).");

  static constexpr std::int64_t stem_kernel_ = Options.stem == resnet_stem::halved_twice ? 7
                                               : Options.stem == resnet_stem::halved     ? 5
                                                                                         : 3;
  static constexpr nn::conv2d_no_bias stem_{.inputs = Options.image_channels, .outputs = Options.widths[0], .kernel = stem_kernel_,
                                            .stride = Options.stem == resnet_stem::full_size ? 1 : 2,
                                            .pad = stem_kernel_ / 2, .initial = nn::initial::he_normal_fan_out};
  static constexpr nn::batch_norm stem_norm_{.channels = Options.widths[0]};
  static constexpr nn::linear head_{.inputs = Options.widths[stages_ - 1], .outputs = Options.classes};

  static constexpr detail::block_geometry geometry(std::size_t stage, std::size_t block) {
    const std::int64_t width = Options.widths[stage];
    if (block > 0) return {width, width, 1};
    return {stage == 0 ? width : Options.widths[stage - 1], width, stage == 0 ? 1 : 2};
  }
  static constexpr bool projects(std::size_t stage, std::size_t block) {
    return Options.shortcut == resnet_shortcut::projected && geometry(stage, block).changes();
  }

  using every_stage = std::make_index_sequence<stages_>;
  template <std::size_t Stage>
  using every_block = std::make_index_sequence<static_cast<std::size_t>(Options.blocks[Stage])>;

  template <class Tensor, class Conv, class Norm>
  struct trees {
    template <std::size_t Stage, std::size_t Block>
    using block = std::conditional_t<projects(Stage, Block), detail::projected_block<Tensor, Conv, Norm>,
                                     detail::basic_block<Tensor, Conv, Norm>>;
    template <std::size_t Stage, std::size_t... Block>
    static auto stage(std::index_sequence<Block...>)
        -> nn::parts<Tensor, detail::positions, block<Stage, Block>...>;
    template <class Head, std::size_t... Stage>
    static auto whole(std::index_sequence<Stage...>)
        -> nn::parts<Tensor, detail::resnet_names<stages_>, Conv, Norm,
                     decltype(stage<Stage>(every_block<Stage>{}))..., Head>;
  };
  template <class B, class T = typename B::tensor>
  using trained = trees<T, nn::weight_only<T>, nn::weight_and_bias<T>>;
  template <class B, class T = typename B::tensor>
  using running = trees<T, nn::nothing<T>, nn::running_statistics<T>>;

 public:
  static constexpr auto options = Options;
  static constexpr std::int64_t image_channels = Options.image_channels;
  static constexpr std::int64_t classes = Options.classes;
  static constexpr std::int64_t feature_count = Options.widths[stages_ - 1];

  template <class B>
  using parameters =
      decltype(trained<B>::template whole<nn::weight_and_bias<typename B::tensor>>(every_stage{}));
  template <class B>
  using buffers = decltype(running<B>::template whole<nn::nothing<typename B::tensor>>(every_stage{}));

  [[nodiscard]] constexpr bool accepts(nn::chw s) const {
    return s.c == image_channels && (s.h >= 1 || s.h == nn::dynamic) && (s.w >= 1 || s.w == nn::dynamic);
  }
  [[nodiscard]] constexpr nn::chw out(nn::chw) const { return {classes, 1, 1}; }

  template <backend B>
  [[nodiscard]] parameters<B> init(synthmed::key k) const {
    parameters<B> p;
    p.template get<0>() = stem_.init<B>(k.fold("conv1"));
    p.template get<1>() = stem_norm_.init<B>(k.fold("bn1"));
    for_each_block([&](std::size_t stage, std::size_t position, auto& block) {
      const auto g = geometry(stage, position);
      const synthmed::key own = k.fold("layer" + std::to_string(stage + 1)).fold(std::to_string(position));
      block.conv1 = g.first().template init<B>(own.fold("conv1"));
      block.conv2 = g.second().template init<B>(own.fold("conv2"));
      // Leaves of their own: one leaf in two places would get the sum of both gradients.
      block.bn1 = g.norm().template init<B>(own.fold("bn1"));
      block.bn2 = g.norm().template init<B>(own.fold("bn2"));
      if constexpr (requires { block.downsample; }) {
        block.downsample.template get<0>() = g.around().template init<B>(own.fold("downsample"));
        block.downsample.template get<1>() = g.norm().template init<B>(own);
      }
    }, p);
    p.template get<stages_ + 2>() = head_.init<B>(k.fold("fc"));
    return p;
  }
  template <backend B>
  [[nodiscard]] buffers<B> initial_buffers() const {
    buffers<B> b;
    b.template get<1>() = stem_norm_.initial_buffers<B>();
    for_each_block([&](std::size_t stage, std::size_t position, auto& block) {
      block.bn1 = block.bn2 = geometry(stage, position).norm().template initial_buffers<B>();
      if constexpr (requires { block.downsample; }) block.downsample.template get<1>() = block.bn1;
    }, b);
    return b;
  }

  /// Logits. Throws shape_error for another number of channels.
  template <backend B>
  [[nodiscard]] nn::applied<B, buffers<B>> apply(const parameters<B>& p, const buffers<B>& b,
                                                 const typename B::tensor& x, const nn::context& c) const {
    buffers<B> after = b;
    auto means = run<B>(p, after, x, c.mode);
    if constexpr (Options.dropout > 0)
      means = nn::dropout{Options.dropout}.template forward<B>(means, {c.mode, c.key.fold("dropout")});
    return {head_.apply_activated<B>(p.template get<stages_ + 2>(), means, 1), std::move(after)};
  }
  /// The features [n, feature_count] in evaluation. Throws shape_error for another number of channels.
  template <backend B>
  [[nodiscard]] typename B::tensor features(const parameters<B>& p, const buffers<B>& b,
                                            const typename B::tensor& x) const {
    buffers<B> same = b;
    return run<B>(p, same, x, nn::mode::evaluate);
  }

  friend constexpr bool operator==(const resnet&, const resnet&) noexcept = default;

 private:
  // Calls f(stage, position, block...) for every block, one from each tree of parameters or buffers.
  template <class F, class... Trees>
  static void for_each_block(F&& f, Trees&... trees) {
    const auto at = [&]<std::size_t Stage, std::size_t Block>() {
      f(Stage, Block, trees.template get<Stage + 2>().template get<Block>()...);
    };
    const auto within = [&]<std::size_t Stage, std::size_t... Block>(std::index_sequence<Block...>) {
      (at.template operator()<Stage, Block>(), ...);
    };
    [&]<std::size_t... Stage>(std::index_sequence<Stage...>) {
      (within.template operator()<Stage>(every_block<Stage>{}), ...);
    }(every_stage{});
  }

  template <backend B>
  static typename B::tensor run(const parameters<B>& p, buffers<B>& b, const typename B::tensor& pictures,
                                nn::mode mode) {
    const shape dims = B::shape_of(pictures);
    if (dims.rank() != 4 || dims[1] != image_channels || dims[2] < 1 || dims[3] < 1)
      throw shape_error(sentence("This residual network takes pictures [n, ", image_channels, ", h, w], got ", dims, "."));
    auto x = nn::conv_norm<B>(stem_, stem_norm_, p.template get<0>(), p.template get<1>(), b.template get<1>(), pictures,
                              mode, 0);
    if constexpr (Options.stem == resnet_stem::halved_twice) x = ops::max_pool<B>(x, {3, 3, 2, 2, 1, 1});
    for_each_block([&](std::size_t stage, std::size_t position, const auto& weights, auto& statistics) {
      x = block<B>(geometry(stage, position), weights, statistics, x, mode);
    }, p, b);
    return ops::global_avg_pool<B>(x);
  }

  template <backend B, class Weights, class Statistics>
  static typename B::tensor block(const detail::block_geometry& g, const Weights& p, Statistics& s,
                                  const typename B::tensor& x, nn::mode mode) {
    const auto inner = nn::conv_norm<B>(g.first(), g.norm(), p.conv1, p.bn1, s.bn1, x, mode, 0);
    const auto body = nn::conv_norm<B>(g.second(), g.norm(), p.conv2, p.bn2, s.bn2, inner, mode, 1);
    auto around = x;
    if constexpr (requires { p.downsample; }) {
      around = nn::conv_norm<B>(g.around(), g.norm(), p.downsample.template get<0>(), p.downsample.template get<1>(),
                                s.downsample.template get<1>(), x, mode, 1);
    } else if (g.changes()) {
      if (g.stride != 1) around = ops::avg_pool<B>(around, {1, 1, g.stride, g.stride, 0, 0});
      const std::int64_t before = (g.outputs - g.inputs) / 2;
      around = ops::pad<B>(around, 1, before, g.outputs - g.inputs - before);
    }
    return ops::relu<B>(ops::add<B>(body, around));
  }
};

/// ResNet-18 with torchvision's parameter names.
template <std::int64_t Classes, std::int64_t ImageChannels = 3>
using resnet18 = resnet<resnet18_options(Classes, ImageChannels)>;

}  // namespace synthmed::models

// The progressive GAN (Karras et al. 2018) as the study's code has it (pytorch_GAN_zoo), and in the original's form.
// A network holds all its stages; a call says how far it has grown.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/models/progressive.hpp>
#include <synthmed/nn/layers.hpp>
#include <synthmed/nn/sequential.hpp>
#include <synthmed/ops/ops.hpp>

namespace synthmed::models {

/// Everything that tells one progressive GAN from another. channels[i] belongs to resolution 4 * 2^i.
template <std::size_t Stages>
struct pgan_options {
  std::array<std::int64_t, Stages> channels{};
  std::int64_t latent = 512;        ///< numbers that a picture is made of
  std::int64_t image_channels = 1;  ///< 1: grey, 3: colour
  double slope = 0.2;               ///< of the leaky ReLUs
  /// Scaling at use: `weight` is the paper's, `output` (bias scaled too) the study's.
  nn::equalized rate = nn::equalized::weight;
  /// Gain of the first linear layer, of the layers to the picture and of the critic's last: the paper has sqrt(2) / 4,
  /// 1 and 1; the study sqrt(2) for all. Every other layer has sqrt(2).
  double first_gain = nn::gain_relu / 4;
  double image_gain = 1;
  double score_gain = 1;
  ops::minibatch_stddev_options stddev{};  ///< the critic's statistic of its batch
  /// Whether the critic fades its block at 8 px in; the study's does not, although its generator does.
  bool critic_fades_at_8 = true;
  /// 3 x 3 convolutions of a stage: 2 (the paper, the study) or 1, the small network of quick studies.
  std::int64_t convolutions = 2;
  /// With one convolution only: the critic's is 4 x 4 with stride 2 and stands in place of convolution and pooling.
  bool critic_strides = false;
  friend constexpr bool operator==(const pgan_options&, const pgan_options&) noexcept = default;
};

/// The options of the published study, for any list of channels.
template <std::size_t Stages>
[[nodiscard]] constexpr pgan_options<Stages> seed_options(const std::array<std::int64_t, Stages>& channels) {
  return {.channels = channels, .rate = nn::equalized::output, .first_gain = nn::gain_relu, .image_gain = nn::gain_relu,
          .score_gain = nn::gain_relu,
          .stddev = {.group = 4, .unbiased = true, .consecutive = true}, .critic_fades_at_8 = false};
}

/// A small network for minutes on a processor: one convolution per stage, the critic's with stride 2.
template <std::size_t Stages>
[[nodiscard]] constexpr pgan_options<Stages> quick_options(const std::array<std::int64_t, Stages>& channels,
                                                           std::int64_t latent = 64) {
  return {.channels = channels, .latent = latent, .convolutions = 1, .critic_strides = true};
}

/// Channels of the published study: 4 to 512 px.
inline constexpr std::array<std::int64_t, 8> full_channels{512, 512, 512, 512, 256, 128, 64, 32};
/// A network for small pictures on a processor: 4 to 64 px.
inline constexpr std::array<std::int64_t, 5> small_channels{128, 128, 128, 64, 32};
/// The quick study's: 4 to 32 px, with quick_options() 182 180 and 243 025 parameters.
inline constexpr std::array<std::int64_t, 4> quick_channels{64, 64, 48, 32};

namespace detail {

template <auto Options>
[[nodiscard]] constexpr nn::conv2d pgan_conv(std::int64_t inputs, std::int64_t outputs, std::int64_t kernel, double gain) {
  return {.inputs = inputs, .outputs = outputs, .kernel = kernel, .pad = kernel / 2, .initial = nn::initial::normal,
          .rate = Options.rate, .gain = gain};
}
/// 4 x 4 with stride 2: half the size.
template <auto Options>
[[nodiscard]] constexpr nn::conv2d pgan_halving(std::int64_t inputs, std::int64_t outputs) {
  return {.inputs = inputs, .outputs = outputs, .kernel = 4, .stride = 2, .pad = 1, .initial = nn::initial::normal,
          .rate = Options.rate, .gain = nn::gain_relu};
}
template <auto Options>
[[nodiscard]] constexpr nn::linear pgan_linear(std::int64_t inputs, std::int64_t outputs, double gain) {
  return {.inputs = inputs, .outputs = outputs, .initial = nn::initial::normal, .rate = Options.rate, .gain = gain};
}

/// "block0", "block1", ..., then "image0", "image1", ...
template <std::size_t Stages>
struct pgan_names {
  static std::string at(std::size_t position) {
    return position < Stages ? "block" + std::to_string(position) : "image" + std::to_string(position - Stages);
  }
};

/// The settings that tell networks of the same tree apart, in words.
template <auto Options>
[[nodiscard]] std::string pgan_identity(const char* name) {
  std::string channels;
  for (const auto c : Options.channels) channels += sentence(channels.empty() ? "" : "-", c);
  const auto& s = Options.stddev;
  return sentence(name, ", channels ", channels, ", latent ", Options.latent, ", image channels ", Options.image_channels,
                  ", slope ", Options.slope, ", rate ", Options.rate == nn::equalized::output ? "output" : Options.rate == nn::equalized::weight ? "weight" : "no",
                  ", gains ", Options.first_gain, " ", Options.image_gain, " ", Options.score_gain, ", stddev ", s.group,
                  s.unbiased ? " unbiased" : " biased", s.consecutive ? " consecutive " : " strided ", s.epsilon,
                  Options.critic_fades_at_8 ? "" : ", no fade at 8 px", ", convolutions ", Options.convolutions,
                  Options.critic_strides ? " with stride" : "");
}

/// What generator and critic share: a tree of one part per Net::block, then one per Net::image, the layer to or from the
/// picture.
template <class Net, std::size_t Stages>
class pgan_network {
  template <class B, class Index>
  struct tree_of;
  template <class B, std::size_t... I>
  struct tree_of<B, std::index_sequence<I...>> {
    using type = nn::parts<typename B::tensor, pgan_names<Stages>, nn::parameters_of<typename Net::template block<I>, B>...,
                           nn::parameters_of<typename Net::template image<I>, B>...>;
  };

 public:
  /// How many stages there are.
  static constexpr std::size_t stages = Stages;
  /// Side of the pictures of a stage.
  [[nodiscard]] static constexpr std::int64_t resolution(std::int64_t stage) { return std::int64_t{4} << stage; }

  template <class B>
  using parameters = typename tree_of<B, std::make_index_sequence<Stages>>::type;

  /// Parameters of all stages from random numbers.
  template <backend B>
  [[nodiscard]] parameters<B> init(synthmed::key k) const {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      using names = pgan_names<Stages>;
      return parameters<B>{{nn::init<B>(typename Net::template block<I>{}, k.fold(names::at(I)))...,
                            nn::init<B>(typename Net::template image<I>{}, k.fold(names::at(Stages + I)))...}};
    }(std::make_index_sequence<Stages>{});
  }

  template <class B, class Layers>
  static typename B::tensor run(const nn::parameters_of<Layers, B>& p, const typename B::tensor& x) {
    return Layers{}.template apply<B>(p, nn::initial_buffers<B>(Layers{}), x, {}).y;
  }

  template <class Tree, class F, std::size_t... I>
  static void each_part(Tree& tree, F&& f, std::index_sequence<I...>) {
    (f(I, tree.template get<I>()), ...);
  }

  /// Calls f(tensor) for those tensors of a tree that a network grown to `at` uses, in a fixed order.
  template <class Tree, class F>
  static void for_each_in_use(Tree& tree, const grown& at, F&& f) {
    check_grown(at, Stages);
    each_part(tree, [&](std::size_t part, auto& tensors) {
      const auto stage = static_cast<std::int64_t>(part < Stages ? part : part - Stages);
      const bool used = part < Stages ? stage <= at.stage
                                      : stage == at.stage || (stage + 1 == at.stage && Net::fades(at));
      if (used) nn::for_each_parameter(tensors, [&](const std::string&, auto& x) { f(x); });
    }, std::make_index_sequence<2 * Stages>{});
  }
};

}  // namespace detail

/// Latent vectors [n, latent] to pictures [n, image_channels, r, r]: pixel-normalised latents, a linear layer to 4 x 4,
/// a convolution; then per stage a nearest-neighbour doubling and two (or one) 3 x 3 convolutions, each with leaky ReLU and
/// pixel norm; a 1 x 1 convolution without activation to the picture.
template <auto Options>
class pgan_generator : public detail::pgan_network<pgan_generator<Options>, Options.channels.size()> {
  static_assert(Options.convolutions == 2 || Options.convolutions == 1,
                "synthmed: a stage of a progressive GAN has 1 or 2 convolutions.");
  using network_ = detail::pgan_network<pgan_generator, Options.channels.size()>;
  friend network_;
  static constexpr std::size_t count_ = Options.channels.size();
  static constexpr std::int64_t channels(std::size_t stage) { return Options.channels[stage]; }

  template <std::size_t Stage>
  struct block_of {
    static constexpr std::int64_t below = std::int64_t{2} << Stage;
    using type = nn::sequential<
        nn::chw{channels(Stage - 1), below, below}, nn::upsample{},
        nn::named<"conv0", detail::pgan_conv<Options>(channels(Stage - 1), channels(Stage), 3, nn::gain_relu)>{},
        nn::leaky_relu{Options.slope}, nn::pixel_norm{},
        nn::named<"conv1", detail::pgan_conv<Options>(channels(Stage), channels(Stage), 3, nn::gain_relu)>{},
        nn::leaky_relu{Options.slope}, nn::pixel_norm{}>;
  };
  template <std::size_t Stage>
    requires(Stage > 0 && Options.convolutions == 1)
  struct block_of<Stage> {
    static constexpr std::int64_t below = std::int64_t{2} << Stage;
    using type = nn::sequential<
        nn::chw{channels(Stage - 1), below, below}, nn::upsample{},
        nn::named<"conv0", detail::pgan_conv<Options>(channels(Stage - 1), channels(Stage), 3, nn::gain_relu)>{},
        nn::leaky_relu{Options.slope}, nn::pixel_norm{}>;
  };
  template <std::size_t Stage>
    requires(Stage == 0)
  struct block_of<Stage> {
    using type = nn::sequential<
        nn::chw{Options.latent}, nn::pixel_norm{},
        nn::named<"format", detail::pgan_linear<Options>(Options.latent, 16 * channels(0), Options.first_gain)>{},
        nn::leaky_relu{Options.slope}, nn::reshape{{channels(0), 4, 4}}, nn::pixel_norm{},
        nn::named<"conv", detail::pgan_conv<Options>(channels(0), channels(0), 3, nn::gain_relu)>{},
        nn::leaky_relu{Options.slope}, nn::pixel_norm{}>;
  };
  template <std::size_t Stage>
  using block = typename block_of<Stage>::type;
  template <std::size_t Stage>
  using image = nn::sequential<
      nn::chw{channels(Stage), std::int64_t{4} << Stage, std::int64_t{4} << Stage},
      nn::named<"conv", detail::pgan_conv<Options>(channels(Stage), Options.image_channels, 1, Options.image_gain)>{}>;

 public:
  static constexpr auto options = Options;
  static constexpr std::int64_t latent = Options.latent;
  static constexpr std::int64_t image_channels = Options.image_channels;
  /// Its settings in words, for checkpoints.
  [[nodiscard]] static std::string identity() { return detail::pgan_identity<Options>("PGAN generator"); }
  /// The layers that a stage adds.
  template <std::size_t Stage>
  using stage = block<Stage>;
  template <class B>
  using parameters = typename network_::template parameters<B>;

  /// Whether the picture of the stage below is mixed in.
  [[nodiscard]] static constexpr bool fades(const grown& at) { return at.stage > 0 && at.fade < 1; }

  /// Pictures of a generator that has grown to `at`. Throws shape_error for latents of another length, argument_error
  /// for a stage that is not there.
  template <backend B>
  [[nodiscard]] typename B::tensor apply(const parameters<B>& p, const typename B::tensor& latents, const grown& at) const {
    check_grown(at, count_);
    typename B::tensor below{}, x = latents, picture{};
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      const auto grow = [&]<std::size_t Stage>() {
        if (static_cast<std::int64_t>(Stage) > at.stage) return;
        below = std::exchange(x, network_::template run<B, block<Stage>>(p.template get<Stage>(), x));
      };
      (grow.template operator()<I>(), ...);
      const auto show = [&]<std::size_t Stage>() {
        if (static_cast<std::int64_t>(Stage) != at.stage) return;
        picture = network_::template run<B, image<Stage>>(p.template get<count_ + Stage>(), x);
        if constexpr (Stage > 0) {
          if (fades(at))
            picture = blended<B>(
                ops::upsample_nearest<B>(network_::template run<B, image<Stage - 1>>(p.template get<count_ + Stage - 1>(), below), 2), picture,
                at.fade);
        }
      };
      (show.template operator()<I>(), ...);
    }(std::make_index_sequence<count_>{});
    return picture;
  }
  /// Pictures of the whole generator.
  template <backend B>
  [[nodiscard]] typename B::tensor apply(const parameters<B>& p, const typename B::tensor& latents) const {
    return apply<B>(p, latents, grown{count_ - 1, 1});
  }
};

/// Pictures [n, image_channels, r, r] to scores [n, 1] without activation: a 1 x 1 convolution from the picture; per
/// stage two (or one) 3 x 3 convolutions with leaky ReLU and a 2 x 2 average, or one 4 x 4 convolution of stride 2; at 4 x 4 the batch's standard deviation as one more
/// channel, a convolution and two linear layers.
template <auto Options>
class pgan_critic : public detail::pgan_network<pgan_critic<Options>, Options.channels.size()> {
  static_assert(Options.convolutions == 2 || Options.convolutions == 1,
                "synthmed: a stage of a progressive GAN has 1 or 2 convolutions.");
  static_assert(Options.convolutions == 1 || !Options.critic_strides,
                "synthmed: a critic with stride 2 has one convolution per stage.");
  using network_ = detail::pgan_network<pgan_critic, Options.channels.size()>;
  friend network_;
  static constexpr std::size_t count_ = Options.channels.size();
  static constexpr std::int64_t channels(std::size_t stage) { return Options.channels[stage]; }

  template <std::size_t Stage>
  struct block_of {
    static constexpr std::int64_t size = std::int64_t{4} << Stage;
    using type = nn::sequential<
        nn::chw{channels(Stage), size, size},
        nn::named<"conv0", detail::pgan_conv<Options>(channels(Stage), channels(Stage), 3, nn::gain_relu)>{},
        nn::leaky_relu{Options.slope},
        nn::named<"conv1", detail::pgan_conv<Options>(channels(Stage), channels(Stage - 1), 3, nn::gain_relu)>{},
        nn::leaky_relu{Options.slope}, nn::avg_pool{}>;
  };
  template <std::size_t Stage>
    requires(Stage > 0 && Options.convolutions == 1 && !Options.critic_strides)
  struct block_of<Stage> {
    static constexpr std::int64_t size = std::int64_t{4} << Stage;
    using type = nn::sequential<
        nn::chw{channels(Stage), size, size},
        nn::named<"conv0", detail::pgan_conv<Options>(channels(Stage), channels(Stage - 1), 3, nn::gain_relu)>{},
        nn::leaky_relu{Options.slope}, nn::avg_pool{}>;
  };
  template <std::size_t Stage>
    requires(Stage > 0 && Options.convolutions == 1 && Options.critic_strides)
  struct block_of<Stage> {
    static constexpr std::int64_t size = std::int64_t{4} << Stage;
    using type = nn::sequential<
        nn::chw{channels(Stage), size, size},
        nn::named<"conv0", detail::pgan_halving<Options>(channels(Stage), channels(Stage - 1))>{},
        nn::leaky_relu{Options.slope}>;
  };
  template <std::size_t Stage>
    requires(Stage == 0)
  struct block_of<Stage> {
    using type = nn::sequential<
        nn::chw{channels(0), 4, 4}, nn::minibatch_stddev{Options.stddev},
        nn::named<"conv", detail::pgan_conv<Options>(channels(0) + 1, channels(0), 3, nn::gain_relu)>{},
        nn::leaky_relu{Options.slope}, nn::flatten{},
        nn::named<"hidden", detail::pgan_linear<Options>(16 * channels(0), channels(0), nn::gain_relu)>{},
        nn::leaky_relu{Options.slope},
        nn::named<"score", detail::pgan_linear<Options>(channels(0), 1, Options.score_gain)>{}>;
  };
  template <std::size_t Stage>
  using block = typename block_of<Stage>::type;
  template <std::size_t Stage>
  using image = nn::sequential<
      nn::chw{Options.image_channels, std::int64_t{4} << Stage, std::int64_t{4} << Stage},
      nn::named<"conv", detail::pgan_conv<Options>(Options.image_channels, channels(Stage), 1, nn::gain_relu)>{},
      nn::leaky_relu{Options.slope}>;

 public:
  static constexpr auto options = Options;
  static constexpr std::int64_t image_channels = Options.image_channels;
  /// Its settings in words, for checkpoints.
  [[nodiscard]] static std::string identity() { return detail::pgan_identity<Options>("PGAN critic"); }
  /// The layers that a stage adds.
  template <std::size_t Stage>
  using stage = block<Stage>;
  template <class B>
  using parameters = typename network_::template parameters<B>;

  /// Whether the picture at half size is mixed in.
  [[nodiscard]] static constexpr bool fades(const grown& at) {
    return at.fade < 1 && (at.stage > 1 || (at.stage == 1 && Options.critic_fades_at_8));
  }

  /// Scores of pictures at the resolution of the stage. Throws shape_error for another size, argument_error for a stage
  /// that is not there.
  template <backend B>
  [[nodiscard]] typename B::tensor apply(const parameters<B>& p, const typename B::tensor& pictures, const grown& at) const {
    check_grown(at, count_);
    typename B::tensor x{};
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      const auto see = [&]<std::size_t Stage>() {
        if (static_cast<std::int64_t>(Stage) == at.stage) x = network_::template run<B, image<Stage>>(p.template get<count_ + Stage>(), pictures);
      };
      (see.template operator()<I>(), ...);
      const auto shrink = [&]<std::size_t Stage>() {
        if (static_cast<std::int64_t>(Stage) > at.stage) return;
        x = network_::template run<B, block<Stage>>(p.template get<Stage>(), x);
        if constexpr (Stage > 0) {
          if (static_cast<std::int64_t>(Stage) == at.stage && fades(at))
            x = blended<B>(network_::template run<B, image<Stage - 1>>(p.template get<count_ + Stage - 1>(), ops::avg_pool<B>(pictures)), x,
                                 at.fade);
        }
      };
      (shrink.template operator()<count_ - 1 - I>(), ...);
    }(std::make_index_sequence<count_>{});
    return x;
  }
  /// Scores of pictures at the highest resolution.
  template <backend B>
  [[nodiscard]] typename B::tensor apply(const parameters<B>& p, const typename B::tensor& pictures) const {
    return apply<B>(p, pictures, grown{count_ - 1, 1});
  }
};

static_assert(explain_progressive<pgan_generator<pgan_options<2>{{4, 4}}>>() &&
              explain_progressive<pgan_critic<pgan_options<2>{{4, 4}}>>());

}  // namespace synthmed::models

// Inception-v3 (Szegedy et al. 2016) with the names of torchvision and pytorch-fid: the network whose features FID
// compares. The network is a table of convolutions that a loop runs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/models/feature_extractor.hpp>
#include <synthmed/nn/conv_norm.hpp>
#include <synthmed/nn/layers.hpp>
#include <synthmed/ops/ops.hpp>

namespace synthmed::models {

/// Where the published Inception networks differ. All have batch norm with epsilon 0.001; one without gamma has ones.
struct inception_options {
  std::int64_t classes = 1008;
  bool pools_count_padding = false;  ///< the averages in the blocks count the padding's zeros: torchvision
  bool last_pool_is_max = true;      ///< the pool of Mixed_7c is a maximum: the FID network
  friend constexpr bool operator==(const inception_options&, const inception_options&) noexcept = default;
};

/// The FID network: TensorFlow's graph of 2015-12-05, as pytorch-fid runs it.
inline constexpr inception_options fid_inception{};
/// torchvision's inception_v3, without its auxiliary classifier.
inline constexpr inception_options torchvision_inception{
    .classes = 1000, .pools_count_padding = true, .last_pool_is_max = false};
/// Keras's InceptionV3.
inline constexpr inception_options keras_inception{.classes = 1000, .last_pool_is_max = false};

namespace detail {

/// What a convolution of a block reads.
enum class inception_source { block_input, pooled, previous, before_previous };

/// The pool of a block: none, an average or maximum of 3 x 3 that keeps the size and feeds a convolution, or the
/// maximum of 3 x 3 with stride 2, which is the block's last branch itself.
enum class inception_pool { none, average, maximum, halving };

struct inception_conv {
  std::size_t block = 0;
  std::string_view branch{};  // empty in the stem
  nn::conv2d_no_bias conv{};
  inception_source source = inception_source::block_input;
  bool joins = true;  // whether it is the end of a branch
};

struct inception_block {
  std::string_view name{};
  inception_pool pool = inception_pool::none;
  std::size_t first = 0, last = 0;  // its convolutions
};

struct inception_table {
  std::array<inception_conv, 94> convs{};
  std::array<inception_block, 18> blocks{};
  std::size_t conv_count = 0, block_count = 0;
  std::int64_t arriving = 3, leaving = 0, last = 0, before_last = 0;  // channels

  constexpr void open(std::string_view name, inception_pool pool) {
    blocks[block_count] = {name, pool, conv_count, conv_count};
    leaving = pool == inception_pool::halving ? arriving : 0;
  }
  constexpr void close() {
    blocks[block_count++].last = conv_count;
    arriving = leaving;
  }
  /// kh x kw with stride 1 keeps the size; a stride of 2, or `valid`, goes without padding.
  constexpr void add(std::string_view branch, inception_source source, std::int64_t outputs, std::int64_t kh,
                     std::int64_t kw, bool joins, std::int64_t stride = 1, bool valid = false) {
    const std::int64_t inputs = source == inception_source::previous          ? last
                                : source == inception_source::before_previous ? before_last
                                                                              : arriving;
    const bool padded = stride == 1 && !valid;
    convs[conv_count++] = {block_count,
                           branch,
                           {.inputs = inputs,
                            .outputs = outputs,
                            .kernel = kh,
                            .stride = stride,
                            .pad = padded ? kh / 2 : 0,
                            .kernel_w = kw,
                            .pad_w = padded ? kw / 2 : 0,
                            .initial = nn::initial::he_normal},
                           source,
                           joins};
    before_last = last;
    last = outputs;
    if (joins) leaving += outputs;
  }
  constexpr void stem(std::string_view name, std::int64_t outputs, std::int64_t kernel, std::int64_t stride,
                      bool valid) {
    open(name, inception_pool::none);
    add("", inception_source::block_input, outputs, kernel, kernel, true, stride, valid);
    close();
  }
  constexpr void max_pool(std::string_view name) {
    open(name, inception_pool::halving);
    close();
  }

  constexpr void block_a(std::string_view name, std::int64_t pool_outputs) {
    using enum inception_source;
    open(name, inception_pool::average);
    add("branch1x1", block_input, 64, 1, 1, true);
    add("branch5x5_1", block_input, 48, 1, 1, false);
    add("branch5x5_2", previous, 64, 5, 5, true);
    add("branch3x3dbl_1", block_input, 64, 1, 1, false);
    add("branch3x3dbl_2", previous, 96, 3, 3, false);
    add("branch3x3dbl_3", previous, 96, 3, 3, true);
    add("branch_pool", pooled, pool_outputs, 1, 1, true);
    close();
  }
  constexpr void block_b(std::string_view name) {
    using enum inception_source;
    open(name, inception_pool::halving);
    add("branch3x3", block_input, 384, 3, 3, true, 2);
    add("branch3x3dbl_1", block_input, 64, 1, 1, false);
    add("branch3x3dbl_2", previous, 96, 3, 3, false);
    add("branch3x3dbl_3", previous, 96, 3, 3, true, 2);
    close();
  }
  constexpr void block_c(std::string_view name, std::int64_t inner) {
    using enum inception_source;
    open(name, inception_pool::average);
    add("branch1x1", block_input, 192, 1, 1, true);
    add("branch7x7_1", block_input, inner, 1, 1, false);
    add("branch7x7_2", previous, inner, 1, 7, false);
    add("branch7x7_3", previous, 192, 7, 1, true);
    add("branch7x7dbl_1", block_input, inner, 1, 1, false);
    add("branch7x7dbl_2", previous, inner, 7, 1, false);
    add("branch7x7dbl_3", previous, inner, 1, 7, false);
    add("branch7x7dbl_4", previous, inner, 7, 1, false);
    add("branch7x7dbl_5", previous, 192, 1, 7, true);
    add("branch_pool", pooled, 192, 1, 1, true);
    close();
  }
  constexpr void block_d(std::string_view name) {
    using enum inception_source;
    open(name, inception_pool::halving);
    add("branch3x3_1", block_input, 192, 1, 1, false);
    add("branch3x3_2", previous, 320, 3, 3, true, 2);
    add("branch7x7x3_1", block_input, 192, 1, 1, false);
    add("branch7x7x3_2", previous, 192, 1, 7, false);
    add("branch7x7x3_3", previous, 192, 7, 1, false);
    add("branch7x7x3_4", previous, 192, 3, 3, true, 2);
    close();
  }
  constexpr void block_e(std::string_view name, inception_pool pool) {
    using enum inception_source;
    open(name, pool);
    add("branch1x1", block_input, 320, 1, 1, true);
    add("branch3x3_1", block_input, 384, 1, 1, false);
    add("branch3x3_2a", previous, 384, 1, 3, true);
    add("branch3x3_2b", before_previous, 384, 3, 1, true);
    add("branch3x3dbl_1", block_input, 448, 1, 1, false);
    add("branch3x3dbl_2", previous, 384, 3, 3, false);
    add("branch3x3dbl_3a", previous, 384, 1, 3, true);
    add("branch3x3dbl_3b", before_previous, 384, 3, 1, true);
    add("branch_pool", pooled, 192, 1, 1, true);
    close();
  }
};

[[nodiscard]] constexpr inception_table make_inception(bool last_pool_is_max) {
  inception_table t;
  t.stem("Conv2d_1a_3x3", 32, 3, 2, true);
  t.stem("Conv2d_2a_3x3", 32, 3, 1, true);
  t.stem("Conv2d_2b_3x3", 64, 3, 1, false);
  t.max_pool("maxpool1");
  t.stem("Conv2d_3b_1x1", 80, 1, 1, true);
  t.stem("Conv2d_4a_3x3", 192, 3, 1, true);
  t.max_pool("maxpool2");
  t.block_a("Mixed_5b", 32);
  t.block_a("Mixed_5c", 64);
  t.block_a("Mixed_5d", 64);
  t.block_b("Mixed_6a");
  t.block_c("Mixed_6b", 128);
  t.block_c("Mixed_6c", 160);
  t.block_c("Mixed_6d", 160);
  t.block_c("Mixed_6e", 192);
  t.block_d("Mixed_7a");
  t.block_e("Mixed_7b", inception_pool::average);
  t.block_e("Mixed_7c", last_pool_is_max ? inception_pool::maximum : inception_pool::average);
  return t;
}
inline constexpr inception_table fid_table = make_inception(true), plain_table = make_inception(false);
static_assert(fid_table.conv_count == 94 && fid_table.block_count == 18 && fid_table.arriving == 2048);

/// "Conv2d_1a_3x3", ..., "Mixed_5b.branch1x1", ...
struct inception_conv_names {
  static std::string at(std::size_t i) {
    const auto& conv = fid_table.convs[i];
    const std::string block(fid_table.blocks[conv.block].name);
    return conv.branch.empty() ? block : block + "." + std::string(conv.branch);
  }
};
struct inception_part_names {
  static std::string at(std::size_t i) { return i == 0 ? "" : "fc"; }
};

template <class Tensor>
struct inception_weights {
  using tensor = Tensor;
  BOOST_HANA_DEFINE_STRUCT(inception_weights, (nn::weight_only<Tensor>, conv), (nn::weight_and_bias<Tensor>, bn));
};
template <class Tensor>
struct inception_statistics {
  using tensor = Tensor;
  BOOST_HANA_DEFINE_STRUCT(inception_statistics, (nn::running_statistics<Tensor>, bn));
};

}  // namespace detail

/// Pictures [n, 3, h, w] of at least 75 x 75 (FID: 299 x 299, prepared by fid_input) to logits [n, classes]; the
/// features are the 2048 channels' means after the last block, pytorch-fid's "pool3". Made for use, not for training:
/// there is no auxiliary classifier and no dropout.
template <inception_options Options = fid_inception>
class inception_v3 {
  static constexpr const detail::inception_table& table_ =
      Options.last_pool_is_max ? detail::fid_table : detail::plain_table;
  static constexpr std::size_t count_ = std::tuple_size_v<decltype(detail::inception_table::convs)>;
  static constexpr nn::linear head_{.inputs = 2048, .outputs = Options.classes};
  static constexpr nn::batch_norm norm(std::int64_t channels) { return {.channels = channels, .epsilon = 1e-3}; }

  template <class T>
  using trained = nn::parts<T, detail::inception_part_names,
                            nn::repeated<T, detail::inception_conv_names, detail::inception_weights<T>, count_>,
                            nn::weight_and_bias<T>>;
  template <class T>
  using running = nn::repeated<T, detail::inception_conv_names, detail::inception_statistics<T>, count_>;

 public:
  static constexpr auto options = Options;
  static constexpr std::int64_t image_channels = 3;
  static constexpr std::int64_t classes = Options.classes;
  static constexpr std::int64_t feature_count = 2048;
  /// The smallest height and width that leave a pixel at the end.
  static constexpr std::int64_t smallest = 75;

  template <class B>
  using parameters = trained<typename B::tensor>;
  template <class B>
  using buffers = running<typename B::tensor>;

  [[nodiscard]] constexpr bool accepts(nn::chw s) const {
    return s.c == image_channels && (s.h >= smallest || s.h == nn::dynamic) && (s.w >= smallest || s.w == nn::dynamic);
  }
  [[nodiscard]] constexpr nn::chw out(nn::chw) const { return {classes, 1, 1}; }

  template <backend B>
  [[nodiscard]] parameters<B> init(synthmed::key k) const {
    parameters<B> p;
    for (std::size_t i = 0; i < count_; ++i) {
      const auto& conv = table_.convs[i].conv;
      auto& own = p.template get<0>().trees[i];
      own.conv = conv.template init<B>(k.fold(detail::inception_conv_names::at(i)));
      own.bn = norm(conv.outputs).template init<B>(k);
    }
    p.template get<1>() = head_.init<B>(k.fold("fc"));
    return p;
  }
  template <backend B>
  [[nodiscard]] buffers<B> initial_buffers() const {
    buffers<B> b;
    for (std::size_t i = 0; i < count_; ++i)
      b.trees[i].bn = norm(table_.convs[i].conv.outputs).template initial_buffers<B>();
    return b;
  }

  /// Logits. Throws shape_error for another number of channels and for pictures below 75 x 75.
  template <backend B>
  [[nodiscard]] nn::applied<B, buffers<B>> apply(const parameters<B>& p, const buffers<B>& b,
                                                 const typename B::tensor& x, const nn::context& c) const {
    buffers<B> after = b;
    const auto means = run<B>(p, after, x, c.mode, [](std::string_view, const typename B::tensor&) {});
    return {head_.apply_activated<B>(p.template get<1>(), means, 1), std::move(after)};
  }
  /// The features [n, 2048] in evaluation. Throws shape_error as apply does.
  template <backend B>
  [[nodiscard]] typename B::tensor features(const parameters<B>& p, const buffers<B>& b,
                                            const typename B::tensor& x) const {
    return features<B>(p, b, x, [](std::string_view, const typename B::tensor&) {});
  }
  /// The same; visit(name, y) is called with every block's result: "Conv2d_1a_3x3", ..., "maxpool1", ..., "Mixed_7c".
  template <backend B, class Visit>
  [[nodiscard]] typename B::tensor features(const parameters<B>& p, const buffers<B>& b, const typename B::tensor& x,
                                            Visit&& visit) const {
    buffers<B> same = b;
    return run<B>(p, same, x, nn::mode::evaluate, visit);
  }

  friend constexpr bool operator==(const inception_v3&, const inception_v3&) noexcept = default;

 private:
  template <backend B, class Visit>
  static typename B::tensor run(const parameters<B>& p, buffers<B>& b, const typename B::tensor& pictures,
                                nn::mode mode, Visit&& visit) {
    const shape dims = B::shape_of(pictures);
    if (dims.rank() != 4 || dims[1] != image_channels || dims[2] < smallest || dims[3] < smallest)
      throw shape_error(sentence("Inception-v3 takes pictures [n, 3, h, w] with h and w of at least ", smallest,
                                 ", got ", dims, "."));
    typename B::tensor x = pictures;
    for (const auto& block : table_.blocks) {
      x = run_block<B>(block, p, b, x, mode);
      visit(block.name, x);
    }
    return ops::global_avg_pool<B>(x);
  }

  template <backend B>
  static typename B::tensor run_block(const detail::inception_block& block, const parameters<B>& p, buffers<B>& b,
                                      const typename B::tensor& x, nn::mode mode) {
    using enum detail::inception_source;
    std::vector<typename B::tensor> results, branches;
    for (std::size_t i = block.first; i < block.last; ++i) {
      const auto& step = table_.convs[i];
      const auto& weights = p.template get<0>().trees[i];
      const auto input = step.source == block_input ? x
                         : step.source == pooled    ? pool<B>(block.pool, x)
                         : step.source == previous  ? results.back()
                                                    : results[results.size() - 2];
      results.push_back(nn::conv_norm<B>(step.conv, norm(step.conv.outputs), weights.conv, weights.bn, b.trees[i].bn,
                                         input, mode, 0));
      if (step.joins) branches.push_back(results.back());
    }
    if (block.pool == detail::inception_pool::halving) branches.push_back(pool<B>(block.pool, x));
    return ops::concat<B>(branches, 1);
  }

  template <backend B>
  static typename B::tensor pool(detail::inception_pool kind, const typename B::tensor& x) {
    constexpr pool2d_params same{3, 3, 1, 1, 1, 1}, halved{3, 3, 2, 2, 0, 0};
    if (kind == detail::inception_pool::halving) return ops::max_pool<B>(x, halved);
    if (kind == detail::inception_pool::maximum) return ops::max_pool<B>(x, same);
    return Options.pools_count_padding ? ops::avg_pool<B>(x, same) : ops::avg_pool_inside<B>(x, same);
  }
};

}  // namespace synthmed::models

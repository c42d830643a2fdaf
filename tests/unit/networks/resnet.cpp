#include <support/catch.hpp>

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>
#include <synthmed/models/resnet.hpp>
#include <synthmed/models/weights.hpp>
#include <synthmed/testing/feature_extractor_laws.hpp>
#include <synthmed/testing/layer_laws.hpp>

using namespace synthmed;
using D = autodiff<reference_backend<double>>;
using synthmed_test::contains;
using synthmed_test::message_of;

namespace {

constexpr models::resnet_options<2> options{.blocks = {1, 2}, .widths = {3, 4}, .classes = 3, .image_channels = 3};
using net = models::resnet<options>;
using other_classes = models::resnet<models::resnet_options<2>{.blocks = {1, 2}, .widths = {3, 4}, .classes = 5, .image_channels = 3}>;
using grey = models::resnet<models::resnet_options<2>{.blocks = {1, 2}, .widths = {3, 4}, .classes = 3, .image_channels = 1}>;

/// A network whose numbers are all different, and its file.
struct trained {
  net::parameters<D> p = net{}.init<D>(key(1));
  net::buffers<D> b;
  trained() {
    b = nn::apply<D>(net{}, p, net{}.initial_buffers<D>(), ops::normal<D>(key(2), {3, 3, 20, 20}), {.mode = nn::mode::train}).buffers;
  }
  safetensors_writer writer() const {
    safetensors_writer file;
    models::add_weights<D>(file, p, b);
    return file;
  }
  safetensors file() const { return safetensors::parse(writer().bytes(), "mine.safetensors"); }
};

template <class Net>
auto loaded(const safetensors& file, const models::weights_options& how = {}) {
  auto p = Net{}.template init<D>(key(9));
  auto b = Net{}.template initial_buffers<D>();
  models::load_weights<D>(file, p, b, how);
  return std::pair(p, b);
}

D::tensor picture(std::int64_t channels) { return ops::normal<D>(key(5), {1, channels, 21, 17}); }

}  // namespace

TEST_CASE("ResNet-18 has torchvision's names and number of parameters") {
  using B = reference_backend<float>;
  const auto p = models::resnet18<1000>{}.init<B>(key(1));
  CHECK(nn::count<B>(p) == 11689512);
  const auto names = nn::names(p), running = nn::names(models::resnet18<1000>{}.initial_buffers<B>());
  CHECK(names.size() == 62);
  CHECK(running.size() == 40);
  for (const char* name : {"conv1.weight", "bn1.bias", "layer1.1.conv2.weight", "layer2.0.downsample.0.weight",
                           "layer4.0.downsample.1.bias", "fc.weight"})
    CHECK(std::count(names.begin(), names.end(), name) == 1);
  for (const char* name : {"bn1.running_mean", "layer4.0.downsample.1.running_var"})
    CHECK(std::count(running.begin(), running.end(), name) == 1);
  // 0.27 and 0.85 million, as the paper's table 6 has them.
  CHECK(nn::count<B>(models::resnet<models::small_resnet_options(3, 10)>{}.init<B>(key(1))) == 269722);
  CHECK(nn::count<B>(models::resnet<models::small_resnet_options(9, 10)>{}.init<B>(key(1))) == 853018);
}

TEST_CASE("a residual network is a layer and a feature extractor") {
  for (const auto& sentence : testing::broken_layer_laws<D>(net{}, {3, 9, 8}, 2)) FAIL_CHECK(sentence);
  for (const auto& sentence : testing::broken_feature_extractor_laws<D>(net{}, 18, 17)) FAIL_CHECK(sentence);
  const auto of_grey = [] { (void)nn::evaluate<D>(net{}, net{}.init<D>(key(1)), net{}.initial_buffers<D>(), picture(1)); };
  CHECK(contains(message_of<shape_error>(of_grey), "[n, 3, h, w]"));
}

TEST_CASE("in evaluation the folded batch norm is the batch norm") {
  const trained here;
  const nn::conv2d_no_bias conv{.inputs = 3, .outputs = 4, .kernel = 3, .stride = 2, .pad = 1};
  const nn::batch_norm norm{.channels = 4};
  const auto kernel = conv.init<D>(key(3));
  const nn::weight_and_bias<D::tensor> affine{ops::normal<D>(key(4), {4}), ops::normal<D>(key(6), {4})};
  nn::running_statistics<D::tensor> statistics{ops::normal<D>(key(7), {4}), ops::uniform<D>(key(8), {4}, 0.5, 2)};
  const auto folded = ops::to_host<D>(nn::conv_norm<D>(conv, norm, kernel, affine, statistics, picture(3), nn::mode::evaluate, 0.1));
  const auto apart = ops::to_host<D>(ops::leaky_relu<D>(
      norm.apply<D>(affine, statistics, conv.apply<D>(kernel, {}, picture(3), {}).y, {}).y, 0.1));
  REQUIRE(folded.size() == apart.size());
  for (std::size_t i = 0; i < apart.size(); ++i) REQUIRE(folded[i] == Approx(apart[i]).margin(1e-12));
}

TEST_CASE("weights come back from their file, counters of batch norms aside") {
  const trained here;
  auto writer = here.writer();
  writer.add<std::int64_t>("bn1.num_batches_tracked", {}, std::vector<std::int64_t>{7});
  const auto [p, b] = loaded<net>(safetensors::parse(writer.bytes(), "mine.safetensors"));
  CHECK(ops::to_host<D>(nn::evaluate<D>(net{}, p, b, picture(3))) == ops::to_host<D>(nn::evaluate<D>(net{}, here.p, here.b, picture(3))));
  nn::for_each_parameter(p, [](const std::string&, const auto& x) { REQUIRE(D::requires_grad(x)); });
  nn::for_each_parameter(b, [](const std::string&, const auto& x) { REQUIRE_FALSE(D::requires_grad(x)); });
}

TEST_CASE("all that does not fit is listed at once, and nothing is changed") {
  const trained here;
  safetensors_writer file;
  const auto copy = [&](const std::string& name, const D::tensor& x) {
    if (name == "bn1.bias") return;
    const auto values = ops::to_host<D>(x);
    if (name == "layer1.0.conv1.weight")
      file.add<double>(name, {static_cast<std::int64_t>(values.size())}, values);
    else
      file.add<double>(name == "bn1.running_var" ? "bn1.variance" : name, D::shape_of(x), values);
  };
  nn::for_each_parameter(here.p, copy);
  nn::for_each_parameter(here.b, copy);
  auto p = net{}.init<D>(key(9));
  auto b = net{}.initial_buffers<D>();
  const auto before = ops::to_host<D>(p.get<0>().weight);
  const auto bad = safetensors::parse(file.bytes(), "bad.safetensors");
  const auto message = message_of<format_error>([&] { models::load_weights<D>(bad, p, b); });
  CHECK(contains(message, "bad.safetensors does not hold this network's weights"));
  CHECK(contains(message, "\"bn1.bias\" [3] is missing"));
  CHECK(contains(message, "\"layer1.0.conv1.weight\" is F64 [81], expected [3, 3, 3, 3]"));
  CHECK(contains(message, "\"bn1.running_var\" [3] is missing"));
  CHECK(contains(message, "\"bn1.variance\" [3] has no place in the network"));
  CHECK(ops::to_host<D>(p.get<0>().weight) == before);
}

TEST_CASE("other classes, other prefixes and grey pictures are asked for by name") {
  const trained here;
  CHECK(contains(message_of<format_error>([&] { (void)loaded<other_classes>(here.file()); }),
                 "\"fc.weight\" is F64 [3, 4], expected [5, 4]"));
  const auto [p, b] = loaded<other_classes>(here.file(), {.kept = {"fc."}});
  CHECK(ops::to_host<D>(other_classes{}.features<D>(p, b, picture(3))) == ops::to_host<D>(net{}.features<D>(here.p, here.b, picture(3))));
  CHECK(ops::to_host<D>(p.get<4>().weight) == ops::to_host<D>(other_classes{}.init<D>(key(9)).get<4>().weight));

  safetensors_writer wrapped;
  const auto add = [&](const std::string& name, const D::tensor& x) {
    wrapped.add<double>("module." + name, D::shape_of(x), ops::to_host<D>(x));
  };
  nn::for_each_parameter(here.p, add);
  nn::for_each_parameter(here.b, add);
  const auto prefixed = safetensors::parse(wrapped.bytes(), "wrapped");
  CHECK_THROWS_AS(loaded<net>(prefixed), format_error);
  CHECK(ops::to_host<D>(loaded<net>(prefixed, {.renamed = {{"module.", ""}}}).first.get<0>().weight) ==
        ops::to_host<D>(here.p.get<0>().weight));

  // A grey picture in every channel, and the same picture through summed kernels.
  CHECK_THROWS_AS(loaded<grey>(here.file()), format_error);
  const auto [q, c] = loaded<grey>(here.file(), {.summed = {"conv1.weight"}});
  const auto x = picture(1);
  const auto expected = ops::to_host<D>(nn::evaluate<D>(net{}, here.p, here.b, ops::concat<D>({x, x, x}, 1)));
  const auto got = ops::to_host<D>(nn::evaluate<D>(grey{}, q, c, x));
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(got[i] == Approx(expected[i]).margin(1e-12));
  CHECK_THROWS_AS(loaded<net>(here.file(), {.summed = {"conv9.weight"}}), argument_error);
}

TEST_CASE("average pools that leave the padding out: means of what is inside") {
  const auto x = ops::normal<D>(key(1), {1, 2, 5, 4});
  const pool2d_params window{3, 3, 1, 1, 1, 1}, strided{3, 2, 2, 2, 1, 1};
  for (const auto& params : {window, strided}) {
    const auto y = ops::avg_pool_inside<D>(x, params);
    const auto values = ops::to_host<D>(x), got = ops::to_host<D>(y);
    const shape out = D::shape_of(y);
    std::size_t at = 0;
    for (std::int64_t c = 0; c < 2; ++c)
      for (std::int64_t i = 0; i < out[2]; ++i)
        for (std::int64_t j = 0; j < out[3]; ++j) {
          double sum = 0, count = 0;
          for (std::int64_t r = i * params.stride_h - 1; r < i * params.stride_h - 1 + params.kernel_h; ++r)
            for (std::int64_t s = j * params.stride_w - 1; s < j * params.stride_w - 1 + params.kernel_w; ++s)
              if (r >= 0 && r < 5 && s >= 0 && s < 4) {
                sum += values[static_cast<std::size_t>((c * 5 + r) * 4 + s)];
                ++count;
              }
          REQUIRE(got[at++] == Approx(sum / count).margin(1e-12));
        }
  }
  const pool2d_params none{2, 2, 1, 1, 0, 0};
  CHECK(ops::to_host<D>(ops::avg_pool_inside<D>(x, none)) == ops::to_host<D>(ops::avg_pool<D>(x, none)));
}

// Weights that others trained, in our templates: their features and logits, picture by picture.
#include <support/catch.hpp>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <synthmed/backends/xtensor.hpp>
#include <synthmed/imaging/read.hpp>
#include <synthmed/io/csv.hpp>
#include <synthmed/models/inception_v3.hpp>
#include <synthmed/models/resnet.hpp>
#include <synthmed/models/weights.hpp>

using namespace synthmed;
using B = xtensor_backend<float>;

namespace {

/// A folder of the real data; empty, after a line that says so, where there is none.
std::filesystem::path real_data(const char* folder) {
  const char* const root = std::getenv("SYNTHMED_TEST_DATA");
  if (root == nullptr) std::puts("skipped: SYNTHMED_TEST_DATA is not set");
  return root == nullptr ? std::filesystem::path() : std::filesystem::path(root) / folder;
}

nlohmann::json json_of(const std::filesystem::path& path) { return nlohmann::json::parse(read_file(path)); }

/// The tensors of a Keras model whose numbers are kept as bytes, under our names: layer i of each kind is step i of
/// ours.
struct keras_model {
  nlohmann::json weights;
  std::string bytes;
  std::map<std::string, std::size_t> place;  // name: index in weights
  std::vector<std::size_t> offset;

  explicit keras_model(const std::filesystem::path& folder)
      : weights(json_of(folder / "model.json")["weightsManifest"][0]["weights"]),
        bytes(read_file(folder / "weights_uint8.bin")) {
    std::size_t at = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      place[weights[i]["name"].get<std::string>()] = i;
      offset.push_back(at);
      at += static_cast<std::size_t>(dims(weights[i]["name"]).elements());
    }
    REQUIRE(at == bytes.size());
  }
  shape dims(const std::string& name) const {
    const auto extents = weights[place.at(name)]["shape"].get<std::vector<std::int64_t>>();
    return shape(std::span<const std::int64_t>(extents));
  }
  std::vector<float> values(const std::string& name) const {
    const auto& quantization = weights[place.at(name)]["quantization"];
    const double scale = quantization["scale"], least = quantization["min"];
    std::vector<float> out;
    for (std::int64_t i = 0; i < dims(name).elements(); ++i)
      out.push_back(static_cast<float>(
          static_cast<unsigned char>(bytes[offset[place.at(name)] + static_cast<std::size_t>(i)]) * scale + least));
    return out;
  }
  safetensors as_inception() const {
    safetensors_writer file;
    for (std::size_t i = 0; i < 94; ++i) {
      const std::string ours = models::detail::inception_conv_names::at(i), number = std::to_string(i + 1);
      const shape k = dims("conv2d_" + number + "/kernel");  // [kh, kw, in, out]
      const auto kernel = values("conv2d_" + number + "/kernel");
      std::vector<float> turned(kernel.size());
      std::size_t to = 0;
      for (std::int64_t o = 0; o < k[3]; ++o)
        for (std::int64_t c = 0; c < k[2]; ++c)
          for (std::int64_t at = 0; at < k[0] * k[1]; ++at)
            turned[to++] = kernel[static_cast<std::size_t>((at * k[2] + c) * k[3] + o)];
      file.add<float>(ours + ".conv.weight", {k[3], k[2], k[0], k[1]}, turned);
      const std::string norm = "batch_normalization_" + number;
      file.add<float>(ours + ".bn.weight", {k[3]}, std::vector<float>(static_cast<std::size_t>(k[3]), 1.0f));
      file.add<float>(ours + ".bn.bias", {k[3]}, values(norm + "/beta"));
      file.add<float>(ours + ".bn.running_mean", {k[3]}, values(norm + "/moving_mean"));
      file.add<float>(ours + ".bn.running_var", {k[3]}, values(norm + "/moving_variance"));
    }
    return safetensors::parse(file.bytes(), "nsfwjs");
  }
  /// activation(x kernel + bias) in double
  std::vector<double> dense(const std::string& name, const std::vector<double>& x) const {
    const auto kernel = values(name + "/kernel"), bias = values(name + "/bias");
    std::vector<double> out(bias.begin(), bias.end());
    for (std::size_t i = 0; i < x.size(); ++i)
      for (std::size_t o = 0; o < out.size(); ++o) out[o] += x[i] * static_cast<double>(kernel[i * out.size() + o]);
    return out;
  }
};

/// The largest |ours - theirs| / max(1, |theirs|).
double apart(const std::vector<double>& ours, const std::vector<double>& theirs) {
  REQUIRE(ours.size() == theirs.size());
  double worst = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    REQUIRE(std::isfinite(ours[i]));
    worst = std::max(worst, std::abs(ours[i] - theirs[i]) / std::max(1.0, std::abs(theirs[i])));
  }
  return worst;
}

}  // namespace

TEST_CASE("a published Inception-v3 gives its features at eight layers, and its probabilities") {
  const auto folder = real_data("inception_v3_nsfwjs");
  if (folder.empty()) return;
  using net = models::inception_v3<models::keras_inception>;
  const keras_model theirs(folder);
  auto p = net{}.init<B>(key(1));
  auto b = net{}.initial_buffers<B>();
  models::load_weights<B>(theirs.as_inception(), p, b, {.kept = {"fc."}});
  const auto expected = json_of(folder / "tfjs_features.json");
  const std::map<std::string, std::string> layer{{"maxpool1", "max_pooling2d_1"}, {"maxpool2", "max_pooling2d_2"},
                                                 {"Mixed_5b", "mixed0"},          {"Mixed_6a", "mixed3"},
                                                 {"Mixed_6c", "mixed5"},          {"Mixed_6e", "mixed7"},
                                                 {"Mixed_7a", "mixed8"},          {"Mixed_7c", "mixed10"}};
  for (const std::string name : {"n1", "pp1", "p2"}) {
    const picture image = read_picture(folder / (name + "_299.png"));
    REQUIRE(image.channels() == 3);
    std::vector<float> input;
    for (std::size_t channel = 0; channel < 3; ++channel)
      for (std::size_t i = channel; i < image.pixels().size(); i += 3)
        input.push_back(static_cast<float>(image.pixels()[i]) / 255.0f);
    std::size_t seen = 0;
    double worst = 0;
    const auto features = ops::to_host<B>(
        net{}.features<B>(p, b, B::from_host({1, 3, 299, 299}, input), [&](std::string_view block, const B::tensor& y) {
          const auto at = layer.find(std::string(block));
          if (at == layer.end()) return;
          ++seen;
          const auto means = ops::to_host<B>(ops::global_avg_pool<B>(y));
          worst = std::max(
              worst, apart({means.begin(), means.end()}, expected[name][at->second]["gap"].get<std::vector<double>>()));
        }));
    CHECK(seen == 8);
    const std::vector<double> pooled(features.begin(), features.end());
    worst = std::max(worst, apart(pooled, expected[name]["flatten_1"]["gap"].get<std::vector<double>>()));
    auto x = pooled;
    for (const std::string dense : {"dense_1", "dense_2", "dense_3"}) {
      x = theirs.dense(dense, x);
      for (double& value : x) value = dense == "dense_3" ? std::exp(value) : std::max(0.0, value);
    }
    double sum = 0;
    for (const double value : x) sum += value;
    for (double& value : x) value /= sum;
    worst = std::max(worst, apart(x, expected[name]["dense_3"]["gap"].get<std::vector<double>>()));
    INFO(name << " differs by " << worst);
    CHECK(worst < 1e-4);
  }
}

namespace {

template <std::int64_t Blocks>
void check_logits(const std::filesystem::path& folder, const std::string& stem) {
  safetensors_writer file;
  const std::string bytes = read_file(folder / (stem + "_f32.bin"));
  const auto manifest = json_of(folder / (stem + "_f32.json"));
  for (const auto& tensor : manifest["tensors"]) {
    const auto extents = tensor["shape"].get<std::vector<std::int64_t>>();
    std::vector<float> values(tensor["count"].get<std::size_t>());
    std::memcpy(values.data(), bytes.data() + tensor["offset"].get<std::size_t>(), values.size() * sizeof(float));
    file.add<float>(tensor["name"], shape(std::span<const std::int64_t>(extents)), values);
  }
  using net = models::resnet<models::small_resnet_options(Blocks, 10)>;
  auto p = net{}.template init<B>(key(1));
  auto b = net{}.template initial_buffers<B>();
  models::load_weights<B>(safetensors::parse(file.bytes(), stem), p, b, {.renamed = {{"linear.", "fc."}}});

  const std::string pictures = read_file(folder / "cifar_test100_u8_NCHW.bin");
  constexpr std::array<float, 3> mean{0.485f, 0.456f, 0.406f}, sd{0.229f, 0.224f, 0.225f};
  std::vector<float> input;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const std::size_t channel = i / 1024 % 3;
    input.push_back((static_cast<float>(static_cast<unsigned char>(pictures[i])) / 255.0f - mean[channel]) /
                    sd[channel]);
  }
  const auto logits = ops::to_host<B>(nn::evaluate<B>(net{}, p, b, B::from_host({100, 3, 32, 32}, input)));
  const auto table = read_csv(folder / (stem + "_logits100.csv"));
  REQUIRE(table.rows() == 100);
  double worst = 0;
  for (std::size_t r = 0; r < 100; ++r)
    for (std::size_t c = 0; c < 10; ++c)
      worst = std::max(worst, std::abs(static_cast<double>(logits[r * 10 + c]) - table.number(r, c + 1)));
  INFO(stem << " differs by " << worst);
  CHECK(worst < 1e-4);
}

}  // namespace

TEST_CASE("published ResNet-20 and ResNet-56 give their logits of 100 pictures") {
  const auto folder = real_data("resnet_cifar10");
  if (folder.empty()) return;
  check_logits<3>(folder, "resnet20-12fca82f");
  check_logits<9>(folder, "resnet56-4bfd9763");
}

// Writes what PyTorch is to find as well: the small residual classifier (without dropout), five steps of its trainer
// with AdamW, label smoothing and a falling rate, in double.
#include <filesystem>
#include <string>
#include <vector>

#include <oracle/record.hpp>
#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>
#include <synthmed/models/small_resnet.hpp>
#include <synthmed/train/classifier_trainer.hpp>
#include <synthmed/train/learning_rate.hpp>

int main(int, char** argv) {
  using namespace synthmed;
  using D = autodiff<reference_backend<double>>;
  constexpr auto options = [] {
    auto o = models::small_classifier_options(3);
    o.dropout = 0;
    return o;
  }();
  using network = models::resnet<options>;

  std::vector<batch> batches(5);
  for (std::uint64_t i = 0; i < batches.size(); ++i) {
    auto& b = batches[i];
    b.extents = {6, 1, 16, 16};
    b.pixels.resize(6 * 256);
    fill_normal(key(3).fold(i), std::span(b.pixels));
    for (int j = 0; j < 6; ++j) b.labels.push_back((j + static_cast<int>(i)) % 3);
  }
  train::classifier_trainer<D, network, train::cosine_rate> trainer(
      key(1), train::cosine_rate({.peak = 2e-3, .steps = 5}), {.adam = {.weight_decay = 0.05}, .label_smoothing = 0.1});

  safetensors_writer file;
  const auto record = [&](const std::string& name, const D::tensor& x) { synthmed_oracle::record<D>(file, name, x); };
  const auto logits = [&] {
    const std::vector<double> values(batches[0].pixels.begin(), batches[0].pixels.end());
    return nn::evaluate<D>(network{}, trainer.weights(), trainer.running(), D::from_host(batches[0].extents, values));
  };
  synthmed_oracle::record_tree<D>(file, "before", trainer.weights());
  record("logits_before", logits());
  std::vector<double> losses;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    file.add<float>("pixels" + std::to_string(i), batches[i].extents, batches[i].pixels);
    const std::vector<std::int64_t> labels(batches[i].labels.begin(), batches[i].labels.end());
    file.add<std::int64_t>("labels" + std::to_string(i), {6}, labels);
    losses.push_back(trainer.step(batches[i]).loss);
  }
  file.add<double>("losses", {5}, losses);
  synthmed_oracle::record_tree<D>(file, "after", trainer.weights());
  synthmed_oracle::record_tree<D>(file, "statistics", trainer.running());
  record("logits_after", logits());
  file.write(std::filesystem::path(argv[1]) / "classifier.safetensors");
}

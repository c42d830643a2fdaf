// Writes what PyTorch is to find as well: residual networks in evaluation, three steps of training with running
// statistics, gradients of every parameter. ResNet-18 in float with Winograd on and off, narrow networks in double.
#include <filesystem>
#include <string>

#include <oracle/record.hpp>
#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>
#include <synthmed/backends/xtensor.hpp>
#include <synthmed/models/resnet.hpp>

namespace {

using namespace synthmed;

/// Three steps p -= 1e-4 gradient of sum(logits * direction), then logits and features in evaluation.
template <class Net, class D>
void write(const std::filesystem::path& path, std::int64_t n, std::int64_t size) {
  safetensors_writer file;
  const auto record = [&](const std::string& name, const auto& x) { synthmed_oracle::record<D>(file, name, x); };
  const Net net;
  auto p = net.template init<D>(key(1));
  auto b = net.template initial_buffers<D>();
  // Gammas, betas and statistics that are not ones and zeros.
  std::uint64_t i = 0;
  nn::for_each_parameter(p, [&](const std::string& name, auto& x) {
    if (D::shape_of(x).rank() == 1 && !name.starts_with("fc"))
      x = D::parameter(ops::add<D>(x, ops::mul_scalar<D>(ops::normal<D>(key(7).fold(i++), D::shape_of(x)), 0.1)));
  });
  nn::for_each_parameter(b, [&](const std::string&, auto& x) {
    x = D::detach(ops::add<D>(x, ops::uniform<D>(key(8).fold(i++), D::shape_of(x), -0.2, 0.2)));
  });
  synthmed_oracle::record_tree<D>(file, "weights", p);
  synthmed_oracle::record_tree<D>(file, "weights", b);

  const auto pictures = [&](std::uint64_t step) {
    return ops::normal<D>(key(2).fold(step), {n, Net::image_channels, size, size});
  };
  const auto direction = ops::normal<D>(key(3), {n, Net::classes});
  record("direction", direction);
  record("before.logits", nn::evaluate<D>(net, p, b, pictures(0)));
  record("before.features", net.template features<D>(p, b, pictures(0)));
  for (std::uint64_t step = 0; step < 3; ++step) {
    const std::string name = "step" + std::to_string(step);
    const auto x = D::parameter(pictures(step));
    record(name + ".x", x);
    auto result = nn::apply<D>(net, p, b, x, {.mode = nn::mode::train, .key = key(4)});
    record(name + ".logits", result.y);
    auto wrt = nn::tensors(p);
    wrt.push_back(x);
    auto gradients = D::grad(ops::sum<D>(ops::mul<D>(result.y, direction)), wrt, {});
    if (step == 0) record("x_gradient", gradients.back());
    gradients.pop_back();
    auto moved = p;
    nn::assign(moved, gradients);
    if (step == 0) synthmed_oracle::record_tree<D>(file, "gradients", moved);
    nn::zip(
        [](const std::string&, auto& weight, const auto& gradient) {
          weight = D::parameter(D::detach(ops::sub<D>(weight, ops::mul_scalar<D>(gradient, 1e-4))));
        },
        p, moved);
    b = std::move(result.buffers);
    synthmed_oracle::record_tree<D>(file, name + ".statistics", b);
  }
  record("after.logits", nn::evaluate<D>(net, p, b, pictures(0)));
  file.write(path);
}

}  // namespace

int main(int, char** argv) {
  using F = autodiff<xtensor_backend<float>>;
  using R = autodiff<reference_backend<double>>;
  const std::filesystem::path out = argv[1];
  write<models::resnet18<3>, F>(out / "resnet18_winograd.safetensors", 8, 64);
#if SYNTHMED_XTENSOR_ONEDNN
  xtensor_backend<float>::engine::set_winograd(false);
  write<models::resnet18<3>, F>(out / "resnet18_direct.safetensors", 8, 64);
#endif
  write<models::resnet<models::resnet_options<4>{.blocks = {2, 2, 2, 2}, .widths = {6, 8, 10, 12}, .classes = 3}>, R>(
      out / "narrow_double.safetensors", 5, 33);
  write<models::resnet<models::resnet_options<3>{.blocks = {1, 2, 1},
                                                 .widths = {4, 8, 12},
                                                 .classes = 4,
                                                 .image_channels = 1,
                                                 .stem = models::resnet_stem::full_size,
                                                 .shortcut = models::resnet_shortcut::padded}>,
        R>(out / "small_double.safetensors", 5, 13);
}

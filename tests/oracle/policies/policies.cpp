// Losses and differentiable augmentation on the reference backend in double: what they draw, results and gradients.
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include <oracle/record.hpp>
#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>
#include <synthmed/train/diff_augment.hpp>
#include <synthmed/train/nonsaturating_r1.hpp>
#include <synthmed/train/wgan_gp.hpp>

namespace {

using namespace synthmed;
using D = autodiff<reference_backend<double>>;
using synthmed_oracle::record;

// score(x) = v tanh(w x), curved in pictures and weights.
D::tensor critic(const std::vector<D::tensor>& weights, const D::tensor& x) {
  return D::matmul(D::tanh(D::matmul(ops::flatten<D>(x), weights[0], false, true)), weights[1], false, true);
}

void write_changes(safetensors_writer& file, const std::string& name, const std::vector<train::picture_change>& how) {
  std::vector<double> rows;
  for (const auto& c : how)
    for (const double value :
         {c.flip_x ? 1.0 : 0.0, c.flip_y ? 1.0 : 0.0, c.zoom, c.degrees, static_cast<double>(c.dx),
          static_cast<double>(c.dy), c.intensity, c.contrast, c.brightness, static_cast<double>(c.cut_top),
          static_cast<double>(c.cut_left), static_cast<double>(c.cut_side)})
      rows.push_back(value);
  file.add<double>(name, {static_cast<std::int64_t>(how.size()), 12}, rows);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "This program needs one argument, a folder to write into.\n";
    return 2;
  }
  safetensors_writer file;
  const shape dims{6, 2, 12, 10};
  const auto pictures = [&](const char* name) {
    return ops::mul_scalar<D>(ops::normal<D>(key(1).fold(name), dims), 0.5);
  };
  const std::vector<D::tensor> weights{
      D::parameter(ops::mul_scalar<D>(ops::normal<D>(key(2), {8, dims.elements() / dims[0]}), 0.1)),
      D::parameter(ops::normal<D>(key(3), {1, 8}))};
  record<D>(file, "weights0", weights[0]);
  record<D>(file, "weights1", weights[1]);

  auto list = train::diff_augment::vessel_maps();
  auto all = list;
  all.probability = 0.8;
  all.opt_in = {.zoom = 0.25, .contrast = 0.4, .brightness = 0.3};
  for (const auto& [name, augment] :
       {std::pair{std::string("vessel_maps"), list}, std::pair{std::string("everything"), all}}) {
    const auto x = D::parameter(pictures("augmented"));
    const auto y = augment.apply<D>(x, key(4));
    const auto direction = ops::normal<D>(key(5), dims);
    const std::vector<D::tensor> wrt{x};
    // grad of sum(direction y^2), and grad of half its squared norm.
    const auto first =
        D::grad(ops::sum<D>(D::mul(direction, ops::square<D>(y))), wrt, grad_options{.create_graph = true})[0];
    const auto second = D::grad(ops::mul_scalar<D>(ops::sum<D>(ops::square<D>(first)), 0.5), wrt, grad_options{})[0];
    write_changes(file, name + ".changes", augment.changes(key(4), dims[0], dims[2], dims[3]));
    record<D>(file, name + ".x", x);
    record<D>(file, name + ".direction", direction);
    record<D>(file, name + ".y", y);
    record<D>(file, name + ".first", first);
    record<D>(file, name + ".second", second);
  }

  const auto real = pictures("real"), fake = pictures("fake");
  record<D>(file, "real", real);
  record<D>(file, "fake", fake);
  const auto write_loss = [&](const std::string& name, const D::tensor& loss) {
    record<D>(file, name + ".loss", loss);
    const auto gradients = D::grad(loss, weights, grad_options{});
    record<D>(file, name + ".gradient0", gradients[0]);
    record<D>(file, name + ".gradient1", gradients[1]);
  };
  const auto score = [&](const D::tensor& x) { return critic(weights, x); };
  const train::nonsaturating_r1 r1{.gamma = 3, .every = 4};
  write_loss("r1", r1.discriminator<D>(score, real, fake, {.step = 8}).loss);
  write_loss("r1_between", r1.discriminator<D>(score, real, fake, {.step = 9}).loss);
  write_loss("nonsaturating_generator", r1.generator<D>(score, fake, {}));
  // WGAN-GP's penalty through the augmentation: the slope by the pictures before they are changed.
  const auto mix = ops::uniform<D>(key(6), {dims[0], 1, 1, 1});
  record<D>(file, "mix", mix);
  write_changes(file, "penalty.changes", all.changes(key(7), dims[0], dims[2], dims[3]));
  write_loss("penalty", train::gradient_penalty<D>([&](const D::tensor& x) { return score(all.apply<D>(x, key(7))); },
                                                   real, fake, mix, 10));
  file.write(std::filesystem::path(argv[1]) / "policies.safetensors");
} catch (const std::exception& problem) {
  std::cerr << problem.what() << '\n';
  return 1;
}

// Writes U-Nets, their results and gradients into the folder argv[1]: double on the reference backend,
// float on xtensor with Winograd's transform and without.
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>

#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/backends/reference.hpp>
#include <synthmed/backends/xtensor.hpp>
#include <synthmed/models/vessel_unet.hpp>
#include <synthmed/ops/ops.hpp>
#include <synthmed/train/segmentation_loss.hpp>

#include "oracle/pgan/winograd.hpp"
#include "oracle/record.hpp"

namespace {

using namespace synthmed;

/// Our form and retina-unet's, narrow; 16 and 32 channels are blocked on xtensor and go through Winograd's transform.
constexpr models::vessel_unet_options<3> norm_small{.channels = {3, 4, 5}}, norm_blocked{.channels = {16, 32, 32}};
constexpr models::vessel_unet_options<3> retina_small{
    .channels = {3, 4, 5}, .batch_norm = false, .enlarged_first = true, .rectified_logits = true};
constexpr models::vessel_unet_options<3> retina_blocked{
    .channels = {16, 32, 32}, .batch_norm = false, .enlarged_first = true, .rectified_logits = true};

/// Loss (cross-entropy and Dice, fixed by the keys), result, gradients; training for batch norm, evaluation for both.
template <class D, auto Options>
void write_case(const std::filesystem::path& file, std::int64_t h, std::int64_t w) {
  const models::vessel_unet<Options> net{};
  const auto p = net.template init<D>(key(1));
  // Running statistics after two steps differ from those of a fresh net.
  auto b = net.template initial_buffers<D>();
  for (std::uint64_t step = 0; step < 2; ++step)
    b = net.template apply<D>(p, b, ops::normal<D>(key(2).fold(step), {2, 1, h, w}), {.mode = nn::mode::train}).buffers;
  const auto x = D::parameter(ops::normal<D>(key(3), {2, 1, h, w}));
  const auto vessel = ops::uniform<D>(key(4), {2, 1, h, w});
  const auto truth = ops::concat<D>({ops::add_scalar<D>(ops::neg<D>(vessel), 1), vessel}, 1);
  const auto field = ops::greater<D>(ops::uniform<D>(key(5), {2, 1, h, w}), ops::mul_scalar<D>(ops::ones<D>({}), 0.2));
  safetensors_writer out;
  synthmed_oracle::record_tree<D>(out, "net", p);
  synthmed_oracle::record_tree<D>(out, "net", b);
  synthmed_oracle::record<D>(out, "input", x);
  synthmed_oracle::record<D>(out, "truth", truth);
  synthmed_oracle::record<D>(out, "field", field);
  for (const bool training : {false, true}) {
    if (training && !Options.batch_norm) continue;
    const std::string name = training ? "training" : "evaluation";
    auto seen = net.template apply<D>(p, b, x, {.mode = training ? nn::mode::train : nn::mode::evaluate});
    synthmed_oracle::record<D>(out, name + ".logits", seen.y);
    auto terms = train::loss_of<D>({}, seen.y, truth, field);
    synthmed_oracle::record<D>(out, name + ".cross_entropy", terms.cross_entropy);
    synthmed_oracle::record<D>(out, name + ".dice", terms.dice);
    auto wrt = nn::tensors(p);
    wrt.push_back(x);
    auto gradients = D::grad(std::move(terms.loss), wrt, {});
    synthmed_oracle::record<D>(out, name + ".input_gradient", gradients.back());
    gradients.pop_back();
    auto tree = p;
    nn::assign(tree, gradients);
    synthmed_oracle::record_tree<D>(out, name + ".gradient", tree);
    if (training) synthmed_oracle::record_tree<D>(out, "after", seen.buffers);
  }
  out.write(file);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "This program needs one argument, a folder to write into.\n";
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  using exact = autodiff<reference_backend<double>>;
  using fast = autodiff<xtensor_backend<float>>;
  write_case<exact, norm_small>(folder / "norm_double.safetensors", 12, 8);
  write_case<exact, retina_small>(folder / "retina_double.safetensors", 12, 8);
  for (const bool on : {true, false}) {
    synthmed_oracle::use_winograd(on);
    const std::string how = on ? "_winograd.safetensors" : "_direct.safetensors";
    write_case<fast, norm_blocked>(folder / ("norm" + how), 32, 24);
    write_case<fast, retina_blocked>(folder / ("retina" + how), 32, 24);
  }
} catch (const std::exception& problem) {
  std::cerr << problem.what() << '\n';
  return 1;
}

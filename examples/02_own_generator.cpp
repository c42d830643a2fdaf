// An own generator and discriminator, a chain of layers each, trained for about a minute on phantom vessel maps.
#include <cstdio>
#include <cstdlib>
#include <synthmed/autodiff/autodiff.hpp>
#include <synthmed/data/phantom.hpp>
#include <synthmed/imaging/contact_sheet.hpp>
#include <synthmed/imaging/write.hpp>
#include <synthmed/train/gan_trainer.hpp>
#include <synthmed/train/observers/progress_line.hpp>
#include <synthmed/train/run.hpp>
#if __has_include(<synthmed/backends/xtensor.hpp>)
#include <synthmed/backends/xtensor.hpp>
using D = synthmed::autodiff<synthmed::xtensor_backend<float>>;
#else
#include <synthmed/backends/reference.hpp>
using D = synthmed::autodiff<synthmed::reference_backend<float>>;
#endif
using namespace synthmed;

constexpr nn::conv2d convolution(int in, int out, int kernel, int stride) {
  return {.inputs = in, .outputs = out, .kernel = kernel, .stride = stride, .pad = 1, .initial = nn::initial::he_normal};
}
constexpr nn::leaky_relu leaky{0.2};
using my_generator = models::layer_generator<nn::sequential<  // 32 numbers to 16 x 16 pixels
    nn::chw{32}, nn::linear{.inputs = 32, .outputs = 1024}, leaky, nn::reshape{{64, 4, 4}}, nn::pixel_norm{},
    nn::upsample{}, convolution(64, 48, 3, 1), leaky, nn::pixel_norm{},
    nn::upsample{}, convolution(48, 32, 3, 1), leaky, nn::pixel_norm{}, convolution(32, 1, 3, 1)>>;
using my_critic = models::layer_discriminator<nn::sequential<  // 16 x 16 pixels to a score
    nn::chw{1, 16, 16}, convolution(1, 32, 4, 2), leaky, convolution(32, 64, 4, 2), leaky, nn::minibatch_stddev{},
    nn::flatten{}, nn::linear{.inputs = 65 * 16, .outputs = 64}, leaky, nn::linear{.inputs = 64, .outputs = 1}>>;

int main(int count, char** arguments) {
  const std::int64_t steps = count > 1 ? std::atoi(arguments[1]) : 4000;
  constexpr std::size_t maps = 400, pixels = 16 * 16;
  const phantom_population eyes(populations_of(phantom_preset::quick).main);
  std::vector<float> values(maps * pixels);  // square roots of grey, in [-1, 1]: thin vessels count
  parallel_for(maps, 1, [&](std::int64_t from, std::int64_t to) {
    for (auto i = static_cast<std::size_t>(from); i < static_cast<std::size_t>(to); ++i) {
      const picture map = vessel_map(eyes, i, {.radius = 3, .size = 16});
      for (std::size_t at = 0; at < pixels; ++at) values[i * pixels + at] = 2 * std::sqrt(static_cast<float>(map.pixels()[at]) / 255) - 1;
    }
  });
  const auto reals = D::from_host({maps, 1, 16, 16}, values);
  const train::progressive_schedule plan({{.resolution = 16, .images = 16 * steps, .batch = 16}}, {.final_rate = 0.1});
  train::gan_trainer<D, my_generator, my_critic, train::progressive_schedule> gan(key(1), plan);
  const auto batches = [&](std::int64_t step) {  // 16 maps at random, a function of the step
    std::vector<std::int64_t> chosen(16);
    random_stream draw(key(2).fold(step));
    for (auto& map : chosen) map = static_cast<std::int64_t>(draw.below(maps));
    return ops::gather<D>(reals, 0, chosen);
  };
  train::run(gan, batches, {}, train::progress_line([](auto text) { std::fwrite(text.data(), 1, text.size(), stderr); }, {}));
  const auto made = ops::to_host<D>(gan.sample(ops::normal<D>(key(3), {32, my_generator::latent}), steps - 1));
  std::vector<picture> samples(32, picture(16, 16));
  for (std::size_t i = 0; i < made.size(); ++i) {
    const float root = std::clamp(made[i] / 2 + 0.5f, 0.f, 1.f);
    samples[i / pixels].pixels()[i % pixels] = static_cast<std::uint8_t>(255 * root * root);
  }
  write_png("own_generator.png", contact_sheet(samples, {}, {.columns = 8, .height = 64, .width = 64}));
}

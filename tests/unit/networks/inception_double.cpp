#include <synthmed/backends/torch.hpp>

#include <support/catch.hpp>

#include <synthmed/models/inception_v3.hpp>
#include <synthmed/models/weights.hpp>

#include "made_up_inception.hpp"

using namespace synthmed;
using B = torch_backend<double>;
using net = models::inception_v3<>;

namespace {

/// pytorch-fid's input in double: x / 255, bilinear with half pixels to 299 x 299, 2 x - 1. [1, 3, 299, 299]
std::vector<double> input_of(const picture& image) {
  const auto tap = [](int i, int in) {
    const double at = std::max(0.0, (i + 0.5) * in / 299 - 0.5);
    const int low = std::min(static_cast<int>(at), in - 1);
    return std::pair(low, low + 1 < in ? at - low : 0.0);
  };
  std::vector<double> out;
  for (int channel = 0; channel < 3; ++channel)
    for (int y = 0; y < 299; ++y)
      for (int x = 0; x < 299; ++x) {
        const auto [row, down] = tap(y, image.height());
        const auto [column, right] = tap(x, image.width());
        const auto value = [&, r = row, c = column](int dy, int dx) {
          const int yy = std::min(r + dy, image.height() - 1), xx = std::min(c + dx, image.width() - 1);
          // Bytes become float first, as in the oracle's ToTensor.
          return static_cast<double>(image.pixels()[static_cast<std::size_t>((yy * image.width() + xx) * 3 + channel)] /
                                     255.0f);
        };
        out.push_back(2 * ((1 - down) * ((1 - right) * value(0, 0) + right * value(0, 1)) +
                           down * ((1 - right) * value(1, 0) + right * value(1, 1))) -
                      1);
      }
  return out;
}

}  // namespace

TEST_CASE("the FID network in double gives pytorch-fid's features to 1e-9") {
  auto p = net{}.init<B>(key(1));
  auto b = net{}.initial_buffers<B>();
  models::load_weights<B>(made_up::weights(), p, b);
  for (const int which : {0, 1}) {
    const auto features =
        ops::to_host<B>(net{}.features<B>(p, b, B::from_host({1, 3, 299, 299}, input_of(made_up::picture(which)))));
    const auto expected = made_up::features(which);
    REQUIRE(expected.size() == 2048);
    double apart = 0, size = 0;
    for (std::size_t i = 0; i < 2048; ++i) {
      REQUIRE(features[i] == Approx(expected[i]).epsilon(1e-9).margin(1e-9));
      apart += (features[i] - expected[i]) * (features[i] - expected[i]);
      size += expected[i] * expected[i];
    }
    CHECK(std::sqrt(apart / size) < 1e-9);
  }
}

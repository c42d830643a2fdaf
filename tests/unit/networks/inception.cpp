#include <support/catch.hpp>

#include <map>

#include <synthmed/backends/xtensor.hpp>
#include <synthmed/imaging/fid_resize.hpp>
#include <synthmed/models/inception_v3.hpp>
#include <synthmed/models/weights.hpp>

#include "made_up_inception.hpp"

using namespace synthmed;
using B = xtensor_backend<float>;
using net = models::inception_v3<>;

TEST_CASE("the FID network in float gives pytorch-fid's features at all four depths") {
  auto p = net{}.init<B>(key(1));
  auto b = net{}.initial_buffers<B>();
  CHECK(nn::count<B>(p) + nn::count<B>(b) == 23885392);
  models::load_weights<B>(made_up::weights(), p, b);
  std::vector<float> input;
  for (const int which : {0, 1}) {
    // Pictures of two sizes, prepared apart, in one batch.
    const auto one = fid_input(made_up::picture(which), fid_profile::pytorch_fid);
    input.insert(input.end(), one.begin(), one.end());
  }
  std::map<std::string, std::vector<float>> means;
  const std::map<std::string, std::string> depth{
      {"maxpool1", "64"}, {"maxpool2", "192"}, {"Mixed_6e", "768"}, {"Mixed_7c", "2048"}};
  const auto features = ops::to_host<B>(
      net{}.features<B>(p, b, B::from_host({2, 3, 299, 299}, input), [&](std::string_view name, const B::tensor& y) {
        if (const auto at = depth.find(std::string(name)); at != depth.end())
          means[at->second] = ops::to_host<B>(ops::global_avg_pool<B>(y));
      }));
  REQUIRE(means.size() == 4);
  for (const int which : {0, 1}) {
    const auto expected = made_up::features(which);
    REQUIRE(expected.size() == 2048);
    for (std::size_t i = 0; i < 2048; ++i)
      REQUIRE(static_cast<double>(features[static_cast<std::size_t>(which) * 2048 + i]) ==
              Approx(expected[i]).epsilon(2e-4).margin(2e-5));
    for (const auto& [width, values] : means) {
      INFO("width " << width);
      const auto& torch = made_up::oracle()["features"]["float64_img" + std::to_string(which)][width];
      const std::size_t count = values.size() / 2, first = static_cast<std::size_t>(which) * count;
      REQUIRE(std::to_string(count) == width);
      double sum = 0, squares = 0;
      for (std::size_t i = first; i < first + count; ++i) {
        sum += static_cast<double>(values[i]);
        squares += static_cast<double>(values[i]) * static_cast<double>(values[i]);
      }
      CHECK(sum == Approx(torch["sum"].get<double>()).epsilon(2e-4));
      CHECK(std::sqrt(squares) == Approx(torch["l2"].get<double>()).epsilon(2e-4));
      const auto first8 = torch["first8"].get<std::vector<double>>();
      for (std::size_t i = 0; i < first8.size(); ++i)
        CHECK(static_cast<double>(values[first + i]) == Approx(first8[i]).epsilon(2e-4).margin(2e-5));
    }
  }
}

TEST_CASE("Inception refuses grey pictures and ones that vanish on the way") {
  const auto p = net{}.init<B>(key(1));
  const auto b = net{}.initial_buffers<B>();
  const auto grey = [&] { (void)net{}.features<B>(p, b, B::full({1, 1, 299, 299}, 0)); };
  CHECK(synthmed_test::contains(synthmed_test::message_of<shape_error>(grey), "[n, 3, h, w]"));
  CHECK_THROWS_AS(net{}.features<B>(p, b, B::full({1, 3, 74, 75}, 0)), shape_error);
  CHECK(B::shape_of(net{}.features<B>(p, b, B::full({1, 3, 75, 75}, 0))) == shape{1, 2048});
}

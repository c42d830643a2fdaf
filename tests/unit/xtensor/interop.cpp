// xt::xtensor containers in and out.
#include <synthmed/backends/xtensor.hpp>
#include <synthmed/backends/xtensor/interop.hpp>

#include <support/catch.hpp>

using namespace synthmed;
using B = xtensor_backend<float>;

TEST_CASE("containers of xtensor go in and out in either layout") {
  xt::xtensor<float, 4> values({2, 16, 3, 5});
  for (std::size_t i = 0; i < values.size(); ++i) values.data()[i] = static_cast<float>(i);
  const auto x = xtensor::from_xtensor(values);
  CHECK(x.dims() == shape{2, 16, 3, 5});
  CHECK((xtensor::to_xtensor<4>(x) == values));
  CHECK((xtensor::to_xtensor<4>(B::to_layout(x, xtensor::layout::blocked)) == values));
  CHECK(xtensor::to_xtensor<1>(B::sum(B::reshape(x, {480}), axes{0}))(0) == 480.0f * 479 / 2);
  const auto message = synthmed_test::message_of<shape_error>([&] { (void)xtensor::to_xtensor<2>(x); });
  CHECK(message == "to_xtensor<2> needs a tensor of rank 2, got [2, 16, 3, 5].");
}

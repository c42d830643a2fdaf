#include <support/catch.hpp>

#include <synthmed/shape.hpp>

using namespace synthmed;

TEST_CASE("a shape counts its elements and prints itself") {
  constexpr shape s{16, 3, 8, 4};
  static_assert(s.elements() == 1536 && s.rank() == 4 && s[-1] == 4);
  CHECK(to_string(s) == "[16, 3, 8, 4]");
  CHECK(shape{}.elements() == 1);
  CHECK(shape{0, 5}.elements() == 0);
  CHECK(s.with(1, 7) == shape{16, 7, 8, 4});
  CHECK(reduced(s, axes{0, 2}) == shape{1, 3, 1, 4});
}

TEST_CASE("shapes that cannot be are refused with their values") {
  using synthmed_test::contains;
  using synthmed_test::message_of;
  CHECK(contains(message_of<shape_error>([] { (void)shape{2, -1}; }), "got -1"));
  CHECK(contains(message_of<shape_error>([] { (void)shape{1, 1, 1, 1, 1, 1, 1}; }), "got 7"));
  CHECK_THROWS_AS((shape{1LL << 40, 1LL << 40}), shape_error);
  CHECK(contains(message_of<shape_error>([] { (void)shape{2, 3}[5]; }), "Axis 5"));
}

TEST_CASE("convolution and pooling shapes follow the floor rule") {
  CHECK(conv2d_shape({2, 3, 7, 9}, {5, 3, 3, 3}, {2, 2, 1, 1}) == shape{2, 5, 4, 5});
  CHECK_THROWS_AS(conv2d_shape({2, 3, 7, 9}, {5, 4, 3, 3}, {}), shape_error);
  CHECK_THROWS_AS(conv2d_shape({2, 3, 2, 2}, {5, 3, 3, 3}, {}), shape_error);
  CHECK(pool2d_shape({1, 1, 7, 7}, {3, 3, 2, 2, 1, 1}) == shape{1, 1, 4, 4});
  CHECK_THROWS_AS(pool2d_shape({1, 1, 7, 7}, {2, 2, 2, 2, 2, 2}), shape_error);
}

#include <support/catch.hpp>

#include <synthmed/error.hpp>
#include <synthmed/shape.hpp>

using synthmed::sentence;

TEST_CASE("a sentence joins text, numbers and shapes") {
  CHECK(sentence("a ", std::string("b "), 3, ' ', true, ' ', 0.1, ' ', -7L) == "a b 3 true 0.1 -7");
  CHECK(sentence(synthmed::shape{2, 3}) == "[2, 3]");
}

TEST_CASE("every error is a synthmed::error") {
  CHECK_THROWS_AS(throw synthmed::shape_error("x"), synthmed::error);
  CHECK_THROWS_AS(throw synthmed::diverged_error("x"), std::runtime_error);
}

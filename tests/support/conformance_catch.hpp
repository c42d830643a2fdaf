// The conformance suite as Catch2 sections: one per case.
#pragma once

#include <support/catch.hpp>

#include <synthmed/testing/conformance.hpp>

namespace synthmed_test {

/// To be called inside a TEST_CASE.
template <synthmed::backend B>
void conforms(const synthmed::conformance::options& how = {}) {
  INFO(B::name());
  for (const auto& one : synthmed::conformance::suite<B>(how)) {
    DYNAMIC_SECTION(one.name) {
      const auto found = one.run();
      CHECK(found.checks > 0);
      CHECK(found.failures == std::vector<std::string>{});
    }
  }
}

}  // namespace synthmed_test

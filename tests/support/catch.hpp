// The one wrapper for Catch2, version 3 or 2. Include LibTorch's headers before it: their CHECK macro gives way here.
#pragma once

#ifdef CHECK
#undef CHECK
#endif

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif

#include <string>
#include <string_view>

namespace synthmed_test {

/// The message of the exception of type Error that f throws; a failed test when it throws none.
template <class Error, class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const Error& problem) {
    return problem.what();
  }
  FAIL("expected an exception");
  return {};
}

inline bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace synthmed_test

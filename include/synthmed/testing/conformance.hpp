// The conformance suite: every primitive of a backend against the oracle. Needs no test framework.
#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <synthmed/core/backend.hpp>
#include <synthmed/core/explain.hpp>
#include <synthmed/testing/conformance/convolution.hpp>
#include <synthmed/testing/conformance/elementwise.hpp>
#include <synthmed/testing/conformance/engine.hpp>
#include <synthmed/testing/conformance/fused.hpp>
#include <synthmed/testing/conformance/layout.hpp>
#include <synthmed/testing/conformance/linear.hpp>
#include <synthmed/testing/conformance/reduce.hpp>
#include <synthmed/testing/conformance/resample.hpp>
#include <synthmed/testing/conformance/storage.hpp>
#include <synthmed/testing/conformance/update.hpp>

namespace synthmed::conformance {

/// All cases for backend B, in a fixed order: each compares one primitive with reference_backend<double> from the same
/// inputs (odd and even extents, 1 to 513 channels, ranks 0 to 6, strides, padding, empty tensors where they make
/// sense), and checks that inputs stay as they were and that bytes repeat. A backend conforms when every case passes.
template <backend B>
[[nodiscard]] std::vector<test_case> suite(const options& how = {}) {
  static_assert(explain<B>());
  case_list<B> cases(how);
  storage_cases(cases);
  elementwise_cases(cases);
  reduce_cases(cases);
  layout_cases(cases);
  linear_cases(cases);
  convolution_cases(cases);
  resample_cases(cases);
  update_cases(cases);
  fused_cases(cases);
  return std::move(cases).take();
}

/// Runs every case, prints one line each and the first sentences of what failed; true when all passed.
inline bool run(const std::vector<test_case>& cases, std::ostream& out) {
  constexpr std::size_t shown = 5;
  std::size_t failed = 0;
  for (const auto& one : cases) {
    const report found = one.run();
    out << (found.passed() ? "ok    " : "FAIL  ") << one.name << " (" << found.checks << " checks)\n";
    if (!found.passed()) ++failed;
    for (std::size_t i = 0; i < found.failures.size() && i < shown; ++i) out << "      " << found.failures[i] << '\n';
    if (found.failures.size() > shown) out << "      and " << found.failures.size() - shown << " more\n";
  }
  out << cases.size() - failed << " of " << cases.size() << " cases passed\n";
  return failed == 0;
}

/// The whole of a conformance program: `int main() { return synthmed::conformance::main<my_backend>(std::cout); }`.
template <backend B>
[[nodiscard]] int main(std::ostream& out, const options& how = {}) {
  out << "conformance of " << B::name() << '\n';
  return run(suite<B>(how), out) ? 0 : 1;
}

}  // namespace synthmed::conformance

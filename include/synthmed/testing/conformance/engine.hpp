// How the conformance suite compares: the same inputs and the same call on a backend and on the oracle.
#pragma once

#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <synthmed/backends/reference.hpp>
#include <synthmed/core/backend.hpp>
#include <synthmed/error.hpp>
#include <synthmed/parallel.hpp>
#include <synthmed/random/distributions.hpp>
#include <synthmed/random/key.hpp>

namespace synthmed::conformance {

/// How strict the suite is.
struct options {
  /// Largest relative L2 error of a result against the oracle; moves and comparisons must be exact whatever it says.
  /// Default 1e-5 for float, 1e-12 for double (0 stands for these defaults).
  double tolerance = 0;
  /// Every call runs twice with each of these numbers of threads and must give the same bytes both times.
  std::vector<int> threads = {1, 2, 4};
  /// Also ask for the same bytes whatever the number of threads, which only some libraries promise. Default off.
  bool same_bytes_for_any_threads = false;
};

/// What one case found. A case passes when it checked something and nothing failed.
struct report {
  int checks = 0;                     ///< comparisons made
  std::vector<std::string> failures;  ///< one sentence each, with shapes and values

  [[nodiscard]] bool passed() const noexcept { return checks > 0 && failures.empty(); }

  void expect(bool good, const std::function<std::string()>& otherwise) {
    ++checks;
    if (!good) failures.push_back(otherwise());
  }
};

/// One named case: "convolution/conv2d". run() may be called any number of times.
struct test_case {
  std::string name;
  std::function<report()> run;
};

/// Values that are handed to the backend and to the oracle alike.
struct host_array {
  shape dims;
  std::vector<double> values;
};

[[nodiscard]] inline std::string to_string(const host_array& x) { return synthmed::to_string(x.dims); }

/// Standard normal values that float holds exactly, so that every backend starts from the same numbers.
[[nodiscard]] inline host_array noise(const shape& dims, int stream = 0) {
  std::vector<float> values(static_cast<std::size_t>(dims.elements()));
  fill_normal(key(20).fold("conformance").fold(stream), std::span(values));
  return {dims, std::vector<double>(values.begin(), values.end())};
}

/// noise() with every value moved to [low, high).
[[nodiscard]] inline host_array noise_within(const shape& dims, double low, double high, int stream = 0) {
  std::vector<float> values(static_cast<std::size_t>(dims.elements()));
  fill_uniform(key(20).fold("conformance").fold(stream), std::span(values), low, high);
  return {dims, std::vector<double>(values.begin(), values.end())};
}

/// The values as float holds them.
[[nodiscard]] inline host_array round_to_float(host_array x) {
  for (double& value : x.values) value = static_cast<double>(static_cast<float>(value));
  return x;
}

/// Whole numbers 0 ... count - 1 in random order with many repeats: ties.
[[nodiscard]] inline host_array noise_of_integers(const shape& dims, int count, int stream = 0) {
  host_array x = noise_within(dims, 0, count, stream);
  for (double& value : x.values) value = std::floor(value);
  return x;
}

/// 0, 1, 2, ... in row-major order: every element tells where it came from.
[[nodiscard]] inline host_array counting(const shape& dims) {
  host_array x{dims, std::vector<double>(static_cast<std::size_t>(dims.elements()))};
  for (std::size_t i = 0; i < x.values.size(); ++i) x.values[i] = static_cast<double>(i);
  return x;
}

/// Tells a generic call which backend it runs on: `[]<class X>(on<X>, const tensors<X>& x) { return X::add(x[0], x[1]);
/// }`.
template <class X>
struct on {};

template <class X>
using tensors = std::vector<typename X::tensor>;

/// A tensor of backend X from values.
template <class X>
[[nodiscard]] typename X::tensor upload(const host_array& x) {
  const std::vector<typename X::scalar> values(x.values.begin(), x.values.end());
  return X::from_host(x.dims, values);
}

/// The values of a tensor of backend X, in X's own precision.
template <class X>
[[nodiscard]] std::vector<typename X::scalar> download(const typename X::tensor& x) {
  std::vector<typename X::scalar> values(static_cast<std::size_t>(X::shape_of(x).elements()));
  X::to_host(x, values);
  return values;
}

namespace detail {

template <class Scalar>
[[nodiscard]] bool same_bytes(const std::vector<Scalar>& a, const std::vector<Scalar>& b) {
  using bits = std::conditional_t<sizeof(Scalar) == 4, std::uint32_t, std::uint64_t>;
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (std::bit_cast<bits>(a[i]) != std::bit_cast<bits>(b[i])) return false;
  return true;
}

/// An empty text when the values agree, else what is wrong with them.
template <class Scalar>
[[nodiscard]] std::string difference(const std::vector<Scalar>& got, const std::vector<double>& wanted,
                                     double tolerance) {
  double error = 0, size = 0, worst = -1;
  std::size_t place = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto value = static_cast<double>(got[i]);
    if (!std::isfinite(wanted[i]) || !std::isfinite(value)) {
      const bool agree = std::isnan(wanted[i]) ? std::isnan(value) : value == wanted[i];
      if (!agree) return sentence("element ", i, " is ", value, ", expected ", wanted[i]);
      continue;
    }
    const double off = std::abs(value - wanted[i]);
    error += off * off;
    size += wanted[i] * wanted[i];
    if (off > worst) worst = off, place = i;
  }
  if (std::sqrt(error) <= tolerance * std::sqrt(size)) return {};
  return sentence("the relative L2 error is ",
                  size > 0 ? std::sqrt(error / size) : std::numeric_limits<double>::infinity(), ", allowed is ",
                  tolerance, "; worst at element ", place, ": got ", static_cast<double>(got[place]), ", expected ",
                  wanted[place]);
}

/// Sets the number of threads back when a case ends.
class threads_scope {
 public:
  threads_scope() = default;
  threads_scope(const threads_scope&) = delete;
  threads_scope& operator=(const threads_scope&) = delete;
  ~threads_scope() { set_threads(before_); }

 private:
  int before_ = threads();
};

}  // namespace detail

/// A case under way on backend B: makes comparisons and writes them into a report.
template <backend B>
class checker {
 public:
  using oracle = reference_backend<double>;

  checker(report& into, const options& how) : report_(into), options_(how) {
    if (options_.tolerance <= 0) options_.tolerance = std::same_as<typename B::scalar, float> ? 1e-5 : 1e-12;
  }

  /// The call gives the oracle's values within the tolerance, its shapes, the same bytes every time, and leaves its
  /// inputs as they were. `call(on<X>, const tensors<X>&)` returns a tensor or a vector of tensors.
  template <class Call>
  void close(std::string_view what, const std::vector<host_array>& inputs, Call call) {
    compare(what, inputs, runs<B>(call), runs<oracle>(call), options_.tolerance);
  }

  /// As close(), with no tolerance: for calls that move, compare or copy values.
  template <class Call>
  void exact(std::string_view what, const std::vector<host_array>& inputs, Call call) {
    compare(what, inputs, runs<B>(call), runs<oracle>(call), 0);
  }

  /// Something that is not a comparison with the oracle; the sentence says what went wrong.
  void expect(bool good, std::string_view otherwise) {
    report_.expect(good, [&] { return std::string(otherwise); });
  }

 private:
  using scalar = typename B::scalar;
  struct outcome {
    shape dims;
    std::vector<scalar> values;
  };

  // The call on one backend, behind one type, so that the comparison below is compiled once and not for every call.
  template <class X>
  using erased = std::function<tensors<X>(const tensors<X>&)>;

  template <class X, class Call>
  static erased<X> runs(const Call& call) {
    return [&call](const tensors<X>& inputs) -> tensors<X> {
      if constexpr (std::same_as<decltype(call(on<X>{}, inputs)), tensors<X>>)
        return call(on<X>{}, inputs);
      else
        return {call(on<X>{}, inputs)};
    };
  }

  std::vector<outcome> outcomes(const erased<B>& call, const std::vector<host_array>& inputs, std::string_view label) {
    tensors<B> given;
    for (const auto& input : inputs) given.push_back(upload<B>(input));
    tensors<B> kept = given;  // a second handle: a kernel that writes to its inputs is seen through it
    std::vector<outcome> found;
    for (const auto& result : call(given)) found.push_back({B::shape_of(result), download<B>(result)});
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const std::vector<scalar> before(inputs[i].values.begin(), inputs[i].values.end());
      report_.expect(detail::same_bytes(download<B>(kept[i]), before),
                     [&] { return sentence(label, ": input ", i, " was written to."); });
    }
    return found;
  }

  void compare(std::string_view what, const std::vector<host_array>& inputs, const erased<B>& call,
               const erased<oracle>& expected, double tolerance) {
    std::string label(what);
    for (const auto& input : inputs) label += " " + to_string(input);
    try {
      tensors<oracle> given;
      for (const auto& input : inputs) given.push_back(upload<oracle>(input));
      const tensors<oracle> wanted = expected(given);

      const detail::threads_scope restore;
      std::vector<outcome> very_first;
      for (const int count : options_.threads) {
        set_threads(count);
        const std::vector<outcome> first = outcomes(call, inputs, label), second = outcomes(call, inputs, label);
        for (std::size_t i = 0; i < wanted.size(); ++i) {
          agrees(label, first[i], wanted[i], tolerance);
          report_.expect(detail::same_bytes(first[i].values, second[i].values),
                         [&] { return sentence(label, ": two runs with ", count, " threads gave different bytes."); });
          if (options_.same_bytes_for_any_threads && !very_first.empty())
            report_.expect(detail::same_bytes(first[i].values, very_first[i].values), [&] {
              return sentence(label, ": ", options_.threads.front(), " and ", count, " threads gave different bytes.");
            });
        }
        if (very_first.empty()) very_first = first;
      }
    } catch (const std::exception& problem) {
      report_.expect(false, [&] { return sentence(label, ": threw \"", problem.what(), "\""); });
    }
  }

  void agrees(const std::string& label, const outcome& got, const oracle::tensor& wanted, double tolerance) {
    const shape dims = oracle::shape_of(wanted);
    report_.expect(got.dims == dims,
                   [&] { return sentence(label, ": the shape is ", got.dims, ", expected ", dims, "."); });
    if (!(got.dims == dims)) return;
    const std::string problem = detail::difference(got.values, download<oracle>(wanted), tolerance);
    report_.expect(problem.empty(), [&] { return sentence(label, ": ", problem, "."); });
  }

  report& report_;
  options options_;
};

/// The list of cases under construction. Every family file has one function that adds its cases to it.
template <backend B>
class case_list {
 public:
  explicit case_list(options how) : options_(std::move(how)) {}

  /// A case; `body(checker<B>&)`. What the body throws is a failure of the case.
  template <class Body>
  void add(std::string name, Body body) {
    cases_.push_back({std::move(name), [how = options_, body] {
                        report found;
                        try {
                          checker<B> check(found, how);
                          body(check);
                        } catch (const std::exception& problem) {
                          found.failures.push_back(sentence("threw \"", problem.what(), "\""));
                        }
                        return found;
                      }});
  }

  [[nodiscard]] std::vector<test_case> take() && { return std::move(cases_); }

 private:
  options options_;
  std::vector<test_case> cases_;
};

}  // namespace synthmed::conformance

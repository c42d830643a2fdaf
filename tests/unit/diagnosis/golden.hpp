// The golden inputs and values that the tests of diagnosis and inference share.
#pragma once

#include <cmath>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <support/catch.hpp>
#include <synthmed/io/csv.hpp>

namespace golden {

inline std::string path(const std::string& name) { return std::string(SYNTHMED_GOLDEN) + "/" + name; }

/// tests/golden/r_oracles.csv; NA and NaN read as NaN.
inline const std::map<std::string, double>& r_values() {
  static const auto values = [] {
    std::map<std::string, double> out;
    std::ifstream in(path("r_oracles.csv"));
    std::string line;
    std::getline(in, line);
    while (std::getline(in, line)) {
      const auto comma = line.rfind(',');
      const std::string text = line.substr(comma + 1);
      out[line.substr(0, comma)] = text == "NA" || text == "NaN" ? std::nan("") : std::strtod(text.c_str(), nullptr);
    }
    return out;
  }();
  return values;
}

/// One value of R; a failed test when there is none of that name.
inline double r(const std::string& key) {
  const auto found = r_values().find(key);
  INFO("r_oracles.csv has no " << key);
  REQUIRE(found != r_values().end());
  return found->second;
}

inline const nlohmann::json& python() {
  static const auto values = [] {
    std::ifstream in(path("py_oracles.json"));
    return nlohmann::json::parse(in);
  }();
  return values;
}

/// Equal to `relative`, where both NaN are equal. Zero is compared absolutely.
inline bool close(double got, double expected, double relative = 1e-12) {
  if (std::isnan(expected)) return std::isnan(got);
  return std::fabs(got - expected) <= relative * std::max(std::fabs(expected), expected == 0 ? 1.0 : 0.0);
}

inline std::vector<double> numbers(const synthmed::csv_table& t, const std::string& name) {
  std::vector<double> out;
  for (std::size_t i = 0; i < t.rows(); ++i) out.push_back(t.number(i, t.column(name)));
  return out;
}

inline std::vector<int> integers(const synthmed::csv_table& t, const std::string& name) {
  std::vector<int> out;
  for (const double x : numbers(t, name)) out.push_back(static_cast<int>(x));
  return out;
}

/// cls3.csv: 240 eyes of 120 patients, 3 classes, two models; class 2 against the rest in `plus`.
struct three_classes {
  std::vector<int> label, plus, patient;
  std::vector<double> a2, b2, a, b;  ///< a, b: n x 3, row-major

  three_classes() {
    const auto t = synthmed::read_csv(path("cls3.csv"));
    label = integers(t, "label");
    patient = integers(t, "patient");
    a2 = numbers(t, "a2");
    b2 = numbers(t, "b2");
    for (const int y : label) plus.push_back(y == 2);
    for (std::size_t i = 0; i < t.rows(); ++i)
      for (const char* c : {"0", "1", "2"}) {
        a.push_back(t.number(i, t.column(std::string("a") + c)));
        b.push_back(t.number(i, t.column(std::string("b") + c)));
      }
  }
};

/// ties.csv: 60 cases with many tied scores.
struct tied {
  std::vector<int> y;
  std::vector<double> a, b;
  tied() {
    const auto t = synthmed::read_csv(path("ties.csv"));
    y = integers(t, "y");
    a = numbers(t, "a");
    b = numbers(t, "b");
  }
};

}  // namespace golden

/// Compares with a message that shows all digits.
#define CHECK_CLOSE(got, expected, ...)                                                                          \
  do {                                                                                                           \
    const double got_value = (got), expected_value = (expected);                                                 \
    INFO(#got << " = " << synthmed::sentence(got_value) << ", expected " << synthmed::sentence(expected_value)); \
    CHECK(golden::close(got_value, expected_value __VA_OPT__(, ) __VA_ARGS__));                                  \
  } while (false)

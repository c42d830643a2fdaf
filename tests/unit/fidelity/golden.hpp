// The golden feature tables and the reference packages' values for them.
#pragma once

#include <charconv>
#include <string>

#include <nlohmann/json.hpp>

#include <synthmed/io/file.hpp>
#include <synthmed/metrics/features.hpp>
#include <synthmed/random/distributions.hpp>

namespace synthmed_test {

inline const nlohmann::json& oracles() {
  static const auto json = nlohmann::json::parse(synthmed::read_file(SYNTHMED_GOLDEN "/py_oracles.json"));
  return json;
}

/// feat_<name>.csv: 16 columns, no header.
inline synthmed::feature_matrix golden_features(const std::string& name) {
  const auto text = synthmed::read_file(std::string(SYNTHMED_GOLDEN "/feat_") + name + ".csv");
  synthmed::feature_matrix out{{}, 16};
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    double value = 0;
    at = std::from_chars(at, end, value).ptr;
    out.values.push_back(value);
    while (at < end && (*at == ',' || *at == '\r' || *at == '\n')) ++at;
  }
  return out;
}

inline synthmed::feature_view head(const synthmed::feature_matrix& m, std::size_t rows) {
  return {std::span(m.values).first(rows * m.dimensions), m.dimensions};
}

inline synthmed::feature_matrix normal_features(std::uint64_t seed, std::size_t rows, std::size_t dimensions,
                                                double shift = 0) {
  auto out = synthmed::make_features(rows, dimensions);
  synthmed::fill_normal(synthmed::key(seed), std::span(out.values));
  for (double& value : out.values) value += shift;
  return out;
}

}  // namespace synthmed_test

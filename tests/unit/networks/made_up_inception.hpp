// The made-up weights and pictures of tests/golden/inception_oracle.json (the recipe is in tests/golden/README.md).
#pragma once

#include <cmath>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <synthmed/data/picture.hpp>
#include <synthmed/io/csv.hpp>
#include <synthmed/io/safetensors.hpp>

namespace made_up {

struct splitmix64 {
  std::uint64_t state;
  std::uint64_t next() {
    std::uint64_t z = (state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  /// Nearly normal with variance 1/3: the sum of four uniform numbers minus 2.
  double draw() {
    double sum = 0;
    for (int i = 0; i < 4; ++i) sum += static_cast<double>(next() >> 11) * 0x1p-53;
    return sum - 2;
  }
};

inline const nlohmann::json& oracle() {
  static const auto json = [] {
    std::ifstream in(std::string(SYNTHMED_GOLDEN) + "/inception_oracle.json");
    return nlohmann::json::parse(in);
  }();
  return json;
}

/// All 472 tensors under pytorch-fid's names.
inline synthmed::safetensors weights() {
  synthmed::safetensors_writer file;
  std::uint64_t seed = 1000;
  for (const auto& [name, extents] :
       oracle()["state_dict_order"].get<std::vector<std::pair<std::string, std::vector<std::int64_t>>>>()) {
    const synthmed::shape dims{std::span<const std::int64_t>(extents)};
    splitmix64 random{seed++};
    const double fan_in = static_cast<double>(dims.elements() / dims[0]);
    std::vector<float> values;
    for (std::int64_t i = 0; i < dims.elements(); ++i) {
      const double u = random.draw();
      values.push_back(static_cast<float>(name.starts_with("fc.")         ? 0.02 * u
                                          : name.ends_with("conv.weight") ? u * std::sqrt(6 / fan_in)
                                          : name.ends_with("bn.weight") || name.ends_with("running_var") ? 1 + 0.1 * u
                                                                                                         : 0.1 * u));
    }
    file.add<float>(name, dims, values);
  }
  return synthmed::safetensors::parse(file.bytes(), "the made-up weights");
}

/// Picture 0 (64 x 48) or 1 (256 x 256): cells of 8 x 8 equal pixels.
inline synthmed::picture picture(int which) {
  const int height = which == 0 ? 64 : 256, width = which == 0 ? 48 : 256;
  synthmed::picture out(height, width, 3);
  splitmix64 random{5000 + static_cast<std::uint64_t>(which)};
  for (int row = 0; row < height / 8; ++row)
    for (int column = 0; column < width / 8; ++column)
      for (int channel = 0; channel < 3; ++channel) {
        const auto value = static_cast<std::uint8_t>(random.next() & 255);
        for (int y = 8 * row; y < 8 * row + 8; ++y)
          for (int x = 8 * column; x < 8 * column + 8; ++x)
            out.pixels()[static_cast<std::size_t>((y * width + x) * 3 + channel)] = value;
      }
  return out;
}

/// The 2048 features that PyTorch computes in float64.
inline std::vector<double> features(int which) {
  std::ifstream in(std::string(SYNTHMED_GOLDEN) + "/inception_img" + std::to_string(which) + "_pool3_2048.csv");
  std::vector<double> out;
  for (double value; in >> value;) out.push_back(value);
  return out;
}

}  // namespace made_up

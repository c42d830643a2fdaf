// Bytes as base64 text, for pictures inside a page.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace synthmed::report {

/// RFC 4648, with padding.
[[nodiscard]] inline std::string base64(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) group = group << 8 | (i + j < bytes.size() ? bytes[i + j] : 0u);
    for (std::size_t j = 0; j < 4; ++j) out += i + j <= bytes.size() ? letters[group >> (18 - 6 * j) & 63u] : '=';
  }
  return out;
}

}  // namespace synthmed::report

// Keys: the identity of a stream of random numbers. Keys are folded by name and number, never shared.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <string_view>

#include <synthmed/random/philox.hpp>

namespace synthmed {

/// A 64-bit key. A program makes one from its seed and derives all others: `key(1337).fold("noise").fold(step)`.
/// The same path of names and numbers gives the same stream on every backend and machine.
class key {
 public:
  constexpr explicit key(std::uint64_t seed) noexcept : bits_(seed) {}

  /// A child key by number.
  template <std::integral Number>
  [[nodiscard]] constexpr key fold(Number number) const noexcept {
    return mixed(static_cast<std::uint64_t>(number), 1);
  }

  /// A child key by name; names and numbers never collide.
  [[nodiscard]] constexpr key fold(std::string_view name) const noexcept {
    std::uint64_t hash = 0xCBF29CE484222325u;  // FNV-1a
    for (const char letter : name) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001B3u;
    return mixed(hash, 2);
  }
  [[nodiscard]] constexpr key fold(const char* name) const noexcept { return fold(std::string_view(name)); }

  [[nodiscard]] constexpr std::uint64_t bits() const noexcept { return bits_; }

  /// Block `index` of this key's stream: four random words.
  [[nodiscard]] constexpr std::array<std::uint32_t, 4> block(std::uint64_t index) const noexcept {
    return philox4x32({static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32), 0, 0}, words());
  }

  friend constexpr bool operator==(const key&, const key&) noexcept = default;

 private:
  [[nodiscard]] constexpr std::array<std::uint32_t, 2> words() const noexcept {
    return {static_cast<std::uint32_t>(bits_), static_cast<std::uint32_t>(bits_ >> 32)};
  }
  // The last counter word keeps the streams that make keys apart from the stream that block() reads (word 0).
  [[nodiscard]] constexpr key mixed(std::uint64_t value, std::uint32_t kind) const noexcept {
    const auto out =
        philox4x32({static_cast<std::uint32_t>(value), static_cast<std::uint32_t>(value >> 32), 0, kind}, words());
    return key(std::uint64_t{out[1]} << 32 | out[0]);
  }

  std::uint64_t bits_;
};

}  // namespace synthmed

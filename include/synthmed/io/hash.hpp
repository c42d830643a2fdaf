// Content hashes: SHA-256 of bytes and files, by OpenSSL's libcrypto (target synthmed::hash).
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>

#include <openssl/evp.h>

#include <synthmed/error.hpp>
#include <synthmed/io/file.hpp>

namespace synthmed {

/// SHA-256 of the bytes as 64 hexadecimal letters, as `sha256sum` prints it.
[[nodiscard]] inline std::string sha256(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1)
    throw error("OpenSSL cannot compute SHA-256 here; a restricted provider configuration may exclude it.");
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (unsigned int i = 0; i < length; ++i) {
    text += digits[digest[i] >> 4];
    text += digits[digest[i] & 15];
  }
  return text;
}

/// SHA-256 of a file's content. Throws io_error.
[[nodiscard]] inline std::string sha256_file(const std::filesystem::path& path) { return sha256(read_file(path)); }

}  // namespace synthmed

// The Inception network of --inception: weights read once, features of prepared pictures. Each backend has a unit of
// its own that makes one.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace rop_study {

/// A loaded network and what is known of its weights.
class inception_network {
 public:
  virtual ~inception_network() = default;

  /// Numbers per picture, and pictures that are run at a time: always so many, so that a picture's features do not
  /// depend on how many others there are.
  static constexpr std::size_t dimensions = 2048, batch = 8;

  /// Features of at most `batch` pictures that synthmed::fid_input prepared, one after another: `dimensions` numbers
  /// each.
  [[nodiscard]] virtual std::vector<float> features(std::span<const float> pictures) const = 0;

  [[nodiscard]] const std::string& sha256() const noexcept { return sha256_; }
  /// Whether they are the FID network's: converted by tools/convert_weights.py from pytorch-fid's file, which it
  /// recognises by its hash.
  [[nodiscard]] bool is_fid() const noexcept { return is_fid_; }
  /// What a feature cache must know beside the preparation.
  [[nodiscard]] const std::string& identity() const noexcept { return identity_; }

 protected:
  std::string sha256_, identity_;
  bool is_fid_ = false;
};

/// Reads weights in pytorch-fid's names. Throws io_error or format_error, with what does not fit.
[[nodiscard]] std::shared_ptr<const inception_network> open_inception_xtensor(const std::filesystem::path& weights);

}  // namespace rop_study

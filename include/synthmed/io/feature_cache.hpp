// Features kept on disk by the content of the picture and the identity of what computed them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/io/hash.hpp>
#include <synthmed/io/npz.hpp>

namespace synthmed {

/// A folder of feature vectors: `<folder>/<extractor>/<first two letters>/<SHA-256 of the content>.npy` in float64. A
/// picture that is renamed or copied keeps its features; one that changes by a byte, or another extractor, does not.
/// Entries are written whole or not at all, so processes may share a folder.
class feature_cache {
 public:
  /// `extractor` must name everything that the features depend on besides the picture: network, weights' hash,
  /// preprocessing, library version. `dimensions` numbers per picture. Throws argument_error for none, io_error when
  /// the folder cannot be made.
  feature_cache(const std::filesystem::path& folder, std::string_view extractor, std::size_t dimensions)
      : folder_(folder / sha256(extractor).substr(0, 16)), dimensions_(dimensions) {
    if (dimensions == 0) throw argument_error("A feature cache keeps at least one number per picture, got 0.");
    make_folder(folder_);
    const auto name = folder_ / "extractor.txt";
    if (!std::filesystem::exists(name)) write_file(name, sentence(extractor, "\n"));
  }

  /// The key of some bytes (a file's, or a picture's).
  [[nodiscard]] static std::string key_of(std::string_view content) { return sha256(content); }

  /// The features kept under a key, or nothing: an entry that is not there, is damaged or has another length is none.
  [[nodiscard]] std::optional<std::vector<double>> find(std::string_view content_key) const {
    const auto path = place(content_key);
    if (!std::filesystem::exists(path)) return std::nullopt;
    try {
      auto array = read_npy(path);
      if (array.extents == std::vector<std::size_t>{dimensions_}) return std::move(array.values);
    } catch (const format_error&) {
      // computed anew and replaced
    }
    return std::nullopt;
  }

  /// Throws shape_error for another number of features than this cache keeps, io_error when it cannot write.
  void store(std::string_view content_key, const std::vector<double>& features) const {
    if (features.size() != dimensions_)
      throw shape_error(
          sentence("This feature cache keeps ", dimensions_, " numbers per picture, got ", features.size(), "."));
    make_folder(place(content_key).parent_path());
    write_npy(place(content_key), {{features.size()}, features, false});
  }

  /// The kept features, else those of `compute()`, kept from now on.
  template <class Compute>
  [[nodiscard]] std::vector<double> get(std::string_view content, Compute&& compute) const {
    const std::string content_key = key_of(content);
    if (auto kept = find(content_key)) return *std::move(kept);
    std::vector<double> features = compute();
    store(content_key, features);
    return features;
  }

  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }

 private:
  [[nodiscard]] std::filesystem::path place(std::string_view content_key) const {
    if (content_key.size() != 64 || content_key.find_first_not_of("0123456789abcdef") != std::string_view::npos)
      throw argument_error(sentence("A feature cache's key is a SHA-256 in hexadecimal, got \"", content_key, "\"."));
    return folder_ / std::string(content_key.substr(0, 2)) / (std::string(content_key) + ".npy");
  }

  std::filesystem::path folder_;
  std::size_t dimensions_;
};

}  // namespace synthmed

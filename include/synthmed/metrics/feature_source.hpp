// Where features come from, as a type: so that only Inception features can ever be printed as "FID".
#pragma once

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

#include <synthmed/error.hpp>

namespace synthmed {

/// How a picture becomes the Inception network's input. The four published habits give four different FIDs, so the
/// profile is part of the name. torchmetrics prepares pictures as torch_fidelity does.
enum class fid_profile {
  pytorch_fid,    ///< bilinear with half pixels, no antialiasing, 2 (x / 255) - 1
  clean_fid,      ///< Pillow's bicubic with antialiasing in float, clipped to 0..255, (x - 128) / 128
  torch_fidelity  ///< TensorFlow 1's bilinear (no half pixels, no antialiasing), (x - 128) / 128
};

[[nodiscard]] inline std::string to_string(fid_profile profile) {
  switch (profile) {
    case fid_profile::pytorch_fid:
      return "pytorch-fid";
    case fid_profile::clean_fid:
      return "clean-fid";
    case fid_profile::torch_fidelity:
      return "torch-fidelity";
  }
  return "unknown";
}

/// "pytorch-fid", "clean-fid" or "torch-fidelity". Throws argument_error for another name.
[[nodiscard]] inline fid_profile fid_profile_named(std::string_view name) {
  for (const auto profile : {fid_profile::pytorch_fid, fid_profile::clean_fid, fid_profile::torch_fidelity})
    if (name == to_string(profile)) return profile;
  throw argument_error(sentence("A FID profile is pytorch-fid, clean-fid or torch-fidelity, got \"", name, "\"."));
}

/// The origin of a feature table. Every distance carries one and is named by it: `frechet[pixels-16]`. The name
/// inception-fid, and with it the word FID, can come from inception() alone.
class feature_source {
 public:
  /// The 2048 pooled features of the FID Inception network (weights of 2015-12-05), prepared as the profile says.
  [[nodiscard]] static feature_source inception(fid_profile profile) {
    feature_source source("inception-fid");
    source.profile_ = to_string(profile);
    source.inception_ = true;
    return source;
  }

  /// Any other features. Throws argument_error for a name with other letters than a-z, 0-9, '.', '_', '-', and for one
  /// that holds "fid".
  [[nodiscard]] static feature_source named(std::string name) {
    const auto allowed = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    };
    if (name.empty() || !std::all_of(name.begin(), name.end(), allowed))
      throw argument_error(sentence("Features are named with a-z, 0-9, '.', '_' and '-', got \"", name, "\"."));
    if (name.find("fid") != std::string::npos)
      throw argument_error(sentence("Features named \"", name,
                                    "\" would read as FID, which only the FID Inception "
                                    "network's features may be called; choose a name without \"fid\"."));
    return feature_source(std::move(name));
  }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// The preparation of the pictures; empty except for Inception features.
  [[nodiscard]] const std::string& profile() const noexcept { return profile_; }
  [[nodiscard]] bool is_inception() const noexcept { return inception_; }

  /// "frechet[inception-fid]"
  [[nodiscard]] std::string label(std::string_view metric) const { return sentence(metric, "[", name_, "]"); }

  /// What a Fréchet distance on these features may be called in a table.
  [[nodiscard]] std::string frechet_title() const {
    return inception_ ? sentence("FID (", profile_, ")") : sentence("Fréchet distance (", name_, ")");
  }

 private:
  explicit feature_source(std::string name) : name_(std::move(name)) {}
  std::string name_, profile_;
  bool inception_ = false;
};

}  // namespace synthmed

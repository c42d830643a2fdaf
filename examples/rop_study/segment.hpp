// What the parts of `rop_study segment` share: its settings, and a U-Net on some backend.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <synthmed/data/patches.hpp>
#include <synthmed/data/picture.hpp>
#include <synthmed/models/segment.hpp>
#include <synthmed/train/segmentation_loss.hpp>

#include "training.hpp"

namespace rop_study {

struct segment_settings {
  training_options training;
  std::filesystem::path data;  ///< what prepare wrote
  std::filesystem::path unet;  ///< weights to use; empty: train
  bool train = false;
  bool patches = false;  ///< overlapping windows; else one pass over the whole picture
  synthmed::models::window_options windows;
  std::int64_t train_steps = 0;  ///< length of the schedule; 0: as the preset says
  double rate = 2e-3;            ///< peak of the learning rate
  synthmed::patch_options patch;
  synthmed::train::segmentation_loss loss;
};

/// A U-Net on one backend.
class unet {
 public:
  unet() = default;
  unet(const unet&) = delete;
  unet& operator=(const unet&) = delete;
  virtual ~unet() = default;

  /// Trains in OUT/unet until the schedule's end. False when it was stopped before, with a checkpoint.
  virtual bool train(const segment_settings& settings, const synthmed::patch_source& patches,
                     const std::string& data) = 0;
  /// What training will take.
  virtual stage_cost cost(const segment_settings& settings, const synthmed::patch_source& patches) = 0;
  /// Weights from a file that write() or a checkpoint holds, or from retina-unet's numbers.
  virtual void read(const std::filesystem::path& file) = 0;
  virtual void write(const std::filesystem::path& file) const = 0;
  /// The probability of a vessel for every pixel.
  [[nodiscard]] virtual std::vector<float> probabilities(const synthmed::models::picture_view& picture,
                                                         const segment_settings& settings) const = 0;
};

/// Whether a file holds the numbers of retina-unet, one after another.
[[nodiscard]] bool is_retina_unet(const std::filesystem::path& file);

/// Throws format_error for a file that holds neither a U-Net of this program nor, with the ending .bin, the numbers of
/// retina-unet.
void require_unet(const std::filesystem::path& file);

// One per backend; `retina`: retina-unet's shape, else our own. Each lives in a unit of its own.
std::unique_ptr<unet> make_unet_xtensor(const segment_settings& settings, bool retina);
std::unique_ptr<unet> make_unet_torch(const segment_settings& settings, bool retina);

}  // namespace rop_study

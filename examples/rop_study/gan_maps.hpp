// Maps of a GAN: from network values to pictures, pages to look at, and figures that compare generated with real maps.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <vector>

#include <synthmed/data/loader.hpp>
#include <synthmed/data/picture.hpp>

#include "gan.hpp"

namespace rop_study {

/// The class of maps that have no label, in gan.json and as a folder.
inline constexpr const char* unlabelled_class = "unlabelled";

/// Values of 8-bit pixels for a recipe's networks: the study's are linear, synthmed's a square root, which quietens the
/// background of soft maps.
[[nodiscard]] synthmed::pixel_values values_of(synthmed::train::recipe recipe);

/// Generated values as 8-bit pictures: the inverse of values_of(); the study's recipe cuts where the others round.
[[nodiscard]] std::vector<synthmed::picture> pictures_of(std::span<const float> values, std::int64_t side,
                                                         synthmed::train::recipe recipe);

/// What a view makes of latents [n, latent], in portions that fit into memory.
[[nodiscard]] std::vector<synthmed::picture> maps_drawn(const gan_view& view, std::span<const float> latents,
                                                        std::int64_t latent, synthmed::train::recipe recipe);

/// Pictures on one page, enlarged, eight in a row; faint vessels shown brighter (the square root of a value).
[[nodiscard]] synthmed::picture page_of(std::span<const synthmed::picture> pictures);

/// How generated maps compare with real ones, on thumbnails of at most 32 px.
struct gan_figures {
  std::int64_t resolution = 4;           ///< at which they were generated
  std::int64_t real = 0, synthetic = 0;  ///< how many
  /// Fréchet distance and KID (unbiased, cubic kernel) of edges: mean strength of edges in 4 x 4 cells by 8 directions.
  /// Of pixels too, but there a blurred set lies nearer than a sharp one that varies: read those at one resolution
  /// only.
  double frechet_edges = 0, kid_edges = 0, frechet_pixels = 0, kid_pixels = 0;
  double brightness = 0;  ///< mean value, synthetic over real
  double contrast = 0;    ///< standard deviation of all pixels together, synthetic over real
  double spread = 0;      ///< standard deviation over pictures, averaged over pixels, synthetic over real
  double distance = 0;    ///< mean pairwise distance, synthetic over real
  /// Of train/observers/memorisation.hpp; NaN where the data have no validation maps.
  double nearest_ratio = std::numeric_limits<double>::quiet_NaN();
  double closest_ratio = std::numeric_limits<double>::quiet_NaN();
  double critic_gap = std::numeric_limits<double>::quiet_NaN();
};
[[nodiscard]] gan_figures compare_maps(std::span<const synthmed::picture> real,
                                       std::span<const synthmed::picture> synthetic);

/// Adds a stage's figures to stages.csv: rows of this and larger resolutions give way. Throws io_error.
void note_figures(const std::filesystem::path& path, const gan_figures& figures);

}  // namespace rop_study

// Contact sheets: many small pictures on one page, to look at a data set.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include <opencv2/imgproc.hpp>

#include <synthmed/data/picture.hpp>
#include <synthmed/imaging/opencv.hpp>
#include <synthmed/imaging/resize.hpp>

namespace synthmed {

struct contact_sheet_options {
  int columns = 8;                ///< tiles side by side; fewer when there are fewer pictures
  int height = 120, width = 160;  ///< of a tile; pictures keep their aspect ratio inside
  int gap = 4;                    ///< pixels between tiles
};

/// All pictures on one page, row by row, each with its caption below (letters beyond ASCII are drawn as '?'; no caption
/// line when `captions` is empty). RGB when any picture is, else grey. Throws argument_error when there are no pictures
/// or the captions are of another number.
[[nodiscard]] inline picture contact_sheet(std::span<const picture> pictures,
                                           std::span<const std::string> captions = {},
                                           const contact_sheet_options& options = {}) {
  if (pictures.empty()) throw argument_error("A contact sheet needs at least one picture.");
  if (!captions.empty() && captions.size() != pictures.size())
    throw argument_error(sentence("A contact sheet needs one caption per picture: ", pictures.size(), " pictures, ",
                                  captions.size(), " captions."));
  if (options.columns < 1 || options.gap < 0)
    throw argument_error(sentence("A contact sheet has at least one column and no negative gap, got ", options.columns,
                                  " columns and a gap of ", options.gap, "."));
  const int count = static_cast<int>(pictures.size());
  const int columns = std::min(options.columns, count), rows = (count + columns - 1) / columns;
  const int line = captions.empty() ? 0 : 14;
  const int step_y = options.height + line + options.gap, step_x = options.width + options.gap;
  const bool colour = std::any_of(pictures.begin(), pictures.end(), [](const picture& p) { return p.channels() == 3; });
  return detail::with_opencv("draw a contact sheet", [&] {
    cv::Mat page(rows * step_y + options.gap, columns * step_x + options.gap, colour ? CV_8UC3 : CV_8UC1,
                 cv::Scalar::all(32));
    for (int i = 0; i < count; ++i) {
      const int top = options.gap + i / columns * step_y, left = options.gap + i % columns * step_x;
      const picture tile =
          fitted(pictures[static_cast<std::size_t>(i)],
                 {.height = options.height, .width = options.width, .how = fit::pad, .with = interpolation::area});
      cv::Mat target = page(cv::Rect(left, top, options.width, options.height));
      if (tile.channels() == page.channels())
        mat_view(tile).copyTo(target);
      else
        cv::cvtColor(mat_view(tile), target, cv::COLOR_GRAY2RGB);
      if (line == 0) continue;
      std::string text;
      for (const char letter : captions[static_cast<std::size_t>(i)]) {
        const auto byte = static_cast<unsigned char>(letter);
        if ((byte & 0xC0u) == 0x80u) continue;  // the later bytes of a UTF-8 letter
        text += byte < 32 || byte > 126 ? '?' : letter;
      }
      cv::Mat strip = page(cv::Rect(left, top + options.height, options.width, line));
      cv::putText(strip, text, {1, line - 3}, cv::FONT_HERSHEY_SIMPLEX, .35, cv::Scalar::all(230), 1, cv::LINE_AA);
    }
    return to_picture(page);
  });
}

}  // namespace synthmed

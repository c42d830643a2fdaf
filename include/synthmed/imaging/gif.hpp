// The first frame of a GIF file, by giflib. DRIVE's masks are GIF, which OpenCV does not read.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <synthmed/data/picture.hpp>
#include <synthmed/error.hpp>

#ifdef SYNTHMED_WITH_GIF
#include <gif_lib.h>
#endif

namespace synthmed {

[[nodiscard]] inline bool is_gif(std::string_view bytes) {
  return bytes.starts_with("GIF87a") || bytes.starts_with("GIF89a");
}

/// The first frame of a GIF as the screen shows it: grey (1 channel) when every colour used is grey, else RGB.
/// Pixels that the frame does not cover have the background colour. Throws format_error with `source` for damaged
/// files and for more than `pixel_limit` pixels, and backend_error in a build without giflib.
[[nodiscard]] inline picture decode_gif(std::string_view bytes, const std::string& source,
                                        std::int64_t pixel_limit = std::int64_t{1} << 28) {
#ifdef SYNTHMED_WITH_GIF
  struct cursor {
    std::string_view rest;
    static int read(GifFileType* file, GifByteType* to, int length) {
      auto& self = *static_cast<cursor*>(file->UserData);
      const auto count = std::min(static_cast<std::size_t>(std::max(length, 0)), self.rest.size());
      std::memcpy(to, self.rest.data(), count);
      self.rest.remove_prefix(count);
      return static_cast<int>(count);
    }
  } in{bytes};
  const auto damaged = [&](const char* reason) {
    return format_error(sentence(source, " is not a readable GIF: ", reason ? reason : "unknown reason", "."));
  };

  int failure = 0;
  struct closer {
    void operator()(GifFileType* file) const { DGifCloseFile(file, nullptr); }
  };
  const std::unique_ptr<GifFileType, closer> file(DGifOpen(&in, &cursor::read, &failure));
  if (!file) throw damaged(GifErrorString(failure));
  // DGifSlurp would read every frame of an animation; the first one is enough and bounded.
  GifRecordType record = UNDEFINED_RECORD_TYPE;
  do {
    if (DGifGetRecordType(file.get(), &record) == GIF_ERROR) throw damaged(GifErrorString(file->Error));
    if (record == EXTENSION_RECORD_TYPE) {
      int code = 0;
      GifByteType* block = nullptr;
      if (DGifGetExtension(file.get(), &code, &block) == GIF_ERROR) throw damaged(GifErrorString(file->Error));
      while (block != nullptr)
        if (DGifGetExtensionNext(file.get(), &block) == GIF_ERROR) throw damaged(GifErrorString(file->Error));
    }
  } while (record == EXTENSION_RECORD_TYPE);
  if (record != IMAGE_DESC_RECORD_TYPE) throw damaged("it holds no picture");
  if (DGifGetImageDesc(file.get()) == GIF_ERROR) throw damaged(GifErrorString(file->Error));

  const GifImageDesc& frame = file->Image;
  const ColorMapObject* const colours = frame.ColorMap != nullptr ? frame.ColorMap : file->SColorMap;
  if (colours == nullptr) throw damaged("it has no colour table");
  const int width = file->SWidth, height = file->SHeight;
  if (width < 1 || height < 1 || frame.Width < 1 || frame.Height < 1 || frame.Left < 0 || frame.Top < 0 ||
      frame.Left + frame.Width > width || frame.Top + frame.Height > height)
    throw damaged("its frame does not lie inside its screen");
  if (std::int64_t{width} * height > pixel_limit) throw damaged("it has more pixels than are accepted");

  const auto columns = static_cast<std::size_t>(width);
  std::vector<GifByteType> index(columns * static_cast<std::size_t>(height),
                                 static_cast<GifByteType>(file->SBackGroundColor));
  constexpr int first_row[] = {0, 4, 2, 1}, row_step[] = {8, 8, 4, 2};  // GIF89a, appendix E: interlaced rows
  for (int pass = 0; pass < (frame.Interlace ? 4 : 1); ++pass)
    for (int row = frame.Interlace ? first_row[pass] : 0; row < frame.Height;
         row += frame.Interlace ? row_step[pass] : 1)
      if (DGifGetLine(
              file.get(),
              index.data() + static_cast<std::size_t>(frame.Top + row) * columns + static_cast<std::size_t>(frame.Left),
              frame.Width) == GIF_ERROR)
        throw damaged(GifErrorString(file->Error));

  const auto colour = [&](GifByteType i) {
    return i < colours->ColorCount ? colours->Colors[i] : GifColorType{0, 0, 0};
  };
  bool grey = true;
  for (const auto i : index) {
    const auto c = colour(i);
    grey = grey && c.Red == c.Green && c.Green == c.Blue;
  }
  picture result(height, width, grey ? 1 : 3);
  auto out = result.pixels();
  for (std::size_t i = 0; i < index.size(); ++i) {
    const auto c = colour(index[i]);
    if (grey) {
      out[i] = c.Red;
    } else {
      out[3 * i] = c.Red;
      out[3 * i + 1] = c.Green;
      out[3 * i + 2] = c.Blue;
    }
  }
  return result;
#else
  (void)bytes;
  (void)pixel_limit;
  throw backend_error(sentence(source,
                               " is a GIF, and this build has no giflib; install libgif-dev and configure again, "
                               "or convert the file to PNG."));
#endif
}

}  // namespace synthmed

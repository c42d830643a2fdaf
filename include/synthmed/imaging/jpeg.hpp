// What is wrong with a JPEG, by libjpeg: OpenCV, which decodes with it too, makes a picture of any damaged one.
#pragma once

#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include <jerror.h>
#include <jpeglib.h>

namespace synthmed {

[[nodiscard]] inline bool is_jpeg(std::string_view bytes) { return bytes.starts_with("\xFF\xD8\xFF"); }

namespace detail {

/// libjpeg's way of reporting, which notes the first damage instead of printing it.
struct jpeg_witness : jpeg_error_mgr {
  std::jmp_buf back;
  char said[JMSG_LENGTH_MAX];
  bool cut, damaged;

  static void note(j_common_ptr of) {
    auto& self = *static_cast<jpeg_witness*>(of->err);
    if (self.damaged) return;
    self.damaged = true;
    self.cut = self.msg_code == JWRN_JPEG_EOF;
    self.format_message(of, self.said);
  }
  static void warning(j_common_ptr of, int level) {
    const auto& self = *static_cast<jpeg_witness*>(of->err);
    if (level >= 0) return;
    // Some cameras leave a few bytes between the pixels and the end.
    if (self.msg_code == JWRN_EXTRANEOUS_DATA && self.msg_parm.i[0] <= 256) return;
    if (self.msg_code == JWRN_EXTRANEOUS_DATA || self.msg_code == JWRN_JPEG_EOF || self.msg_code == JWRN_HIT_MARKER ||
        self.msg_code == JWRN_HUFF_BAD_CODE ||
        self.msg_code == JWRN_MUST_RESYNC || self.msg_code == JWRN_BOGUS_PROGRESSION)
      note(of);
  }
  [[noreturn]] static void fatal(j_common_ptr of) {
    note(of);
    std::longjmp(static_cast<jpeg_witness*>(of->err)->back, 1);
  }
};

}  // namespace detail

/// What is wrong with a JPEG of at most `pixel_limit` pixels: "cut off" or "damaged", with libjpeg's words; empty when its
/// pixels can be decoded from the first byte to the last. Bytes changed without any trace in the code pass, as do larger
/// pictures and whatever is no JPEG.
[[nodiscard]] inline std::string jpeg_damage(std::string_view bytes, std::int64_t pixel_limit) {
  if (!is_jpeg(bytes)) return {};
  detail::jpeg_witness witness{};
  jpeg_decompress_struct of{};
  of.err = jpeg_std_error(&witness);
  witness.emit_message = detail::jpeg_witness::warning;
  witness.error_exit = detail::jpeg_witness::fatal;
  // No object is made between here and the last call that may jump back.
  if (setjmp(witness.back) == 0) {
    jpeg_create_decompress(&of);
    jpeg_mem_src(&of, reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<unsigned long>(bytes.size()));
    jpeg_read_header(&of, TRUE);
    if (std::int64_t{of.image_width} * of.image_height <= pixel_limit) {
      of.scale_num = 1;
      of.scale_denom = 8;  // every code is read, few pixels are made
      jpeg_start_decompress(&of);
      const JSAMPARRAY row =
          of.mem->alloc_sarray(reinterpret_cast<j_common_ptr>(&of), JPOOL_IMAGE,
                               of.output_width * static_cast<JDIMENSION>(of.output_components), 1);
      while (of.output_scanline < of.output_height) jpeg_read_scanlines(&of, row, 1);
      jpeg_finish_decompress(&of);
    }
  }
  jpeg_destroy_decompress(&of);
  if (!witness.damaged) return {};
  return std::string(witness.cut ? "cut off" : "damaged") + " (" + witness.said + ")";
}

}  // namespace synthmed

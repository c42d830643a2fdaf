// NumPy's array files: .npy and .npz (a ZIP archive of .npy), read strictly and written with stable bytes.
#pragma once

#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <zlib.h>

#include <synthmed/error.hpp>
#include <synthmed/io/file.hpp>

namespace synthmed {

static_assert(std::endian::native == std::endian::little, "npz.hpp reads and writes little-endian numbers in place.");

/// An array of a .npy file, in row-major order. Numbers are kept in double; `single` says that the file holds float32
/// (then every value is a float's).
struct npy_array {
  std::vector<std::size_t> extents;  ///< empty: a scalar, one value
  std::vector<double> values;
  bool single = false;
};

/// The named arrays of a .npz file; names without the ending ".npy".
using npz_arrays = std::map<std::string, npy_array>;

namespace detail {

[[noreturn]] inline void npy_fail(const std::string& source, std::string_view problem) {
  throw format_error(sentence(source, " is not a .npy array of float32 or float64: ", problem, "."));
}

/// The Python dictionary of a .npy header, the three keys that the format defines and nothing else.
class npy_header {
 public:
  npy_header(std::string_view text, const std::string& source) : text_(text), source_(source) {
    expect('{');
    bool has[3] = {};
    while (!peek('}')) {
      const std::string name = quoted();
      expect(':');
      if (name == "descr" && !has[0]) {
        has[0] = true;
        descr = quoted();
      } else if (name == "fortran_order" && !has[1]) {
        has[1] = true;
        fortran_order = boolean();
      } else if (name == "shape" && !has[2]) {
        has[2] = true;
        extents = tuple();
      } else {
        npy_fail(source_, sentence("its header has an unexpected or repeated key \"", name, "\""));
      }
      if (!peek('}')) expect(',');
    }
    expect('}');
    blanks();
    if (!text_.empty() || !has[0] || !has[1] || !has[2])
      npy_fail(source_, "its header is not one dictionary of descr, fortran_order and shape");
  }

  std::string descr;
  bool fortran_order = false;
  std::vector<std::size_t> extents;

 private:
  void blanks() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\n')) text_.remove_prefix(1);
  }
  bool peek(char c) {
    blanks();
    return !text_.empty() && text_.front() == c;
  }
  void expect(char c) {
    if (!peek(c)) npy_fail(source_, sentence("its header lacks \"", c, "\" where it is due"));
    text_.remove_prefix(1);
  }
  std::string quoted() {
    const char quote = peek('"') ? '"' : '\'';
    expect(quote);
    const auto end = text_.find(quote);
    if (end == std::string_view::npos) npy_fail(source_, "a text in its header is not closed");
    std::string out(text_.substr(0, end));
    text_.remove_prefix(end + 1);
    return out;
  }
  bool boolean() {
    blanks();
    for (const auto& [word, value] : {std::pair<std::string_view, bool>{"True", true}, {"False", false}})
      if (text_.starts_with(word)) {
        text_.remove_prefix(word.size());
        return value;
      }
    npy_fail(source_, "fortran_order is neither True nor False");
  }
  std::vector<std::size_t> tuple() {
    std::vector<std::size_t> out;
    expect('(');
    while (!peek(')')) {
      blanks();
      std::size_t value = 0;
      const auto [end, failure] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
      if (failure != std::errc{}) npy_fail(source_, "its shape is not a tuple of counts");
      text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
      out.push_back(value);
      if (out.size() > 32) npy_fail(source_, "it has more than 32 dimensions");
      if (!peek(')')) expect(',');
    }
    expect(')');
    return out;
  }

  std::string_view text_;
  const std::string& source_;
};

template <class Number>
[[nodiscard]] Number little(std::string_view bytes, std::size_t at) {
  Number value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

template <class Number>
void append_little(std::string& out, Number value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace detail

/// Reads the bytes of a .npy file (format 1.0, 2.0 or 3.0; '<f4' or '<f8'; C order, or Fortran order up to rank 2).
/// Every byte must be accounted for. Throws format_error that begins with `source`.
[[nodiscard]] inline npy_array parse_npy(std::string_view bytes, const std::string& source = "the array") {
  using detail::npy_fail;
  constexpr std::string_view magic = "\x93NUMPY";
  if (bytes.size() < 10 || !bytes.starts_with(magic)) npy_fail(source, "it does not begin as NumPy's files do");
  const auto major = static_cast<unsigned char>(bytes[6]);
  if (major < 1 || major > 3 || bytes[7] != 0)
    npy_fail(source, sentence("its format version is ", int{major}, ".", int{static_cast<unsigned char>(bytes[7])},
                              "; expected 1.0, 2.0 or 3.0"));
  const std::size_t head = major == 1 ? 10 : 12;
  if (bytes.size() < head) npy_fail(source, "it ends inside its header");
  const std::size_t length =
      major == 1 ? detail::little<std::uint16_t>(bytes, 8) : detail::little<std::uint32_t>(bytes, 8);
  if (length > bytes.size() - head) npy_fail(source, "it ends inside its header");
  const detail::npy_header header(bytes.substr(head, length), source);
  bytes.remove_prefix(head + length);

  npy_array out;
  out.single = header.descr == "<f4";
  if (!out.single && header.descr != "<f8")
    npy_fail(source, sentence("its numbers are of type \"", header.descr, "\"; expected \"<f4\" or \"<f8\""));
  const std::size_t width = out.single ? 4 : 8;
  std::size_t count = 1;
  for (const std::size_t extent : header.extents) {
    if (extent != 0 && count > std::numeric_limits<std::size_t>::max() / width / extent)
      npy_fail(source, "its shape has more numbers than fit into memory");
    count *= extent;
  }
  if (bytes.size() != count * width)
    npy_fail(source, sentence("its shape needs ", count * width, " bytes of numbers, it holds ", bytes.size()));
  out.extents = header.extents;
  out.values.resize(count);
  for (std::size_t i = 0; i < count; ++i)
    out.values[i] =
        out.single ? static_cast<double>(detail::little<float>(bytes, 4 * i)) : detail::little<double>(bytes, 8 * i);
  if (header.fortran_order && header.extents.size() > 1) {
    if (header.extents.size() > 2) npy_fail(source, "it is in Fortran order with more than two dimensions");
    const auto columns = out.values;
    for (std::size_t i = 0; i < out.extents[0]; ++i)
      for (std::size_t j = 0; j < out.extents[1]; ++j)
        out.values[i * out.extents[1] + j] = columns[j * out.extents[0] + i];
  }
  return out;
}

/// The bytes of a .npy file (format 1.0, C order), as numpy.save writes them.
/// Throws shape_error when the extents do not give the number of values.
[[nodiscard]] inline std::string to_npy(const npy_array& array) {
  std::size_t count = 1;
  std::string extents;
  for (const std::size_t extent : array.extents) {
    count *= extent;
    extents += std::to_string(extent) + ", ";
  }
  if (count != array.values.size())
    throw shape_error(sentence("An array's extents give ", count, " values, it holds ", array.values.size(), "."));
  if (extents.size() > 2 && array.extents.size() > 1) extents.resize(extents.size() - 2);
  if (array.extents.size() == 1) extents.resize(extents.size() - 1);
  std::string header =
      sentence("{'descr': '", array.single ? "<f4" : "<f8", "', 'fortran_order': False, 'shape': (", extents, "), }");
  // NumPy pads with blanks to a multiple of 64 and ends with a line break.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::string out = "\x93NUMPY";
  out += '\x01';
  out += '\0';
  detail::append_little(out, static_cast<std::uint16_t>(header.size()));
  out += header;
  for (const double value : array.values) {
    if (array.single)
      detail::append_little(out, static_cast<float>(value));
    else
      detail::append_little(out, value);
  }
  return out;
}

namespace detail {

/// Inflates a raw deflate stream that must give exactly `size` bytes.
[[nodiscard]] inline std::string inflate_exactly(std::string_view packed, std::size_t size, const std::string& source) {
  std::string out(size, '\0');
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw error("zlib cannot start to inflate; is memory exhausted?");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  Bytef spare = 0;  // a stream that wants to write more than it said shows here
  stream.next_out = size > 0 ? reinterpret_cast<Bytef*>(out.data()) : &spare;
  stream.avail_out = size > 0 ? static_cast<uInt>(size) : 1;
  const int state = inflate(&stream, Z_FINISH);
  const bool whole = state == Z_STREAM_END && stream.total_out == size && stream.avail_in == 0;
  inflateEnd(&stream);
  if (!whole)
    throw format_error(
        sentence(source, " is damaged: its compressed bytes do not give the ", size, " bytes they promise."));
  return out;
}

}  // namespace detail

/// Reads the bytes of a .npz file: a ZIP archive, stored or deflated, of .npy members below 4 GB. Checked: every
/// length, every CRC-32, the agreement of the two directories; names must differ. Throws format_error that begins with
/// `source`.
[[nodiscard]] inline npz_arrays parse_npz(std::string_view bytes, const std::string& source = "the archive") {
  const auto fail = [&](std::string_view problem) -> void {
    throw format_error(sentence(source, " is not a readable .npz archive: ", problem, "."));
  };
  // The end record is the last 22 bytes, or before a comment of up to 65535.
  constexpr std::size_t end_size = 22;
  std::size_t end = std::string_view::npos;
  if (bytes.size() >= end_size)
    for (std::size_t back = 0; back <= std::min<std::size_t>(bytes.size() - end_size, 65535); ++back) {
      const std::size_t at = bytes.size() - end_size - back;
      if (detail::little<std::uint32_t>(bytes, at) == 0x06054B50u &&
          detail::little<std::uint16_t>(bytes, at + 20) == back) {
        end = at;
        break;
      }
    }
  if (end == std::string_view::npos) fail("it has no ZIP directory at its end");
  const std::size_t members = detail::little<std::uint16_t>(bytes, end + 10);
  const std::size_t directory_size = detail::little<std::uint32_t>(bytes, end + 12);
  const std::size_t directory = detail::little<std::uint32_t>(bytes, end + 16);
  if (members == 0xFFFF || directory == 0xFFFFFFFFu) fail("it is a ZIP64 archive; archives below 4 GB are read");
  if (detail::little<std::uint16_t>(bytes, end + 4) != 0 || detail::little<std::uint16_t>(bytes, end + 8) != members)
    fail("it is split over several files");
  if (directory > end || directory_size != end - directory) fail("its directory does not end where the archive does");

  npz_arrays out;
  std::size_t at = directory;
  for (std::size_t member = 0; member < members; ++member) {
    if (end - at < 46 || detail::little<std::uint32_t>(bytes, at) != 0x02014B50u) fail("its directory is damaged");
    const auto flags = detail::little<std::uint16_t>(bytes, at + 8),
               method = detail::little<std::uint16_t>(bytes, at + 10);
    const auto crc = detail::little<std::uint32_t>(bytes, at + 16);
    const std::size_t packed = detail::little<std::uint32_t>(bytes, at + 20),
                      size = detail::little<std::uint32_t>(bytes, at + 24);
    const std::size_t name_size = detail::little<std::uint16_t>(bytes, at + 28);
    const std::size_t extra =
        std::size_t{detail::little<std::uint16_t>(bytes, at + 30)} + detail::little<std::uint16_t>(bytes, at + 32);
    const std::size_t local = detail::little<std::uint32_t>(bytes, at + 42);
    if (end - at - 46 < name_size + extra) fail("its directory is damaged");
    const std::string name(bytes.substr(at + 46, name_size));
    at += 46 + name_size + extra;
    if (packed == 0xFFFFFFFFu || size == 0xFFFFFFFFu || local == 0xFFFFFFFFu)
      fail("it is a ZIP64 archive; archives below 4 GB are read");
    if ((flags & 1u) != 0) fail(sentence("its member \"", name, "\" is encrypted"));
    if (method != 0 && method != 8)
      fail(sentence("its member \"", name, "\" is packed by method ", method, "; stored and deflated are read"));
    if (!name.ends_with(".npy") || name.size() == 4) fail(sentence("its member \"", name, "\" is no .npy file"));
    if (local > directory || directory - local < 30 || detail::little<std::uint32_t>(bytes, local) != 0x04034B50u)
      fail(sentence("the place of its member \"", name, "\" is wrong"));
    const std::size_t local_name = detail::little<std::uint16_t>(bytes, local + 26);
    const std::size_t skip = 30 + local_name + detail::little<std::uint16_t>(bytes, local + 28);
    if (directory - local < skip || packed > directory - local - skip || bytes.substr(local + 30, local_name) != name)
      fail(sentence("its member \"", name, "\" does not fit into it"));
    const std::string_view data = bytes.substr(local + skip, packed);
    if (method == 0 && packed != size) fail(sentence("its stored member \"", name, "\" has two sizes"));
    // Deflate shrinks by at most 1032; a larger promise is an attack on memory.
    if (method == 8 && size > 1032 * packed + 64)
      fail(sentence("its member \"", name, "\" promises an impossible size"));
    const std::string where = sentence(source, ", member \"", name, "\"");
    const std::string unpacked = method == 8 ? detail::inflate_exactly(data, size, where) : std::string();
    const std::string_view content = method == 8 ? std::string_view(unpacked) : data;
    if (crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size())) != crc)
      fail(sentence("its member \"", name, "\" fails its checksum"));
    if (!out.emplace(name.substr(0, name.size() - 4), parse_npy(content, where)).second)
      fail(sentence("it has two members \"", name, "\""));
  }
  if (at != end) fail("its directory is damaged");
  return out;
}

/// The bytes of a .npz file, deflated, members in the order of their names, no times in it: the same arrays give the
/// same bytes. numpy.load reads it. Throws shape_error, or argument_error for a member of 4 GB or more.
[[nodiscard]] inline std::string to_npz(const npz_arrays& arrays) {
  std::string out, directory;
  for (const auto& [name, array] : arrays) {
    const std::string content = to_npy(array), file = name + ".npy";
    uLongf bound = compressBound(static_cast<uLong>(content.size())) + 64;
    std::string packed(bound, '\0');
    z_stream stream{};
    if (content.size() >= 0xFFFFFFFFu || out.size() >= 0xC0000000u)
      throw argument_error(sentence("A .npz archive holds less than 4 GB here; array \"", name, "\" does not fit."));
    if (deflateInit2(&stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
      throw error("zlib cannot start to deflate; is memory exhausted?");
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
    stream.avail_in = static_cast<uInt>(content.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    const int state = deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    if (state != Z_STREAM_END) throw error("zlib did not finish a deflated member.");

    std::string common;  // the fields that the local and the central record share, from "version needed" on
    detail::append_little<std::uint16_t>(common, 20);
    detail::append_little<std::uint16_t>(common, 0);
    detail::append_little<std::uint16_t>(common, 8);
    detail::append_little<std::uint16_t>(common, 0);       // 00:00
    detail::append_little<std::uint16_t>(common, 0x0021);  // 1 January 1980
    detail::append_little(common, static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(content.data()),
                                                                   static_cast<uInt>(content.size()))));
    detail::append_little(common, static_cast<std::uint32_t>(packed.size()));
    detail::append_little(common, static_cast<std::uint32_t>(content.size()));
    detail::append_little(common, static_cast<std::uint16_t>(file.size()));
    detail::append_little<std::uint16_t>(common, 0);
    const auto place = static_cast<std::uint32_t>(out.size());
    detail::append_little<std::uint32_t>(out, 0x04034B50u);
    out += common + file + packed;
    detail::append_little<std::uint32_t>(directory, 0x02014B50u);
    detail::append_little<std::uint16_t>(directory, 20);
    directory += common;
    directory.append(10, '\0');  // comment, disk, attributes
    detail::append_little(directory, place);
    directory += file;
  }
  const auto start = static_cast<std::uint32_t>(out.size()), size = static_cast<std::uint32_t>(directory.size());
  const auto count = static_cast<std::uint16_t>(arrays.size());
  out += directory;
  detail::append_little<std::uint32_t>(out, 0x06054B50u);
  detail::append_little<std::uint32_t>(out, 0);
  detail::append_little(out, count);
  detail::append_little(out, count);
  detail::append_little(out, size);
  detail::append_little(out, start);
  detail::append_little<std::uint16_t>(out, 0);
  return out;
}

/// Files. Throw io_error with the path, or format_error.
[[nodiscard]] inline npy_array read_npy(const std::filesystem::path& path) {
  return parse_npy(read_file(path), path.string());
}
[[nodiscard]] inline npz_arrays read_npz(const std::filesystem::path& path) {
  return parse_npz(read_file(path, 0xFFFFFFFFu), path.string());
}
inline void write_npy(const std::filesystem::path& path, const npy_array& array) { write_file(path, to_npy(array)); }
inline void write_npz(const std::filesystem::path& path, const npz_arrays& arrays) { write_file(path, to_npz(arrays)); }

}  // namespace synthmed

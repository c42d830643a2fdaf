// safetensors: named arrays in one file, read strictly and written with stable bytes.
// Format: 8 bytes little-endian header length, a JSON header {name: {dtype, shape, data_offsets}}, the data.
#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <synthmed/error.hpp>
#include <synthmed/io/file.hpp>
#include <synthmed/shape.hpp>

namespace synthmed {

static_assert(std::endian::native == std::endian::little, "safetensors data are little-endian; so must the machine be");

/// Element types of a safetensors file that the library reads and writes.
enum class element_type { f32, f64, bf16, i64 };

[[nodiscard]] constexpr std::size_t size_of(element_type type) noexcept {
  return type == element_type::bf16 ? 2 : type == element_type::f32 ? 4 : 8;
}

[[nodiscard]] inline std::string to_string(element_type type) {
  switch (type) {
    case element_type::f32: return "F32";
    case element_type::f64: return "F64";
    case element_type::bf16: return "BF16";
    case element_type::i64: return "I64";
  }
  return "unknown";
}

/// The upper half of a float, rounded to nearest even; NaN stays NaN.
[[nodiscard]] constexpr std::uint16_t to_bf16(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
}
[[nodiscard]] constexpr float from_bf16(std::uint16_t bits) noexcept {
  return std::bit_cast<float>(std::uint32_t{bits} << 16);
}

/// A safetensors file in memory. Every promise of the format is checked before anything is handed out: header length,
/// JSON without duplicate keys, known element types, sizes that agree with shapes, data without gap, overlap or rest.
class safetensors {
 public:
  struct entry {
    element_type type;
    shape dims;
    std::size_t begin, end;  ///< bytes of the data section
  };

  static constexpr std::uint64_t max_header_bytes = 100'000'000;

  /// Reads a file. Throws io_error when it cannot be read and format_error, with path and place, when it is damaged.
  [[nodiscard]] static safetensors read(const std::filesystem::path& path) {
    return parse(read_file(path, std::uint64_t{1} << 36), path.string());
  }

  /// Checks bytes that are already in memory; `source` names them in messages.
  [[nodiscard]] static safetensors parse(std::string bytes, const std::string& source) {
    safetensors file;
    file.source_ = source;
    file.bytes_ = std::move(bytes);
    file.check();
    return file;
  }

  /// Names in alphabetical order, with their entries.
  [[nodiscard]] const std::map<std::string, entry>& entries() const noexcept { return entries_; }
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const noexcept { return metadata_; }
  [[nodiscard]] bool contains(const std::string& name) const { return entries_.contains(name); }
  /// What messages call the file: its path.
  [[nodiscard]] const std::string& source() const noexcept { return source_; }

  /// The entry of a name. Throws format_error when there is none.
  [[nodiscard]] const entry& at(const std::string& name) const {
    const auto found = entries_.find(name);
    if (found == entries_.end()) throw format_error(sentence(source_, " holds no tensor \"", name, "\"."));
    return found->second;
  }

  /// The values of a tensor as Scalar: float or double from F32, F64 (rounded to nearest when narrower) and BF16;
  /// std::int64_t from I64. Throws format_error when the name is missing or the element type does not fit.
  template <class Scalar>
    requires std::same_as<Scalar, float> || std::same_as<Scalar, double> || std::same_as<Scalar, std::int64_t>
  [[nodiscard]] std::vector<Scalar> values(const std::string& name) const {
    const entry& e = at(name);
    constexpr bool integers = std::same_as<Scalar, std::int64_t>;
    if ((e.type == element_type::i64) != integers)
      throw format_error(sentence(source_, ", tensor \"", name, "\": expected ", integers ? "I64" : "F32, F64 or BF16",
                                  ", got ", to_string(e.type), "."));
    std::vector<Scalar> out(static_cast<std::size_t>(e.dims.elements()));
    const char* const data = bytes_.data() + data_begin_ + e.begin;
    switch (e.type) {
      case element_type::f32: convert<float>(data, out); break;
      case element_type::f64: convert<double>(data, out); break;
      case element_type::i64: convert<std::int64_t>(data, out); break;
      case element_type::bf16:
        for (std::size_t i = 0; i < out.size(); ++i) {
          std::uint16_t bits;
          std::memcpy(&bits, data + 2 * i, 2);
          out[i] = static_cast<Scalar>(from_bf16(bits));
        }
        break;
    }
    return out;
  }

 private:
  template <class Stored, class Scalar>
  static void convert(const char* data, std::vector<Scalar>& out) {
    if constexpr (std::same_as<Stored, Scalar>) {
      if (!out.empty()) std::memcpy(out.data(), data, out.size() * sizeof(Scalar));
    } else {
      for (std::size_t i = 0; i < out.size(); ++i) {
        Stored value;
        std::memcpy(&value, data + sizeof(Stored) * i, sizeof(Stored));
        out[i] = static_cast<Scalar>(value);
      }
    }
  }

  [[noreturn]] void damaged(const std::string& what) const {
    throw format_error(sentence(source_, " is no intact safetensors file: ", what, "."));
  }

  void check() {
    if (bytes_.size() < 8) damaged(sentence("it has ", bytes_.size(), " bytes, fewer than the 8 of the header length"));
    std::uint64_t header = 0;
    std::memcpy(&header, bytes_.data(), 8);
    if (header > max_header_bytes)
      damaged(sentence("its header claims ", header, " bytes; at most ", max_header_bytes, " are accepted"));
    if (header > bytes_.size() - 8)
      damaged(sentence("its header claims ", header, " bytes, but only ", bytes_.size() - 8, " follow"));
    data_begin_ = 8 + static_cast<std::size_t>(header);
    const std::string_view text(bytes_.data() + 8, static_cast<std::size_t>(header));
    if (text.empty() || text.front() != '{') damaged("its header does not begin with {");
    read_entries(parse_header(text));
    check_offsets();
  }

  [[nodiscard]] nlohmann::json parse_header(std::string_view text) const {
    std::vector<std::set<std::string>> keys;
    std::string twice;
    bool deep = false;
    const auto watch = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& value) {
      using happened = nlohmann::json::parse_event_t;
      if (depth > 4) deep = true;
      if (event == happened::object_start) keys.emplace_back();
      if (event == happened::object_end && !keys.empty()) keys.pop_back();
      if (event == happened::key && !keys.empty() && !keys.back().insert(value.get<std::string>()).second)
        twice = value.get<std::string>();
      return !deep;
    };
    nlohmann::json header;
    try {
      header = nlohmann::json::parse(text, watch);
    } catch (const nlohmann::json::exception& problem) {
      damaged(sentence("its header is no JSON (", problem.what(), ")"));
    }
    if (deep) damaged("its header is nested deeper than the format allows");
    if (!twice.empty()) damaged(sentence("the key \"", twice, "\" stands twice in its header"));
    if (!header.is_object()) damaged("its header is not a JSON object");
    return header;
  }

  void read_entries(const nlohmann::json& header) {
    for (const auto& [name, value] : header.items()) {
      if (name == "__metadata__") {
        if (!value.is_object()) damaged("__metadata__ is not an object of strings");
        for (const auto& [k, v] : value.items()) {
          if (!v.is_string()) damaged(sentence("__metadata__ entry \"", k, "\" is not a string"));
          metadata_.emplace(k, v.get<std::string>());
        }
        continue;
      }
      if (!value.is_object() || value.size() != 3 || !value.contains("dtype") || !value.contains("shape") ||
          !value.contains("data_offsets"))
        damaged(sentence("tensor \"", name, "\" needs exactly dtype, shape and data_offsets"));
      entries_.emplace(name, read_entry(name, value));
    }
  }

  [[nodiscard]] entry read_entry(const std::string& name, const nlohmann::json& value) const {
    const auto& type = value["dtype"];
    const auto& dims = value["shape"];
    const auto& offsets = value["data_offsets"];
    const auto all_counts = [](const nlohmann::json& list) {
      return list.is_array() && std::all_of(list.begin(), list.end(), [](const auto& v) { return v.is_number_unsigned(); });
    };
    entry e{};
    if (type == "F32") e.type = element_type::f32;
    else if (type == "F64") e.type = element_type::f64;
    else if (type == "BF16") e.type = element_type::bf16;
    else if (type == "I64") e.type = element_type::i64;
    else damaged(sentence("tensor \"", name, "\" has the element type ", type.dump(), "; F32, F64, BF16 and I64 are read"));
    if (!all_counts(dims) || dims.size() > static_cast<std::size_t>(shape::max_rank))
      damaged(sentence("tensor \"", name, "\" has the shape ", dims.dump().substr(0, 80), "; expected at most ",
                       shape::max_rank, " whole numbers"));
    std::vector<std::int64_t> extents;
    for (const auto& extent : dims) {
      const auto count = extent.get<std::uint64_t>();
      if (count > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        damaged(sentence("tensor \"", name, "\" has an extent of ", count));
      extents.push_back(static_cast<std::int64_t>(count));
    }
    try {
      e.dims = shape(std::span<const std::int64_t>(extents));
    } catch (const shape_error& problem) {
      damaged(sentence("tensor \"", name, "\": ", problem.what()));
    }
    if (!all_counts(offsets) || offsets.size() != 2)
      damaged(sentence("tensor \"", name, "\" needs two whole numbers as data_offsets"));
    const auto begin = offsets[0].get<std::uint64_t>(), end = offsets[1].get<std::uint64_t>();
    const std::uint64_t data = bytes_.size() - data_begin_;
    if (begin > end || end > data)
      damaged(sentence("tensor \"", name, "\" lies at bytes ", begin, " to ", end, " of ", data, " data bytes"));
    const auto elements = static_cast<std::uint64_t>(e.dims.elements());
    if (elements > data || elements * size_of(e.type) != end - begin)
      damaged(sentence("tensor \"", name, "\" has ", end - begin, " bytes, but ", to_string(e.type), " ",
                       to_string(e.dims), " needs another number"));
    e.begin = static_cast<std::size_t>(begin);
    e.end = static_cast<std::size_t>(end);
    return e;
  }

  void check_offsets() const {
    std::vector<std::pair<std::size_t, std::size_t>> ranges;
    for (const auto& [name, e] : entries_) ranges.emplace_back(e.begin, e.end);
    std::sort(ranges.begin(), ranges.end());
    std::size_t at = 0;
    for (const auto& [begin, end] : ranges) {
      if (begin != at)
        damaged(begin < at ? sentence("two tensors overlap at data byte ", begin)
                           : sentence("data bytes ", at, " to ", begin, " belong to no tensor"));
      at = end;
    }
    if (at != bytes_.size() - data_begin_)
      damaged(sentence(bytes_.size() - data_begin_ - at, " bytes follow the last tensor"));
  }

  std::string source_, bytes_;
  std::size_t data_begin_ = 0;
  std::map<std::string, entry> entries_;
  std::map<std::string, std::string> metadata_;
};

/// Collects named arrays and writes them in alphabetical order: the same content gives the same bytes.
class safetensors_writer {
 public:
  /// Adds a tensor of row-major values: float as F32, double as F64, std::int64_t as I64.
  /// Throws argument_error for a name used twice and shape_error when the number of values does not fit.
  template <class Scalar>
    requires std::same_as<Scalar, float> || std::same_as<Scalar, double> || std::same_as<Scalar, std::int64_t>
  void add(const std::string& name, const shape& dims, std::span<const Scalar> values) {
    constexpr auto type = std::same_as<Scalar, float>    ? element_type::f32
                          : std::same_as<Scalar, double> ? element_type::f64
                                                         : element_type::i64;
    insert(name, dims, values.size(), type,
           std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Scalar)));
  }

  /// Adds floats as BF16, rounded to nearest even.
  void add_bf16(const std::string& name, const shape& dims, std::span<const float> values) {
    std::string data(values.size() * 2, '\0');
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto bits = to_bf16(values[i]);
      std::memcpy(data.data() + 2 * i, &bits, 2);
    }
    insert(name, dims, values.size(), element_type::bf16, std::move(data));
  }

  void set_metadata(const std::string& name, std::string value) { metadata_[name] = std::move(value); }

  /// The file's bytes; the header is padded with spaces so that the data begin at a multiple of 8.
  [[nodiscard]] std::string bytes() const {
    nlohmann::json header = nlohmann::json::object();
    if (!metadata_.empty()) header["__metadata__"] = metadata_;
    std::size_t at = 0;
    for (const auto& [name, t] : tensors_) {
      header[name] = {{"dtype", to_string(t.type)},
                      {"shape", std::vector<std::int64_t>(t.dims.begin(), t.dims.end())},
                      {"data_offsets", {at, at + t.data.size()}}};
      at += t.data.size();
    }
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');
    const std::uint64_t length = text.size();
    std::string out(8, '\0');
    std::memcpy(out.data(), &length, 8);
    out.reserve(8 + text.size() + at);
    out += text;
    for (const auto& [name, t] : tensors_) out += t.data;
    return out;
  }

  /// Writes the file under a temporary name and renames it. Throws io_error.
  void write(const std::filesystem::path& path) const { write_file(path, bytes()); }

 private:
  struct tensor {
    element_type type;
    shape dims;
    std::string data;
  };

  void insert(const std::string& name, const shape& dims, std::size_t count, element_type type, std::string data) {
    if (name == "__metadata__" || tensors_.contains(name))
      throw argument_error(sentence("A safetensors file cannot hold a", tensors_.contains(name) ? " second" : "",
                                    " tensor named \"", name, "\"."));
    if (static_cast<std::size_t>(dims.elements()) != count)
      throw shape_error(sentence("Tensor \"", name, "\" of shape ", dims, " needs ", dims.elements(), " values, got ",
                                 count, "."));
    tensors_.emplace(name, tensor{type, dims, std::move(data)});
  }

  std::map<std::string, tensor> tensors_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace synthmed

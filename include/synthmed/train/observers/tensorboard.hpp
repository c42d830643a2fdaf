// Scalars for TensorBoard: an event file (TFRecords of hand-encoded protobuf Events), cut to the step of a resumed run.
// Format: tensorflow/core/lib/io/record_writer.h and tensorflow/core/util/event.proto.
#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <synthmed/error.hpp>
#include <synthmed/train/observer.hpp>
#include <synthmed/train/observers/log_file.hpp>

namespace synthmed::train {

namespace tensorboard_format {

/// CRC-32C (Castagnoli) of the bytes.
[[nodiscard]] inline std::uint32_t crc32c(std::string_view bytes) {
  static constexpr auto table = [] {
    std::array<std::uint32_t, 256> t{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t c = i;
      for (int bit = 0; bit < 8; ++bit) c = (c & 1u) != 0 ? (c >> 1) ^ 0x82F63B78u : c >> 1;
      t[i] = c;
    }
    return t;
  }();
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const char c : bytes) crc = table[(crc ^ static_cast<unsigned char>(c)) & 0xFFu] ^ (crc >> 8);
  return crc ^ 0xFFFFFFFFu;
}

/// The checksum as TFRecords store it: rotated and shifted, so that a checksum of checksums stays one.
[[nodiscard]] inline std::uint32_t masked_crc32c(std::string_view bytes) {
  return std::rotr(crc32c(bytes), 15) + 0xA282EAD8u;
}

template <class Number>
void append_raw(std::string& out, Number value) {
  char raw[sizeof value];
  std::memcpy(raw, &value, sizeof value);
  out.append(raw, sizeof value);
}

inline void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7F) | 0x80);
  out += static_cast<char>(value);
}

/// A field that holds bytes: a string or a message.
inline void append_bytes(std::string& out, int field, std::string_view content) {
  append_varint(out, static_cast<std::uint64_t>(field) << 3 | 2);
  append_varint(out, content.size());
  out += content;
}

/// What Event begins with: wall_time = 1 (double), step = 2 (varint).
[[nodiscard]] inline std::string event_head(double wall_time, std::int64_t step) {
  std::string out(1, '\x09');
  append_raw(out, wall_time);
  out += '\x10';
  append_varint(out, static_cast<std::uint64_t>(step));
  return out;
}

/// length (8 bytes), its masked CRC-32C, the data, theirs.
[[nodiscard]] inline std::string record(std::string_view data) {
  std::string out;
  append_raw(out, static_cast<std::uint64_t>(data.size()));
  append_raw(out, masked_crc32c(out));
  out += data;
  append_raw(out, masked_crc32c(data));
  return out;
}

/// The first record of the bytes, when it is whole and its checksums are right.
[[nodiscard]] inline std::optional<std::string_view> first_record(std::string_view bytes) {
  if (bytes.size() < 16) return std::nullopt;
  std::uint64_t length = 0;
  std::uint32_t length_crc = 0, data_crc = 0;
  std::memcpy(&length, bytes.data(), 8);
  std::memcpy(&length_crc, bytes.data() + 8, 4);
  if (masked_crc32c(bytes.substr(0, 8)) != length_crc || length > bytes.size() - 16) return std::nullopt;
  const auto data = bytes.substr(12, static_cast<std::size_t>(length));
  std::memcpy(&data_crc, data.data() + data.size(), 4);
  return masked_crc32c(data) == data_crc ? std::optional(data) : std::nullopt;
}

/// The step of an event that event_head() began; -1 for other bytes.
[[nodiscard]] inline std::int64_t step_of(std::string_view event) {
  if (event.size() < 11 || event[0] != '\x09' || event[9] != '\x10') return -1;
  std::uint64_t step = 0;
  for (std::size_t i = 10, shift = 0; i < event.size() && shift < 64; ++i, shift += 7) {
    step |= static_cast<std::uint64_t>(static_cast<unsigned char>(event[i]) & 0x7Fu) << shift;
    if ((static_cast<unsigned char>(event[i]) & 0x80u) == 0) return static_cast<std::int64_t>(step);
  }
  return -1;
}

}  // namespace tensorboard_format

/// Writes every value of every so manieth step as a scalar under its name into FOLDER/events.out.tfevents.0.synthmed;
/// `tensorboard --logdir FOLDER` shows them. Values are floats there.
class tensorboard : public quiet_observer {
 public:
  /// Opens the file and cuts it to the steps before `next_step`, and before the first damaged record. Throws
  /// argument_error for every < 1, io_error.
  explicit tensorboard(const std::filesystem::path& folder, std::int64_t next_step = 0, std::int64_t every = 1)
      : every_(every), file_(folder / "events.out.tfevents.0.synthmed",
                             [next_step](std::string_view content) { return kept(content, next_step); }) {
    if (every < 1) throw argument_error(sentence("Scalars are written every 1 or more steps, got ", every, "."));
    if (std::filesystem::file_size(file_.path()) > 0) return;
    std::string version = tensorboard_format::event_head(now(), 0);
    tensorboard_format::append_bytes(version, 3, "brain.Event:2");
    file_.write(tensorboard_format::record(version));
  }

  verdict on_step(const step_event& e) {
    if (e.step % every_ != 0) return verdict::go_on;
    std::string summary;
    for (const auto& v : e.values) {
      std::string value;
      tensorboard_format::append_bytes(value, 1, v.name);  // tag
      value += '\x15';                                     // simple_value
      tensorboard_format::append_raw(value, static_cast<float>(v.value));
      tensorboard_format::append_bytes(summary, 1, value);
    }
    std::string event = tensorboard_format::event_head(now(), e.step);
    tensorboard_format::append_bytes(event, 5, summary);
    file_.write(tensorboard_format::record(event));
    return verdict::go_on;
  }
  void on_checkpoint(const checkpoint_event&) { file_.sync(); }

 private:
  static double now() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  }

  [[nodiscard]] static std::uintmax_t kept(std::string_view content, std::int64_t next_step) {
    std::size_t end = 0;
    while (const auto data = tensorboard_format::first_record(content.substr(end))) {
      const auto step = tensorboard_format::step_of(*data);
      // The first record holds no step of the run but the version of the file.
      if (end > 0 && (step < 0 || step >= next_step)) break;
      end += data->size() + 16;
    }
    return end;
  }

  std::int64_t every_;
  log_file file_;
};

static_assert(explain_observer<tensorboard>());

}  // namespace synthmed::train

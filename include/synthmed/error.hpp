// Errors: every failure that leaves the library is one of these types, and its what() is a sentence.
#pragma once

#include <charconv>
#include <concepts>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace synthmed {

/// Base of everything the library throws.
class error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Shapes that do not fit an operation; the message holds the operation and the shapes.
class shape_error : public error {
 public:
  using error::error;
};

/// A value outside what a function accepts (option, count, probability, label, ...).
class argument_error : public error {
 public:
  using error::error;
};

/// A backend that cannot do what was asked: a device that is not there, a refused primitive.
class backend_error : public error {
 public:
  using error::error;
};

/// A file whose content is not what its format promises; the message holds the place in the file.
class format_error : public error {
 public:
  using error::error;
};

/// A file or folder that cannot be read, written or renamed; the message holds its path.
class io_error : public error {
 public:
  using error::error;
};

/// A computation whose values stopped being finite.
class diverged_error : public error {
 public:
  using error::error;
};

namespace detail {

inline void append_piece(std::string& out, std::string_view piece) { out += piece; }
inline void append_piece(std::string& out, char piece) { out += piece; }
inline void append_piece(std::string& out, const char* piece) { out += piece; }

template <std::same_as<bool> Bool>
void append_piece(std::string& out, Bool piece) {
  out += piece ? "true" : "false";
}

template <class Number>
  requires(std::integral<Number> || std::floating_point<Number>) && (!std::same_as<Number, bool>) &&
          (!std::same_as<Number, char>)
void append_piece(std::string& out, Number piece) {
  char buffer[64];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, piece);
  out.append(buffer, result.ptr);
}

template <class Thing>
  requires requires(const Thing& thing) {
    { to_string(thing) } -> std::convertible_to<std::string>;
  }
void append_piece(std::string& out, const Thing& piece) {
  out += to_string(piece);
}

}  // namespace detail

/// Joins text, numbers (shortest form that reads back exactly) and anything with to_string() into one string.
/// Error messages are built with it: `throw shape_error(sentence("add needs equal shapes, got ", a, " and ", b, "."))`.
template <class... Pieces>
[[nodiscard]] std::string sentence(const Pieces&... pieces) {
  std::string out;
  (detail::append_piece(out, pieces), ...);
  return out;
}

}  // namespace synthmed

// A small mutation fuzzer: deterministic by seed, a fixed number of tries as a test, or --seconds N by hand.
// A reader passes when every mutated input is accepted or refused with a synthmed::error, and nothing else happens.
#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include <synthmed/error.hpp>
#include <synthmed/random/distributions.hpp>

namespace synthmed_test {

/// A copy of one of the inputs with one to eight changes: a byte flipped, set, inserted, removed, a part doubled or
/// cut, two inputs spliced, a number replaced by an extreme one.
inline std::string mutated(const std::vector<std::string>& inputs, synthmed::random_stream& random) {
  static constexpr std::string_view extremes[] = {
      "0",   "-1",  "18446744073709551615", "9223372036854775807", "1e999", "null", "\"\"", "[]", "{}", "\n", ",",
      "nan", "\xff"};
  std::string text = inputs[random.below(inputs.size())];
  const auto at = [&](std::size_t size) { return static_cast<std::size_t>(random.below(size + 1)); };
  for (std::uint64_t change = 1 + random.below(8); change > 0; --change) {
    const std::size_t place = at(text.size());
    switch (random.below(8)) {
      case 0:
        if (place < text.size()) text[place] = static_cast<char>(text[place] ^ (1 << random.below(8)));
        break;
      case 1:
        if (place < text.size()) text[place] = static_cast<char>(random.below(256));
        break;
      case 2:
        text.insert(place, 1, static_cast<char>(random.below(256)));
        break;
      case 3:
        text.erase(place, at(8));
        break;
      case 4:
        text.insert(place, text.substr(at(text.size()), at(16)));
        break;
      case 5:
        text.resize(place);
        break;
      case 6: {
        const std::string& other = inputs[random.below(inputs.size())];
        text = text.substr(0, place) + other.substr(at(other.size()));
        break;
      }
      default:
        text.replace(place, at(4), extremes[random.below(std::size(extremes))]);
        break;
    }
  }
  return text;
}

/// Feeds mutated inputs to read(text). Returns the exit status of the program: 0, or 1 after naming the try that made
/// anything but a synthmed::error come out, or when no input was accepted or none refused (then nothing was tested).
template <class Read>
int fuzz(int argc, char** argv, const std::vector<std::string>& inputs, std::uint64_t tries, Read&& read) {
  using clock = std::chrono::steady_clock;
  double seconds = 0;
  std::uint64_t seed = 1;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::string_view(argv[i]) == "--seconds") seconds = std::atof(argv[i + 1]);
    if (std::string_view(argv[i]) == "--seed") seed = std::strtoull(argv[i + 1], nullptr, 10);
  }
  const auto start = clock::now();
  std::uint64_t accepted = 0, refused = 0;
  for (std::uint64_t i = 0;
       seconds > 0 ? std::chrono::duration<double>(clock::now() - start).count() < seconds : i < tries; ++i) {
    synthmed::random_stream random(synthmed::key(seed).fold("fuzz").fold(i));
    const std::string text = i < inputs.size() ? inputs[i] : mutated(inputs, random);
    try {
      read(text);
      ++accepted;
    } catch (const synthmed::error& problem) {
      if (std::string_view(problem.what()).empty())
        return std::printf("try %llu: an empty message\n", static_cast<unsigned long long>(i)), 1;
      ++refused;
    } catch (const std::exception& problem) {
      std::printf("seed %llu, try %llu: %s\n", static_cast<unsigned long long>(seed),
                  static_cast<unsigned long long>(i), problem.what());
      return 1;
    }
  }
  std::printf("%llu inputs: %llu accepted, %llu refused\n", static_cast<unsigned long long>(accepted + refused),
              static_cast<unsigned long long>(accepted), static_cast<unsigned long long>(refused));
  return accepted > 0 && refused > 0 ? 0 : 1;
}

}  // namespace synthmed_test

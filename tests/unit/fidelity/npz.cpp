// .npy and .npz: round trips, NumPy's own bytes, refusal of every damaged byte, statistics files, the feature cache.
#include <filesystem>
#include <fstream>

#include <unistd.h>

#include <support/catch.hpp>

#include <synthmed/io/feature_cache.hpp>
#include <synthmed/metrics/statistics_file.hpp>

#include "golden.hpp"

using namespace synthmed;
using synthmed_test::contains;
using synthmed_test::message_of;

namespace {
struct folder {
  std::filesystem::path path = std::filesystem::temp_directory_path() / ("synthmed_npz_" + std::to_string(::getpid()));
  folder() { std::filesystem::create_directories(path); }
  ~folder() { std::filesystem::remove_all(path); }
};

npz_arrays sample() {
  return {{"mu", {{3}, {1, -2.5, 1e300}, false}},
          {"sigma", {{2, 3}, {0, 1, 2, 3, 4, 5.5}, true}},
          {"n", {{}, {7}, false}},
          {"none", {{0, 4}, {}, false}}};
}

bool same(const npz_arrays& a, const npz_arrays& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [name, array] : a) {
    const auto other = b.find(name);
    if (other == b.end() || other->second.extents != array.extents || other->second.values != array.values ||
        other->second.single != array.single)
      return false;
  }
  return true;
}
}  // namespace

TEST_CASE("npy: NumPy 1.24's bytes of arange(3.) and back") {
  std::string bytes = "\x93NUMPY";
  bytes += std::string("\x01\0\x76\0", 4);
  bytes += "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }";
  bytes += std::string(0x76 - 58, ' ') + "\n";
  for (const double value : {0.0, 1.0, 2.0}) bytes.append(reinterpret_cast<const char*>(&value), 8);
  const auto array = parse_npy(bytes);
  CHECK(array.extents == std::vector<std::size_t>{3});
  CHECK(array.values == std::vector<double>{0, 1, 2});
  const std::string own = to_npy(array);
  CHECK(own.size() % 8 == 0);
  CHECK(parse_npy(own).values == array.values);
  CHECK((own.size() - 24) % 64 == 0);
}

TEST_CASE("npy: Fortran order is transposed, other types are named") {
  const auto with = [](const std::string& dictionary, std::size_t numbers) {
    std::string bytes = "\x93NUMPY";
    bytes += std::string("\x01\0", 2);
    bytes += static_cast<char>(dictionary.size());
    bytes += '\0';
    bytes += dictionary;
    for (std::size_t i = 0; i < numbers; ++i) {
      const double value = static_cast<double>(i);
      bytes.append(reinterpret_cast<const char*>(&value), 8);
    }
    return bytes;
  };
  CHECK(parse_npy(with("{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3)}", 6)).values ==
        std::vector<double>{0, 2, 4, 1, 3, 5});
  CHECK(contains(message_of<format_error>(
                     [&] { (void)parse_npy(with("{'descr': '<i8', 'fortran_order': False, 'shape': (1,)}", 1)); }),
                 "\"<i8\""));
  for (const char* bad : {"{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}",
                          "{'descr': '<f8', 'fortran_order': No, 'shape': (1,)}", "{'descr': '<f8', 'shape': (1,)}",
                          "{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (1,)}",
                          "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'x': 1}", "{'descr': '<f8",
                          "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 99999999999)}",
                          "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}", "[]"})
    CHECK_THROWS_AS(parse_npy(with(bad, 1)), format_error);
}

TEST_CASE("npz: round trip, stable bytes") {
  const std::string bytes = to_npz(sample());
  CHECK(same(parse_npz(bytes), sample()));
  CHECK(to_npz(parse_npz(bytes)) == bytes);
  CHECK(parse_npz(to_npz({})).empty());
}

TEST_CASE("npz: every cut and every flipped byte is either refused or harmless, never a crash or other numbers") {
  const std::string bytes = to_npz(sample());
  for (std::size_t cut = 0; cut < bytes.size(); ++cut)
    CHECK_THROWS_AS(parse_npz(std::string_view(bytes).substr(0, cut)), format_error);
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    for (const int flip : {1, 0x80, 0xFF}) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      try {
        const auto arrays = parse_npz(damaged);
        // What remains readable is what the format does not use: times, versions, attributes.
        CHECK(same(arrays, sample()));
        ++accepted;
      } catch (const format_error&) {
      }
    }
  CHECK(accepted < bytes.size());
}

TEST_CASE("npz: random bytes and random splices are refused in words") {
  random_stream stream(key(5));
  const std::string bytes = to_npz(sample());
  for (int round = 0; round < 3000; ++round) {
    std::string noise = bytes;
    const auto first = stream.below(bytes.size()), count = stream.below(40) + 1;
    for (std::uint64_t i = 0; i < count; ++i)
      noise[static_cast<std::size_t>((first + i) % bytes.size())] = static_cast<char>(stream());
    try {
      (void)parse_npz(noise);
    } catch (const format_error& problem) {
      CHECK(contains(problem.what(), "the archive"));
    }
  }
}

TEST_CASE("statistics files: written, read, refused") {
  const folder f;
  const auto moments = moments_of(synthmed_test::golden_features("train"));
  write_statistics(f.path / "train.npz", moments);
  const auto back = read_statistics(f.path / "train.npz");
  CHECK(back.n == 80);
  CHECK(back.mean == moments.mean);
  CHECK(back.covariance == moments.covariance);

  write_npz(f.path / "foreign.npz", {{"mu", {{2}, {1, 2}, false}}, {"sigma", {{2, 2}, {1, 0, 0, 1}, true}}});
  CHECK(read_statistics(f.path / "foreign.npz").n == 0);
  write_npz(f.path / "bad.npz", {{"mu", {{2}, {1, 2}, false}}});
  CHECK(contains(message_of<format_error>([&] { (void)read_statistics(f.path / "bad.npz"); }),
                 "expected the arrays mu and sigma"));
  write_npz(f.path / "bad.npz", {{"mu", {{2}, {1, 2}, false}}, {"sigma", {{2, 2}, {1, 2, 0, 1}, false}}});
  CHECK(contains(message_of<format_error>([&] { (void)read_statistics(f.path / "bad.npz"); }), "not symmetric"));
  CHECK_THROWS_AS(read_statistics(f.path / "none.npz"), io_error);
}

TEST_CASE("the feature cache: by content and extractor; damage is a miss") {
  const folder f;
  const feature_cache cache(f.path, "mean-1", 2), other(f.path, "mean-2", 2);
  int computed = 0;
  const auto compute = [&] {
    ++computed;
    return std::vector<double>{1.5, 2};
  };
  CHECK(cache.get("picture", compute) == std::vector<double>{1.5, 2});
  CHECK(cache.get("picture", compute) == std::vector<double>{1.5, 2});
  CHECK(computed == 1);
  (void)cache.get("another", compute);
  (void)other.get("picture", compute);
  CHECK(computed == 3);

  const auto k = feature_cache::key_of("picture");
  std::ofstream(cache.folder() / k.substr(0, 2) / (k + ".npy"), std::ios::trunc) << "damage";
  CHECK(cache.get("picture", compute) == std::vector<double>{1.5, 2});
  CHECK(computed == 4);
  CHECK(cache.find(k).has_value());
  CHECK_THROWS_AS(cache.store(k, {1}), shape_error);
  CHECK_THROWS_AS((void)cache.find("../../etc"), argument_error);
}
